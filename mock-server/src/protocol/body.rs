//! Reading the body of a request, within limits.

use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::state::clock::RunningClock;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Parts of a body that need no place in the budget.
const FREE: usize = 64 << 10;
/// The unit of the budget in bytes.
const UNIT: usize = 1 << 10;

/// How much memory all bodies that are being read may use together.
#[derive(Debug)]
pub(crate) struct BodyBudget(Semaphore);

impl BodyBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Semaphore::new(bytes / UNIT))
    }
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum BodyError {
    TooLarge,
    /// The budget is used up by other bodies.
    Busy,
    Failed(String),
}

/// Reads a complete body of at most `limit` bytes.
pub(crate) async fn read<B>(body: B, limit: usize, budget: &BodyBudget) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    read_slowly(body, limit, budget, None).await
}

/// Reads a body with a pause before each part.
pub(crate) async fn read_slowly<B>(
    body: B,
    limit: usize,
    budget: &BodyBudget,
    pause: Option<(Duration, &RunningClock)>,
) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    // A client that announces too much, or waits for `100 Continue`, need not send it.
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut places: Option<SemaphorePermit<'_>> = None;
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    loop {
        if let Some((length, clock)) = pause {
            // On the heap, so that other requests do not need the room.
            Box::pin(clock.sleep(length)).await;
        }
        let Some(frame) = body.frame().await else {
            break;
        };
        let part = match frame.map(http_body::Frame::into_data) {
            Ok(Ok(part)) => part,
            Ok(Err(_trailers)) => continue,
            Err(error) => return Err(BodyError::Failed(error.into().to_string())),
        };
        let length = first.len() + whole.len() + part.len();
        if length > limit {
            return Err(BodyError::TooLarge);
        }
        let held = places.as_ref().map_or(0, SemaphorePermit::num_permits);
        let more = (length.saturating_sub(FREE) / UNIT).saturating_sub(held);
        if more > 0 {
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            let more = budget
                .0
                .try_acquire_many(more)
                .map_err(|_| BodyError::Busy)?;
            match &mut places {
                Some(places) => places.merge(more),
                None => places = Some(more),
            }
        }
        // Most bodies arrive in one part, which does not have to be copied.
        if first.is_empty() && whole.is_empty() {
            first = part;
        } else {
            if whole.is_empty() {
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&part);
        }
    }
    Ok(match whole.is_empty() {
        true => first,
        false => whole.freeze(),
    })
}
