//! The shape that all names share.

/// Declares a text with a rule: shared, ordered by bytes, checked by `new`, `FromStr` and serde.
///
/// `$rule` is a function from the text to whether it is right; `$expected` says what would be.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $field:literal, $rule:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Takes the text.
            ///
            /// # Errors
            ///
            /// [`Error::InvalidValue`](crate::Error::InvalidValue) if it breaks the rule of this type.
            pub fn new(text: &str) -> crate::Result<Self> {
                let follows: fn(&str) -> bool = $rule;
                if follows(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(crate::Error::invalid($field, text, $expected))
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The segment of a key that stands for this text.
            pub fn segment(&self) -> netkeep_store::Segment {
                netkeep_store::Segment::escape(&self.0)
            }

            /// What this segment of a key stands for; `None` if it breaks the rule.
            pub fn from_segment(segment: &netkeep_store::Segment) -> Option<Self> {
                Self::new(&segment.text()).ok()
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> crate::Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = crate::Error;

            fn try_from(text: String) -> crate::Result<Self> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.to_string()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::value::from_text(deserializer)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

pub(super) use text_type;
