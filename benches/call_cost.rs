//! The processor time and the allocations of a call.

use std::alloc::System;

use cpu_time::ThreadTime;
use orionos_bench_harness::{Cell, compared, in_turns, median_of, pair};
use stats_alloc::{Region, StatsAlloc};
use tokio::runtime::Runtime;

const ROUNDS: usize = 31;
const CALLS: usize = 200;

/// Compares calls of which each makes one request. The allocator is that of the program.
pub struct CallCosts {
    pub runtime: Runtime,
    pub allocator: &'static StatsAlloc<System>,
}

/// The costs of one call, averaged over a round.
struct Cost {
    microseconds: f64,
    allocations: f64,
    bytes: f64,
}

impl CallCosts {
    pub const COLUMNS: [&str; 3] = ["CPU, µs", "Allocations", "Bytes allocated"];

    /// Returns a cell for each of the columns.
    pub fn cells(&self, ours: impl AsyncFn(), baseline: impl AsyncFn()) -> Vec<Cell> {
        let rounds = in_turns(ROUNDS, || self.cost(&ours), || self.cost(&baseline));
        let both = |pick: fn(&Cost) -> f64| {
            let ours = median_of(&rounds, |(ours, _)| pick(ours));
            (ours, median_of(&rounds, |(_, baseline)| pick(baseline)))
        };
        let (our_time, time) = both(|cost| cost.microseconds);
        let ratio = median_of(&rounds, |(ours, baseline)| {
            ours.microseconds / baseline.microseconds
        });
        let (our_allocations, allocations) = both(|cost| cost.allocations);
        let (our_bytes, bytes) = both(|cost| cost.bytes);
        vec![
            compared(our_time, time, 1, ratio),
            pair(our_allocations, allocations, 1),
            pair(our_bytes, bytes, 0),
        ]
    }

    fn cost(&self, call: &impl AsyncFn()) -> Cost {
        self.runtime.block_on(async {
            let region = Region::new(self.allocator);
            let started = ThreadTime::now();
            for _ in 0..CALLS {
                call().await;
            }
            let time = started.elapsed();
            let change = region.change();
            let calls = CALLS as f64;
            Cost {
                microseconds: time.as_secs_f64() * 1e6 / calls,
                allocations: (change.allocations + change.reallocations) as f64 / calls,
                bytes: change.bytes_allocated as f64 / calls,
            }
        })
    }
}
