//! Finds the account's window, which limits all operations together.
//!
//! The server does not name the window that its headers describe: they show whichever of the
//! account's and the operation's window has fewer requests left. The client has to find out.
//!
//! It counts what all its operations have sent (`sent`), and what the response's own operation has
//! sent (`operation_sent`). A response whose window counts more requests than its own operation
//! sent, and as many as all operations together, describes the account's window. Calls in flight
//! may or may not have been counted yet, so a difference of at most their number is a match.
//!
//! Requests of another process can make an operation's window count more than this client sent.
//! Those numbers match all operations together only by chance, and are not taken for the account's.
//!
//! Once the window is known, it is recognized by its limit. Responses that describe another window
//! still count against it: the server counted the call in both. It is forgotten when a response
//! says that more requests are left than its limit, because then it would have been shown instead.

use tokio::time::Instant;

use super::window::Window;
use crate::rate_limit::RateLimit;

/// Takes in a response's headers for the account's window. `operation_sent` is how many calls of
/// the response's operation its window has counted.
pub(super) fn observe(
    account: &mut Window,
    told: &RateLimit,
    reset: Instant,
    counted: bool,
    operation_sent: u64,
) {
    if account.limit().is_some_and(|limit| told.remaining > limit) {
        account.forget_limit();
    }
    match account.limit() {
        Some(limit) if limit == told.limit => {
            account.observe(told, reset, counted);
        }
        Some(_) if counted => account.count(),
        Some(_) => {}
        None => {
            let Some(sent) = account.count_in(told, reset, counted) else {
                return;
            };
            let used = told.limit.saturating_sub(told.remaining);
            if used > operation_sent && used.abs_diff(sent) <= account.in_flight() {
                account.set_limit(told);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;

    fn told(limit: u64, remaining: u64, reset: i64) -> RateLimit {
        RateLimit {
            limit,
            remaining,
            reset: Timestamp::from_second(reset).unwrap(),
        }
    }

    fn room(window: &mut Window, now: Instant) -> u64 {
        let mut started = 0;
        while window.has_room(now) && started < 1000 {
            window.start();
            started += 1;
        }
        (0..started).for_each(|_| window.finish());
        started
    }

    #[test]
    fn the_accounts_window_is_found_when_the_numbers_fit_all_operations() {
        let now = Instant::now();
        let reset = now + Duration::from_secs(30);
        let mut account = Window::account();
        // Five creates against their own window of 10 …
        for left in (5..10).rev() {
            account.start();
            observe(&mut account, &told(10, left, 90), reset, true, 10 - left);
            account.finish();
        }
        assert_eq!(room(&mut account, now), 1000);
        // … and one get, whose headers have counted six.
        account.start();
        observe(&mut account, &told(60, 54, 90), reset, true, 1);
        account.finish();
        assert_eq!(room(&mut account, now), 54);
        // Responses about another window count against it too.
        observe(&mut account, &told(10, 4, 90), reset, true, 6);
        assert_eq!(room(&mut account, now), 53);
    }

    #[test]
    fn the_requests_of_another_process_are_not_taken_for_the_accounts_window() {
        let now = Instant::now();
        let mut account = Window::account();
        for _ in 0..50 {
            observe(
                &mut account,
                &told(60, 59, 90),
                now + Duration::from_secs(30),
                true,
                1,
            );
        }
        // Somebody else has created four agents.
        observe(
            &mut account,
            &told(10, 5, 90),
            now + Duration::from_secs(30),
            true,
            1,
        );
        assert_eq!(room(&mut account, now), 1000);
    }

    #[test]
    fn more_left_than_the_accounts_limit_means_that_it_was_raised() {
        let now = Instant::now();
        let reset = now + Duration::from_secs(30);
        let mut account = Window::account();
        observe(&mut account, &told(10, 9, 90), reset, true, 1);
        observe(&mut account, &told(60, 58, 90), reset, true, 1);
        assert_eq!(room(&mut account, now), 58);
        observe(&mut account, &told(300, 290, 90), reset, true, 3);
        assert_eq!(room(&mut account, now), 1000);
    }
}
