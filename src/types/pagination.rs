//! Where a page stands in its list.

use super::open_struct::open_struct;

open_struct! {
    /// Where a page stands in its list.
    Pagination {
        required {
            /// The page's number, from 1.
            current_page: u64 = "currentPage",
            /// Pages in the list; 0 for an empty one.
            total_pages: u64 = "totalPages",
            /// Entries in the list.
            total_items: u64 = "totalItems",
            /// Entries on a full page.
            items_per_page: u64 = "itemsPerPage",
        }
        optional {}
    }
}
