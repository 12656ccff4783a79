//! Interfaces that several networks use.

use netkeep_model::{LinkName, NetworkId};

use super::{FakeKernel, KernelError, MARK};

/// Uses an interface on behalf of a network, and makes it if it is not there.
///
/// The users stand on the interface itself, as further names: a driver that has just started, and is told to
/// remove one network, must not have to know the others. Two calls at once are kept apart by the driver.
pub(super) async fn hold(kernel: &FakeKernel, name: &LinkName, user: NetworkId) -> Result<(), KernelError> {
    if kernel.link(name).is_none() {
        kernel.add_link(name, MARK, None).await?;
    }
    kernel.add_alias(name, &alias(user)).await
}

/// Stops using an interface; the last one deletes it, if it was made here.
pub(super) async fn release(
    kernel: &FakeKernel,
    name: &LinkName,
    user: NetworkId,
) -> Result<(), KernelError> {
    kernel.delete_alias(name, &alias(user)).await?;
    if kernel.link(name).as_deref() == Some(MARK) && !kernel.has_alias(name) {
        kernel.delete_link(name).await?;
    }
    Ok(())
}

/// What an interface is called on behalf of a network that uses it.
pub(crate) fn alias(user: NetworkId) -> String {
    format!("nk-{}", user.short())
}
