//! Store URLs: what they mean, that their written form is reversible, and that no secret is ever shown.

use netkeep_store::{Kind, StoreUrl};
use proptest::prelude::*;

#[test]
fn the_urls_of_all_backends_parse() {
    for (text, hosts, path) in [
        ("memory://", vec![], ""),
        ("redb:///var/lib/x.redb", vec![], "/var/lib/x.redb"),
        ("redb:///var/lib/a@b.redb", vec![], "/var/lib/a@b.redb"),
        ("etcd://h1:2379,h2:2379/netkeep", vec![("h1", Some(2379)), ("h2", Some(2379))], "/netkeep"),
        ("consul://127.0.0.1:8500/net%20keep", vec![("127.0.0.1", Some(8500))], "/net keep"),
        ("zookeeper://[::1]:2181,zk", vec![("::1", Some(2181)), ("zk", None)], ""),
    ] {
        let url = StoreUrl::parse(text).unwrap();
        let found: Vec<_> = url.hosts().iter().map(|host| (host.host.as_str(), host.port)).collect();
        assert_eq!(found, hosts, "{text}");
        assert_eq!(url.path(), path, "{text}");
    }
}

#[test]
fn a_path_is_a_file_or_a_prefix() {
    let parse = |text| StoreUrl::parse(text).unwrap();
    assert_eq!(parse("redb:///var/lib/x.redb").file().unwrap().to_str(), Some("/var/lib/x.redb"));
    let error = parse("redb://var/lib/x.redb").file().unwrap_err();
    assert!(error.to_string().contains("three slashes"), "{error}");
    assert!(parse("redb://").file().is_err());

    assert!(parse("etcd://h").prefix().unwrap().is_root());
    assert_eq!(parse("etcd://h/a/b/").prefix().unwrap().as_str(), "a/b");
    assert_eq!(parse("etcd://h/a%20b").prefix().unwrap().as_str(), "a%20b");
    assert!(parse("etcd://h/a//b").prefix().is_err());
}

#[test]
fn credentials_are_refused_and_not_shown() {
    for text in [
        "etcd://root:hunter2@h1:2379/netkeep",
        "etcd://root:hun/hunter2@h1:2379",
        "etcd://root:hun?hunter2@h1:2379",
        "etcd://root:hun#hunter2@h1:2379",
        "etcd://h1:2379,root:hunter2@h2:2379",
        "root:hunter2@h1:2379",
        "consul://h1:8500/x?token=hunter2",
        "consul://h1:8500/x?acl-Token=hunter2",
        "redb:///x?password=hunter2",
        "redb:/x?password=hunter2",
        "redb:/x?p%61ss=hunter2",
        "etcd:/root:hunter2%40h1",
        "etcd://h1&password=hunter2",
    ] {
        let error = StoreUrl::parse(text).unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid);
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(!shown.contains("hunter2") && !shown.contains("hun/"), "{shown}");
        }
        if text.contains("://") && !text.contains('&') {
            assert!(error.to_string().contains("file"), "{error}");
        }
    }
    let file = StoreUrl::parse("consul://h/?token-file=/run/token").unwrap();
    assert_eq!(file.option("token-file"), Some("/run/token"));
}

#[test]
fn what_is_wrong_is_named() {
    for (text, named) in [
        ("/var/lib/x", "scheme://"),
        ("/var/lib/x", "\"/var/lib/x\""),
        ("1x://h", "scheme"),
        ("etcd://h1:port", "h1:port"),
        ("etcd://h1:65536", "h1:65536"),
        ("etcd://h1,,h2", "\"\""),
        ("etcd://[::1", "[::1"),
        ("etcd://::1", "::1"),
        ("etcd://h/%zz", "path"),
        ("etcd://h/?a=%f", "options"),
        ("etcd://h/?a=1&a=2", "\"a\" twice"),
        ("etcd://h/#x", "%23"),
    ] {
        let error = StoreUrl::parse(text).unwrap_err();
        assert!(error.to_string().contains(named), "{text}: {error}");
    }
    let error = StoreUrl::parse("etcd://h/?tsl-ca=x").unwrap().check_options(&["tls-ca"]).unwrap_err();
    assert!(
        error.to_string().contains("\"tsl-ca\"") && error.to_string().contains("known: tls-ca"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn the_written_form_is_reversible(
        hosts in prop::collection::vec("[a-z][a-z0-9.-]{0,8}(:[1-9][0-9]{0,3})?|\\[::[1-9a-f]\\]:1", 0..3),
        path in "(/[^?#@%\u{0}]{0,12})?",
        value in any::<String>(),
    ) {
        let url = StoreUrl::parse(&format!("etcd://{}{path}", hosts.join(","))).unwrap();
        prop_assert_eq!(&StoreUrl::parse(&url.to_string()).unwrap(), &url);

        let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let url = StoreUrl::parse(&format!("etcd://h/?a={encoded}")).unwrap();
        prop_assert_eq!(url.option("a"), Some(value.as_str()));
        prop_assert_eq!(&StoreUrl::parse(&url.to_string()).unwrap(), &url);
    }
}
