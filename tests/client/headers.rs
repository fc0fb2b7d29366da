//! The headers of every request.

use orionos::{OrionBuilder, OrionOS};
use orionos_mock_server::{MockServer, RecordedRequest};

fn one<'a>(request: &'a RecordedRequest, name: &str) -> Vec<&'a str> {
    let values = request.headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

fn builder(mock: &MockServer) -> OrionBuilder {
    OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
}

#[tokio::test]
async fn a_request_has_one_host_and_its_content_types() {
    let mock = MockServer::start().await;
    let orion = builder(&mock).build().unwrap();
    let agent = orion.agents().create("Pilot").send().await.unwrap();
    orion.agents().get(&agent.id).send().await.unwrap();
    let stream = orion.agents().stream_message(&agent.id, "Hello");
    stream.send().await.unwrap().collect_text().await.unwrap();

    let authority = mock.base_url().trim_start_matches("http://");
    let authority = authority.trim_end_matches("/v1");
    let requests = mock.requests();
    for request in &requests {
        assert_eq!(one(request, "host"), [authority]);
    }
    let [create, get, stream] = &requests[..] else {
        panic!("three requests, got {}", requests.len());
    };
    assert_eq!(one(create, "content-type"), ["application/json"]);
    assert_eq!(one(create, "accept"), ["application/json"]);
    assert!(one(get, "content-type").is_empty());
    let length = create.body.len().to_string();
    assert_eq!(one(create, "content-length"), [length]);
    assert!(one(get, "content-length").is_empty());
    for request in &requests {
        assert!(one(request, "transfer-encoding").is_empty());
    }
    assert_eq!(one(get, "accept"), ["application/json"]);
    assert_eq!(one(stream, "accept"), ["text/event-stream"]);
}

#[tokio::test]
async fn a_callers_header_replaces_the_clients() {
    let mock = MockServer::start().await;
    let orion = builder(&mock)
        .header("accept", "application/json;v=1")
        .header("x-team", "quay")
        .build()
        .unwrap();
    let list = orion.agents().list().header("x-team", "pier");
    list.send().await.unwrap();
    let requests = mock.requests();
    assert_eq!(one(&requests[0], "accept"), ["application/json;v=1"]);
    assert_eq!(one(&requests[0], "x-team"), ["pier"]);
}

/// A service may send the request to another host, so it sets the host itself.
#[tokio::test]
async fn a_custom_service_gets_no_host_header() {
    let mock = MockServer::builder().in_process().unwrap();
    let orion = builder(&mock).http_service(mock.service()).build().unwrap();
    orion.agents().list().send().await.unwrap();
    assert!(one(&mock.requests()[0], "host").is_empty());
}
