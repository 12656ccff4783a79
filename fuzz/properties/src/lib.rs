//! What must hold for whatever bytes come in.
//!
//! Each function takes any bytes, and panics if what it is named for breaks one of its rules. The fuzz targets
//! and the bounded run in the tests call the same functions, so that what one finds the other replays.
//!
//! | Property | What it reads |
//! |---|---|
//! | [`api_body()`] | the JSON bodies of requests |
//! | [`configuration()`] | the daemon's file and environment |
//! | [`key()`] | keys, prefixes, segments, and the ids in keys |
//! | [`record()`] | stored records, of every kind |
//! | [`store_url()`] | URLs of stores |
//! | [`text()`] | names, ids, addresses, pools, ports, as people write them |

mod api_body;
mod configuration;
mod json;
mod key;
mod planted;
mod record;
mod store_url;
mod text;

pub use api_body::api_body;
pub use configuration::configuration;
pub use key::key;
pub use record::record;
pub use store_url::store_url;
pub use text::text;

/// The text that is in `data`, and each of its lines: a file of samples, one a line, is a seed for fuzzing too.
fn texts(data: &[u8]) -> Vec<String> {
    let whole = String::from_utf8_lossy(data).into_owned();
    let lines: Vec<String> = whole.lines().map(str::to_owned).filter(|line| *line != whole).collect();
    [vec![whole], lines].concat()
}
