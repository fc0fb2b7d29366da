//! A store in Redis or Valkey, for clients in many processes.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, RedisResult, Script, ServerErrorKind, TlsMode, Value, cmd,
};
use futures_util::FutureExt;
use tokio::time::timeout;

use super::window_store::{Grant, Holding, Reservation, StoreError, StoreFuture, WindowStore};
use crate::error::OrionError;

/// How long a new connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Replies that take longer come too late for the call: see [`WindowStore`].
const REPLY_WITHIN: Duration = Duration::from_millis(95);
/// After this many late replies in a row, the network may have dropped the connection silently.
const LATE_REPLIES: u32 = 3;

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
/// | `{orionos}:ping`, by [`ping`](Self::ping) | string, JSON | after 150 seconds | all of these |
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
    target: Target,
    connection: Mutex<Connection>,
    reserve: ScriptText,
    hold: ScriptText,
}

/// What to connect to.
enum Target {
    Node(Box<Client>),
    Sentinel(Box<tokio::sync::Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

#[derive(Clone)]
enum Link {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// The present connection. `link` is `None` before there is one, and after it failed.
#[derive(Default)]
struct Connection {
    link: Option<Link>,
    /// How many connections there were: a failure of an earlier one says nothing of this one.
    number: u64,
    is_connecting: bool,
    late_replies: u32,
    /// Why there is no connection.
    error: Option<String>,
}

struct ScriptText {
    text: &'static str,
    hash: String,
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
    /// TLS.
    pub async fn connect(url: impl AsRef<str>) -> Result<Self, OrionError> {
        let info = url.as_ref().into_connection_info().map_err(invalid_url)?;
        let settings = without_client_info(info.redis_settings());
        let client = Client::open(info.set_redis_settings(settings)).map_err(invalid_url)?;
        Ok(Self::new(Target::Node(Box::new(client))).await)
    }

    /// Connects to a Redis Cluster by some of its nodes.
    ///
    /// # Errors
    ///
    /// Like [`connect`](Self::connect).
    pub async fn connect_cluster<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
    ) -> Result<Self, OrionError> {
        let urls = owned(urls);
        let builder = ClusterClient::builder(urls)
            .connection_timeout(CONNECT_WITHIN)
            .response_timeout(REPLY_WITHIN)
            .retries(2);
        let client = builder.build().map_err(invalid_url)?;
        Ok(Self::new(Target::Cluster(Box::new(client))).await)
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
        let info = master
            .as_ref()
            .into_connection_info()
            .map_err(invalid_url)?;
        let name = match info.addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.clone(),
            _ => {
                return Err(OrionError::config(
                    "invalid Redis URL: expected the master's name as the host, as in \
                     redis://:password@mymaster/0",
                ));
            }
        };
        let tls = match info.addr() {
            ConnectionAddr::TcpTls { .. } => Some(TlsMode::Secure),
            _ => None,
        };
        let mut node = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(without_client_info(info.redis_settings()));
        if let Some(tls) = tls {
            node = node.set_tls_mode(tls);
        }
        let server = SentinelServerType::Master;
        let client = SentinelClient::build(owned(sentinels), name, Some(node), server);
        let client = Box::new(tokio::sync::Mutex::new(client.map_err(invalid_url)?));
        Ok(Self::new(Target::Sentinel(client)).await)
    }

    /// Returns whether the store can be used, for example for a health check at the start. It runs
    /// both scripts on the key `{orionos}:ping`.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be used, for example a connection error, a wrong password, a missing
    /// permission or a full memory.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if self.connected().is_err() {
            self.0.connect_again().await;
        }
        let nothing = Holding {
            window: "{orionos}:ping".to_owned(),
            client: String::new(),
            most: 0,
            has: 0,
            want: 0,
            lease: Duration::ZERO,
        };
        self.hold(&nothing).await?;
        let report = Reservation {
            window: nothing.window,
            client: nothing.client,
            want: 0,
            told: None,
            answered: 0,
            refused: 0,
            returned: 0,
        };
        self.reserve(&report).await.map(drop)
    }

    async fn new(target: Target) -> Self {
        let store = Self(Arc::new(Inner {
            target,
            connection: Mutex::default(),
            reserve: ScriptText::new(include_str!("reserve.lua")),
            hold: ScriptText::new(include_str!("hold.lua")),
        }));
        store.0.connection().is_connecting = true;
        store.0.connect_again().await;
        store
    }

    /// The connection and its number; if there is none, a task makes one.
    fn connected(&self) -> Result<(Link, u64), StoreError> {
        let mut connection = self.0.connection();
        if let Some(link) = &connection.link {
            return Ok((link.clone(), connection.number));
        }
        if !connection.is_connecting {
            connection.is_connecting = true;
            let inner = self.0.clone();
            tokio::spawn(async move { inner.connect_again().await });
        }
        let error = connection.error.as_deref().unwrap_or("connecting");
        Err(format!("no connection to Redis: {error}").into())
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
        let reply: (u64, i64, u64, i64, u64) =
            self.run(script, &reservation.window, &arguments).await?;
        let (calls, wait, clients, resets_in, clock) = reply;
        let time = |millis| u64::try_from(millis).ok().map(Duration::from_millis);
        let mut grant = Grant::new(calls, clients);
        (grant.retry_in, grant.resets_in) = (time(wait), time(resets_in));
        Ok((grant, clock))
    }

    /// Runs a script once. It is sent whole if Redis does not have it any more.
    async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptText,
        key: &str,
        arguments: &[String],
    ) -> Result<T, StoreError> {
        let (mut link, number) = self.connected()?;
        let call = async {
            let mut command = cmd("EVALSHA");
            command.arg(&script.hash).arg(1).arg(key).arg(arguments);
            match command.query_async(&mut link).await {
                Err(error) if is_unknown_script(&error) => {
                    let mut command = cmd("EVAL");
                    command.arg(script.text).arg(1).arg(key).arg(arguments);
                    command.query_async(&mut link).await
                }
                reply => reply,
            }
        };
        match timeout(REPLY_WITHIN, call).await {
            Ok(Ok(reply)) => {
                self.0.connection().late_replies = 0;
                Ok(reply)
            }
            Ok(Err(error)) => Err(self.failed(number, error)),
            Err(_) => Err(self.late(number)),
        }
    }

    /// Gives the connection up, unless the error is about the command alone.
    fn failed(&self, number: u64, error: RedisError) -> StoreError {
        let text = error.to_string();
        // A script passes the error of its command on as text.
        let read_only = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
            || text.contains("READONLY");
        if read_only || error.is_unrecoverable_error() || error.is_connection_dropped() {
            self.0.connection().give_up(number, &text);
        }
        if is_denied(&text) {
            let hint =
                "the permissions that are needed are in the documentation of RedisWindowStore";
            return format!("{text}; {hint}").into();
        }
        Box::new(error)
    }

    fn late(&self, number: u64) -> StoreError {
        let mut connection = self.0.connection();
        connection.late_replies += 1;
        if connection.late_replies >= LATE_REPLIES {
            connection.give_up(number, "no reply");
        }
        format!("no reply from Redis within {REPLY_WITHIN:?}").into()
    }
}

impl Inner {
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect_again(&self) {
        // In a program with two crypto providers, rustls panics unless one of them is installed.
        let connect = AssertUnwindSafe(self.target.connect()).catch_unwind();
        let link = match timeout(CONNECT_WITHIN, connect).await {
            Ok(Ok(link)) => link.map_err(|error| error.to_string()),
            Ok(Err(_)) => Err(
                "TLS cannot be set up; install a default crypto provider of rustls \
                 at the start of the program"
                    .to_owned(),
            ),
            Err(_) => Err(format!("not within {CONNECT_WITHIN:?}")),
        };
        let mut connection = self.connection();
        connection.is_connecting = false;
        connection.late_replies = 0;
        match link {
            Ok(link) => {
                connection.link = Some(link);
                connection.number += 1;
                connection.error = None;
            }
            Err(error) => connection.error = Some(error),
        }
    }
}

impl Target {
    async fn connect(&self) -> RedisResult<Link> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(CONNECT_WITHIN));
        Ok(match self {
            Self::Node(client) => Link::Node(
                client
                    .get_multiplexed_async_connection_with_config(&config)
                    .await?,
            ),
            Self::Sentinel(client) => {
                let mut client = client.lock().await;
                Link::Node(client.get_async_connection_with_config(&config).await?)
            }
            Self::Cluster(client) => Link::Cluster(client.get_async_connection().await?),
        })
    }
}

impl Connection {
    fn give_up(&mut self, number: u64, error: &str) {
        if self.number == number {
            self.link = None;
            self.late_replies = 0;
            self.error = Some(error.to_owned());
        }
    }
}

impl ScriptText {
    fn new(text: &'static str) -> Self {
        let hash = Script::new(text).get_hash().to_owned();
        Self { text, hash }
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(
        &'a mut self,
        cmd: &'a ::redis::Cmd,
    ) -> ::redis::RedisFuture<'a, Value> {
        match self {
            Self::Node(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a ::redis::Pipeline,
        offset: usize,
        count: usize,
    ) -> ::redis::RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Node(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Node(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
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
            self.run(&self.0.hold, &holding.window, &arguments).await
        })
    }
}

impl fmt::Debug for RedisWindowStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a password.
        let is_connected = self.0.connection().link.is_some();
        f.debug_struct("RedisWindowStore")
            .field("is_connected", &is_connected)
            .finish_non_exhaustive()
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether a permission is missing, for a command or in a script.
fn is_denied(text: &str) -> bool {
    text.contains("NoPerm") || text.contains("can't run this command")
}

/// Without telling Redis about this library, which takes a permission that only Redis 7.2 and later
/// have a name for.
fn without_client_info(settings: &RedisConnectionInfo) -> RedisConnectionInfo {
    settings.clone().set_skip_set_lib_name()
}

fn invalid_url(error: RedisError) -> OrionError {
    OrionError::config_with("invalid Redis URL", without_url(error))
}

/// An error about a URL, which may hold a password.
fn without_url(error: RedisError) -> StoreError {
    format!("cannot use the store's URL: {:?}", error.kind()).into()
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
        let (mut link, _) = store.connected().unwrap();
        let keys: Vec<String> = cmd("KEYS").arg("*").query_async(&mut link).await.unwrap();
        // A window, places, and the ping by which the test waited for the server.
        assert_eq!(keys.len(), 3);
        for key in keys {
            let left: i64 = cmd("PTTL").arg(&key).query_async(&mut link).await.unwrap();
            assert!(left > 0 && left <= 160_000, "{key}: {left}");
        }
    }
}
