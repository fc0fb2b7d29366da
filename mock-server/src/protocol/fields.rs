//! The fields of requests and their types: the one table behind the checks and the OpenAPI document.
//! A new field is one line here.

/// The model providers that the API knows.
pub(crate) const PROVIDERS: [&str; 4] = ["openai", "anthropic", "google-genai", "ollama"];

/// The type of a field.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    Bool,
    Number,
    Object,
    Provider,
    /// An object with known fields; others are accepted. `true` marks a required field.
    Fields(&'static [(&'static str, Shape, bool)]),
    ListOf(&'static Shape),
    /// A shape that has a name in the OpenAPI document.
    Named(&'static str, &'static Shape),
}

/// A list of strings.
const TEXT_LIST: Shape = Shape::ListOf(&Shape::Text);

const MODEL_PROVIDER: Shape = Shape::Named("ModelProvider", &Shape::Provider);

const PERSONALITY: Shape = Shape::Named(
    "Personality",
    &Shape::Fields(&[
        ("traits", TEXT_LIST, false),
        ("style", Shape::Text, false),
        ("tone", Shape::Text, false),
        ("adjectives", TEXT_LIST, false),
        ("voice", Shape::Text, false),
    ]),
);

const PLUGIN: Shape = Shape::Named(
    "Plugin",
    &Shape::Fields(&[
        ("name", Shape::Text, true),
        ("enabled", Shape::Bool, true),
        ("config", Shape::Object, false),
    ]),
);

const PARAMETER: Shape = Shape::Fields(&[
    ("name", Shape::Text, true),
    ("type", Shape::Text, true),
    ("description", Shape::Text, false),
    ("required", Shape::Bool, false),
]);

const ACTION: Shape = Shape::Named(
    "Action",
    &Shape::Fields(&[
        ("name", Shape::Text, true),
        ("description", Shape::Text, false),
        ("examples", TEXT_LIST, false),
        ("handler", Shape::Text, false),
        ("parameters", Shape::ListOf(&PARAMETER), false),
    ]),
);

const MODEL_SETTINGS: Shape = Shape::Named(
    "ModelSettings",
    &Shape::Fields(&[
        ("temperature", Shape::Number, false),
        ("maxTokens", Shape::Number, false),
        ("topP", Shape::Number, false),
        ("frequencyPenalty", Shape::Number, false),
        ("presencePenalty", Shape::Number, false),
    ]),
);

const SETTINGS: Shape = Shape::Named(
    "PlatformSettings",
    &Shape::Fields(&[
        (
            "discord",
            Shape::Fields(&[
                ("channels", TEXT_LIST, false),
                ("respondToMentions", Shape::Bool, false),
                ("respondToDMs", Shape::Bool, false),
                ("moderationEnabled", Shape::Bool, false),
                ("commandPrefix", Shape::Text, false),
            ]),
            false,
        ),
        (
            "twitter",
            Shape::Fields(&[
                ("enableReplies", Shape::Bool, false),
                ("enableMentions", Shape::Bool, false),
                ("enableDMs", Shape::Bool, false),
                ("autoLike", Shape::Bool, false),
                ("autoRetweet", Shape::Bool, false),
                ("postFrequency", Shape::Text, false),
                ("targetHashtags", TEXT_LIST, false),
            ]),
            false,
        ),
        (
            "telegram",
            Shape::Fields(&[
                ("groupIds", TEXT_LIST, false),
                ("respondToCommands", Shape::Bool, false),
            ]),
            false,
        ),
    ]),
);

/// The optional fields of a create and of an update.
pub(crate) const CONFIGURATION: &[(&str, Shape)] = &[
    ("bio", TEXT_LIST),
    ("personality", PERSONALITY),
    ("knowledge", TEXT_LIST),
    ("goals", TEXT_LIST),
    ("clients", TEXT_LIST),
    ("settings", SETTINGS),
    ("modelProvider", MODEL_PROVIDER),
    ("model", Shape::Text),
    ("plugins", Shape::ListOf(&PLUGIN)),
    ("actions", Shape::ListOf(&ACTION)),
    ("modelSettings", MODEL_SETTINGS),
];

/// The optional fields of a message.
pub(crate) const MESSAGE: &[(&str, Shape)] = &[
    ("userId", Shape::Text),
    ("roomId", Shape::Text),
    ("context", Shape::Object),
    ("stream", Shape::Bool),
];
