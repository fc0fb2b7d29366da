//! How an agent talks.

use super::open_struct::open_struct;

open_struct! {
    /// How an agent talks.
    ///
    /// ```
    /// use orionos::Personality;
    ///
    /// let calm = Personality::new().traits(["calm", "precise"]).style("plain").tone("warm");
    /// ```
    #[derive(Default)]
    Personality {
        required {}
        optional {
            /// Its character, a word an item.
            traits: Vec<String> = "traits",
            /// How it writes.
            style: String = "style",
            /// How it sounds.
            tone: String = "tone",
            /// Words that describe it.
            adjectives: Vec<String> = "adjectives",
            /// Its voice.
            voice: String = "voice",
        }
    }
}

impl Personality {
    /// One without any field.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `traits`.
    #[must_use]
    pub fn traits<S: Into<String>>(mut self, traits: impl IntoIterator<Item = S>) -> Self {
        self.traits = Some(traits.into_iter().map(Into::into).collect());
        self
    }

    /// Sets `style`.
    #[must_use]
    pub fn style(mut self, style: impl Into<String>) -> Self {
        self.style = Some(style.into());
        self
    }

    /// Sets `tone`.
    #[must_use]
    pub fn tone(mut self, tone: impl Into<String>) -> Self {
        self.tone = Some(tone.into());
        self
    }

    /// Sets `adjectives`.
    #[must_use]
    pub fn adjectives<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.adjectives = Some(words.into_iter().map(Into::into).collect());
        self
    }

    /// Sets `voice`.
    #[must_use]
    pub fn voice(mut self, voice: impl Into<String>) -> Self {
        self.voice = Some(voice.into());
        self
    }
}
