//! Making what nodes lie in.

use netkeep_store::remote::Room;
use netkeep_store::{Error, Kind, Result};
use zookeeper_client::{Client, CreateMode, Error as Zk, MultiWriteError};

use crate::error::{no_answer, reading};
use crate::layout::Bucket;
use crate::link::Link;

impl Link {
    /// Makes the skeleton of a store, if it is not there. Repeating it does no harm.
    pub(crate) async fn prepare(&self, client: &Client) -> Result<()> {
        for path in self.layout.ancestors() {
            self.make(client, path, CreateMode::Persistent).await?;
        }
        let making = self.door.making(CreateMode::Persistent);
        let mut writer = client.new_multi_writer();
        let fixed = [
            self.layout.room(Room::Entries),
            self.layout.room(Room::Own),
            self.layout.generations(),
            self.layout.mark(),
        ];
        let generations = Bucket::all().map(|bucket| self.layout.generation(bucket));
        for path in fixed.into_iter().chain(generations) {
            writer.add_create(&path, b"", &making).map_err(reading)?;
        }
        let within = self.door.request_timeout();
        match tokio::time::timeout(within, writer.commit()).await {
            Err(_) => Err(no_answer(within)),
            Ok(Ok(_)) => Ok(()),
            // All of it comes at once, so all of it is there.
            Ok(Err(MultiWriteError::OperationFailed { index: 0, source: Zk::NodeExists })) => Ok(()),
            Ok(Err(MultiWriteError::OperationFailed { source: Zk::NodeExists, .. })) => Err(Error::new(
                Kind::Corrupt,
                format!("{} is there in part, and was not made so", self.layout.room(Room::Entries)),
            )),
            // Nothing of a transaction was sent, so nothing of it is unknown.
            Ok(Err(error)) => Err(reading(error.into())),
        }
    }

    /// Makes a directory, which the servers remove some time after it has become empty.
    pub(crate) async fn make_directory(&self, client: &Client, path: &str) -> Result<()> {
        self.make(client, path, CreateMode::Container).await
    }

    async fn make(&self, client: &Client, path: &str, mode: CreateMode) -> Result<()> {
        let within = self.door.request_timeout();
        match tokio::time::timeout(within, client.create(path, b"", &self.door.making(mode))).await {
            Err(_) => Err(no_answer(within)),
            Ok(Ok(_) | Err(Zk::NodeExists)) => Ok(()),
            // Nothing of the store depends on it, so it does not matter whether it has happened.
            Ok(Err(error)) => Err(reading(error)),
        }
    }
}
