//! Any values are rejected or kept.

use std::fmt::Debug;

use orionos::{
    Action, Agent, AgentConfig, AgentId, AgentMetrics, AgentStatus, AgentSummary, DeletedAgent,
    ErrorCode, Message, MessageMetadata, ModelProvider, ModelSettings, Pagination, Personality,
    Platform, UpdatedAgent,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, from_str, json, to_string, to_value};

use crate::support::fixtures::{data, json_of, round_trip};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A name for which no type of this crate has a field.
fn unknown_fields() -> impl Strategy<Value = Map<String, Value>> {
    btree_map(
        any::<String>().prop_map(|name| format!("x-{name}")),
        any_json(),
        0..6,
    )
    .prop_map(|map| map.into_iter().collect())
}

/// A complete agent with any JSON as some of the values that it can do without, at any depth.
fn odd_agent() -> impl Strategy<Value = Value> {
    let mut agent = data("get-agent.200.json");
    let file = json_of("character-file.json");
    for field in ["actions", "modelSettings"] {
        agent[field] = file[field].clone();
    }
    let mut optional = Vec::new();
    places(&agent, "", &mut optional);
    optional.retain(|place| !["/id", "/name", "/status"].contains(&place.as_str()));
    let changed = proptest::sample::select(optional);
    vec((changed, any_json()), 0..4).prop_map(move |changes| {
        let mut agent = agent.clone();
        for (place, value) in changes {
            if let Some(changed) = agent.pointer_mut(&place) {
                *changed = value;
            }
        }
        agent
    })
}

/// The places of all values in a value, as JSON pointers.
fn places(value: &Value, place: &str, all: &mut Vec<String>) {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => (0..)
            .map(|index: usize| index.to_string())
            .zip(items)
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in inside {
        let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
        places(value, &place, all);
        all.push(place);
    }
}

/// Any values under names that types of this crate have a field for.
fn any_names() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let names = proptest::sample::select(vec![
        "id",
        "name",
        "status",
        "createdAt",
        "messageId",
        "response",
        "metadata",
        "totalMessages",
        "uptime",
        "maxTokens",
        "topP",
        "traits",
        "tone",
        "currentPage",
        "parameters",
        "examples",
    ]);
    let value = prop_oneof![any_json(), any::<String>().prop_map(Value::from)];
    vec((names, value), 0..8)
}

/// Checks that a decoded value encodes to the same JSON, which decodes to the same value.
fn is_stable<T: DeserializeOwned + Serialize + PartialEq + Debug>(text: &str) {
    if let Ok(decoded) = from_str::<T>(text) {
        let value: Value = from_str(text).unwrap();
        let encoded = to_value(&decoded).unwrap();
        for (name, value) in value.as_object().unwrap() {
            assert_eq!(encoded.get(name), Some(value), "{name}");
        }
        let again: T = from_str(&to_string(&decoded).unwrap()).unwrap();
        assert_eq!(again, decoded);
    }
}

proptest! {
    #[test]
    fn an_open_enum_keeps_any_word(word: String) {
        macro_rules! check {
            ($($enum:ty),*) => {$(
                let value = <$enum>::from(word.as_str());
                prop_assert_eq!(value.as_str(), &word);
                prop_assert_eq!(&<$enum>::from(word.clone()), &value);
                prop_assert_eq!(&<$enum>::Other(word.clone()), &value);
                prop_assert_eq!(&from_str::<$enum>(&to_string(&value).unwrap()).unwrap(), &value);
                prop_assert_eq!(value.to_string(), word.clone());
            )*};
        }
        check!(AgentStatus, ModelProvider, Platform, ErrorCode);
    }

    #[test]
    fn an_id_keeps_any_word(word: String) {
        let id = AgentId::from(word.as_str());
        prop_assert_eq!(&id.to_string(), &word);
        prop_assert_eq!(to_value(&id).unwrap(), json!(word));
        prop_assert_eq!(from_str::<AgentId>(&to_string(&id).unwrap()).unwrap(), id);
    }

    #[test]
    fn any_unknown_fields_are_kept(fields in unknown_fields()) {
        for name in ["get-agent.200.json", "get-agent.sparse.200.json"] {
            let mut agent = data(name);
            agent.as_object_mut().unwrap().extend(fields.clone());
            round_trip::<Agent>(&agent);
        }
        let mut message = data("send-message.200.json");
        message.as_object_mut().unwrap().extend(fields.clone());
        round_trip::<Message>(&message);
        let mut config = json_of("character-file.json");
        config.as_object_mut().unwrap().extend(fields);
        let _: AgentConfig = round_trip(&config);
    }

    #[test]
    fn any_optional_values_of_an_agent_are_kept(agent in odd_agent()) {
        round_trip::<Agent>(&agent);
        round_trip::<AgentSummary>(&agent);
        let _: AgentConfig = round_trip(&agent);
        round_trip::<UpdatedAgent>(&agent);
        round_trip::<DeletedAgent>(&agent);
        round_trip::<MessageMetadata>(&agent);
    }

    #[test]
    fn any_object_is_rejected_or_kept(mut fields in unknown_fields(), names in any_names()) {
        for (name, value) in names {
            fields.insert(name.to_owned(), value);
        }
        let text = Value::Object(fields).to_string();
        is_stable::<Agent>(&text);
        is_stable::<Message>(&text);
        is_stable::<AgentMetrics>(&text);
        is_stable::<ModelSettings>(&text);
        is_stable::<Personality>(&text);
        is_stable::<Pagination>(&text);
        is_stable::<Action>(&text);
    }

    #[test]
    fn a_configuration_that_is_set_field_by_field_is_what_was_set(agent in odd_agent()) {
        let mut config = AgentConfig::new("");
        for (name, value) in agent.as_object().unwrap() {
            config = config.extra("bio", json!(["first"])).extra(name, value.clone());
        }
        if agent.get("bio").is_some() {
            config = config.extra("bio", agent["bio"].clone());
        }
        prop_assert_eq!(to_value(config).unwrap(), agent);
    }

    #[test]
    fn any_text_is_rejected_or_kept_as_a_character_file(text: String, value in any_json()) {
        for text in [text, value.to_string()] {
            if let Ok(config) = AgentConfig::from_json_str(&text) {
                let again = config.to_json_string_pretty().unwrap();
                prop_assert_eq!(AgentConfig::from_json_str(&again).unwrap(), config);
            }
        }
    }
}
