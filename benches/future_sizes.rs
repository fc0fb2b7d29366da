//! How large the futures of calls are. Whoever awaits a call has its future in their own, and a task moves
//! all of it when it is spawned.

use orionos_benches::{AGENT, Handwritten, TEXT};

/// The hand-written get has 896 bytes with Rust 1.95. Another compiler may lay a future out differently.
#[test]
fn the_future_of_a_call_is_not_much_larger_than_the_hand_written_one() {
    let base_url = "http://localhost:1/v1";
    let agents = orionos_benches::client(base_url).agents();
    let hand = Handwritten::new(base_url);
    println!("get, by hand: {}", size_of_val(&hand.get(AGENT)));
    for (name, size, most) in [
        ("get", size_of_val(&agents.get(AGENT).send()), 1400),
        ("list", size_of_val(&agents.list().send()), 1750),
        (
            "create",
            size_of_val(&agents.create("Harbour Pilot").send()),
            1500,
        ),
        ("update", size_of_val(&agents.update(AGENT).send()), 1700),
        ("delete", size_of_val(&agents.delete(AGENT).send()), 1700),
        (
            "send_message",
            size_of_val(&agents.send_message(AGENT, TEXT).send()),
            1700,
        ),
        (
            "stream_message",
            size_of_val(&agents.stream_message(AGENT, TEXT).send()),
            1850,
        ),
    ] {
        println!("{name}: {size}");
        assert!(size <= most, "{name} has {size} bytes, more than {most}");
    }
}
