//! Reads a list page by page while it changes.
//!
//! Pages fetched ahead of their turn only count if the list did not change in between; otherwise they
//! are fetched again, one by one. Where a list that is not newest first has changed, added items can
//! hide that others were removed: their totals cancel out. So such a list is read once more at the
//! end, from its last page to its first. In this direction, items that move to earlier places are
//! still ahead.

use std::collections::HashSet;
use std::ops::Range;
use std::pin::Pin;

use futures_util::stream::{FuturesOrdered, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::listed::Listed;
use super::page::{List, Page};
use super::position::Position;
use crate::error::OrionError;
use crate::meta::ApiResponse;
use crate::server_date::server_date;

/// After this many pages in a row without a new item, a list is taken for endless.
const MOST_PAGES_WITHOUT_NEWS: usize = 1_000;

/// How often a page with the requested number may repeat the one before.
const MOST_REPEATS: usize = 8;

type Fetching<T> = Pin<Box<dyn Future<Output = Fetched<T>> + Send>>;

struct Fetched<T> {
    result: Result<ApiResponse<Page<T>>, OrionError>,
    /// Whether it was requested while an earlier page was still to be read.
    ahead: bool,
}

/// The direction in which the list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sweep {
    Forward,
    /// From the last page to the first. Every item from this place on has been read.
    Backward(u64),
    Ended,
}

pub(super) struct LiveList<T> {
    list: List,
    concurrency: usize,
    position: Position,
    sweep: Sweep,
    /// Requests in progress, for the pages of `fetching_pages`.
    fetching: FuturesOrdered<Fetching<T>>,
    fetching_pages: Range<u64>,
    yielded: HashSet<String>,
    /// The number and the items of the latest page.
    latest: Option<(u64, Vec<String>)>,
    repeats: usize,
    pages_without_news: usize,
    /// The server's clock at the first page.
    started: Option<Timestamp>,
    /// Whether the list has changed since the first page.
    changed: bool,
}

impl<T: Listed> LiveList<T> {
    pub(super) fn new(list: List, first_page: u64, concurrency: usize) -> Self {
        Self {
            list,
            concurrency,
            position: Position::new(first_page),
            sweep: Sweep::Forward,
            fetching: FuturesOrdered::new(),
            fetching_pages: 0..0,
            yielded: HashSet::new(),
            latest: None,
            repeats: 0,
            pages_without_news: 0,
            started: None,
            changed: false,
        }
    }

    /// Returns the next page that has items which were not yielded yet. The first page is also
    /// returned if it is empty. After an error there are no more pages.
    pub(super) async fn next_page(&mut self) -> Option<Result<Page<T>, OrionError>> {
        loop {
            let number = self.next_number()?;
            let Fetched { result, ahead } = self.fetch(number).await?;
            let response = match result {
                Ok(response) => response,
                Err(error) => {
                    self.sweep = Sweep::Ended;
                    return Some(Err(error));
                }
            };
            if ahead && !self.fits(&response.data) {
                self.forget_pages_ahead();
                continue;
            }
            let is_first = self.latest.is_none();
            let page = self.take_in(response);
            if is_first || !page.items.is_empty() || !page.unreadable.is_empty() {
                self.pages_without_news = 0;
                return Some(Ok(page));
            }
            self.pages_without_news += 1;
            if self.pages_without_news > MOST_PAGES_WITHOUT_NEWS {
                self.sweep = Sweep::Ended;
                let error = OrionError::endless_list(MOST_PAGES_WITHOUT_NEWS);
                return Some(Err(error.of_operation(self.list.operation())));
            }
        }
    }

    fn next_number(&mut self) -> Option<u64> {
        if self.sweep == Sweep::Forward {
            match self.position.next_page() {
                Some(number) => return Some(number),
                None => self.end_forward(),
            }
        }
        match self.sweep {
            Sweep::Backward(end) if end > self.position.start() => {
                Some(end.div_ceil(self.position.page_size()))
            }
            _ => None,
        }
    }

    fn end_forward(&mut self) {
        self.sweep = match self.position.total() {
            Some(total) if self.changed && !self.list.is_newest_first() => Sweep::Backward(total),
            _ => Sweep::Ended,
        };
    }

    async fn fetch(&mut self, number: u64) -> Option<Fetched<T>> {
        if self.fetching.is_empty() || self.fetching_pages.start != number {
            self.forget_pages_ahead();
            self.fetching_pages = number..number;
            self.request_next(false);
        }
        // Before the first page there is no telling how many there are.
        if self.sweep == Sweep::Forward && self.latest.is_some() {
            let last = self.position.last_page().unwrap_or(0);
            while self.fetching.len() < self.concurrency && self.fetching_pages.end <= last {
                self.request_next(true);
            }
        }
        let fetched = self.fetching.next().await;
        self.fetching_pages.start = self.fetching_pages.start.saturating_add(1);
        fetched
    }

    fn request_next(&mut self, ahead: bool) {
        let response = self.list.clone().fetch::<T>(self.fetching_pages.end);
        self.fetching.push_back(Box::pin(async move {
            Fetched {
                result: response.await,
                ahead,
            }
        }));
        self.fetching_pages.end = self.fetching_pages.end.saturating_add(1);
    }

    fn forget_pages_ahead(&mut self) {
        self.fetching = FuturesOrdered::new();
    }

    /// Returns whether a page that was fetched ahead is the one that would be fetched now.
    fn fits(&self, page: &Page<T>) -> bool {
        let items = page.items.len() + page.unreadable.len();
        self.position.fits(page.number, items, &page.pagination)
            && page.items.iter().all(|item| !self.is_yielded(item))
    }

    fn is_yielded(&self, item: &T) -> bool {
        self.yielded.contains(item.identity())
    }

    /// Notes what a page says about the list, and keeps what was not yielded yet.
    fn take_in(&mut self, response: ApiResponse<Page<T>>) -> Page<T> {
        let mut page = response.data;
        let number = page.number;
        let items = page.items.len() + page.unreadable.len();
        let total_before = self.position.total();
        self.position.read(number, items, &page.pagination);
        let total = self.position.total();
        let identities: Vec<String> = page
            .items
            .iter()
            .map(|item| item.identity().to_owned())
            .collect();

        if let Some((latest, _)) = &self.latest {
            let moved_here =
                number > *latest && page.items.iter().any(|item| self.is_yielded(item));
            if total != total_before || moved_here {
                self.changed = true;
                // They may have been read before the change, and this page after it.
                self.forget_pages_ahead();
            }
            self.changed |= self.has_new(&page);
        } else {
            self.started = server_date(&response.meta.headers)
                .and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
        }
        match self.sweep {
            Sweep::Forward => {
                if self.is_the_end(&page, &identities, total > total_before) {
                    self.end_forward();
                }
            }
            Sweep::Backward(end) => {
                let added = total.unwrap_or(0).saturating_sub(total_before.unwrap_or(0));
                self.step_back(number, end, added);
            }
            Sweep::Ended => {}
        }
        self.latest = Some((number, identities));
        self.keep_new(&mut page);
        page
    }

    /// Returns whether a page has an item that was certainly created after the first page.
    fn has_new(&self, page: &Page<T>) -> bool {
        // `Date` is in whole seconds.
        let started = self.started;
        let after = started.and_then(|at| at.checked_add(SignedDuration::from_secs(1)).ok());
        after.is_some_and(|after| {
            let mut created = page.items.iter().filter_map(Listed::created_at);
            created.any(|at| at >= after)
        })
    }

    /// Returns whether the server has no more pages, whatever its totals say.
    fn is_the_end(&mut self, page: &Page<T>, identities: &[String], has_grown: bool) -> bool {
        if page.items.is_empty() && page.unreadable.is_empty() {
            // Unless removed items have moved the others back.
            let next = self.position.next_page();
            return next.is_none_or(|next| next >= page.number);
        }
        let repeats = self.latest.as_ref().is_some_and(|(number, items)| {
            page.number > *number && !items.is_empty() && items == identities
        });
        if !repeats || has_grown {
            self.repeats = 0;
            return false;
        }
        // Some servers return the last page for every higher number. But a page also repeats the one
        // before if as many items were added as a page has, so one with the right number has to do so
        // several times.
        self.repeats += 1;
        page.pagination.current_page != page.number || self.repeats > MOST_REPEATS
    }

    /// Notes that a page was read on the way back. Added items may have moved others to later places.
    fn step_back(&mut self, number: u64, end: u64, added: u64) {
        let size = self.position.page_size();
        let (page_start, page_end) = (
            (number - 1).saturating_mul(size),
            number.saturating_mul(size),
        );
        let end = end.saturating_add(added);
        self.sweep = Sweep::Backward(if page_end >= end {
            end.min(page_start)
        } else {
            end
        });
    }

    fn keep_new(&mut self, page: &mut Page<T>) {
        let is_new: Vec<bool> = page
            .items
            .iter()
            .map(|item| self.yielded.insert(item.identity().to_owned()))
            .collect();
        page.unreadable.retain_mut(|item| {
            let before = is_new.iter().take(item.items_before);
            item.items_before = before.filter(|is_new| **is_new).count();
            self.yielded.insert(item.value.to_string())
        });
        let mut is_new = is_new.into_iter();
        page.items.retain(|_| is_new.next().unwrap_or(true));
    }
}
