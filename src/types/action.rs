//! What an agent can do besides talking.

use super::open_struct::{extra_setter, open_struct};
use super::strings::strings;

open_struct! {
    /// Something that an agent can do, as a character file describes it.
    ///
    /// ```
    /// use orionos::{Action, ActionParameter};
    ///
    /// let action = Action::new("count_stock", "Count what is in store")
    ///     .example("How much rope is left?")
    ///     .handler("countStock")
    ///     .parameter(ActionParameter::new("item", "string").required(true));
    /// assert_eq!(action.parameters.unwrap().len(), 1);
    /// ```
    #[must_use = "a setter returns the changed value"]
    pub struct Action {
        required {
            /// The name of the action.
            name: String = "name",
        }
        optional {
            /// What the action does.
            description: String = "description",
            /// Messages that should start it.
            examples: Vec<String> = "examples",
            /// The function that performs it.
            handler: String = "handler",
            /// The values that the action needs.
            parameters: Vec<ActionParameter> = "parameters",
        }
    }
}

extra_setter!(Action);

impl Action {
    /// Returns an action without examples, handler and parameters.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        let mut action = Self::with_required(name.into());
        action.description = Some(description.into());
        action
    }

    /// Adds a message that should start it.
    pub fn example(mut self, example: impl Into<String>) -> Self {
        self.examples.get_or_insert_default().push(example.into());
        self
    }

    /// Sets the messages that should start it, replacing any added before.
    pub fn examples<S: Into<String>>(mut self, examples: impl IntoIterator<Item = S>) -> Self {
        self.examples = Some(strings(examples));
        self
    }

    /// Sets the function that performs it.
    pub fn handler(mut self, handler: impl Into<String>) -> Self {
        self.handler = Some(handler.into());
        self
    }

    /// Adds a parameter.
    pub fn parameter(mut self, parameter: ActionParameter) -> Self {
        self.parameters.get_or_insert_default().push(parameter);
        self
    }

    /// Sets the parameters, replacing any added before.
    pub fn parameters(mut self, parameters: impl IntoIterator<Item = ActionParameter>) -> Self {
        self.parameters = Some(parameters.into_iter().collect());
        self
    }
}

open_struct! {
    /// A value that an [`Action`] needs.
    ///
    /// ```
    /// use orionos::ActionParameter;
    ///
    /// let parameter = ActionParameter::new("item", "string")
    ///     .description("What to count")
    ///     .required(true);
    /// assert_eq!(parameter.kind, "string");
    /// ```
    #[must_use = "a setter returns the changed value"]
    pub struct ActionParameter {
        required {
            /// The name of the parameter.
            name: String = "name",
            /// The type of its value, such as `string`.
            kind: String = "type",
        }
        optional {
            /// What the value is for.
            description: String = "description",
            /// Whether the action needs it in any case.
            required: bool = "required",
        }
    }
}

extra_setter!(ActionParameter);

impl ActionParameter {
    /// Returns a parameter with a name and a type, such as `string`.
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self::with_required(name.into(), kind.into())
    }

    /// Sets what the value is for.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets whether the action needs it in any case.
    pub fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn the_setters_write_the_json_names() {
        let action = Action::new("count_stock", "Count")
            .examples(["How much?"])
            .example("How many?")
            .handler("countStock")
            .parameters([ActionParameter::new("item", "string")])
            .parameter(
                ActionParameter::new("unit", "string")
                    .description("Of what")
                    .required(false),
            );
        assert_eq!(
            to_value(action).unwrap(),
            json!({
                "name": "count_stock",
                "description": "Count",
                "examples": ["How much?", "How many?"],
                "handler": "countStock",
                "parameters": [
                    {"name": "item", "type": "string"},
                    {"name": "unit", "type": "string", "description": "Of what", "required": false},
                ],
            })
        );
    }
}
