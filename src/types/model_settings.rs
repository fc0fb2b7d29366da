//! How a model is sampled.

use super::open_struct::{extra_setter, open_struct};

open_struct! {
    /// How a model is sampled. The provider says which values it takes; nothing is checked here,
    /// and a number that is not finite is sent as null: JSON has no word for it.
    ///
    /// ```
    /// use orionos::ModelSettings;
    ///
    /// let settings = ModelSettings::new().temperature(0.2).max_tokens(256);
    /// assert_eq!(settings.max_tokens, Some(256));
    /// ```
    #[derive(Default)]
    #[must_use = "a setter returns the changed value"]
    pub struct ModelSettings {
        required {}
        optional {
            /// How freely the model chooses: 0 for hardly at all.
            temperature: f64 = "temperature",
            /// How long a reply may be, in tokens.
            max_tokens: u64 = "maxTokens",
            /// The share of the likeliest tokens to choose from, from 0 to 1.
            top_p: f64 = "topP",
            /// How much a token is avoided for each time that it was used.
            frequency_penalty: f64 = "frequencyPenalty",
            /// How much a token is avoided once it was used.
            presence_penalty: f64 = "presencePenalty",
        }
    }
}

extra_setter!(ModelSettings);

impl ModelSettings {
    /// Settings without any field set: the provider's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how freely the model chooses.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Sets how long a reply may be, in tokens.
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Sets the share of the likeliest tokens to choose from.
    pub fn top_p(mut self, share: f64) -> Self {
        self.top_p = Some(share);
        self
    }

    /// Sets how much a token is avoided for each time that it was used.
    pub fn frequency_penalty(mut self, penalty: f64) -> Self {
        self.frequency_penalty = Some(penalty);
        self
    }

    /// Sets how much a token is avoided once it was used.
    pub fn presence_penalty(mut self, penalty: f64) -> Self {
        self.presence_penalty = Some(penalty);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;

    #[test]
    fn the_setters_write_the_wire_names() {
        let settings = ModelSettings::new()
            .temperature(0.2)
            .max_tokens(256)
            .top_p(0.9)
            .frequency_penalty(0.1)
            .presence_penalty(-0.5)
            .extra("seed", 7);
        assert_eq!(
            to_value(settings).unwrap(),
            json!({
                "temperature": 0.2, "maxTokens": 256, "topP": 0.9,
                "frequencyPenalty": 0.1, "presencePenalty": -0.5, "seed": 7,
            })
        );
    }
}
