//! Names: texts with a rule.

mod kinds;
mod names;
mod text;

pub use kinds::{Class, DriverKind, IpamKind, LinkName, Space, TableName};
pub use names::{BootId, ContainerId, EndpointName, ForeignId, NetworkName, ServiceId, TableKey};
use text::text_type;
