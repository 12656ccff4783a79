//! The members of the cluster: one is asked until it fails, then the next.

use std::fmt;
use std::time::Duration;

use etcd_client::ConnectOptions;
use netkeep_store::Result;
use netkeep_store::remote::Endpoints;
use tokio::time::timeout;

use crate::EtcdConfig;
use crate::error::Fault;
use crate::handshake::Handshakes;
use crate::member::{Connected, Member};

/// One client per member: the crate's own balancer goes on asking a member that is dead.
pub(crate) struct Pool {
    members: Vec<Member>,
    endpoints: Endpoints,
    request: Duration,
    connect: Duration,
    handshakes: Option<Handshakes>,
}

/// After how long a silent connection is asked whether it is alive, and how long it has for the answer. Without it, a
/// watch on a frozen server hangs for ever.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

impl Pool {
    pub(crate) fn new(config: &EtcdConfig) -> Result<Self> {
        config.check()?;
        let mut options = ConnectOptions::new()
            .with_keep_alive(KEEP_ALIVE, KEEP_ALIVE)
            .with_connect_timeout(config.connect_timeout)
            .with_require_leader(true);
        if let Some(tls) = &config.tls {
            options = options.with_tls(tls.options());
        }
        if let Some(credentials) = &config.credentials {
            options =
                options.with_user(credentials.user(), credentials.password()).with_auto_token_refresh(true);
        }
        let members = config.endpoints.iter().cloned().zip(config.uris());
        let members: Vec<Member> =
            members.map(|(endpoint, uri)| Member::new(endpoint, uri, options.clone())).collect();
        Ok(Self {
            endpoints: Endpoints::new(members.len()),
            members,
            request: config.request_timeout,
            connect: config.connect_timeout,
            handshakes: config.tls.as_ref().and_then(Handshakes::new),
        })
    }

    /// Sends one request to the member whose turn it is.
    pub(crate) async fn ask<T, F>(&self, request: impl FnOnce(Connected) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, etcd_client::Error>>,
    {
        let turn = self.endpoints.turn();
        let member = &self.members[self.endpoints.index(turn)];
        let answer = match self.ask_member(member, request).await {
            Err(cut) if cut.cut => Err(self.explain(member, cut).await),
            answer => answer,
        };
        match &answer {
            Ok(_) => member.has_answered(),
            Err(fault) if fault.verdict.elsewhere => self.endpoints.failed(turn),
            Err(_) => {}
        }
        answer
    }

    /// Why a secured connection broke, if it is because one side does not take the certificate of the other.
    async fn explain(&self, member: &Member, cut: Fault) -> Fault {
        let Some(handshakes) = &self.handshakes else { return cut };
        let failure = handshakes.failure(member.endpoint(), self.connect).await;
        match failure.and_then(Fault::distrust) {
            // Who never took us has never executed anything.
            Some(fault) if !member.answers() => fault,
            Some(fault) => fault.explaining(&cut),
            None => cut,
        }
    }

    async fn ask_member<T, F>(
        &self,
        member: &Member,
        request: impl FnOnce(Connected) -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, etcd_client::Error>>,
    {
        // A token is asked for, so there is a request to wait for besides the connection.
        let within = self.connect + self.request;
        let connected =
            timeout(within, member.connected()).await.map_err(|_| Fault::unconnected(within))??;
        match timeout(self.request, request(connected)).await {
            Ok(answer) => answer.map_err(Fault::from),
            Err(_) => Err(Fault::late(self.request)),
        }
    }

    /// Says that the member that was asked in this turn has failed in its watch.
    pub(crate) fn failed(&self, turn: usize) {
        self.endpoints.failed(turn);
    }

    /// The turn that lasts now.
    pub(crate) fn turn(&self) -> usize {
        self.endpoints.turn()
    }

    pub(crate) fn disconnect(&self) {
        for member in &self.members {
            member.disconnect();
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.members.iter().map(Member::uri)).finish()
    }
}
