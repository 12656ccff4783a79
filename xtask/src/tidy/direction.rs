//! Dependency directions: the street `store ← model ← drivers ← controller ← daemon` has no way back.

use crate::tidy::Finding;
use crate::{Dependency, DependencyKind, Package, Workspace};

const RULE: &str = "direction";

const STORE: &str = "netkeep-store";
const STORE_CONFORMANCE: &str = "netkeep-store-conformance";
const MODEL: &str = "netkeep-model";
const DRIVERS: &str = "netkeep-drivers";
const DRIVERS_CONFORMANCE: &str = "netkeep-drivers-conformance";
const CONTROLLER: &str = "netkeep-controller";
const DAEMON: &str = "netkeep";

/// What must hold for whatever bytes come in: it reads through everybody's doors, and nobody knows it.
const FUZZ_PROPERTIES: &str = "netkeep-fuzz-properties";

/// Benches measure everybody, and nobody knows them.
const BENCHES: &str = "netkeep-benches";

/// The local backend, with which any package but a backend or the suite may test itself.
const LOCAL_BACKEND: &str = "netkeep-store-redb";

/// Real servers for tests: it knows nobody of ours, and what talks to servers tests with it.
const TESTCONTAINERS: &str = "netkeep-testcontainers";

/// Where a package stands and what it may therefore name.
struct Place {
    /// The workspace's packages that its normal and build dependencies may name.
    may_use: &'static [&'static str],
    /// The workspace's packages that its dev-dependencies may name besides.
    may_test_with: &'static [&'static str],
    /// Whether it may name every backend.
    may_name_backends: bool,
}

/// Packages from elsewhere that only some of ours may name in normal and build dependencies: a store's client
/// belongs to its backend, and what serves or draws belongs to the daemon.
const OUTSIDE: [(&str, &[&str]); 12] = [
    ("redb", &[LOCAL_BACKEND]),
    ("etcd-client", &["netkeep-store-etcd"]),
    ("zookeeper-client", &["netkeep-store-zookeeper"]),
    ("reqwest", &["netkeep-store-consul", "netkeep"]),
    ("consul", &[]),
    ("rs-consul", &[]),
    ("axum", &["netkeep"]),
    ("hyper", &["netkeep"]),
    ("testcontainers", &[TESTCONTAINERS]),
    ("clap", &["netkeep"]),
    ("indicatif", &["netkeep"]),
    ("comfy-table", &["netkeep"]),
];

/// Every dependency of a member on a package that it must not know.
pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.packages.iter().flat_map(|package| check_package(package, workspace)).collect()
}

fn check_package(package: &Package, workspace: &Workspace) -> Vec<Finding> {
    let finding = |message: String| Finding::new(&package.manifest(), 1, RULE, message);
    let Some(place) = place(&package.name) else {
        return vec![finding(format!(
            "{} has no place on the street; give it one in xtask/src/tidy/direction.rs and in ARCHITECTURE.md",
            package.name
        ))];
    };
    package
        .dependencies
        .iter()
        .filter_map(|dependency| {
            let wrong = if workspace.package(&dependency.name).is_some() {
                inside(package, &place, dependency)
            } else {
                outside(package, dependency)
            };
            wrong.map(finding)
        })
        .collect()
}

fn inside(package: &Package, place: &Place, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    let to_test = dependency.kind == DependencyKind::Dev;
    let allowed = place.may_use.contains(&name)
        || place.may_name_backends && is_backend(name)
        || to_test && place.may_test_with.contains(&name);
    if allowed {
        return None;
    }
    let may_use = list(place.may_use);
    Some(if to_test {
        let more = list(place.may_test_with);
        format!(
            "{} must not know {name}, its tests neither; it may use {may_use}, its tests {more}",
            package.name
        )
    } else {
        format!("{} must not know {name}; it may use {may_use}", package.name)
    })
}

fn outside(package: &Package, dependency: &Dependency) -> Option<String> {
    let (name, users) = OUTSIDE.iter().find(|(name, _)| *name == dependency.name)?;
    // Benches measure against the raw clients, and tests may look at a store's file or socket from outside.
    if users.contains(&package.name.as_str())
        || package.name == BENCHES
        || dependency.kind == DependencyKind::Dev
    {
        return None;
    }
    Some(format!("{} must not know {name}; only {} may", package.name, list(users)))
}

fn place(package: &str) -> Option<Place> {
    let place = |may_use, may_test_with| Place { may_use, may_test_with, may_name_backends: false };
    Some(match package {
        STORE => place(&[], &[STORE_CONFORMANCE, LOCAL_BACKEND]),
        STORE_CONFORMANCE => place(&[STORE], &[]),
        MODEL => place(&[STORE], &[STORE_CONFORMANCE, LOCAL_BACKEND]),
        DRIVERS => place(&[STORE, MODEL], &[STORE_CONFORMANCE, LOCAL_BACKEND, DRIVERS_CONFORMANCE]),
        DRIVERS_CONFORMANCE => place(&[STORE, MODEL, DRIVERS], &[LOCAL_BACKEND]),
        CONTROLLER => {
            place(&[STORE, MODEL, DRIVERS], &[STORE_CONFORMANCE, LOCAL_BACKEND, DRIVERS_CONFORMANCE])
        }
        TESTCONTAINERS => place(&[], &[]),
        FUZZ_PROPERTIES => place(&[STORE, MODEL, DRIVERS, CONTROLLER, DAEMON], &[]),
        // The demo starts servers, and what is measured runs on them.
        DAEMON | BENCHES => Place {
            may_use: &[STORE, MODEL, DRIVERS, CONTROLLER, TESTCONTAINERS],
            may_test_with: &[STORE_CONFORMANCE, DRIVERS_CONFORMANCE],
            may_name_backends: true,
        },
        "xtask" => place(&[], &[]),
        backend if is_backend(backend) => place(&[STORE], &[STORE_CONFORMANCE, TESTCONTAINERS]),
        _ => return None,
    })
}

/// A backend is named for its store, and the suite is none.
fn is_backend(name: &str) -> bool {
    name.starts_with("netkeep-store-") && name != STORE_CONFORMANCE
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "nobody of ours".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of all the street's packages, of which `name` depends on `dependency` alone.
    fn found(name: &str, kind: DependencyKind, dependency: &str) -> Vec<Finding> {
        let street = [
            STORE,
            STORE_CONFORMANCE,
            MODEL,
            DRIVERS,
            DRIVERS_CONFORMANCE,
            CONTROLLER,
            "netkeep",
            LOCAL_BACKEND,
            "netkeep-store-etcd",
            BENCHES,
            FUZZ_PROPERTIES,
            TESTCONTAINERS,
            "xtask",
        ];
        let packages = street.map(|member| Package {
            name: member.to_owned(),
            folder: member.to_owned(),
            dependencies: if member == name {
                vec![Dependency { name: dependency.to_owned(), kind }]
            } else {
                Vec::new()
            },
            ..Package::default()
        });
        check(&Workspace { root: "/".into(), packages: packages.into() })
    }

    fn is_refused(name: &str, kind: DependencyKind, dependency: &str) -> bool {
        let findings = found(name, kind, dependency);
        assert!(findings.iter().all(|finding| finding.message.contains(dependency)), "{findings:?}");
        !findings.is_empty()
    }

    #[test]
    fn up_the_street_is_the_only_way() {
        let street = [STORE, MODEL, DRIVERS, CONTROLLER, "netkeep"];
        for (from, name) in street.iter().enumerate() {
            for (to, dependency) in street.iter().enumerate() {
                for kind in [DependencyKind::Normal, DependencyKind::Build, DependencyKind::Dev] {
                    assert_eq!(
                        is_refused(name, kind, dependency),
                        to >= from,
                        "{name} -> {dependency} {kind:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn only_daemon_and_benches_name_a_backend() {
        for name in [STORE, MODEL, DRIVERS, CONTROLLER, STORE_CONFORMANCE, "netkeep-store-etcd", "xtask"] {
            assert!(is_refused(name, DependencyKind::Normal, LOCAL_BACKEND), "{name}");
        }
        for name in ["netkeep", BENCHES] {
            assert!(!is_refused(name, DependencyKind::Normal, "netkeep-store-etcd"), "{name}");
        }
    }

    #[test]
    fn tests_may_add_redb_and_the_suites_and_nothing_else() {
        for name in [STORE, MODEL, DRIVERS, CONTROLLER] {
            assert!(!is_refused(name, DependencyKind::Dev, LOCAL_BACKEND), "{name}");
            assert!(!is_refused(name, DependencyKind::Dev, STORE_CONFORMANCE), "{name}");
            assert!(is_refused(name, DependencyKind::Normal, STORE_CONFORMANCE), "{name}");
            assert!(is_refused(name, DependencyKind::Dev, "netkeep-store-etcd"), "{name}");
        }
        assert!(is_refused(MODEL, DependencyKind::Dev, DRIVERS_CONFORMANCE));
    }

    #[test]
    fn a_backend_knows_the_contract_alone() {
        for dependency in [MODEL, "netkeep-store-etcd"] {
            assert!(is_refused(LOCAL_BACKEND, DependencyKind::Normal, dependency));
            assert!(is_refused(LOCAL_BACKEND, DependencyKind::Dev, dependency));
        }
        assert!(!is_refused(LOCAL_BACKEND, DependencyKind::Dev, STORE_CONFORMANCE));
        assert!(is_refused(STORE_CONFORMANCE, DependencyKind::Dev, LOCAL_BACKEND));
    }

    #[test]
    fn the_fuzz_properties_know_the_street_and_nobody_knows_them() {
        let street = [STORE, MODEL, DRIVERS, CONTROLLER, DAEMON];
        for name in street {
            assert!(!is_refused(FUZZ_PROPERTIES, DependencyKind::Normal, name), "{name}");
        }
        for name in street.iter().chain(&[LOCAL_BACKEND, STORE_CONFORMANCE, BENCHES, "xtask"]) {
            assert!(is_refused(name, DependencyKind::Normal, FUZZ_PROPERTIES), "{name}");
            assert!(is_refused(name, DependencyKind::Dev, FUZZ_PROPERTIES), "{name}");
        }
        assert!(is_refused(FUZZ_PROPERTIES, DependencyKind::Normal, LOCAL_BACKEND));
    }

    #[test]
    fn real_servers_know_nobody_and_serve_tests() {
        for name in [STORE, MODEL, STORE_CONFORMANCE, LOCAL_BACKEND] {
            assert!(is_refused(TESTCONTAINERS, DependencyKind::Normal, name), "{name}");
            assert!(is_refused(TESTCONTAINERS, DependencyKind::Dev, name), "{name}");
        }
        assert!(!is_refused("netkeep-store-etcd", DependencyKind::Dev, TESTCONTAINERS));
        assert!(is_refused("netkeep-store-etcd", DependencyKind::Normal, TESTCONTAINERS));
        assert!(!is_refused(DAEMON, DependencyKind::Normal, TESTCONTAINERS), "its demo starts servers");
        assert!(
            !is_refused(BENCHES, DependencyKind::Normal, TESTCONTAINERS),
            "what is measured runs on them"
        );
        for name in [STORE, MODEL, DRIVERS, CONTROLLER, STORE_CONFORMANCE] {
            assert!(is_refused(name, DependencyKind::Dev, TESTCONTAINERS), "{name}");
        }
    }

    #[test]
    fn a_stores_client_stays_in_its_backend() {
        assert!(is_refused(STORE, DependencyKind::Normal, "redb"));
        assert!(is_refused(CONTROLLER, DependencyKind::Normal, "axum"));
        assert!(!is_refused(LOCAL_BACKEND, DependencyKind::Normal, "redb"));
        assert!(!is_refused(LOCAL_BACKEND, DependencyKind::Normal, "tokio"));
        assert!(!is_refused(STORE, DependencyKind::Dev, "redb"));
    }

    #[test]
    fn a_package_without_a_place_is_found() {
        let package = Package { name: "netkeep-misc".to_owned(), ..Package::default() };
        let findings = check(&Workspace { root: "/".into(), packages: vec![package] });
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("netkeep-misc has no place"), "{findings:?}");
    }
}
