//! The Docker Engine: whether it answers, what it still holds of tests that died.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use testcontainers::bollard::Docker;
use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder,
};
use testcontainers::core::client::docker_client_instance;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::owner::{self, Owner};
use crate::{Error, Family, Result};

/// How long the engine may take to say that it is there.
const LIMIT: Duration = Duration::from_secs(10);

/// The label that names the owner.
const OWNER: &str = "netkeep-testcontainers.owner";

/// The engine, found once; it is asked on the keeper's runtime only, to which its connections belong.
pub(crate) async fn engine() -> Result<Docker> {
    static ENGINE: OnceCell<Docker> = OnceCell::const_new();
    let connect = || async {
        let engine =
            docker_client_instance().await.map_err(|error| Error::failed("no Docker Engine", error))?;
        match timeout(LIMIT, engine.ping()).await {
            Ok(Ok(_)) => Ok(engine),
            Ok(Err(error)) => Err(Error::failed("no Docker Engine", error)),
            Err(_) => {
                Err(Error::failed("no Docker Engine", format!("no answer within {} s", LIMIT.as_secs())))
            }
        }
    };
    ENGINE.get_or_try_init(connect).await.cloned()
}

/// Whether the engine answers and has the image, or may pull it. If not, the text says what is missing.
pub(crate) async fn check(family: Family) -> Result<(), String> {
    let image = family.image(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let image = image.map_err(|error| error.to_string())?;
    let engine = engine().await.map_err(|error| error.to_string())?;
    if image.pull || engine.inspect_image(&image.to_string()).await.is_ok() {
        return Ok(());
    }
    Err(format!("the Docker Engine has no image {image}"))
}

/// What every container and network of this process is marked with.
pub(crate) fn labels() -> HashMap<String, String> {
    [(OWNER.to_owned(), Owner::this().word())].into()
}

/// Removes the containers and networks whose owners are gone, once per process.
pub(crate) async fn reap() {
    static REAPED: OnceCell<()> = OnceCell::const_new();
    REAPED.get_or_init(|| async { try_reap().await.unwrap_or_default() }).await;
}

async fn try_reap() -> Result<()> {
    let failed = |error| Error::failed("cannot list what earlier tests left", error);
    let engine = engine().await?;
    let ours: HashMap<&str, Vec<&str>> = [("label", vec![OWNER])].into();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let all = ListContainersOptionsBuilder::new().all(true).filters(&ours).build();
    for container in engine.list_containers(Some(all)).await.map_err(failed)? {
        let age = container.created.and_then(|time| u64::try_from(time).ok());
        let age = age.map(|time| now.saturating_sub(Duration::from_secs(time)));
        let owner = container.labels.as_ref().and_then(|labels| labels.get(OWNER));
        if let (Some(owner), Some(id)) = (owner, container.id.as_deref())
            && owner::is_abandoned(owner, age)
        {
            remove_container(&engine, id).await?;
        }
    }
    let all = ListNetworksOptionsBuilder::new().filters(&ours).build();
    for network in engine.list_networks(Some(all)).await.map_err(failed)? {
        let owner = network.labels.as_ref().and_then(|labels| labels.get(OWNER));
        if let (Some(owner), Some(id)) = (owner, network.id.as_deref())
            && owner::is_abandoned(owner, None)
        {
            // Another process may have been faster.
            let _ = engine.remove_network(id).await;
        }
    }
    Ok(())
}

/// Removes a container and what it keeps, if it is there.
pub(crate) async fn remove_container(engine: &Docker, id: &str) -> Result<()> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match engine.remove_container(id, Some(options)).await {
        Ok(()) => Ok(()),
        Err(error) if is_status(&error, 404) => Ok(()),
        // Somebody else is at it already.
        Err(error) if is_status(&error, 409) => Ok(()),
        Err(error) => Err(Error::failed(format!("cannot remove container {id}"), error)),
    }
}

/// Whether the engine answered with that status.
pub(crate) fn is_status(error: &testcontainers::bollard::errors::Error, status: u16) -> bool {
    use testcontainers::bollard::errors::Error::DockerResponseServerError;
    matches!(error, DockerResponseServerError { status_code, .. } if *status_code == status)
}
