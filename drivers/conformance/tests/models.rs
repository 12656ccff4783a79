//! The model drivers keep the contract.

use std::sync::Arc;

use netkeep_drivers_conformance::models::{
    Bridge, FakeKernel, FakePlugin, Macvlan, ModelHost, Overlay, Remote,
};

mod bridge {
    use super::{Arc, Bridge, FakeKernel, ModelHost};

    netkeep_drivers_conformance::conformance!(|| async {
        ModelHost::new(FakeKernel::new, |kernel| Arc::new(Bridge::new(kernel.clone())), Bridge::sample())
    });
}

mod shared_bridge {
    use super::{Arc, Bridge, FakeKernel, ModelHost};

    netkeep_drivers_conformance::conformance!(|| async {
        ModelHost::new(
            FakeKernel::new,
            |kernel| Arc::new(Bridge::new(kernel.clone())),
            Bridge::shared_sample(),
        )
    });
}

mod macvlan {
    use super::{Arc, FakeKernel, Macvlan, ModelHost};

    netkeep_drivers_conformance::conformance!(|| async {
        ModelHost::new(FakeKernel::new, |kernel| Arc::new(Macvlan::new(kernel.clone())), Macvlan::sample())
    });
}

mod overlay {
    use super::{Arc, FakeKernel, ModelHost, Overlay};

    netkeep_drivers_conformance::conformance!(|| async {
        ModelHost::new(FakeKernel::new, |kernel| Arc::new(Overlay::new(kernel.clone())), Overlay::sample())
    });
}

mod remote {
    use super::{Arc, FakePlugin, ModelHost, Remote};

    netkeep_drivers_conformance::conformance!(|| async {
        ModelHost::new(FakePlugin::new, |plugin| Arc::new(Remote::new(plugin.clone())), Remote::sample())
    });
}
