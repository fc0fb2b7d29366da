//! Responses whose optional values have another shape decode, and encode to the same JSON.

use std::fmt::Debug;

use orionos::{
    Agent, AgentConfig, AgentSummary, CreatedAgent, DeletedAgent, Message, MessageDone, OrionError,
    Pagination, UpdatedAgent,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json, to_value};

use crate::support::fixtures::{data, json_of, round_trip};
use crate::support::{AGENT, answering, over};

const OF_AN_AGENT: &[&str] = &["/id", "/name", "/status"];

/// A value of every JSON type, and numbers in every form.
fn every_shape() -> [Value; 16] {
    [
        json!(null),
        json!(true),
        json!(12),
        json!(12.0),
        json!(-1),
        json!(0.4),
        json!(1_772_439_330),
        json!(""),
        json!("12"),
        json!("2026-03-02T08:15:30"),
        json!("2026-03-02T08:15:30.000Z"),
        json!([]),
        json!(["calm", 7, null]),
        json!([{"name": 7}]),
        json!({}),
        json!({"name": null, "12": [12.0]}),
    ]
}

/// Returns the places of all values inside a value, as JSON pointers.
fn places(value: &Value, place: &str, places_of: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
                places(value, &place, places_of);
                places_of.push(place);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let place = format!("{place}/{index}");
                places(value, &place, places_of);
                places_of.push(place);
            }
        }
        _ => {}
    }
}

/// Returns every variant of a value in which one of its optional values has another shape.
fn variants(value: &Value, required: &[&str]) -> Vec<Value> {
    let mut all = Vec::new();
    places(value, "", &mut all);
    all.retain(|place| !required.contains(&place.as_str()));
    let mut variants = Vec::new();
    for place in all {
        for shape in every_shape() {
            let mut variant = value.clone();
            *variant.pointer_mut(&place).unwrap() = shape;
            variants.push(variant);
        }
    }
    variants
}

/// Returns every variant of a value in which one of its optional fields is absent.
fn without_each(value: &Value, required: &[&str]) -> Vec<Value> {
    let fields = value.as_object().unwrap().keys();
    let optional = fields.filter(|name| !required.contains(&format!("/{name}").as_str()));
    let without = |name: &String| {
        let mut variant = value.clone();
        variant.as_object_mut().unwrap().remove(name);
        variant
    };
    optional.map(without).collect()
}

fn check<T>(value: &Value, required: &[&str])
where
    T: DeserializeOwned + Serialize + Clone + PartialEq + Debug,
{
    let variants = variants(value, required);
    assert!(variants.len() >= every_shape().len(), "{value}");
    for variant in variants.into_iter().chain(without_each(value, required)) {
        round_trip::<T>(&variant);
    }
}

#[test]
fn every_optional_value_of_an_agent_may_have_any_shape() {
    let mut agent = data("get-agent.200.json");
    let file = json_of("character-file.json");
    for field in ["actions", "modelSettings"] {
        agent[field] = file[field].clone();
    }
    check::<Agent>(&agent, OF_AN_AGENT);
    for name in ["get-agent.sparse.200.json", "get-agent.drift.200.json"] {
        check::<Agent>(&data(name), OF_AN_AGENT);
    }
}

#[test]
fn every_optional_value_of_a_configuration_may_have_any_shape() {
    check::<AgentConfig>(&json_of("character-file.json"), &["/name"]);
    check::<AgentConfig>(&json_of("create-agent.request.json"), &["/name"]);
}

#[test]
fn every_optional_value_of_a_result_may_have_any_shape() {
    check::<CreatedAgent>(&data("create-agent.201.json"), OF_AN_AGENT);
    check::<CreatedAgent>(&data("create-agent.sparse.201.json"), OF_AN_AGENT);
    check::<UpdatedAgent>(&data("update-agent.200.json"), OF_AN_AGENT);
    check::<DeletedAgent>(&data("delete-agent.200.json"), &["/id"]);
    let of_a_message = &["/messageId", "/response"];
    for name in [
        "send-message.200.json",
        "send-message.minimal.200.json",
        "send-message.drift.200.json",
    ] {
        check::<Message>(&data(name), of_a_message);
    }
    let done = json!({"messageId": "msg_1", "metadata": {
        "tokensUsed": 12, "responseTime": 0.4, "model": "claude-3-opus",
    }});
    check::<MessageDone>(&done, &[]);
}

#[test]
fn every_optional_value_of_a_list_may_have_any_shape() {
    for (name, key) in [
        ("list-agents.200.json", "agents"),
        ("list-agents.items-key.200.json", "items"),
        ("list-agents.drift.200.json", "items"),
    ] {
        let list = data(name);
        for entry in list[key].as_array().unwrap() {
            check::<AgentSummary>(entry, OF_AN_AGENT);
        }
        for variant in variants(&list["pagination"], &[]) {
            round_trip::<Pagination>(&variant);
        }
    }
}

/// Returns the client's results for one `data`, as JSON.
async fn results(status: u16, data: &Value) -> Result<Vec<Value>, OrionError> {
    let body = json!({"success": true, "data": data}).to_string();
    let agents = over(answering(status, &[], body)).build()?.agents();
    Ok(match status {
        201 => vec![to_value(agents.create("a").send().await?).unwrap()],
        _ if data.get("messageId").is_some() => {
            vec![to_value(agents.send_message(AGENT, "Hi").send().await?).unwrap()]
        }
        _ => vec![
            to_value(agents.get(AGENT).send().await?).unwrap(),
            to_value(agents.update(AGENT).model("m").send().await?).unwrap(),
            to_value(agents.delete(AGENT).send().await?).unwrap(),
        ],
    })
}

#[tokio::test]
async fn a_call_that_was_executed_never_fails_over_an_optional_value() {
    for (name, status, required) in [
        ("create-agent.201.json", 201, OF_AN_AGENT),
        ("get-agent.200.json", 200, OF_AN_AGENT),
        ("update-agent.200.json", 200, OF_AN_AGENT),
        ("send-message.200.json", 200, &["/messageId", "/response"]),
    ] {
        for variant in variants(&data(name), required) {
            match results(status, &variant).await {
                Ok(results) => {
                    for result in results {
                        assert_eq!(result, variant, "{name}");
                    }
                }
                Err(error) => panic!("{name}: {error}\n{variant:#}"),
            }
        }
    }
}

#[tokio::test]
async fn a_list_never_fails_over_its_position() {
    for name in ["list-agents.200.json", "list-agents.drift.200.json"] {
        let list = data(name);
        let mut all = variants(&json!({"pagination": list["pagination"]}), &[]);
        all.push(json!({}));
        for mut variant in all {
            variant["agents"] = list["agents"].clone();
            variant["items"] = list["items"].clone();
            let body = json!({"success": true, "data": variant}).to_string();
            let orion = over(answering(200, &[], body)).build().unwrap();
            let page = orion.agents().list().send().await.unwrap();
            let key = if name.contains("drift") {
                "items"
            } else {
                "agents"
            };
            assert_eq!(to_value(&page.items).unwrap(), list[key], "{variant}");
        }
    }
}
