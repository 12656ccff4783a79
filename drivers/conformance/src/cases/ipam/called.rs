//! IPAM drivers that are called.

use std::sync::Arc;

use netkeep_drivers::{EnsureError, Error, ErrorKind, Grant, PoolGrant};

use crate::ipam::site::written;
use crate::ipam::{IpamHarness, IpamSite};
use crate::{Fault, Place, Verdict};

const PLANS: Verdict = Verdict::NotOf("it is not called");
const OUTSIDE: &[Place] = &[Place::Host];

/// D-ASK-1: Only a driver that is called answers from a call; one that plans refuses to be called.
pub async fn only_a_driver_that_is_called_is_called(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    // Each plan is judged.
    let grants = site.pools("D-ASK-1").await;
    for grant in grants {
        let any = IpamSite::any_of(&grant);
        site.has_address(&any, "D-ASK-1").await;
        if !site.is_called() {
            expect_uncalled(site.driver.call_address(&any).await);
        }
    }
    if !site.is_called() {
        expect_uncalled(site.driver.call_pool(&site.any_pool(false)).await);
    }
    Verdict::Kept
}

#[track_caller]
fn expect_uncalled<T>(answer: Result<T, EnsureError>) {
    let refused =
        matches!(&answer, Err(EnsureError::Refused(error)) if error.kind() == ErrorKind::Unsupported);
    assert!(refused, "D-ASK-1: a driver that plans was called, and does not refuse it as `Unsupported`");
}

/// D-ASK-2: A call that is refused has left nothing.
pub async fn a_refused_call_leaves_nothing(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    if !site.is_called() {
        return PLANS;
    }
    let grants = site.pools("D-ASK-2").await;
    let before = site.harness().outside();
    for grant in grants {
        let stranger = written("192.0.2.0/24").nth(7).expect("the pool has more addresses");
        let refused = site.driver.call_address(&IpamSite::fixed_of(&grant, stranger)).await;
        expect_refusal(refused.err(), "an address that is not in its pool");
        if site.sample().named {
            let text = grant.pool.to_string();
            let refused = site.driver.call_pool(&site.named(&text, None)).await;
            expect_refusal(refused.err(), "a pool that is held");
            let longer = site.named(&text, Some("192.0.2.0/25"));
            let refused = site.driver.call_pool(&longer).await;
            expect_refusal(refused.err(), "a sub-pool that is not in its pool");
        }
        assert_eq!(site.harness().outside(), before, "D-ASK-2: calls were refused");
    }
    Verdict::Kept
}

#[track_caller]
fn expect_refusal(error: Option<EnsureError>, what: &str) {
    let refused = matches!(error, Some(EnsureError::Refused(_) | EnsureError::Taken(..)));
    assert!(refused, "D-ASK-2: {what} was asked for, and the answer is {error:?}");
}

/// D-ASK-3: A call that got no answer is `Unknown` unless it has left nothing; what was named in it can be given
/// back, held or not, and given again.
pub async fn a_call_that_was_not_answered_is_taken_back(h: Arc<dyn IpamHarness>) -> Verdict {
    let mut site = IpamSite::start(&h).await;
    if !site.is_called() || !site.sample().named {
        return PLANS;
    }
    for at in 0..2 {
        for text in ["10.99.0.0/24", "fd99::/64"] {
            let request = site.named(text, None);
            let before = site.harness().outside();
            site.harness().faults().arm(Fault::Fail, OUTSIDE, at);
            let answer = site.driver.call_pool(&request).await.map(|_| ());
            let struck = site.harness().faults().calm();
            let step = struck.unwrap_or_else(|| panic!("D-ASK-3: a call of pool {text} has no step {at}"));
            let what = format!("D-ASK-3: pool {text}, {step}: no answer");
            expect_no_answer(&site, answer, &before, &what);
            let pool = written(text);
            let space = request.space.clone();
            let grant = PoolGrant { space, pool, sub: None, gateway: None, metadata: Default::default() };
            site.restart().await;
            site.release(&Grant::Pool(grant), &what).await;
            assert_eq!(site.harness().outside(), before, "{what}: it was taken back");

            let grant = site.has_pool(&request, &what).await;
            let Some(ip) = pool.nth(7).filter(|_| site.sample().addresses) else { continue };
            let before = site.harness().outside();
            let fixed = IpamSite::fixed_of(&grant, ip);
            site.harness().faults().arm(Fault::Fail, OUTSIDE, at);
            let answer = site.driver.call_address(&fixed).await.map(|_| ());
            site.harness().faults().calm();
            let what = format!("D-ASK-3: address {ip}, step {at} of its call: no answer");
            expect_no_answer(&site, answer, &before, &what);
            site.release(&Grant::Address(grant.clone(), ip), &what).await;
            assert_eq!(site.harness().outside(), before, "{what}: it was taken back");
            site.has_address(&fixed, &what).await;
            site.release_address(&grant, ip, &what).await;
            site.release_pool(&grant, &what).await;
        }
    }
    Verdict::Kept
}

#[track_caller]
fn expect_no_answer(
    site: &IpamSite,
    answer: Result<(), EnsureError>,
    before: &std::collections::BTreeSet<String>,
    what: &str,
) {
    let refused = |error: &Error| {
        assert_eq!(
            site.harness().outside(),
            *before,
            "{what}: the driver refuses ({error}), and it was done"
        );
    };
    match &answer {
        Err(EnsureError::Unknown(_)) => {}
        Err(EnsureError::Refused(error) | EnsureError::Taken(_, error)) => refused(error),
        Ok(()) => panic!("{what}: and the driver says that it was given"),
    }
}
