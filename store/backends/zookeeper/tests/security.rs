//! What a client must show to real servers, and what it is told if it cannot.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use netkeep_store::{Applied, Backend, Error, Key, Kind, OpenOptions, Prefix, Result, Store, StoreUrl, Txn};
use netkeep_store_zookeeper::ZooKeeperBackend;
use netkeep_testcontainers::{Authority, Certified, Options, ZooKeeper};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const SECRET: &str = "hush-hush-7";

/// The first handshakes of a server that was just started take their time.
const PATIENT: &str = "timeout-ms=20000&connect-timeout-ms=10000&session-timeout-ms=20000";

/// What a client has in its files.
struct Client {
    folder: TempDir,
}

impl Client {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        shown(&path)
    }

    fn identity(&self, Certified { certificate, key }: &Certified) -> String {
        format!("&tls-cert={}&tls-key={}", self.file("c.pem", certificate), self.file("k.pem", key))
    }
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

async fn open(endpoint: &str, root: &str, options: &str) -> Arc<dyn Store> {
    let url = StoreUrl::parse(&format!("zookeeper://{endpoint}/{root}?{options}&{PATIENT}")).unwrap();
    let opened = ZooKeeperBackend.open(&url, &OpenOptions::default()).await;
    opened.unwrap_or_else(|error| panic!("{url} cannot be opened: {error:?}")).store
}

fn key() -> Key {
    Key::parse("networks/1").unwrap()
}

async fn put(store: &Arc<dyn Store>) -> Result<()> {
    store.commit(&Txn::new().put(key(), "x")).await.map(|_| ())
}

/// What is answered by a server that had the time to answer.
async fn refusal(what: &str, ask: impl AsyncFn() -> Result<()>) -> Error {
    for _ in 0..3 {
        let error = ask().await.expect_err(what);
        if error.kind() != Kind::Unavailable {
            return error;
        }
    }
    panic!("{what}: nobody answers");
}

/// Everything that a client can ask for is refused, as a refusal that nobody repeats, and without the secret.
async fn assert_denied(store: &Arc<dyn Store>, what: &str) {
    let refused = [
        refusal(what, async || store.get(&key()).await.map(|_| ())).await,
        refusal(what, async || store.list(&Prefix::root()).await.map(|_| ())).await,
        refusal(what, async || put(store).await).await,
        refusal(what, async || store.status().await.map(|_| ())).await,
    ];
    for error in refused {
        assert_eq!((error.kind(), error.applied()), (Kind::Denied, Applied::No), "{what}: {error:?}");
        assert!(!error.is_retryable());
        let text = format!("{error} {error:?} {store:?}");
        assert!(!text.contains(SECRET), "{what}: {text}");
    }
    store.close().await.unwrap();
}

async fn assert_serves(store: &Arc<dyn Store>) {
    put(store).await.unwrap();
    assert!(store.get(&key()).await.unwrap().is_some());
    assert!(store.status().await.unwrap().server_version.starts_with('3'));
    assert!(!format!("{store:?}").contains(SECRET));
    store.close().await.unwrap();
}

/// A server that shows a certificate and wants one.
async fn secure(server: &Certified, trusted: &Authority) -> ZooKeeper {
    let files = [
        ("server.pem".to_owned(), format!("{}{}", server.key, server.certificate).into_bytes()),
        ("ca.pem".to_owned(), trusted.pem().into_bytes()),
    ];
    let options = Options {
        secure: true,
        files: BTreeMap::from(files),
        extra_config: "ssl.keyStore.location={conf}/server.pem\nssl.trustStore.location={conf}/ca.pem\n\
                       ssl.clientAuth=need\nssl.hostnameVerification=false"
            .to_owned(),
        ..Options::single()
    };
    ZooKeeper::start(options).await.expect("a ZooKeeper with TLS can be started")
}

#[tokio::test]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn tls_takes_the_right_certificates_and_no_others() {
    let (ours, foreign) = (Authority::new("ours"), Authority::new("foreign"));
    let server = secure(&ours.certify(), &ours).await;
    let endpoint = &server.secure_endpoints()[0];
    let client = Client::new();
    let ca = format!("tls-ca={}", client.file("ca.pem", &ours.pem()));
    let good = client.identity(&ours.certify());
    assert_serves(&open(endpoint, "tls", &format!("{ca}{good}&acl=creator")).await).await;

    assert_denied(&open(endpoint, "tls", &ca).await, "without a certificate").await;
    for (certificate, what) in [
        (foreign.certify(), "with a foreign certificate"),
        (ours.certify_expired(), "with an expired certificate"),
    ] {
        let client = Client::new();
        let options = format!("{ca}{}", client.identity(&certificate));
        assert_denied(&open(endpoint, "tls", &options).await, what).await;
    }
    let options = format!("tls-ca={}{good}", client.file("foreign.pem", &foreign.pem()));
    assert_denied(&open(endpoint, "tls", &options).await, "believing another authority").await;

    // Nodes that a certificate has made are its own.
    assert_denied(&open(&server.endpoints()[0], "tls", "").await, "without TLS").await;
}

#[tokio::test]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn a_server_whose_certificate_has_expired_is_not_believed() {
    let ours = Authority::new("ours");
    let server = secure(&ours.certify_expired(), &ours).await;
    let client = Client::new();
    let ca = format!("tls-ca={}", client.file("ca.pem", &ours.pem()));
    let good = client.identity(&ours.certify());
    let store = open(&server.secure_endpoints()[0], "tls", &format!("{ca}{good}")).await;
    assert_denied(&store, "an expired server").await;
}

/// A server that shows this certificate, once it has hung up on so many connections; its endpoint.
async fn server_that_hangs_up(times: usize, shown: &Certified) -> String {
    let chain = CertificateDer::pem_slice_iter(shown.certificate.as_bytes()).map(|read| read.unwrap());
    let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            if number >= times {
                let _ = acceptor.accept(stream).await;
            } else {
                // What is not read when a socket closes makes it a reset; an end is what a starting server sends.
                let _ = stream.read(&mut [0; 16_384]).await;
            }
        }
    });
    endpoint
}

#[tokio::test]
async fn a_server_that_hangs_up_before_it_shows_its_certificate_is_asked_again() {
    let ours = Authority::new("ours");
    // The client's own connection, and the first that asks why it was in vain.
    let endpoint = server_that_hangs_up(2, &ours.certify_expired()).await;
    let client = Client::new();
    let ca = format!("tls-ca={}", client.file("ca.pem", &ours.pem()));
    assert_denied(&open(&endpoint, "tls", &ca).await, "an expired server").await;
}

#[tokio::test]
async fn a_server_that_hangs_up_each_time_does_not_answer() {
    let ours = Authority::new("ours");
    let endpoint = server_that_hangs_up(usize::MAX, &ours.certify_expired()).await;
    let client = Client::new();
    let store = open(&endpoint, "tls", &format!("tls-ca={}", client.file("ca.pem", &ours.pem()))).await;
    let error = store.get(&key()).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (Kind::Unavailable, Applied::No), "{error:?}");
}

#[tokio::test]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn what_one_user_has_made_no_other_may_use() {
    let server = ZooKeeper::start(Options::single()).await.unwrap();
    let endpoint = &server.endpoints()[0];
    let client = Client::new();
    let file = |user: &str, password: &str| {
        format!(
            "auth-file={}",
            client.file(&format!("{user}-{}", password.len()), &format!("{user}:{password}\n"))
        )
    };
    let owner = file("netkeep", SECRET);
    assert_serves(&open(endpoint, "house", &owner).await).await;

    for (options, what) in [
        (file("netkeep", &format!("{SECRET}-not")), "a wrong password"),
        (file("stranger", SECRET), "another user"),
        (String::new(), "nobody"),
    ] {
        assert_denied(&open(endpoint, "house", &options).await, what).await;
    }
    assert_serves(&open(endpoint, "house", &owner).await).await;
    assert_denied(&open(endpoint, "other", "acl=creator").await, "a creator who is nobody").await;
}

#[tokio::test]
#[ignore = "needs ZooKeeper: cargo xtask conformance zookeeper"]
async fn sasl_knows_its_users() {
    let jaas = format!(
        "Server {{ org.apache.zookeeper.server.auth.DigestLoginModule required user_netkeep=\"{SECRET}\"; }};"
    );
    let options = Options {
        files: BTreeMap::from([("jaas.conf".to_owned(), jaas.into_bytes())]),
        extra_args: vec!["-Djava.security.auth.login.config={conf}/jaas.conf".to_owned()],
        extra_config: "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n\
                       enforce.auth.enabled=true\nenforce.auth.schemes=sasl"
            .to_owned(),
        ..Options::single()
    };
    let server = ZooKeeper::start(options).await.unwrap();
    let endpoint = &server.endpoints()[0];
    let client = Client::new();
    let file = |password: &str| {
        let name = format!("auth-{}", password.len());
        format!("auth=sasl&auth-file={}", client.file(&name, &format!("netkeep:{password}\n")))
    };
    assert_serves(&open(endpoint, "house", &file(SECRET)).await).await;
    let wrong = file(&format!("{SECRET}-not"));
    assert_denied(&open(endpoint, "house", &wrong).await, "a wrong password").await;
    assert_denied(&open(endpoint, "house", "").await, "nobody").await;
}
