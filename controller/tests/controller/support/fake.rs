//! A driver that does as it is told, on a host that is a set.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use netkeep_drivers::registry::{DriverContext, DriverRegistry};
use netkeep_drivers::{
    Answer, ClusterAllocator, Discovery, DriverInfo, DriverRecovery, EndpointAnswer, EndpointRequest,
    EndpointState, EnsureError, Error, ErrorKind, ExternalConnectivity, HostNotes, HostState, JoinAnswer,
    JoinRequest, JoinState, Mode, NetworkAnswer, NetworkDriver, NetworkRequest, NetworkState, Plan, PlanView,
    PlannedRecord, Remains, RemoveError, Result, TableDriver,
};
use netkeep_model::{Claim, DriverKind, Object, Options, Scope};
use netkeep_store::Segment;

use super::{Adds, Ensure, Gate, Remove};

/// The driver.
pub(crate) struct Fake {
    info: DriverInfo,
    made: Arc<Mutex<BTreeSet<Object>>>,
    adds: Mutex<Adds>,
    answer: Mutex<EndpointAnswer>,
    ensures: Mutex<VecDeque<Ensure>>,
    removes: Mutex<VecDeque<Remove>>,
    removal: Mutex<Option<Arc<Gate>>>,
    vetoes: Mutex<bool>,
    calls: Mutex<Vec<String>>,
}

impl Fake {
    /// A driver called `fake` that plans, on a host that has nothing.
    pub(crate) fn planned() -> Arc<Self> {
        Self::new(Mode::Planned, Arc::default())
    }

    /// As [`Fake::planned`], for one that is called.
    pub(crate) fn called() -> Arc<Self> {
        Self::new(Mode::Called, Arc::default())
    }

    /// The driver of the next run, on the same host.
    pub(crate) fn again(&self) -> Arc<Self> {
        Self::new(self.info.mode, Arc::clone(&self.made))
    }

    fn new(mode: Mode, made: Arc<Mutex<BTreeSet<Object>>>) -> Arc<Self> {
        Arc::new(Self {
            info: DriverInfo {
                kind: DriverKind::new("fake").unwrap(),
                built_in: false,
                data_scopes: vec![Scope::Local],
                connectivity: Scope::Local,
                mode,
                addresses: true,
                max_networks: None,
            },
            made,
            adds: Mutex::new(Box::new(|_, _| (Vec::new(), Vec::new()))),
            answer: Mutex::default(),
            ensures: Mutex::default(),
            removes: Mutex::default(),
            removal: Mutex::default(),
            vetoes: Mutex::default(),
            calls: Mutex::default(),
        })
    }

    /// Registers it.
    pub(crate) async fn register(self: &Arc<Self>, registry: &DriverRegistry) {
        let (kind, driver) = (self.info.kind.clone(), Arc::clone(self));
        let init = async |context: DriverContext| {
            let kind = driver.info.kind.clone();
            let driver: Arc<dyn NetworkDriver> = driver.clone();
            context.registrar.network(kind, async |_| Ok(driver)).await
        };
        registry.add_driver(kind, init, Options::new()).await.unwrap();
    }

    /// What its plans add from now on.
    pub(crate) fn adding(
        &self,
        adds: impl Fn(&dyn PlanView, Object) -> (Vec<Claim>, Vec<PlannedRecord>) + Send + 'static,
    ) {
        *lock(&self.adds) = Box::new(adds);
    }

    /// What its plans answer of endpoints from now on.
    pub(crate) fn answering(&self, answer: EndpointAnswer) {
        *lock(&self.answer) = answer;
    }

    /// What the next calls of `ensure_*` do; those after them make.
    pub(crate) fn ensuring(&self, next: impl IntoIterator<Item = Ensure>) {
        lock(&self.ensures).extend(next);
    }

    /// What the next calls of `remove` do; those after them remove.
    pub(crate) fn removing(&self, next: impl IntoIterator<Item = Remove>) {
        lock(&self.removes).extend(next);
    }

    /// Whether it objects to every removal.
    pub(crate) fn objecting(&self, vetoes: bool) {
        *lock(&self.vetoes) = vetoes;
    }

    /// Where the next question whether something may be removed waits.
    pub(crate) fn removal_waits_at(&self, gate: &Arc<Gate>) {
        *lock(&self.removal) = Some(Arc::clone(gate));
    }

    /// What there is on the host.
    pub(crate) fn made(&self) -> BTreeSet<Object> {
        lock(&self.made).clone()
    }

    /// Takes everything off the host, as a reboot does.
    pub(crate) fn reboot(&self) {
        lock(&self.made).clear();
    }

    /// What was called since the last time that this was asked.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.calls))
    }

    fn call(&self, what: &str, on: &Object) {
        lock(&self.calls).push(format!("{what} {}", on.kind()));
    }

    fn plan<T>(&self, view: &dyn PlanView, on: Object, answer: T) -> Plan<T> {
        self.call("plan", &on);
        let (claims, records) = (lock(&self.adds))(view, on);
        let answer = match self.info.mode {
            Mode::Planned => Answer::Now(answer),
            Mode::Called => Answer::FromCall,
        };
        Plan { answer, records, claims, ensure: true }
    }

    async fn ensure(&self, notes: &dyn HostNotes, on: Object) -> Result<EndpointAnswer, EnsureError> {
        self.call("ensure", &on);
        notes.note(&on, &Segment::escape("told"), true.into()).await?;
        let next = lock(&self.ensures).pop_front().unwrap_or(Ensure::Make(EndpointAnswer::default()));
        let make = || lock(&self.made).insert(on);
        let told = |why: &'static str| Error::new(ErrorKind::Forbidden, why);
        match next {
            Ensure::Make(answer) => {
                make();
                return Ok(answer);
            }
            Ensure::Refuse => return Err(EnsureError::Refused(told("the driver refuses"))),
            Ensure::Taken(claim) => return Err(EnsureError::Taken(claim, told("a stranger has it"))),
            Ensure::Lose => {
                make();
                return Err(EnsureError::Unknown(told("the answer was lost")));
            }
            Ensure::Wait(gate) => {
                gate.pass().await;
                make();
            }
            Ensure::WaitAndRefuse(gate) => {
                gate.pass().await;
                return Err(EnsureError::Refused(told("the driver refuses")));
            }
            Ensure::MakeAndWait(gate) => {
                make();
                gate.pass().await;
            }
        }
        Ok(EndpointAnswer::default())
    }
}

#[async_trait]
impl NetworkDriver for Fake {
    fn info(&self) -> &DriverInfo {
        &self.info
    }

    async fn plan_network(
        &self,
        view: &dyn PlanView,
        request: &NetworkRequest,
    ) -> Result<Plan<NetworkAnswer>> {
        let allocated = [("planned".to_owned(), "yes".to_owned())].into();
        Ok(self.plan(view, Object::Network(request.id), NetworkAnswer { tables: Vec::new(), allocated }))
    }

    async fn plan_here(&self, _: &dyn PlanView, _: &NetworkState) -> Result<Plan<()>> {
        Ok(Plan::answer(()))
    }

    async fn plan_endpoint(
        &self,
        view: &dyn PlanView,
        request: &EndpointRequest,
    ) -> Result<Plan<EndpointAnswer>> {
        let answer = lock(&self.answer).clone();
        Ok(self.plan(view, Object::Endpoint(request.network.id, request.id), answer))
    }

    async fn plan_join(&self, _: &dyn PlanView, _: &JoinRequest) -> Result<Plan<JoinAnswer>> {
        Ok(Plan::answer(JoinAnswer::default()))
    }

    async fn may_remove(&self, _: &dyn PlanView, _: &Object) -> Result<()> {
        let gate = lock(&self.removal).take();
        if let Some(gate) = gate {
            gate.pass().await;
        }
        if *lock(&self.vetoes) { Err(Error::forbidden("the driver objects")) } else { Ok(()) }
    }

    async fn ensure_network(
        &self,
        notes: &dyn HostNotes,
        state: &NetworkState,
    ) -> Result<NetworkAnswer, EnsureError> {
        self.ensure(notes, state.object()).await?;
        let allocated = [("called".to_owned(), "yes".to_owned())].into();
        Ok(NetworkAnswer { tables: Vec::new(), allocated })
    }

    async fn ensure_endpoint(
        &self,
        notes: &dyn HostNotes,
        state: &EndpointState,
    ) -> Result<EndpointAnswer, EnsureError> {
        self.ensure(notes, state.object()).await
    }

    async fn ensure_join(&self, _: &dyn HostNotes, _: &JoinState) -> Result<JoinAnswer, EnsureError> {
        Ok(JoinAnswer::default())
    }

    async fn remove(&self, _: &dyn HostNotes, left: &Remains) -> Result<(), RemoveError> {
        self.call("remove", &left.on);
        let next = lock(&self.removes).pop_front();
        match next {
            Some(Remove::Retry) => return Err(RemoveError::Retry(Error::forbidden("not yet"))),
            Some(Remove::Ignore) => return Err(RemoveError::Ignored(Error::forbidden("it was odd"))),
            Some(Remove::Wait(gate)) => gate.pass().await,
            None => {}
        }
        lock(&self.made).remove(&left.on);
        Ok(())
    }

    async fn recover(
        &self,
        notes: &dyn HostNotes,
        wanted: HostState,
        noted: Vec<Remains>,
    ) -> Result<DriverRecovery> {
        let mut done = DriverRecovery::default();
        let networks = wanted.networks.iter().map(NetworkState::object);
        for on in networks.chain(wanted.endpoints.iter().map(EndpointState::object)) {
            if !self.made().contains(&on) {
                match self.ensure(notes, on).await {
                    Ok(_) => done.ensured.push(on),
                    Err(error) => done.failed.push((on, Error::forbidden(error.to_string()))),
                }
            }
        }
        for left in noted {
            match self.remove(notes, &left).await {
                Ok(()) => done.removed.push(left.on),
                Err(error) => done.failed.push((left.on, Error::forbidden(error.to_string()))),
            }
        }
        Ok(done)
    }

    async fn endpoint_info(&self, _: &EndpointState) -> Result<Options> {
        Ok(Options::new())
    }

    fn external(&self) -> Option<&dyn ExternalConnectivity> {
        None
    }

    fn cluster(&self) -> Option<&dyn ClusterAllocator> {
        None
    }

    fn tables(&self) -> Option<&dyn TableDriver> {
        None
    }

    fn discovery(&self) -> Option<&dyn Discovery> {
        None
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fake").field("made", &self.made()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
