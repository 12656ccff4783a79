//! Tests of the configuration: precedence, and every way to be wrong.

use std::path::{Path, PathBuf};

use netkeep_store::StoreUrl;

use super::{Config, ConfigError, Environment, Flags, LogFormat};

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::from_variables(
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    )
}

fn written(text: &str) -> (tempfile::TempDir, Flags) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("netkeep.toml");
    std::fs::write(&path, text).unwrap();
    (folder, Flags { config: Some(path), ..Flags::default() })
}

fn refused(text: &str) -> String {
    let (_folder, flags) = written(text);
    let error = Config::load(&flags, &Environment::default()).unwrap_err().to_string();
    assert!(error.starts_with("configuration file ") && error.contains("netkeep.toml: "), "{error}");
    error
}

#[test]
fn flags_are_stronger_than_the_environment_and_that_than_the_file() {
    let (_folder, mut flags) = written(
        "local = \"memory://\"\nsocket = \"/file.sock\"\nstop-timeout = \"1s\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n",
    );
    let config = Config::load(&flags, &Environment::default()).unwrap();
    assert_eq!(config.local.scheme(), "memory");
    assert_eq!(config.socket, Path::new("/file.sock"));
    assert_eq!(config.log_format, LogFormat::Json);
    assert_eq!(config.evict_after, None);
    assert_eq!((config.host_lease, config.advertise_address), (None, None));
    assert_eq!(config.log_level.to_string(), "warn");

    let variables = environment(&[
        ("NETKEEP_SOCKET", "/env.sock"),
        ("NETKEEP_STOP_TIMEOUT", "2s"),
        ("NETKEEP_LOCAL", "redb:///env"),
        ("NETKEEP_EVICT_AFTER", "10m"),
        ("NETKEEP_HOST_LEASE", "20s"),
        ("NETKEEP_ADVERTISE_ADDRESS", "2001:db8::7"),
    ]);
    flags.socket = Some(PathBuf::from("/flag.sock"));
    flags.local = Some(StoreUrl::parse("redb:///flag").unwrap());
    let config = Config::load(&flags, &variables).unwrap();
    assert_eq!(config.socket, Path::new("/flag.sock"));
    assert_eq!(config.local.path(), "/flag");
    assert_eq!(config.stop_timeout.to_string(), "2s");
    assert_eq!(config.evict_after.unwrap().to_string(), "600s");
    assert_eq!(config.host_lease.unwrap().to_string(), "20s");
    assert_eq!(config.advertise_address, Some("2001:db8::7".parse().unwrap()));
    assert_eq!(config.log_level.to_string(), "warn");
}

#[test]
fn the_environment_names_the_file_and_an_empty_variable_is_none() {
    let (_folder, flags) = written("socket = \"/file.sock\"\n");
    let path = flags.config.unwrap();
    let variables = environment(&[("NETKEEP_CONFIG", path.to_str().unwrap()), ("NETKEEP_SOCKET", "")]);
    let config = Config::load(&Flags::default(), &variables).unwrap();
    assert_eq!(config.file, Some(path));
    assert_eq!(config.socket, Path::new("/file.sock"));
    assert_eq!(Config::socket(&Flags::default(), &variables).unwrap(), Path::new("/file.sock"));
}

#[test]
fn an_unknown_key_is_named_with_the_known_ones() {
    let error = refused("sockte = \"/a\"\n");
    for part in ["`sockte`", "`socket`", "`local`", "`stop-timeout`", "`driver`", "line 1"] {
        assert!(error.contains(part), "{error}");
    }
    let error = refused("[log]\nlvel = \"info\"\n");
    for part in ["`lvel`", "`level`", "`format`", "line 2"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_wrong_value_is_shown_with_its_key_and_what_is_right() {
    for (text, parts) in [
        ("local = \"etcd\"\n", ["line 1: local: ", "begins with scheme://"]),
        ("stop-timeout = \"soon\"\n", ["line 1: stop-timeout: \"soon\"", "\"10s\""]),
        ("[log]\nlevel = \"loud\"\n", ["line 2: log.level: \"loud\"", "debug"]),
        ("[log]\nformat = \"xml\"\n", ["\"xml\"", "\"json\""]),
        ("[driver.\"a b\"]\n", ["driver kind \"a b\"", "128"]),
        (
            "[pools]\nlocal = [{ base = \"10.0.0.1/8\", size = 24 }]\n",
            ["10.0.0.1/8", "did you mean 10.0.0.0/8?"],
        ),
        (
            "[pools]\nglobal = [{ base = \"10.0.0.0/8\", size = 7 }]\n",
            ["pools.global: size 7", "from 8 to 32"],
        ),
        ("[pools]\nlocal = [{ base = \"10.0.0.0/8\", sise = 7 }]\n", ["`sise`", "`size`"]),
        ("[[pools.local]]\nbase = \"10.0.0.0/8\"\n", ["line 1: pools.local[0]: ", "missing field `size`"]),
        ("\nsocket = 5\n", ["line 2: socket: ", "`5`"]),
        ("\nsocket = \n", ["line 2: ", "expected"]),
    ] {
        let error = refused(text);
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

#[test]
fn what_must_not_stand_in_the_file_is_not_shown() {
    for text in [
        "local = \"etcd://me:hunter2@h1/netkeep\"\n",
        "local = \"etcd:/h1?password=hunter2\"\n",
        "password = \"hunter2\"\n",
        "[driver.vendor]\npassword = \"hunter2\n",
    ] {
        let error = refused(text);
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn driver_options_keep_their_types() {
    let (_folder, flags) = written("[driver.manual]\nmtu = 1500\nfast = true\n[ipam.default]\na = \"b\"\n");
    let config = Config::load(&flags, &Environment::default()).unwrap();
    let (kind, options) = config.drivers.first_key_value().unwrap();
    assert_eq!(kind.as_str(), "manual");
    assert_eq!(options.number("mtu").unwrap(), Some(1500));
    assert_eq!(options.flag("fast").unwrap(), Some(true));
    assert_eq!(config.ipam.len(), 1);
}

#[test]
fn a_wrong_environment_is_refused() {
    let error = |variables: &[(&str, &str)]| -> ConfigError {
        let (_folder, flags) = written("");
        Config::load(&flags, &environment(variables)).unwrap_err()
    };
    let unknown = error(&[("NETKEEP_SOKCET", "/a")]).to_string();
    assert!(unknown.contains("NETKEEP_SOKCET") && unknown.contains("NETKEEP_SOCKET"), "{unknown}");
    let wrong = error(&[("NETKEEP_LOG_LEVEL", "loud")]).to_string();
    assert!(wrong.starts_with("environment: NETKEEP_LOG_LEVEL: \"loud\""), "{wrong}");
    let (_folder, flags) = written("");
    let foreign =
        environment(&[("NETKEEP_SERVICE_HOST", "10.0.0.1"), ("NETKEEP_PORT_80_TCP", "x"), ("PATH", "/")]);
    assert!(Config::load(&flags, &foreign).is_ok());
}

#[test]
fn credentials_of_backends_are_neither_refused_nor_kept() {
    for backend in ["ETCD", "ZOOKEEPER"] {
        let [user, password] = ["USER", "PASSWORD"].map(|what| format!("NETKEEP_{backend}_{what}"));
        let variables = environment(&[(&user, "me"), (&password, "hunter2")]);
        let (_folder, flags) = written("");
        assert!(Config::load(&flags, &variables).is_ok(), "{user}");
        assert_eq!((variables.get(&user), variables.get(&password)), (None, None));
        assert!(!format!("{variables:?}").contains("hunter2"), "{variables:?}");
    }
    let (_folder, flags) = written("");
    let misspelled = environment(&[("NETKEEP_ETCD_PASWORD", "hunter2")]);
    let error = Config::load(&flags, &misspelled).unwrap_err().to_string();
    assert!(error.contains("NETKEEP_ETCD_PASWORD") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_named_file_must_be_there() {
    let flags = Flags { config: Some(PathBuf::from("/nowhere/netkeep.toml")), ..Flags::default() };
    let error = Config::load(&flags, &Environment::default()).unwrap_err().to_string();
    assert_eq!(error, "configuration file /nowhere/netkeep.toml: there is no such file");
}

#[test]
fn spans_are_checked() {
    for (text, shown) in [("500ms", "500ms"), ("10s", "10s"), ("2m", "120s"), ("60m", "3600s")] {
        assert_eq!(text.parse::<super::Span>().unwrap().to_string(), shown);
    }
    for text in ["", "5", "s", "0s", "61m", "-1s", "1h", "1.5s", "99999999999999999999s"] {
        assert!(text.parse::<super::Span>().is_err(), "{text}");
    }
}
