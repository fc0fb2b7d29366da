//! Calls to any endpoint: what their responses may lack.

use orionos::{Method, OrionError, StatusCode, Value};
use serde::Deserialize;

use crate::support::{answering, client, mock, over};

#[derive(Deserialize, Debug, PartialEq)]
struct Widget {
    name: String,
}

async fn call<T: serde::de::DeserializeOwned + Send>(
    method: Method,
    status: u16,
    body: &'static str,
) -> Result<T, OrionError> {
    let orion = over(answering(status, &[], body)).build().unwrap();
    orion.request(method, ["widgets", "7"]).send().await
}

#[tokio::test]
async fn a_response_without_data_is_a_success_for_a_caller_who_asked_for_nothing() {
    for (status, body) in [
        (204, ""),
        (200, r#"{"success":true}"#),
        (200, r#"{"success":true,"data":null}"#),
        (200, r#"{"success":true,"data":{}}"#),
    ] {
        call::<()>(Method::DELETE, status, body).await.unwrap();
        let nothing: Option<Widget> = call(Method::DELETE, status, body).await.unwrap();
        assert_eq!(nothing, None, "{status} {body}");
        let error = call::<Widget>(Method::DELETE, status, body)
            .await
            .unwrap_err();
        assert_eq!(
            error.status(),
            Some(StatusCode::from_u16(status).unwrap()),
            "{body}"
        );
    }
    let value: Value = call(Method::PUT, 200, r#"{"success":true,"data":{}}"#)
        .await
        .unwrap();
    assert_eq!(value, serde_json::json!({}));
    let some: Option<Widget> = call(Method::GET, 200, r#"{"success":true,"data":{"name":"a"}}"#)
        .await
        .unwrap();
    assert_eq!(
        some,
        Some(Widget {
            name: "a".to_owned()
        })
    );
}

#[tokio::test]
async fn data_that_was_not_asked_for_is_an_error_that_names_it() {
    let body = r#"{"success":true,"data":{"name":"a"}}"#;
    let error = call::<()>(Method::POST, 200, body).await.unwrap_err();
    assert!(
        matches!(&error, OrionError::Decode(error) if error.path() == "data"),
        "{error}"
    );
}

#[tokio::test]
async fn the_response_to_a_head_has_no_body() {
    call::<()>(Method::HEAD, 200, "").await.unwrap();
    let nothing: Option<Widget> = call(Method::HEAD, 200, "").await.unwrap();
    assert_eq!(nothing, None);
    let error = call::<()>(Method::HEAD, 404, "").await.unwrap_err();
    assert!(error.is_not_found());
    // An empty body is not a success where one is expected.
    assert!(call::<()>(Method::GET, 200, "").await.is_err());

    let mock = mock();
    let response = client(&mock)
        .request(Method::HEAD, ["agents"])
        .send_with_meta::<()>()
        .await
        .unwrap();
    assert!(response.meta.rate_limit().is_some());
}

#[tokio::test]
async fn a_header_that_frames_the_message_is_rejected_before_sending() {
    let mock = mock();
    let orion = client(&mock);
    for name in [
        "content-length",
        "Transfer-Encoding",
        "connection",
        "te",
        "expect",
    ] {
        let create = orion.agents().create("Pilot").header(name, "5");
        let error = create.send().await.unwrap_err();
        assert!(matches!(&error, OrionError::InvalidRequest { field, .. } if field == "header"));
        assert!(error.to_string().contains(name), "{error}");
        let settings = crate::support::builder(&mock).header(name, "5");
        let error = settings.build().unwrap_err();
        assert!(matches!(error, OrionError::Config(_)), "{error}");
    }
    assert!(mock.requests().is_empty());
}
