//! What an agent can do, in a character file.

use super::open_struct::open_struct;

open_struct! {
    /// What an agent can do.
    ///
    /// ```
    /// use orionos::{Action, ActionParameter};
    ///
    /// let count = Action::new("count_stock", "Count what is in store")
    ///     .examples(["How much rope is left?"])
    ///     .parameter(ActionParameter::new("item", "string").required(true));
    /// ```
    Action {
        required {
            /// Its name.
            name: String = "name",
        }
        optional {
            /// What it does.
            description: String = "description",
            /// What people say to get it done.
            examples: Vec<String> = "examples",
            /// The function that does it.
            handler: String = "handler",
            /// What it needs to know.
            parameters: Vec<ActionParameter> = "parameters",
        }
    }
}

impl Action {
    /// An action without examples, handler or parameters.
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: Some(description.into()),
            examples: None,
            handler: None,
            parameters: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Sets `examples`.
    #[must_use]
    pub fn examples<S: Into<String>>(mut self, examples: impl IntoIterator<Item = S>) -> Self {
        self.examples = Some(examples.into_iter().map(Into::into).collect());
        self
    }

    /// Sets `handler`.
    #[must_use]
    pub fn handler(mut self, handler: impl Into<String>) -> Self {
        self.handler = Some(handler.into());
        self
    }

    /// Adds one of `parameters`.
    #[must_use]
    pub fn parameter(mut self, parameter: ActionParameter) -> Self {
        self.parameters.get_or_insert_default().push(parameter);
        self
    }
}

open_struct! {
    /// What an action needs to know.
    ActionParameter {
        required {
            /// Its name.
            name: String = "name",
        }
        optional {
            /// Its type: string, number, …
            kind: String = "type",
            /// What it is.
            description: String = "description",
            /// Whether the action needs it.
            required: bool = "required",
        }
    }
}

impl ActionParameter {
    /// A parameter of a type, such as `string`.
    #[must_use]
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: Some(kind.into()),
            description: None,
            required: None,
            extra: serde_json::Map::new(),
        }
    }

    /// Sets `description`.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets `required`.
    #[must_use]
    pub fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self
    }
}
