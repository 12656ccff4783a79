//! Links: a relative link in a document leads to a file of the tree, and its anchor to a heading.

use crate::tidy::{Finding, Tree};

const RULE: &str = "link";

/// Every relative link that leads nowhere.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".md")) {
        for (number, target) in links(text) {
            if let Err(message) = follow(tree, path, text, &target) {
                findings.push(Finding::new(path, number, RULE, format!("({target}): {message}")));
            }
        }
    }
    findings
}

fn follow(tree: &Tree, from: &str, text: &str, target: &str) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let (path, text) = if file.is_empty() {
        (from.to_owned(), Some(text))
    } else {
        let path = resolve(from, file).ok_or("leads out of the tree")?;
        if !tree.has(&path) {
            return Err(format!("there is no {path}; mend the link or bring the file back"));
        }
        let text = tree.get(&path);
        (path, text)
    };
    if anchor.is_empty() || !path.ends_with(".md") {
        return Ok(());
    }
    if text.is_some_and(|text| prose(text).any(|(_, line)| anchor_of(&line).as_deref() == Some(anchor))) {
        Ok(())
    } else {
        Err(format!("{path} has no heading #{anchor}"))
    }
}

/// The path of a link, from the root. None if it leads out of the tree.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Line number and target of every inline link outside code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    for (number, line) in prose(text) {
        let outside_code: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for (at, _) in outside_code.match_indices("](") {
            if let Some(target) = outside_code[at + 2..].split(')').next() {
                links.push((number, target.split(' ').next().unwrap_or(target).to_owned()));
            }
        }
    }
    links
}

/// The numbered lines outside code blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_block = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_block ^= is_fence;
        (!in_block && !is_fence).then(|| (index + 1, line.to_owned()))
    })
}

/// What a heading's anchor is called; none if the line is no heading.
fn anchor_of(line: &str) -> Option<String> {
    let title = line.strip_prefix('#')?.trim_start_matches('#').strip_prefix(' ')?;
    let kept = title.trim().to_lowercase();
    Some(
        kept.chars()
            .filter(|char| char.is_alphanumeric() || matches!(char, ' ' | '-' | '_'))
            .map(|char| if char == ' ' { '-' } else { char })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        let tree = Tree::of([
            ("docs/a.md", text),
            ("docs/adr/0001-b.md", "# B\n\n## The reason, why\n"),
            ("README.md", "# Netkeep\n"),
        ]);
        check(&tree).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn links_that_lead_somewhere_are_good() {
        assert_eq!(
            found("[b](adr/0001-b.md) [c](../README.md#netkeep) [d](adr/) [e](https://x.invalid/y)\n"),
            [0; 0]
        );
        assert_eq!(
            found("# Here\n[a](#here) [b](adr/0001-b.md#the-reason-why) [c](./adr/0001-b.md \"title\")\n"),
            [0; 0]
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert_eq!(found("fine\n[b](adr/0002-b.md)\n"), [2]);
        assert_eq!(found("[b](../../README.md)\n"), [1]);
        assert_eq!(found("[b](#nowhere) [c](adr/0001-b.md#nowhere)\n"), [1, 1]);
    }

    #[test]
    fn code_is_not_prose() {
        assert_eq!(found("`[b](nowhere.md)` and `x`\n```\n[b](nowhere.md)\n# Not a heading\n```\n"), [0; 0]);
        assert_eq!(found("```\n# Here\n```\n[a](#here)\n"), [4]);
    }
}
