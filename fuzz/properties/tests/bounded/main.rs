//! Every property over its samples, over random bytes, and over changed samples, for a few seconds each.
//!
//! `NETKEEP_SEED` makes a run of other inputs. A failure prints its input; with `NETKEEP_FUZZ_INPUT` set to its
//! hex digits, the test runs that input alone.

use std::time::{Duration, Instant};

use data_encoding::HEXLOWER_PERMISSIVE;
use rand::SeedableRng;
use rand::rngs::StdRng;

mod corpus;
mod mutation;

/// A run ends with the first of the two.
const MOST_CASES: usize = 20_000;
const MOST_TIME: Duration = Duration::from_secs(3);

/// Prints its input if a property panics on it.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(property, input) = self;
            eprintln!("{property} does not hold for \"{}\"", input.escape_ascii());
            eprintln!("NETKEEP_FUZZ_INPUT={}", HEXLOWER_PERMISSIVE.encode(input));
        }
    }
}

fn bounded(name: &str, property: fn(&[u8])) {
    let check = |input: &[u8]| {
        let _shown = Shown(name, input);
        property(input);
    };
    if let Ok(input) = std::env::var("NETKEEP_FUZZ_INPUT") {
        let input = HEXLOWER_PERMISSIVE.decode(input.as_bytes());
        return check(&input.expect("NETKEEP_FUZZ_INPUT is written in hex digits"));
    }
    let seed =
        std::env::var("NETKEEP_SEED").map_or(1, |seed| seed.parse().expect("NETKEEP_SEED is a number"));
    let mut chance = StdRng::seed_from_u64(seed);
    let samples = corpus::samples(name);
    samples.iter().for_each(|sample| check(sample));

    let began = Instant::now();
    let mut cases = 0;
    while cases < MOST_CASES && began.elapsed() < MOST_TIME {
        check(&mutation::input(&samples, &mut chance));
        cases += 1;
    }
    println!("{name}: {} samples and {cases} further cases of seed {seed}", samples.len());
}

macro_rules! properties {
    ($($name:ident)*) => {
        const PROPERTIES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                bounded(stringify!($name), netkeep_fuzz_properties::$name);
            }
        )*
    };
}

properties! { api_body configuration key record store_url text }

#[test]
fn every_property_is_a_fuzz_target() {
    let targets = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz_targets");
    let mut found: Vec<String> = std::fs::read_dir(targets)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, PROPERTIES);
}
