//! What the overlay model takes down on a host, from its notes alone.

use netkeep_drivers::{Remains, RemoveError};
use netkeep_model::{LinkName, Object};

use super::Overlay;
use super::ensure::{DEVICE, LINK};
use crate::models::MARK;
use crate::models::hold::release;
use crate::models::recovery::note;

pub(super) async fn remove(driver: &Overlay, left: &Remains) -> Result<(), RemoveError> {
    let kernel = &driver.kernel;
    let removed = match left.on {
        Object::Network(network) => match note::<LinkName>(&left.notes, DEVICE) {
            Some(device) => release(kernel, &device, network).await,
            None => Ok(()),
        },
        Object::Endpoint(..) => Ok(()),
        Object::Join(..) => match note::<LinkName>(&left.notes, LINK) {
            Some(name) if kernel.link(&name).as_deref() == Some(MARK) => kernel.delete_link(&name).await,
            _ => Ok(()),
        },
    };
    removed.map_err(|error| RemoveError::Retry(error.into()))
}
