//! A secret that is planted where people put theirs.

/// No message may show it.
pub(crate) const SECRET: &str = "hunter2hunter2";

/// Panics if `message` shows the planted secret.
pub(crate) fn assert_hidden(message: &str) {
    assert!(!message.contains(SECRET), "the secret is shown: {message}");
}
