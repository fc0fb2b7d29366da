//! Lists that fetch their pages as they are read. They know nothing of what the items are.

mod list_data;
mod listed;
mod page;
mod pages;

pub use listed::Listed;
pub use page::Page;
pub use pages::{Items, Pages};

pub(crate) use listed::Sealed;
pub(crate) use page::List;
