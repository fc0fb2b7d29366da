//! What the store connects to: a node, the master that Sentinels name, or a cluster.

use std::time::Duration;

use ::redis::cluster::ClusterClient;
use ::redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo,
    RedisError, RedisResult, TlsMode,
};
use tokio::sync::Mutex;

use super::super::window_store::StoreError;
use super::link::Link;
use crate::error::OrionError;

/// How long a new connection may take.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Replies that take longer come too late for the call, which waits a little longer than this.
pub(super) const REPLY_WITHIN: Duration = Duration::from_millis(70);

pub(super) enum Target {
    Node(Box<Client>),
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

impl Target {
    pub(super) fn node(url: &str) -> Result<Self, OrionError> {
        let info = url.into_connection_info().map_err(invalid_url)?;
        let settings = without_client_info(info.redis_settings());
        let client = Client::open(info.set_redis_settings(settings)).map_err(invalid_url)?;
        Ok(Self::Node(Box::new(client)))
    }

    pub(super) fn cluster(urls: Vec<String>) -> Result<Self, OrionError> {
        let builder = ClusterClient::builder(urls)
            .connection_timeout(CONNECT_WITHIN)
            .response_timeout(REPLY_WITHIN)
            .retries(2);
        let client = builder.build().map_err(invalid_url)?;
        Ok(Self::Cluster(Box::new(client)))
    }

    pub(super) fn sentinel(sentinels: Vec<String>, master: &str) -> Result<Self, OrionError> {
        let info = master.into_connection_info().map_err(invalid_url)?;
        let (name, tls) = match info.addr() {
            ConnectionAddr::Tcp(host, _) => (host.clone(), None),
            ConnectionAddr::TcpTls { host, .. } => (host.clone(), Some(TlsMode::Secure)),
            _ => {
                return Err(OrionError::config(
                    "invalid Redis URL: expected the master's name as the host, as in \
                     redis://:password@mymaster/0",
                ));
            }
        };
        let mut node = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(without_client_info(info.redis_settings()));
        if let Some(tls) = tls {
            node = node.set_tls_mode(tls);
        }
        let server = SentinelServerType::Master;
        let client = SentinelClient::build(sentinels, name, Some(node), server);
        let client = client.map_err(invalid_url)?;
        Ok(Self::Sentinel(Box::new(Mutex::new(client))))
    }

    pub(super) async fn connect(&self) -> RedisResult<Link> {
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

/// Removes the command that tells Redis the name of this library. It needs a permission that exists only
/// in Redis 7.2 and later.
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
