//! Hardware addresses.

use netkeep_model::{EndpointId, InterfaceSpec, MacAddress};

use crate::{Error, Result};

/// The hardware address of an interface that has none: from its IPv4 address, which is unique on its network, or
/// else from the endpoint's id, and `index`, its place among the interfaces.
pub(super) fn made(interface: &InterfaceSpec, endpoint: EndpointId, index: u8) -> MacAddress {
    if let Some(ipv4) = interface.ipv4 {
        let [a, b, c, d] = ipv4.addr().octets();
        return MacAddress::locally_administered([0x02, b'n', a, b, c, d]);
    }
    let [_, _, _, _, _, _, _, _, _, _, a, b, c, d, e, f] =
        u128::from_str_radix(&endpoint.to_string(), 16).unwrap_or_default().rotate_right(48).to_be_bytes();
    MacAddress::locally_administered([a, b, c, d, e, f ^ index])
}

/// Refuses a hardware address that no interface can have.
pub(super) fn check(mac: MacAddress) -> Result<MacAddress> {
    let why = match mac {
        mac if !mac.is_unicast() => {
            "it names a group of interfaces; the lowest bit of its first byte must be 0"
        }
        mac if mac.bytes() == [0; 6] => "it names no interface",
        mac => return Ok(mac),
    };
    Err(Error::invalid(format!("MAC address {mac}: {why}")))
}
