//! What people write: whatever is taken has a written form that is taken again, also in JSON.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use ipnet::IpNet;
use netkeep::config::{LogFilter, LogFormat, Span};
use netkeep_model::{
    BootId, Class, ContainerId, DriverKind, EndpointId, EndpointName, ForeignId, HostId, Id, IdPrefix,
    IpamKind, LinkName, MacAddress, NetworkId, NetworkName, Object, Pool, PortRange, Protocol, ServiceId,
    Space, TableKey, TableName, TableValue, TransportPort,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::texts;

/// Reads texts as everything that is written as a text.
///
/// # Panics
///
/// If what was taken is shown in a way that is not taken or means something else, if JSON and text are judged by
/// different rules, or if a name does not lead back from its segment of a key.
pub fn text(data: &[u8]) {
    for text in texts(data) {
        names(&text);
        shown_and_stored::<Id>(&text);
        shown_and_stored::<NetworkId>(&text);
        shown_and_stored::<EndpointId>(&text);
        shown_and_stored::<HostId>(&text);
        shown_and_stored::<MacAddress>(&text);
        shown_and_stored::<Pool>(&text);
        if let Some(range) = shown_and_stored::<PortRange>(&text) {
            assert!(range.first() > 0 && range.contains(range.last()) && range.count() > 0, "{range}");
        }
        shown_and_stored::<TransportPort>(&text);
        shown_and_stored::<Protocol>(&text);
        shown_and_stored::<Span>(&text);
        shown_and_stored::<LogFilter>(&text);
        shown_and_stored::<LogFormat>(&text);
        shown::<IdPrefix>(&text);
        stored::<Object>(&text);
        stored::<TableValue>(&text);
        pool(&text);
        ids(&text);
    }
}

fn names(text: &str) {
    macro_rules! names {
        ($($name:ident)*) => {$(
            if let Some(name) = shown_and_stored::<$name>(text) {
                assert_eq!(name.as_str(), text);
                assert_eq!($name::from_segment(&name.segment()), Some(name));
            }
        )*};
    }
    names! {
        BootId Class ContainerId DriverKind EndpointName ForeignId IpamKind LinkName NetworkName ServiceId Space
        TableKey TableName
    }
}

fn shown<T: FromStr<Err: Display> + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    match text.parse::<T>() {
        Ok(value) => {
            let shown = value.to_string();
            assert_eq!(shown.parse().ok().as_ref(), Some(&value), "{text:?} is shown as {shown:?}");
            Some(value)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty(), "the error says nothing");
            None
        }
    }
}

fn stored<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) -> Option<T> {
    let value: T = serde_json::from_value(Value::String(text.to_owned())).ok()?;
    let json = serde_json::to_vec(&value).expect("it is a text");
    assert_eq!(serde_json::from_slice(&json).ok().as_ref(), Some(&value), "{text:?}");
    Some(value)
}

fn shown_and_stored<T>(text: &str) -> Option<T>
where
    T: FromStr<Err: Display> + Display + Serialize + DeserializeOwned + PartialEq + Debug,
{
    let value = shown(text);
    assert_eq!(value, stored::<T>(text), "JSON and text differ on {text:?}");
    value
}

fn pool(text: &str) {
    if let Ok(net) = text.parse::<IpNet>() {
        assert_eq!(Pool::new(net).is_ok(), text.parse::<Pool>().is_ok(), "{text:?}");
        assert!(Pool::around(net).contains(net.addr()));
    }
    let Ok(pool) = text.parse::<Pool>() else { return };
    assert_eq!(Pool::from_segment(&pool.segment()), Some(pool));
    for offset in [0, 1, pool.last_offset() / 2, pool.last_offset()] {
        match pool.nth(offset) {
            Some(ip) => assert_eq!(pool.offset(ip), Some(offset), "{ip} of {pool}"),
            None => assert!(offset > pool.last_offset(), "{pool} has no address {offset}"),
        }
    }
    assert_eq!(pool.nth(pool.last_offset()), Some(pool.last()));
    assert!(pool.covers(pool) && pool.contains(pool.first()) && pool.contains(pool.last()));
}

fn ids(text: &str) {
    let Ok(id) = text.parse::<Id>() else { return };
    assert_eq!(Id::from_key_form(&id.key_form()).ok(), Some(id));
    let network = NetworkId::from(id);
    assert_eq!(NetworkId::from_segment(&network.segment()), Some(network));
    assert!(text.parse::<IdPrefix>().is_ok_and(|prefix| prefix.fits(network)));
    assert!(!id.time().to_string().is_empty());
}
