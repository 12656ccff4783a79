//! Whose a folder, a container or a network is, and whether that process still lives.

use std::fs;
use std::sync::LazyLock;
use std::time::Duration;

/// After this long nothing of a test can still be in use, whoever made it.
const OLD: Duration = Duration::from_secs(6 * 3600);

/// A process, told from any other that ever had its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The run of the kernel.
    boot: String,
    /// The namespace in which the number counts.
    space: String,
    pid: u32,
    /// When it began, in the kernel's ticks.
    began: u64,
}

static SELF: LazyLock<Owner> = LazyLock::new(|| {
    let pid = std::process::id();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    Owner {
        boot: boot.chars().filter(char::is_ascii_hexdigit).take(8).collect(),
        space: space.to_string_lossy().chars().filter(char::is_ascii_digit).collect(),
        pid,
        began: began(pid).unwrap_or_default(),
    }
});

impl Owner {
    /// This process.
    pub(crate) fn this() -> &'static Self {
        &SELF
    }

    /// As one word.
    pub(crate) fn word(&self) -> String {
        format!("{}-{}-{}-{}", self.boot, self.space, self.pid, self.began)
    }

    fn parse(word: &str) -> Option<Self> {
        let mut parts = word.split('-');
        let mut part = || parts.next();
        let owner = Self {
            boot: part()?.to_owned(),
            space: part()?.to_owned(),
            pid: part()?.parse().ok()?,
            began: part()?.parse().ok()?,
        };
        Some(owner)
    }

    /// Whether the process has ended for certain.
    fn is_gone(&self) -> bool {
        let this = Self::this();
        self.boot != this.boot || self.space == this.space && began(self.pid) != Some(self.began)
    }
}

/// Whether what begins with this word may be removed: its owner is gone, or it is so old that nobody can use it.
pub(crate) fn is_abandoned(word: &str, age: Option<Duration>) -> bool {
    Owner::parse(word).is_some_and(|owner| owner.is_gone()) || age.is_some_and(|age| age > OLD)
}

/// When the process with that number began, if there is one.
fn began(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything, blanks and parentheses too.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    // A zombie holds nothing any more.
    if fields.next() == Some("Z") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives() {
        let word = Owner::this().word();
        assert_eq!(Owner::parse(&word).unwrap(), *Owner::this());
        assert!(!is_abandoned(&word, None));
        assert!(!is_abandoned(&format!("{word}-7"), Some(Duration::from_secs(60))));
    }

    #[test]
    fn a_process_that_ended_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let owner = Owner { pid: child.id(), began: began(child.id()).unwrap_or(1), ..SELF.clone() };
        child.wait().unwrap();
        assert!(is_abandoned(&owner.word(), None));
    }

    #[test]
    fn a_number_given_again_is_another_process() {
        let owner = Owner { began: SELF.began + 1, ..SELF.clone() };
        assert!(is_abandoned(&owner.word(), None));
    }

    #[test]
    fn whoever_cannot_be_seen_is_judged_by_age() {
        let elsewhere = Owner { space: "1".to_owned(), began: 1, ..SELF.clone() }.word();
        assert!(!is_abandoned(&elsewhere, Some(Duration::from_secs(60))));
        assert!(is_abandoned(&elsewhere, Some(OLD * 2)));
        assert!(is_abandoned("nonsense", Some(OLD * 2)));
        assert!(!is_abandoned("nonsense", None));
        let earlier = Owner { boot: "0".to_owned(), ..SELF.clone() }.word();
        assert!(is_abandoned(&earlier, None));
    }
}
