//! What etcd and its client say, in the words of the contract.

use std::error::Error as StdError;

use etcd_client::Error as ClientError;
use netkeep_store::{Applied, Error, Kind};
use tonic::{Code, ConnectError, Status};

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) kind: Kind,
    pub(crate) applied: Applied,
    /// Whether another member may do better.
    pub(crate) elsewhere: bool,
    /// Whether the answer says that what was asked for is no longer in etcd's history.
    pub(crate) compacted: bool,
}

impl Verdict {
    const fn new(kind: Kind, applied: Applied, elsewhere: bool) -> Self {
        Self { kind, applied, elsewhere, compacted: false }
    }

    /// Refused before anything was done; no member would do otherwise.
    const fn refused(kind: Kind) -> Self {
        Self::new(kind, Applied::No, false)
    }

    /// This member cannot do it, and did nothing.
    const NOT_HERE: Self = Self::new(Kind::Unavailable, Applied::No, true);
    /// The answer was lost.
    const LOST: Self = Self::new(Kind::Unavailable, Applied::Unknown, true);
}

/// A failure of a request, with what it means.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) verdict: Verdict,
    /// The connection broke, and nothing says why.
    pub(crate) cut: bool,
    error: Error,
}

impl Fault {
    /// The request was not answered in time.
    pub(crate) fn late(within: std::time::Duration) -> Self {
        let error = Error::new(Kind::Unavailable, format!("no answer within {within:?}"));
        Self::plain(Verdict::LOST, error)
    }

    /// The connection was not made in time.
    pub(crate) fn unconnected(within: std::time::Duration) -> Self {
        let error = Error::new(Kind::Unavailable, format!("no connection within {within:?}"));
        Self::plain(Verdict::NOT_HERE, error)
    }

    /// A watch was ended by the server.
    pub(crate) fn canceled(reason: &str) -> Self {
        // The reason is the text of the error that a request would have got.
        let code = if reason.contains("permission denied") {
            Code::PermissionDenied
        } else if reason.contains("invalid auth token") {
            Code::Unauthenticated
        } else if reason.contains("user name is empty") || reason.contains("auth store is old") {
            Code::InvalidArgument
        } else {
            Code::Unavailable
        };
        Self::from(ClientError::GRpcStatus(Status::new(code, format!("the watch was ended: {reason}"))))
    }

    /// A stream has ended without a word.
    pub(crate) fn ended() -> Self {
        Self::plain(Verdict::LOST, Error::new(Kind::Unavailable, "the connection has ended"))
    }

    /// One side does not take the certificate of the other. None if a handshake has failed for another reason.
    pub(crate) fn distrust(error: std::io::Error) -> Option<Self> {
        let refused = || Error::new(Kind::Denied, format!("no secured connection: {error}"));
        is_distrust(&error).then(|| Self::plain(Verdict::refused(Kind::Denied), refused()))
    }

    fn plain(verdict: Verdict, error: Error) -> Self {
        Self { verdict, cut: false, error }
    }

    /// This fault explains why another request got none but a broken connection.
    pub(crate) fn explaining(mut self, other: &Self) -> Self {
        self.verdict.applied = other.verdict.applied;
        self
    }

    /// The error of a request that changes nothing, whatever became of it.
    pub(crate) fn of_read(self) -> Error {
        self.error
    }

    /// The error of a request that changes something.
    pub(crate) fn of_write(self) -> Error {
        match self.verdict.applied {
            Applied::No => self.error,
            Applied::Unknown => self.error.with_unknown_outcome(),
        }
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        let verdict = judge(&error);
        let message = match &error {
            ClientError::GRpcStatus(status) => in_words(status),
            other => other.to_string(),
        };
        // What the server says has no source; where nobody listens there is nothing to explain.
        let cut = verdict.kind == Kind::Unavailable
            && matches!(&error, ClientError::GRpcStatus(status)
                if status.source().is_some() && !status.message().contains("tcp connect error"));
        Self { verdict, cut, error: Error::new(verdict.kind, message).with_source(error) }
    }
}

fn judge(error: &ClientError) -> Verdict {
    match error {
        ClientError::GRpcStatus(status) => judge_status(status),
        ClientError::LeaseKeepAliveError(message) if message == "lease not found" => {
            Verdict::refused(Kind::LeaseLost)
        }
        ClientError::WatchError(_) | ClientError::LeaseKeepAliveError(_) => Verdict::LOST,
        ClientError::TransportError(error) if is_distrust(error) => Verdict::refused(Kind::Denied),
        ClientError::TransportError(_) | ClientError::IoError(_) => Verdict::NOT_HERE,
        ClientError::InvalidArgs(_)
        | ClientError::InvalidUri(_)
        | ClientError::InvalidMetadataValue(_)
        | ClientError::Utf8Error(_) => Verdict::refused(Kind::Invalid),
        _ => Verdict::new(Kind::Unexpected, Applied::Unknown, true),
    }
}

fn judge_status(status: &Status) -> Verdict {
    let says = |text: &str| status.message().contains(text);
    if is_distrust(status) {
        return Verdict::refused(Kind::Denied);
    }
    match status.code() {
        Code::PermissionDenied => Verdict::refused(Kind::Denied),
        // A member that has not heard of the token yet; the client has asked for another one already.
        Code::Unauthenticated => Verdict::refused(Kind::Unavailable),
        Code::InvalidArgument if says("auth store is old") => Verdict::refused(Kind::Unavailable),
        Code::InvalidArgument if says("user name is empty") || says("authentication failed") => {
            Verdict::refused(Kind::Denied)
        }
        Code::InvalidArgument if says("too large") || says("too many operations") => {
            Verdict::refused(Kind::TooLarge)
        }
        Code::InvalidArgument => Verdict::refused(Kind::Unexpected),
        Code::FailedPrecondition if says("authentication is not enabled") => Verdict::refused(Kind::Denied),
        Code::FailedPrecondition if says("learner") || says("not leader") => Verdict::NOT_HERE,
        Code::NotFound if says("lease not found") => Verdict::refused(Kind::LeaseLost),
        Code::ResourceExhausted if says("message larger than max") => Verdict::refused(Kind::TooLarge),
        // Every member is full when one is.
        Code::ResourceExhausted if says("space exceeded") => Verdict::refused(Kind::Unavailable),
        Code::ResourceExhausted => Verdict::NOT_HERE,
        Code::OutOfRange if says("has been compacted") => {
            Verdict { compacted: true, ..Verdict::refused(Kind::Unavailable) }
        }
        Code::OutOfRange if says("future revision") => Verdict::NOT_HERE,
        // Too large an answer: what was asked for may have been done.
        Code::OutOfRange => Verdict::new(Kind::Unexpected, Applied::Unknown, false),
        Code::DataLoss => Verdict::new(Kind::Corrupt, Applied::Unknown, false),
        Code::Unimplemented => Verdict::refused(Kind::Unexpected),
        Code::Unavailable if says("no leader") || says("not capable") || says("learner") => Verdict::NOT_HERE,
        Code::Unavailable if finds::<ConnectError>(status) => Verdict::NOT_HERE,
        _ => Verdict::LOST,
    }
}

/// What is written about a failure; the word of the client alone would often be "transport error".
fn in_words(status: &Status) -> String {
    let mut words = status.message().to_owned();
    if words.is_empty() {
        words = format!("{:?}", status.code());
    }
    let mut source = status.source();
    // Chains are short; a bound all the same.
    for _ in 0..16 {
        let Some(error) = source else { break };
        let text = error.to_string();
        if !words.contains(&text) && error.downcast_ref::<Status>().is_none() {
            words = format!("{words}: {text}");
        }
        source = error.source();
    }
    if status.code() == Code::ResourceExhausted && words.contains("space exceeded") {
        words.push_str("; compact and defragment etcd, then disarm its alarm");
    }
    words
}

/// True if one side does not take the certificate of the other.
fn is_distrust(error: &(dyn StdError + 'static)) -> bool {
    const SIGNS: [&str; 8] = [
        "invalid peer certificate",
        "CertificateRequired",
        "BadCertificate",
        "CertificateExpired",
        "CertificateUnknown",
        "CertificateRevoked",
        "UnknownCA",
        "DecryptError",
    ];
    chain(error).any(|error| {
        let text = error.to_string();
        SIGNS.iter().any(|sign| text.contains(sign))
    })
}

fn finds<T: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| error.downcast_ref::<T>().is_some())
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source()).take(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(code: Code, message: &str) -> Verdict {
        Fault::from(ClientError::GRpcStatus(Status::new(code, message))).verdict
    }

    /// One row per entry of the table: what is answered, what it means.
    #[test]
    fn every_answer_has_its_meaning() {
        use Applied::{No, Unknown};
        let rows = [
            (Code::PermissionDenied, "etcdserver: permission denied", Kind::Denied, No, false),
            (Code::Unauthenticated, "etcdserver: invalid auth token", Kind::Unavailable, No, false),
            (Code::InvalidArgument, "etcdserver: user name is empty", Kind::Denied, No, false),
            (
                Code::InvalidArgument,
                "etcdserver: authentication failed, invalid user ID or password",
                Kind::Denied,
                No,
                false,
            ),
            (
                Code::InvalidArgument,
                "etcdserver: revision of auth store is old",
                Kind::Unavailable,
                No,
                false,
            ),
            (Code::InvalidArgument, "etcdserver: request is too large", Kind::TooLarge, No, false),
            (
                Code::InvalidArgument,
                "etcdserver: too many operations in txn request",
                Kind::TooLarge,
                No,
                false,
            ),
            (
                Code::InvalidArgument,
                "etcdserver: duplicate key given in txn request",
                Kind::Unexpected,
                No,
                false,
            ),
            (Code::FailedPrecondition, "etcdserver: authentication is not enabled", Kind::Denied, No, false),
            (
                Code::FailedPrecondition,
                "etcdserver: rpc not supported for learner",
                Kind::Unavailable,
                No,
                true,
            ),
            (Code::Unavailable, "etcdserver: rpc not supported for learner", Kind::Unavailable, No, true),
            (Code::NotFound, "etcdserver: requested lease not found", Kind::LeaseLost, No, false),
            (
                Code::ResourceExhausted,
                "grpc: received message larger than max (3 vs. 2)",
                Kind::TooLarge,
                No,
                false,
            ),
            (
                Code::ResourceExhausted,
                "etcdserver: mvcc: database space exceeded",
                Kind::Unavailable,
                No,
                false,
            ),
            (Code::ResourceExhausted, "etcdserver: too many requests", Kind::Unavailable, No, true),
            (
                Code::OutOfRange,
                "etcdserver: mvcc: required revision is a future revision",
                Kind::Unavailable,
                No,
                true,
            ),
            (
                Code::OutOfRange,
                "Error, decoded message length too large: found 5 bytes",
                Kind::Unexpected,
                Unknown,
                false,
            ),
            (Code::Unavailable, "etcdserver: no leader", Kind::Unavailable, No, true),
            (Code::Unavailable, "etcdserver: not capable", Kind::Unavailable, No, true),
            (Code::Unavailable, "etcdserver: request timed out", Kind::Unavailable, Unknown, true),
            (Code::Unavailable, "etcdserver: leader changed", Kind::Unavailable, Unknown, true),
            (Code::Unavailable, "etcdserver: server stopped", Kind::Unavailable, Unknown, true),
            (Code::Unavailable, "keep-alive timed out", Kind::Unavailable, Unknown, true),
            (Code::Unknown, "transport error", Kind::Unavailable, Unknown, true),
            (Code::Cancelled, "operation was canceled", Kind::Unavailable, Unknown, true),
            (Code::Cancelled, "Timeout expired", Kind::Unavailable, Unknown, true),
            (Code::DeadlineExceeded, "context deadline exceeded", Kind::Unavailable, Unknown, true),
            (Code::Internal, "h2 protocol error", Kind::Unavailable, Unknown, true),
            (Code::Aborted, "", Kind::Unavailable, Unknown, true),
            (Code::DataLoss, "etcdserver: corrupt cluster", Kind::Corrupt, Unknown, false),
            (Code::Unimplemented, "unknown method", Kind::Unexpected, No, false),
            (Code::Unavailable, "invalid peer certificate: UnknownIssuer", Kind::Denied, No, false),
            (Code::Unknown, "received fatal alert: CertificateRequired", Kind::Denied, No, false),
            (Code::Unknown, "received fatal alert: CertificateExpired", Kind::Denied, No, false),
            (Code::Unknown, "received fatal alert: UnknownCA", Kind::Denied, No, false),
        ];
        for (code, message, kind, applied, elsewhere) in rows {
            assert_eq!(verdict(code, message), Verdict::new(kind, applied, elsewhere), "{code:?} {message}");
        }
        let compacted = verdict(Code::OutOfRange, "etcdserver: mvcc: required revision has been compacted");
        assert!(compacted.compacted && compacted.applied == No);
    }

    #[test]
    fn a_failed_connection_was_not_used() {
        let mut status = Status::new(Code::Unavailable, "tcp connect error");
        status.set_source(std::sync::Arc::new(ConnectError("refused".into())));
        let fault = Fault::from(ClientError::GRpcStatus(status));
        assert_eq!(fault.verdict, Verdict::NOT_HERE);
        assert!(fault.of_write().is_retryable());
    }

    #[test]
    fn what_the_client_says_has_its_meaning() {
        let rows = [
            (ClientError::LeaseKeepAliveError("lease not found".into()), Kind::LeaseLost, Applied::No),
            (ClientError::LeaseKeepAliveError("channel closed".into()), Kind::Unavailable, Applied::Unknown),
            (ClientError::WatchError("channel closed".into()), Kind::Unavailable, Applied::Unknown),
            (ClientError::IoError(std::io::Error::other("x")), Kind::Unavailable, Applied::No),
            (ClientError::InvalidArgs("x".into()), Kind::Invalid, Applied::No),
            (ClientError::Internal("x".into()), Kind::Unexpected, Applied::Unknown),
        ];
        for (error, kind, applied) in rows {
            let shown = error.to_string();
            let verdict = Fault::from(error).verdict;
            assert_eq!((verdict.kind, verdict.applied), (kind, applied), "{shown}");
        }
    }

    #[test]
    fn an_ended_watch_says_why() {
        for (reason, kind) in [
            ("etcdserver: permission denied", Kind::Denied),
            ("rpc error: code = PermissionDenied desc = etcdserver: permission denied", Kind::Denied),
            ("etcdserver: user name is empty", Kind::Denied),
            ("etcdserver: invalid auth token", Kind::Unavailable),
            ("etcdserver: revision of auth store is old", Kind::Unavailable),
            ("etcdserver: no leader", Kind::Unavailable),
            ("", Kind::Unavailable),
        ] {
            let error = Fault::canceled(reason).of_read();
            assert_eq!((error.kind(), error.applied()), (kind, Applied::No), "{reason}");
        }
    }
}
