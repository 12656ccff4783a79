//! Which fields a stored form leaves out.

/// Whether a field has its default, and so need not be written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether a field whose default is `true` has it.
pub(crate) fn is_true(value: &bool) -> bool {
    *value
}

/// The default of a field that is `true` unless it says otherwise.
pub(crate) fn yes() -> bool {
    true
}
