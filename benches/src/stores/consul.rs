//! Consul by an HTTP client alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::rival::{CONTENDED, Rival, VALUE, WATCHED, committed, entry, list, watched};

/// What our store puts into its slots, by its size.
const SLOT: &[u8] = br#"{"run":"0123456789abcdef0123456789abcdef","operation":1234567}"#;

/// The raw client.
pub(crate) struct RawConsul {
    http: reqwest::Client,
    base: String,
    /// Where our store has its entries, by their directories.
    folders: HashMap<String, String>,
    root: String,
    /// The index of the key which stands for the identity; `None` if neither it nor what else our store adds is
    /// wanted.
    identity: Option<u64>,
    lanes: Mutex<HashMap<(usize, usize), u64>>,
    /// The index after which the watch goes on.
    watch: tokio::sync::Mutex<u64>,
    /// An equal value would not move the index of its key.
    nonce: AtomicU64,
}

#[derive(Serialize)]
struct Op {
    #[serde(rename = "KV")]
    kv: Verb,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Verb {
    verb: &'static str,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    /// A nonce.
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    results: Option<Vec<Found>>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "KV")]
    kv: Row,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    key: String,
    #[serde(default)]
    value: Option<String>,
    modify_index: u64,
}

fn op(verb: &'static str, key: String) -> Op {
    Op { kv: Verb { verb, key, value: None, index: None, flags: None } }
}

fn set(key: String, value: &[u8], flags: u64, index: Option<u64>) -> Op {
    let verb = if index.is_some() { "cas" } else { "set" };
    Op { kv: Verb { verb, key, value: Some(BASE64.encode(value)), index, flags: Some(flags) } }
}

impl RawConsul {
    /// A client that sends the same requests as our store at `ours`; or with `bare` only what was asked for.
    pub(crate) async fn open(endpoint: &str, ours: &str, root: &str, bare: bool) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(96).build()?;
        let base = format!("http://{endpoint}");
        let keys: Vec<String> =
            http.get(format!("{base}/v1/kv/{ours}/k/?keys&consistent")).send().await?.json().await?;
        let mut folders = HashMap::new();
        for key in keys {
            let (folder, _) = key.rsplit_once('/').context("a key of ours has a folder")?;
            let (_, directory) = folder.rsplit_once('/').context("a folder of ours has a bucket")?;
            folders.insert(directory.to_owned(), folder.to_owned());
        }
        let mut raw = Self {
            http,
            base,
            folders,
            root: root.to_owned(),
            identity: None,
            lanes: Mutex::default(),
            watch: tokio::sync::Mutex::new(1),
            nonce: AtomicU64::new(2),
        };
        for key in [&watched(0), CONTENDED, "o/meta/store"] {
            let rows = raw.txn("/v1/txn", &[set(format!("{root}/{key}"), &VALUE, 1, None)]).await?;
            let index = rows.context("a put was refused")?.first().map(|row| row.modify_index);
            raw.identity = index.filter(|_| !bare);
        }
        Ok(raw)
    }

    /// One transaction; `None` if it was refused.
    async fn txn(&self, target: &str, ops: &[Op]) -> Result<Option<Vec<Row>>> {
        let body = serde_json::to_vec(ops)?;
        let answer = self.http.put(format!("{}{target}", self.base)).body(body).send().await?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await?;
        if status == 409 {
            return Ok(None);
        }
        ensure!(status == 200, "status {status}: {}", String::from_utf8_lossy(&body));
        let answer: Answer = serde_json::from_slice(&body)?;
        Ok(Some(answer.results.unwrap_or_default().into_iter().map(|found| found.kv).collect()))
    }

    /// Writes these keys, each as this commit left it.
    async fn write(&self, lane: (usize, usize), keys: Vec<(String, u64)>) -> Result<bool> {
        let mut ops = Vec::with_capacity(keys.len() + 4);
        let root = &self.root;
        let before =
            self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(&lane).copied().unwrap_or(0);
        let flags = before + 1;
        if let Some(identity) = self.identity {
            let slot = format!("{root}/o/slots/0123456789abcdef0123456789abcdef/{}-{}", lane.0, lane.1);
            ops.push(set(slot, SLOT, flags, Some(before)));
            let mut check = op("check-index", format!("{root}/o/meta/store"));
            check.kv.index = Some(identity);
            ops.push(check);
        }
        ops.extend(keys.into_iter().map(|(key, index)| set(key, &VALUE, flags, Some(index))));
        if self.identity.is_some() {
            ops.push(set(format!("{root}/w/v/{:02x}", lane.1), b"", flags << 8 | lane.0 as u64, None));
            ops.push(set(format!("{root}/r"), b"", flags << 8 | lane.0 as u64, None));
        }
        let Some(rows) = self.txn("/v1/txn", &ops).await? else { return Ok(false) };
        let index = rows.last().context("an answer has no rows")?.modify_index;
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).insert(lane, index);
        Ok(true)
    }

    /// What is watched, as soon as it is not of this index.
    async fn after(&self, index: u64) -> Result<reqwest::Response> {
        let target = format!("{}/v1/kv/{}/{WATCHED}/?recurse&index={index}", self.base, self.root);
        Ok(self.http.get(target).timeout(Duration::from_secs(60)).send().await?)
    }

    fn folder(&self, directory: &str) -> Result<&str> {
        self.folders.get(directory).map(String::as_str).with_context(|| format!("no folder for {directory}"))
    }

    async fn found(&self, key: String) -> Result<Row> {
        let rows = match self.identity {
            Some(_) => {
                let nothing = op("check-not-exists", format!("{}/none", self.root));
                self.txn("/v1/txn?consistent", &[nothing, op("get", key)])
                    .await?
                    .context("nothing is there")?
            }
            None => {
                let answer = self.http.get(format!("{}/v1/kv/{key}?consistent", self.base)).send().await?;
                serde_json::from_slice(&answer.bytes().await?)?
            }
        };
        rows.into_iter().next().context("nothing is there")
    }
}

#[async_trait]
impl Rival for RawConsul {
    async fn get(&self, at: usize) -> Result<()> {
        let key = entry(at);
        let (directory, leaf) = key.split_once('/').context("a key has a directory")?;
        let row = self.found(format!("{}/{leaf}", self.folder(directory)?)).await?;
        let value = BASE64.decode(row.value.unwrap_or_default().as_bytes())?;
        ensure!(value.len() == VALUE.len(), "another value is there");
        Ok(())
    }

    async fn commit(&self, lane: usize, keys: usize) -> Result<()> {
        let before = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).get(&(lane, keys)).copied();
        let key = |index| (format!("{}/{}", self.root, committed(lane, keys, index)), before.unwrap_or(0));
        let done = self.write((lane, keys), (0..keys).map(key).collect()).await?;
        ensure!(done, "a guard failed that nobody else touches");
        Ok(())
    }

    async fn list(&self, count: usize) -> Result<()> {
        let folder = self.folder(&list(count))?;
        let answer =
            self.http.get(format!("{}/v1/kv/{folder}/?recurse&consistent", self.base)).send().await?;
        let rows: Vec<Row> = serde_json::from_slice(&answer.bytes().await?)?;
        let mut bytes = 0;
        for row in &rows {
            ensure!(row.key.starts_with(folder), "a key of another folder");
            bytes += BASE64.decode(row.value.as_deref().unwrap_or_default().as_bytes())?.len();
        }
        ensure!(bytes == count * VALUE.len(), "a list has {} entries", rows.len());
        Ok(())
    }

    async fn replace_contended(&self, lane: usize) -> Result<()> {
        let key = format!("{}/{CONTENDED}", self.root);
        loop {
            let index = self.found(key.clone()).await?.modify_index;
            if self.write((lane, 0), vec![(key.clone(), index)]).await? {
                return Ok(());
            }
        }
    }

    async fn watch(&self) -> Result<()> {
        let begun = self.after(1).await?;
        *self.watch.lock().await = at(&begun)?;
        Ok(())
    }

    async fn change_watched(&self, lane: usize) -> Result<u64> {
        let key = format!("{}/{}", self.root, watched(lane));
        let put = set(key, &VALUE, self.nonce.fetch_add(1, Relaxed), None);
        let rows = self.txn("/v1/txn", &[put]).await?.context("a put was refused")?;
        Ok(rows.first().context("an answer has no rows")?.modify_index)
    }

    async fn told(&self) -> Result<u64> {
        let mut index = self.watch.lock().await;
        let told = self.after(*index).await?;
        *index = at(&told)?;
        let rows: Vec<Row> = serde_json::from_slice(&told.bytes().await?)?;
        for row in rows {
            let value = BASE64.decode(row.value.unwrap_or_default().as_bytes())?;
            ensure!(value.len() == VALUE.len(), "another value is there");
        }
        Ok(*index)
    }
}

/// Which index an answer is of.
fn at(answer: &reqwest::Response) -> Result<u64> {
    Ok(answer.headers().get("X-Consul-Index").context("no index")?.to_str()?.parse()?)
}
