//! Makes one kind of call many times, or reads one stream of many tokens, for a profiler.
//! `benches/instructions` runs it under callgrind.
//!
//! `cargo bench -p orionos-benches --bench profile --no-run`, then
//! `valgrind --tool=callgrind target/release/deps/profile-… ours send 2000`

use orionos_benches::tokens::{read_by_hand, read_by_us, stream_answer};
use orionos_benches::{AGENT, FixedServer, Handwritten, TEXT};

const NAME: &str = "Harbour Pilot";
const BIO: &str = "Knows every shoal";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(who), Some(call), Some(calls)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("which calls? <by-hand|ours|observed> <get|list|create|send|token> <how many>");
        return;
    };
    let calls: u32 = calls.parse().expect("how many calls: a number");
    let server = match call.as_str() {
        "token" => {
            let answer = stream_answer(calls as usize);
            FixedServer::start(move |_| answer.clone())
        }
        _ => FixedServer::of_every_call(),
    };
    let hand = Handwritten::new(&server.base_url);
    let client = match who.as_str() {
        "observed" => orionos_benches::observed_client(&server.base_url),
        _ => orionos_benches::client(&server.base_url),
    };
    let agents = client.agents();
    let runtime = orionos_benches::runtime();
    runtime.block_on(async {
        if call == "token" {
            let read = match who.as_str() {
                "by-hand" => read_by_hand(&hand, |_| {}).await,
                _ => read_by_us(&client, |_| {}).await,
            };
            assert_eq!(read, calls as usize);
            return;
        }
        for _ in 0..calls {
            match (who.as_str(), call.as_str()) {
                ("by-hand", "get") => drop(hand.get(AGENT).await.expect("an agent")),
                ("by-hand", "list") => drop(hand.list(20).await.expect("a list")),
                ("by-hand", "create") => drop(hand.create(NAME, BIO).await.expect("an agent")),
                ("by-hand", "send") => drop(hand.send(AGENT, TEXT).await.expect("a reply")),
                ("ours" | "observed", "get") => {
                    drop(agents.get(AGENT).send().await.expect("an agent"))
                }
                ("ours" | "observed", "list") => {
                    drop(agents.list().limit(20).send().await.expect("a list"))
                }
                ("ours" | "observed", "create") => {
                    let create = agents.create(NAME).bio([BIO]);
                    drop(create.send().await.expect("an agent"));
                }
                ("ours" | "observed", "send") => drop(
                    agents
                        .send_message(AGENT, TEXT)
                        .user_id("user_1")
                        .room_id("room_1")
                        .send()
                        .await
                        .expect("a reply"),
                ),
                _ => {
                    eprintln!("not known: {who} {call}");
                    return;
                }
            }
        }
    });
}
