//! The daemon's configuration: what is wrong is named, and no secret is shown.

use std::io::Write;
use std::path::Path;

use netkeep::config::{Config, Environment, Flags, Span};
use netkeep_store::StoreUrl;
use tempfile::NamedTempFile;

use crate::planted::{SECRET, assert_hidden};

const VARIABLES: [&str; 5] =
    ["NETKEEP_LOCAL", "NETKEEP_LOG_FORMAT", "NETKEEP_LOG_LEVEL", "NETKEEP_SOCKET", "NETKEEP_STOP_TIMEOUT"];

/// Reads a configuration file with these bytes, and an environment whose variables have them as values; also
/// with credentials planted in them.
///
/// # Panics
///
/// If an error does not name the file or the variable, and the line or the key, if one shows planted
/// credentials, or if what was taken is not what its shown form says.
pub fn configuration(data: &[u8]) {
    let _ = file(data);
    let text = String::from_utf8_lossy(data);
    if !text.contains(SECRET) {
        for text in with_credentials(&text) {
            assert_hidden(&file(text.as_bytes()).expect_err("there are credentials, or there is no end"));
        }
    }
    let empty = written(b"");
    for name in VARIABLES {
        let environment = Environment::from_variables([(name.to_owned(), text.clone().into_owned())]);
        if let Err(error) = load(empty.path(), &environment) {
            assert!(error.starts_with(&format!("environment: {name}: ")), "{error}");
        }
    }
}

/// The file with a store's credentials in its URL, with a password of its own, and with one that does not end.
fn with_credentials(text: &str) -> [String; 3] {
    [
        format!("local = \"etcd://me:{SECRET}@h1/netkeep\"\n{text}"),
        format!("password = \"{SECRET}\"\n{text}"),
        format!("{text}\n[driver.vendor]\npassword = \"{SECRET}\n"),
    ]
}

fn file(data: &[u8]) -> Result<Config, String> {
    let file = written(data);
    let loaded = load(file.path(), &Environment::default());
    if let Err(error) = &loaded {
        let place = format!("configuration file {}: ", file.path().display());
        let reason = error.strip_prefix(&place).unwrap_or_else(|| panic!("no file is named: {error}"));
        let names_a_key = reason.starts_with("line ") || reason.starts_with("pools.");
        assert!(names_a_key || reason.contains("UTF-8"), "no key is named: {error}");
    }
    loaded
}

fn written(data: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("there is a folder for temporary files");
    file.write_all(data).expect("a temporary file can be written");
    file
}

fn load(path: &Path, environment: &Environment) -> Result<Config, String> {
    let flags = Flags { config: Some(path.to_owned()), ..Flags::default() };
    let config = Config::load(&flags, environment).map_err(|error| error.to_string())?;
    assert_eq!(StoreUrl::parse(&config.local.to_string()).ok().as_ref(), Some(&config.local));
    assert_eq!(config.stop_timeout.to_string().parse::<Span>(), Ok(config.stop_timeout));
    assert_eq!(config.log_format.to_string().parse(), Ok(config.log_format));
    assert_eq!(config.log_level.to_string().parse(), Ok(config.log_level.clone()));
    config.log_level.to_filter();
    Ok(config)
}
