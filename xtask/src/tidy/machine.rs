//! Machines: nothing in the tree names a path of one machine, or a registry's host.

use crate::tidy::{Finding, Tree};

const RULE: &str = "machine";

/// What only one machine has; put together from halves, or this file would find itself.
const PATHS: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ho", "me/"),
    concat!("/Use", "rs/"),
    concat!("/tmp", "/wt/"),
    concat!("../sha", "red"),
];

/// Hosts of package registries: which one is asked is the machine's business.
const HOSTS: [&str; 5] = [
    concat!("deb.deb", "ian."),
    concat!("registry.np", "mjs"),
    concat!("pypi.", "org"),
    concat!("static.cra", "tes."),
    concat!("index.cra", "tes."),
];

/// Every line that names a machine's path or a registry's host.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            for needle in PATHS.iter().filter(|needle| line.contains(**needle)) {
                let message =
                    format!("{needle} is a path of one machine; name it from the root of this tree");
                findings.push(Finding::new(path, index + 1, RULE, message));
            }
            for needle in HOSTS.iter().filter(|needle| line.contains(**needle)) {
                let message =
                    format!("{needle} is a registry's host; leave it to the machine's configuration");
                findings.push(Finding::new(path, index + 1, RULE, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_any_machine_are_good() {
        let text = "redb:///var/lib/netkeep/local.redb\n/run/netkeep.sock\nconcat!(\"/wo\", \"rk/\")\n";
        assert_eq!(check(&Tree::of([("a.md", text)])), []);
    }

    #[test]
    fn each_forbidden_path_and_host_is_found() {
        for needle in PATHS.iter().chain(&HOSTS) {
            let text = format!("fine\nsee {needle}a\n");
            let findings = check(&Tree::of([("a.md", text.as_str())]));
            assert_eq!(findings.len(), 1, "{needle}");
            assert_eq!(findings[0].line, 2);
        }
    }
}
