//! Which fields a stored form leaves out.

/// Whether a field has its default, and so need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
