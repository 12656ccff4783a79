//! What the benches are told.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// What the benches are told.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Arguments {
    /// Whether a short run will do.
    pub(crate) quick: bool,
    /// Where the rows go.
    pub(crate) json: Option<PathBuf>,
    /// Where the page is that is refreshed.
    pub(crate) docs: Option<PathBuf>,
    /// Which groups; all if it is empty.
    pub(crate) groups: Vec<String>,
}

impl Arguments {
    /// Reads the words after the name of the program; `known` are the names of the groups.
    ///
    /// # Errors
    ///
    /// If a word is none that is known.
    pub(crate) fn parse(words: &[String], known: &[&str]) -> Result<Self> {
        let mut arguments = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut path = || words.next().map(PathBuf::from).with_context(|| format!("{word} wants a path"));
            match word.as_str() {
                "--quick" => arguments.quick = true,
                "--json" => arguments.json = Some(path()?),
                "--docs" => arguments.docs = Some(path()?),
                group if known.contains(&group) => arguments.groups.push(group.to_owned()),
                other => bail!("there is no bench {other:?}; there are {}, and --quick", known.join(", ")),
            }
        }
        Ok(arguments)
    }

    /// True if this group is wanted.
    pub(crate) fn wants(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|wanted| wanted == group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Arguments::parse(&words, &["etcd", "redb"])
    }

    #[test]
    fn without_a_name_all_are_wanted() {
        let all = parse(&["--quick", "--json", "out"]).unwrap();
        assert!(all.quick && all.wants("etcd") && all.wants("redb"));
        assert_eq!(all.json, Some(PathBuf::from("out")));
        let one = parse(&["redb"]).unwrap();
        assert!(!one.quick && one.wants("redb") && !one.wants("etcd"));
    }

    #[test]
    fn what_is_not_known_is_named() {
        let error = parse(&["postgres"]).unwrap_err().to_string();
        assert!(error.contains("postgres") && error.contains("etcd, redb"), "{error}");
        assert!(parse(&["--json"]).is_err());
    }
}
