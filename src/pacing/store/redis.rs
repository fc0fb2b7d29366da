//! A store in Redis or Valkey, for clients in many processes.

mod connection;
mod link;
mod script;
mod target;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use connection::Connection;
use script::Script;
use target::Target;

use super::window_store::{Grant, Holding, Reservation, StoreError, StoreFuture, WindowStore};
use crate::error::OrionError;

/// Rate-limit windows that clients in many processes share through Redis (6 or later) or Valkey (7
/// or later).
///
/// Clones share one connection. If it is lost, the store connects again by itself. Until then, each
/// client paces on its own. Building a client and making a call work even if Redis is down.
///
/// ```no_run
/// # async fn example() -> Result<(), orionos::OrionError> {
/// use orionos::{OrionOS, Pacing, RedisWindowStore};
///
/// let store = RedisWindowStore::connect("redis://127.0.0.1:6379").await?;
/// let orion = OrionOS::builder().api_key("key").pacing(Pacing::shared(store)).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Commands and keys
///
/// | Key | Type | Expires | Commands |
/// |---|---|---|---|
/// | `{fingerprint}:account`, `{fingerprint}:{operation}`, `{fingerprint}:messages:{agent}` | string, JSON | 150 seconds after the reset | `EVALSHA`, `EVAL`; in the script `TIME`, `GET`, `SET` |
/// | `{fingerprint}:messages:{agent}:places` | string, JSON | with the last message in flight, at most 30 seconds after it was renewed | `EVALSHA`, `EVAL`; in the script `TIME`, `GET`, `SET`, `DEL` |
/// | `{orionos}:ping`, `{orionos}:ping:places`, by [`ping`](Self::ping) | string, JSON | after 150 seconds | all of these |
///
/// The fingerprint is the first half of an HMAC-SHA256 of the base URL with the API key as its key,
/// in hexadecimal and in braces, so that all keys of an account are in one slot of a cluster. The
/// connection itself uses `HELLO`, `AUTH` and `SELECT`; with Sentinel also `ROLE`, and in a cluster
/// `CLUSTER SLOTS`, `ASKING` and `PING`. An ACL rule that allows all this:
///
/// ```text
/// ACL SETUSER orionos on >password ~{*}:* +evalsha +eval +time +get +set +del +hello +auth +select +role +cluster|slots +asking +ping
/// ```
#[derive(Clone)]
pub struct RedisWindowStore(Arc<Inner>);

struct Inner {
    connection: Arc<Connection>,
    reserve: Script,
    hold: Script,
}

impl RedisWindowStore {
    /// Connects to a single node: `redis://[user:password@]host[:port][/database]`, or `rediss://`
    /// for TLS.
    ///
    /// Returns within 2 seconds, even if Redis cannot be reached. The connection is tried again
    /// when a client needs it. Use [`ping`](Self::ping) to check it.
    ///
    /// # Errors
    ///
    /// Returns [`OrionError::Config`] if the URL is invalid, or if it requires TLS in a build without
    /// the feature `rustls`.
    pub async fn connect(url: impl AsRef<str>) -> Result<Self, OrionError> {
        Ok(Self::new(Target::node(url.as_ref())?).await)
    }

    /// Connects to a Redis Cluster by some of its nodes.
    ///
    /// # Errors
    ///
    /// Like [`connect`](Self::connect).
    pub async fn connect_cluster<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
    ) -> Result<Self, OrionError> {
        Ok(Self::new(Target::cluster(owned(urls))?).await)
    }

    /// Connects to the master that these Sentinels name. The host of `master` is the master's name,
    /// its user, password, database and scheme are those of the master:
    /// `redis://:password@mymaster/0`.
    ///
    /// # Errors
    ///
    /// Like [`connect`](Self::connect).
    pub async fn connect_sentinel<U: AsRef<str>>(
        sentinels: impl IntoIterator<Item = U>,
        master: impl AsRef<str>,
    ) -> Result<Self, OrionError> {
        Ok(Self::new(Target::sentinel(owned(sentinels), master.as_ref())?).await)
    }

    /// Returns whether the store can be used, for example for a health check at the start. It runs
    /// both scripts, on keys that begin with `{orionos}:ping`.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be used, for example a connection error, a wrong password, a missing
    /// permission or a full memory.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.0.connection.ensure().await;
        let (window, client) = ("{orionos}:ping".to_owned(), String::new());
        let nothing = Holding {
            window: format!("{window}:places"),
            client: client.clone(),
            most: 0,
            has: 0,
            want: 0,
            lease: Duration::ZERO,
        };
        self.hold(&nothing).await?;
        let report = Reservation {
            window,
            client,
            want: 0,
            told: None,
            answered: 0,
            refused: 0,
            returned: 0,
        };
        self.reserve(&report).await.map(drop)
    }

    async fn new(target: Target) -> Self {
        Self(Arc::new(Inner {
            connection: Connection::to(target).await,
            reserve: Script::new(include_str!("reserve.lua")),
            hold: Script::new(include_str!("hold.lua")),
        }))
    }

    /// Returns the grant, and the store's clock in milliseconds.
    async fn reserve_at(&self, reservation: &Reservation) -> Result<(Grant, u64), StoreError> {
        let mut arguments = vec![
            reservation.client.clone(),
            reservation.want.to_string(),
            reservation.answered.to_string(),
            reservation.refused.to_string(),
            reservation.returned.to_string(),
            format!("{:.3}", fastrand::f64()),
        ];
        if let Some(told) = &reservation.told {
            arguments.extend([
                told.limit.to_string(),
                told.used.to_string(),
                told.reset.to_string(),
                told.resets_in.as_millis().to_string(),
            ]);
        }
        let script = &self.0.reserve;
        let reply: (u64, i64, u64, i64, u64) = self
            .0
            .connection
            .run(script, &reservation.window, &arguments)
            .await?;
        let (calls, wait, clients, resets_in, clock) = reply;
        let time = |millis| u64::try_from(millis).ok().map(Duration::from_millis);
        let mut grant = Grant::new(calls, clients);
        (grant.retry_in, grant.resets_in) = (time(wait), time(resets_in));
        Ok((grant, clock))
    }
}

impl WindowStore for RedisWindowStore {
    fn reserve<'a>(&'a self, reservation: &'a Reservation) -> StoreFuture<'a, Grant> {
        Box::pin(async move { Ok(self.reserve_at(reservation).await?.0) })
    }

    fn hold<'a>(&'a self, holding: &'a Holding) -> StoreFuture<'a, u64> {
        Box::pin(async move {
            let arguments = [
                holding.client.clone(),
                holding.most.to_string(),
                holding.has.to_string(),
                holding.want.to_string(),
                holding.lease.as_millis().to_string(),
            ];
            let connection = &self.0.connection;
            connection
                .run(&self.0.hold, &holding.window, &arguments)
                .await
        })
    }
}

impl fmt::Debug for RedisWindowStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a password.
        let is_connected = self.0.connection.is_there();
        f.debug_struct("RedisWindowStore")
            .field("is_connected", &is_connected)
            .finish_non_exhaustive()
    }
}

fn owned<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Vec<String> {
    urls.into_iter()
        .map(|url| url.as_ref().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::process::{Child, Command, Stdio};

    use ::redis::cmd;

    use super::super::ledger::{Ledger, Places};
    use super::super::window_store::WindowReport;
    use super::*;

    /// A Redis of this test alone, on a free port.
    struct Server {
        process: Child,
        url: String,
    }

    impl Server {
        /// `None`, with a loud word, if the program is missing.
        async fn start() -> Option<Self> {
            // The listener is dropped at once: the port is free again.
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
            let port = address.unwrap().port().to_string();
            let mut command = Command::new("redis-server");
            command.args(["--port", &port, "--save", "", "--appendonly", "no"]);
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let Ok(process) = command.spawn() else {
                eprintln!(
                    "SKIPPED: redis-server is not installed (Debian: apt install redis-server)"
                );
                return None;
            };
            let url = format!("redis://127.0.0.1:{port}");
            let server = Self { process, url };
            let mut error = String::new();
            for _ in 0..20 {
                let store = RedisWindowStore::connect(&server.url).await.unwrap();
                match store.ping().await {
                    Ok(()) => return Some(server),
                    Err(cause) => error = cause.to_string(),
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("redis-server does not start: {error}");
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// A random request of one of five clients, within a window of 60 that ends 300 ms later.
    fn random(reset: i64, used: u64) -> Reservation {
        let answered = fastrand::u64(..4);
        let told = WindowReport {
            limit: 60,
            used,
            reset,
            resets_in: Duration::from_millis(fastrand::u64(100..300)),
        };
        Reservation {
            window: "{test}:window".to_owned(),
            client: format!("client {}", fastrand::u64(..5)),
            want: fastrand::u64(..12),
            told: (fastrand::u64(..3) > 0).then_some(told),
            answered,
            refused: fastrand::u64(..=answered / 3),
            returned: fastrand::u64(..2),
        }
    }

    #[tokio::test]
    async fn the_script_divides_a_window_as_the_ledger_does() {
        let Some(server) = Server::start().await else {
            return;
        };
        let store = RedisWindowStore::connect(&server.url).await.unwrap();
        let (mut ledger, mut reset, mut used) = (Ledger::default(), 100, 0);
        for step in 0..2_000_u64 {
            if step % 200 == 199 {
                (reset, used) = (reset + 60, 0);
            }
            used = (used + fastrand::u64(..3)).min(60);
            let request = random(reset, used);
            let (grant, now) = store.reserve_at(&request).await.unwrap();
            let same = ledger.reserve(&request, now, 0.0);
            assert_eq!(
                (grant.calls, grant.clients, grant.resets_in),
                (same.calls, same.clients, same.resets_in),
                "{step}"
            );
            // Some waits have a random part.
            let near = |one: Option<Duration>, other: Option<Duration>| {
                let millis =
                    |time: Option<Duration>| time.map_or(-1, |time| time.as_millis() as i64);
                (millis(one) - millis(other)).abs() <= 25
            };
            assert!(
                near(grant.retry_in, same.retry_in),
                "{step}: {grant:?}, {same:?}"
            );
        }
    }

    #[tokio::test]
    async fn the_script_divides_places_as_the_ledger_does() {
        let Some(server) = Server::start().await else {
            return;
        };
        let store = RedisWindowStore::connect(&server.url).await.unwrap();
        let mut places = Places::default();
        for step in 0..1_000 {
            let request = Holding {
                window: "{test}:places".to_owned(),
                client: format!("client {}", fastrand::u64(..5)),
                most: 10,
                has: fastrand::u64(..4),
                want: fastrand::u64(..6),
                lease: Duration::from_secs(30),
            };
            let held = store.hold(&request).await.unwrap();
            assert_eq!(held, places.hold(&request, 1), "{step}");
        }
    }

    #[tokio::test]
    async fn a_store_can_be_pinged_again_and_by_others() {
        let Some(server) = Server::start().await else {
            return;
        };
        for _ in 0..2 {
            let store = RedisWindowStore::connect(&server.url).await.unwrap();
            for _ in 0..2 {
                store.ping().await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn every_key_has_a_time_to_live() {
        let Some(server) = Server::start().await else {
            return;
        };
        let store = RedisWindowStore::connect(&server.url).await.unwrap();
        store.reserve(&random(100, 1)).await.unwrap();
        let holding = Holding {
            window: "{test}:places".to_owned(),
            client: "one".to_owned(),
            most: 10,
            has: 0,
            want: 1,
            lease: Duration::from_secs(30),
        };
        store.hold(&holding).await.unwrap();
        let (mut link, _) = store.0.connection.link().unwrap();
        let keys: Vec<String> = cmd("KEYS").arg("*").query_async(&mut link).await.unwrap();
        // A window, places, and the ping by which the test waited for the server.
        assert_eq!(keys.len(), 3);
        for key in keys {
            let left: i64 = cmd("PTTL").arg(&key).query_async(&mut link).await.unwrap();
            assert!(left > 0 && left <= 160_000, "{key}: {left}");
        }
    }
}
