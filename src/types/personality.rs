//! How an agent speaks.

use super::open_struct::{extra_setter, open_struct};
use super::strings;

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
            /// The style that it writes in.
            style: String = "style",
            /// The tone that it takes.
            tone: String = "tone",
            /// Words that describe it.
            adjectives: Vec<String> = "adjectives",
            /// The voice that it speaks in.
            voice: String = "voice",
        }
    }
}

extra_setter!(Personality);

impl Personality {
    /// A personality without any field set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the character traits.
    pub fn traits<S: Into<String>>(mut self, traits: impl IntoIterator<Item = S>) -> Self {
        self.traits = Some(strings(traits));
        self
    }

    /// Sets the style that it writes in.
    pub fn style(mut self, style: impl Into<String>) -> Self {
        self.style = Some(style.into());
        self
    }

    /// Sets the tone that it takes.
    pub fn tone(mut self, tone: impl Into<String>) -> Self {
        self.tone = Some(tone.into());
        self
    }

    /// Sets the words that describe it.
    pub fn adjectives<S: Into<String>>(mut self, adjectives: impl IntoIterator<Item = S>) -> Self {
        self.adjectives = Some(strings(adjectives));
        self
    }

    /// Sets the voice that it speaks in.
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = Some(voice.into());
        self
    }
}
