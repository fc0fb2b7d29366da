//! Lists that fetch their pages as they are read. They know nothing of what the items are.

mod list_data;
mod list_methods;
mod listed;
mod live_list;
mod page;
mod page_json;
mod pages;
mod position;
mod unreadable_item;

pub use listed::Listed;
pub use page::Page;
pub use pages::{Items, Pages};
pub use unreadable_item::UnreadableItem;

pub(crate) use list_methods::{Paging, list_methods};
pub(crate) use listed::Sealed;
pub(crate) use page::{Added, List};
