//! What servers and the way to them answer, in the words of the contract.

use std::error::Error as StdError;
use std::io;

use netkeep_store::{Error, Kind};
use rustls::AlertDescription;

/// Whether a request may change the store, so that it matters whether it was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Changes,
}

/// Why a request had no answer, or a bad one.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    /// It was certainly not executed, and never will be.
    certain: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What servers say in a 500, or in a transaction, and what it means: whether the request was certainly not
/// executed.
const SAID: [(&str, Kind, bool); 12] = [
    ("Permission denied", Kind::Denied, true),
    ("ACL not found", Kind::Denied, true),
    ("No cluster leader", Kind::Unavailable, true),
    ("failed to get conn", Kind::Unavailable, true),
    ("node is not the leader", Kind::Unavailable, true),
    ("timed out enqueuing operation", Kind::Unavailable, true),
    ("leadership lost while committing log", Kind::Unavailable, false),
    ("Invalid Session TTL", Kind::Invalid, true),
    ("invalid session", Kind::LeaseLost, true),
    ("failed session lookup", Kind::LeaseLost, true),
    ("lock is already held", Kind::Invalid, true),
    ("operation is not allowed", Kind::Denied, true),
];

/// What this text of a server is known to mean.
pub(crate) fn meaning(text: &str) -> Option<(Kind, bool)> {
    SAID.iter().find(|(said, ..)| text.contains(said)).map(|(_, kind, certain)| (*kind, *certain))
}

impl Failure {
    /// No answer came.
    pub(crate) fn of_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let (kind, message, certain) = match tls_error(&error) {
            Some(tls) if refuses(tls) => {
                (Kind::Denied, format!("the certificates of server and client do not agree: {tls}"), true)
            }
            Some(tls) => (Kind::Unavailable, format!("no secure connection: {tls}"), error.is_connect()),
            None if error.is_connect() => (Kind::Unavailable, "no connection".to_owned(), true),
            None if error.is_builder() => {
                (Kind::Unexpected, "the request cannot be written".to_owned(), true)
            }
            None if error.is_timeout() => (Kind::Unavailable, "no answer in time".to_owned(), false),
            None => (Kind::Unavailable, "the connection was cut".to_owned(), false),
        };
        Self { kind, message, certain, source: Some(Box::new(error)) }
    }

    /// No answer came in time; `sent` if the request may have reached the server.
    pub(crate) fn late(sent: bool) -> Self {
        Self {
            kind: Kind::Unavailable,
            message: "no answer in time".to_owned(),
            certain: !sent,
            source: None,
        }
    }

    /// An answer with a status that is no answer to the question.
    pub(crate) fn of_status(status: u16, text: &str) -> Self {
        let (kind, certain) = match status {
            401 | 403 => (Kind::Denied, true),
            413 => (Kind::TooLarge, true),
            429 => (Kind::Unavailable, true),
            400..500 => (Kind::Invalid, true),
            500.. => meaning(text).unwrap_or((Kind::Unavailable, false)),
            _ => (Kind::Unexpected, false),
        };
        let text: String = text.lines().next().unwrap_or_default().chars().take(200).collect();
        let message = match kind {
            Kind::Denied => format!("the server refuses the token, or its rights do not suffice: {text}"),
            Kind::Invalid if text.contains("Session TTL") => {
                format!("{text}; the option session-ttl-min says what the servers are set to")
            }
            _ => format!("the server answers {status}: {text}"),
        };
        Self { kind, message, certain, source: None }
    }

    /// True if another server may do better.
    pub(crate) fn is_of_server(&self) -> bool {
        self.kind == Kind::Unavailable
    }

    /// True if the request may be made again, elsewhere.
    pub(crate) fn may_repeat(&self, effect: Effect) -> bool {
        self.is_of_server() && (self.certain || effect == Effect::Reads)
    }

    pub(crate) fn into_error(self, effect: Effect) -> Error {
        let error = Error::new(self.kind, self.message);
        let error =
            if effect == Effect::Changes && !self.certain { error.with_unknown_outcome() } else { error };
        match self.source {
            Some(source) => error.with_source(source),
            None => error,
        }
    }
}

/// The error of TLS underneath, if there is one.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        // An I/O error does not name what it wraps as its source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// True if trying again does not help until somebody has changed a certificate.
fn refuses(error: &rustls::Error) -> bool {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => true,
        rustls::Error::AlertReceived(alert) => matches!(
            alert,
            AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRequired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::NoCertificate
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use netkeep_store::Applied;
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn what_servers_say_has_a_kind_and_tells_whether_it_was_executed() {
        use Applied::{No, Unknown};
        for (status, text, kind, applied) in [
            (403, "Permission denied", Kind::Denied, No),
            (403, "ACL not found", Kind::Denied, No),
            (401, "", Kind::Denied, No),
            (413, "Request body too large, max size: 524288", Kind::TooLarge, No),
            (429, "Your IP is issuing too many concurrent connections", Kind::Unavailable, No),
            (400, "Client sent an HTTP request to an HTTPS server.", Kind::Invalid, No),
            (500, "No cluster leader", Kind::Unavailable, No),
            (500, "rpc error making call: No cluster leader", Kind::Unavailable, No),
            (500, "rpc error getting client: failed to get conn: dial tcp", Kind::Unavailable, No),
            (500, "rpc error making call: node is not the leader", Kind::Unavailable, No),
            (500, "raft apply failed: timed out enqueuing operation", Kind::Unavailable, No),
            (500, "rpc error making call: EOF", Kind::Unavailable, Unknown),
            (500, "leadership lost while committing log", Kind::Unavailable, Unknown),
            (500, "rpc error making call: Permission denied", Kind::Denied, No),
            (500, "Invalid Session TTL '1000000000', must be between [10s=24h0m0s]", Kind::Invalid, No),
            (500, "invalid session \"x\"", Kind::LeaseLost, No),
            (500, "failed session lookup: index error: UUID must be 36 characters", Kind::LeaseLost, No),
            (502, "", Kind::Unavailable, Unknown),
        ] {
            let error = Failure::of_status(status, text).into_error(Effect::Changes);
            assert_eq!((error.kind(), error.applied()), (kind, applied), "{status} {text}");
            let error = Failure::of_status(status, text).into_error(Effect::Reads);
            assert_eq!((error.kind(), error.applied()), (kind, No), "{status} {text}");
        }
        assert_eq!(meaning("failed to lock key \"y\", lock is already held"), Some((Kind::Invalid, true)));
        assert_eq!(meaning("failed to set key \"x\", index is stale"), None);
    }

    #[test]
    fn only_what_was_certainly_not_executed_is_repeated() {
        let lost = || Failure::of_status(500, "rpc error making call: EOF");
        assert!(lost().may_repeat(Effect::Reads) && !lost().may_repeat(Effect::Changes));
        assert!(Failure::of_status(500, "No cluster leader").may_repeat(Effect::Changes));
        assert!(!Failure::of_status(403, "ACL not found").may_repeat(Effect::Reads));
        assert!(
            Failure::late(false).may_repeat(Effect::Changes)
                && !Failure::late(true).may_repeat(Effect::Changes)
        );
    }

    #[test]
    fn an_answer_of_many_lines_is_one_line() {
        let error = Failure::of_status(500, "first\nsecond").into_error(Effect::Reads);
        assert_eq!(error.to_string(), "the server answers 500: first");
    }

    #[test]
    fn certificates_are_denied_wherever_their_error_is_wrapped() {
        let wrapped =
            io::Error::other(io::Error::other(rustls::Error::InvalidCertificate(CertificateError::Expired)));
        assert!(tls_error(&wrapped).is_some_and(refuses));
        let alert = io::Error::other(rustls::Error::AlertReceived(AlertDescription::CertificateRequired));
        assert!(tls_error(&alert).is_some_and(refuses));
        let other = io::Error::other(rustls::Error::HandshakeNotComplete);
        assert!(tls_error(&other).is_some_and(|error| !refuses(error)));
        assert!(tls_error(&io::Error::other("plain")).is_none());
    }
}
