//! What a driver shows.

use std::sync::Arc;

use crate::DriverHarness;
use crate::Verdict;
use crate::given::sites;
use crate::script::up;

/// D-SHOW-1: What there is to be shown of an endpoint is answered at any time, and changes nothing.
pub async fn showing_an_endpoint_changes_nothing(h: Arc<dyn DriverHarness>) -> Verdict {
    for mut site in sites(&h).await {
        for op in up(&site) {
            site.perform_all(&[op]).await;
            let (changed, notes) = (site.changed(), site.local().notes.clone());
            for _ in 0..2 {
                for state in site.wanted().endpoints {
                    let info = site.driver().endpoint_info(&state).await;
                    info.unwrap_or_else(|error| panic!("D-SHOW-1: {}: {error}", state.object()));
                }
                site.restart().await;
            }
            site.expect_unchanged(changed, "D-SHOW-1: an endpoint was shown");
            assert_eq!(site.local().notes, notes, "D-SHOW-1: showing an endpoint has left notes");
        }
    }
    Verdict::Kept
}

/// D-SHOW-2: A driver says the same of itself at all times, and has the same facets.
pub async fn a_driver_says_the_same_of_itself(h: Arc<dyn DriverHarness>) -> Verdict {
    let first = h.restart().await;
    for mut site in sites(&h).await {
        for op in up(&site) {
            site.perform_all(&[op]).await;
            assert_eq!(site.driver().info(), first.info(), "D-SHOW-2: after {op}");
            site.restart().await;
            let (now, then) = (site.driver(), &first);
            let facets = |driver: &Arc<dyn netkeep_drivers::NetworkDriver>| {
                let external = driver.external().is_some();
                (
                    external,
                    driver.cluster().is_some(),
                    driver.tables().is_some(),
                    driver.discovery().is_some(),
                )
            };
            assert_eq!(facets(now), facets(then), "D-SHOW-2: after {op}");
        }
        let mut scopes = first.info().data_scopes.clone();
        scopes.dedup();
        assert_eq!(scopes.len(), first.info().data_scopes.len(), "D-SHOW-2: a scope is named twice");
    }
    Verdict::Kept
}
