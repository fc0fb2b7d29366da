//! Lists of strings in setters.

/// Collects a list of strings for a setter that takes anything that converts to strings.
pub(super) fn strings<S: Into<String>>(values: impl IntoIterator<Item = S>) -> Vec<String> {
    values.into_iter().map(Into::into).collect()
}
