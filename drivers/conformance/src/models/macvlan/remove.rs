//! What the macvlan model takes down, from its notes alone.

use netkeep_drivers::{Remains, RemoveError};
use netkeep_model::{LinkName, Object};

use super::Macvlan;
use super::ensure::{LINK, PARENT};
use crate::models::MARK;
use crate::models::hold::release;
use crate::models::recovery::note;

pub(super) async fn remove(driver: &Macvlan, left: &Remains) -> Result<(), RemoveError> {
    let kernel = &driver.kernel;
    let removed = match left.on {
        Object::Network(network) => match note::<LinkName>(&left.notes, PARENT) {
            None => Ok(()),
            Some(parent) => {
                let _alone = driver.holding.lock().await;
                release(kernel, &parent, network).await
            }
        },
        Object::Endpoint(..) => Ok(()),
        Object::Join(..) => match note::<LinkName>(&left.notes, LINK) {
            Some(name) if kernel.link(&name).as_deref() == Some(MARK) => kernel.delete_link(&name).await,
            _ => Ok(()),
        },
    };
    removed.map_err(|error| RemoveError::Retry(error.into()))
}
