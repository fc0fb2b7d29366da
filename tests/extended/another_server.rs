//! The client against a server that shares nothing with this project's mock. A mistake that both
//! have in common would show here.

use orionos::{AgentStatus, OrionOS, RetryPolicy};
use serde_json::{Value, json};
use wiremock::matchers::{body_json, header, method, path, query_param};
use wiremock::{Mock, MockBuilder, MockServer, ResponseTemplate};

use crate::support::AGENT;
use crate::support::fixtures::json_of;

/// Returns what every request of the client looks like.
fn request(verb: &str, route: &str) -> MockBuilder {
    Mock::given(method(verb))
        .and(path(route))
        .and(header("authorization", "Bearer key"))
        .and(header("accept", "application/json"))
}

async fn respond(server: &MockServer, mock: MockBuilder, status: u16, sample: &str) {
    let response = ResponseTemplate::new(status).set_body_json(json_of(sample));
    mock.respond_with(response).expect(1).mount(server).await;
}

fn client(server: &MockServer) -> OrionOS {
    OrionOS::builder()
        .api_key("key")
        .base_url(format!("{}/v1", server.uri()))
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

#[tokio::test]
async fn every_operation_sends_its_method_path_headers_and_body() {
    let server = MockServer::start().await;
    let agents = client(&server).agents();
    let one = format!("/v1/agents/{AGENT}");
    let messages = format!("{one}/messages");
    let json = |mock: MockBuilder, body: Value| {
        mock.and(header("content-type", "application/json"))
            .and(body_json(body))
    };

    let create = json(request("POST", "/v1/agents"), json!({"name": "Pilot"}));
    respond(&server, create, 201, "create-agent.201.json").await;
    agents.create("Pilot").send().await.unwrap();

    let list = request("GET", "/v1/agents")
        .and(query_param("status", "active"))
        .and(query_param("limit", "2"));
    respond(&server, list, 200, "list-agents.200.json").await;
    let list = agents.list().status(AgentStatus::Active).limit(2);
    list.send().await.unwrap();

    respond(&server, request("GET", &one), 200, "get-agent.200.json").await;
    agents.get(AGENT).send().await.unwrap();

    let update = json(request("PATCH", &one), json!({"model": "m", "bio": null}));
    respond(&server, update, 200, "update-agent.200.json").await;
    let update = agents.update(AGENT).model("m").clear_bio();
    update.send().await.unwrap();

    respond(
        &server,
        request("DELETE", &one),
        200,
        "delete-agent.200.json",
    )
    .await;
    agents.delete(AGENT).send().await.unwrap();

    let message = json!({"text": "Hi", "userId": "u", "roomId": "r", "context": {"a": 1}});
    let send = json(request("POST", &messages), message);
    respond(&server, send, 200, "send-message.200.json").await;
    agents
        .send_message(AGENT, "Hi")
        .user_id("u")
        .room_id("r")
        .context(json!({"a": 1}))
        .send()
        .await
        .unwrap();
    server.verify().await;
}

#[tokio::test]
async fn a_stream_of_another_server_is_read_to_its_end() {
    let server = MockServer::start().await;
    let events = concat!(
        ": keep-alive\n\n",
        "data: {\"type\":\"token\",\"content\":\"High \"}\n\n",
        "data: {\"type\":\"token\",\"content\":\"water\"}\n\n",
        "data: {\"type\":\"done\"}\n\n",
    );
    Mock::given(method("POST"))
        .and(path(format!("/v1/agents/{AGENT}/messages/stream")))
        .and(header("accept", "text/event-stream"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(events, "text/event-stream"))
        .mount(&server)
        .await;
    let stream = client(&server).agents().stream_message(AGENT, "Hi");
    let text = stream.send().await.unwrap().collect_text().await.unwrap();
    assert_eq!(text, "High water");
}
