//! Decisions: numbered without gaps, titled with their number, and listed.

use crate::tidy::{Finding, Tree};

const RULE: &str = "adr";
const FOLDER: &str = "docs/adr";
const LIST: &str = "docs/adr/README.md";

/// Every decision that is out of order, wrongly titled or not listed.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expected = 1;
    for (path, text) in tree.below(FOLDER).filter(|(path, _)| *path != LIST) {
        let file = &path[FOLDER.len() + 1..];
        let number = file.split_once('-').filter(|(digits, _)| digits.len() == 4 && file.ends_with(".md"));
        let Some(number) = number.and_then(|(digits, _)| digits.parse::<u32>().ok()) else {
            findings.push(Finding::new(path, 1, RULE, "is not named `NNNN-what-was-decided.md`"));
            continue;
        };
        if number != expected {
            let message =
                format!("is number {number} where {expected} is next; numbers have no gap and no twin");
            findings.push(Finding::new(path, 1, RULE, message));
        }
        expected = number + 1;
        if !text.starts_with(&format!("# {number}. ")) {
            findings.push(Finding::new(
                path,
                1,
                RULE,
                format!("does not begin with the title `# {number}. …`"),
            ));
        }
        if !tree.get(LIST).is_some_and(|list| list.contains(&format!("]({file})"))) {
            findings.push(Finding::new(
                path,
                1,
                RULE,
                format!("is not listed in {LIST}; add a line with a link"),
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files.iter().copied())).into_iter().map(|finding| finding.message).collect()
    }

    const LISTED: (&str, &str) = (LIST, "- [1](0001-a.md)\n- [2](0002-b.md)\n- [3](0003-c.md)\n");

    #[test]
    fn numbered_titled_and_listed_is_good() {
        assert_eq!(
            found(&[LISTED, ("docs/adr/0001-a.md", "# 1. A\n"), ("docs/adr/0002-b.md", "# 2. B\n")]),
            [""; 0]
        );
    }

    #[test]
    fn a_gap_and_a_twin_are_found() {
        let gap = found(&[LISTED, ("docs/adr/0001-a.md", "# 1. A\n"), ("docs/adr/0003-c.md", "# 3. C\n")]);
        assert!(gap.len() == 1 && gap[0].contains("where 2 is next"), "{gap:?}");
        let twin = found(&[LISTED, ("docs/adr/0001-a.md", "# 1. A\n"), ("docs/adr/0001-b.md", "# 1. B\n")]);
        assert!(twin.iter().any(|message| message.contains("number 1 where 2 is next")), "{twin:?}");
    }

    #[test]
    fn a_wrong_name_title_or_list_is_found() {
        assert_eq!(found(&[LISTED, ("docs/adr/a.md", "# 1. A\n")]).len(), 1);
        assert_eq!(found(&[LISTED, ("docs/adr/0001-a.md", "# A\n")]).len(), 1);
        assert_eq!(found(&[("docs/adr/0001-a.md", "# 1. A\n")]).len(), 1);
    }
}
