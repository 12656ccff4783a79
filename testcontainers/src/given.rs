//! Servers that run already, by the environment.

use crate::{Error, Family, Options, Result};

/// Reads `host:port,host:port` from the variable of the family.
pub(crate) fn endpoints(family: Family, options: &Options, value: Option<&str>) -> Result<Vec<String>> {
    let variable = family.endpoints_variable();
    let value = value.filter(|value| !value.is_empty()).ok_or_else(|| {
        Error::invalid(format!("{variable} is not set; host:port of a server that runs would be right"))
    })?;
    let endpoints: Vec<String> = value.split(',').map(|endpoint| endpoint.trim().to_owned()).collect();
    for endpoint in &endpoints {
        let good = endpoint.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok()
        });
        if !good {
            return Err(Error::invalid(format!("{variable} has {endpoint:?}; host:port is right")));
        }
    }
    if options.nodes != endpoints.len() && options.nodes != 1 {
        return Err(Error::unsupported(format!(
            "{variable} names {} nodes and {} are needed; without the variable they are started",
            endpoints.len(),
            options.nodes
        )));
    }
    if !options.is_plain() {
        return Err(Error::unsupported(format!(
            "the server of {variable} runs already, and arguments, configuration and files come too late; without \
             the variable one is started"
        )));
    }
    Ok(endpoints)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn endpoints_come_with_commas_between() {
        let found = endpoints(Family::Etcd, &Options::single(), Some("127.0.0.1:2379, [::1]:2380")).unwrap();
        assert_eq!(found, ["127.0.0.1:2379", "[::1]:2380"]);
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in ["127.0.0.1", "http://127.0.0.1:2379", "host:port", ":1", "a:1,,b:2"] {
            let error = endpoints(Family::Etcd, &Options::single(), Some(text)).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{text}");
            assert!(error.to_string().contains("NETKEEP_ETCD"), "{error}");
        }
        assert_eq!(endpoints(Family::Etcd, &Options::single(), None).unwrap_err().kind(), Kind::Invalid);
    }

    #[test]
    fn a_running_server_cannot_be_another_one() {
        let error = endpoints(Family::Consul, &Options::three(), Some("a:1")).unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        let secure = Options { secure: true, ..Options::single() };
        let error = endpoints(Family::Consul, &secure, Some("a:1")).unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
    }
}
