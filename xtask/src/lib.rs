//! The workspace's own tool: what cargo cannot say about this house.
//!
//! `cargo xtask verify` reads and judges, `cargo xtask test` builds and runs, `cargo xtask tidy` holds the rules
//! that no compiler knows, `cargo xtask servers` makes the servers that tests run against, `cargo xtask bench`
//! measures. Tidy is also a test of this package, so plain `cargo test` catches a broken rule.

mod bench;
mod conformance;
mod lane;
mod program;
mod servers;
mod step;
mod tally;
mod test;
pub mod tidy;
mod verify;
mod workspace;

pub use bench::bench;
pub use conformance::conformance;
pub use servers::{Place, Release, Wanted, servers};
pub use tally::Tally;
pub use test::test;
pub use verify::verify;
pub use workspace::{Dependency, DependencyKind, Package, Workspace};
