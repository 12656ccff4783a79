//! Table entries of other hosts.

use std::sync::Arc;

use netkeep_drivers::TableEvent;
use netkeep_model::{Object, TableEntry, TableKey, TableName, TableValue};

use crate::given::{expect_things, global_sites};
use crate::script::Op;
use crate::site::network_id;
use crate::{DriverHarness, Site, Verdict};

const NO_TABLES: Verdict = Verdict::NotOf("it has no tables");

/// Two hosts of one network, and what the second one publishes there: three entries. The first one has not heard
/// of them.
async fn two_hosts(one: &Site) -> Option<(Site, Vec<TableEntry>)> {
    let mut one = one.again().await;
    one.driver().tables()?;
    one.perform_all(&[Op::Network(0), Op::Use(0), Op::Endpoint(0, 0), Op::Join(0, 0, true)]).await;
    let own = one.entries(network_id(0));
    let mut other = one.beside(1).await;
    other.perform_all(&[Op::Use(0)]).await;
    for n in 5..8 {
        other.perform_all(&[Op::Endpoint(0, n), Op::Join(0, n, true)]).await;
    }
    let mut entries = one.entries(network_id(0));
    entries.retain(|entry| !own.contains(entry));
    (!entries.is_empty()).then_some((one, entries))
}

async fn tell(site: &Site, event: TableEvent) {
    let what = format!("{event:?}");
    site.tell(network_id(0), event).await.unwrap_or_else(|error| panic!("D-TABLE-1: {what}: {error}"));
}

/// D-TABLE-1: Entries that come, change and go one by one lead to the same as all of them told at once; told
/// twice is told once.
pub async fn one_by_one_is_all_at_once(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut judged = false;
    for site in global_sites(&h).await {
        let Some((one, entries)) = two_hosts(&site).await else { continue };
        judged = true;
        let empty = one.present();
        let [first, second, third] = &entries[..] else {
            panic!("D-TABLE-1: three joins publish {} entries", entries.len());
        };
        for entry in [first, second, first] {
            tell(&one, TableEvent::Created(entry.clone())).await;
        }
        let changed = TableEntry { value: third.value.clone(), ..first.clone() };
        let TableEntry { table, key, value: old } = first.clone();
        tell(&one, TableEvent::Changed { table, key, old, new: third.value.clone() }).await;
        tell(&one, TableEvent::Removed(second.clone())).await;
        let one_by_one = one.present();
        let (other, _) = two_hosts(&site).await.expect("the same hosts have the same entries");
        tell(&other, TableEvent::Reset(vec![changed.clone()])).await;
        expect_things(
            &other.present(),
            &one_by_one,
            "D-TABLE-1: all at once, and it is not the same as one by one",
        );
        let before = one.changed();
        tell(&one, TableEvent::Reset(vec![changed])).await;
        one.expect_unchanged(before, "D-TABLE-1: it was told again");
        for all in [entries.clone(), Vec::new()] {
            tell(&one, TableEvent::Reset(all.clone())).await;
            tell(&other, TableEvent::Reset(all)).await;
            expect_things(
                &one.present(),
                &other.present(),
                "D-TABLE-1: what came before shows after all was told",
            );
        }
        expect_things(
            &one.present(),
            &empty,
            "D-TABLE-1: there are no entries, and something is left of them",
        );
    }
    if judged { Verdict::Kept } else { NO_TABLES }
}

/// D-TABLE-2: A driver that hears of its own host's entries makes nothing of them.
pub async fn entries_of_this_host_make_nothing(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut judged = false;
    for site in global_sites(&h).await {
        let Some((one, theirs)) = two_hosts(&site).await else { continue };
        judged = true;
        let mut own = one.entries(network_id(0));
        own.retain(|entry| !theirs.contains(entry));
        let before = one.changed();
        for entry in &own {
            tell(&one, TableEvent::Created(entry.clone())).await;
        }
        tell(&one, TableEvent::Reset(own.clone())).await;
        for entry in own {
            tell(&one, TableEvent::Removed(entry)).await;
        }
        one.expect_unchanged(before, "D-TABLE-2: it was told of its own entries");
    }
    if judged { Verdict::Kept } else { NO_TABLES }
}

/// D-TABLE-3: Entries that make no sense do no harm, and what can be shown of an entry is of its network.
pub async fn strange_entries_do_no_harm(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut judged = false;
    for site in global_sites(&h).await {
        let Some((one, entries)) = two_hosts(&site).await else { continue };
        judged = true;
        let tables = one.driver().clone();
        let tables = tables.tables().expect("a site of two hosts has tables");
        for entry in &entries {
            if let Some((on, _)) = tables.decode(&network_id(0), entry) {
                assert_eq!(on.network(), network_id(0), "D-TABLE-3: {entry:?} is shown as of {on}");
                assert!(!matches!(on, Object::Join(..)), "D-TABLE-3: {entry:?} is shown as of {on}");
            }
        }
        let before = one.changed();
        let name = |text: &str| TableName::new(text).expect("a table name of the suite is well-formed");
        for value in [&b""[..], b"\xff\xfe", b"1 2 3 4 5", b"10.77.0.9", &[b'a'; 5000]] {
            for table in [entries[0].table.clone(), name("suite-no-such-table")] {
                let key = TableKey::new("no key of ours").expect("a table key of the suite is well-formed");
                let entry = TableEntry { table, key, value: TableValue::from(value) };
                let _ = tables.decode(&network_id(0), &entry);
                // It may complain.
                let _ = one.tell(network_id(0), TableEvent::Created(entry.clone())).await;
                let _ = one.tell(network_id(0), TableEvent::Removed(entry)).await;
            }
        }
        one.expect_unchanged(before, "D-TABLE-3: it was told of entries that make no sense");
    }
    if judged { Verdict::Kept } else { NO_TABLES }
}

/// D-TABLE-4: After a loss of everything, recovery and the entries told anew bring back what was there.
pub async fn entries_come_back_after_a_loss(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut judged = false;
    for site in global_sites(&h).await {
        let Some((mut one, entries)) = two_hosts(&site).await else { continue };
        judged = true;
        for entry in entries {
            tell(&one, TableEvent::Created(entry)).await;
        }
        let before = one.present();
        for thing in &before {
            one.test_host().lose(thing);
        }
        one.restart().await;
        one.recover_well("D-TABLE-4: all was lost").await;
        expect_things(&one.present(), &before, "D-TABLE-4: all was lost, and not all has come back");
    }
    if judged { Verdict::Kept } else { NO_TABLES }
}
