//! How a request differs from a pattern.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// A field that differs from the expected value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Difference {
    /// The field, such as `status`, `header accept` or `body.name`.
    pub(crate) field: String,
    /// The expected value as text.
    pub(crate) expected: String,
    /// The found value as text.
    pub(crate) found: String,
}

impl Difference {
    pub(crate) fn new(
        field: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            expected: expected.into(),
            found: found.into(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            expected,
            found,
        } = self;
        write!(f, "{field}: expected {expected}, found {found}")
    }
}
