//! Requests, plans and answers with a flaw.

use std::net::IpAddr;

use netkeep_drivers::{Answer, EndpointAnswer, JoinAnswer, Plan, PlannedRecord};
use netkeep_model::{
    Claim, InterfaceNames, InterfaceSpec, LinkName, MacAddress, NetworkId, Object, Options, PortBinding,
    PortRange, Protocol, Scope, TableEntry, TableKey, TableName, TableValue,
};
use netkeep_store::Segment;

use super::Flaw;
use crate::site::network_id;

const FIXED: &str = "what a flaw writes is well-formed";

/// The options without those that the driver would refuse.
pub(super) fn known(options: &Options) -> Options {
    options
        .iter()
        .filter(|(name, _)| !name.ends_with("no-such-option"))
        .map(|(n, v)| (n.to_owned(), v.clone()))
        .collect()
}

pub(super) fn link(text: &str) -> LinkName {
    LinkName::new(text).expect(FIXED)
}

/// What a flaw does to the records and claims of any plan.
pub(super) fn bend<T>(flaw: Flaw, plan: &mut Plan<T>) {
    match flaw {
        Flaw::HangsRecordsElsewhere => {
            for record in &mut plan.records {
                record.on = Object::Network(network_id(99));
            }
        }
        Flaw::ClaimsNoPorts => plan.claims.retain(|claim| !matches!(claim, Claim::Ports { .. })),
        _ => {}
    }
}

pub(super) fn bend_network<T>(flaw: Flaw, plan: &mut Plan<T>, turn: usize) {
    match flaw {
        Flaw::CountsNothing => plan.claims.clear(),
        Flaw::PlansAtRandom if turn % 2 == 1 => plan.claims.clear(),
        Flaw::ClaimsALinkForAllHosts => {
            plan.claims.push(Claim::Link { name: link("everywhere0"), shared: true });
        }
        Flaw::AnswersFromNoCall => plan.answer = Answer::FromCall,
        _ => {}
    }
}

pub(super) fn bend_here(flaw: Flaw, on: Object, plan: &mut Plan<()>) {
    match flaw {
        Flaw::SharesWhatIsOfOneHost => {
            let shared = |record: PlannedRecord| PlannedRecord { scope: Scope::Global, ..record };
            plan.records = std::mem::take(&mut plan.records).into_iter().map(shared).collect();
        }
        Flaw::DecidesTwice => plan.records.push(PlannedRecord {
            scope: Scope::Local,
            on,
            name: Segment::escape("decided"),
            value: Some(serde_json::Value::Bool(true)),
        }),
        _ => {}
    }
}

pub(super) fn bend_endpoint(flaw: Flaw, plan: &mut Plan<EndpointAnswer>) {
    if let Flaw::ClaimsMore = flaw {
        let ip = IpAddr::from([0, 0, 0, 0]);
        plan.claims.push(Claim::Ports { protocol: Protocol::Sctp, ip, from: 9, to: 9 });
    }
    let Answer::Now(answer) = &mut plan.answer else { return };
    for interface in &mut answer.interfaces {
        bend_interface(flaw, interface);
    }
    match flaw {
        Flaw::PublishesTheNextPort => {
            for (binding, claim) in answer.bindings.iter_mut().zip(&mut plan.claims) {
                next_port(binding, claim);
            }
        }
        Flaw::LeavesPortsOut => {
            answer.bindings.truncate(1);
            plan.claims.truncate(1);
        }
        _ => {}
    }
}

fn bend_interface(flaw: Flaw, interface: &mut InterfaceSpec) {
    match flaw {
        Flaw::OverridesHardwareAddresses => interface.mac = Some(MacAddress::new([2, 0, 0, 0, 0, 1])),
        Flaw::OverridesAddresses => {
            interface.ipv4 = Some(ipnet::Ipv4Net::new_assert([192, 0, 2, 77].into(), 24));
        }
        Flaw::OverridesNames => interface.names = Some(names()),
        _ => {}
    }
}

fn names() -> InterfaceNames {
    InterfaceNames { source: link("mine0"), prefix: link("mine") }
}

fn next_port(binding: &mut PortBinding, claim: &mut Claim) {
    if let Claim::Ports { from, to, .. } = claim {
        (*from, *to) = (*from + 1, *to + 1);
        binding.host_ports = PortRange::single(*from).ok();
    }
}

/// Also when a join is ensured: a driver that is broken so is so all the time.
pub(super) fn bend_join(flaw: Flaw, network: NetworkId, answer: &mut JoinAnswer) {
    match flaw {
        Flaw::OverridesNames => answer.interfaces.iter_mut().for_each(|interface| *interface = names()),
        Flaw::OverridesGateways => answer.gateways = vec![[192, 0, 2, 1].into()],
        Flaw::PublishesLocally => answer.table_entries.push(TableEntry {
            table: TableName::new("everywhere").expect(FIXED),
            key: TableKey::new(&network.to_string()).expect(FIXED),
            value: TableValue::default(),
        }),
        _ => {}
    }
}
