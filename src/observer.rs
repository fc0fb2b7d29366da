//! What a client tells of its calls while they happen.

mod event;
mod observer_trait;
mod observers;

pub use event::{CallEvent, CallInfo, CallOutcome, StreamEnd, WaitReason};
pub use observer_trait::Observer;
pub(crate) use observers::Observers;
