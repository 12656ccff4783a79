//! Cancel safety: every public async function says what happens if its future is dropped.

use crate::Workspace;
use crate::tidy::source::{Line, lines};
use crate::tidy::{Finding, Tree};

const RULE: &str = "cancel";

/// The part of the word that a sentence about cancellation contains, however it begins.
const WORD: &str = "ancel";

/// Every public async function in a library whose documentation does not speak of cancellation.
pub(super) fn check(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in workspace.packages.iter().filter(|package| package.has_library) {
        for (path, text) in tree.below(&format!("{}/src", package.folder)) {
            if path.ends_with(".rs") && !is_test(path) {
                findings.extend(check_text(path, text));
            }
        }
    }
    findings
}

/// Test modules in files of their own, and the cases of a conformance suite, which are tests too.
fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/conformance/src/cases/")
}

fn check_text(path: &str, text: &str) -> Vec<Finding> {
    let lines = lines(text);
    let mut findings = Vec::new();
    // How deep the trait stands, and whether its body has begun: bounds may take lines before it.
    let mut public_trait: Option<(usize, bool)> = None;
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.test) {
        let code = line.code.trim();
        public_trait = match public_trait {
            Some((depth, began)) if line.depth > depth || !began => Some((depth, line.depth > depth)),
            _ => None,
        };
        let opens = code.starts_with("pub trait ") || code.starts_with("pub unsafe trait ");
        if opens && !code.ends_with('}') {
            public_trait = Some((line.depth, false));
        }
        let in_trait = public_trait.is_some_and(|(depth, _)| line.depth == depth + 1);
        let is_public = code.starts_with("pub async fn ") || in_trait && code.starts_with("async fn ");
        if is_public && !docs_above(&lines[..index]).contains(WORD) {
            let name =
                code.split("fn ").nth(1).and_then(|rest| rest.split(['(', '<']).next()).unwrap_or(code);
            let message =
                format!("{name} does not say its cancel safety; document what a dropped future does");
            findings.push(Finding::new(path, line.number, RULE, message));
        }
    }
    findings
}

/// The doc comment that ends right above, attributes between passed over.
fn docs_above(lines: &[Line<'_>]) -> String {
    let mut docs = Vec::new();
    let mut in_attribute = false;
    for line in lines.iter().rev() {
        let raw = line.raw.trim();
        if in_attribute {
            in_attribute = !raw.starts_with("#[");
        } else if raw.starts_with("///") {
            docs.push(raw);
        } else if raw.ends_with(']') && !raw.starts_with("#[") {
            in_attribute = true;
        } else if !raw.starts_with("#[") {
            break;
        }
    }
    docs.reverse();
    docs.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Package;

    fn found(text: &str) -> Vec<usize> {
        check_text("a.rs", text).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_function_that_speaks_of_it_is_good() {
        assert_eq!(found("/// Reads.\n///\n/// Cancel safe.\npub async fn get() {}\n"), [0; 0]);
        assert_eq!(
            found("/// Cancellation: goes on.\n#[must_use]\n#[a(\n  b,\n)]\npub async fn get() {}\n"),
            [0; 0]
        );
    }

    #[test]
    fn a_function_that_does_not_is_found() {
        assert_eq!(found("/// Reads.\npub async fn get() {}\n"), [2]);
        assert_eq!(found("/// Cancel safe.\npub async fn a() {}\npub async fn get() {}\n"), [3]);
        assert_eq!(found("/// Cancel safe.\n\npub async fn get() {}\n"), [3]);
    }

    #[test]
    fn methods_of_public_traits_count() {
        let text = "\
pub trait A: B\nwhere\n    C: D,\n{\n    /// Reads.\n    async fn get(&self);\n    /// Cancel safe.\n    async fn put(&self) {
        async fn inner() {}\n    }\n}\nimpl A for E {\n    async fn get(&self) {}\n}\n";
        assert_eq!(found(text), [6]);
    }

    #[test]
    fn an_empty_trait_ends_on_its_line() {
        assert_eq!(found("pub trait A: B {}\nimpl C for D {\n    async fn e(&self) {}\n}\n"), [0; 0]);
    }

    #[test]
    fn private_and_test_functions_do_not_count() {
        assert_eq!(
            found("pub(crate) async fn a() {}\nasync fn b() {}\ntrait C {\n    async fn d();\n}\n"),
            [0; 0]
        );
        assert_eq!(found("#[cfg(test)]\nmod tests {\n    pub async fn a() {}\n}\n"), [0; 0]);
        assert_eq!(found("//! pub async fn a() {}\n"), [0; 0]);
    }

    #[test]
    fn only_the_sources_of_libraries_are_read() {
        let undocumented = "pub async fn a() {}\n";
        let tree = Tree::of([
            ("a/src/lib.rs", undocumented),
            ("a/src/lib/tests.rs", undocumented),
            ("a/conformance/src/cases/b.rs", undocumented),
            ("b/src/main.rs", undocumented),
        ]);
        let package = |folder: &str, has_library| Package {
            folder: folder.to_owned(),
            has_library,
            ..Package::default()
        };
        let packages = vec![package("a", true), package("b", false)];
        let findings = check(&Workspace { root: "/".into(), packages }, &tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].path, "a/src/lib.rs");
    }
}
