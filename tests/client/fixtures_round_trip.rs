//! The sample bodies decode to types that encode back to the same JSON: nothing is lost.

use std::collections::BTreeSet;

use orionos::{
    Agent, AgentConfig, AgentStatus, AgentSummary, CreatedAgent, DeletedAgent, DiscordSettings,
    ErrorCode, Message, MessageDone, ModelProvider, Pagination, Platform, TelegramSettings,
    Timestamp, UpdatedAgent,
};
use serde_json::{Value, from_str, from_value, json, to_value};

use crate::support::fixtures::{data, directory, json_of, round_trip, text};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_created_agent_survives() {
    let agent: CreatedAgent = round_trip(&data("create-agent.201.json"));
    assert_eq!(agent.id, "agent_k3m9q0w7z2x5");
    assert_eq!(agent.status, AgentStatus::Active);
    assert_eq!(agent.created_at, Some(time("2026-03-02T08:15:30Z")));
    assert!(agent.api_endpoint.unwrap().ends_with(agent.id.as_str()));
    assert!(agent.extra.is_empty());
}

#[test]
fn an_agent_survives_with_all_of_its_configuration() {
    let agent: Agent = round_trip(&data("get-agent.200.json"));
    let metrics = agent.metrics.as_ref().unwrap();
    assert_eq!(metrics.total_messages, Some(4821));
    assert_eq!(metrics.uptime.as_deref(), Some("99.2%"));
    assert_eq!(agent.model_provider, Some(ModelProvider::Anthropic));
    assert_eq!(
        agent.clients,
        Some(vec![Platform::Discord, Platform::Telegram])
    );
    assert_eq!(agent.updated_at, Some(time("2026-03-04T19:02:11Z")));
    let personality = agent.personality.as_ref().unwrap();
    assert_eq!(personality.voice.as_deref(), Some("steady"));
    assert!(agent.extra.is_empty());
}

#[test]
fn platform_settings_are_read_as_their_types() {
    let agent: Agent = round_trip(&data("get-agent.200.json"));
    let discord: DiscordSettings = agent.settings_for(Platform::Discord).unwrap().unwrap();
    assert_eq!(discord.command_prefix.as_deref(), Some("!"));
    assert_eq!(discord.respond_to_mentions, Some(true));
    let telegram: TelegramSettings = agent.settings_for("telegram").unwrap().unwrap();
    assert_eq!(telegram.group_ids.unwrap(), ["@northquay"]);
    let matrix: Value = agent.settings_for("matrix").unwrap().unwrap();
    assert_eq!(matrix["rooms"], json!(["#quay"]));
    assert_eq!(agent.settings_for::<Value>("slack").unwrap(), None);
    assert!(
        agent
            .settings_for::<DiscordSettings>("twitter")
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_sparse_agent_keeps_its_unknown_status_and_field() {
    let agent: Agent = round_trip(&data("get-agent.sparse.200.json"));
    assert_eq!(agent.status, "paused");
    assert!(matches!(agent.status, AgentStatus::Other(_)));
    assert_eq!(agent.extra["region"], "eu-north");
    assert_eq!(agent.bio, None);
    assert_eq!(agent.metrics, None);
}

#[test]
fn list_items_survive_in_agents_and_in_items() {
    for (name, key) in [
        ("list-agents.200.json", "agents"),
        ("list-agents.items-key.200.json", "items"),
        ("list-agents.empty.200.json", "agents"),
    ] {
        let list = data(name);
        let entries: Vec<AgentSummary> = round_trip(&list[key]);
        let pagination: Pagination = round_trip(&list["pagination"]);
        assert_eq!(
            (pagination.current_page, pagination.items_per_page),
            (1, 20)
        );
        if let [_, ledger] = entries.as_slice() {
            assert_eq!(ledger.clients, Some(Vec::new()), "empty is not absent");
            assert_eq!((pagination.total_pages, pagination.total_items), (3, 47));
        } else {
            assert!(entries.is_empty());
            assert_eq!((pagination.total_pages, pagination.total_items), (0, 0));
        }
    }
}

#[test]
fn a_list_item_has_few_required_fields() {
    let entry: AgentSummary = round_trip(&json!({
        "id": "a", "name": "Solo", "status": "active", "createdAt": "2026-03-02T08:15:30Z",
    }));
    assert_eq!(
        (entry.updated_at, entry.model, entry.clients),
        (None, None, None)
    );
}

#[test]
fn an_updated_agent_survives() {
    let agent: UpdatedAgent = round_trip(&data("update-agent.200.json"));
    assert_eq!(agent.changes.unwrap(), ["personality", "clients", "status"]);
    assert_eq!(agent.status, AgentStatus::Inactive);
}

#[test]
fn a_deleted_agent_survives() {
    let agent: DeletedAgent = round_trip(&data("delete-agent.200.json"));
    assert_eq!(agent.deleted_at, Some(time("2026-03-06T12:00:00Z")));
    assert_eq!(agent.message.as_deref(), Some("Agent successfully deleted"));
}

#[test]
fn a_message_survives() {
    let message: Message = round_trip(&data("send-message.200.json"));
    let metadata = message.metadata.unwrap();
    assert_eq!(metadata.tokens_used, Some(58));
    assert_eq!(metadata.response_time, Some(0.84));
    assert_eq!(message.user_id.as_deref(), Some("user_77"));
    assert_eq!(message.room_id.as_deref(), Some("room_quay"));
}

#[test]
fn a_minimal_message_survives() {
    let message: Message = round_trip(&data("send-message.minimal.200.json"));
    assert_eq!((message.user_id, message.room_id), (None, None));
    assert_eq!(message.metadata, None);
}

#[test]
fn the_end_of_a_stream_survives() {
    let stream = text("stream.events.txt");
    let last = stream
        .lines()
        .rfind(|line| line.starts_with("data: "))
        .unwrap();
    let mut event: Value = from_str(last.trim_start_matches("data: ")).unwrap();
    assert_eq!(
        event.as_object_mut().unwrap().remove("type"),
        Some(json!("done"))
    );
    let done: MessageDone = round_trip(&event);
    assert_eq!(done.message_id.as_deref(), Some("msg_q7r2tb"));
    assert_eq!(done.metadata.unwrap().tokens_used, Some(9));
}

#[test]
fn a_done_event_may_be_empty() {
    assert_eq!(
        round_trip::<MessageDone>(&json!({})),
        MessageDone::default()
    );
}

#[test]
fn a_character_file_survives() {
    let name = "character-file.json";
    let config = AgentConfig::from_json_file(directory().join(name)).unwrap();
    assert_eq!(config, round_trip(&json_of(name)));
    assert!(
        config.extra.is_empty(),
        "every field of a character file has a type"
    );

    let written = config.to_json_string_pretty().unwrap();
    assert_eq!(AgentConfig::from_json_str(&written).unwrap(), config);

    let action = &config.actions.as_ref().unwrap()[0];
    assert_eq!(action.handler.as_deref(), Some("countStock"));
    assert_eq!(action.parameters.as_ref().unwrap()[0].required, Some(true));
    let settings = config.model_settings.as_ref().unwrap();
    assert_eq!(
        (settings.max_tokens, settings.top_p),
        (Some(256), Some(0.9))
    );
    assert_eq!(settings.presence_penalty, Some(0.0));
    assert_eq!(config.plugins.unwrap()[0].enabled, Some(false));
}

#[test]
fn the_body_of_a_create_is_a_configuration() {
    for name in [
        "create-agent.request.json",
        "create-agent.minimal.request.json",
    ] {
        let config: AgentConfig = round_trip(&json_of(name));
        assert!(config.extra.is_empty(), "{name}");
    }
}

#[test]
fn a_backup_of_an_agent_creates_the_same_agent() {
    let agent: Agent = from_value(data("get-agent.200.json")).unwrap();
    let backup = agent.config();
    assert_eq!(
        to_value(&backup).unwrap(),
        json_of("create-agent.request.json")
    );
    assert_eq!(AgentConfig::from(&agent), backup);
    assert_eq!(AgentConfig::from(agent), backup);
}

#[test]
fn a_backup_keeps_unknown_configuration_and_drops_what_the_server_sets() {
    let mut agent: Agent = from_value(data("get-agent.sparse.200.json")).unwrap();
    agent
        .extra
        .insert("apiEndpoint".into(), json!("https://api.example/agents/x"));
    assert_eq!(
        to_value(agent.config()).unwrap(),
        json!({"name": "Ledger", "region": "eu-north"})
    );
}

#[test]
fn an_unknown_field_is_kept_at_every_depth() {
    let mut agent = data("get-agent.200.json");
    for place in [
        "",
        "/personality",
        "/plugins/0",
        "/metrics",
        "/settings/discord",
    ] {
        let object = agent.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("tide".into(), json!({"high": [1, null, "x"]}));
    }
    round_trip::<Agent>(&agent);

    let mut config = json_of("character-file.json");
    for place in [
        "",
        "/actions/0",
        "/actions/0/parameters/0",
        "/modelSettings",
    ] {
        let object = config.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("tide".into(), json!("high"));
    }
    let _: AgentConfig = round_trip(&config);
}

#[test]
fn a_response_of_another_shape_keeps_what_its_types_cannot_hold() {
    let agent: Agent = round_trip(&data("get-agent.drift.200.json"));
    assert_eq!((agent.created_at, agent.updated_at), (None, None));
    assert_eq!(agent.extra["updatedAt"], 1_772_439_330);
    assert_eq!(agent.bio, None);
    assert_eq!(agent.extra["bio"], "one sentence instead of a list");
    let settings = agent.model_settings.unwrap();
    assert_eq!(
        (settings.temperature, settings.max_tokens),
        (None, Some(500))
    );
    assert_eq!(settings.extra["temperature"], "0.7");
    let metrics = agent.metrics.unwrap();
    assert_eq!(
        (metrics.total_messages, metrics.total_conversations),
        (Some(1523), Some(287))
    );
    assert_eq!(
        (metrics.uptime, &metrics.extra["uptime"]),
        (None, &json!(99.8))
    );

    let message: Message = round_trip(&data("send-message.drift.200.json"));
    assert_eq!(message.timestamp, Some(time("2026-03-02T08:15:30Z")));
    let metadata = message.metadata.unwrap();
    assert_eq!(
        (metadata.tokens_used, metadata.response_time, metadata.model),
        (Some(12), None, None)
    );
    assert_eq!(metadata.extra["cached"], true);

    let list = data("list-agents.drift.200.json");
    let pagination: Pagination = round_trip(&list["pagination"]);
    assert_eq!((pagination.current_page, pagination.total_pages), (1, 1));
    assert_eq!((pagination.total_items, pagination.items_per_page), (1, 20));
    assert_eq!(round_trip::<Vec<AgentSummary>>(&list["items"]).len(), 1);
}

#[test]
fn a_sparse_result_has_its_required_fields() {
    let created: CreatedAgent = round_trip(&data("create-agent.sparse.201.json"));
    assert_eq!((created.created_at, created.api_endpoint), (None, None));
    let deleted: DeletedAgent = round_trip(&data("delete-agent.sparse.200.json"));
    assert_eq!(deleted, DeletedAgent::new("agent_7f3k9q2m4x1b"));
}

#[test]
fn a_required_value_of_another_type_is_named_by_its_path_and_the_type_expected() {
    let mut agent = data("get-agent.200.json");
    agent["status"] = json!(["active"]);
    let text = agent.to_string();
    let error = serde_path_to_error::deserialize::<_, Agent>(
        &mut serde_json::Deserializer::from_str(&text),
    )
    .unwrap_err();
    assert_eq!(error.path().to_string(), "status");
    let reason = error.inner().to_string();
    assert!(
        reason.starts_with("invalid type: sequence, expected an agent's status (a string)"),
        "{reason}"
    );
}

#[test]
fn every_sample_is_used_by_a_test() {
    let known_elsewhere = [
        "README.md",
        "send-message.request.json",
        "update-agent.request.json",
        "update-agent.settings-one-platform.request.json",
        "error.flat.400.json",
        "error.words.500.json",
    ];
    let here = include_str!("fixtures_round_trip.rs");
    let names: BTreeSet<String> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in &names {
        if !name.ends_with(".json") || known_elsewhere.contains(&name.as_str()) {
            continue;
        }
        let body = json_of(name);
        match body.get("success") {
            Some(Value::Bool(false)) => {
                let code: ErrorCode = round_trip(&body["error"]["code"]);
                let unknown = matches!(code, ErrorCode::Other(_));
                assert_eq!(unknown, name.starts_with("unknown-code"), "{name}");
            }
            _ => assert!(
                here.contains(&format!("\"{name}\"")),
                "no test decodes {name}"
            ),
        }
    }
    assert!(names.len() > known_elsewhere.len());
}
