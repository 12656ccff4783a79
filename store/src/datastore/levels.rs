//! How deep JSON is nested.

use std::io;

use serde_json::ser::Formatter;

/// Writes JSON without spaces, and notes how many objects and lists are open at once.
#[derive(Debug, Default)]
pub(super) struct Levels {
    open: usize,
    most: usize,
}

impl Levels {
    /// The most that were open at once.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    fn begin(&mut self) {
        self.open += 1;
        self.most = self.most.max(self.open);
    }
}

impl Formatter for &mut Levels {
    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin();
        writer.write_all(b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open -= 1;
        writer.write_all(b"]")
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin();
        writer.write_all(b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open -= 1;
        writer.write_all(b"}")
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::{Serializer, Value, json};

    use super::Levels;

    #[test]
    fn the_deepest_place_counts() {
        for (value, most) in [
            (json!(1), 0),
            (json!({}), 1),
            (json!([[], [[1]], 2]), 3),
            (json!({"a": {"b": [1, {"c": null}]}, "d": [[]]}), 4),
        ] {
            let (mut text, mut levels) = (Vec::new(), Levels::default());
            value.serialize(&mut Serializer::with_formatter(&mut text, &mut levels)).unwrap();
            assert_eq!(levels.most(), most, "{value}");
            assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), value);
        }
    }
}
