//! What several clients of one account need to share its limits: a place where they reserve calls.

mod ledger;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod window_store;

pub use memory::MemoryWindowStore;
#[cfg(feature = "redis")]
pub use redis::RedisWindowStore;
pub use window_store::{
    Grant, Holding, Reservation, StoreError, StoreFuture, WindowReport, WindowStore,
};
