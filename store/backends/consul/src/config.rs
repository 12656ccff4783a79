//! How a store is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use netkeep_store::{Error, HostPort, LeasedDirectories, Limits, Prefix, Result, StoreUrl};

use crate::Token;

/// Which servers, and how they are spoken to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsulConfig {
    /// The agents, in any order; one is used until it fails. Default: 127.0.0.1.
    pub endpoints: Vec<HostPort>,
    /// Below which path everything lies. Not empty. Default: `netkeep`.
    pub root: Prefix,
    /// The directories that hold leased keys only. Default: none.
    pub leased: LeasedDirectories,
    /// Speaks TLS. Default: no.
    pub tls: Option<TlsFiles>,
    /// What the ACL of the servers knows us by. Default: nothing.
    pub token: Option<Token>,
    /// How long one request may take. A list may take four times as long until its first byte, and this time for
    /// each further part. Default: 3 s.
    pub timeout: Duration,
    /// The shortest session that the servers grant (`session_ttl_min`), and so the shortest lease. Default: 10 s.
    pub session_ttl_min: Duration,
    /// The longest lease. A lease lives up to twice its time, so this is also what
    /// [`Limits::lease_slack`] must grant. Default: 60 s.
    pub lease_max: Duration,
}

/// The files of certificates, in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Who signs the servers' certificates; `None`: whom this system trusts.
    pub ca: Option<PathBuf>,
    /// Our own certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

const OPTIONS: [&str; 8] =
    ["lease-max", "session-ttl-min", "timeout", "tls", "tls-ca", "tls-cert", "tls-key", "token-file"];

impl ConsulConfig {
    const PORT: u16 = 8500;
    const TLS_PORT: u16 = 8501;
    /// What the end of a lease may take beyond twice its time: an election, and the way to the leader.
    const SLACK: Duration = Duration::from_secs(5);

    /// The defaults, for these agents.
    pub fn new(endpoints: impl IntoIterator<Item = HostPort>, leased: LeasedDirectories) -> Self {
        Self {
            endpoints: endpoints.into_iter().collect(),
            root: Prefix::parse("netkeep").expect("a plain word is a prefix"),
            leased,
            tls: None,
            token: None,
            timeout: Duration::from_secs(3),
            session_ttl_min: Duration::from_secs(10),
            lease_max: Duration::from_secs(60),
        }
    }

    /// What a URL says: hosts, path and the options `lease-max`, `session-ttl-min`, `timeout` (as `500ms` or `10s`),
    /// `tls` (`true` or `false`), `tls-ca`, `tls-cert`, `tls-key` and `token-file` (paths).
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](netkeep_store::Kind::Invalid) names what makes no sense.
    pub fn from_url(url: &StoreUrl, leased: LeasedDirectories) -> Result<Self> {
        url.check_options(&OPTIONS)?;
        let mut config = Self::new(url.hosts().iter().cloned(), leased);
        let root = url.prefix()?;
        if !root.is_root() {
            config.root = root;
        }
        for (option, field) in [
            ("timeout", &mut config.timeout),
            ("session-ttl-min", &mut config.session_ttl_min),
            ("lease-max", &mut config.lease_max),
        ] {
            if let Some(text) = url.option(option) {
                *field = parse_duration(text).ok_or_else(|| {
                    Error::invalid(format!(
                        "store URL {url}: {option} is {text:?}; write a whole number with ms or s, as 500ms or 10s"
                    ))
                })?;
            }
        }
        config.tls = tls_files(url)?;
        if let Some(path) = url.option("token-file") {
            config.token = Some(Token::from_file(Path::new(path))?);
        }
        Ok(config)
    }

    /// The bounds of a store that is opened so.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            lease_min: self.session_ttl_min,
            lease_max: self.lease_max,
            lease_slack: self.lease_max + Self::SLACK,
            ..Limits::PORTABLE
        }
    }

    /// The addresses of the agents, as the beginnings of their URLs.
    pub(crate) fn bases(&self) -> Vec<String> {
        let (scheme, port) = match self.tls {
            None => ("http", Self::PORT),
            Some(_) => ("https", Self::TLS_PORT),
        };
        let base = |host: &HostPort| {
            let host = HostPort { host: host.host.clone(), port: Some(host.port.unwrap_or(port)) };
            format!("{scheme}://{host}")
        };
        if self.endpoints.is_empty() {
            vec![base(&HostPort { host: "127.0.0.1".to_owned(), port: None })]
        } else {
            self.endpoints.iter().map(base).collect()
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        const SHORTEST: Duration = Duration::from_millis(100);
        let portable = Limits::PORTABLE;
        if self.root.is_root() {
            return Err(Error::invalid("the root is empty; name a path, as consul://host/netkeep"));
        }
        for (name, value, from, to) in [
            ("timeout", self.timeout, SHORTEST, Duration::from_secs(60)),
            ("session-ttl-min", self.session_ttl_min, Duration::from_secs(1), portable.lease_max / 2),
            ("lease-max", self.lease_max, self.session_ttl_min * 2, portable.lease_max),
        ] {
            if value < from || value > to {
                return Err(Error::invalid(format!("{name} is {value:?}; it may be {from:?} to {to:?}")));
            }
        }
        Ok(())
    }
}

fn tls_files(url: &StoreUrl) -> Result<Option<TlsFiles>> {
    let path = |option| url.option(option).map(PathBuf::from);
    let identity = match (path("tls-cert"), path("tls-key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(Error::invalid(format!(
                "store URL {url}: tls-cert and tls-key belong together; name both files or none"
            )));
        }
    };
    let files = TlsFiles { ca: path("tls-ca"), identity };
    match url.option("tls") {
        Some("true") => Ok(Some(files)),
        None => Ok((files != TlsFiles::default()).then_some(files)),
        Some("false") if files == TlsFiles::default() => Ok(None),
        Some("false") => {
            Err(Error::invalid(format!("store URL {url}: it names files for TLS, and says tls=false")))
        }
        Some(other) => Err(Error::invalid(format!("store URL {url}: tls is {other:?}; write true or false"))),
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    if let Some(number) = text.strip_suffix("ms") {
        return number.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Result<ConsulConfig> {
        let config = ConsulConfig::from_url(&StoreUrl::parse(url).unwrap(), LeasedDirectories::default())?;
        config.check().map(|()| config)
    }

    #[test]
    fn a_url_names_agents_and_may_set_options() {
        let plain = config("consul://").unwrap();
        assert_eq!(
            (plain.bases(), plain.root.as_str()),
            (vec!["http://127.0.0.1:8500".to_owned()], "netkeep")
        );
        assert_eq!(plain.limits().lease_slack, Duration::from_secs(65));
        let set = config(
            "consul://h1,[::1]:3/a/b%20c?tls-ca=/ca.pem&session-ttl-min=2s&lease-max=20s&timeout=500ms",
        );
        let set = set.unwrap();
        assert_eq!(set.bases(), ["https://h1:8501", "https://[::1]:3"]);
        assert_eq!(set.root.as_str(), "a/b%20c");
        assert_eq!(
            (set.limits().lease_min, set.timeout),
            (Duration::from_secs(2), Duration::from_millis(500))
        );
        assert_eq!(set.tls.unwrap().ca.unwrap(), Path::new("/ca.pem"));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (url, named) in [
            ("consul://h?cache=1", "\"cache\""),
            ("consul://h?timeout=5", "\"5\""),
            ("consul://h?timeout=1ms", "timeout is 1ms"),
            ("consul://h?lease-max=15s", "lease-max is 15s; it may be 20s"),
            ("consul://h?session-ttl-min=0s", "session-ttl-min is 0ns"),
            ("consul://h?tls-cert=/c", "tls-key"),
            ("consul://h?tls=yes", "\"yes\""),
            ("consul://h?tls=false&tls-ca=/ca", "tls=false"),
            ("consul://h?token-file=/no/such/file", "/no/such/file"),
        ] {
            let error = config(url).unwrap_err();
            assert!(error.to_string().contains(named), "{error}");
        }
    }
}
