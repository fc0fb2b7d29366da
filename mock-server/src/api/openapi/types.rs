//! The schemas of Rust types.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// Collects the schemas of types.
pub(crate) struct Types(SchemaGenerator);

impl Types {
    /// For types that are sent: a field that may be left out is not required.
    pub(crate) fn new() -> Self {
        Self::with(SchemaSettings::draft2020_12().for_serialize())
    }

    /// For types that are received: a field with a default is not required.
    pub(crate) fn for_requests() -> Self {
        Self::with(SchemaSettings::draft2020_12())
    }

    fn with(settings: SchemaSettings) -> Self {
        let settings = settings
            .with(|settings| settings.definitions_path = "/components/schemas".into())
            .with_transform(RecursiveTransform(bound_integers));
        Self(settings.into_generator())
    }

    /// Returns a reference to the schema of a type.
    pub(crate) fn reference<T: JsonSchema>(&mut self) -> Value {
        Schema::into(self.0.subschema_for::<T>())
    }

    /// Returns the schemas of all types that were referred to.
    pub(crate) fn schemas(mut self) -> Map<String, Value> {
        self.0.take_definitions(true)
    }
}

/// Adds the bounds of integer formats, because tools do not know formats such as `uint16`.
fn bound_integers(schema: &mut Schema) {
    let most = match schema.get("format").and_then(Value::as_str) {
        Some("uint16") => u64::from(u16::MAX),
        Some("uint64") => u64::MAX,
        Some("uint") => usize::MAX as u64,
        _ => return,
    };
    if schema.get("maximum").is_none() {
        schema.insert("maximum".into(), most.into());
    }
}

/// Returns a reference to a schema of this name.
pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
