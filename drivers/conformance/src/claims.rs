//! When two claims exclude each other.

use std::net::IpAddr;

use netkeep_model::Claim;

/// Whether not both can be held.
pub(crate) fn meet(one: &Claim, other: &Claim) -> bool {
    match (one, other) {
        (
            Claim::Ports { protocol, ip, from, to },
            Claim::Ports { protocol: other_protocol, ip: other_ip, from: other_from, to: other_to },
        ) => {
            protocol == other_protocol
                && addresses_meet(*ip, *other_ip)
                && from <= other_to
                && other_from <= to
        }
        (Claim::Link { name, shared }, Claim::Link { name: other_name, shared: other_shared }) => {
            name == other_name && !(*shared && *other_shared)
        }
        _ => one == other,
    }
}

/// Whether a port of the one address is a port of the other too.
pub(crate) fn addresses_meet(one: IpAddr, other: IpAddr) -> bool {
    let (one, other) = (one.to_canonical(), other.to_canonical());
    one == other || (one.is_ipv4() == other.is_ipv4() && (one.is_unspecified() || other.is_unspecified()))
}

#[cfg(test)]
mod tests {
    use netkeep_model::{Claim, LinkName, Protocol};

    use super::meet;

    fn ports(ip: &str, from: u16, to: u16) -> Claim {
        Claim::Ports { protocol: Protocol::Tcp, ip: ip.parse().unwrap(), from, to }
    }

    #[test]
    fn an_unspecified_address_stands_for_all_of_its_family() {
        assert!(meet(&ports("0.0.0.0", 80, 80), &ports("192.0.2.1", 70, 80)));
        assert!(meet(&ports("::", 80, 80), &ports("::1", 80, 80)));
        assert!(meet(&ports("::ffff:192.0.2.1", 80, 80), &ports("0.0.0.0", 80, 80)));
        assert!(!meet(&ports("0.0.0.0", 80, 80), &ports("::", 80, 80)));
        assert!(!meet(&ports("192.0.2.2", 80, 80), &ports("192.0.2.1", 80, 80)));
        assert!(!meet(&ports("0.0.0.0", 80, 80), &ports("0.0.0.0", 81, 90)));
    }

    #[test]
    fn a_link_is_had_together_only_by_those_who_share() {
        let link = |shared| Claim::Link { name: LinkName::new("eth0").unwrap(), shared };
        assert!(!meet(&link(true), &link(true)));
        assert!(meet(&link(true), &link(false)) && meet(&link(false), &link(false)));
    }
}
