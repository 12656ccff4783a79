//! Where a store is, in one line.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Error, Prefix, Result, Segment};

/// The address of a store: `scheme://host:port,host:port/path?option=value&option=value`.
///
/// Hosts, path and options may be missing; what they mean is the backend's business. Path and options may hold
/// `%` and two hex digits for any byte. Credentials are refused, wherever they stand: a URL ends up in logs,
/// process lists and shell histories. So no `StoreUrl` holds a secret, and it can be shown.
///
/// ```
/// # use netkeep_store::StoreUrl;
/// # fn main() -> netkeep_store::Result<()> {
/// let url = StoreUrl::parse("etcd://h1:2379,[::1]:2379/netkeep?tls-ca=/etc/ca.pem")?;
/// assert_eq!(url.scheme(), "etcd");
/// assert_eq!(url.hosts()[1].host, "::1");
/// assert_eq!(url.prefix()?.as_str(), "netkeep");
/// assert_eq!(url.option("tls-ca"), Some("/etc/ca.pem"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StoreUrl {
    scheme: String,
    hosts: Vec<HostPort>,
    path: String,
    options: BTreeMap<String, String>,
}

/// A server, and perhaps the port that it listens at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// The port; the backend has a default.
    pub port: Option<u16>,
}

impl StoreUrl {
    /// Takes a URL in its written form. The scheme may be written in any case and is kept in lower case.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) names the part that is wrong; if the URL may hold credentials, the
    /// message shows nothing of it.
    pub fn parse(text: &str) -> Result<Self> {
        let Some((scheme, rest)) = text.split_once("://") else {
            let shown = shown(text);
            return Err(Error::invalid(format!("a store URL begins with scheme://, and {shown} does not")));
        };
        if !rest.starts_with('/') && rest.contains('@') {
            return Err(Error::invalid(
                "the store URL holds credentials or an \"@\"; name a file with the credentials in the \
                 configuration, or use the environment, and write an \"@\" of the path as %40",
            ));
        }
        if rest.contains('#') {
            return Err(Error::invalid("the store URL has a \"#\"; write it as %23"));
        }
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (hosts, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Ok(Self {
            scheme: parse_scheme(scheme)?,
            hosts: if hosts.is_empty() {
                Vec::new()
            } else {
                hosts.split(',').map(HostPort::parse).collect::<Result<_>>()?
            },
            path: decode(path).ok_or_else(|| bad_escape("path"))?,
            options: query.map(parse_options).transpose()?.unwrap_or_default(),
        })
    }

    /// What comes before `://`, in lower case.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The servers, in the order they were written.
    pub fn hosts(&self) -> &[HostPort] {
        &self.hosts
    }

    /// The path with its first slash, decoded; empty if there is none.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The options, decoded.
    pub fn options(&self) -> &BTreeMap<String, String> {
        &self.options
    }

    /// The value of one option, decoded.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// Refuses options that the backend does not have.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) names the first unknown option, and those that are known.
    pub fn check_options(&self, known: &[&str]) -> Result<()> {
        let Some(unknown) = self.options.keys().find(|name| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Err(Error::invalid(format!(
            "store URL of {}: option {unknown:?} is unknown; known: {known}",
            self.scheme
        )))
    }

    /// The path as the file of a local store.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if there are hosts, or no path.
    pub fn file(&self) -> Result<PathBuf> {
        if let Some(host) = self.hosts.first() {
            return Err(Error::invalid(format!(
                "store URL {self}: {host} stands where a host stands; a file is written with three slashes, as in \
                 {}:///var/lib/store",
                self.scheme
            )));
        }
        if self.path.len() < 2 {
            return Err(Error::invalid(format!(
                "store URL {self} names no file; write {}:///var/lib/store",
                self.scheme
            )));
        }
        Ok(PathBuf::from(&self.path))
    }

    /// The path as the prefix below which a remote store keeps everything. Each part is escaped as a
    /// [`Segment`].
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](crate::Kind::Invalid) if a part is empty or the prefix is too long.
    pub fn prefix(&self) -> Result<Prefix> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() {
            return Ok(Prefix::root());
        }
        if path.split('/').any(str::is_empty) {
            return Err(Error::invalid(format!("store URL {self}: the path has an empty part")));
        }
        let segments: Vec<_> = path.split('/').map(Segment::escape).collect();
        Prefix::of(&segments)
    }
}

impl HostPort {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid(format!(
                "store URL: {} is no host; write name, name:port, 192.0.2.1:port or [2001:db8::1]:port",
                shown(text)
            ))
        };
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (address, port) = bracketed.split_once(']').ok_or_else(wrong)?;
                let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
                let port =
                    if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(wrong)?) };
                (address.to_string(), port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host.to_owned(), Some(port)),
                None => (text.to_owned(), None),
            },
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(wrong());
        }
        let port = port.map(|port| port.parse().map_err(|_| wrong())).transpose()?;
        Ok(Self { host, port })
    }
}

fn parse_scheme(text: &str) -> Result<String> {
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) || !text.chars().all(is_scheme) {
        return Err(Error::invalid(
            "the scheme of the store URL is not a letter followed by letters, digits, \"+\", \"-\" and \".\"",
        ));
    }
    Ok(text.to_ascii_lowercase())
}

fn parse_options(query: &str) -> Result<BTreeMap<String, String>> {
    let mut options = BTreeMap::new();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let name = decode(name).ok_or_else(|| bad_escape("options"))?;
        let value = decode(value).ok_or_else(|| bad_escape("options"))?;
        if names_a_secret(&name) {
            return Err(Error::invalid(format!(
                "the store URL holds a secret in its option {name:?}; name a file with it in the configuration, or \
                 use the environment"
            )));
        }
        if options.insert(name.clone(), value).is_some() {
            return Err(Error::invalid(format!("the store URL has the option {name:?} twice")));
        }
    }
    Ok(options)
}

fn names_a_secret(option: &str) -> bool {
    let option = option.to_ascii_lowercase();
    ["password", "passwd", "passphrase", "pass", "pw", "token", "secret", "credentials"]
        .iter()
        .any(|secret| option.ends_with(secret))
}

/// The text in quotes, unless it may hold credentials, whichever way they were written.
fn shown(text: &str) -> String {
    if text.contains(['@', '%', '=']) { "this one".to_owned() } else { format!("{text:?}") }
}

fn bad_escape(part: &str) -> Error {
    Error::invalid(format!(
        "the {part} of the store URL has a \"%\" without two hex digits, or bytes that are no UTF-8"
    ))
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

fn encode(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.bytes().try_for_each(|byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~:+,".contains(&byte) {
            write!(f, "{}", char::from(byte))
        } else {
            write!(f, "%{byte:02X}")
        }
    })
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        for (index, host) in self.hosts.iter().enumerate() {
            write!(f, "{}{host}", if index == 0 { "" } else { "," })?;
        }
        encode(f, &self.path)?;
        for (index, (name, value)) in self.options.iter().enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            encode(f, name)?;
            f.write_str("=")?;
            encode(f, value)?;
        }
        Ok(())
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl std::str::FromStr for StoreUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for StoreUrl {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<StoreUrl> for String {
    fn from(url: StoreUrl) -> Self {
        url.to_string()
    }
}
