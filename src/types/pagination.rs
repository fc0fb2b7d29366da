//! The position of a page in a list.

use super::open_struct::open_struct;

open_struct! {
    /// The position of a page in a list.
    ///
    /// A number that the server did not send, or that could not be read, is 0.
    #[derive(Eq, Default)]
    pub struct Pagination {
        required {}
        defaulted {
            /// The number of this page; the first is 1.
            current_page: u64 = "currentPage",
            /// How many pages there are; 0 for an empty list.
            total_pages: u64 = "totalPages",
            /// How many items all pages have together.
            total_items: u64 = "totalItems",
            /// How many items a full page has.
            items_per_page: u64 = "itemsPerPage",
        }
        optional {}
    }
}

impl Pagination {
    /// Returns the position of page `current_page`, for tests and fakes. The number of pages
    /// follows from the other numbers.
    ///
    /// ```
    /// let pagination = orionos::Pagination::new(1, 20, 47);
    /// assert_eq!(pagination.total_pages, 3);
    /// ```
    pub fn new(current_page: u64, items_per_page: u64, total_items: u64) -> Self {
        Self {
            current_page,
            total_pages: total_items.div_ceil(items_per_page.max(1)),
            total_items,
            items_per_page,
            ..Self::default()
        }
    }
}
