//! Lists that change while they are read: a model of a live list, with random changes between any two
//! pages. Every agent that was there at the start and still is at the end is yielded, once.
//!
//! `LIVE_LIST_SEEDS=100000 cargo test --test client live_lists` runs more seeds, and
//! `LIVE_LIST_SEED=7` one of them again.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use orionos::{AgentSort, AgentSummary, Order, OrionOS, Pacing, RequestBody, Timestamp};
use serde_json::{Value, json};

use crate::support::{Answers, over};

const SEEDS: u64 = 300;
/// When the model's lists begin, in Unix seconds.
const START: i64 = 1_767_225_600;

/// A small generator of its own, so that a seed means the same everywhere.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end.max(1)
    }
}

#[derive(Clone)]
struct Entry {
    id: u64,
    name: String,
    created: i64,
}

/// What may happen between two pages.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Churn {
    None,
    Creates,
    Deletes,
    Both,
}

struct Model {
    entries: Vec<Entry>,
    next_id: u64,
    now: i64,
    random: Random,
    churn: Churn,
    most_changes: u64,
    /// Creates that are left: a list that always grows faster than it is read has no end.
    creates_left: u64,
    /// The server never returns more than this, whatever is asked for.
    page_cap: u64,
    cap_changes: bool,
    by_name: bool,
    ascending: bool,
    requests: usize,
}

impl Model {
    fn create(&mut self) {
        let id = self.next_id;
        self.next_id += 1;
        self.now += 1;
        let name = format!("{:03}", self.random.below(1000));
        let created = self.now;
        self.entries.push(Entry { id, name, created });
    }

    fn change(&mut self) {
        self.now += 2;
        let (creates, deletes) = match self.churn {
            Churn::None => (false, false),
            Churn::Creates => (true, false),
            Churn::Deletes => (false, true),
            Churn::Both => (true, true),
        };
        if deletes {
            for _ in 0..self.random.below(self.most_changes + 1) {
                if !self.entries.is_empty() {
                    let index = self.random.below(self.entries.len() as u64);
                    self.entries.remove(index as usize);
                }
            }
        }
        if creates {
            let creates = self
                .random
                .below(self.most_changes + 1)
                .min(self.creates_left);
            self.creates_left -= creates;
            (0..creates).for_each(|_| self.create());
        }
        if self.cap_changes {
            self.page_cap = 1 + self.random.below(8);
        }
    }

    fn page(&self, number: u64, limit: u64) -> Value {
        let mut entries = self.entries.clone();
        if self.by_name {
            entries.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        }
        if !self.ascending {
            entries.reverse();
        }
        let size = limit.min(self.page_cap);
        let total = entries.len() as u64;
        let items: Vec<Value> = entries
            .iter()
            .skip(((number - 1) * size) as usize)
            .take(size as usize)
            .map(|entry| {
                let created = Timestamp::from_second(entry.created).unwrap();
                json!({
                    "id": entry.id.to_string(), "name": entry.name, "status": "active",
                    "createdAt": created.to_string(),
                })
            })
            .collect();
        json!({"success": true, "data": {"agents": items, "pagination": {
            "currentPage": number, "totalPages": total.div_ceil(size),
            "totalItems": total, "itemsPerPage": size,
        }}})
    }
}

/// The model as a server: requests that are in flight together are served in any order.
#[derive(Clone)]
struct Server(Arc<Mutex<Model>>);

impl tower_service::Service<Request<RequestBody>> for Server {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        let model = self.0.clone();
        let delay = model.lock().unwrap().random.below(50);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(delay)).await;
            let query = request.uri().query().unwrap_or_default();
            let number = |name: &str, default| {
                url::form_urlencoded::parse(query.as_bytes())
                    .find(|(key, _)| key == name)
                    .map_or(default, |(_, value)| value.parse().unwrap())
            };
            let mut model = model.lock().unwrap();
            model.requests += 1;
            if model.requests > 1 {
                model.change();
            }
            let body = model.page(number("page", 1), number("limit", 20));
            let seconds = u64::try_from(model.now).unwrap();
            let date = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
            let response = Response::builder()
                .header("date", httpdate::fmt_http_date(date))
                .body(Full::new(Bytes::from(body.to_string())));
            Ok(response.unwrap())
        })
    }
}

/// One list of one seed, read in one of the ways.
#[derive(Debug)]
struct Case {
    seed: u64,
    agents: u64,
    limit: u32,
    concurrency: usize,
    by_name: bool,
    ascending: bool,
    churn: Churn,
    most_changes: u64,
}

impl Case {
    fn of(seed: u64) -> (Self, Random) {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        random.next();
        let by_name = random.below(3) == 0;
        let churn = match random.below(if by_name { 3 } else { 4 }) {
            0 => Churn::Creates,
            1 => Churn::Deletes,
            2 => Churn::None,
            _ => Churn::Both,
        };
        let case = Self {
            seed,
            agents: random.below(60),
            limit: 1 + random.below(10) as u32,
            concurrency: 1 + random.below(5) as usize,
            by_name,
            ascending: random.below(2) == 0,
            churn,
            most_changes: 1 + random.below(6),
        };
        (case, random)
    }
}

async fn read(case: &Case, random: Random) -> (Vec<AgentSummary>, BTreeSet<String>, usize) {
    let mut model = Model {
        entries: Vec::new(),
        next_id: 1,
        now: START,
        random,
        churn: case.churn,
        most_changes: case.most_changes,
        creates_left: 80,
        page_cap: 100,
        cap_changes: case.seed.is_multiple_of(5),
        by_name: case.by_name,
        ascending: case.ascending,
        requests: 0,
    };
    (0..case.agents).for_each(|_| model.create());
    model.now += 10;
    let ids = |model: &Model| -> BTreeSet<String> {
        let entries = model.entries.iter();
        entries.map(|entry| entry.id.to_string()).collect()
    };
    let at_the_start = ids(&model);
    let server = Server(Arc::new(Mutex::new(model)));
    let orion = OrionOS::builder()
        .api_key("key")
        .base_url("http://localhost/v1")
        .pacing(Pacing::Off)
        .http_service(server.clone())
        .build()
        .unwrap();
    let sort = if case.by_name {
        AgentSort::Name
    } else {
        AgentSort::CreatedAt
    };
    let order = if case.ascending {
        Order::Asc
    } else {
        Order::Desc
    };
    let list = orion.agents().list().sort_by(sort).order(order);
    let list = list.limit(case.limit).concurrency(case.concurrency);
    let all = list.all().await.unwrap();
    let model = server.0.lock().unwrap();
    let stayed = at_the_start.intersection(&ids(&model)).cloned().collect();
    (all, stayed, model.requests)
}

#[test]
fn every_agent_that_stays_is_yielded_once_whatever_happens_between_two_pages() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = match (number("LIVE_LIST_SEED"), number("LIVE_LIST_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, seeds) => 1..seeds.unwrap_or(SEEDS) + 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for seed in seeds {
        let (case, random) = Case::of(seed);
        if std::env::var_os("LIVE_LIST_SEED").is_some() {
            println!("{case:?}");
        }
        let (all, stayed, requests) = runtime.block_on(read(&case, random));
        let mut yielded = BTreeSet::new();
        for agent in &all {
            assert!(
                yielded.insert(agent.id.to_string()),
                "twice: {agent:?}, {case:?}"
            );
        }
        let missed: Vec<_> = stayed.difference(&yielded).collect();
        assert!(missed.is_empty(), "missed {missed:?}: {case:?}");
        if case.churn == Churn::None && !case.seed.is_multiple_of(5) {
            let pages = case.agents.div_ceil(u64::from(case.limit)).max(1);
            assert_eq!(
                requests as u64, pages,
                "a quiet list costs one request per page: {case:?}"
            );
        }
        *kinds.entry(format!("{:?}", case.churn)).or_default() += 1;
    }
    println!("lists read: {kinds:?}");
}

fn body(ids: &[&str], pagination: Value) -> Response<Full<Bytes>> {
    let agents: Vec<Value> = ids
        .iter()
        .map(|id| json!({"id": id, "name": id, "status": "active"}))
        .collect();
    let body = json!({"success": true, "data": {"agents": agents, "pagination": pagination}});
    Response::new(Full::new(body.to_string().into()))
}

async fn all(
    answer: impl Fn(usize) -> Response<Full<Bytes>> + Send + Sync + 'static,
) -> Vec<String> {
    let orion = over(Answers::new(move |number| Ok(answer(number))))
        .build()
        .unwrap();
    let agents = orion.agents().list().all().await.unwrap();
    agents.into_iter().map(|agent| agent.name).collect()
}

#[tokio::test]
async fn a_list_ends_on_the_latest_total_not_on_the_first() {
    let names = all(|number| match number {
        1 => body(
            &["a", "b"],
            json!({"currentPage": 1, "totalPages": 2, "totalItems": 4, "itemsPerPage": 2}),
        ),
        2 => body(
            &["c", "d"],
            json!({"currentPage": 2, "totalPages": 3, "totalItems": 5, "itemsPerPage": 2}),
        ),
        _ => body(
            &["e"],
            json!({"currentPage": 3, "totalPages": 3, "totalItems": 5, "itemsPerPage": 2}),
        ),
    })
    .await;
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn the_total_that_says_more_is_believed_and_no_total_means_until_an_empty_page() {
    for pagination in [
        json!({"currentPage": 1, "totalPages": 1, "totalItems": 3, "itemsPerPage": 2}),
        json!({"totalPages": 2, "totalItems": "many", "itemsPerPage": 2}),
        json!({"totalPages": "2", "itemsPerPage": 2.0}),
        json!({"totalPages": 2}),
        json!({"totalItems": 3.0}),
        json!({}),
        json!(null),
    ] {
        let told = pagination.clone();
        let names = all(move |number| match number {
            1 => body(&["a", "b"], told.clone()),
            2 => body(&["c"], told.clone()),
            _ => body(&[], told.clone()),
        })
        .await;
        assert_eq!(names, ["a", "b", "c"], "{pagination}");
    }
}

#[tokio::test]
async fn a_page_of_exactly_the_added_agents_is_not_taken_for_the_end() {
    // Two agents are added and two removed between the pages, so page 2 repeats page 1.
    let told = |page: u64| json!({"currentPage": page, "totalPages": 3, "totalItems": 6, "itemsPerPage": 2});
    let names = all(move |number| match number {
        1 => body(&["a", "b"], told(1)),
        2 => body(&["a", "b"], told(2)),
        _ => body(&["c", "d"], told(3)),
    })
    .await;
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_list_that_says_nothing_new_for_ever_is_an_error() {
    let orion = over(Answers::new(|number| {
        // The total swings, so that reading is led back again and again.
        let total = if number % 2 == 0 { 4 } else { 1_000_000 };
        let ids = [["a", "b"], ["c", "d"]][number % 2];
        Ok(body(&ids, json!({"totalItems": total, "itemsPerPage": 2})))
    }))
    .build()
    .unwrap();
    let error = orion.agents().list().all().await.unwrap_err();
    assert!(error.to_string().contains("did not end"), "{error}");
}

mod unreadable_items {
    use super::*;
    use orionos::OrionError;

    fn service() -> Answers<Full<Bytes>> {
        Answers::new(|_| {
            let good = |id: &str| json!({"id": id, "name": id, "status": "active"});
            let odd = json!({"id": "odd", "status": "active", "note": "canary-key-0123"});
            let body = json!({"success": true, "data": {
                "agents": [good("a"), odd, good("b"), 7, good("c")],
                "pagination": {"currentPage": 1, "totalPages": 1, "totalItems": 5, "itemsPerPage": 5},
            }});
            let response = Response::builder().header("x-request-id", "req_1");
            Ok(response.body(Full::new(body.to_string().into())).unwrap())
        })
    }

    #[tokio::test]
    async fn each_is_an_error_in_its_place_and_the_others_come() {
        let orion = over(service()).build().unwrap();
        let mut items = orion.agents().list().items();
        let mut told = Vec::new();
        while let Some(item) = items.next().await {
            told.push(match item {
                Ok(agent) => agent.name,
                Err(OrionError::Decode(error)) => error.path().to_owned(),
                Err(error) => panic!("{error}"),
            });
        }
        assert_eq!(told, ["a", "data.agents[1]", "b", "data.agents[3]", "c"]);
    }

    #[tokio::test]
    async fn a_page_has_them_apart_from_its_items() {
        let orion = over(service()).build().unwrap();
        let page = orion.agents().list().send().await.unwrap();
        assert_eq!((page.items.len(), page.unreadable.len()), (3, 2));
        assert_eq!(page.unreadable[0].value["id"], "odd");
        assert_eq!(page.unreadable[0].path, "data.agents[1]");
        assert!(page.unreadable[0].reason.contains("name"));
    }

    #[tokio::test]
    async fn all_is_an_error_that_counts_them() {
        let orion = over(service()).build().unwrap();
        let error = orion.agents().list().all().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("2 of 5 items cannot be decoded"), "{text}");
        assert!(text.contains("data.agents[1]"), "{text}");
        assert_eq!(error.request_id(), Some("req_1"));
        assert_eq!(error.operation(), Some("agents.list"));
    }

    #[tokio::test]
    async fn their_errors_do_not_repeat_the_key() {
        let orion = over(service()).api_key("canary-key-0123").build().unwrap();
        let mut items = orion.agents().list().items();
        items.next().await.unwrap().unwrap();
        let error = items.next().await.unwrap().unwrap_err();
        let printed = format!("{error} {error:?} {:?}", error.body_excerpt());
        assert!(!printed.contains("canary-key"), "{printed}");
    }
}
