//! The connections of the default HTTP client. A connection belongs to the runtime that opened it, so
//! blocking calls, whose runtime is the background thread's, have connections of their own.

#[cfg(feature = "blocking")]
use std::sync::OnceLock;

use crate::error::OrionError;

pub(crate) struct Pools {
    client: reqwest::Client,
    #[cfg(feature = "blocking")]
    blocking: Option<BlockingPool>,
}

#[cfg(feature = "blocking")]
struct BlockingPool {
    /// Created by the first blocking call.
    client: OnceLock<reqwest::Client>,
    create: Box<dyn Fn() -> Result<reqwest::Client, OrionError> + Send + Sync>,
}

impl Pools {
    /// The pools of a user's own client, which has only one.
    pub(crate) fn of(client: reqwest::Client) -> Self {
        Self {
            client,
            #[cfg(feature = "blocking")]
            blocking: None,
        }
    }

    /// Pools of clients that `create` returns.
    pub(crate) fn new(
        create: impl Fn() -> Result<reqwest::Client, OrionError> + Send + Sync + 'static,
    ) -> Result<Self, OrionError> {
        Ok(Self {
            client: create()?,
            #[cfg(feature = "blocking")]
            blocking: Some(BlockingPool {
                client: OnceLock::new(),
                create: Box::new(create),
            }),
        })
    }

    /// Returns the client whose connections the current runtime may use.
    pub(super) fn client(&self) -> Result<&reqwest::Client, OrionError> {
        #[cfg(feature = "blocking")]
        if let Some(pool) = self
            .blocking
            .as_ref()
            .filter(|_| crate::background::is_current())
        {
            return match pool.client.get() {
                Some(client) => Ok(client),
                None => {
                    let created = (pool.create)()?;
                    Ok(pool.client.get_or_init(|| created))
                }
            };
        }
        Ok(&self.client)
    }
}
