use jiff::Timestamp;

use super::*;
use crate::rate_limit::RateLimit;

const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// Returns a response that arrives now and describes a window with these numbers.
fn seen(limit: u64, remaining: u64, reset: i64, resets_at: Instant) -> Observation {
    let now = resets_at.checked_sub(HALF_A_MINUTE).unwrap_or(resets_at);
    Observation {
        told: RateLimit {
            limit,
            remaining,
            reset: Timestamp::from_second(reset).unwrap(),
        },
        resets_at,
        counted: true,
        sent_at: now,
        now,
    }
}

/// Takes in the response to a call that is in flight.
fn observe(windows: &mut Windows, seen: &Observation) {
    windows.respond();
    if let Some(sent) = windows.count_in_period(seen) {
        windows.observe(seen, sent);
    }
}

/// How many more calls could be sent.
fn room(windows: &mut Windows, now: Instant) -> u64 {
    let mut started = 0;
    while windows.next_start(now) == Start::Now && started < 1000 {
        windows.start(now, false);
        started += 1;
    }
    (0..started).for_each(|_| {
        windows.settle(Settled::Counted);
        windows.finish();
    });
    started
}

#[test]
fn before_the_first_response_ten_calls_may_be_in_flight() {
    assert_eq!(room(&mut Windows::new(None), Instant::now()), 10);
}

#[test]
fn a_server_that_tells_no_limit_has_none() {
    let mut windows = Windows::new(None);
    windows.respond();
    windows.count();
    assert_eq!(room(&mut windows, Instant::now()), 1000);
}

#[test]
fn what_is_left_is_shared_with_the_calls_in_flight() {
    let now = Instant::now();
    let mut windows = Windows::new(None);
    (0..40).for_each(|_| windows.count());
    observe(&mut windows, &seen(60, 20, 90, now + HALF_A_MINUTE));
    windows.start(now, false);
    windows.start(now, false);
    assert_eq!(room(&mut windows, now), 18);
}

#[test]
fn responses_out_of_order_do_not_raise_what_is_left() {
    let now = Instant::now();
    let mut windows = Windows::new(None);
    let reset = now + HALF_A_MINUTE;
    (0..57).for_each(|_| windows.count());
    observe(&mut windows, &seen(60, 3, 90, reset));
    observe(&mut windows, &seen(60, 5, 90, reset));
    assert_eq!(room(&mut windows, now), 3);
    observe(&mut windows, &seen(60, 40, 30, now));
    assert_eq!(room(&mut windows, now), 3);
}

#[test]
fn the_reset_gives_the_whole_window_back() {
    let now = Instant::now();
    let mut windows = Windows::new(None);
    let reset = now + HALF_A_MINUTE;
    (0..60).for_each(|_| windows.count());
    observe(&mut windows, &seen(60, 0, 90, reset));
    assert_eq!(windows.next_start(now), Start::At(reset));
    assert_eq!(room(&mut windows, reset), 60);
}

#[test]
fn a_window_without_a_reset_ahead_lets_one_call_ask() {
    let now = Instant::now();
    let mut nothing = Windows::new(None);
    observe(&mut nothing, &seen(0, 0, 0, now));
    assert_eq!(room(&mut nothing, now), 1);

    let mut responses_were_lost = Windows::new(None);
    (0..2).for_each(|_| responses_were_lost.count());
    observe(&mut responses_were_lost, &seen(2, 0, 90, now));
    assert_eq!(room(&mut responses_were_lost, now), 2);
    responses_were_lost.count();
    responses_were_lost.count();
    assert_eq!(room(&mut responses_were_lost, now), 1);
}

#[test]
fn at_most_this_many_calls_are_in_flight_whatever_is_left() {
    let now = Instant::now();
    let mut windows = Windows::new(Some(10));
    observe(&mut windows, &seen(60, 59, 90, now + HALF_A_MINUTE));
    (0..10).for_each(|_| windows.start(now, false));
    assert_eq!(windows.next_start(now), Start::AfterResponse);
}

#[test]
fn a_message_whose_response_is_being_read_takes_nothing_from_what_is_left() {
    let now = Instant::now();
    let mut windows = Windows::new(Some(10));
    (0..57).for_each(|_| windows.count());
    for left in [2, 1] {
        windows.start(now, false);
        observe(&mut windows, &seen(60, left, 90, now + HALF_A_MINUTE));
        windows.settle(Settled::Counted);
    }
    assert_eq!(room(&mut windows, now), 1);
}

#[test]
fn the_tighter_of_a_minutes_and_an_hours_window_holds() {
    let now = Instant::now();
    let (minute, hour) = (now + HALF_A_MINUTE, now + Duration::from_secs(3000));
    let mut windows = Windows::new(None);
    // The minute's window is shown until the hour's has fewer left.
    (0..990).for_each(|_| windows.count());
    observe(&mut windows, &seen(60, 10, 90, minute));
    let mut of_the_hour = seen(1000, 9, 3060, hour);
    (of_the_hour.now, of_the_hour.sent_at) = (now, now);
    observe(&mut windows, &of_the_hour);
    assert_eq!(room(&mut windows, now), 9);
    // After the minute, what the hour has left is remembered, and the minute's limit as well.
    assert_eq!(room(&mut windows, minute), 9);
    assert_eq!(room(&mut windows, hour), 60);
}

#[test]
fn an_earlier_reset_of_another_window_is_no_straggler() {
    let now = Instant::now();
    let (minute, hour) = (now + HALF_A_MINUTE, now + Duration::from_secs(3000));
    let mut windows = Windows::new(None);
    let mut of_the_hour = seen(1000, 990, 3060, hour);
    (of_the_hour.now, of_the_hour.sent_at) = (now, now);
    observe(&mut windows, &of_the_hour);
    observe(&mut windows, &seen(60, 0, 90, minute));
    assert_eq!(windows.next_start(now), Start::At(minute));
}

#[test]
fn a_limit_that_was_raised_replaces_the_old_one() {
    let now = Instant::now();
    let reset = now + HALF_A_MINUTE;
    let mut windows = Windows::new(None);
    observe(&mut windows, &seen(60, 59, 90, reset));
    observe(&mut windows, &seen(300, 298, 90, reset));
    assert_eq!(room(&mut windows, now), 298);
}

#[test]
fn a_limit_that_was_lowered_holds_at_once_and_after_the_reset() {
    let now = Instant::now();
    let reset = now + HALF_A_MINUTE;
    let mut windows = Windows::new(None);
    (0..29).for_each(|_| windows.count());
    observe(&mut windows, &seen(60, 30, 90, reset));
    observe(&mut windows, &seen(40, 9, 90, reset));
    assert_eq!(room(&mut windows, now), 9);
    assert_eq!(room(&mut windows, reset), 40);
}

#[test]
fn a_reset_that_was_rounded_down_is_waited_out_in_a_few_steps() {
    let start = Instant::now();
    let reset = start + HALF_A_MINUTE;
    let mut windows = Windows::new(None);
    (0..60).for_each(|_| windows.count());
    observe(&mut windows, &seen(60, 0, 90, reset));
    // The server's window ends 0.7 s after what it says.
    let end = reset + Duration::from_millis(700);
    let (mut now, mut refused) = (reset, 0);
    loop {
        match windows.next_start(now) {
            Start::Now if now >= end => break,
            Start::Now => {
                windows.start(now, true);
                let mut no = seen(60, 0, 90, reset);
                (no.counted, no.sent_at, no.now) = (false, now, now);
                observe(&mut windows, &no);
                windows.settle(Settled::Counted);
                windows.finish();
                refused += 1;
            }
            Start::At(at) => now = at,
            Start::AfterResponse => panic!("nothing is in flight"),
        }
    }
    assert_eq!((refused, now), (3, reset + Duration::from_millis(750)));
    // From then on the client knows.
    let next = reset + Duration::from_secs(60);
    let mut first = seen(60, 0, 150, next);
    (first.sent_at, first.now) = (now, now);
    observe(&mut windows, &first);
    let Start::At(at) = windows.next_start(now) else {
        panic!("the window is used up");
    };
    assert_eq!(at, next + Duration::from_millis(750));
}

#[test]
fn a_server_whose_resets_are_always_past_is_not_hammered() {
    let start = Instant::now();
    let mut windows = Windows::new(None);
    let mut now = start;
    let mut sent = 0;
    while now < start + Duration::from_secs(60) {
        match windows.next_start(now) {
            Start::Now => {
                windows.start(now, true);
                let mut no = seen(60, 0, 90, start);
                (no.counted, no.sent_at, no.now) = (false, now, now);
                observe(&mut windows, &no);
                windows.settle(Settled::Counted);
                windows.finish();
                sent += 1;
            }
            Start::At(at) => now = at,
            Start::AfterResponse => panic!("nothing is in flight"),
        }
    }
    assert!(sent <= 60, "{sent} calls in a minute");
}

#[test]
fn after_the_reset_of_a_window_that_others_use_one_call_asks() {
    let now = Instant::now();
    let reset = now + HALF_A_MINUTE;
    let mut windows = Windows::new(None);
    observe(&mut windows, &seen(60, 20, 90, reset));
    assert_eq!(room(&mut windows, reset), 1);
}

#[test]
fn on_the_last_lap_a_client_takes_one_ticket_and_leaves_the_others() {
    let now = Instant::now();
    let reset = now + HALF_A_MINUTE;
    let mut windows = Windows::new(None);
    // Two clients are assumed, so the last two tickets go to one each.
    observe(&mut windows, &seen(60, 2, 90, reset));
    windows.start(now, false);
    observe(&mut windows, &seen(60, 1, 90, reset));
    windows.settle(Settled::Counted);
    windows.finish();
    assert_eq!(windows.next_start(now), Start::At(reset));
}
