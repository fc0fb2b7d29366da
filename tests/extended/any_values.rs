//! Any values are rejected or kept.

use std::fmt::Debug;

use orionos::{
    Agent, AgentConfig, AgentId, AgentStatus, AgentSummary, ErrorCode, Message, ModelProvider,
    Platform,
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

/// An object that looks like an agent, with any values.
fn almost_an_agent() -> impl Strategy<Value = Value> {
    let mut agent = data("get-agent.200.json");
    agent["actions"] = json_of("character-file.json")["actions"].take();
    let names: Vec<String> = agent.as_object().unwrap().keys().cloned().collect();
    let changed = proptest::sample::select(names);
    vec((changed, any_json()), 0..3).prop_map(move |changes| {
        let mut agent = agent.clone();
        for (name, value) in changes {
            agent[name] = value;
        }
        agent
    })
}

/// Checks that a decoded value encodes to JSON that decodes to the same value.
fn is_stable<T: DeserializeOwned + Serialize + PartialEq + Debug>(text: &str) {
    if let Ok(decoded) = from_str::<T>(text) {
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
    fn any_values_in_an_agent_are_rejected_or_kept(agent in almost_an_agent()) {
        let text = agent.to_string();
        is_stable::<Agent>(&text);
        is_stable::<AgentSummary>(&text);
        is_stable::<AgentConfig>(&text);
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
