//! Certificates, made for a test.

use std::fmt;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};

/// By what names servers on this machine are called; the last is what Consul calls its own.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "server.dc1.consul"];

/// An authority that certifies servers on 127.0.0.1 and clients.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key, both as PEM; for servers on 127.0.0.1 and for clients.
#[derive(Clone)]
pub struct Certified {
    /// The certificate alone, without that of its authority.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// An authority of this name, which nobody believes unless told to.
    ///
    /// # Panics
    ///
    /// If the system has no randomness for a key.
    pub fn new(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("these parameters are sound");
        Self { issuer }
    }

    /// Its own certificate, as PEM: what makes others believe it.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate that is valid for long.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn certify(&self) -> Certified {
        self.sign(|_| {})
    }

    /// A certificate that was valid once and has expired.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn certify_expired(&self) -> Certified {
        self.sign(|params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    fn sign(&self, change: impl FnOnce(&mut CertificateParams)) -> Certified {
        let mut params = params("netkeep-test");
        params.subject_alt_names =
            CertificateParams::new(NAMES.map(str::to_owned)).expect("these are names").subject_alt_names;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).expect("these parameters are sound");
        Certified { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("the system has randomness")
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// Without the key.
impl fmt::Debug for Certified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certified").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}
