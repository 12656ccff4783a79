//! Whom etcd lets in, and whom we believe, on real servers.

mod given;

use std::sync::Arc;
use std::time::{Duration, Instant};

use etcd_client::{Client, ConnectOptions, Permission};
use given::{Part, any_root, hosts, key, prefix};
use netkeep_store::remote::{RemoteConfig, RemoteStore};
use netkeep_store::{Applied, Error, Kind, LeasedDirectories, Prefix, Store, Txn, WatchFrom, WatchItem};
use netkeep_store_etcd::{Credentials, EtcdConfig, EtcdServer, Tls};
use netkeep_testcontainers::{Authority, Certified, Etcd, Options};
use tempfile::TempDir;

const PASSWORD: &str = "the-pass-phrase-of-netkeep";

fn open(config: &EtcdConfig) -> Arc<dyn Store> {
    let server = EtcdServer::new(config).expect("the configuration is sound");
    Arc::new(RemoteStore::open(Arc::new(server), RemoteConfig::default()))
}

fn config(endpoints: &[String], root: &Prefix) -> EtcdConfig {
    EtcdConfig::new(hosts(endpoints), root.clone(), LeasedDirectories::default())
}

/// Believes that authority, and shows that certificate.
fn tls(trusted: &Authority, shown: Option<&Certified>) -> Tls {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let tls = Tls::trusting(&file("ca.pem", &trusted.pem())).expect("the file is there");
    let Some(Certified { certificate, key }) = shown else { return tls };
    tls.with_identity(&file("c.pem", certificate), &file("k.pem", key)).expect("the files are there")
}

/// Expects that a store is refused, for reading and for writing, at once, without showing the password.
async fn is_denied(config: &EtcdConfig, why: &str) -> Error {
    let store = open(config);
    let begun = Instant::now();
    let reading = store.get(&key("a")).await.expect_err(why);
    let writing = store.commit(&Txn::new().put(key("a"), "1")).await.expect_err(why);
    for error in [&reading, &writing] {
        assert_eq!((error.kind(), error.applied()), (Kind::Denied, Applied::No), "{why}: {error:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(PASSWORD) && !shown.contains("PRIVATE KEY"), "{why}: {shown}");
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "{why}: refused after {:?}", begun.elapsed());
    reading
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn certificates_decide_who_speaks_to_whom() {
    let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
    let server = ours.certify();
    let options = Options {
        secure: true,
        files: [
            ("ca.pem".to_owned(), ours.pem().into_bytes()),
            ("server.pem".to_owned(), server.certificate.into_bytes()),
            ("server.key".to_owned(), server.key.into_bytes()),
        ]
        .into(),
        extra_args: vec![
            "--cert-file={conf}/server.pem".to_owned(),
            "--key-file={conf}/server.key".to_owned(),
            "--trusted-ca-file={conf}/ca.pem".to_owned(),
            "--client-cert-auth".to_owned(),
        ],
        ..Options::single()
    };
    let etcd = Etcd::start(options).await.expect("an etcd can be started");
    let root = any_root();
    let with = |tls: Tls| {
        let mut config = config(etcd.secure_endpoints(), &root);
        config.tls = Some(tls);
        config
    };
    let client = ours.certify();

    let store = open(&with(tls(&ours, Some(&client))));
    let revision = store.commit(&Txn::new().put(key("a"), "1")).await.expect("we are who we say");
    let mut watch = store.watch(&prefix(""), WatchFrom::Snapshot).await.unwrap();
    assert!(matches!(watch.next().await.unwrap(), WatchItem::Reset(all) if all.revision >= revision));
    store.close().await.unwrap();

    is_denied(&with(tls(&ours, None)), "no certificate is shown").await;
    is_denied(&with(tls(&ours, Some(&ours.certify_expired()))), "an expired certificate").await;
    is_denied(&with(tls(&ours, Some(&foreign.certify()))), "a foreign certificate").await;
    is_denied(&with(tls(&foreign, Some(&client))), "a server of another authority").await;
    let named = tls(&ours, Some(&client)).with_name("elsewhere");
    is_denied(&with(named), "a server of another name").await;

    // Without TLS where TLS is spoken there is no understanding, and nothing is done.
    let error = open(&config(etcd.secure_endpoints(), &root)).get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
}

/// An etcd with users: root, and one who may use what lies below the root of `part`.
async fn with_users(part: &Part) -> Client {
    let mut raw = part.raw().await;
    raw.user_add("root", "root-password", None).await.unwrap();
    raw.user_grant_role("root", "root").await.unwrap();
    raw.role_add("netkeep").await.unwrap();
    let range = Permission::read_write(format!("/{}/", part.root)).with_prefix();
    raw.role_grant_permission("netkeep", range).await.unwrap();
    for user in ["netkeep", "stranger"] {
        raw.user_add(user, PASSWORD, None).await.unwrap();
    }
    raw.user_grant_role("netkeep", "netkeep").await.unwrap();
    raw.auth_enable().await.unwrap();
    let root = ConnectOptions::new().with_user("root", "root-password").with_auto_token_refresh(true);
    Client::connect(&part.endpoints, Some(root)).await.unwrap()
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance etcd"]
async fn users_and_roles_decide_who_may_do_what() {
    let etcd = Etcd::start(Options::single()).await.expect("an etcd can be started");
    let part = Part::of(&etcd);
    let mut admin = with_users(&part).await;
    let as_user = |user: &str, password: &str| {
        let mut config = config(&part.endpoints, &part.root);
        config.credentials = Some(Credentials::new(user, password));
        config
    };
    let shown = format!("{:?}", as_user("netkeep", PASSWORD));
    assert!(!shown.contains(PASSWORD), "{shown}");

    let store = open(&as_user("netkeep", PASSWORD));
    store.commit(&Txn::new().put(key("a"), "1")).await.expect("the user may write");
    let mut watch = store.watch(&prefix(""), WatchFrom::Snapshot).await.unwrap();
    watch.next().await.unwrap();
    let lease = store.grant(Duration::from_secs(60)).await.unwrap();
    store.keep_alive(&lease.id).await.unwrap();
    store.status().await.unwrap();

    is_denied(&as_user("netkeep", "wrong"), "a wrong password").await;
    is_denied(&as_user("nobody", PASSWORD), "an unknown user").await;
    is_denied(&config(&part.endpoints, &part.root), "no user").await;
    let error = is_denied(&as_user("stranger", PASSWORD), "a user without the role").await;
    assert!(error.to_string().contains("permission denied"), "{error}");

    // A restart forgets all tokens; the client gets another one by itself, and the watch goes on.
    etcd.restart(0).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let revision = loop {
        match store.commit(&Txn::new().put(key("b"), "1")).await {
            Ok(revision) => break revision,
            Err(error) => assert_eq!(error.kind(), Kind::Unavailable, "{error:?}"),
        }
        assert!(Instant::now() < deadline, "the client does not get over the loss of its token");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let told = async { while watch.next().await.expect("the watch goes on").through() < revision {} };
    tokio::time::timeout(Duration::from_secs(180), told).await.expect("the watch catches up");

    // A right that is taken away is missed by the next call, and by the next watch.
    admin.user_revoke_role("netkeep", "netkeep").await.unwrap();
    let error = store.get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied, "{error:?}");
    admin.auth_disable().await.unwrap();
    let error = is_denied(&as_user("netkeep", PASSWORD), "users are off").await;
    assert!(error.to_string().contains("authentication is not enabled"), "{error}");
    part.clean().await;
}
