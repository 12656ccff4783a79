//! How much a caller may say.

use std::io::{self, Write};

use serde::Serialize;

use crate::{Error, Result};

/// The bytes of a specification as JSON. A record holds it once, and a note of this host once more, in the same
/// commit as what the driver adds.
const MOST_BYTES: usize = 128 * 1024;

/// Refuses a specification that no transaction could hold.
///
/// # Errors
///
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) names the largest field.
pub(crate) fn check_size(specification: &impl Serialize) -> Result<()> {
    let bytes = bytes(specification);
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let fields = serde_json::to_value(specification).unwrap_or_default();
    let fields = fields.as_object().into_iter().flatten();
    let sizes = fields.map(|(field, value)| (self::bytes(value), field.as_str()));
    let (largest, field) = sizes.max().unwrap_or((bytes, "all fields"));
    Err(Error::invalid(format!(
        "{field}: it has {largest} bytes as JSON, and all fields together {bytes}; they may have {MOST_BYTES}"
    )))
}

fn bytes(value: &impl Serialize) -> usize {
    let mut count = Count(0);
    // What cannot be written as JSON is refused where it is stored.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

struct Count(usize);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_field_is_named_and_the_bound_is_taken() {
        let of = |bytes: usize| serde_json::json!({"name": "a", "options": "x".repeat(bytes)});
        let rest = bytes(&of(0));
        assert!(check_size(&of(MOST_BYTES - rest)).is_ok());
        let message = check_size(&of(MOST_BYTES - rest + 1)).unwrap_err().to_string();
        assert!(message.starts_with("options: it has 131050 bytes"), "{message}");
    }
}
