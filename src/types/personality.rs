//! How an agent speaks.

use super::open_struct::{extra_setter, open_struct};
use super::strings::strings;

open_struct! {
    /// How an agent speaks.
    ///
    /// ```
    /// use orionos::Personality;
    ///
    /// let personality = Personality::new()
    ///     .traits(["calm", "precise"])
    ///     .style("plain and brief")
    ///     .tone("warm")
    ///     .adjectives(["reliable"])
    ///     .voice("steady");
    /// assert_eq!(personality.tone.as_deref(), Some("warm"));
    /// ```
    #[derive(Default)]
    #[must_use = "a setter returns the changed value"]
    pub struct Personality {
        required {}
        optional {
            /// Its character traits.
            traits: Vec<String> = "traits",
            /// The style in which the agent writes.
            style: String = "style",
            /// The tone of its messages.
            tone: String = "tone",
            /// Words that describe it.
            adjectives: Vec<String> = "adjectives",
            /// The voice with which it speaks.
            voice: String = "voice",
        }
    }
}

extra_setter!(Personality);

impl Personality {
    /// Returns a personality without any field set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the character traits, replacing any earlier ones.
    pub fn traits<S: Into<String>>(mut self, traits: impl IntoIterator<Item = S>) -> Self {
        self.traits = Some(strings(traits));
        self
    }

    /// Sets the style in which the agent writes.
    pub fn style(mut self, style: impl Into<String>) -> Self {
        self.style = Some(style.into());
        self
    }

    /// Sets the tone of its messages.
    pub fn tone(mut self, tone: impl Into<String>) -> Self {
        self.tone = Some(tone.into());
        self
    }

    /// Sets the words that describe it, replacing any earlier ones.
    pub fn adjectives<S: Into<String>>(mut self, adjectives: impl IntoIterator<Item = S>) -> Self {
        self.adjectives = Some(strings(adjectives));
        self
    }

    /// Sets the voice with which it speaks.
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = Some(voice.into());
        self
    }
}
