//! Lists that fetch their pages as they are read. They know nothing of what the items are.

mod list_data;
mod page;
mod pages;

pub use page::{Listed, Page};
pub use pages::{Items, Pages};

pub(crate) use page::{List, Sealed};
