//! How many calls of this client the server has counted in the present period.

use std::time::Duration;

use super::observation::Observation;

/// Resets farther away than this belong to a longer window than the others.
const LONGER_THAN_A_MINUTE: Duration = Duration::from_secs(62);

/// Counted calls of a queue.
#[derive(Debug, Default)]
pub(super) struct Sent {
    total: u64,
    minute: Option<Period>,
    longer: Option<Period>,
}

#[derive(Debug, Clone, Copy)]
struct Period {
    reset_at_unix: i64,
    /// The total when it began.
    before: u64,
}

impl Sent {
    pub(super) fn count(&mut self) {
        self.total += 1;
    }

    /// Counts the call of this response. Returns how many calls that makes in the period that the
    /// response tells of, or `None` if that period is over already.
    pub(super) fn count_in_period(&mut self, seen: &Observation) -> Option<u64> {
        let before = self.total;
        self.total += u64::from(seen.counted);
        let until_reset = seen.resets_at.saturating_duration_since(seen.now);
        let period = match until_reset > LONGER_THAN_A_MINUTE {
            true => &mut self.longer,
            false => &mut self.minute,
        };
        let reset_at_unix = seen.reset_at_unix();
        match period {
            Some(known) if reset_at_unix < known.reset_at_unix => return None,
            Some(known) if reset_at_unix == known.reset_at_unix => {}
            // The first period may have begun before the first response that tells of it.
            None => {
                let before = 0;
                *period = Some(Period {
                    reset_at_unix,
                    before,
                });
            }
            Some(known) => {
                *known = Period {
                    reset_at_unix,
                    before,
                }
            }
        }
        period.map(|period| self.total - period.before)
    }
}
