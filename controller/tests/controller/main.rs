//! The controller, judged from outside: what it refuses, repeats, survives and mends.

mod attachments;
mod bad_input;
mod boot_matrix;
mod called_drivers;
mod check;
mod claims;
mod clients;
mod eviction;
mod fence;
mod global;
mod global_away;
mod host_recovery;
mod hosts;
mod lent;
mod operations;
mod overlay;
mod planned_drivers;
mod quarantine;
mod races;
mod reboot;
mod repair;
mod requests;
mod sandboxes;
mod shared_attachments;
mod support;
mod tables;
