//! The pools of a network, from arguments that Docker's users know.

use std::net::IpAddr;

use clap::Args;
use netkeep_controller::PoolSpec;
use netkeep_model::Pool;

use super::failure::parsed;
use super::{Failure, pair};

/// The arguments that describe pools.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct PoolArgs {
    /// A pool, as in 10.1.0.0/24; may be repeated.
    #[arg(long = "subnet", value_name = "CIDR")]
    subnets: Vec<String>,
    /// The gateway of a pool; may be repeated.
    #[arg(long = "gateway", value_name = "IP")]
    gateways: Vec<String>,
    /// The part of a pool that endpoints get addresses from; may be repeated.
    #[arg(long = "ip-range", value_name = "CIDR")]
    ranges: Vec<String>,
    /// An address that no endpoint gets; may be repeated.
    #[arg(long = "aux-address", value_name = "NAME=IP")]
    auxiliary: Vec<String>,
}

impl PoolArgs {
    /// The pools, each with what belongs to it.
    ///
    /// With one pool of a family, everything of that family belongs to it, and the daemon judges whether it fits.
    pub(super) fn pools(&self) -> Result<Vec<PoolSpec>, Failure> {
        let mut pools: Vec<PoolSpec> = self
            .subnets
            .iter()
            .map(|text| Ok(PoolSpec { pool: Some(parsed("--subnet", text)?), ..PoolSpec::default() }))
            .collect::<Result<_, Failure>>()?;
        for text in &self.ranges {
            let range: Pool = parsed("--ip-range", text)?;
            let home = home(&mut pools, "--ip-range", text, range.is_ipv6(), |pool| pool.covers(range))?;
            if home.sub.replace(range).is_some() {
                return Err(twice("--ip-range", text, home));
            }
        }
        for text in &self.gateways {
            let ip: IpAddr = parsed("--gateway", text)?;
            let home = home(&mut pools, "--gateway", text, ip.is_ipv6(), |pool| pool.contains(ip))?;
            if home.gateway.replace(ip).is_some() {
                return Err(twice("--gateway", text, home));
            }
        }
        for (name, text) in pair::read("--aux-address", &self.auxiliary)? {
            let ip: IpAddr = parsed("--aux-address", &text)?;
            let home = home(&mut pools, "--aux-address", &text, ip.is_ipv6(), |pool| pool.contains(ip))?;
            home.auxiliary.insert(name, ip);
        }
        Ok(pools)
    }
}

fn home<'a>(
    pools: &'a mut [PoolSpec],
    argument: &str,
    text: &str,
    ipv6: bool,
    fits: impl Fn(Pool) -> bool,
) -> Result<&'a mut PoolSpec, Failure> {
    let of_family: Vec<usize> =
        (0..pools.len()).filter(|at| pools[*at].pool.is_some_and(|pool| pool.is_ipv6() == ipv6)).collect();
    let at = match of_family.as_slice() {
        [only] => Some(*only),
        several => several.iter().copied().find(|at| pools[*at].pool.is_some_and(&fits)),
    };
    match at {
        Some(at) => Ok(&mut pools[at]),
        None => {
            let given = super::output::listed(pools.iter().filter_map(|pool| pool.pool));
            Err(Failure::argument(argument, format!("no --subnet holds {text}; given: {given}")))
        }
    }
}

fn twice(argument: &str, text: &str, home: &PoolSpec) -> Failure {
    let pool = super::output::listed(home.pool);
    Failure::argument(argument, format!("{text} is the second one for {pool}; a pool has one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(subnets: &[&str], gateways: &[&str], ranges: &[&str], auxiliary: &[&str]) -> PoolArgs {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        PoolArgs {
            subnets: texts(subnets),
            gateways: texts(gateways),
            ranges: texts(ranges),
            auxiliary: texts(auxiliary),
        }
    }

    #[test]
    fn each_goes_to_the_pool_that_holds_it() {
        let pools = args(
            &["10.0.0.0/24", "10.0.1.0/24", "fd00::/64"],
            &["10.0.1.1", "fd00::1"],
            &["10.0.0.128/25"],
            &["router=10.0.0.2", "dns=10.0.0.3"],
        )
        .pools()
        .unwrap();
        assert_eq!(pools[0].sub, Some("10.0.0.128/25".parse().unwrap()));
        assert_eq!(pools[0].auxiliary.len(), 2);
        assert_eq!(pools[1].gateway, Some("10.0.1.1".parse().unwrap()));
        assert_eq!(pools[2].gateway, Some("fd00::1".parse().unwrap()));
    }

    #[test]
    fn the_only_pool_of_a_family_takes_what_the_daemon_shall_judge() {
        let pools = args(&["10.0.0.0/24"], &["10.9.0.1"], &[], &[]).pools().unwrap();
        assert_eq!(pools[0].gateway, Some("10.9.0.1".parse().unwrap()));
    }

    #[test]
    fn what_belongs_nowhere_or_twice_is_refused() {
        for (args, part) in [
            (args(&[], &["10.0.0.1"], &[], &[]), "--gateway: no --subnet holds 10.0.0.1; given: -"),
            (
                args(&["10.0.0.0/24", "10.0.1.0/24"], &["10.2.0.1"], &[], &[]),
                "given: 10.0.0.0/24, 10.0.1.0/24",
            ),
            (args(&["10.0.0.0/24"], &["10.0.0.1", "10.0.0.2"], &[], &[]), "10.0.0.2 is the second one"),
            (args(&["10.0.0.0/24"], &[], &["10.0.0.0/25", "10.0.0.128/25"], &[]), "--ip-range"),
            (args(&["10.0.0.1/24"], &[], &[], &[]), "did you mean 10.0.0.0/24?"),
            (args(&["10.0.0.0/24"], &["ten"], &[], &[]), "--gateway: "),
            (args(&["10.0.0.0/24"], &[], &[], &["a=b"]), "--aux-address: "),
        ] {
            let error = args.pools().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
