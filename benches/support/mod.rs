//! What the benchmarks share: a server of fixed bytes that allocates nothing once a connection
//! stands, and the hand-written client that is the baseline.
#![allow(dead_code, reason = "each benchmark uses its own part")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use httpdate::HttpDate;
use jiff::Timestamp;
use orionos::OrionOS;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

pub(crate) const KEY: &str = "bench-key-0123456789";
pub(crate) const AGENT: &str = "agent_7f3k9q2m4x1b";
pub(crate) const TEXT: &str = "Where does the Mira berth?";

/// Client and server take turns on one core: where the scheduler puts the server's thread would
/// otherwise decide what a call costs.
pub(crate) fn stay_on_one_core() {
    let core = core_affinity::get_core_ids().and_then(|cores| cores.first().copied());
    if !core.is_some_and(core_affinity::set_for_current) {
        eprintln!("no thread can be kept on a core here: the numbers will jump");
    }
}

/// Answers every request with the bytes that its path and method stand for.
pub(crate) struct FixedServer {
    pub(crate) base_url: String,
}

impl FixedServer {
    /// Knows every operation, and lists of 20 and 100.
    pub(crate) fn of_every_call() -> Self {
        let bodies = [
            agent(),
            list(20),
            list(100),
            message(),
            created(),
            updated(),
            deleted(),
        ]
        .map(|body| answer(&body));
        Self::start(move |request| {
            let index = match request {
                create if create.starts_with(b"POST /v1/agents ") => 4,
                post if post.starts_with(b"POST") => 3,
                patch if patch.starts_with(b"PATCH") => 5,
                delete if delete.starts_with(b"DELETE") => 6,
                list if list.starts_with(b"GET /v1/agents?limit=20 ") => 1,
                list if list.starts_with(b"GET /v1/agents?limit=100 ") => 2,
                _ => 0,
            };
            bodies[index].clone()
        })
    }

    pub(crate) fn start(answers: impl Fn(&[u8]) -> Arc<[u8]> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let answers = Arc::new(answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let answers = answers.clone();
                std::thread::spawn(move || serve(stream.expect("a connection"), &*answers));
            }
        });
        Self { base_url }
    }
}

fn serve(mut stream: TcpStream, answers: &dyn Fn(&[u8]) -> Arc<[u8]>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = vec![0; 64 * 1024];
    let mut out = Vec::with_capacity(64 * 1024);
    let mut filled = 0;
    loop {
        let end = loop {
            if let Some(end) = request_end(&buffer[..filled]) {
                break end;
            }
            match stream.read(&mut buffer[filled..]) {
                Ok(length) if length > 0 => filled += length,
                _ => return,
            }
        };
        out.clear();
        out.extend_from_slice(&answers(&buffer[..end]));
        set_date(&mut out);
        if stream.write_all(&out).is_err() {
            return;
        }
        buffer.copy_within(end..filled, 0);
        filled -= end;
    }
}

/// Where a request ends: its head and as much body as it announces.
fn request_end(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let name = b"content-length: ";
    let length = bytes[..head]
        .windows(name.len())
        .position(|window| window.eq_ignore_ascii_case(name))
        .map_or(0, |at| {
            bytes[at + name.len()..head]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .fold(0, |length, digit| length * 10 + usize::from(digit - b'0'))
        });
    (bytes.len() >= head + length).then_some(head + length)
}

/// Where an answer's date stands.
const DATE: Range<usize> = 23..52;

/// A whole answer with the headers that the service sends, but for the date.
pub(crate) fn answer(body: &Value) -> Arc<[u8]> {
    answer_of("application/json", &body.to_string())
}

pub(crate) fn answer_of(content_type: &str, body: &str) -> Arc<[u8]> {
    format!(
        "HTTP/1.1 200 OK\r\ndate: {:29}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\
         x-ratelimit-limit: 1000000\r\nx-ratelimit-remaining: 1000000\r\nx-ratelimit-reset: 4102444800\r\n\
         x-request-id: req_k2v8r5w1zp3q\r\n\r\n{body}",
        "",
        body.len()
    )
    .into_bytes()
    .into()
}

/// Writes the time into an answer.
pub(crate) fn set_date(answer: &mut [u8]) {
    let date = HttpDate::from(SystemTime::now());
    write!(&mut answer[DATE], "{date}").expect("a date has 29 characters");
}

fn success(data: Value) -> Value {
    json!({"success": true, "data": data})
}

pub(crate) fn agent() -> Value {
    success(json!({
        "id": AGENT, "name": "Harbour Pilot", "status": "active",
        "bio": ["Brings ships to their berths", "Knows every shoal"],
        "personality": {"traits": ["calm", "exact"], "style": "plain", "tone": "warm"},
        "knowledge": ["tides", "berths"], "goals": ["No ship waits"], "clients": ["discord"],
        "settings": {"discord": {"channels": ["arrivals"], "respondToMentions": true}},
        "modelProvider": "anthropic", "model": "claude-3-opus",
        "plugins": [{"name": "tide-tables", "enabled": true}],
        "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-02T00:00:00Z",
        "metrics": {"totalMessages": 12, "totalConversations": 3, "uptime": "99.8%"},
    }))
}

pub(crate) fn list(length: usize) -> Value {
    let entry = json!({
        "id": AGENT, "name": "Harbour Pilot", "status": "active",
        "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-02T00:00:00Z",
        "modelProvider": "anthropic", "model": "claude-3-opus", "clients": ["discord", "telegram"],
    });
    success(json!({
        "agents": vec![entry; length],
        "pagination": {"currentPage": 1, "totalPages": 1, "totalItems": length, "itemsPerPage": length},
    }))
}

pub(crate) fn message() -> Value {
    success(json!({
        "messageId": "msg_k2v8r5w1zp", "response": "The Mira berths at number 7 at 14:10.",
        "agentId": AGENT, "userId": "user_1", "roomId": "room_1", "timestamp": "2026-01-01T00:00:00Z",
        "metadata": {"tokensUsed": 9, "responseTime": 0.4, "model": "claude-3-opus"},
    }))
}

fn created() -> Value {
    success(json!({
        "id": AGENT, "name": "Harbour Pilot", "status": "active",
        "createdAt": "2026-01-01T00:00:00Z", "apiEndpoint": "https://api.orionos.dev/v1/agents/agent_7f3k9q2m4x1b",
    }))
}

fn updated() -> Value {
    success(json!({
        "id": AGENT, "name": "Harbour Pilot", "status": "inactive",
        "updatedAt": "2026-01-02T00:00:00Z", "changes": ["status"],
    }))
}

fn deleted() -> Value {
    success(json!({
        "id": AGENT, "name": "Harbour Pilot", "deletedAt": "2026-01-03T00:00:00Z",
        "message": "Agent successfully deleted",
    }))
}

/// The client as an application makes it.
pub(crate) fn client(base_url: &str) -> OrionOS {
    OrionOS::builder()
        .api_key(KEY)
        .base_url(base_url)
        .build()
        .expect("a client")
}

/// One thread.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// What a careful user writes: one client, typed structs, no policies.
#[derive(Clone)]
pub(crate) struct Handwritten {
    client: reqwest::Client,
    base_url: String,
}

#[derive(Deserialize)]
pub(crate) struct Envelope<T> {
    pub(crate) data: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Agent {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) bio: Option<Vec<String>>,
    pub(crate) personality: Option<Personality>,
    pub(crate) knowledge: Option<Vec<String>>,
    pub(crate) goals: Option<Vec<String>>,
    pub(crate) clients: Option<Vec<String>>,
    pub(crate) settings: Option<Map<String, Value>>,
    pub(crate) model_provider: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) plugins: Option<Vec<Plugin>>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) metrics: Option<Metrics>,
}

#[derive(Deserialize)]
pub(crate) struct Personality {
    pub(crate) traits: Option<Vec<String>>,
    pub(crate) style: Option<String>,
    pub(crate) tone: Option<String>,
    pub(crate) adjectives: Option<Vec<String>>,
    pub(crate) voice: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Plugin {
    pub(crate) name: String,
    pub(crate) enabled: bool,
    pub(crate) config: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metrics {
    pub(crate) total_messages: u64,
    pub(crate) total_conversations: u64,
    pub(crate) uptime: String,
}

#[derive(Deserialize)]
pub(crate) struct List {
    pub(crate) agents: Vec<Entry>,
    pub(crate) pagination: Pagination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) model_provider: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) clients: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    pub(crate) current_page: u64,
    pub(crate) total_pages: u64,
    pub(crate) total_items: u64,
    pub(crate) items_per_page: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    pub(crate) message_id: String,
    pub(crate) response: String,
    pub(crate) agent_id: String,
    pub(crate) user_id: Option<String>,
    pub(crate) room_id: Option<String>,
    pub(crate) timestamp: Timestamp,
    pub(crate) metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) tokens_used: u64,
    pub(crate) response_time: f64,
    pub(crate) model: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created_at: Timestamp,
    pub(crate) api_endpoint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Updated {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) updated_at: Timestamp,
    pub(crate) changes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deleted {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) deleted_at: Timestamp,
    pub(crate) message: Option<String>,
}

#[derive(Serialize)]
struct NewAgent<'a> {
    name: &'a str,
    bio: [&'a str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewMessage<'a> {
    text: &'a str,
    user_id: &'a str,
    room_id: &'a str,
}

impl Handwritten {
    pub(crate) fn new(base_url: &str) -> Self {
        Self {
            client: reqwest::Client::builder()
                .timeout(std::time::Duration::from_secs(30))
                .build()
                .expect("a client"),
            base_url: base_url.to_owned(),
        }
    }

    pub(crate) async fn get(&self, id: &str) -> reqwest::Result<Agent> {
        let url = format!("{}/agents/{id}", self.base_url);
        let answer = self.client.get(url).bearer_auth(KEY).send().await?;
        let envelope: Envelope<Agent> = answer.error_for_status()?.json().await?;
        Ok(envelope.data)
    }

    pub(crate) async fn create(&self, name: &str, bio: &str) -> reqwest::Result<Created> {
        let url = format!("{}/agents", self.base_url);
        let request = self.client.post(url).bearer_auth(KEY);
        let request = request.json(&NewAgent { name, bio: [bio] });
        let envelope: Envelope<Created> = request.send().await?.error_for_status()?.json().await?;
        Ok(envelope.data)
    }

    pub(crate) async fn deactivate(&self, id: &str) -> reqwest::Result<Updated> {
        let url = format!("{}/agents/{id}", self.base_url);
        let request = self.client.patch(url).bearer_auth(KEY);
        let request = request.json(&BTreeMap::from([("status", "inactive")]));
        let envelope: Envelope<Updated> = request.send().await?.error_for_status()?.json().await?;
        Ok(envelope.data)
    }

    pub(crate) async fn delete(&self, id: &str) -> reqwest::Result<Deleted> {
        let url = format!("{}/agents/{id}", self.base_url);
        let answer = self.client.delete(url).bearer_auth(KEY).send().await?;
        let envelope: Envelope<Deleted> = answer.error_for_status()?.json().await?;
        Ok(envelope.data)
    }

    pub(crate) async fn list(&self, limit: usize) -> reqwest::Result<List> {
        let url = format!("{}/agents?limit={limit}", self.base_url);
        let answer = self.client.get(url).bearer_auth(KEY).send().await?;
        let envelope: Envelope<List> = answer.error_for_status()?.json().await?;
        Ok(envelope.data)
    }

    pub(crate) async fn send(&self, id: &str, text: &str) -> reqwest::Result<Message> {
        let body = NewMessage {
            text,
            user_id: "user_1",
            room_id: "room_1",
        };
        let url = format!("{}/agents/{id}/messages", self.base_url);
        let request = self.client.post(url).bearer_auth(KEY).json(&body);
        let envelope: Envelope<Message> = request.send().await?.error_for_status()?.json().await?;
        Ok(envelope.data)
    }

    pub(crate) async fn stream(&self, id: &str) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}/agents/{id}/messages/stream", self.base_url);
        let body = json!({"text": "Hi"});
        let request = self.client.post(url).bearer_auth(KEY).json(&body);
        request.send().await?.error_for_status()
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
