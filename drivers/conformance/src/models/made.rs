//! What one call has made so far.

use std::net::IpAddr;

use netkeep_drivers::{EnsureError, Error};
use netkeep_model::{Claim, LinkName, Protocol};

use super::{FakeKernel, KernelError, MARK};

/// What one call of `ensure_*` has made so far, so that a driver that refuses leaves nothing. What was there
/// before the call stays.
#[derive(Debug, Default)]
pub(super) struct Made {
    links: Vec<LinkName>,
    listeners: Vec<(Protocol, IpAddr, u16)>,
}

impl Made {
    /// Makes an interface unless it is there.
    pub(super) async fn link(
        &mut self,
        kernel: &FakeKernel,
        name: &LinkName,
        on: Option<&LinkName>,
    ) -> Result<(), KernelError> {
        match kernel.link(name).as_deref() {
            Some(MARK) => Ok(()),
            Some(_) => Err(KernelError::Exists),
            None => {
                kernel.add_link(name, MARK, on).await?;
                self.links.push(name.clone());
                Ok(())
            }
        }
    }

    /// Listens on a port unless it does.
    pub(super) async fn listener(
        &mut self,
        kernel: &FakeKernel,
        (protocol, ip, port): (Protocol, IpAddr, u16),
    ) -> Result<(), EnsureError> {
        if kernel.listener(protocol, ip, port).as_deref() == Some(MARK) {
            return Ok(());
        }
        match kernel.listen(protocol, ip, port, MARK).await {
            Ok(()) => {
                self.listeners.push((protocol, ip, port));
                Ok(())
            }
            Err(KernelError::Exists) => {
                let claim = Claim::Ports { protocol, ip, from: port, to: port };
                Err(EnsureError::Taken(claim, KernelError::Exists.into()))
            }
            Err(error) => Err(EnsureError::Unknown(error.into())),
        }
    }

    /// Answers with `error`, and takes back what was made if the error says that nothing is left. If that fails,
    /// nobody knows.
    pub(super) async fn undo(self, kernel: &FakeKernel, error: EnsureError) -> EnsureError {
        if let EnsureError::Unknown(_) = error {
            return error;
        }
        let mut failed = false;
        for (protocol, ip, port) in self.listeners {
            failed |= kernel.close(protocol, ip, port).await.is_err();
        }
        for name in self.links {
            failed |= kernel.delete_link(&name).await.is_err();
        }
        if failed { EnsureError::Unknown(Error::from(KernelError::NoAnswer)) } else { error }
    }
}

/// What a failed change of an interface means for the whole call: something of that name that is a stranger's is
/// refused, everything else leaves open what was done.
pub(super) fn link_failed(error: KernelError) -> EnsureError {
    match error {
        KernelError::Exists => EnsureError::Refused(error.into()),
        KernelError::NotFound | KernelError::NoAnswer => EnsureError::Unknown(error.into()),
    }
}
