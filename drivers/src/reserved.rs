//! Names of options that a driver keeps for itself.

use netkeep_model::Options;

use crate::{Error, Result};

/// Refuses an option whose name begins with `namespace` and is not in `known`. Options of other namespaces are
/// for others, and pass.
pub(crate) fn refuse_unknown(options: &Options, namespace: &str, known: &[&str]) -> Result<()> {
    let unknown = options
        .iter()
        .map(|(name, _)| name)
        .find(|name| name.starts_with(namespace) && !known.contains(name));
    match unknown {
        None => Ok(()),
        Some(name) if known.is_empty() => {
            Err(Error::invalid(format!("option {name:?} is not known here; none of {namespace}* are")))
        }
        Some(name) => Err(Error::invalid(format!(
            "option {name:?} is not known here; those of {namespace}* are {}",
            known.join(", ")
        ))),
    }
}
