//! I1: every allocation has a living owner.

use netkeep_model::{Link, Owner, PoolRecord, PortBlock, SubPoolRecord};
use netkeep_store::datastore::{Any, LivesIn, Record, Versioned};

use super::Invariant::I1;
use super::findings::Findings;
use super::liveness::Seen;
use super::mend::Mend;
use crate::repair::RepairOperation;

const RELEASE: &str = "release it";

/// Every allocation has a living owner.
pub(super) fn check(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    for read in tables.addresses.values() {
        one(findings, read, &read.record.owner);
    }
    for read in tables.numbers.values() {
        one(findings, read, &read.record.owner);
    }
    sub_pools(findings);
    pools(findings);
    links(findings);
    ports(findings);
}

fn orphan(owner: &Owner) -> String {
    format!("its owner, {owner}, is gone")
}

/// True if the owner is gone; what cannot be told is noted.
fn is_gone<T: Record>(findings: &mut Findings<'_>, id: &T::Id, owner: &Owner) -> bool {
    match findings.owner(owner) {
        Seen::There => false,
        Seen::Gone => true,
        Seen::Unknown => {
            findings.wait::<T>(id, format!("whether its owner, {owner}, lives cannot be told now"));
            false
        }
    }
}

/// What one record says that somebody holds: it goes with its owner.
fn one<T: Record<Home: LivesIn<Any>>>(findings: &mut Findings<'_>, read: &Versioned<T>, owner: &Owner) {
    if is_gone::<T>(findings, &read.id, owner) {
        let mend = Mend::by(RELEASE, |tx| {
            tx.delete(read)?;
            findings.because_over(owner, tx)
        });
        findings.note::<T>(I1, &read.id, orphan(owner), mend);
    }
}

fn sub_pools(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    for read in tables.sub_pools.values() {
        let owner = &read.record.owner;
        if !is_gone::<SubPoolRecord>(findings, &read.id, owner) {
            continue;
        }
        let given = tables.addresses_of(&read.id.space, read.id.master);
        let mut given = given.filter(|given| given.record.sub == Some(read.id.sub));
        let lives = given.find(|given| !findings.goes(&given.record.owner));
        let mend = match (lives, SubPoolRecord::key(&read.id)) {
            (None, Ok(key)) => {
                let release = RepairOperation::Release { key, revision: read.revision().get() };
                Mend::work(RELEASE, release, |tx| findings.because_over(owner, tx))
            }
            (Some(given), _) => in_use(&given.id.ip.to_string(), &given.record.owner),
            (None, Err(error)) => Mend::by_hand(error.to_string()),
        };
        findings.note::<SubPoolRecord>(I1, &read.id, orphan(owner), mend);
    }
}

fn pools(findings: &mut Findings<'_>) {
    let tables = &findings.state.tables;
    for read in tables.pools.values() {
        let Some(owner) = &read.record.owner else { continue };
        if !is_gone::<PoolRecord>(findings, &read.id, owner) {
            continue;
        }
        let mut given = tables.addresses_of(&read.id.space, read.id.pool);
        let lives = given.find(|given| given.record.sub.is_none() && !findings.goes(&given.record.owner));
        let mend = match (lives, PoolRecord::key(&read.id)) {
            (None, Ok(key)) => {
                let release = RepairOperation::Release { key, revision: read.revision().get() };
                Mend::work(RELEASE, release, |tx| findings.because_over(owner, tx))
            }
            (Some(given), _) => in_use(&given.id.ip.to_string(), &given.record.owner),
            (None, Err(error)) => Mend::by_hand(error.to_string()),
        };
        findings.note::<PoolRecord>(I1, &read.id, orphan(owner), mend);
    }
}

fn in_use(ip: &str, owner: &Owner) -> Mend {
    Mend::by_hand(format!("its address {ip} is held by {owner}, which lives: delete that first"))
}

fn links(findings: &mut Findings<'_>) {
    for read in findings.state.tables.links.values() {
        let gone: Vec<&Owner> =
            read.record.owners().iter().filter(|owner| is_gone::<Link>(findings, &read.id, owner)).collect();
        for owner in &gone {
            let mend = Mend::by(RELEASE, |tx| {
                let mut link = read.record.clone();
                let mut elsewhere = Vec::new();
                for owner in &gone {
                    link.release(owner);
                    elsewhere.extend(findings.because_over(owner, tx)?);
                }
                let empty = link.is_empty();
                if empty { tx.delete(read) } else { tx.replace(read, &link) }?;
                Ok(elsewhere)
            });
            findings.note::<Link>(I1, &read.id, orphan(owner), mend);
        }
    }
}

fn ports(findings: &mut Findings<'_>) {
    for read in findings.state.tables.port_blocks.values() {
        let claims = read.record.claims().iter();
        let gone: Vec<_> =
            claims.filter(|claim| is_gone::<PortBlock>(findings, &read.id, &claim.owner)).collect();
        for claim in &gone {
            let mend = Mend::by(RELEASE, |tx| {
                let mut block = read.record.clone();
                let mut elsewhere = Vec::new();
                for claim in &gone {
                    block.release(claim);
                    elsewhere.extend(findings.because_over(&claim.owner, tx)?);
                }
                let empty = block.is_empty();
                if empty { tx.delete(read) } else { tx.replace(read, &block) }?;
                Ok(elsewhere)
            });
            let found = format!("port {}: {}", claim.ports, orphan(&claim.owner));
            findings.note::<PortBlock>(I1, &read.id, found, mend);
        }
    }
}
