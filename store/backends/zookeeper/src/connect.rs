//! Opening connections.

use std::time::Duration;

use netkeep_store::{Kind, Result};
use tokio::time::{Instant, timeout_at};
use zookeeper_client::{Acls, Client, Connector, CreateMode, CreateOptions, SaslOptions};

use crate::error::{connecting, no_answer};
use crate::handshake::refusal;
use crate::tls::refused;
use crate::{Access, Credentials, Login, Tls, ZooKeeperConfig, error};

/// Opens connections to the servers of one configuration.
#[derive(Debug)]
pub(crate) struct Door {
    config: ZooKeeperConfig,
    addresses: Vec<String>,
}

impl Door {
    pub(crate) fn new(config: &ZooKeeperConfig) -> Result<Self> {
        config.check()?;
        let addresses = config.endpoints.iter().map(ZooKeeperConfig::address).collect();
        Ok(Self { config: config.clone(), addresses })
    }

    pub(crate) fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// A session of one server. It is given up when its connection is lost, so it needs no other server.
    pub(crate) async fn one(&self, index: usize) -> Result<Client> {
        let address = &self.addresses[index % self.addresses.len()];
        let connector = self.connector().with_session_timeout(self.config.session_timeout);
        self.open(connector, address, self.config.connect_timeout).await
    }

    /// A session that outlives the connection to one server, as a lease must.
    pub(crate) async fn any(&self, session_timeout: Duration) -> Result<Client> {
        let servers = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX).min(3);
        let within = self.config.connect_timeout.saturating_mul(servers);
        let connector = self.connector().with_session_timeout(session_timeout);
        let cluster = self.addresses.join(",");
        self.open(connector, &cluster, within).await
    }

    fn connector(&self) -> Connector {
        let connector =
            Client::connector().with_connection_timeout(self.config.connect_timeout).with_fail_eagerly();
        let connector = match &self.config.tls {
            Some(tls) => connector.with_tls(tls.options()),
            None => connector,
        };
        match &self.config.credentials {
            Some(Credentials { user, password, login: Login::Digest }) => {
                connector.with_auth("digest", format!("{user}:{password}").as_bytes())
            }
            Some(Credentials { user, password, login: Login::Sasl }) => {
                connector.with_sasl(SaslOptions::digest_md5(user.clone(), password.clone()))
            }
            None => connector,
        }
    }

    async fn open(&self, connector: Connector, cluster: &str, within: Duration) -> Result<Client> {
        let connect = async {
            match self.config.tls {
                Some(_) => connector.secure_connect(cluster).await,
                None => connector.connect(cluster).await,
            }
        };
        let error = match timeout_at(Instant::now() + within, connect).await {
            Ok(Ok(client)) => return Ok(client),
            Ok(Err(error)) => connecting(error, cluster),
            Err(_) => no_answer(within).with_context("server", cluster),
        };
        if error.kind() == Kind::Unavailable
            && let Some(tls) = &self.config.tls
        {
            let first = cluster.split(',').next().unwrap_or(cluster);
            if let Err(why) = refusal(first, tls, self.config.connect_timeout).await {
                return Err(match refused(&why) {
                    Some(refused) => refused.with_context("server", first),
                    None => error.with_context("TLS", why),
                });
            }
        }
        Err(error)
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.config.tls.as_ref()
    }

    /// How nodes are made.
    pub(crate) fn making(&self, mode: CreateMode) -> CreateOptions<'_> {
        mode.with_acls(match self.config.acl {
            Access::Anyone => Acls::anyone_all(),
            Access::Creator => Acls::creator_all(),
        })
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.config.request_timeout
    }

    /// One request to read, with its deadline.
    pub(crate) async fn read<T>(
        &self,
        request: impl Future<Output = Result<T, zookeeper_client::Error>>,
    ) -> Result<T> {
        let within = self.config.request_timeout;
        match tokio::time::timeout(within, request).await {
            Ok(answer) => answer.map_err(error::reading),
            Err(_) => Err(no_answer(within)),
        }
    }
}
