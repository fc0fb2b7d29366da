//! The body of a create or an update.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::error::OrionError;
use crate::types::OpenStruct;

/// The fields of a create or an update.
#[derive(Debug, Clone)]
pub(super) struct ConfigurationBody<T> {
    /// Boxed, because a builder moves with each setter, and into the call.
    pub(super) fields: Box<T>,
    /// The first field that JSON cannot express, and why; reported when the call is made.
    bad_field: Option<(String, String)>,
}

impl<T: OpenStruct + Serialize> ConfigurationBody<T> {
    pub(super) fn new(fields: T) -> Self {
        Self {
            fields: Box::new(fields),
            bad_field: None,
        }
    }

    pub(super) fn extra(&mut self, json_name: &str, value: impl Serialize) {
        match serde_json::to_value(value) {
            Ok(value) => self.fields.set_field(json_name.to_owned(), value),
            Err(error) => {
                self.bad_field.get_or_insert_with(|| {
                    let reason = format!("cannot be written as JSON: {error}");
                    (json_name.to_owned(), reason)
                });
            }
        }
    }

    /// Returns the JSON, unless the agent's name is empty or null.
    pub(super) fn to_json(&self, name: Option<&str>) -> Result<Bytes, OrionError> {
        if let Some((field, reason)) = &self.bad_field {
            return Err(OrionError::invalid(field, reason));
        }
        if name.is_some_and(|name| name.trim().is_empty()) {
            return Err(OrionError::invalid("name", "must not be empty"));
        }
        if self.fields.extra_fields().get("name") == Some(&Value::Null) {
            return Err(OrionError::invalid("name", "must not be null"));
        }
        // Settings are the only values that an application gives as any type.
        serde_json::to_vec(&self.fields)
            .map(Bytes::from)
            .map_err(|error| OrionError::invalid("settings", error.to_string()))
    }
}

/// Adds the setter for fields that have no setter of their own to a builder with a `body`.
macro_rules! extra_field_setter {
    ($builder:ident) => {
        impl $builder {
            /// Sets a field by its JSON name, for fields that this version does not know.
            ///
            /// The last setter wins: the name of a known field sets that field, and its own setter
            /// replaces the value again. A value of another type than the field's is sent
            /// unchanged.
            pub fn extra(
                mut self,
                json_name: impl AsRef<str>,
                value: impl serde::Serialize,
            ) -> Self {
                self.body.extra(json_name.as_ref(), value);
                self
            }
        }
    };
}
pub(super) use extra_field_setter;
