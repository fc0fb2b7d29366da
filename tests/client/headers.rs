//! What stands in the head of every request.

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
async fn a_request_names_its_host_once_and_says_what_it_carries_and_takes() {
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
    assert_eq!(one(get, "accept"), ["application/json"]);
    assert_eq!(one(stream, "accept"), ["text/event-stream"]);
}

#[tokio::test]
async fn a_header_of_the_callers_wins_over_the_clients_own() {
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

/// A service may send the request elsewhere: the host is its business.
#[tokio::test]
async fn a_service_of_the_users_is_given_no_host() {
    let mock = MockServer::builder().in_process().unwrap();
    let orion = builder(&mock).http_service(mock.service()).build().unwrap();
    orion.agents().list().send().await.unwrap();
    assert!(one(&mock.requests()[0], "host").is_empty());
}
