//! The configuration of an agent: the same setters, with the same effect, wherever it is set.

use orionos::{
    Action, ActionParameter, AgentConfig, Agents, CreateAgent, DiscordSettings, ModelProvider,
    ModelSettings, Personality, Platform, Plugin, TelegramSettings, TwitterSettings, UpdateAgent,
};
use orionos_mock_server::MockServer;
use serde::Serialize;
use serde_json::{Value, from_slice, json, to_value};

use crate::support::{AGENT, client, mock};

/// Calls every setter of a configuration.
macro_rules! set_everything {
    ($target:expr) => {
        $target
            .bio(["I guide ships."])
            .personality(Personality::new().tone("warm"))
            .knowledge(["tides"])
            .goals(vec![String::from("be brief")])
            .clients(["discord"])
            .platform_settings("discord", json!({"commandPrefix": "!"}))
            .platform_settings(Platform::Telegram, TelegramSettings::new())
            .model_provider(ModelProvider::Ollama)
            .model("llama3")
            .model_settings(ModelSettings::new().max_tokens(12))
            .plugins([Plugin::new("a")])
            .plugin(Plugin::new("b"))
            .actions([Action::new("count", "Counts")])
            .action(Action::new("weigh", "Weighs"))
            .extra("memory", json!({"turns": 7}))
    };
}

fn everything() -> Value {
    json!({
        "name": "Pilot",
        "bio": ["I guide ships."],
        "personality": {"tone": "warm"},
        "knowledge": ["tides"],
        "goals": ["be brief"],
        "clients": ["discord"],
        "settings": {"discord": {"commandPrefix": "!"}, "telegram": {}},
        "modelProvider": "ollama",
        "model": "llama3",
        "modelSettings": {"maxTokens": 12},
        "plugins": [{"name": "a", "enabled": true}, {"name": "b", "enabled": true}],
        "actions": [
            {"name": "count", "description": "Counts"},
            {"name": "weigh", "description": "Weighs"},
        ],
        "memory": {"turns": 7},
    })
}

/// The body of the last request that the mock received.
fn sent(mock: &MockServer) -> Value {
    from_slice(&mock.requests().pop().unwrap().body).unwrap()
}

async fn body_of_create(mock: &MockServer, set: impl Fn(CreateAgent) -> CreateAgent) -> Value {
    let agents: Agents = client(mock).agents();
    let _ = set(agents.create("Pilot")).send().await;
    sent(mock)
}

async fn body_of_update(mock: &MockServer, set: impl Fn(UpdateAgent) -> UpdateAgent) -> Value {
    let agents: Agents = client(mock).agents();
    let _ = set(agents.update(AGENT)).send().await;
    sent(mock)
}

#[tokio::test]
async fn every_setter_has_the_same_effect_on_a_configuration_a_create_and_an_update() {
    let mock = mock();
    let config = set_everything!(AgentConfig::new("Pilot"));
    assert_eq!(to_value(&config).unwrap(), everything());
    let create = body_of_create(&mock, |create| set_everything!(create)).await;
    assert_eq!(create, everything());
    let update = body_of_update(&mock, |update| set_everything!(update.name("Pilot"))).await;
    assert_eq!(update, everything());
    let update = body_of_update(&mock, |update| update.config(&config)).await;
    assert_eq!(update, everything());
}

#[tokio::test]
async fn every_field_of_a_configuration_can_be_cleared() {
    let mock = mock();
    let cleared = body_of_update(&mock, |update| {
        set_everything!(update)
            .clear_bio()
            .clear_personality()
            .clear_knowledge()
            .clear_goals()
            .clear_clients()
            .clear_settings()
            .clear_model_provider()
            .clear_model()
            .clear_model_settings()
            .clear_plugins()
            .clear_actions()
    })
    .await;
    let mut expected = everything();
    let fields = expected.as_object_mut().unwrap();
    fields.remove("name");
    for (name, value) in fields {
        if name != "memory" {
            *value = Value::Null;
        }
    }
    assert_eq!(cleared, expected);
    let set_again = body_of_update(&mock, |update| update.clear_bio().bio(["New"])).await;
    assert_eq!(set_again, json!({"bio": ["New"]}));
}

#[tokio::test]
async fn null_in_a_configuration_clears_in_an_update_and_is_left_out_of_a_create() {
    let mock = mock();
    let config =
        AgentConfig::from_json_str(r#"{"name": "Pilot", "bio": null, "memory": null}"#).unwrap();
    let update = body_of_update(&mock, |update| update.bio(["Old"]).config(&config)).await;
    assert_eq!(
        update,
        json!({"name": "Pilot", "bio": null, "memory": null})
    );
    let _ = client(&mock).agents().create_from(config).send().await;
    assert_eq!(sent(&mock), json!({"name": "Pilot", "memory": null}));
}

/// What is written after a setter and `extra` were called for one field, in both orders.
fn both_orders<T: Serialize>(
    new: impl Fn() -> T,
    setter: impl Fn(T) -> T,
    extra: impl Fn(T) -> T,
) -> (Value, Value) {
    (
        to_value(extra(setter(new()))).unwrap(),
        to_value(setter(extra(new()))).unwrap(),
    )
}

#[tokio::test]
async fn the_last_setter_wins_in_every_type_and_builder() {
    macro_rules! check {
        ($new:expr, $setter:ident($value:expr), $json:literal) => {
            for other in [json!(7), json!(["x"]), json!("x"), json!(false), json!({})] {
                let (extra_last, setter_last) = both_orders(
                    || $new,
                    |target| target.$setter($value),
                    |target| target.extra($json, other.clone()),
                );
                assert_eq!(extra_last[$json], other, "{}", $json);
                assert_eq!(setter_last[$json], json!($value), "{}", $json);
            }
        };
    }
    check!(AgentConfig::new("Pilot"), bio(["typed"]), "bio");
    check!(AgentConfig::new("Pilot"), model("typed"), "model");
    check!(Personality::new(), tone("typed"), "tone");
    check!(Personality::new(), traits(["typed"]), "traits");
    check!(ModelSettings::new(), max_tokens(12), "maxTokens");
    check!(ModelSettings::new(), temperature(0.5), "temperature");
    check!(Plugin::new("a"), enabled(true), "enabled");
    check!(Action::new("count", "Counts"), handler("typed"), "handler");
    check!(
        ActionParameter::new("a", "string"),
        required(true),
        "required"
    );
    check!(DiscordSettings::new(), channels(["typed"]), "channels");
    check!(
        TwitterSettings::new(),
        post_frequency("4h"),
        "postFrequency"
    );
    check!(
        TelegramSettings::new(),
        respond_to_commands(true),
        "respondToCommands"
    );

    let mock = mock();
    for other in [json!(7), json!(["x"]), json!("x"), json!({})] {
        let extra_last = body_of_create(&mock, |create| create.bio(["typed"]).extra("bio", &other));
        assert_eq!(extra_last.await["bio"], other);
        let setter_last =
            body_of_create(&mock, |create| create.extra("bio", &other).bio(["typed"]));
        assert_eq!(setter_last.await["bio"], json!(["typed"]));
        let extra_last = body_of_update(&mock, |update| update.clear_bio().extra("bio", &other));
        assert_eq!(extra_last.await["bio"], other);
        let setter_last = body_of_update(&mock, |update| update.extra("bio", &other).clear_bio());
        assert_eq!(setter_last.await["bio"], Value::Null);
        let name = body_of_update(&mock, |update| update.name("typed").extra("name", &other));
        assert_eq!(name.await["name"], other);
        let status = body_of_update(&mock, |update| {
            update.extra("status", &other).status("active")
        });
        assert_eq!(status.await["status"], "active");
    }
    let name = body_of_create(&mock, |create| create.extra("name", "Other")).await;
    assert_eq!(name["name"], "Other");
}
