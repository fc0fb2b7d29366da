//! What the benchmarks share: a server that sends fixed bytes and does not allocate after a
//! connection is open, and the hand-written client that is the baseline.

mod call_cost;

pub mod tokens;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

pub use call_cost::CallCosts;
use httpdate::HttpDate;
use jiff::Timestamp;
use orionos::{CallEvent, MemoryWindowStore, Observer, OrionOS, Pacing};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

pub const KEY: &str = "bench-key-0123456789";
pub const AGENT: &str = "agent_7f3k9q2m4x1b";
pub const TEXT: &str = "Where does the Mira berth?";

/// Puts client and server on one core. Otherwise the cost of a call would depend on where the
/// scheduler puts the server's thread.
pub fn stay_on_one_core() {
    let core = core_affinity::get_core_ids().and_then(|cores| cores.first().copied());
    if !core.is_some_and(core_affinity::set_for_current) {
        eprintln!("no thread can be kept on a core here: the numbers will jump");
    }
}

/// Responds to every request with the bytes for its method and path.
pub struct FixedServer {
    pub base_url: String,
}

impl FixedServer {
    /// Has responses for every operation, and for lists of 20 and 100.
    pub fn of_every_call() -> Self {
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

    pub fn start(answers: impl Fn(&[u8]) -> Arc<[u8]> + Send + Sync + 'static) -> Self {
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

/// Returns where a request ends: after its headers and the body that they announce.
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

/// The position of the date in a response.
const DATE: Range<usize> = 23..52;

/// Returns a complete response with the headers of the real service, except for the date.
pub fn answer(body: &Value) -> Arc<[u8]> {
    answer_of("application/json", &body.to_string())
}

pub fn answer_of(content_type: &str, body: &str) -> Arc<[u8]> {
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

/// Writes the time into a response.
pub fn set_date(answer: &mut [u8]) {
    let date = HttpDate::from(SystemTime::now());
    write!(&mut answer[DATE], "{date}").expect("a date has 29 characters");
}

fn success(data: Value) -> Value {
    json!({"success": true, "data": data})
}

pub fn agent() -> Value {
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

pub fn list(length: usize) -> Value {
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

pub fn message() -> Value {
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

/// Returns the client as an application creates it.
pub fn client(base_url: &str) -> OrionOS {
    OrionOS::builder()
        .api_key(KEY)
        .base_url(base_url)
        .build()
        .expect("a client")
}

/// Counts the events of every call.
#[derive(Default)]
pub struct Counting(AtomicU64);

impl Observer for Counting {
    fn on_event(&self, _: &CallEvent<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns a client with an observer that counts.
pub fn observed_client(base_url: &str) -> OrionOS {
    OrionOS::builder()
        .api_key(KEY)
        .base_url(base_url)
        .observer(Counting::default())
        .build()
        .expect("a client")
}

/// Returns a client that shares its limits through a store. As in a fleet, most of its calls use what
/// it has reserved before, and it is the only one.
pub fn sharing_client(base_url: &str) -> OrionOS {
    OrionOS::builder()
        .api_key(KEY)
        .base_url(base_url)
        .pacing(Pacing::shared(MemoryWindowStore::new()))
        .build()
        .expect("a client")
}

/// Returns a runtime with one thread.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// The code of a careful user: one client, typed structs, no policies.
#[derive(Clone)]
pub struct Handwritten {
    client: reqwest::Client,
    base_url: String,
}

#[derive(Deserialize)]
pub struct Envelope<T> {
    pub data: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    pub id: String,
    pub name: String,
    pub status: String,
    pub bio: Option<Vec<String>>,
    pub personality: Option<Personality>,
    pub knowledge: Option<Vec<String>>,
    pub goals: Option<Vec<String>>,
    pub clients: Option<Vec<String>>,
    pub settings: Option<Map<String, Value>>,
    pub model_provider: Option<String>,
    pub model: Option<String>,
    pub plugins: Option<Vec<Plugin>>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub metrics: Option<Metrics>,
}

#[derive(Deserialize)]
pub struct Personality {
    pub traits: Option<Vec<String>>,
    pub style: Option<String>,
    pub tone: Option<String>,
    pub adjectives: Option<Vec<String>>,
    pub voice: Option<String>,
}

#[derive(Deserialize)]
pub struct Plugin {
    pub name: String,
    pub enabled: bool,
    pub config: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    pub total_messages: u64,
    pub total_conversations: u64,
    pub uptime: String,
}

#[derive(Deserialize)]
pub struct List {
    pub agents: Vec<Entry>,
    pub pagination: Pagination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub id: String,
    pub name: String,
    pub status: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub model_provider: Option<String>,
    pub model: Option<String>,
    pub clients: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pagination {
    pub current_page: u64,
    pub total_pages: u64,
    pub total_items: u64,
    pub items_per_page: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub message_id: String,
    pub response: String,
    pub agent_id: String,
    pub user_id: Option<String>,
    pub room_id: Option<String>,
    pub timestamp: Timestamp,
    pub metadata: Option<Metadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub tokens_used: u64,
    pub response_time: f64,
    pub model: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    pub id: String,
    pub name: String,
    pub status: String,
    pub created_at: Timestamp,
    pub api_endpoint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    pub id: String,
    pub name: String,
    pub status: String,
    pub updated_at: Timestamp,
    pub changes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    pub id: String,
    pub name: String,
    pub deleted_at: Timestamp,
    pub message: Option<String>,
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
    pub fn new(base_url: &str) -> Self {
        Self {
            client: reqwest::Client::builder()
                .timeout(std::time::Duration::from_secs(30))
                .build()
                .expect("a client"),
            base_url: base_url.to_owned(),
        }
    }

    pub async fn get(&self, id: &str) -> reqwest::Result<Agent> {
        let url = format!("{}/agents/{id}", self.base_url);
        let answer = self.client.get(url).bearer_auth(KEY).send().await?;
        data(answer).await
    }

    pub async fn create(&self, name: &str, bio: &str) -> reqwest::Result<Created> {
        let url = format!("{}/agents", self.base_url);
        let request = self.client.post(url).bearer_auth(KEY);
        let request = json_body(request, &NewAgent { name, bio: [bio] });
        data(request.send().await?).await
    }

    pub async fn deactivate(&self, id: &str) -> reqwest::Result<Updated> {
        let url = format!("{}/agents/{id}", self.base_url);
        let request = self.client.patch(url).bearer_auth(KEY);
        let request = json_body(request, &BTreeMap::from([("status", "inactive")]));
        data(request.send().await?).await
    }

    pub async fn delete(&self, id: &str) -> reqwest::Result<Deleted> {
        let url = format!("{}/agents/{id}", self.base_url);
        let answer = self.client.delete(url).bearer_auth(KEY).send().await?;
        data(answer).await
    }

    pub async fn list(&self, limit: usize) -> reqwest::Result<List> {
        let url = format!("{}/agents?limit={limit}", self.base_url);
        let answer = self.client.get(url).bearer_auth(KEY).send().await?;
        data(answer).await
    }

    pub async fn send(&self, id: &str, text: &str) -> reqwest::Result<Message> {
        let body = NewMessage {
            text,
            user_id: "user_1",
            room_id: "room_1",
        };
        let url = format!("{}/agents/{id}/messages", self.base_url);
        let request = json_body(self.client.post(url).bearer_auth(KEY), &body);
        data(request.send().await?).await
    }

    pub async fn stream(&self, id: &str) -> reqwest::Result<Response> {
        let url = format!("{}/agents/{id}/messages/stream", self.base_url);
        let body = json!({"text": "Hi"});
        let request = json_body(self.client.post(url).bearer_auth(KEY), &body);
        request.send().await?.error_for_status()
    }
}

/// Does what reqwest's `json` does. If the feature were on, `cargo test --workspace` would build reqwest
/// and the client once more, after an example has built them.
fn json_body(request: RequestBuilder, body: &impl Serialize) -> RequestBuilder {
    let body = serde_json::to_vec(body).expect("plain fields");
    let request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.body(body)
}

async fn data<T: DeserializeOwned>(response: Response) -> reqwest::Result<T> {
    let body = response.error_for_status()?.bytes().await?;
    let envelope: Envelope<T> = serde_json::from_slice(&body).expect("the expected fields");
    Ok(envelope.data)
}
