//! Finds the account's windows, which limit all operations together.
//!
//! The server does not name the window that its headers describe: they show whichever of the
//! account's and the operation's windows has the fewest requests left. The client has to find out
//! whose it is. Two kinds of evidence tell.
//!
//! **The count.** The client knows how many calls all its operations have sent in the period, and
//! how many the response's own operation has. A response whose window counts more than its own
//! operation sent, and as many as all operations together, describes the account's window. Calls in
//! flight may or may not have been counted yet, so a difference of at most their number is a match.
//! This finds the window at once when the client is alone.
//!
//! **The order.** With other clients on the account the counts never match. But a window that all
//! operations share counts upward through all of them: if a response of one operation has told of
//! 20 used requests, a call of another operation that is sent afterwards must be told of more. Two
//! windows that merely have the same limit do not keep that order for long. A few responses in a
//! row that keep it, from one operation to another, are enough; one that breaks it refutes the
//! window. Until then, a limit and a reset that two operations have been told are likely to be the
//! account's.
//!
//! Once a window is known, it is recognized by its limit. Responses that describe another window
//! still count against it, because the server counted the call in both.

use super::observation::Observation;

/// How many times in a row the order must hold between two operations.
const ENOUGH: u32 = 2;
/// A limit that no response has had for this many seconds is no longer in use.
const OUTDATED: i64 = 120;

/// What is known about which windows are the account's.
#[derive(Debug, Default)]
pub(super) struct Account {
    candidate: Option<Candidate>,
    /// Responses so far: a call knows by it what had been told before it was sent.
    responses: u64,
}

#[derive(Debug)]
struct Candidate {
    limit: u64,
    reset_at_unix: i64,
    /// The most used that was told, by which operation, and in which response.
    used: u64,
    operation: usize,
    response: u64,
    confirmed: u32,
}

/// What a response says about whose window it describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the account's.
    Account,
    /// Two operations have been told of it, and nothing contradicts that it is the account's.
    Likely,
    /// It cannot be the account's.
    NotAccount,
    /// Nothing new.
    Unknown,
}

/// The calls that the client knows of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub(super) by_operation: u64,
    pub(super) by_all: u64,
    pub(super) in_flight: u64,
}

impl Account {
    /// How many responses there have been, for a call that is sent now.
    pub(super) fn responses(&self) -> u64 {
        self.responses
    }

    /// Judges the response to a call of `operation` that was sent after `responses` others.
    pub(super) fn judge(
        &mut self,
        seen: &Observation,
        operation: usize,
        counts: Counts,
        responses: u64,
    ) -> Verdict {
        self.responses += 1;
        let order = self.by_order(seen, operation, responses);
        let more_than_its_own = seen.used() > counts.by_operation;
        let as_many_as_all = seen.used().abs_diff(counts.by_all) <= counts.in_flight;
        if more_than_its_own && as_many_as_all && seen.counted {
            return Verdict::Account;
        }
        order
    }

    fn by_order(&mut self, seen: &Observation, operation: usize, responses: u64) -> Verdict {
        let new = Candidate {
            limit: seen.told.limit,
            reset_at_unix: seen.reset_at_unix(),
            used: seen.used(),
            operation,
            response: self.responses,
            confirmed: 0,
        };
        let Some(known) = &mut self.candidate else {
            self.candidate = Some(new);
            return Verdict::Unknown;
        };
        if known.limit != new.limit {
            // The account's limit is larger than an operation's.
            if new.limit > known.limit || new.reset_at_unix > known.reset_at_unix + OUTDATED {
                *known = new;
            }
            return Verdict::Unknown;
        }
        if known.reset_at_unix != new.reset_at_unix {
            *known = Candidate {
                confirmed: known.confirmed,
                ..new
            };
            return Verdict::Unknown;
        }
        if known.operation == operation {
            if new.used > known.used {
                known.used = new.used;
                known.response = new.response;
            }
            return Verdict::Unknown;
        }
        if responses < known.response || !seen.counted {
            return Verdict::Likely;
        }
        if new.used <= known.used {
            known.confirmed = 0;
            return Verdict::NotAccount;
        }
        let confirmed = known.confirmed + 1;
        *known = Candidate { confirmed, ..new };
        match confirmed >= ENOUGH {
            true => Verdict::Account,
            false => Verdict::Likely,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use tokio::time::Instant;

    use super::*;
    use crate::rate_limit::RateLimit;

    const GET: usize = 0;
    const LIST: usize = 1;

    fn seen(limit: u64, used: u64) -> Observation {
        let now = Instant::now();
        Observation {
            told: RateLimit {
                limit,
                remaining: limit - used,
                reset: Timestamp::from_second(90).unwrap(),
            },
            resets_at: now + Duration::from_secs(30),
            counted: true,
            sent_at: now,
            now,
        }
    }

    fn counts(by_operation: u64, by_all: u64, in_flight: u64) -> Counts {
        Counts {
            by_operation,
            by_all,
            in_flight,
        }
    }

    /// What the response to a call says that was sent when all earlier responses had arrived.
    fn judge(
        account: &mut Account,
        seen: &Observation,
        operation: usize,
        counts: Counts,
    ) -> Verdict {
        let responses = account.responses();
        account.judge(seen, operation, counts, responses)
    }

    #[test]
    fn a_window_that_counts_all_operations_is_the_accounts() {
        let mut account = Account::default();
        for n in 1..=5 {
            let verdict = judge(&mut account, &seen(10, n), GET, counts(n, n, 1));
            assert_eq!(verdict, Verdict::Unknown);
        }
        let verdict = judge(&mut account, &seen(60, 6), LIST, counts(1, 6, 1));
        assert_eq!(verdict, Verdict::Account);
    }

    #[test]
    fn calls_in_flight_may_have_been_counted() {
        let mut account = Account::default();
        let verdict = judge(&mut account, &seen(60, 8), LIST, counts(1, 6, 2));
        assert_eq!(verdict, Verdict::Account);
        let verdict = judge(&mut Account::default(), &seen(60, 9), LIST, counts(1, 6, 2));
        assert_eq!(verdict, Verdict::Unknown);
    }

    #[test]
    fn the_requests_of_another_process_are_not_taken_for_all_operations() {
        let mut account = Account::default();
        for n in 1..=50 {
            judge(&mut account, &seen(60, 1), GET, counts(1, n, 1));
        }
        // Somebody else has created four agents.
        let verdict = judge(&mut account, &seen(10, 5), LIST, counts(1, 51, 1));
        assert_eq!(verdict, Verdict::Unknown);
    }

    #[test]
    fn an_order_that_holds_across_operations_is_the_accounts_beside_other_processes() {
        let mut account = Account::default();
        let told = [(GET, 12), (LIST, 20), (GET, 23)];
        let verdicts = told.map(|(operation, used)| {
            judge(&mut account, &seen(60, used), operation, counts(1, 2, 1))
        });
        assert_eq!(
            verdicts,
            [Verdict::Unknown, Verdict::Likely, Verdict::Account]
        );
    }

    #[test]
    fn two_windows_of_one_limit_are_told_apart_by_an_order_that_breaks() {
        let mut account = Account::default();
        let told = [(GET, 12), (LIST, 20), (GET, 13)];
        let verdicts = told.map(|(operation, used)| {
            judge(&mut account, &seen(60, used), operation, counts(1, 2, 1))
        });
        assert_eq!(verdicts[2], Verdict::NotAccount);
    }

    #[test]
    fn responses_that_were_on_their_way_together_say_nothing_of_the_order() {
        let mut account = Account::default();
        for (operation, used) in [(GET, 30), (LIST, 12), (GET, 20), (LIST, 40), (GET, 50)] {
            let verdict = account.judge(&seen(60, used), operation, counts(1, 2, 1), 0);
            let expected = match operation {
                LIST => Verdict::Likely,
                _ => Verdict::Unknown,
            };
            assert_eq!(verdict, expected);
        }
    }

    #[test]
    fn a_window_that_is_used_up_for_two_operations_is_likely_to_be_the_accounts() {
        let mut account = Account::default();
        let refused = Observation {
            counted: false,
            ..seen(60, 60)
        };
        let verdicts =
            [GET, LIST].map(|operation| judge(&mut account, &refused, operation, counts(1, 2, 1)));
        assert_eq!(verdicts, [Verdict::Unknown, Verdict::Likely]);
    }
}
