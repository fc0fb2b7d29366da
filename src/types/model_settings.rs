//! How a model chooses its words.

use super::open_struct::{extra_setter, open_struct};

open_struct! {
    /// How a model chooses its words.
    ///
    /// The provider decides which values are valid; the client does not check them. A number that
    /// is not finite is sent as null, because JSON cannot express it.
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
            /// How freely the model chooses; close to 0, it always chooses the likeliest token.
            temperature: f64 = "temperature",
            /// The largest length of a reply, in tokens.
            max_tokens: u64 = "maxTokens",
            /// The share of the likeliest tokens to choose from, from 0 to 1.
            top_p: f64 = "topP",
            /// How much a token is avoided for each time that it has been used.
            frequency_penalty: f64 = "frequencyPenalty",
            /// How much a token is avoided if it has been used at all.
            presence_penalty: f64 = "presencePenalty",
        }
    }
}

extra_setter!(ModelSettings);

impl ModelSettings {
    /// Returns settings without any field set: the provider's defaults apply.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how freely the model chooses.
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Sets the largest length of a reply, in tokens.
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Sets the share of the likeliest tokens to choose from, from 0 to 1.
    pub fn top_p(mut self, share: f64) -> Self {
        self.top_p = Some(share);
        self
    }

    /// Sets how much a token is avoided for each time that it has been used.
    pub fn frequency_penalty(mut self, penalty: f64) -> Self {
        self.frequency_penalty = Some(penalty);
        self
    }

    /// Sets how much a token is avoided if it has been used at all.
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
    fn the_setters_write_the_json_names() {
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
