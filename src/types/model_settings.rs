//! How a model is run.

use super::open_struct::open_struct;

open_struct! {
    /// How a model is run.
    ///
    /// ```
    /// use orionos::ModelSettings;
    ///
    /// let settings = ModelSettings::new().temperature(0.2).max_tokens(256);
    /// ```
    #[derive(Default)]
    ModelSettings {
        required {}
        optional {
            /// Randomness.
            temperature: f64 = "temperature",
            /// The longest reply, in tokens.
            max_tokens: u64 = "maxTokens",
            /// Nucleus sampling.
            top_p: f64 = "topP",
            /// Against repeating words.
            frequency_penalty: f64 = "frequencyPenalty",
            /// Against repeating subjects.
            presence_penalty: f64 = "presencePenalty",
        }
    }
}

impl ModelSettings {
    /// None set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `temperature`.
    #[must_use]
    pub fn temperature(mut self, value: f64) -> Self {
        self.temperature = Some(value);
        self
    }

    /// Sets `maxTokens`.
    #[must_use]
    pub fn max_tokens(mut self, value: u64) -> Self {
        self.max_tokens = Some(value);
        self
    }

    /// Sets `topP`.
    #[must_use]
    pub fn top_p(mut self, value: f64) -> Self {
        self.top_p = Some(value);
        self
    }

    /// Sets `frequencyPenalty`.
    #[must_use]
    pub fn frequency_penalty(mut self, value: f64) -> Self {
        self.frequency_penalty = Some(value);
        self
    }

    /// Sets `presencePenalty`.
    #[must_use]
    pub fn presence_penalty(mut self, value: f64) -> Self {
        self.presence_penalty = Some(value);
        self
    }
}
