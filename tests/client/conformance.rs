//! One suite for every server: the mock over a socket, the mock in process, and a real server where
//! `ORION_CONFORMANCE_KEY` (and `ORION_CONFORMANCE_URL`) name one. It creates one agent, and deletes
//! it again.

use orionos::{
    AgentStatus, ErrorCode, MessageEvent, ModelProvider, OrionError, OrionOS, Outcome, Personality,
};
use orionos_mock_server::MockServer;

#[tokio::test]
async fn the_mock_conforms_over_a_socket() {
    let mock = MockServer::start().await;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()
        .unwrap();
    conforms(&orion).await.unwrap();
    assert!(mock.snapshot().is_empty());
}

#[tokio::test]
async fn the_mock_conforms_in_process() {
    let mock = MockServer::builder().in_process().unwrap();
    let orion = crate::support::virtual_builder(&mock).build().unwrap();
    conforms(&orion).await.unwrap();
    assert!(mock.snapshot().is_empty());
}

#[tokio::test]
async fn a_real_server_conforms_if_one_is_configured() {
    let Ok(key) = std::env::var("ORION_CONFORMANCE_KEY") else {
        println!("ORION_CONFORMANCE_KEY is not set: no real server is asked");
        return;
    };
    let mut builder = OrionOS::builder().api_key(key);
    if let Ok(url) = std::env::var("ORION_CONFORMANCE_URL") {
        builder = builder.base_url(url);
    }
    conforms(&builder.build().unwrap()).await.unwrap();
}

/// Creates, uses and deletes an agent, and checks everything that the vendor documents.
async fn conforms(orion: &OrionOS) -> Result<(), OrionError> {
    let agents = orion.agents();
    let created = agents
        .create("Conformance Pilot")
        .bio(["Checks a server"])
        .personality(Personality::new().traits(["calm"]).style("plain"))
        .model_provider(ModelProvider::Anthropic)
        .model("claude-3-opus")
        .send_with_meta()
        .await?;
    assert_eq!(created.meta.status.as_u16(), 201);
    assert!(
        created.meta.rate_limit().is_some(),
        "the rate-limit headers are there"
    );
    let id = created.data.id.clone();
    // The agent is deleted even if a later step fails.
    let lived = life(orion, &created.data).await;
    let deleted = agents.delete(&id).send().await?;
    assert_eq!(deleted.id, id);
    let gone = agents.delete(&id).send().await.unwrap_err();
    assert!(
        gone.is_not_found() && gone.code() == Some(&ErrorCode::AgentNotFound),
        "{gone}"
    );
    assert_eq!(gone.outcome(), Outcome::Rejected);
    lived
}

async fn life(orion: &OrionOS, created: &orionos::CreatedAgent) -> Result<(), OrionError> {
    let agents = orion.agents();
    let id = &created.id;
    let agent = agents.get(id).send().await?;
    assert_eq!((&agent.id, agent.name.as_str()), (id, "Conformance Pilot"));
    assert_eq!(agent.model_provider, Some(ModelProvider::Anthropic));
    assert_eq!(agent.created_at, created.created_at);

    let page = agents.list().limit(1).send().await?;
    assert_eq!(page.items.len(), 1);
    assert!(page.pagination.total_items >= 1);
    let all = agents.list().all().await?;
    assert!(all.iter().any(|entry| entry.id == *id));

    let updated = agents.update(id).model("claude-3-haiku").send().await?;
    assert_eq!(updated.changes.unwrap(), ["model"]);
    let changed = agents.get(id).send().await?;
    assert_eq!(changed.model.as_deref(), Some("claude-3-haiku"));
    assert_eq!(changed.bio, agent.bio);

    let reply = agents
        .send_message(id, "Hello")
        .user_id("conformance")
        .send()
        .await?;
    assert!(!reply.response.is_empty());
    let mut stream = agents
        .stream_message(id, "And again")
        .user_id("conformance")
        .send()
        .await?;
    let (mut tokens, mut done) = (0, false);
    while let Some(event) = stream.next().await {
        match event? {
            MessageEvent::Token(_) => tokens += 1,
            MessageEvent::Done(_) => done = true,
            _ => {}
        }
    }
    assert!(tokens > 0 && done);

    let empty = orion
        .request(http::Method::POST, ["agents", id.as_str(), "messages"])
        .json(serde_json::json!({"text": ""}))
        .send::<serde_json::Value>()
        .await
        .unwrap_err();
    assert_eq!(empty.code(), Some(&ErrorCode::InvalidMessage));

    agents
        .update(id)
        .status(AgentStatus::Inactive)
        .send()
        .await?;
    assert_eq!(agents.get(id).send().await?.status, AgentStatus::Inactive);
    Ok(())
}
