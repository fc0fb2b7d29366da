//! Lists: where they end, in which order they yield items, and what they never do.

use std::collections::HashSet;
use std::time::Duration;

use crate::support::{Answers, client, over, started, virtual_builder};
use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use orionos::{AgentSort, AgentSummary, Order, OrionError, OrionOS};
use orionos_mock_server::{Fault, ListKey, MockServer, Operation};
use serde_json::{Value, json};

fn mock_of(agents: usize) -> MockServer {
    let agents = (0..agents).map(|number| format!("Agent {number:03}"));
    started(MockServer::builder().agents(agents))
}

fn names(agents: &[AgentSummary]) -> Vec<&str> {
    agents.iter().map(|agent| agent.name.as_str()).collect()
}

/// Returns an item as a server sends it.
fn entry(id: &str) -> Value {
    json!({"id": id, "name": id, "status": "active", "createdAt": "2026-01-01T00:00:00Z"})
}

fn page(ids: &[&str], current: u64, total_pages: u64) -> Response<Full<Bytes>> {
    let entries: Vec<Value> = ids.iter().map(|id| entry(id)).collect();
    let body = json!({"success": true, "data": {"agents": entries, "pagination": {
        "currentPage": current, "totalPages": total_pages,
        "totalItems": total_pages.saturating_mul(2), "itemsPerPage": 2,
    }}});
    Response::new(Full::new(body.to_string().into()))
}

fn serving(
    answer: impl Fn(usize) -> Response<Full<Bytes>> + Send + Sync + 'static,
) -> (Answers<Full<Bytes>>, OrionOS) {
    let service = Answers::new(move |number| Ok(answer(number)));
    let orion = over(service.clone()).build().unwrap();
    (service, orion)
}

#[tokio::test]
async fn every_way_to_read_a_list_yields_the_same_agents_in_order() {
    let mock = mock_of(47);
    let list = client(&mock)
        .agents()
        .list()
        .sort_by(AgentSort::Name)
        .order(Order::Asc)
        .limit(10);
    let expected: Vec<String> = (0..47).map(|number| format!("Agent {number:03}")).collect();

    assert_eq!(names(&list.clone().all().await.unwrap()), expected);
    for concurrency in [0, 1, 3, 16, 1000] {
        let all = list.clone().concurrency(concurrency).all().await.unwrap();
        assert_eq!(names(&all), expected, "{concurrency}");
    }
    let mut items = list.clone().items();
    let mut one_by_one = Vec::new();
    while let Some(agent) = items.next().await {
        one_by_one.push(agent.unwrap());
    }
    assert_eq!(names(&one_by_one), expected);

    let mut page = list.send().await.unwrap();
    let mut by_hand = page.items.clone();
    while let Some(next) = page.next_page().await.unwrap() {
        by_hand.extend(next.items.clone());
        page = next;
    }
    assert_eq!(names(&by_hand), expected);
    assert!(!page.has_next());
}

#[tokio::test]
async fn no_page_after_the_last_is_requested() {
    let mock = mock_of(40);
    let list = client(&mock).agents().list().limit(20);
    list.clone().all().await.unwrap();
    mock.assert_requests(Operation::List, 2);
    mock.clear_requests();
    list.concurrency(8).all().await.unwrap();
    mock.assert_requests(Operation::List, 2);
}

#[tokio::test]
async fn filters_and_order_are_sent_with_every_page() {
    let mock = mock_of(3);
    let list = client(&mock)
        .agents()
        .list()
        .status("active")
        .sort_by(AgentSort::Name);
    list.order(Order::Desc).limit(1).all().await.unwrap();
    let queries: Vec<_> = mock
        .requests()
        .into_iter()
        .map(|request| request.query.unwrap())
        .collect();
    assert_eq!(queries[0], "limit=1&status=active&sortBy=name&order=desc");
    assert_eq!(
        queries[2],
        "limit=1&status=active&sortBy=name&order=desc&page=3"
    );
}

#[tokio::test]
async fn an_empty_list_is_one_empty_page() {
    let mock = mock_of(0);
    let list = client(&mock).agents().list();
    assert!(list.clone().all().await.unwrap().is_empty());
    let mut pages = list.pages();
    assert!(pages.next().await.unwrap().unwrap().items.is_empty());
    assert!(pages.next().await.is_none());
}

#[tokio::test]
async fn a_list_in_items_is_read_too() {
    let settings = MockServer::builder().agents(["a", "b", "c"]);
    let mock = started(settings.list_key(ListKey::Items));
    assert_eq!(
        client(&mock)
            .agents()
            .list()
            .limit(2)
            .all()
            .await
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn a_page_that_repeats_the_one_before_is_the_end() {
    // The server returns the second page for every higher number.
    let clamp = |number: usize| match number {
        1 => page(&["a", "b"], 1, 9),
        _ => page(&["c", "d"], 2, 9),
    };
    let (service, orion) = serving(clamp);
    let all = orion.agents().list().all().await.unwrap();
    assert_eq!(
        (names(&all), service.calls()),
        (vec!["a", "b", "c", "d"], 3)
    );

    let (_, orion) = serving(clamp);
    let second = orion
        .agents()
        .list()
        .send()
        .await
        .unwrap()
        .next_page()
        .await
        .unwrap()
        .unwrap();
    assert!(second.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn an_empty_page_is_the_end_even_if_the_total_is_larger() {
    let (service, orion) = serving(|number| match number {
        1 => page(&["a", "b"], 1, u64::MAX / 4),
        _ => page(&[], 2, u64::MAX / 4),
    });
    assert_eq!(orion.agents().list().all().await.unwrap().len(), 2);
    assert_eq!(service.calls(), 2);
}

#[tokio::test]
async fn an_absurd_total_does_no_harm() {
    for total in [1 << 63, u64::MAX] {
        let (_, orion) = serving(move |number| match number {
            1 => page(&["a", "b"], 1, total),
            2 => page(&["c"], 2, total),
            _ => page(&[], 3, total),
        });
        let all = orion.agents().list().concurrency(2).all().await.unwrap();
        assert_eq!(names(&all), ["a", "b", "c"]);
    }
}

#[tokio::test]
async fn an_agent_that_moves_to_a_later_page_is_yielded_once() {
    let (_, orion) = serving(|number| match number {
        1 => page(&["a", "b"], 1, 3),
        2 => page(&["b", "c"], 2, 3),
        _ => page(&["d"], 3, 3),
    });
    assert_eq!(
        names(&orion.agents().list().all().await.unwrap()),
        ["a", "b", "c", "d"]
    );
}

#[tokio::test]
async fn a_list_that_shrinks_while_it_is_read_ends() {
    let mock = mock_of(30);
    let orion = client(&mock);
    let mut pages = orion.agents().list().limit(10).pages();
    let first = pages.next().await.unwrap().unwrap();
    let ids: Vec<_> = first.items.iter().map(|agent| agent.id.clone()).collect();
    orion.agents().delete_many(ids).send().await;
    let mut seen: HashSet<_> = first.items.into_iter().map(|agent| agent.id).collect();
    while let Some(page) = pages.next().await {
        for agent in page.unwrap().items {
            assert!(seen.insert(agent.id), "delivered twice");
        }
    }
}

#[tokio::test]
async fn an_endless_list_is_an_error_for_all_and_a_stream_otherwise() {
    let endless = |number: usize| {
        let (one, two) = (format!("a{number}"), format!("b{number}"));
        page(&[&one, &two], number as u64, 1 << 40)
    };
    let (service, orion) = serving(endless);
    let error = orion.agents().list().all().await.unwrap_err();
    assert!(error.to_string().contains("did not end"), "{error}");
    assert!(service.calls() <= 10_002);

    let (_, orion) = serving(endless);
    let mut items = orion.agents().list().items();
    for _ in 0..100 {
        items.next().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_page_that_fails_yields_an_error_and_ends_the_list() {
    let mock = mock_of(50);
    mock.fault(Fault::status(400).on(Operation::List).after(2).times(1));
    let mut pages = client(&mock).agents().list().limit(10).pages();
    assert!(pages.next().await.unwrap().is_ok());
    assert!(pages.next().await.unwrap().is_ok());
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(error.operation(), Some("agents.list"));
    assert!(pages.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn concurrent_pages_need_the_minimum_of_round_trips() {
    for (concurrency, round_trips) in [(1, 10), (3, 4), (9, 2), (100, 2)] {
        let agents = (0..100).map(|number| format!("Agent {number:03}"));
        let mock = MockServer::builder().agents(agents).in_process().unwrap();
        mock.fault(Fault::latency(Duration::from_millis(20)));
        let orion = virtual_builder(&mock).build().unwrap();
        let started = tokio::time::Instant::now();
        let list = orion.agents().list().limit(10).concurrency(concurrency);
        assert_eq!(list.all().await.unwrap().len(), 100);
        // Tokio's timers have a resolution of one millisecond.
        let taken = started.elapsed().as_millis();
        let bound = round_trips * 20;
        assert!(
            (bound..=bound + round_trips * 2).contains(&taken),
            "{concurrency}: {taken}"
        );
    }
}

#[tokio::test]
async fn next_page_keeps_the_settings_of_the_call() -> Result<(), OrionError> {
    let mock = mock_of(30);
    let page = client(&mock)
        .agents()
        .list()
        .limit(10)
        .header("x-trace", "7")
        .send()
        .await?;
    page.next_page().await?.unwrap();
    assert_eq!(mock.requests().pop().unwrap().headers["x-trace"], "7");
    Ok(())
}
