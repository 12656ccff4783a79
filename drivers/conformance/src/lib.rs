//! Judges any network or IPAM driver by the clauses of the driver contract (`docs/drivers.md`).

pub mod broken;
mod case;
pub mod cases;
mod claims;
mod contract;
mod faults;
mod given;
mod harness;
pub mod ipam;
mod ledger;
pub mod models;
mod note_book;
mod rules;
mod script;
mod site;
mod sweep;
mod table;
mod view;

pub use case::{Case, Run, Verdict, judge};
pub use contract::{Clause, clauses_of};
pub use faults::{Fault, Faults, Place, Step};
pub use harness::{Change, DriverHarness, NoHost, Sample, TestHost};
pub use ledger::Ledger;
pub use note_book::NoteBook;
pub use site::{Failure, Join, JoinPhase, Published, Site};
pub use table::CASES;
pub use view::{LedgerView, Read};
