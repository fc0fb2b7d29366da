//! A list's pages and items as streams.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::{self, TryStreamExt};

use super::listed::Listed;
use super::live_list::LiveList;
use super::page::{List, Page};
use crate::error::OrionError;

/// The most pages that `all()` keeps in memory, so that a list without an end is an error.
const MOST_PAGES_IN_MEMORY: usize = 10_000;

type BoxedStream<T> = Pin<Box<dyn Stream<Item = Result<T, OrionError>> + Send>>;

/// The pages of a list, in order. The stream ends after an error.
///
/// Items that the stream has already yielded are left out of later pages, so a page can have fewer
/// items than the response had.
#[must_use = "a stream does nothing until it is polled"]
pub struct Pages<T> {
    pages: BoxedStream<Page<T>>,
    list: List,
}

/// The items of a list, in order.
///
/// An item that cannot be decoded is an [`OrionError::Decode`] of its own, and the stream goes on. The
/// stream ends after any other error.
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<T>(BoxedStream<T>);

impl List {
    pub(crate) fn pages<T: Listed>(self, first: u64, concurrency: usize) -> Pages<T> {
        let live_list = LiveList::<T>::new(self.clone(), first, concurrency);
        let pages = stream::unfold(live_list, |mut live_list| async move {
            let page = live_list.next_page().await?;
            Some((page, live_list))
        });
        Pages {
            pages: Box::pin(pages),
            list: self,
        }
    }
}

impl<T: Listed> Pages<T> {
    /// Returns the next page, or `None` after the last page or an error.
    pub async fn next(&mut self) -> Option<Result<Page<T>, OrionError>> {
        poll_fn(|cx| self.pages.as_mut().poll_next(cx)).await
    }

    pub(crate) fn items(self) -> Items<T> {
        let Self { pages, list } = self;
        let items = pages
            .map_ok(move |page| stream::iter(in_order(page, &list)))
            .try_flatten();
        Items(Box::pin(items))
    }

    pub(crate) async fn all(mut self) -> Result<Vec<T>, OrionError> {
        let mut all = Vec::new();
        let mut unreadable = Vec::new();
        let mut pages = 0;
        while let Some(page) = self.next().await {
            pages += 1;
            if pages > MOST_PAGES_IN_MEMORY {
                let error = OrionError::endless_list(MOST_PAGES_IN_MEMORY);
                return Err(error.of_operation(self.list.operation()));
            }
            let page = page?;
            all.extend(page.items);
            unreadable.extend(page.unreadable);
        }
        let (count, total) = (unreadable.len(), all.len() + unreadable.len());
        match unreadable.into_iter().next() {
            None => Ok(all),
            Some(first) => {
                let note = format!(
                    "{count} of {total} items cannot be decoded; use items() to read the others"
                );
                Err(self.list.error_of(first, Some(note)))
            }
        }
    }
}

/// The page's items, and the errors of those that cannot be decoded, each in its place.
fn in_order<T>(page: Page<T>, list: &List) -> Vec<Result<T, OrionError>> {
    let mut unreadable = page.unreadable.into_iter().peekable();
    let mut results = Vec::with_capacity(page.items.len());
    for (index, item) in page.items.into_iter().enumerate() {
        while let Some(odd) = unreadable.next_if(|odd| odd.items_before <= index) {
            results.push(Err(list.error_of(odd, None)));
        }
        results.push(Ok(item));
    }
    results.extend(unreadable.map(|odd| Err(list.error_of(odd, None))));
    results
}

impl<T> Items<T> {
    /// Returns the next item, or `None` after the last one. An item that cannot be decoded is an
    /// error; the next call returns the item after it.
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
