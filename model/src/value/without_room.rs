//! Lists that stay as they are.

use serde::{Deserialize, Deserializer};

/// Reads a list, and gives back the room for further elements that its reader has taken beside it.
pub(crate) fn without_room<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let mut list = Vec::deserialize(deserializer)?;
    list.shrink_to_fit();
    Ok(list)
}
