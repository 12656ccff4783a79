//! What the servers and the client say, in the words of the contract.

use std::time::Duration;

use netkeep_store::{Error, Kind};
use zookeeper_client::Error as Zk;

/// What kind of failure this is, and whether the server has certainly refused it, so that a write did not happen.
fn judge(error: &Zk) -> (Kind, bool) {
    match error {
        // An ACL for the creator, who is nobody.
        Zk::NoAuth | Zk::InvalidAcl => (Kind::Denied, true),
        // Ends the session, and with it whatever else was under way.
        Zk::AuthFailed => (Kind::Denied, false),
        Zk::NoHosts | Zk::Timeout | Zk::Throttled | Zk::NotReadOnly | Zk::QuotaExceeded => {
            (Kind::Unavailable, true)
        }
        Zk::ConnectionLoss
        | Zk::Custom(_)
        | Zk::SessionExpired
        | Zk::SessionMoved
        | Zk::ClientClosed
        // What the client answers for a request that it has dropped while it connected.
        | Zk::UnexpectedError(_) => (Kind::Unavailable, false),
        Zk::BadArguments(_)
        | Zk::NoNode
        | Zk::NodeExists
        | Zk::BadVersion
        | Zk::NotEmpty
        | Zk::NoChildrenForEphemerals
        | Zk::NoWatcher
        | Zk::MarshallingError
        | Zk::Unimplemented
        | Zk::ReconfigDisabled => (Kind::Unexpected, true),
        // Codes that the client does not know, answers that it cannot read, and whatever a later one brings.
        _ => (Kind::Unexpected, false),
    }
}

/// The error of a request that was to read.
pub(crate) fn reading(error: Zk) -> Error {
    let (kind, _) = judge(&error);
    named(kind, error)
}

/// The error of a request that was to write, and was sent.
pub(crate) fn writing(error: Zk) -> Error {
    let (kind, refused) = judge(&error);
    let error = named(kind, error);
    if refused { error } else { error.with_unknown_outcome() }
}

/// The error of an attempt to connect: nothing was sent.
pub(crate) fn connecting(error: Zk, address: &str) -> Error {
    let (kind, _) = judge(&error);
    named(kind, error).with_context("server", address)
}

fn named(kind: Kind, error: Zk) -> Error {
    let message = match (&error, kind) {
        (Zk::NoAuth, _) => {
            "the servers refuse access to these nodes (their ACL names others than this client); give the credentials \
             with which they were made, or have the ACL changed"
        }
        (Zk::InvalidAcl, _) => {
            "the nodes are to be their creator's alone, and this client has not said who it is; give credentials"
        }
        (Zk::AuthFailed, _) => "the servers refuse this client's credentials; mend user name or password",
        (Zk::QuotaExceeded, _) => "the quota of these nodes is used up; raise it or delete something",
        (Zk::NotReadOnly, _) => "the server has lost the others and takes no writes",
        (Zk::Throttled, _) => "the server takes no more requests for now",
        (Zk::NoHosts | Zk::Timeout, _) => "no server answers",
        (Zk::Unimplemented, _) => "the server is too old; ZooKeeper 3.9 or newer is needed",
        (_, Kind::Unavailable) => "the connection to the server was lost",
        _ => "the server answered what it should not",
    };
    Error::new(kind, message).with_source(error)
}

/// Nothing came in time.
pub(crate) fn no_answer(after: Duration) -> Error {
    Error::new(Kind::Unavailable, "the server did not answer in time")
        .with_context("after", format!("{after:?}"))
}

/// The handle was closed.
pub(crate) fn closed() -> Error {
    Error::closed("the store was closed")
}

#[cfg(test)]
mod tests {
    use netkeep_store::Applied;

    use super::*;

    #[test]
    fn each_error_says_what_to_do_and_whether_it_may_have_happened() {
        use Applied::{No, Unknown};
        use Kind::{Denied, Unavailable, Unexpected};
        for (error, kind, applied) in [
            (Zk::NoAuth, Denied, No),
            (Zk::AuthFailed, Denied, Unknown),
            (Zk::NoHosts, Unavailable, No),
            (Zk::Timeout, Unavailable, No),
            (Zk::Throttled, Unavailable, No),
            (Zk::NotReadOnly, Unavailable, No),
            (Zk::QuotaExceeded, Unavailable, No),
            (Zk::ConnectionLoss, Unavailable, Unknown),
            (Zk::SessionExpired, Unavailable, Unknown),
            (Zk::SessionMoved, Unavailable, Unknown),
            (Zk::ClientClosed, Unavailable, Unknown),
            (Zk::UnexpectedError("x".into()), Unavailable, Unknown),
            (Zk::BadArguments(&"x"), Unexpected, No),
            (Zk::NoNode, Unexpected, No),
            (Zk::NodeExists, Unexpected, No),
            (Zk::BadVersion, Unexpected, No),
            (Zk::NotEmpty, Unexpected, No),
            (Zk::NoChildrenForEphemerals, Unexpected, No),
            (Zk::InvalidAcl, Denied, No),
            (Zk::NoWatcher, Unexpected, No),
            (Zk::MarshallingError, Unexpected, No),
            (Zk::Unimplemented, Unexpected, No),
            (Zk::ReconfigDisabled, Unexpected, No),
            (Zk::UnexpectedErrorCode(-1), Unexpected, Unknown),
            (Zk::UnmarshalError { entity: "x", reason: &"y" }, Unexpected, Unknown),
            (Zk::RuntimeInconsistent, Unexpected, Unknown),
        ] {
            let told = writing(error.clone());
            assert_eq!((told.kind(), told.applied()), (kind, applied), "{error:?}");
            let told = reading(error.clone());
            assert_eq!((told.kind(), told.applied()), (kind, No), "{error:?}");
        }
    }

    #[test]
    fn an_error_of_connecting_names_the_server() {
        let error = connecting(Zk::NoHosts, "h:1");
        assert!(error.is_retryable());
        assert_eq!(error.to_string(), "no server answers (server: h:1)");
    }
}
