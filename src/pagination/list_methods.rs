//! The methods of every builder of a list.

use url::form_urlencoded;

use crate::error::OrionError;

/// The most items that the server returns per page.
const LARGEST_PAGE: u32 = 100;

/// Which pages to get, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paging {
    pub(crate) page: u64,
    pub(crate) limit: Option<u32>,
    pub(crate) concurrency: usize,
}

impl Default for Paging {
    fn default() -> Self {
        Self {
            page: 1,
            limit: None,
            concurrency: 1,
        }
    }
}

impl Paging {
    /// Returns the beginning of the query, without the page, which the list sets for each request.
    pub(crate) fn query(self) -> Result<form_urlencoded::Serializer<'static, String>, OrionError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(limit) = self.limit {
            if !(1..=LARGEST_PAGE).contains(&limit) {
                let reason = format!("must be 1 to {LARGEST_PAGE}, got {limit}");
                return Err(OrionError::invalid("limit", reason));
            }
            query.append_pair("limit", &limit.to_string());
        }
        Ok(query)
    }
}

/// Gives the builder of a list the setters `page`, `limit` and `concurrency`, and all that ends it.
/// The builder has `handle` and `paging: Paging`, and `list()` returns what each page is requested with.
macro_rules! list_methods {
    ($builder:ty => $item:ty) => {
        $crate::endpoint::send_methods! {
            /// Sends the request and returns one page.
            ///
            /// # Errors
            ///
            /// Returns [`OrionError::InvalidRequest`](crate::OrionError::InvalidRequest) if the page
            /// is 0 or the limit is outside 1 to 100.
            $builder => $crate::Page<$item>, by fetch
        }

        impl $builder {
            /// Sets `page`, the first page to get. The lowest is 1, which is also the default.
            pub fn page(mut self, page: u64) -> Self {
                self.paging.page = page;
                self
            }

            /// Sets `limit`, the number of items per page, 1 to 100. Defaults to the server's
            /// default, 20.
            pub fn limit(mut self, limit: u32) -> Self {
                self.paging.limit = Some(limit);
                self
            }

            /// Sets how many pages to fetch concurrently after the first. Items keep their order. 0
            /// is treated as 1. Defaults to 1.
            pub fn concurrency(mut self, pages: usize) -> Self {
                self.paging.concurrency = pages.max(1);
                self
            }

            /// Returns a stream of all items, starting with the first page. An item that cannot be
            /// decoded is an error of its own. If a page fails, the stream yields the error and ends.
            pub fn items(self) -> $crate::Items<$item> {
                self.pages().items()
            }

            /// Returns a stream of all pages, starting with the first one. If a page fails, the
            /// stream yields the error and ends.
            pub fn pages(self) -> $crate::Pages<$item> {
                let paging = self.paging;
                self.list().pages(paging.page, paging.concurrency)
            }

            /// Returns every item, in memory.
            ///
            /// # Errors
            ///
            /// Returns the error of the first page that fails, and
            /// [`OrionError::UnexpectedResponse`](crate::OrionError::UnexpectedResponse) if the list
            /// has more than 10,000 pages. If an item cannot be decoded, returns an
            /// [`OrionError::Decode`](crate::OrionError::Decode) that says how many there are;
            /// [`items`](Self::items) yields the others.
            pub async fn all(self) -> Result<Vec<$item>, $crate::OrionError> {
                self.pages().all().await
            }

            /// Like [`items`](Self::items), as an iterator that blocks the thread.
            #[cfg(feature = "blocking")]
            pub fn items_blocking(self) -> $crate::Blocking<$crate::Items<$item>> {
                $crate::Blocking::new(self.handle.clone(), self.items())
            }

            /// Like [`pages`](Self::pages), as an iterator that blocks the thread.
            #[cfg(feature = "blocking")]
            pub fn pages_blocking(self) -> $crate::Blocking<$crate::Pages<$item>> {
                $crate::Blocking::new(self.handle.clone(), self.pages())
            }

            /// Like [`all`](Self::all), but blocks the thread until the list has been read.
            ///
            /// # Errors
            ///
            /// As [`all`](Self::all), and [`OrionError::Config`](crate::OrionError::Config) if the
            /// call cannot be made from here.
            #[cfg(feature = "blocking")]
            pub fn all_blocking(self) -> Result<Vec<$item>, $crate::OrionError> {
                self.handle.clone().block_on(self.all())
            }

            async fn fetch(
                self,
            ) -> Result<$crate::ApiResponse<$crate::Page<$item>>, $crate::OrionError> {
                let page = self.paging.page;
                self.list().fetch(page).await
            }
        }
    };
}
pub(crate) use list_methods;
