//! Changing a store by hand.

use netkeep_store::{Key, Txn};
use serde_json::{Value, json};

use super::Site;

impl Site {
    /// Writes a record of this kind.
    pub(crate) async fn put(&self, key: &str, kind: &str, record: Value) {
        let stored = json!({"kind": kind, "version": 1, "record": record}).to_string();
        self.store.commit(&Txn::new().put(Key::parse(key).unwrap(), stored)).await.unwrap();
    }

    /// Removes a record.
    pub(crate) async fn delete(&self, key: &str) {
        let found = self.store.get(&Key::parse(key).unwrap()).await.unwrap();
        assert!(found.is_some(), "{key} is not there");
        self.store.commit(&Txn::new().delete(Key::parse(key).unwrap())).await.unwrap();
    }

    /// The fields of a record.
    pub(crate) async fn record(&self, key: &str) -> Value {
        let entry = self.store.get(&Key::parse(key).unwrap()).await.unwrap();
        let entry = entry.unwrap_or_else(|| panic!("{key} is not there"));
        let mut stored: Value = serde_json::from_slice(&entry.value).unwrap();
        stored["record"].take()
    }

    /// Changes a record.
    pub(crate) async fn edit(&self, key: &str, kind: &str, change: impl FnOnce(&mut Value)) {
        let mut record = self.record(key).await;
        change(&mut record);
        self.put(key, kind, record).await;
    }
}
