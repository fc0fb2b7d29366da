//! The public API as outside programs use it: names and signatures that must not change.

use std::time::Duration;

use crate::support::{AGENT, client, mock};
use futures_util::StreamExt;
use orionos::*;
use orionos_mock_server::{Fault, ListKey, MockServer, Operation, Tier};
use serde_json::json;

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[test]
fn the_client_is_built_as_in_section_2() {
    let orion = OrionOS::new("key").unwrap();
    fn is_a_handle<T: Clone + Send + Sync + std::fmt::Debug + 'static>(_: &T) {}
    is_a_handle(&orion);

    let reqwest_client = reqwest::Client::new();
    let tower_service = crate::support::virtual_mock().service();
    let builder = || {
        OrionOS::builder()
            .api_key("key")
            .base_url("http://127.0.0.1:3000/v1")
            .timeout(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(10))
            .deadline(Duration::from_secs(120))
            .stream_idle_timeout(Duration::from_secs(60))
            .retry(RetryPolicy::default())
            .pacing(Pacing::Adaptive)
            .max_response_bytes(16 << 20)
            .user_agent("my-app/1.2")
            .header("x-team", "quay")
            .allow_http(true)
    };
    builder().http_client(reqwest_client).build().unwrap();
    builder()
        .http_service(tower_service)
        .pacing(Pacing::Off)
        .build()
        .unwrap();
    OrionOS::builder()
        .api_key(SecretString::from("key"))
        .build()
        .unwrap();
}

#[tokio::test]
async fn the_agents_are_used_as_in_section_3() -> Result<(), OrionError> {
    let mock = mock();
    let orion = client(&mock);
    let agents = orion.agents();
    let created: CreatedAgent = agents
        .create("Harbour Pilot")
        .bio(["…"])
        .personality(
            Personality::new()
                .traits(["calm"])
                .style("plain")
                .tone("warm"),
        )
        .knowledge(["…"])
        .goals(["…"])
        .clients(["discord"])
        .platform_settings("discord", DiscordSettings::new().channels(["arrivals"]))
        .platform_settings("matrix", json!({"rooms": ["#quay"]}))
        .model_provider(ModelProvider::Anthropic)
        .model("claude-3-opus")
        .plugin(
            Plugin::new("@orionos/plugin-evm")
                .enabled(true)
                .config(json!({"a": 1})),
        )
        .send()
        .await?;
    let id = created.id;

    let config = AgentConfig::from_json_str(include_str!("../fixtures/character-file.json"))?;
    let from_file: CreatedAgent = agents.create_from(config.clone()).send().await?;
    let agent: Agent = agents.get(&id).send().await?;
    let backup: AgentConfig = agent.into();
    assert_eq!(backup.name, "Harbour Pilot");
    let same: AgentConfig = agents.get(&from_file.id).send().await?.into();
    assert_eq!(same, config);

    let updated: UpdatedAgent = agents
        .update(&id)
        .status(AgentStatus::Inactive)
        .clear_bio()
        .send()
        .await?;
    let mut changes = updated.changes.unwrap();
    changes.sort_unstable();
    assert_eq!(changes, ["bio", "status"]);
    agents
        .update(&id)
        .status(AgentStatus::Active)
        .send()
        .await?;

    let mut page: Page<AgentSummary> = agents
        .list()
        .status(AgentStatus::Active)
        .sort_by(AgentSort::Name)
        .order(Order::Asc)
        .limit(50)
        .send()
        .await?;
    let _: (&Vec<AgentSummary>, &Pagination) = (&page.items, &page.pagination);
    assert!(!page.has_next());
    while let Some(next) = page.next_page().await? {
        page = next;
    }
    let items: Vec<Result<AgentSummary, OrionError>> = agents.list().items().collect().await;
    let pages: Vec<Result<Page<AgentSummary>, OrionError>> =
        agents.list().concurrency(4).pages().collect().await;
    let all: Vec<AgentSummary> = agents.list().all().await?;
    assert_eq!((items.len(), pages.len(), all.len()), (3, 1, 3));

    let message: Message = agents
        .send_message(&id, "Hello")
        .user_id("u")
        .room_id("r")
        .context(json!({"k": 1}))
        .send()
        .await?;
    assert!(message.response.contains("Hello"));
    let mut stream: MessageStream = agents
        .stream_message(&id, "Hello")
        .user_id("u")
        .send()
        .await?;
    while let Some(event) = stream.next().await {
        match event? {
            MessageEvent::Token(_) | MessageEvent::Done(_) | MessageEvent::Other(_) => {}
            _ => unreachable!("the mock sends nothing else"),
        }
    }
    let text: String = agents
        .stream_message(&id, "Hello")
        .send()
        .await?
        .collect_text()
        .await?;
    assert!(text.contains("Hello"));
    let chat = agents.conversation(&id).user_id("u").room_id("r");
    let answer = chat.say("Again").send().await?;
    assert!(answer.response.contains("turn 2") && answer.response.contains("Hello"));
    chat.stream("More").send().await?.collect_text().await?;

    let raw: Result<Value, OrionError> = orion
        .request(Method::GET, ["characters", "c1"])
        .query([("a", "b")])
        .json(json!({}))
        .send::<Value>()
        .await;
    assert!(raw.unwrap_err().is_not_found());

    let outcomes: Vec<(AgentId, Result<DeletedAgent, OrionError>)> = agents
        .delete_many([id, from_file.id])
        .concurrency(4)
        .send()
        .await;
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
    let outcomes = agents
        .create_many([AgentConfig::new("a"), config])
        .concurrency(4)
        .send()
        .await;
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
    Ok(())
}

#[tokio::test]
async fn every_call_has_options_meta_and_a_future_for_a_task() -> Result<(), OrionError> {
    let mock = mock();
    let agents = client(&mock).agents();
    let call = agents
        .get(AGENT)
        .timeout(Duration::from_secs(5))
        .deadline(Duration::from_secs(9))
        .retry(RetryPolicy::none())
        .header("x-trace", "7")
        .send_with_meta();
    let response: ApiResponse<Agent> = tokio::spawn(call).await.unwrap()?;
    let ApiResponse { data, meta } = response;
    assert_eq!(data.id, AGENT);
    assert_eq!((meta.status, meta.attempts), (StatusCode::OK, 1));
    assert!(meta.request_id().is_some());
    let RateLimit {
        limit,
        remaining,
        reset,
        ..
    } = meta.rate_limit().unwrap();
    let _: (u64, u64, Timestamp) = (limit, remaining, reset);
    let _: (&HeaderMap, Duration) = (&meta.headers, meta.elapsed);
    let sent = mock.requests().pop().unwrap();
    assert_eq!(sent.headers["x-trace"], "7");

    fn is_send<T: Send + 'static>(value: T) -> T {
        value
    }
    let mut stream = is_send(agents.stream_message(AGENT, "Hi").send().await?);
    while let Some(event) = stream.next().await {
        event?;
    }
    drop(is_send(agents.list().items()));
    drop(is_send(agents.list().pages()));
    drop(is_send(agents.delete_many([AGENT]).send()));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn errors_have_the_accessors_of_section_4() {
    let mock = mock();
    mock.fault(Fault::rate_limit(2.0));
    let error: OrionError = client(&mock).agents().create("a").send().await.unwrap_err();
    assert!(size_of_val(&error) <= 64);
    let status: Option<StatusCode> = error.status();
    let code: Option<&ErrorCode> = error.code();
    let operation: Option<&'static str> = error.operation();
    assert_eq!(status, Some(StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(code, Some(&ErrorCode::RateLimitExceeded));
    assert_eq!(error.details(), Some(&json!({"retryAfter": 2})));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
    assert_eq!((operation, error.attempts()), (Some("agents.create"), 3));
    assert!(error.request_id().is_some() && error.is_rate_limited() && error.is_retryable());
    assert!(!error.is_not_found() && !error.is_unauthorized() && !error.is_timeout());
    assert!(matches!(error.outcome(), Outcome::Rejected));
    match error {
        OrionError::Api(api) => assert_eq!(api.code(), &ErrorCode::RateLimitExceeded),
        OrionError::Timeout { what, .. } => panic!("{what:?}"),
        OrionError::InvalidRequest { field, reason, .. } => panic!("{field} {reason}"),
        OrionError::UnexpectedResponse(_)
        | OrionError::Decode(_)
        | OrionError::Connection(_)
        | OrionError::Stream(_)
        | OrionError::Config(_)
        | OrionError::BodyTooLarge(_) => panic!("another error"),
        _ => panic!("a new error"),
    }
}

#[test]
fn policies_are_set_as_in_section_5() {
    let _ = RetryPolicy::none();
    let _ = RetryPolicy::default()
        .max_attempts(5)
        .initial_backoff(Duration::from_millis(100))
        .max_backoff(Duration::from_secs(5))
        .max_retry_after(Duration::from_secs(30))
        .retry_unsafe(true)
        .schedule(|| std::iter::repeat_n(Duration::from_millis(10), 3));
}

#[tokio::test]
async fn the_mock_is_used_as_in_section_7() -> Result<(), Box<dyn std::error::Error>> {
    let mock = MockServer::start().await;
    assert!(mock.base_url().starts_with("http://127.0.0.1:"));
    let mock = MockServer::builder()
        .api_key("key")
        .read_only_key("viewer")
        .tier(Tier::Standard)
        .seed(7)
        .list_key(ListKey::Items)
        .reply(|_message| "…".into())
        .agents(["Harbour Pilot"])
        .start()
        .await?;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()?;
    assert_eq!(orion.agents().list().all().await?.len(), 1);
    mock.service();
    mock.advance(Duration::from_secs(60));
    mock.fault(Fault::status(503).on(Operation::SendMessage).times(2));
    assert_eq!(mock.requests().len(), 1);
    mock.assert_requests(Operation::Create, 0);
    let snapshot = mock.snapshot();
    mock.restore(snapshot);
    mock.reset();
    Ok(())
}
