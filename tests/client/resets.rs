//! Servers that count and name their resets in other ways: rounded, sliding, by a clock that is
//! off, by several windows, and with a limit that changes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use httpdate::fmt_http_date;
use orionos::RetryPolicy;
use serde_json::json;
use tokio::time::Instant;

use crate::support::{AGENT, Answers, over};

/// When the server's clock starts, in Unix seconds.
const START: i64 = 1_700_000_000;

/// How a server says when a window resets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reset {
    RoundedUp,
    RoundedDown,
    /// The window slides: a request counts for its length, and each response names a later reset.
    Sliding,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    name: &'static str,
    reset: Reset,
    /// How far the server's clock is off.
    clock_off: i64,
    /// Limits and lengths in seconds.
    windows: &'static [(usize, u64)],
    /// From this second on, the first window has this limit.
    change: Option<(u64, usize)>,
    minutes: u64,
    /// The most 429s, and the fewest answered calls.
    refused: usize,
    answered: usize,
}

const MINUTE: &[(usize, u64)] = &[(60, 60)];
const PLAIN: Row = Row {
    name: "rounded up",
    reset: Reset::RoundedUp,
    clock_off: 0,
    windows: MINUTE,
    change: None,
    minutes: 10,
    refused: 0,
    answered: 600,
};

const ROWS: [Row; 9] = [
    PLAIN,
    Row {
        name: "rounded down",
        reset: Reset::RoundedDown,
        refused: 5,
        ..PLAIN
    },
    Row {
        name: "sliding",
        reset: Reset::Sliding,
        answered: 580,
        ..PLAIN
    },
    Row {
        name: "a clock that is an hour ahead",
        clock_off: 3600,
        ..PLAIN
    },
    Row {
        name: "a clock that is a year behind, rounded down",
        reset: Reset::RoundedDown,
        clock_off: -365 * 24 * 3600,
        refused: 5,
        ..PLAIN
    },
    Row {
        name: "a limit that is lowered in the middle of a window",
        change: Some((150, 30)),
        refused: 8,
        answered: 60 * 3 + 30 * 7,
        ..PLAIN
    },
    Row {
        name: "a limit that is raised in the middle of a window",
        change: Some((150, 120)),
        refused: 8,
        // The raise is noticed at the next reset.
        answered: 60 * 3 + 120 * 7,
        ..PLAIN
    },
    Row {
        name: "a minute's and an hour's window",
        // Both are used up at the same time, and the server tells of one of them.
        windows: &[(60, 60), (300, 3600)],
        minutes: 63,
        refused: 1,
        answered: 300 + 180,
        ..PLAIN
    },
    Row {
        name: "a minute's and an hour's window, rounded down",
        reset: Reset::RoundedDown,
        windows: &[(60, 60), (300, 3600)],
        minutes: 63,
        refused: 8,
        answered: 300 + 180,
        ..PLAIN
    },
];

/// The server of a row. Its windows begin 0.4 seconds after a full second.
struct Server {
    row: Row,
    started: Instant,
    /// When the requests that still count were answered, in milliseconds, by window.
    counted: Vec<VecDeque<u64>>,
    answered: usize,
    refused: usize,
}

impl Server {
    fn new(row: Row) -> Self {
        Self {
            row,
            started: Instant::now(),
            counted: vec![VecDeque::new(); row.windows.len()],
            answered: 0,
            refused: 0,
        }
    }

    fn limit(&self, window: usize, now: u64) -> usize {
        match self.row.change {
            Some((second, limit)) if window == 0 && now >= second * 1000 => limit,
            _ => self.row.windows[window].0,
        }
    }

    /// When the window began that a moment is in.
    fn begin(length: u64, now: u64) -> u64 {
        const PHASE: u64 = 400;
        now - (now + length * 1000 - PHASE) % (length * 1000)
    }

    fn answer(&mut self) -> Response<Full<Bytes>> {
        // The clock starts in the middle of the first window.
        let now = 20_000 + u64::try_from(self.started.elapsed().as_millis()).unwrap();
        for (counted, (_, length)) in self.counted.iter_mut().zip(self.row.windows) {
            let since = match self.row.reset {
                Reset::Sliding => (now + 1).saturating_sub(length * 1000),
                _ => Self::begin(*length, now.max(length * 1000)),
            };
            while counted.front().is_some_and(|at| *at < since) {
                counted.pop_front();
            }
        }
        let left = |window: usize| {
            let used = self.counted[window].len();
            self.limit(window, now).saturating_sub(used)
        };
        let tightest = (0..self.counted.len()).min_by_key(|window| left(*window));
        let window = tightest.unwrap();
        let is_refused = left(window) == 0;
        if is_refused {
            self.refused += 1;
        } else {
            self.answered += 1;
            self.counted
                .iter_mut()
                .for_each(|counted| counted.push_back(now));
        }
        let used = self.counted[window].len();
        let limit = self.limit(window, now);
        let length = self.row.windows[window].1;
        let reset = match self.row.reset {
            Reset::RoundedUp => (Self::begin(length, now) + length * 1000).div_ceil(1000),
            Reset::RoundedDown => (Self::begin(length, now) + length * 1000) / 1000,
            Reset::Sliding => {
                let newest = self.counted[window].back().copied().unwrap_or(now);
                (newest + length * 1000).div_ceil(1000)
            }
        };
        let unix = |seconds: u64| START + self.row.clock_off + i64::try_from(seconds).unwrap();
        let date = Duration::from_secs(u64::try_from(unix(now / 1000)).unwrap());
        let (status, body) = match is_refused {
            true => {
                let error = json!({"code": "RATE_LIMIT_EXCEEDED", "message": "no"});
                (429, json!({"success": false, "error": error}))
            }
            false => {
                let agent = json!({"id": AGENT, "name": "A", "status": "active"});
                (200, json!({"success": true, "data": agent}))
            }
        };
        Response::builder()
            .status(status)
            .header("date", fmt_http_date(std::time::UNIX_EPOCH + date))
            .header("x-ratelimit-limit", limit)
            .header("x-ratelimit-remaining", limit.saturating_sub(used))
            .header("x-ratelimit-reset", unix(reset))
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn the_permitted_rate_is_used_whatever_a_server_counts_and_says() {
    for row in ROWS {
        let server = Arc::new(Mutex::new(Server::new(row)));
        let shared = server.clone();
        let orion = over(Answers::new(move |_| Ok(shared.lock().unwrap().answer())))
            .max_wait(Duration::from_secs(2 * 3600))
            .retry(RetryPolicy::default().max_retry_after(Duration::from_secs(2 * 3600)))
            .build()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(60 * row.minutes - 21);
        let callers: Vec<_> = (0..8)
            .map(|_| {
                let agents = orion.agents();
                tokio::spawn(async move {
                    while Instant::now() < until {
                        agents.get(AGENT).send().await.unwrap();
                        // A call takes a while.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                })
            })
            .collect();
        tokio::time::sleep_until(until).await;
        callers.iter().for_each(tokio::task::JoinHandle::abort);
        let server = server.lock().unwrap();
        let (answered, refused) = (server.answered, server.refused);
        println!("{}: {answered} answered, {refused} 429s", row.name);
        assert!(refused <= row.refused, "{}: {refused} 429s", row.name);
        let least = row.answered * 98 / 100;
        assert!(answered >= least, "{}: {answered} answered", row.name);
    }
}
