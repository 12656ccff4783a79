//! Who this client is, kept out of sight.

use std::fmt;
use std::path::Path;

use netkeep_store::{Error, Kind, Result};

/// A user of ZooKeeper with a password, and how the servers are told. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) login: Login,
}

/// How a user proves to be who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// The password is told to the servers, which compare it with the ACL of each node; a wrong one is found out at
    /// the first node that another user has made.
    #[default]
    Digest,
    /// SASL with DIGEST-MD5: the servers know their users, and refuse a wrong password when connecting.
    Sasl,
}

impl Credentials {
    /// The variables of the environment that hold user and password, where no file is named.
    pub const ENVIRONMENT: [&str; 2] = ["NETKEEP_ZOOKEEPER_USER", "NETKEEP_ZOOKEEPER_PASSWORD"];

    /// This user, with this password.
    pub fn new(user: impl Into<String>, password: impl Into<String>, login: Login) -> Self {
        Self { user: user.into(), password: password.into(), login }
    }

    /// Reads a file whose first line is the name of the user, a colon, and the password.
    ///
    /// # Errors
    ///
    /// [`Kind::Denied`] if the file cannot be read, [`Kind::Invalid`] if it does not begin so; neither shows what is
    /// in the file.
    pub fn from_file(path: &Path, login: Login) -> Result<Self> {
        let unreadable =
            |error| Error::new(Kind::Denied, format!("auth-file {} cannot be read: {error}", path.display()));
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let parts = text.lines().next().and_then(|line| line.split_once(':'));
        match parts.filter(|(user, password)| !user.is_empty() && !password.is_empty()) {
            Some((user, password)) => Ok(Self::new(user, password, login)),
            None => Err(Error::invalid(format!(
                "auth-file {} does not begin with a line user:password",
                path.display()
            ))),
        }
    }

    /// Takes both from the [environment](Credentials::ENVIRONMENT), if the user is there.
    ///
    /// # Errors
    ///
    /// [`Kind::Invalid`] if there is a user without a password.
    pub fn from_environment(login: Login) -> Result<Option<Self>> {
        let [user, password] = Self::ENVIRONMENT.map(|name| std::env::var(name).ok());
        Self::from_pair(user, password, login)
    }

    fn from_pair(user: Option<String>, password: Option<String>, login: Login) -> Result<Option<Self>> {
        let Some(user) = user.filter(|user| !user.is_empty()) else { return Ok(None) };
        match password.filter(|password| !password.is_empty()) {
            Some(password) => Ok(Some(Self::new(user, password, login))),
            None => {
                let [user, password] = Self::ENVIRONMENT;
                Err(Error::invalid(format!("{user} is set without {password}; set both or neither")))
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("login", &self.login).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_user_and_password_and_nothing_shows_them() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("auth");
        std::fs::write(&path, "netkeep:hush:hush\nmore").unwrap();
        let credentials = Credentials::from_file(&path, Login::Sasl).unwrap();
        assert_eq!(credentials, Credentials::new("netkeep", "hush:hush", Login::Sasl));
        assert!(!format!("{credentials:?}").contains("hush"));
        for wrong in ["", "hush", ":hush", "user:", "\nuser:hush"] {
            std::fs::write(&path, wrong).unwrap();
            let error = Credentials::from_file(&path, Login::Digest).unwrap_err();
            assert_eq!(error.kind(), Kind::Invalid, "{wrong:?}");
            assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        }
        let error = Credentials::from_file(&folder.path().join("none"), Login::Digest).unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
    }

    #[test]
    fn a_user_of_the_environment_needs_a_password() {
        let pair = |user: Option<&str>, password: Option<&str>| {
            Credentials::from_pair(user.map(str::to_owned), password.map(str::to_owned), Login::Digest)
        };
        assert_eq!(pair(None, Some("hush")).unwrap(), None);
        assert_eq!(pair(Some(""), None).unwrap(), None);
        assert!(pair(Some("me"), Some("hush")).unwrap().is_some());
        for password in [None, Some("")] {
            let error = pair(Some("me"), password).unwrap_err();
            assert!(error.to_string().contains("NETKEEP_ZOOKEEPER_PASSWORD"), "{error}");
        }
    }
}
