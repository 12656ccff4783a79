//! Judges any store by the clauses of the store contract (`docs/contract.md`).
//!
//! Write a [`Harness`] that makes a fresh store, and call [`conformance!`] in a test: it expands to one named
//! test per [`Case`]. A case panics on the first breach that it sees, and names the clauses that it judges.
//!
//! ```
//! use netkeep_store_conformance::{CASES, Clause};
//!
//! assert!(CASES.iter().all(|case| !case.clauses.is_empty()));
//! let contract = "| C-TXN-1 | Each commit happens wholly or not at all. | `many_keys_at_once` | – |";
//! let clauses: Vec<Clause> = netkeep_store_conformance::clauses_of(contract);
//! assert_eq!(clauses[0].cases, ["many_keys_at_once"]);
//! ```
//!
//! | Room | What is in it |
//! |---|---|
//! | [`Harness`] | what a judged store must offer |
//! | [`Layers`], [`OnServers`], [`Part`] | harnesses: layers around a store, and stores on servers |
//! | [`CASES`], [`conformance!`] | the cases, as data and as tests |
//! | [`cases`] | the cases themselves, by area |
//! | [`Mirror`] | a consumer of a watch that believes nothing |
//! | [`walk`] | random steps beside a model |
//! | [`fault`] | a store that fails when it is told to |
//! | [`broken`] | stores that break the contract, which judge the suite |
//! | [`withstand`], [`Outage`] | counting while real servers fail |
//! | [`estranged`] | stores on servers that were restored, wiped or exchanged, and clients that were copied |
//! | [`holder`] | a process that holds a lock and stands still |
//! | [`clauses_of`] | the contract, as data |

pub mod broken;
mod case;
pub mod cases;
mod contract;
pub mod estranged;
mod expect;
pub mod fault;
mod given;
mod harness;
pub mod holder;
mod layers;
mod mirror;
mod outage;
mod servers;
mod table;
mod together;
mod wait;
mod walk;
mod workload;

pub use case::{Case, Run, judge, judge_in};
pub use contract::{Clause, clauses_of};
pub use harness::{Harness, LEASED};
pub use layers::Layers;
pub use mirror::Mirror;
pub use outage::{Figures, Outage, Trial, withstand};
pub use servers::{OnServers, Part};
pub use table::CASES;
pub use walk::walk;
