//! What drivers publish to the other hosts, as it reaches this one.

mod feed;
mod list;

pub(crate) use feed::feed;
pub use list::TableEntryInfo;
