//! Options that hold several values.

use std::fmt::Display;
use std::str::FromStr;

use netkeep_model::{Options, Pool, Route, TableKey, TableName, TableValue};
use serde_json::Value;

use crate::{Error, Result};

/// The values of an option: a list of texts, or one text with commas between them.
pub(super) fn texts(options: &Options, name: &str) -> Result<Vec<String>> {
    match options.get(name) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.split(',').map(|part| part.trim().to_owned()).collect()),
        Some(_) => whole_texts(options, name),
    }
}

/// The values of an option whose values may have commas: a list of texts, or one text.
pub(super) fn whole_texts(options: &Options, name: &str) -> Result<Vec<String>> {
    match options.get(name) {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(_) => Ok(options.typed::<Vec<String>>(name)?.unwrap_or_default()),
    }
}

/// The values of an option as `T`s.
pub(super) fn parsed<T: FromStr<Err: Display>>(options: &Options, name: &str) -> Result<Vec<T>> {
    let parse = |text: &String| {
        text.parse().map_err(|error| Error::invalid(format!("option {name:?}, in {text:?}: {error}")))
    };
    texts(options, name)?.iter().map(parse).collect()
}

/// A route as people write it: `10.1.0.0/16 via 10.0.0.254`, or `10.1.0.0/16` for one that is connected.
pub(super) fn route(name: &str, text: &str) -> Result<Route> {
    let wrong = |why: String| {
        Error::invalid(format!(
            "option {name:?}, in {text:?}: {why}; a route is written as in \"10.1.0.0/16 via 10.0.0.254\", or \
             as in \"10.1.0.0/16\" if it is connected"
        ))
    };
    let (destination, next_hop) = match text.split_once(" via ") {
        None => (text, None),
        Some((destination, next_hop)) => (destination, Some(next_hop.trim())),
    };
    let destination: Pool =
        destination.trim().parse().map_err(|error: netkeep_model::Error| wrong(error.to_string()))?;
    let Some(next_hop) = next_hop else { return Ok(Route { destination, next_hop: None }) };
    let next_hop: std::net::IpAddr =
        next_hop.parse().map_err(|_| wrong(format!("{next_hop:?} is no address")))?;
    if next_hop.is_ipv6() != destination.is_ipv6() {
        return Err(wrong(format!("{next_hop} and {destination} are of different families")));
    }
    Ok(Route { destination, next_hop: Some(next_hop) })
}

/// A table entry as people write it: `table/key=value`, or `table=value` with the default key.
pub(super) fn entry(name: &str, text: &str) -> Result<(TableName, Option<TableKey>, TableValue)> {
    let wrong = |why: String| {
        Error::invalid(format!(
            "option {name:?}, in {text:?}: {why}; an entry is written as in \"table/key=value\", or as in \
             \"table=value\" if the endpoint's id is to be the key"
        ))
    };
    let Some((place, value)) = text.split_once('=') else {
        return Err(wrong("there is no \"=\"".to_owned()));
    };
    let (table, key) = match place.split_once('/') {
        None => (place, None),
        Some((table, key)) => (table, Some(key)),
    };
    let refused = |error: netkeep_model::Error| wrong(error.to_string());
    let table = table.parse().map_err(refused)?;
    let key = key.map(str::parse).transpose().map_err(refused)?;
    Ok((table, key, TableValue::from(value.as_bytes())))
}
