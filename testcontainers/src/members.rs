//! The members of a cluster: which state each is in, whether it serves, which of them leads.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio::time::sleep;

use crate::blow::Wound;
use crate::launcher::{Launched, Node};
use crate::probe::{self, Leads, Reach};
use crate::{Error, Family, Kind, Launcher, Result, handshake};

/// How often a node is asked whether it serves by now.
const POLL: Duration = Duration::from_millis(25);

/// How much of a log an error shows.
const LOG: usize = 4_000;

/// The servers of one family.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) family: Family,
    pub(crate) launcher: Launcher,
    pub(crate) ready_within: Duration,
    pub(crate) endpoints: Vec<String>,
    pub(crate) secure_endpoints: Vec<String>,
    pub(crate) seats: Vec<Seat>,
    /// What the last blow has left, until it is mended.
    pub(crate) struck: Mutex<Vec<(usize, Wound)>>,
    /// What goes when the last node went.
    pub(crate) made: Mutex<Option<Launched>>,
}

/// A node and what was done to it.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) node: Box<dyn Node>,
    pub(crate) state: Mutex<State>,
}

/// What was done to a node so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) run: Run,
    /// Cut off from the other members.
    pub(crate) cut: bool,
}

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Running,
    Frozen,
    Stopped,
}

impl Seat {
    pub(crate) fn new(node: Box<dyn Node>) -> Self {
        Self { node, state: Mutex::new(State { run: Run::Stopped, cut: false }) }
    }

    /// Starts it for the first time.
    pub(crate) async fn start(&self) -> Result<()> {
        let mut state = self.state.lock().await;
        self.node.start().await?;
        state.run = Run::Running;
        Ok(())
    }
}

impl Members {
    /// Refuses what does not fit the state of a node.
    pub(crate) fn want(&self, node: usize, is: Run, good: &[Run]) -> Result<()> {
        if good.contains(&is) {
            return Ok(());
        }
        let name = |run: &Run| match run {
            Run::Running => "running",
            Run::Frozen => "paused",
            Run::Stopped => "stopped",
        };
        let good: Vec<&str> = good.iter().map(name).collect();
        let message =
            format!("{} node {node} is {}; it must be {}", self.family, name(&is), good.join(" or "));
        Err(Error::new(Kind::State, message))
    }

    /// Starts a node that was stopped.
    pub(crate) async fn start_again(&self, node: usize) -> Result<()> {
        let seat = &self.seats[node];
        let mut state = seat.state.lock().await;
        self.want(node, state.run, &[Run::Stopped])?;
        seat.node.start().await?;
        state.run = Run::Running;
        Ok(())
    }

    /// Waits until a node serves.
    pub(crate) async fn wait_until_ready(&self, node: usize) -> Result<()> {
        let seat = &self.seats[node];
        let end = Instant::now() + self.ready_within;
        loop {
            let Err(why) = self.serves(seat.node.reach()).await else { return Ok(()) };
            let (kind, what) = if !seat.node.is_running().await? {
                (Kind::Failed, "has ended by itself".to_owned())
            } else if Instant::now() >= end {
                (Kind::NotReady, format!("does not serve after {} s ({why})", self.ready_within.as_secs()))
            } else {
                sleep(POLL).await;
                continue;
            };
            return Err(Error::new(kind, format!("{} node {node} {what}", self.family)));
        }
    }

    /// Whether a node serves, over TLS too where it should: its ports need not open in the same instant.
    async fn serves(&self, reach: Reach) -> Result<(), String> {
        probe::serves(self.family, reach).await?;
        if self.secure_endpoints.is_empty() {
            return Ok(());
        }
        handshake::answers(reach.secure).await.map_err(|error| format!("its port for TLS: {error}"))
    }

    /// The one that leads.
    pub(crate) async fn leader(&self) -> Result<usize> {
        let end = Instant::now() + self.ready_within;
        loop {
            let found = self.leaders().await?;
            match found[..] {
                [leader] => return Ok(leader),
                _ if Instant::now() >= end => {
                    let message = format!("{} has not one leader but {found:?}", self.family);
                    return Err(Error::new(Kind::NotReady, message));
                }
                _ => sleep(POLL).await,
            }
        }
    }

    /// Who leads now, in the eyes of those that can be asked.
    async fn leaders(&self) -> Result<Vec<usize>> {
        let mut asked = Vec::new();
        for (index, seat) in self.seats.iter().enumerate() {
            let state = *seat.state.lock().await;
            if state.run == Run::Running && !state.cut {
                asked.push(index);
            }
        }
        let ask = |&index: &usize| probe::leads(self.family, self.seats[index].node.reach());
        let answers = join_all(asked.iter().map(ask)).await;
        let mut leaders = Vec::new();
        for (&index, answer) in asked.iter().zip(answers) {
            match answer {
                Some(Leads::Itself) => leaders.push(index),
                Some(Leads::Address(address)) => {
                    // A member may still name one that is gone.
                    for &other in &asked {
                        if self.seats[other].node.address().await? == address {
                            leaders.push(other);
                        }
                    }
                }
                Some(Leads::NotItself) | None => {}
            }
        }
        leaders.sort_unstable();
        leaders.dedup();
        Ok(leaders)
    }

    /// The end of each log, with a line above it.
    pub(crate) async fn ends_of_logs(&self) -> String {
        let mut text = String::new();
        for (index, seat) in self.seats.iter().enumerate() {
            let log = match seat.node.logs().await {
                Ok(log) => log,
                Err(error) => error.to_string(),
            };
            let skip = log.len().saturating_sub(LOG);
            let from = (skip..log.len()).find(|&at| log.is_char_boundary(at)).unwrap_or(0);
            text.push_str(&format!(
                "---- end of the log of {} node {index}\n{}\n",
                self.family,
                &log[from..]
            ));
        }
        text
    }

    /// Ends everything.
    pub(crate) async fn remove(&self) {
        for (index, removed) in
            join_all(self.seats.iter().map(|seat| seat.node.remove())).await.iter().enumerate()
        {
            if let Err(error) = removed {
                eprintln!("{} node {index}: {error}", self.family);
            }
        }
        let Some(made) = self.made.lock().await.take() else { return };
        if let Some(network) = &made.network
            && let Err(error) = network.remove().await
        {
            eprintln!("{error}");
        }
    }
}
