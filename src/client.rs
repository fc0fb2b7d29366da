//! The client as an application sees it, and its settings.

mod builder;
mod connections;
mod orion;
mod proxy;

pub use builder::OrionBuilder;
pub use orion::OrionOS;
