//! Several clients of one account, without a store and with one: the permitted rate is used and
//! shared evenly, and almost no call runs into a 429. All of it is in virtual time.

mod crowd;
mod outages;
mod store_contents;
mod store_waits;
mod with_a_store;
mod without_a_store;
