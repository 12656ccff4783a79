//! Traces: what is told, and that no value is.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::format::FmtSpan;

use super::super::Trace;
use super::super::fault::{Fault, FaultStore};
use super::{key, prefix};
use crate::{Kind, Prefix, Store, StoreExt, Txn, WatchFrom};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    /// Everything that was written since the last call.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

fn listen(level: tracing::Level) -> (Written, tracing::subscriber::DefaultGuard) {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(FmtSpan::NEW)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    (written, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn operations_are_told_with_subject_and_outcome_and_without_values() {
    let (written, _listening) = listen(tracing::Level::TRACE);
    let store = Trace::new(FaultStore::new([]));

    let txn = Txn::new().absent(key("a")).put(key("a"), "hunter2").delete(key("b")).absent(key("c"));
    let revision = store.commit(&txn).await.unwrap();
    let told = written.take();
    for part in ["operation=\"commit\"", "subject=+a -b ?c", "backend=\"memory\"", "elapsed_us="] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(told.contains(&format!("revision={revision}")), "{told}");

    store.get(&key("a")).await.unwrap().unwrap();
    assert!(written.take().contains("operation=\"get\" subject=a"));
    store.commit(&txn).await.unwrap_err();
    let told = written.take();
    assert!(told.contains("DEBUG") && told.contains("a exists") && !told.contains("WARN"), "{told}");
    store.list(&prefix("p/q")).await.unwrap();
    assert!(written.take().contains("operation=\"list\" subject=p/q"));

    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    watch.next().await.unwrap();
    assert!(written.take().contains("reset entries=1 through=1"));
    store.create(key("d"), "hunter2").await.unwrap();
    watch.next().await.unwrap();
    let told = written.take();
    assert!(told.contains("changes keys=[\"d\"] through=2"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn no_value_is_ever_told() {
    let (written, _listening) = listen(tracing::Level::TRACE);
    let store = Trace::new(FaultStore::new([Fault::Refused(Kind::Unavailable)]));
    store.create(key("a"), "hunter2").await.unwrap_err();
    store.create(key("a"), "hunter2").await.unwrap();
    store.create(key("a"), "hunter2").await.unwrap_err();
    store.get(&key("a")).await.unwrap();
    store.list(&Prefix::root()).await.unwrap();
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    watch.next().await.unwrap();
    let told = written.take();
    assert!(told.lines().count() >= 12 && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn only_what_the_store_is_to_blame_for_is_a_warning() {
    let (written, _listening) = listen(tracing::Level::WARN);
    for (kind, told) in [
        (Kind::Unavailable, true),
        (Kind::Denied, true),
        (Kind::Replaced, true),
        (Kind::Corrupt, true),
        (Kind::Conflict, false),
        (Kind::LeaseLost, false),
        (Kind::Closed, false),
    ] {
        let store = Trace::new(FaultStore::new([Fault::Refused(kind)]));
        store.get(&key("some/key")).await.unwrap_err();
        let line = written.take();
        assert_eq!(line.contains("WARN"), told, "{kind:?}: {line}");
        assert_eq!(line.contains("operation=\"get\" subject=some/key"), told, "{kind:?}: {line}");
    }
}
