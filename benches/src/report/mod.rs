//! What was found: rows and figures, and the files they go to.

mod bar;
mod figure;
mod page;
mod report;
mod row;

pub(crate) use bar::Bar;
pub(crate) use figure::{Figure, Line};
pub(crate) use report::{Report, refresh, write_json};
pub(crate) use row::{Row, counted};
