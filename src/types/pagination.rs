//! Where a page stands in a list.

use super::open_struct::open_struct;

open_struct! {
    /// Where a page stands in a list.
    #[derive(Eq)]
    pub struct Pagination {
        required {
            /// The number of this page; the first is 1.
            current_page: u64 = "currentPage",
            /// How many pages there are; 0 for an empty list.
            total_pages: u64 = "totalPages",
            /// How many entries all pages have together.
            total_items: u64 = "totalItems",
            /// How many entries a full page has.
            items_per_page: u64 = "itemsPerPage",
        }
        optional {}
    }
}
