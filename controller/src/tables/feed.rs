//! Telling drivers of their tables.

use std::collections::BTreeMap;

use netkeep_drivers::TableEvent;
use netkeep_model::{DriverKind, NetworkId, TableEntry, TableKey, TableName, TableValue};

use crate::attachment::Place;
use crate::replica::State;

/// The entries of one network.
type Entries = BTreeMap<(TableName, TableKey), TableValue>;

/// What the drivers were told.
#[derive(Debug, Default)]
struct Told {
    /// By network, with the number of its beginning.
    networks: BTreeMap<NetworkId, (u64, Entries)>,
    /// How often the replica had begun anew by then.
    resets: u64,
    /// How many changes of entries it had heard of by then.
    changes: Option<u64>,
}

/// A network whose driver wants to hear of its tables.
struct Listener {
    network: NetworkId,
    driver: DriverKind,
    entries: Entries,
}

/// Tells the drivers of this host what changes in the tables of the networks that are whole on it, one event after the
/// other, in the order of the replica. Each network begins with all its entries, and does so again after the replica has
/// begun anew, so nothing is missed. Does not end.
pub(crate) async fn feed(place: &Place) {
    let mut changes = place.of.site.replica.changes();
    let mut interest = place.local.interest.subscribe();
    let mut told = Told::default();
    loop {
        let networks = interest.borrow_and_update().since.clone();
        told.networks.retain(|network, (since, _)| networks.get(network) == Some(since));
        let (listeners, resets, count) = {
            let state = place.of.site.replica.read();
            if told.resets != state.resets() {
                told.networks.clear();
            }
            let same = told.changes == Some(state.published_changes());
            let known = networks.keys().all(|network| told.networks.contains_key(network));
            let listeners = match same && known {
                true => Vec::new(),
                false => listeners(&state, networks.keys().copied()),
            };
            (listeners, state.resets(), state.published_changes())
        };
        for listener in listeners {
            let Some(since) = networks.get(&listener.network) else { continue };
            let before = told.networks.insert(listener.network, (*since, listener.entries.clone()));
            for event in events(before.map(|(_, before)| before), listener.entries) {
                tell(place, listener.network, &listener.driver, event).await;
            }
        }
        told.resets = resets;
        told.changes = Some(count);
        tokio::select! {
            () = changes.heard() => {}
            changed = interest.changed() => if changed.is_err() {
                return std::future::pending().await;
            },
        }
    }
}

/// The networks out of these whose drivers want to hear of tables, with the entries that they want to hear of.
fn listeners(state: &State, networks: impl Iterator<Item = NetworkId>) -> Vec<Listener> {
    let mut listeners: BTreeMap<NetworkId, (Listener, &[TableName])> = BTreeMap::new();
    for read in networks.filter_map(|network| state.tables.networks.get(&network)) {
        let driver = read.record.driver.clone();
        let listener = Listener { network: read.id, driver, entries: Entries::new() };
        listeners.insert(read.id, (listener, &read.record.tables));
    }
    for (id, read) in state.tables.published.values().map(|read| (&read.id, read)) {
        if let Some((listener, tables)) = listeners.get_mut(&id.network)
            && tables.contains(&id.table)
        {
            listener.entries.insert((id.table.clone(), id.key.clone()), read.record.value.clone());
        }
    }
    listeners.into_values().map(|(listener, _)| listener).collect()
}

/// What leads from the entries before, if there were any, to those now.
fn events(before: Option<Entries>, now: Entries) -> Vec<TableEvent> {
    let entry = |((table, key), value)| TableEntry { table, key, value };
    let Some(mut before) = before else {
        return vec![TableEvent::Reset(now.into_iter().map(entry).collect())];
    };
    let mut events = Vec::new();
    for (id, value) in now {
        match before.remove(&id) {
            None => events.push(TableEvent::Created(entry((id, value)))),
            Some(old) if old == value => {}
            Some(old) => {
                let (table, key) = id;
                events.push(TableEvent::Changed { table, key, old, new: value });
            }
        }
    }
    // What makes room comes first: an address may have moved from one key to another.
    let removed = before.into_iter().map(|gone| TableEvent::Removed(entry(gone)));
    removed.chain(events).collect()
}

async fn tell(place: &Place, network: NetworkId, kind: &DriverKind, event: TableEvent) {
    let Ok(driver) = place.local.registry.network(kind) else { return };
    let Some(tables) = driver.tables() else { return };
    if let Err(error) = tables.on_table(&network, event).await {
        tracing::warn!(%network, driver = %kind, %error, "the driver does not take in a change of a table");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(of: &[(&str, &str)]) -> Entries {
        let table = TableName::new("peers").unwrap();
        let one = |(key, value): &(&str, &str)| {
            ((table.clone(), TableKey::new(key).unwrap()), TableValue::from(value.as_bytes()))
        };
        of.iter().map(one).collect()
    }

    #[test]
    fn what_is_told_first_is_everything_and_then_each_difference() {
        let first = entries(&[("a", "1"), ("b", "2")]);
        let told = events(None, first.clone());
        assert!(matches!(told.as_slice(), [TableEvent::Reset(all)] if all.len() == 2), "{told:?}");
        assert!(
            matches!(events(None, Entries::new()).as_slice(), [TableEvent::Reset(all)] if all.is_empty())
        );
        assert_eq!(events(Some(first.clone()), first.clone()), []);
        let told = events(Some(first), entries(&[("b", "3"), ("c", "1")]));
        let [TableEvent::Removed(gone), TableEvent::Changed { key, .. }, TableEvent::Created(new)] =
            told.as_slice()
        else {
            panic!("{told:?}")
        };
        assert_eq!((gone.key.as_str(), key.as_str(), new.key.as_str()), ("a", "b", "c"));
    }
}
