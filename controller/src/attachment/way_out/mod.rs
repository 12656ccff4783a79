//! The way out of a sandbox: of all its endpoints the one whose gateway it uses, and whose driver publishes its ports.
//!
//! Which one that is follows from the endpoints. What its driver publishes is a record of this host, also for a network
//! of global scope. When the way out moves, one commit takes what the new one needs, from the old one where both need
//! it; then the driver of the old one takes back what it publishes, the driver of the new one publishes, and a second
//! commit gives back what the old one has left. A crash in between leaves that record, by which the next start goes on.

mod agree;
mod choice;
mod host;
mod leave;
mod plan;
mod record;
mod recover;

pub(super) use agree::{agree, agree_again, is_between, is_chosen};
pub(crate) use choice::choose;
pub(super) use leave::leave;
pub(super) use record::forget;
pub(crate) use recover::recover_ways_out;
pub(super) use recover::take_back_all;
