//! A cluster: servers of one family, and what can be done to them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};
use tokio::sync::Mutex;

use crate::launcher;
use crate::members::{Members, Run, Seat, State};
use crate::{Error, Family, Kind, Launcher, Options, Result, folder, given, keeper};

/// Servers of one family, one or three nodes, numbered from 0.
///
/// Dropping it ends everything that it made: processes, containers, networks and folders. If a test panics, the
/// ends of the logs go to its standard error first.
///
/// What a call does to a node it does to the end, also if its future is dropped meanwhile.
#[derive(Debug)]
pub struct Cluster {
    pub(crate) inner: Arc<Members>,
}

impl Cluster {
    /// Starts servers of a family and waits until all of them serve; or finds those that the environment names.
    ///
    /// Cancelling it leaves nothing behind: what was started by then is ended.
    ///
    /// # Errors
    ///
    /// [`Kind::NoServers`] if there is nothing to start, [`Kind::Invalid`] if options or environment say what
    /// cannot be, [`Kind::Unsupported`] if a server that runs already would have to be another, [`Kind::Failed`]
    /// if one could not be started or ended again, [`Kind::NotReady`] if one did not serve in time.
    pub async fn start(family: Family, options: Options) -> Result<Self> {
        options.check()?;
        keeper::run(async move {
            folder::reap();
            let launcher = launcher::choose(family, &options).await?;
            if launcher == Launcher::Given {
                return Self::given(family, &options);
            }
            let mut made = launcher::launch(launcher, family, &options).await?;
            let nodes = std::mem::take(&mut made.nodes);
            let endpoint = |port: u16| format!("127.0.0.1:{port}");
            let secure = nodes.iter().filter(|_| options.secure);
            let cluster = Self {
                inner: Arc::new(Members {
                    family,
                    launcher,
                    ready_within: options.ready_within,
                    endpoints: nodes.iter().map(|node| endpoint(node.reach().client)).collect(),
                    secure_endpoints: secure.map(|node| endpoint(node.reach().secure)).collect(),
                    seats: nodes.into_iter().map(Seat::new).collect(),
                    struck: Mutex::default(),
                    made: Mutex::new(Some(made)),
                }),
            };
            let inner = &cluster.inner;
            // To the end, also when one fails: what is half started could not be ended.
            let started = join_all(inner.seats.iter().map(Seat::start)).await;
            let started = match started.into_iter().collect::<Result<Vec<()>>>() {
                Ok(_) => try_join_all((0..inner.seats.len()).map(|node| inner.wait_until_ready(node))).await,
                Err(error) => Err(error),
            };
            if let Err(error) = started {
                let logs = inner.ends_of_logs().await;
                inner.remove().await;
                return Err(error.with_context(logs));
            }
            Ok(cluster)
        })
        .await
    }

    fn given(family: Family, options: &Options) -> Result<Self> {
        let value = std::env::var(family.endpoints_variable()).ok();
        let inner = Members {
            family,
            launcher: Launcher::Given,
            ready_within: options.ready_within,
            endpoints: given::endpoints(family, options, value.as_deref())?,
            secure_endpoints: Vec::new(),
            seats: Vec::new(),
            struck: Mutex::default(),
            made: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The family of the servers.
    pub fn family(&self) -> Family {
        self.inner.family
    }

    /// Where they run.
    pub fn launcher(&self) -> Launcher {
        self.inner.launcher
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.inner.endpoints.len()
    }

    /// Where clients connect, one per node: `127.0.0.1:port`, the same for the whole life of the cluster.
    pub fn endpoints(&self) -> &[String] {
        &self.inner.endpoints
    }

    /// Where clients connect that speak TLS; none without [`Options::secure`].
    pub fn secure_endpoints(&self) -> &[String] {
        &self.inner.secure_endpoints
    }

    /// Freezes a node: it keeps its connections and answers nothing. Returns when it stands still.
    ///
    /// Cancelling stops nothing: the node is frozen all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node does not run, [`Kind::Invalid`] if there is no such node,
    /// [`Kind::Unsupported`] for a server that ran already, [`Kind::Failed`] if engine or system refuse.
    pub async fn pause(&self, node: usize) -> Result<()> {
        self.on(node, |inner, node| async move {
            let seat = &inner.seats[node];
            let mut state = seat.state.lock().await;
            inner.want(node, state.run, &[Run::Running])?;
            seat.node.pause().await?;
            state.run = Run::Frozen;
            Ok(())
        })
        .await
    }

    /// Lets a frozen node go on.
    ///
    /// Cancelling stops nothing: the node goes on all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node is not frozen; otherwise as [`pause`](Self::pause).
    pub async fn resume(&self, node: usize) -> Result<()> {
        self.on(node, |inner, node| async move {
            let seat = &inner.seats[node];
            let mut state = seat.state.lock().await;
            inner.want(node, state.run, &[Run::Frozen])?;
            seat.node.resume().await?;
            state.run = Run::Running;
            Ok(())
        })
        .await
    }

    /// Ends a node at once (SIGKILL), frozen or not, and returns when it is gone. Its data stay.
    ///
    /// Cancelling stops nothing: the node is killed all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node does not run; otherwise as [`pause`](Self::pause).
    pub async fn kill(&self, node: usize) -> Result<()> {
        self.end(node, true).await
    }

    /// Asks a node to end (SIGTERM), ends it if it does not, and returns when it is gone. Its data stay.
    ///
    /// Cancelling stops nothing: the node ends all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node does not run or is frozen; otherwise as [`pause`](Self::pause).
    pub async fn stop(&self, node: usize) -> Result<()> {
        self.end(node, false).await
    }

    async fn end(&self, node: usize, kill: bool) -> Result<()> {
        self.on(node, move |inner, node| async move {
            let seat = &inner.seats[node];
            let mut state = seat.state.lock().await;
            let good: &[Run] = if kill { &[Run::Running, Run::Frozen] } else { &[Run::Running] };
            inner.want(node, state.run, good)?;
            if kill {
                seat.node.kill().await?;
            } else {
                seat.node.stop().await?;
            }
            // What cuts it off lies in what has ended; the next start is without.
            *state = State { run: Run::Stopped, cut: false };
            Ok(())
        })
        .await
    }

    /// Starts a node that was killed or stopped, at its ports and on its data, and returns at once.
    ///
    /// Cancelling stops nothing: the node is started all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node runs; otherwise as [`pause`](Self::pause).
    pub async fn start_node(&self, node: usize) -> Result<()> {
        self.on(node, |inner, node| async move { inner.start_again(node).await }).await
    }

    /// Kills a node if it runs, starts it again, at its ports and on its data, and waits until it serves.
    ///
    /// Without a quorum no node serves; then [`start_node`](Self::start_node) is right.
    ///
    /// Cancelling stops nothing: the node is started all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::NotReady`] if the node does not serve in time; otherwise as [`pause`](Self::pause).
    pub async fn restart(&self, node: usize) -> Result<()> {
        self.on(node, |inner, node| async move {
            let seat = &inner.seats[node];
            {
                let mut state = seat.state.lock().await;
                if state.run != Run::Stopped {
                    seat.node.kill().await?;
                    *state = State { run: Run::Stopped, cut: false };
                }
            }
            inner.start_again(node).await?;
            inner.wait_until_ready(node).await
        })
        .await
    }

    /// Waits until a node serves: reads that see every write are answered.
    ///
    /// Cancelling has no effect on the node.
    ///
    /// # Errors
    ///
    /// [`Kind::NotReady`] if it does not in time, [`Kind::Failed`] if it has ended by itself; otherwise as
    /// [`pause`](Self::pause).
    pub async fn wait_until_ready(&self, node: usize) -> Result<()> {
        self.on(node, |inner, node| async move { inner.wait_until_ready(node).await }).await
    }

    /// Cuts a node off from the other members, in both directions. Clients still reach it.
    ///
    /// Cancelling stops nothing: the node is cut off all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::Unsupported`] for a single node, [`Kind::State`] if the node is not running or is cut off already;
    /// otherwise as [`pause`](Self::pause).
    pub async fn isolate(&self, node: usize) -> Result<()> {
        self.cut(node, true).await
    }

    /// Undoes [`isolate`](Self::isolate).
    ///
    /// Cancelling stops nothing: the node is connected all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node is not cut off; otherwise as [`isolate`](Self::isolate).
    pub async fn heal(&self, node: usize) -> Result<()> {
        self.cut(node, false).await
    }

    async fn cut(&self, node: usize, cut: bool) -> Result<()> {
        self.on(node, move |inner, node| async move {
            let seat = &inner.seats[node];
            let mut state = seat.state.lock().await;
            inner.want(node, state.run, &[Run::Running])?;
            if state.cut == cut {
                let is = if cut { "is cut off already" } else { "is not cut off" };
                return Err(Error::new(Kind::State, format!("{} node {node} {is}", inner.family)));
            }
            if cut {
                seat.node.isolate().await?;
            } else {
                seat.node.heal().await?;
            }
            state.cut = cut;
            Ok(())
        })
        .await
    }

    /// The node that leads, as those see it that run and are not cut off. Waits until there is just one.
    ///
    /// Cancelling has no effect.
    ///
    /// # Errors
    ///
    /// [`Kind::NotReady`] if there is none in time, [`Kind::Unsupported`] for servers that ran already.
    pub async fn leader(&self) -> Result<usize> {
        self.on(0, |inner, _| async move { inner.leader().await }).await
    }

    /// What a node has written to its log so far.
    ///
    /// Cancelling has no effect.
    ///
    /// # Errors
    ///
    /// As [`pause`](Self::pause).
    pub async fn logs(&self, node: usize) -> Result<String> {
        self.on(node, |inner, node| async move { inner.seats[node].node.logs().await }).await
    }

    /// Takes all data of a node away. It must be stopped; the next start is its first.
    ///
    /// Cancelling stops nothing: the data are wiped all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node runs; otherwise as [`pause`](Self::pause).
    pub async fn wipe(&self, node: usize) -> Result<()> {
        self.with_data(node, |folder| folder.wipe()).await
    }

    /// Copies the data of a node, which must be stopped, to a folder that is not there yet.
    ///
    /// Cancelling stops nothing: the data are copied all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node runs; otherwise as [`pause`](Self::pause).
    pub async fn copy_data(&self, node: usize, to: impl AsRef<Path>) -> Result<()> {
        let to: PathBuf = to.as_ref().to_owned();
        self.with_data(node, move |folder| folder.copy_data(&to)).await
    }

    /// Gives a node, which must be stopped, the data that [`copy_data`](Self::copy_data) has copied: the store as
    /// it was then.
    ///
    /// Cancelling stops nothing: the data are replaced all the same.
    ///
    /// # Errors
    ///
    /// [`Kind::State`] if the node runs, [`Kind::Invalid`] if there is no such folder; otherwise as
    /// [`pause`](Self::pause).
    pub async fn replace_data(&self, node: usize, from: impl AsRef<Path>) -> Result<()> {
        let from: PathBuf = from.as_ref().to_owned();
        self.with_data(node, move |folder| folder.replace_data(&from)).await
    }

    async fn with_data(
        &self,
        node: usize,
        act: impl FnOnce(&folder::NodeFolder) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        self.on(node, move |inner, node| async move {
            let state = inner.seats[node].state.lock().await;
            inner.want(node, state.run, &[Run::Stopped])?;
            act(inner.seats[node].node.folder())
        })
        .await
    }

    /// Acts on the keeper's runtime, to the end.
    async fn on<T: Send + 'static, F: Future<Output = Result<T>> + Send + 'static>(
        &self,
        node: usize,
        act: impl FnOnce(Arc<Members>, usize) -> F,
    ) -> Result<T> {
        let inner = &self.inner;
        if inner.launcher == Launcher::Given {
            let variable = inner.family.endpoints_variable();
            return Err(Error::unsupported(format!(
                "the servers of {variable} are not ours, and nothing is done to them; without the variable servers \
                 are started that anything can be done to"
            )));
        }
        if node >= inner.seats.len() {
            return Err(Error::invalid(format!(
                "there is no node {node}; {} is the last",
                inner.seats.len() - 1
            )));
        }
        keeper::run(act(inner.clone(), node)).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let inner = self.inner.clone();
        let panicking = std::thread::panicking();
        let (logs, ended) = std::sync::mpsc::channel();
        keeper::finish(async move {
            if panicking {
                // The receiver is there until this has ended.
                let _ = logs.send(inner.ends_of_logs().await);
            }
            inner.remove().await;
        });
        // From this thread, so that it stands with what else the test has said.
        if let Ok(logs) = ended.try_recv() {
            eprintln!("{logs}");
        }
    }
}
