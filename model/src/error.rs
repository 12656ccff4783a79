//! Errors of the model.

use std::fmt;

/// Why a value was refused, or why a question has no single answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A value breaks the rule of its type.
    InvalidValue {
        /// Which value: `network name`, `option "mtu"`, …
        field: String,
        /// What was given, shortened to at most 160 characters.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// The beginning of an id fits more than one.
    AmbiguousId {
        /// What was given.
        prefix: String,
        /// The text forms of the first ids that it fits, at most eight.
        fits: Vec<String>,
    },
}

/// A result of the model.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A value breaks the rule of its type.
    pub fn invalid(field: impl Into<String>, value: impl AsRef<str>, expected: impl Into<String>) -> Self {
        Self::InvalidValue {
            field: field.into(),
            value: shortened(value.as_ref()),
            expected: expected.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidValue { field, value, expected } => {
                write!(f, "{field} {value:?} is not valid: {expected}")
            }
            Self::AmbiguousId { prefix, fits } => {
                write!(f, "id {prefix:?} is ambiguous; it fits {}", fits.join(", "))
            }
        }
    }
}

impl std::error::Error for Error {}

fn shortened(value: &str) -> String {
    const MOST: usize = 160;
    match value.char_indices().nth(MOST) {
        None => value.to_owned(),
        Some((end, _)) => format!("{}…", &value[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn the_message_names_field_value_and_rule() {
        let error = Error::invalid("network name", "a ", "no white space at either end");
        assert_eq!(error.to_string(), r#"network name "a " is not valid: no white space at either end"#);
    }

    #[test]
    fn long_values_are_shortened_between_characters() {
        let Error::InvalidValue { value, .. } = Error::invalid("name", "é".repeat(200), "less") else {
            panic!("an invalid value")
        };
        assert_eq!(value.chars().count(), 161);
    }
}
