//! Who we are, kept out of sight.

use std::fmt;
use std::path::Path;

use netkeep_store::{Error, Kind, Result};

/// A user of etcd with a password. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// The variables of the environment that hold user and password, where no file is named.
    pub const ENVIRONMENT: [&str; 2] = ["NETKEEP_ETCD_USER", "NETKEEP_ETCD_PASSWORD"];

    /// This user, with this password.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }

    /// Reads a file with one line: the name of the user, a colon, the password.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`](netkeep_store::Kind::Denied) if the file cannot be read,
    /// [`Kind::Invalid`](netkeep_store::Kind::Invalid) if there is no such line in it; neither shows what is in the
    /// file.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(Kind::Denied, format!("auth-file {} cannot be read: {error}", path.display()))
        })?;
        match text.lines().next().and_then(|line| line.split_once(':')) {
            Some((user, password)) if !user.is_empty() && !password.is_empty() => {
                Ok(Self::new(user, password))
            }
            _ => Err(Error::invalid(format!(
                "auth-file {} does not begin with a line user:password",
                path.display()
            ))),
        }
    }

    /// Takes both from the [environment](Credentials::ENVIRONMENT), if the user is there.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`](netkeep_store::Kind::Invalid) if there is a user without a password.
    pub fn from_environment() -> Result<Option<Self>> {
        let [user, password] = Self::ENVIRONMENT.map(|name| std::env::var(name).ok());
        Self::from_pair(user, password)
    }

    fn from_pair(user: Option<String>, password: Option<String>) -> Result<Option<Self>> {
        let [user_name, password_name] = Self::ENVIRONMENT;
        match (user.filter(|user| !user.is_empty()), password) {
            (None, _) => Ok(None),
            (Some(user), Some(password)) if !password.is_empty() => Ok(Some(Self::new(user, password))),
            (Some(_), _) => Err(Error::invalid(format!(
                "the environment has {user_name} without {password_name}; set both or neither"
            ))),
        }
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_user_and_password_and_no_error_shows_them() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("auth");
        std::fs::write(&path, "netkeep:se:cret\n").unwrap();
        let credentials = Credentials::from_file(&path).unwrap();
        assert_eq!((credentials.user(), credentials.password()), ("netkeep", "se:cret"));
        assert_eq!(format!("{credentials:?}"), "Credentials(hidden)");
        for wrong in ["", "secret", ":secret", "user:", "\nuser:secret"] {
            std::fs::write(&path, wrong).unwrap();
            let error = Credentials::from_file(&path).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{wrong:?}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        let error = Credentials::from_file(&folder.path().join("none")).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
    }

    #[test]
    fn a_user_of_the_environment_needs_a_password() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(Credentials::from_pair(None, some("secret")).unwrap(), None);
        assert_eq!(Credentials::from_pair(some(""), None).unwrap(), None);
        assert!(Credentials::from_pair(some("me"), some("secret")).unwrap().is_some());
        let error = Credentials::from_pair(some("me"), None).unwrap_err();
        assert!(error.to_string().contains("NETKEEP_ETCD_PASSWORD"), "{error}");
    }
}
