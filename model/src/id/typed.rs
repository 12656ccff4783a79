//! Ids of one kind of thing each.

use std::fmt;
use std::str::FromStr;

use netkeep_store::Segment;
use netkeep_store::datastore::RecordId;
use serde::{Deserialize, Serialize};

use super::Id;
use crate::{Error, Result};

/// What all typed ids can do; lets code such as [`IdPrefix`](crate::IdPrefix) work with any of them.
pub trait TypedId: Copy + Ord + fmt::Debug + fmt::Display {
    /// The bits.
    fn id(self) -> Id;
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Id);

        impl $name {
            /// A new id of the present time.
            pub fn generate() -> Self {
                Self(Id::generate())
            }

            /// The first 12 characters of the text form, which is what lists show.
            pub fn short(self) -> String {
                self.0.short()
            }

            /// The segment of a key that stands for this id: its key form.
            pub fn segment(self) -> Segment {
                Segment::escape(&self.0.key_form())
            }

            /// The id that this segment of a key stands for; `None` if it stands for none.
            pub fn from_segment(segment: &Segment) -> Option<Self> {
                Id::from_key_form(segment.as_str()).ok().map(Self)
            }
        }

        impl TypedId for $name {
            fn id(self) -> Id {
                self.0
            }
        }

        impl RecordId for $name {
            fn segments(&self) -> Vec<Segment> {
                vec![self.segment()]
            }

            fn from_segments(segments: &[Segment]) -> Option<Self> {
                match segments {
                    [segment] => Self::from_segment(segment),
                    _ => None,
                }
            }
        }

        impl From<Id> for $name {
            fn from(id: Id) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Id {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

typed_ids! {
    /// Names a network.
    NetworkId;
    /// Names an endpoint.
    EndpointId;
    /// Names a sandbox.
    SandboxId;
    /// Names a host, for as long as its local store lives.
    HostId;
    /// Names one run of one operation.
    OperationId;
    /// Names a request of a client; a creation that carries it gives its bits to what it creates.
    RequestId;
    /// Names this host as a client of the global store, across restarts; its outcome slots bear it.
    ClientId;
}
