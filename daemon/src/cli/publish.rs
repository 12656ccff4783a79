//! Ports to be published, as Docker's users write them.

use std::net::IpAddr;

use netkeep_model::{PortBinding, PortRange, Protocol};

use super::Failure;

const ARGUMENT: &str = "--publish";

/// Reads `[[HOST_IP:][HOST_PORTS]:]PORTS[/PROTOCOL]`. Several ports on both sides are published one by one; several
/// of the host for one port mean any one of them.
pub(super) fn read(text: &str) -> Result<Vec<PortBinding>, Failure> {
    let wrong = |reason: &str| {
        Failure::argument(
            ARGUMENT,
            format!(
                "{text:?}: {reason}; write [[HOST_IP:][HOST_PORT]:]PORT[/PROTOCOL], as in \"127.0.0.1:8080:80/tcp\""
            ),
        )
    };
    let (rest, protocol) = match text.rsplit_once('/') {
        Some((rest, protocol)) => {
            (rest, protocol.to_ascii_lowercase().parse().map_err(|error| wrong(&format!("{error}")))?)
        }
        None => (text, Protocol::Tcp),
    };
    let (host, ports) = match rest.rsplit_once(':') {
        Some((host, ports)) => (Some(host), ports),
        None => (None, rest),
    };
    let range = |ports: &str| ports.parse::<PortRange>().map_err(|error| wrong(&error.to_string()));
    let ports = range(ports)?;
    let (host_ip, host_ports) = match host {
        None => (None, None),
        Some(host) => match host.rsplit_once(':') {
            // The colon may be one of an IPv6 address, which stands in brackets.
            Some((ip, host_ports)) if !host.ends_with(']') => (Some(ip), Some(host_ports)),
            _ if host.ends_with(']') => (Some(host), None),
            _ => (None, Some(host)),
        },
    };
    let host_ip = host_ip
        .map(|ip| {
            let bare = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
            bare.parse::<IpAddr>().map_err(|_| wrong(&format!("{ip:?} is no address of a host")))
        })
        .transpose()?;
    let host_ports = host_ports.filter(|ports| !ports.is_empty()).map(range).transpose()?;
    let binding = |port, host_ports| PortBinding { protocol, port, ip: None, host_ip, host_ports };
    match host_ports {
        _ if ports.count() == 1 => Ok(vec![binding(ports.first(), host_ports)]),
        None => Ok((ports.first()..=ports.last()).map(|port| binding(port, None)).collect()),
        Some(host) if host.count() == ports.count() => (ports.first()..=ports.last())
            .zip(host.first()..=host.last())
            .map(|(port, host)| {
                let host = PortRange::single(host).map_err(|error| wrong(&error.to_string()))?;
                Ok(binding(port, Some(host)))
            })
            .collect(),
        Some(_) => Err(wrong("the two runs of ports are not of one length")),
    }
}

/// A published port, as people read it.
pub(super) fn binding(binding: &PortBinding) -> String {
    let ip = match binding.host_ip {
        None => String::new(),
        Some(IpAddr::V6(ip)) => format!("[{ip}]:"),
        Some(ip) => format!("{ip}:"),
    };
    let host = binding.host_ports.map_or_else(String::new, |ports| ports.to_string());
    format!("{ip}{host}->{}/{}", binding.port, binding.protocol)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        read(text)
            .unwrap()
            .into_iter()
            .map(|binding| {
                let ip = binding.host_ip.map_or_else(String::new, |ip| ip.to_string());
                let ports = binding.host_ports.map_or_else(String::new, |ports| ports.to_string());
                format!("{ip} {ports} {}/{}", binding.port, binding.protocol)
            })
            .collect()
    }

    #[test]
    fn all_forms_are_read() {
        for (text, bindings) in [
            ("80", vec!["  80/tcp"]),
            ("8080:80", vec![" 8080 80/tcp"]),
            ("8080:80/UDP", vec![" 8080 80/udp"]),
            ("127.0.0.1:8080:80", vec!["127.0.0.1 8080 80/tcp"]),
            ("127.0.0.1::80", vec!["127.0.0.1  80/tcp"]),
            ("[::1]:8080:80/sctp", vec!["::1 8080 80/sctp"]),
            ("[2001:db8::1]::80", vec!["2001:db8::1  80/tcp"]),
            ("[::1]:80", vec!["::1  80/tcp"]),
            ("8000-8010:80", vec![" 8000-8010 80/tcp"]),
            ("8000-8001:80-81", vec![" 8000 80/tcp", " 8001 81/tcp"]),
            ("80-81", vec!["  80/tcp", "  81/tcp"]),
        ] {
            assert_eq!(shown(text), bindings, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("", "port range"),
            ("0", "at least 1"),
            ("80/icmp", "\"icmp\""),
            ("a:80", "\"a\""),
            ("999.1.1.1:80:80", "\"999.1.1.1\" is no address"),
            ("8000-8002:80-81", "not of one length"),
            ("8001-8000:80", "at most the last"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.starts_with("--publish: ") && error.contains(part), "{text}: {error}");
        }
    }
}
