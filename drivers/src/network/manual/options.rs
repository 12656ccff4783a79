//! What the driver is told, read and checked.

use std::collections::BTreeSet;

use netkeep_model::{Class, LinkName, Options, Route, TableKey, TableName, TableValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lists;
use crate::reserved::refuse_unknown;
use crate::{Error, Result};

/// Begins the names of all options of this driver.
pub const NAMESPACE: &str = "com.netkeep.manual.";

/// Configuration: the ports among which any free one is sought; `32768-60999` unless it is given.
pub const PORT_RANGE: &str = "port-range";

/// Of a network or an endpoint: a class of numbers, of which it holds one. The number is shown under this name.
pub const NUMBER: &str = "com.netkeep.manual.number";
/// Of a network or an endpoint, with [`NUMBER`]: the lowest and highest number, as in `4096-8191`;
/// `1-16777215` unless it is given.
pub const NUMBER_RANGE: &str = "com.netkeep.manual.number-range";
/// Of a network or an endpoint: a network interface of the host that it holds. On networks of global scope, each
/// host that uses it holds its own interface of that name.
pub const LINK: &str = "com.netkeep.manual.link";
/// Of a network or an endpoint, with [`LINK`]: whether others may hold the interface too, all with this flag;
/// false unless it is given.
pub const LINK_SHARED: &str = "com.netkeep.manual.link-shared";
/// Of a network, for it and all its endpoints, or of an endpoint: whether each host notes what it is told to
/// make; false unless it is given. Useful in tests only, for nothing is made.
pub const NOTE: &str = "com.netkeep.manual.note";
/// Of a network: the tables whose entries its hosts want to hear of, with commas between them.
pub const TABLES: &str = "com.netkeep.manual.tables";
/// Of a network, or an endpoint, which goes first: what the names of interfaces inside a sandbox begin with, at
/// most 12 bytes; `eth` unless it is given.
pub const INTERFACE_PREFIX: &str = "com.netkeep.manual.interface-prefix";
/// Of an endpoint: the names of its interfaces before they move into a sandbox, with commas between them; those
/// that are not given are made from the endpoint's id.
pub const INTERFACES: &str = "com.netkeep.manual.interfaces";
/// Of an endpoint: further routes of its sandbox, as in `10.1.0.0/16 via 10.0.0.254, 10.2.0.0/16`.
pub const ROUTES: &str = "com.netkeep.manual.routes";
/// Of an endpoint: whether its sandbox gets the gateways of its network; true unless it is given.
pub const GATEWAY: &str = "com.netkeep.manual.gateway";
/// Of an endpoint: whether its sandbox may have a gateway of another network beside it; true unless it is given.
pub const GATEWAY_SERVICE: &str = "com.netkeep.manual.gateway-service";
/// Of an endpoint, or of a sandbox for all its endpoints: entries that are published for as long as it is
/// joined: a list of texts as in `table/key=value`, or one such text. Without `/key`, the key is the endpoint's
/// id. Only on networks of global scope.
pub const ENTRIES: &str = "com.netkeep.manual.entries";
/// Of a network or an endpoint: any JSON of the caller's, at most 16 KiB, kept in the record `config`.
pub const DATA: &str = "com.netkeep.manual.data";

const OF_NETWORKS: [&str; 8] =
    [DATA, INTERFACE_PREFIX, LINK, LINK_SHARED, NOTE, NUMBER, NUMBER_RANGE, TABLES];
const OF_ENDPOINTS: [&str; 12] = [
    DATA,
    ENTRIES,
    GATEWAY,
    GATEWAY_SERVICE,
    INTERFACE_PREFIX,
    INTERFACES,
    LINK,
    LINK_SHARED,
    NOTE,
    NUMBER,
    NUMBER_RANGE,
    ROUTES,
];
const OF_JOINS: [&str; 1] = [ENTRIES];

/// Room for the number after it, in a name of 15 bytes.
const PREFIX_BYTES: usize = 12;
const DATA_BYTES: usize = 16 * 1024;
const NUMBERS: (u64, u64) = (1, 16_777_215);

/// The options of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NetworkConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<WantedNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<WantedLink>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) note: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) tables: Vec<TableName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) interface_prefix: Option<LinkName>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) data: Value,
}

/// The options of an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EndpointConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<WantedNumber>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<WantedLink>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) note: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) interface_prefix: Option<LinkName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) interfaces: Vec<LinkName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) routes: Vec<Route>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) no_gateway: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) no_gateway_service: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) entries: Vec<WantedEntry>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) data: Value,
}

/// A number that is to be held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WantedNumber {
    pub(super) class: Class,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// A link that is to be held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WantedLink {
    pub(super) name: LinkName,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) shared: bool,
}

/// A table entry that is to be published; without a key, under the endpoint's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WantedEntry {
    pub(super) table: TableName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<TableKey>,
    pub(super) value: TableValue,
}

impl NetworkConfig {
    pub(super) fn read(options: &Options) -> Result<Self> {
        refuse_unknown(options, NAMESPACE, &OF_NETWORKS)?;
        Ok(Self {
            number: number(options)?,
            link: link(options)?,
            note: options.flag(NOTE)?.unwrap_or(false),
            tables: distinct(TABLES, lists::parsed(options, TABLES)?)?,
            interface_prefix: prefix(options)?,
            data: data(options)?,
        })
    }
}

impl EndpointConfig {
    pub(super) fn read(options: &Options) -> Result<Self> {
        refuse_unknown(options, NAMESPACE, &OF_ENDPOINTS)?;
        let routes = lists::texts(options, ROUTES)?;
        Ok(Self {
            number: number(options)?,
            link: link(options)?,
            note: options.flag(NOTE)?.unwrap_or(false),
            interface_prefix: prefix(options)?,
            interfaces: distinct(INTERFACES, lists::parsed(options, INTERFACES)?)?,
            routes: routes.iter().map(|text| lists::route(ROUTES, text)).collect::<Result<_>>()?,
            no_gateway: !options.flag(GATEWAY)?.unwrap_or(true),
            no_gateway_service: !options.flag(GATEWAY_SERVICE)?.unwrap_or(true),
            entries: entries(options)?,
            data: data(options)?,
        })
    }
}

/// What a sandbox says of the entries of its endpoints.
pub(super) fn of_join(options: &Options) -> Result<Vec<WantedEntry>> {
    refuse_unknown(options, NAMESPACE, &OF_JOINS)?;
    entries(options)
}

fn entries(options: &Options) -> Result<Vec<WantedEntry>> {
    let read = |text: &String| {
        lists::entry(ENTRIES, text).map(|(table, key, value)| WantedEntry { table, key, value })
    };
    lists::whole_texts(options, ENTRIES)?.iter().map(read).collect()
}

fn number(options: &Options) -> Result<Option<WantedNumber>> {
    let range = options.text(NUMBER_RANGE)?;
    let Some(class) = options.parsed::<Class>(NUMBER)? else {
        return alone(range.is_some(), NUMBER_RANGE, NUMBER).map(|()| None);
    };
    let (from, to) = match range {
        None => NUMBERS,
        Some(text) => text
            .split_once('-')
            .and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)))
            .filter(|(from, to)| from <= to)
            .ok_or_else(|| {
                Error::invalid(format!(
                    "option {NUMBER_RANGE:?}, in {text:?}: it is written as in \"4096-8191\", the lowest first"
                ))
            })?,
    };
    Ok(Some(WantedNumber { class, from, to }))
}

fn link(options: &Options) -> Result<Option<WantedLink>> {
    let shared = options.flag(LINK_SHARED)?;
    match options.parsed::<LinkName>(LINK)? {
        None => alone(shared.is_some(), LINK_SHARED, LINK).map(|()| None),
        Some(name) => Ok(Some(WantedLink { name, shared: shared.unwrap_or(false) })),
    }
}

fn alone(given: bool, name: &str, needed: &str) -> Result<()> {
    if given {
        return Err(Error::invalid(format!("option {name:?} says something only with option {needed:?}")));
    }
    Ok(())
}

fn prefix(options: &Options) -> Result<Option<LinkName>> {
    let prefix = options.parsed::<LinkName>(INTERFACE_PREFIX)?;
    match &prefix {
        Some(name) if name.as_str().len() > PREFIX_BYTES => Err(Error::invalid(format!(
            "option {INTERFACE_PREFIX:?}, in \"{name}\": it has {} bytes, and may have {PREFIX_BYTES}, because a \
             number follows",
            name.as_str().len()
        ))),
        _ => Ok(prefix),
    }
}

fn data(options: &Options) -> Result<Value> {
    let data = options.get(DATA).cloned().unwrap_or_default();
    let bytes = data.to_string().len();
    if bytes > DATA_BYTES {
        return Err(Error::invalid(format!(
            "option {DATA:?} has {bytes} bytes as JSON; it may have {DATA_BYTES}"
        )));
    }
    Ok(data)
}

fn distinct<T: Ord + std::fmt::Display>(name: &str, values: Vec<T>) -> Result<Vec<T>> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = values.iter().find(|value| !seen.insert(*value)) {
        return Err(Error::invalid(format!("option {name:?} names \"{twice}\" twice")));
    }
    Ok(values)
}
