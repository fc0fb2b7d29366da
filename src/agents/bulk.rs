//! Many calls, several at a time, with one outcome per item.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use crate::error::OrionError;

/// How many calls are in flight at the same time unless `concurrency` is set.
const DEFAULT_CONCURRENCY: usize = 4;

/// The progress of a bulk operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many items have an outcome.
    pub done: usize,
    /// How many of them failed.
    pub failed: usize,
    /// How many items there are.
    pub total: usize,
}

type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// What all bulk operations have in common.
#[derive(Clone)]
pub(super) struct Bulk {
    concurrency: usize,
    on_progress: Option<OnProgress>,
}

impl Bulk {
    pub(super) fn new() -> Self {
        Self {
            concurrency: DEFAULT_CONCURRENCY,
            on_progress: None,
        }
    }

    pub(super) fn set_concurrency(&mut self, calls: usize) {
        self.concurrency = calls.max(1);
    }

    pub(super) fn set_on_progress(&mut self, tell: impl Fn(Progress) + Send + Sync + 'static) {
        self.on_progress = Some(Arc::new(tell));
    }

    /// Makes one call per item and returns the outcomes in the order of the items.
    pub(super) async fn run<I, O, F>(
        self,
        items: Vec<I>,
        call: impl Fn(&I) -> F,
    ) -> Vec<(I, Result<O, OrionError>)>
    where
        F: Future<Output = Result<O, OrionError>>,
    {
        let total = items.len();
        let mut outcomes: Vec<Option<Result<O, OrionError>>> = Vec::new();
        outcomes.resize_with(total, || None);
        let calls: Vec<F> = items.iter().map(call).collect();
        let mut finished = stream::iter(calls.into_iter().enumerate())
            .map(|(index, call)| async move { (index, call.await) })
            .buffer_unordered(self.concurrency);
        let (mut done, mut failed) = (0, 0);
        while let Some((index, outcome)) = finished.next().await {
            done += 1;
            failed += usize::from(outcome.is_err());
            outcomes[index] = Some(outcome);
            if let Some(tell) = &self.on_progress {
                tell(Progress {
                    done,
                    failed,
                    total,
                });
            }
        }
        items
            .into_iter()
            .zip(outcomes)
            .filter_map(|(item, outcome)| Some((item, outcome?)))
            .collect()
    }
}

impl fmt::Debug for Bulk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk")
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// The setters of a bulk operation.
macro_rules! bulk_setters {
    ($builder:ident) => {
        impl $builder {
            /// Sets how many calls are in flight at the same time. 0 is treated as 1. Defaults to 4.
            pub fn concurrency(mut self, calls: usize) -> Self {
                self.bulk.set_concurrency(calls);
                self
            }

            /// Sets a function that is called after each outcome, for example for a progress bar.
            pub fn on_progress(
                mut self,
                tell: impl Fn($crate::Progress) + Send + Sync + 'static,
            ) -> Self {
                self.bulk.set_on_progress(tell);
                self
            }
        }
    };
}
pub(super) use bulk_setters;
