//! What drivers publish to the other hosts.

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, TableKey, TableName};

/// An entry that a driver publishes in one of its tables, for as long as a join lasts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TableEntry {
    /// The table.
    pub table: TableName,
    /// The key within the table and the network.
    pub key: TableKey,
    /// What only the driver understands.
    pub value: TableValue,
}

/// The bytes of a table entry; in JSON they are base64. `Debug` shows their number only.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableValue(Vec<u8>);

impl TableValue {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for TableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TableValue({} bytes)", self.0.len())
    }
}

impl From<Vec<u8>> for TableValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for TableValue {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl TryFrom<String> for TableValue {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        match BASE64.decode(text.as_bytes()) {
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err(Error::invalid("table value", text, "a table value is written in base64, padded")),
        }
    }
}

impl From<TableValue> for String {
    fn from(value: TableValue) -> Self {
        BASE64.encode(&value.0)
    }
}
