//! A list's pages and items as streams.

use std::collections::HashSet;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::listed::Listed;
use super::page::{List, Page};
use crate::error::OrionError;

/// The most pages that `all()` keeps in memory, so that a list without an end is an error.
const MOST_PAGES_IN_MEMORY: usize = 10_000;

type BoxedStream<T> = Pin<Box<dyn Stream<Item = Result<T, OrionError>> + Send>>;

/// The pages of a list, in order. The stream ends after an error.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T> {
    pages: BoxedStream<Page<T>>,
    operation: &'static str,
}

/// The items of a list, in order. The stream ends after an error.
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<T>(BoxedStream<T>);

impl List {
    pub(crate) fn pages<T: Listed>(self, first: u64, concurrency: usize) -> Pages<T> {
        let operation = self.operation();
        let pages = stream::once(self.fetch::<T>(first)).map_ok(move |response| {
            let first = response.data;
            let list = first.list.clone();
            // Without a next page there is nothing to fetch in advance.
            let last = if first.has_next() {
                first.pagination.total_pages
            } else {
                first.number
            };
            let later = stream::iter(first.number.saturating_add(1)..=last)
                .map(move |number| list.clone().fetch::<T>(number))
                .buffered(concurrency)
                .map_ok(|response| response.data);
            stream::once(async { Ok(first) }).chain(later)
        });
        Pages {
            pages: Box::pin(until_the_end(pages.try_flatten())),
            operation,
        }
    }
}

/// Ends the stream after an error, on an empty page, on a page that repeats the one before, and after
/// a page that says that it is the last. Drops items that were already yielded.
fn until_the_end<T: Listed>(
    pages: impl Stream<Item = Result<Page<T>, OrionError>> + Send,
) -> impl Stream<Item = Result<Page<T>, OrionError>> + Send {
    let mut ended = false;
    let mut before: Vec<String> = Vec::new();
    let mut yielded: HashSet<String> = HashSet::new();
    pages.scan((), move |(), page| {
        let next = match page {
            _ if ended => None,
            Err(error) => {
                ended = true;
                Some(Err(error))
            }
            Ok(page) if page.items.is_empty() && !yielded.is_empty() => None,
            Ok(mut page) => {
                let these: Vec<String> = page
                    .items
                    .iter()
                    .map(|item| item.identity().to_owned())
                    .collect();
                if !these.is_empty() && these == before {
                    None
                } else {
                    ended = !page.has_next();
                    page.items
                        .retain(|item| yielded.insert(item.identity().to_owned()));
                    before = these;
                    Some(Ok(page))
                }
            }
        };
        std::future::ready(next)
    })
}

impl<T: Listed> Pages<T> {
    /// Returns the next page, or `None` after the last page or an error.
    pub async fn next(&mut self) -> Option<Result<Page<T>, OrionError>> {
        poll_fn(|cx| self.pages.as_mut().poll_next(cx)).await
    }

    pub(crate) fn items(self) -> Items<T> {
        let items = self
            .pages
            .map_ok(|page| stream::iter(page.items.into_iter().map(Ok)))
            .try_flatten();
        Items(Box::pin(items))
    }

    pub(crate) async fn all(mut self) -> Result<Vec<T>, OrionError> {
        let mut all = Vec::new();
        let mut pages = 0;
        while let Some(page) = self.next().await {
            pages += 1;
            if pages > MOST_PAGES_IN_MEMORY {
                let error = OrionError::endless_list(MOST_PAGES_IN_MEMORY);
                return Err(error.of_operation(self.operation));
            }
            all.extend(page?.items);
        }
        Ok(all)
    }
}

impl<T> Items<T> {
    /// Returns the next item, or `None` after the last item or an error.
    pub async fn next(&mut self) -> Option<Result<T, OrionError>> {
        poll_fn(|cx| self.0.as_mut().poll_next(cx)).await
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<Page<T>, OrionError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pages.as_mut().poll_next(cx)
    }
}

impl<T> Stream for Items<T> {
    type Item = Result<T, OrionError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").finish_non_exhaustive()
    }
}
