//! The secret that an ACL gives its rights by.

use std::fmt;
use std::path::Path;

use netkeep_store::{Error, Kind, Result};

/// A Consul ACL token. It shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token with this text; blanks around it are dropped.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`] if it is empty or holds what no header may hold.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::invalid("the Consul token is empty, or has characters that no token has"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The token in a file.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`] if the file cannot be read, with its path, or as [`Token::new`].
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(Kind::Invalid, format!("the Consul token in {} cannot be read", path.display()))
                .with_source(error)
        })?;
        Self::new(&text)
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_shows_itself_to_nobody() {
        let token = Token::new(" s3cret\n").unwrap();
        assert_eq!(token.reveal(), "s3cret");
        assert_eq!(format!("{token:?}"), "Token(hidden)");
        for bad in ["", " ", "two words", "é"] {
            let error = Token::new(bad).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid);
            assert!(bad.trim().is_empty() || !error.to_string().contains(bad));
        }
    }
}
