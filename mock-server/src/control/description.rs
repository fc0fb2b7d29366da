//! What the OpenAPI document says about an endpoint.

use schemars::JsonSchema;
use serde_json::{Value, json};

use crate::api::openapi::types::Types;

/// Returns a part of the document.
pub(crate) type Describe = fn(&mut Types) -> Value;

/// Describes an endpoint.
pub(crate) struct Description {
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    /// The parameters that the query may have.
    pub(crate) parameters: &'static [Parameter],
    pub(crate) body: Option<RequestBody>,
    /// The content of the response, by its type.
    pub(crate) content: Describe,
    /// The statuses of failures, except 401.
    pub(crate) failures: &'static [&'static str],
}

/// A parameter of a query.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) is_required: bool,
    pub(crate) schema: Describe,
}

/// The JSON body of a request.
pub(crate) struct RequestBody {
    pub(crate) schema: Describe,
    /// An example in JSON.
    pub(crate) example: &'static str,
}

impl Description {
    pub(crate) const fn new(id: &'static str, summary: &'static str, content: Describe) -> Self {
        Self {
            id,
            summary,
            parameters: &[],
            body: None,
            content,
            failures: &["400"],
        }
    }

    /// Adds a request body.
    pub(crate) const fn with(mut self, schema: Describe, example: &'static str) -> Self {
        self.body = Some(RequestBody { schema, example });
        self.failures = &["400", "415"];
        self
    }

    /// Adds the parameters of the query.
    pub(crate) const fn filtered(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// Replaces the statuses of failures.
    pub(crate) const fn failing(mut self, failures: &'static [&'static str]) -> Self {
        self.failures = failures;
        self
    }
}

impl Parameter {
    pub(crate) const fn new(name: &'static str, schema: Describe) -> Self {
        Self {
            name,
            is_required: false,
            schema,
        }
    }

    pub(crate) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}

/// Returns the content of a JSON response of this type.
pub(crate) fn content<T: JsonSchema>(types: &mut Types) -> Value {
    json_content(&types.reference::<T>())
}

/// Returns the content of a JSON response.
pub(crate) fn json_content(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

pub(crate) fn text(_: &mut Types) -> Value {
    json!({"type": "string"})
}

pub(crate) fn flag(_: &mut Types) -> Value {
    json!({"type": "boolean"})
}

/// Describes a number from 0.
pub(crate) fn number(_: &mut Types) -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": i64::MAX})
}
