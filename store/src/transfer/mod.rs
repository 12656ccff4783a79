//! Moving what a store holds to another store, or to a file and back.
//!
//! Records know nothing of revisions, so what one store holds another can hold. All of this goes by differences: what
//! is there already is not written again, so whatever was interrupted is simply begun again.

mod content;
mod copy;
mod difference;
mod file;
mod import;
mod marker;
mod progress;
mod writer;

pub use content::Content;
pub use copy::{Copied, CopyOptions, copy};
pub use difference::{Difference, diff};
pub use file::{FORMAT, read, write};
pub use import::import;
pub use progress::{NoProgress, Progress, Stage};
