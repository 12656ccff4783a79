//! What goes over the wire.

use std::borrow::Cow;

use data_encoding::BASE64;
use netkeep_store::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

/// One operation of a transaction.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Op {
    #[serde(rename = "KV")]
    kv: Verb,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Verb {
    verb: &'static str,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
}

impl Op {
    fn new(verb: &'static str, key: String) -> Self {
        Self { kv: Verb { verb, key, value: None, flags: None, index: None, session: None } }
    }

    /// Reads one key; fails if it is absent.
    pub(crate) fn get(key: String) -> Self {
        Self::new("get", key)
    }

    /// Reads every key that begins so.
    pub(crate) fn get_tree(key: String) -> Self {
        Self::new("get-tree", key)
    }

    /// Fails if the key is there.
    pub(crate) fn check_absent(key: String) -> Self {
        Self::new("check-not-exists", key)
    }

    /// Fails if the key is absent, or was written last by another commit.
    pub(crate) fn check_index(key: String, index: u64) -> Self {
        Self::new("check-index", key).index(index)
    }

    /// Writes a key.
    pub(crate) fn set(key: String, value: &[u8]) -> Self {
        Self::new("set", key).value(value)
    }

    /// Writes a key if this commit has written it last; if it is absent where the index is 0.
    pub(crate) fn cas(key: String, value: &[u8], index: u64) -> Self {
        Self::new("cas", key).value(value).index(index)
    }

    /// Writes a key that goes with a session; fails if it goes with another.
    pub(crate) fn lock(key: String, value: &[u8], session: &str) -> Self {
        let mut op = Self::new("lock", key).value(value);
        op.kv.session = Some(session.to_owned());
        op
    }

    pub(crate) fn delete(key: String) -> Self {
        Self::new("delete", key)
    }

    /// Deletes a key if this commit has written it last. That it is absent is no failure.
    pub(crate) fn delete_cas(key: String, index: u64) -> Self {
        Self::new("delete-cas", key).index(index)
    }

    fn value(mut self, value: &[u8]) -> Self {
        self.kv.value = Some(BASE64.encode(value));
        // A put of what is there already moves no index, unless something differs.
        self.kv.flags = Some(rand::random());
        self
    }

    fn index(mut self, index: u64) -> Self {
        self.kv.index = Some(index);
        self
    }
}

/// The answer to a transaction, of one that failed too.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TxnAnswer<'a> {
    #[serde(borrow, default)]
    results: Option<Vec<TxnResult<'a>>>,
    #[serde(default)]
    errors: Option<Vec<TxnError>>,
}

#[derive(Debug, Deserialize)]
struct TxnResult<'a> {
    #[serde(rename = "KV", borrow)]
    kv: Row<'a>,
}

/// Why one operation failed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TxnError {
    pub(crate) op_index: usize,
    pub(crate) what: String,
}

/// One key as the server has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Row<'a> {
    #[serde(borrow)]
    pub(crate) key: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Option<Cow<'a, str>>,
    pub(crate) modify_index: u64,
    #[serde(borrow, default)]
    pub(crate) session: Option<Cow<'a, str>>,
}

impl<'a> TxnAnswer<'a> {
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self> {
        parse(body)
    }

    pub(crate) fn rows(self) -> Vec<Row<'a>> {
        self.results.unwrap_or_default().into_iter().map(|result| result.kv).collect()
    }

    pub(crate) fn errors(self) -> Vec<TxnError> {
        self.errors.unwrap_or_default()
    }
}

impl Row<'_> {
    pub(crate) fn value(&self) -> Result<Vec<u8>> {
        let Some(text) = &self.value else { return Ok(Vec::new()) };
        BASE64.decode(text.as_bytes()).map_err(|error| {
            Error::new(Kind::Unexpected, "the server's answer holds no base64 where a value is")
                .with_source(error)
        })
    }
}

/// The name of a session, or of many.
#[derive(Debug, Deserialize)]
pub(crate) struct SessionId {
    #[serde(rename = "ID")]
    pub(crate) id: String,
}

/// What an agent says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Agent {
    pub(crate) config: AgentConfig,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AgentConfig {
    pub(crate) version: String,
}

/// Takes an answer apart.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        Error::new(Kind::Unexpected, "the server's answer is not what Consul answers").with_source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_say_just_what_they_need() {
        let json = |op: Op| serde_json::to_value(op).unwrap()["KV"].clone();
        let cas = json(Op::cas("a".into(), b"\xff", 0));
        assert_eq!((&cas["Verb"], &cas["Value"], &cas["Index"]), (&"cas".into(), &"/w==".into(), &0.into()));
        assert_ne!(cas["Flags"], json(Op::cas("a".into(), b"\xff", 0))["Flags"], "equal puts must differ");
        let delete = json(Op::delete("a".into()));
        assert_eq!(delete.as_object().unwrap().len(), 2);
        assert_eq!(json(Op::lock("a".into(), b"", "s"))["Session"], "s");
    }

    #[test]
    fn an_answer_has_rows_or_errors() {
        let body = br#"{"Results":[{"KV":{"LockIndex":0,"Key":"a\u00e9","Flags":18446744073709551615,"Value":null,
            "CreateIndex":8,"ModifyIndex":9}},{"KV":{"Key":"b","Value":"YQ==","ModifyIndex":3,"Session":"s"}}],
            "Errors":null,"Index":0}"#;
        let rows = TxnAnswer::parse(body).unwrap().rows();
        assert_eq!((rows[0].key.as_ref(), rows[0].modify_index), ("aé", 9));
        assert_eq!((rows[0].value().unwrap(), rows[1].value().unwrap()), (vec![], b"a".to_vec()));
        assert_eq!(rows[1].session.as_deref(), Some("s"));
        let body = br#"{"Results":null,"Errors":[{"OpIndex":2,"What":"failed"}]}"#;
        let errors = TxnAnswer::parse(body).unwrap().errors();
        assert_eq!((errors[0].op_index, errors[0].what.as_str()), (2, "failed"));
        assert_eq!(TxnAnswer::parse(b"<html>").unwrap_err().kind(), Kind::Unexpected);
    }
}
