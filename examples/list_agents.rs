//! Reads a list in three ways: page by page, item by item, and four pages at a time.
//!
//! `cargo run --example list_agents` runs offline on its own mock.

use orionos::{AgentSort, Order, OrionOS};
use orionos_mock_server::MockServer;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let names = (1..=45).map(|number| format!("Agent {number:02}"));
    let mock = MockServer::builder().agents(names).start().await?;
    let orion = OrionOS::builder()
        .api_key(mock.api_key())
        .base_url(mock.base_url())
        .build()?;

    let by_name = orion
        .agents()
        .list()
        .sort_by(AgentSort::Name)
        .order(Order::Asc);

    let page = by_name.clone().limit(10).send().await?;
    println!(
        "Page 1 of {}: {} to {}",
        page.pagination.total_pages,
        page.items.first().map_or("-", |agent| &agent.name),
        page.items.last().map_or("-", |agent| &agent.name),
    );
    if let Some(next) = page.next_page().await? {
        println!("Page 2 has {} items", next.items.len());
    }

    let mut count = 0;
    let mut agents = by_name.clone().items();
    while let Some(agent) = agents.next().await {
        agent?;
        count += 1;
    }
    println!("One by one: {count} agents");

    let all = by_name.limit(10).concurrency(4).all().await?;
    println!(
        "All in one vector: {} agents, the last is {}",
        all.len(),
        all[all.len() - 1].name
    );
    Ok(())
}
