//! What a client must show to real servers, and what it is told if it cannot.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use netkeep_store::{
    Applied, Backend, Key, Kind, OpenOptions, Prefix, Result, Store, StoreUrl, Txn, WatchFrom,
};
use netkeep_store_consul::ConsulBackend;
use netkeep_testcontainers::{Authority, Certified, Consul, Options};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

/// What may do everything.
const MASTER: &str = "11111111-2222-3333-4444-555555555555";
/// What the servers do not know.
const STRANGER: &str = "99999999-8888-7777-6666-555555555555";

/// What a client has in its files.
struct Client(TempDir);

impl Client {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn trusting(&self, authority: &Authority) -> String {
        format!("tls-ca={}", self.file("ca.pem", &authority.pem()))
    }

    fn showing(&self, authority: &Authority, Certified { certificate, key }: &Certified) -> String {
        format!(
            "{}&tls-cert={}&tls-key={}",
            self.trusting(authority),
            self.file("c.pem", certificate),
            self.file("k.pem", key)
        )
    }

    fn token(&self, token: &str) -> String {
        format!("token-file={}", self.file("token", token))
    }
}

async fn open(endpoint: &str, root: &str, options: &str) -> Arc<dyn Store> {
    // The first handshakes of a server on a busy machine take their time.
    let url = format!("consul://{endpoint}/{root}?timeout=20s&session-ttl-min=2s&{options}");
    let opened = ConsulBackend.open(&StoreUrl::parse(&url).unwrap(), &OpenOptions::default()).await;
    opened.unwrap_or_else(|error| panic!("{url} cannot be opened: {error:?}")).store
}

fn key() -> Key {
    Key::parse("networks/1").unwrap()
}

async fn put(store: &Arc<dyn Store>) -> Result<()> {
    store.commit(&Txn::new().put(key(), "x")).await.map(|_| ())
}

/// Everything that a client can ask for is refused, as a refusal that nobody repeats, and without the secret.
async fn assert_denied(store: &Arc<dyn Store>, what: &str) {
    let began = Instant::now();
    let refused = [
        store.get(&key()).await.map(|_| ()),
        store.list(&Prefix::root()).await.map(|_| ()),
        put(store).await,
        store.status().await.map(|_| ()),
        store.grant(Duration::from_secs(10)).await.map(|_| ()),
        store.watch(&Prefix::root(), WatchFrom::Snapshot).await.map(|_| ()),
    ];
    assert!(began.elapsed() < Duration::from_secs(60), "{what}: refused too late: {:?}", began.elapsed());
    for answer in refused {
        let error = answer.expect_err(what);
        assert_eq!((error.kind(), error.applied()), (Kind::Denied, Applied::No), "{what}: {error:?}");
        assert!(!error.is_retryable());
        let text = format!("{error} {error:?} {store:?}");
        for secret in [MASTER, STRANGER, "PRIVATE KEY"] {
            assert!(!text.contains(secret), "{what}: {text}");
        }
    }
    store.close().await.unwrap();
}

async fn assert_serves(store: &Arc<dyn Store>) {
    put(store).await.unwrap();
    assert!(store.get(&key()).await.unwrap().is_some());
    assert_eq!(store.list(&Prefix::root()).await.unwrap().entries.len(), 1);
    let lease = store.grant(Duration::from_secs(10)).await.unwrap();
    store.revoke(&lease.id).await.unwrap();
    assert!(store.status().await.unwrap().revision.get() > 0);
    let mut watch = store.watch(&Prefix::root(), WatchFrom::Snapshot).await.unwrap();
    timeout(Duration::from_secs(30), watch.next()).await.unwrap().unwrap();
    assert!(!format!("{store:?}").contains(MASTER));
    store.close().await.unwrap();
}

/// A server that shows a certificate and wants one.
async fn secure(server: &Certified, trusted: &Authority) -> Consul {
    let files =
        [("server.pem", &server.certificate), ("server.key", &server.key), ("ca.pem", &trusted.pem())];
    let files = files.map(|(name, text)| (name.to_owned(), text.clone().into_bytes()));
    let config = "ca_file = \"{conf}/ca.pem\"\ncert_file = \"{conf}/server.pem\"\nkey_file = \"{conf}/server.key\"\n\
                  verify_incoming_https = true\n";
    let options = Options {
        secure: true,
        files: BTreeMap::from(files),
        extra_config: config.to_owned(),
        ..Options::single()
    };
    Consul::start(options).await.expect("a Consul server with TLS can be started")
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn certificates_that_do_not_agree_are_denied() {
    let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
    let servers = secure(&ours.certify(), &ours).await;
    let endpoint = &servers.secure_endpoints()[0];
    let client = Client::new();
    let good = open(endpoint, "tls", &client.showing(&ours, &ours.certify())).await;
    assert_serves(&good).await;
    for (what, trusted, shown) in [
        ("no certificate", &ours, None),
        ("a foreign certificate", &ours, Some(foreign.certify())),
        ("an expired certificate", &ours, Some(ours.certify_expired())),
        ("a foreign server", &foreign, Some(ours.certify())),
    ] {
        let client = Client::new();
        let options = match shown {
            Some(shown) => client.showing(trusted, &shown),
            None => client.trusting(trusted),
        };
        assert_denied(&open(endpoint, "tls", &options).await, what).await;
    }
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn an_expired_server_is_denied() {
    let ours = Authority::new("ours");
    let servers = secure(&ours.certify_expired(), &ours).await;
    let client = Client::new();
    let options = client.showing(&ours, &ours.certify());
    assert_denied(&open(&servers.secure_endpoints()[0], "tls", &options).await, "an expired server").await;
}

/// Makes a token with these rules, over Consul's own interface.
async fn token(endpoint: &str, name: &str, rules: &str) -> String {
    let http = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    let put = |path: &str, body: serde_json::Value| {
        let request = http.put(format!("http://{endpoint}/v1/acl/{path}")).header("X-Consul-Token", MASTER);
        request.json(&body).send()
    };
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        // The servers need a moment until their access lists can be changed.
        let body = serde_json::json!({ "Name": name, "Rules": rules });
        if put("policy", body).await.unwrap().status().is_success() {
            break;
        }
        assert!(Instant::now() < deadline, "the policy {name} cannot be made");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let body = serde_json::json!({ "Policies": [{ "Name": name }] });
    let made = put("token", body).await.unwrap().bytes().await.unwrap();
    let made: serde_json::Value = serde_json::from_slice(&made).unwrap();
    made["SecretID"].as_str().unwrap_or_else(|| panic!("no token was made: {made}")).to_owned()
}

#[tokio::test]
#[ignore = "needs servers: cargo xtask conformance consul"]
async fn tokens_without_rights_are_denied() {
    let config = format!(
        "acl {{\n  enabled = true\n  default_policy = \"deny\"\n  tokens {{ master = \"{MASTER}\" }}\n}}\n"
    );
    let servers = Consul::start(Options { extra_config: config, ..Options::single() }).await.unwrap();
    let endpoint = &servers.endpoints()[0];
    let rights = "key_prefix \"acl/\" { policy = \"write\" }\nsession_prefix \"\" { policy = \"write\" }";
    let sufficient = token(endpoint, "sufficient", rights).await;
    let elsewhere =
        token(endpoint, "elsewhere", &rights.replace("acl/", "other/").replace("write", "read")).await;
    let reading = token(endpoint, "reading", &rights.replace("write", "read")).await;

    for good in [sufficient.as_str(), MASTER] {
        let client = Client::new();
        assert_serves(&open(endpoint, "acl", &client.token(good)).await).await;
    }
    for (what, bad) in [
        ("a token that the servers do not know", STRANGER),
        ("a token for something else", &elsewhere),
        ("a token that may only read", &reading),
    ] {
        let client = Client::new();
        assert_denied(&open(endpoint, "acl", &client.token(bad)).await, what).await;
    }
    assert_denied(&open(endpoint, "acl", "").await, "no token").await;
}
