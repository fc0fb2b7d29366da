//! The examples of the document: the life of one agent.

use serde_json::{Value, json};

pub(crate) const AGENT_ID: &str = "agent_7f3k9q2m4x1b";
pub(crate) const EVENTS: &str = "data: {\"type\":\"token\",\"content\":\"Berth \"}\n\n\
                                 data: {\"type\":\"token\",\"content\":\"7.\"}\n\n\
                                 data: {\"type\":\"done\",\"messageId\":\"msg_k2v8r5w1zp\",\
                                 \"metadata\":{\"tokensUsed\":9,\"responseTime\":0.4,\
                                 \"model\":\"claude-3-opus\"}}\n\n";
const TIME: &str = "2026-01-01T00:00:00Z";

fn success(data: Value) -> Value {
    json!({"success": true, "data": data})
}

pub(crate) fn create() -> Value {
    json!({
        "name": "Harbour Pilot",
        "bio": ["Brings ships to their berths"],
        "personality": {"traits": ["calm"], "style": "plain", "tone": "warm"},
        "clients": ["discord"],
        "settings": {"discord": {"channels": ["arrivals"], "respondToMentions": true}},
        "modelProvider": "anthropic",
        "model": "claude-3-opus",
        "plugins": [{"name": "tide-tables", "enabled": true}],
    })
}

pub(crate) fn created() -> Value {
    success(json!({
        "id": AGENT_ID,
        "name": "Harbour Pilot",
        "status": "active",
        "createdAt": TIME,
        "apiEndpoint": format!("https://api.orionos.dev/v1/agents/{AGENT_ID}"),
    }))
}

pub(crate) fn agent() -> Value {
    let mut agent = create();
    agent["id"] = AGENT_ID.into();
    agent["status"] = "active".into();
    agent["createdAt"] = TIME.into();
    agent["updatedAt"] = TIME.into();
    agent["metrics"] = json!({"totalMessages": 12, "totalConversations": 3, "uptime": "99.8%"});
    success(agent)
}

pub(crate) fn list(key: &str) -> Value {
    success(json!({
        key: [{
            "id": AGENT_ID,
            "name": "Harbour Pilot",
            "status": "active",
            "createdAt": TIME,
            "updatedAt": TIME,
            "modelProvider": "anthropic",
            "model": "claude-3-opus",
            "clients": ["discord"],
        }],
        "pagination": {"currentPage": 1, "totalPages": 1, "totalItems": 1, "itemsPerPage": 20},
    }))
}

pub(crate) fn update() -> Value {
    json!({"status": "inactive", "goals": ["No ship waits"], "bio": null})
}

pub(crate) fn updated() -> Value {
    success(json!({
        "id": AGENT_ID,
        "name": "Harbour Pilot",
        "status": "inactive",
        "updatedAt": TIME,
        "changes": ["status", "goals", "bio"],
    }))
}

pub(crate) fn deleted() -> Value {
    success(json!({
        "id": AGENT_ID,
        "name": "Harbour Pilot",
        "deletedAt": TIME,
        "message": "Agent successfully deleted",
    }))
}

pub(crate) fn send() -> Value {
    json!({
        "text": "Where does the Mira berth?",
        "userId": "user_1",
        "roomId": "room_1",
        "context": {"ship": "Mira"},
    })
}

pub(crate) fn message() -> Value {
    success(json!({
        "messageId": "msg_k2v8r5w1zp",
        "response": "Berth 7.",
        "agentId": AGENT_ID,
        "userId": "user_1",
        "roomId": "room_1",
        "timestamp": TIME,
        "metadata": {"tokensUsed": 9, "responseTime": 0.4, "model": "claude-3-opus"},
    }))
}

pub(crate) fn failure() -> Value {
    json!({
        "success": false,
        "error": {
            "code": "INVALID_REQUEST",
            "message": "Invalid model provider specified",
            "details": {
                "field": "modelProvider",
                "reason": "Must be one of: openai, anthropic, google-genai, ollama",
            },
        },
    })
}
