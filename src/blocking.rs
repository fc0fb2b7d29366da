//! Streams as iterators, for programs without `async`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::future::poll_fn;

use crate::error::OrionError;
use crate::handle::Handle;
use crate::stream::MessageStream;

/// A stream as an iterator: [`Items`](crate::Items), [`Pages`](crate::Pages) or a
/// [`MessageStream`]. Each step blocks the thread until there is a next item. The iterator ends as the
/// stream does. Dropping it closes the connection.
///
/// ```
/// # let runtime = tokio::runtime::Runtime::new()?;
/// # let mock = runtime.block_on(orionos_mock_server::MockServer::start());
/// # let orion = orionos::OrionOS::builder().api_key(mock.api_key()).base_url(mock.base_url()).build()?;
/// # orion.agents().create("Harbour Pilot").send_blocking()?;
/// for agent in orion.agents().list().items_blocking() {
///     println!("{}", agent?.name);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an iterator does nothing until it is read"]
pub struct Blocking<S> {
    /// `None` after blocking calls have become impossible.
    stream: Option<S>,
    handle: Arc<Handle>,
}

impl<S> Blocking<S> {
    pub(crate) fn new(handle: Arc<Handle>, stream: S) -> Self {
        Self {
            stream: Some(stream),
            handle,
        }
    }
}

impl Blocking<MessageStream> {
    /// Reads the stream to its end and returns the text of all tokens.
    ///
    /// # Errors
    ///
    /// As [`MessageStream::collect_text`].
    pub fn collect_text(mut self) -> Result<String, OrionError> {
        match self.stream.take() {
            Some(stream) => self.handle.block_on(stream.collect_text()),
            None => Ok(String::new()),
        }
    }
}

impl<S, T> Iterator for Blocking<S>
where
    S: Stream<Item = Result<T, OrionError>> + Unpin,
{
    type Item = Result<T, OrionError>;

    fn next(&mut self) -> Option<Self::Item> {
        let stream = self.stream.as_mut()?;
        let next = poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx));
        match self.handle.background.start() {
            Ok(entry) => entry.block_on(next),
            Err(why) => {
                self.stream = None;
                Some(Err(why.into()))
            }
        }
    }
}

impl<S> Drop for Blocking<S> {
    fn drop(&mut self) {
        // A stream that ends tells the shared store, for which it needs a runtime.
        let entry = self.handle.background.started();
        let _inside = entry.as_ref().map(|entry| entry.enter());
        self.stream = None;
    }
}

impl<S: fmt::Debug> fmt::Debug for Blocking<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blocking").field(&self.stream).finish()
    }
}
