//! Lets other tasks run, and time limits fire, during a long run of work that is always ready.

use std::task::{Context, Poll};

/// How many turns may follow one another.
const LONGEST_RUN: u8 = 128;

/// Counts the turns of a loop that polls something which may never be pending.
#[derive(Debug, Default)]
pub(crate) struct Turns(u8);

impl Turns {
    /// Is pending once after every long run, so that the runtime takes the task up again later.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 == LONGEST_RUN {
            self.0 = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.0 += 1;
        Poll::Ready(())
    }

    /// Starts a new run, because something was pending.
    pub(crate) fn rested(&mut self) {
        self.0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_long_run_is_interrupted_once_and_goes_on() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut turns = Turns::default();
        for _ in 0..3 {
            for _ in 0..LONGEST_RUN {
                assert!(turns.poll_next(&mut cx).is_ready());
            }
            assert!(turns.poll_next(&mut cx).is_pending());
        }
        assert!(turns.poll_next(&mut cx).is_ready());
        turns.rested();
        for _ in 0..LONGEST_RUN {
            assert!(turns.poll_next(&mut cx).is_ready());
        }
    }
}
