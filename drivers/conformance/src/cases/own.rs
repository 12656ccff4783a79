//! What a plan may write and claim.

use std::sync::Arc;

use netkeep_model::{Claim, Scope};

use crate::given::{full_sites, global_sites};
use crate::rules::Stage;
use crate::script::up;
use crate::{DriverHarness, Verdict};

/// D-OWN-1, D-OWN-2: Records hang on what is planned, each once, in the store of the network or of this host.
pub async fn records_hang_on_what_is_planned(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut records = 0;
    for site in full_sites(&h).await {
        for plan in site.seen() {
            for record in &plan.records {
                records += 1;
                assert_eq!(record.on, plan.what, "D-OWN-1: a plan of {} has a record elsewhere", plan.what);
                let local = record.scope == Scope::Local
                    && matches!(plan.stage, Stage::Here | Stage::Join | Stage::Program);
                assert!(local || record.scope == site.scope(), "D-OWN-2: {record:?} of {:?}", plan.stage);
            }
        }
    }
    if records > 0 { Verdict::Kept } else { Verdict::NotOf("it has no records") }
}

/// D-OWN-3: On a network of global scope, ports and links of a host are claimed only for that host.
pub async fn a_global_network_claims_nothing_of_one_host(h: Arc<dyn DriverHarness>) -> Verdict {
    let sites = global_sites(&h).await;
    if sites.is_empty() {
        return Verdict::NotOf("it has no networks of global scope");
    }
    for mut site in sites {
        let ops = up(&site);
        site.perform_all(&ops).await;
        for plan in site.seen() {
            for claim in &plan.claims {
                let of_host = matches!(claim, Claim::Ports { .. } | Claim::Link { .. });
                let of_all = matches!(plan.stage, Stage::Network | Stage::Endpoint);
                assert!(!(of_host && of_all), "D-OWN-3: the plan of {} claims {claim}", plan.what);
            }
        }
        let global: Vec<_> = site.global().claims().to_vec();
        for (claim, owner) in global {
            let of_host = matches!(claim, Claim::Ports { .. } | Claim::Link { .. });
            assert!(!of_host, "D-OWN-3: {owner} holds {claim} in the global store");
        }
    }
    Verdict::Kept
}

/// D-OWN-4: Only what was asked for is claimed, nothing twice: no pools, no addresses of others, no other ports.
pub async fn only_what_is_asked_for_is_claimed(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut claims = 0;
    // Each plan is judged where it is made.
    for site in full_sites(&h).await {
        claims += site.seen().iter().map(|plan| plan.claims.len()).sum::<usize>();
    }
    if claims > 0 { Verdict::Kept } else { Verdict::NotOf("it claims nothing") }
}

/// D-OWN-5: A port of the host that is settled is claimed by the same plan.
pub async fn settled_ports_are_claimed(h: Arc<dyn DriverHarness>) -> Verdict {
    if !h.sample().ports {
        return Verdict::NotOf("it publishes no ports");
    }
    for site in full_sites(&h).await {
        let ports = |claim: &&Claim| matches!(claim, Claim::Ports { .. });
        let seen = site.seen();
        let claims = seen.iter().flat_map(|plan| &plan.claims).filter(ports).count();
        assert!(claims >= 2, "D-OWN-5: the first endpoint publishes two ports, and {claims} are claimed");
    }
    Verdict::Kept
}

/// D-OWN-6: Table entries are published on networks of global scope only, each key once.
pub async fn entries_are_of_global_networks(h: Arc<dyn DriverHarness>) -> Verdict {
    let mut entries = 0;
    // Each answer to a join is judged where it is given.
    for site in full_sites(&h).await {
        let networks: Vec<_> = site.store().networks.keys().copied().collect();
        let published: usize = networks.iter().map(|network| site.entries(*network).len()).sum();
        assert!(published == 0 || site.scope() == Scope::Global, "D-OWN-6: a local network has entries");
        entries += published;
    }
    if entries > 0 { Verdict::Kept } else { Verdict::NotOf("it publishes no table entries") }
}
