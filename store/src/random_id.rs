//! Names of 128 random bits.

/// Makes a type of such names, shown and stored as 32 hex digits; the text is what errors call it.
macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $called:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 16]);

        impl $name {
            /// A new name.
            pub fn random() -> Self {
                Self(rand::random())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::Error;

            fn try_from(text: String) -> $crate::Result<Self> {
                let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
                bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(|| {
                    $crate::Error::invalid(format!(concat!($called, " {:?} is not 32 hex digits"), text))
                })
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

pub(crate) use random_id;

#[cfg(test)]
mod tests {
    use crate::StoreId;

    #[test]
    fn an_id_is_read_as_it_was_shown() {
        let id = StoreId::random();
        let text = id.to_string();
        assert_eq!((text.len(), format!("{id:?}")), (32, text.clone()));
        assert_eq!(StoreId::try_from(text).unwrap(), id);
        assert_ne!(StoreId::random(), id);
    }

    #[test]
    fn what_is_no_id_is_named() {
        for text in ["", "00", "0123456789ABCDEF0123456789ABCDEF", "g123456789abcdef0123456789abcdef"] {
            let error = StoreId::try_from(text.to_owned()).unwrap_err();
            assert_eq!(error.to_string(), format!("store id {text:?} is not 32 hex digits"));
        }
    }
}
