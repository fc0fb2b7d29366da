//! How far a list has been read, while items are added and removed. Without I/O.
//!
//! Pages are numbered by place, and places move. In a list that is newest first, an added item moves
//! the others to later places, where they are still to be read. Only a removed item moves others to
//! places that were already read, by one place each. So the difference of two totals says how far back
//! unread items can be at most, and that is where reading goes on.

use crate::types::Pagination;

/// The place in a list before which every item has been read.
#[derive(Debug)]
pub(super) struct Position {
    first_page: u64,
    /// The first place of the first page, which is not read back beyond.
    start: u64,
    place: u64,
    /// The items of a full page, as the latest page had them. 0 before the first page.
    page_size: u64,
    /// The total of the latest page. `None` if the server does not send one.
    total: Option<u64>,
}

impl Position {
    pub(super) fn new(first_page: u64) -> Self {
        Self {
            first_page,
            start: 0,
            place: 0,
            page_size: 0,
            total: None,
        }
    }

    /// Returns the number of the page to read next, or `None` after the last.
    pub(super) fn next_page(&self) -> Option<u64> {
        if self.page_size == 0 {
            return Some(self.first_page);
        }
        if self.total.is_some_and(|total| self.place >= total) {
            return None;
        }
        Some((self.place / self.page_size).saturating_add(1))
    }

    /// Returns the number of the last page, if the total is known.
    pub(super) fn last_page(&self) -> Option<u64> {
        let total = self.total?;
        (self.page_size > 0).then(|| total.div_ceil(self.page_size))
    }

    /// Takes in a page that was read after all pages before.
    pub(super) fn read(&mut self, number: u64, items: usize, told: &Pagination) {
        let is_first = self.page_size == 0;
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        self.page_size = match told.items_per_page {
            0 => self.page_size.max(items).max(1),
            told => told.max(items),
        };
        let page_start = number.saturating_sub(1).saturating_mul(self.page_size);
        if is_first {
            self.start = page_start;
            self.place = page_start;
        }
        let total = self.total_of(number, told);
        let removed = match (self.total, total) {
            (Some(before), Some(now)) => before.saturating_sub(now),
            _ => 0,
        };
        self.total = total;
        self.place = self.place.saturating_sub(removed).max(self.start);
        if page_start <= self.place {
            self.place = self.place.max(page_start.saturating_add(self.page_size));
        }
    }

    /// Returns whether a page fits what is known: it was read while the list was the same.
    pub(super) fn fits(&self, number: u64, items: usize, told: &Pagination) -> bool {
        let same_size = told.items_per_page == 0 || told.items_per_page == self.page_size;
        let is_full = u64::try_from(items).is_ok_and(|items| items >= self.page_size);
        let is_last = self.last_page() == Some(number);
        same_size && self.total_of(number, told) == self.total && (is_full || is_last)
    }

    /// The server's two totals can contradict each other; the one that says more is believed.
    fn total_of(&self, number: u64, told: &Pagination) -> Option<u64> {
        if told.total_items == 0 && told.total_pages == 0 && told.items_per_page == 0 {
            return None;
        }
        let in_further_pages = if told.total_pages > number {
            number.saturating_mul(self.page_size).saturating_add(1)
        } else {
            0
        };
        Some(told.total_items.max(in_further_pages))
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    pub(super) fn page_size(&self) -> u64 {
        self.page_size
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A position after these pages of ten: number and total.
    fn after(pages: &[(u64, u64)]) -> Position {
        let mut position = Position::new(pages[0].0);
        for (number, total) in pages {
            position.read(*number, 10, &Pagination::new(*number, 10, *total));
        }
        position
    }

    #[test]
    fn reading_ends_on_the_latest_total() {
        for (pages, next) in [
            (&[(1, 5)][..], None),
            (&[(1, 10)], None),
            (&[(1, 11)], Some(2)),
            (&[(1, 20), (2, 30)], Some(3)),
            (&[(1, 20), (2, 20)], None),
            (&[(3, 45), (4, 45)], Some(5)),
        ] {
            assert_eq!(after(pages).next_page(), next, "{pages:?}");
        }
    }

    #[test]
    fn a_smaller_total_leads_back_as_far_as_the_difference_reaches() {
        for (pages, next) in [
            // One removed: what was at place 20 is now at 19, on page 2.
            (&[(1, 40), (2, 40), (3, 39)][..], Some(2)),
            (&[(1, 40), (2, 40), (3, 39), (2, 39)], Some(3)),
            (&[(1, 40), (2, 25)], Some(1)),
            (&[(1, 40), (2, 25), (1, 25)], Some(2)),
            (&[(1, 40), (2, 0)], None),
            // Never before the first page.
            (&[(3, 90), (4, 60)], Some(3)),
        ] {
            assert_eq!(after(pages).next_page(), next, "{pages:?}");
        }
    }

    #[test]
    fn the_total_that_says_more_is_believed() {
        let told = |total_pages, total_items| Pagination {
            total_pages,
            total_items,
            ..Pagination::new(1, 10, 0)
        };
        for (told, next) in [
            (told(1, 30), Some(2)),
            (told(3, 0), Some(2)),
            (told(1, 7), None),
            (Pagination::default(), Some(2)),
        ] {
            let mut position = Position::new(1);
            position.read(1, 10, &told);
            assert_eq!(position.next_page(), next, "{told:?}");
        }
    }

    #[test]
    fn a_page_of_another_size_counts_by_its_own_places() {
        let mut position = after(&[(1, 40)]);
        position.read(2, 4, &Pagination::new(2, 4, 40));
        assert_eq!(
            position.next_page(),
            Some(3),
            "places 8 to 11 follow place 10"
        );
    }

    #[test]
    fn numbers_beyond_reason_do_not_overflow() {
        let mut position = Position::new(u64::MAX);
        let told = Pagination {
            total_items: u64::MAX,
            total_pages: u64::MAX,
            ..Pagination::new(u64::MAX, u64::MAX, u64::MAX)
        };
        position.read(u64::MAX, 3, &told);
        position.read(1, 3, &Pagination::default());
        let _ = position.next_page();
    }
}
