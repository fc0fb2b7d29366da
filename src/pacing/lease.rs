//! The calls that this client has reserved in the store, for the calls of one queue: a pure state
//! machine.

use std::time::Duration;

use tokio::time::Instant;

use super::observation::Observation;
use super::start::Start;
use super::store::{Grant, Reservation, WindowReport};

/// The store takes a lease back after 5 seconds. The client's ends earlier, because a call takes
/// time.
const LEASE: Duration = Duration::from_secs(4);

#[derive(Debug, Default)]
pub(super) struct Lease {
    /// The window's name in the store.
    window: String,
    /// Reserved calls that have not been sent, and when they are forfeited.
    calls: u64,
    ends_at: Option<Instant>,
    /// Whether a reservation is on its way.
    is_asking: bool,
    ask_again_at: Option<Instant>,
    /// What the server told of the present period, and whether the store does not know it yet.
    told: Option<(WindowReport, Instant)>,
    told_is_news: bool,
    /// What else the store has not been told yet.
    answered: u64,
    refused: u64,
    returned: u64,
    is_report_scheduled: bool,
    /// Whether the store granted calls without knowing the window. Other clients then wait until this
    /// client reports the server's limits.
    is_probe: bool,
    /// Calls sent in this second and the one before: what is wanted beyond the waiting ones.
    second: Option<Instant>,
    sent: u64,
    sent_before: u64,
}

impl Lease {
    pub(super) fn new(window: String) -> Self {
        Self {
            window,
            ..Self::default()
        }
    }

    /// When one more call may be sent.
    pub(super) fn next_start(&mut self, now: Instant) -> Start {
        self.end(now);
        match self.ask_again_at {
            _ if self.calls > 0 => Start::Now,
            Some(at) if at > now && !self.is_asking => Start::At(at),
            _ => Start::AfterResponse,
        }
    }

    /// Whether calls wait for a reservation that nobody has asked for.
    pub(super) fn must_ask(&self, now: Instant) -> bool {
        self.calls == 0 && !self.is_asking && self.ask_again_at.is_none_or(|at| at <= now)
    }

    pub(super) fn is_asking(&self) -> bool {
        self.is_asking
    }

    /// The reservation to ask for, with a report. `waiting` calls wait.
    pub(super) fn ask(&mut self, client: &str, waiting: u64, now: Instant) -> Reservation {
        self.end(now);
        self.is_asking = true;
        self.is_report_scheduled = false;
        self.is_probe &= !self.has_news();
        self.count_seconds(now);
        let news = self.told.filter(|_| std::mem::take(&mut self.told_is_news));
        let told = news.map(|(report, resets_at)| WindowReport {
            resets_in: resets_at.saturating_duration_since(now),
            ..report
        });
        Reservation {
            window: self.window.clone(),
            client: client.to_owned(),
            want: match waiting {
                0 => 0,
                waiting => waiting + self.sent.max(self.sent_before),
            },
            told,
            answered: std::mem::take(&mut self.answered),
            refused: std::mem::take(&mut self.refused),
            returned: std::mem::take(&mut self.returned),
        }
    }

    /// Takes in the store's reply.
    pub(super) fn granted(&mut self, grant: &Grant, now: Instant) {
        self.is_asking = false;
        // The reply to a report says nothing of when to ask.
        if let Some(delay) = grant.retry_in {
            self.ask_again_at = now.checked_add(delay);
        }
        if grant.calls > 0 {
            self.calls += grant.calls;
            let ends_at = now + LEASE;
            let resets_at = grant.resets_in.and_then(|time| now.checked_add(time));
            self.ends_at = Some(resets_at.map_or(ends_at, |at| at.min(ends_at)));
            self.ask_again_at = None;
            self.is_probe = grant.resets_in.is_none();
        }
    }

    /// The store does not reply.
    pub(super) fn failed(&mut self) {
        self.is_asking = false;
        self.told_is_news = true;
        self.ask_again_at = None;
        self.calls = 0;
        self.ends_at = None;
        self.is_probe = false;
    }

    /// A call is sent.
    pub(super) fn start(&mut self, now: Instant) {
        self.calls = self.calls.saturating_sub(1);
        self.count_seconds(now);
        self.sent += 1;
    }

    /// A call has its response, or never gets one.
    pub(super) fn answered(&mut self, counted: bool) {
        self.answered += 1;
        self.refused += u64::from(!counted);
    }

    /// A call was not sent.
    pub(super) fn not_sent(&mut self) {
        self.returned += 1;
    }

    /// What a response told of the window.
    pub(super) fn observe(&mut self, seen: &Observation) {
        let report = WindowReport {
            limit: seen.told.limit,
            used: seen.used(),
            reset: seen.reset_at_unix(),
            resets_in: Duration::ZERO,
        };
        self.told_is_news = true;
        match &mut self.told {
            Some((known, _)) if report.reset < known.reset => {}
            Some((known, resets_at)) if report.reset == known.reset => {
                known.used = known.used.max(report.used);
                known.limit = report.limit;
                *resets_at = seen.resets_at;
            }
            known => {
                if known.is_some() {
                    // What was answered before was counted in the period that is over.
                    self.returned += self.answered;
                    (self.answered, self.refused) = (0, 0);
                }
                *known = Some((report, seen.resets_at));
            }
        }
    }

    /// Whether a report has to be scheduled; if so, it is from now on.
    pub(super) fn schedule_report(&mut self) -> bool {
        let has_news = self.has_news() && !self.is_asking && !self.is_report_scheduled;
        self.is_report_scheduled |= has_news;
        has_news
    }

    /// Whether a scheduled report is still news.
    pub(super) fn report_is_due(&mut self) -> bool {
        std::mem::take(&mut self.is_report_scheduled) && self.has_news() && !self.is_asking
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls == 0
    }

    /// Whether others wait for the response to these calls.
    pub(super) fn is_probe(&self) -> bool {
        self.is_probe
    }

    /// Whether the store has not been told of responses.
    pub(super) fn has_news(&self) -> bool {
        self.answered + self.returned > 0
    }

    fn end(&mut self, now: Instant) {
        if self.ends_at.is_some_and(|at| at <= now) {
            self.ends_at = None;
            self.returned += std::mem::take(&mut self.calls);
        }
    }

    fn count_seconds(&mut self, now: Instant) {
        let second = self.second.get_or_insert(now);
        let passed = now.saturating_duration_since(*second).as_secs();
        if passed > 0 {
            self.sent_before = if passed == 1 { self.sent } else { 0 };
            self.sent = 0;
            self.second = Some(now);
        }
    }
}
