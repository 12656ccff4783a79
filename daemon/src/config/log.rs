//! What is logged, and how.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// What is logged: a level, or directives such as `info,netkeep_store=debug`. Default: `info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LogFilter(String);

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl LogFilter {
    /// The filter, ready to be used. Unless it says so itself, it lets nothing of ZooKeeper's client through but errors:
    /// while servers are away, that warns of every attempt to reach each of them, many times a second, and what is to be
    /// known of it is said by the store.
    pub fn to_filter(&self) -> EnvFilter {
        const CLIENT: &str = "zookeeper_client";
        if self.0.contains(CLIENT) || self.0.eq_ignore_ascii_case("off") {
            return EnvFilter::new(&self.0);
        }
        EnvFilter::new(format!("{},{CLIENT}=error", self.0))
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "{text:?} is no log level; write one of {}, or directives such as \"info,netkeep_store=debug\"",
                LEVELS.join(", ")
            )
        };
        // A bare word that is no level would be taken as the name of a module, and everything else be silent.
        for directive in text.split(',') {
            let level = directive.rsplit_once('=').map_or(directive, |(_, level)| level);
            if !LEVELS.contains(&level.trim().to_ascii_lowercase().as_str()) {
                return Err(refuse());
            }
        }
        match EnvFilter::try_new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(refuse()),
        }
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is no log format; write \"text\" or \"json\"")),
        }
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<String> for LogFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<LogFilter> for String {
    fn from(filter: LogFilter) -> Self {
        filter.0
    }
}

impl From<LogFormat> for String {
    fn from(format: LogFormat) -> Self {
        format.to_string()
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::util::SubscriberInitExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is let through of a warning of ours, and of one of ZooKeeper's client.
    fn let_through(filter: &str) -> (bool, bool) {
        let filter: LogFilter = filter.parse().unwrap();
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter.to_filter())
            .with_writer(move || writer.clone())
            .finish();
        let guard = log.set_default();
        tracing::warn!("ours");
        tracing::warn!(target: "zookeeper_client::session", "theirs");
        drop(guard);
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        (written.contains("ours"), written.contains("theirs"))
    }

    #[test]
    fn zookeepers_client_is_silent_unless_it_is_asked_for() {
        assert_eq!(let_through("info"), (true, false));
        assert_eq!(let_through("debug"), (true, false));
        assert_eq!(let_through("info,zookeeper_client=warn"), (true, true));
        assert_eq!(let_through("off"), (false, false));
    }
}
