//! The fields of an agent's configuration, listed once, and the setters that follow from the list.

/// Passes the configuration fields to another macro, after whatever that macro is given.
///
/// A field is written `name: Type = "jsonName" { setter clear_setter }`. The setters:
///
/// - `value`: takes the type itself.
/// - `into`: takes anything that converts to the type.
/// - `each(T: Item)`: takes any number of values that convert to `Item`.
/// - `items(item: Item)`: takes any number of items; `item` is a setter that adds one.
/// - `platforms(setter)`: adds the settings of one platform.
///
/// To add a field, add it here: [`Agent`](crate::Agent), [`AgentConfig`](crate::AgentConfig),
/// [`CreateAgent`](crate::CreateAgent) and [`UpdateAgent`](crate::UpdateAgent) all follow.
macro_rules! configuration_fields {
    ($then:ident! { $($arguments:tt)* }) => {
        $then! {
            $($arguments)*
            configuration {
                /// What the agent says about itself, one sentence per item.
                bio: Vec<String> = "bio" { each(S: String) clear_bio }
                /// How the agent speaks.
                personality: $crate::Personality = "personality" { value clear_personality }
                /// What the agent knows about.
                knowledge: Vec<String> = "knowledge" { each(S: String) clear_knowledge }
                /// What the agent is meant to achieve.
                goals: Vec<String> = "goals" { each(S: String) clear_goals }
                /// The platforms that the agent is on.
                clients: Vec<$crate::Platform> = "clients" {
                    each(P: $crate::Platform) clear_clients
                }
                /// The settings of the platforms, by platform.
                settings: $crate::PlatformSettings = "settings" {
                    platforms(platform_settings) clear_settings
                }
                /// Who runs the model.
                model_provider: $crate::ModelProvider = "modelProvider" {
                    into clear_model_provider
                }
                /// The provider's name for the model.
                model: String = "model" { into clear_model }
                /// How the model chooses its words.
                model_settings: $crate::ModelSettings = "modelSettings" {
                    value clear_model_settings
                }
                /// The plugins of the agent.
                plugins: Vec<$crate::Plugin> = "plugins" {
                    items(plugin: $crate::Plugin) clear_plugins
                }
                /// What the agent can do besides talking.
                actions: Vec<$crate::Action> = "actions" {
                    items(action: $crate::Action) clear_actions
                }
            }
        }
    };
}
pub(crate) use configuration_fields;

/// Adds the setters of all configuration fields to a type. The fields are in the type itself (`[]`)
/// or at a path in it, such as `[body.fields]`.
macro_rules! configuration_setters {
    ($target:ident $path:tt) => {
        $crate::types::configuration_fields! {
            configuration_setters! { $target $path }
        }
    };
    ($target:ident $path:tt configuration {
        $( $(#[$doc:meta])* $field:ident: $type:ty = $json:literal { $($setter:tt)* } )*
    }) => {
        impl $target {
            $(
                $crate::types::configuration_setter! {
                    { $($setter)* } $path $(#[$doc])* $field: $type = $json
                }
            )*
        }
    };
}
pub(crate) use configuration_setters;

/// Adds the `clear_…` setters of all configuration fields to a type.
macro_rules! configuration_clear_setters {
    ($target:ident $path:tt) => {
        $crate::types::configuration_fields! {
            configuration_clear_setters! { $target $path }
        }
    };
    ($target:ident $path:tt configuration {
        $( $(#[$doc:meta])* $field:ident: $type:ty = $json:literal {
            $kind:ident $(($($detail:tt)*))? $clear:ident
        } )*
    }) => {
        impl $target {
            $(
                $crate::types::configuration_clear_setter! { $path $field $json $clear }
            )*
        }
    };
}
pub(crate) use configuration_clear_setters;

macro_rules! configuration_clear_setter {
    ([$($path:ident).*] $field:ident $json:literal $clear:ident) => {
        #[doc = concat!("Clears `", $json, "`: sends null.")]
        pub fn $clear(mut self) -> Self {
            let fields = &mut self $(.$path)*;
            fields.$field = None;
            fields.extra.insert($json.to_owned(), serde_json::Value::Null);
            self
        }
    };
}
pub(crate) use configuration_clear_setter;

/// Defines the setters of one configuration field. A setter also removes what `extra` holds for the
/// field, so that the last setter wins.
macro_rules! configuration_setter {
    ({ value $clear:ident } [$($path:ident).*]
     $(#[$doc:meta])* $field:ident: $type:ty = $json:literal) => {
        #[doc = concat!("Sets `", $json, "`, replacing any earlier value.\n\n")]
        $(#[$doc])*
        pub fn $field(mut self, $field: $type) -> Self {
            let fields = &mut self $(.$path)*;
            fields.$field = Some($field);
            fields.extra.remove($json);
            self
        }
    };
    ({ into $clear:ident } [$($path:ident).*]
     $(#[$doc:meta])* $field:ident: $type:ty = $json:literal) => {
        #[doc = concat!("Sets `", $json, "`, replacing any earlier value.\n\n")]
        $(#[$doc])*
        pub fn $field(mut self, $field: impl Into<$type>) -> Self {
            let fields = &mut self $(.$path)*;
            fields.$field = Some($field.into());
            fields.extra.remove($json);
            self
        }
    };
    ({ each($item:ident: $item_type:ty) $clear:ident } [$($path:ident).*]
     $(#[$doc:meta])* $field:ident: $type:ty = $json:literal) => {
        #[doc = concat!("Sets `", $json, "`, replacing any earlier values.\n\n")]
        $(#[$doc])*
        pub fn $field<$item: Into<$item_type>>(
            mut self,
            $field: impl IntoIterator<Item = $item>,
        ) -> Self {
            let fields = &mut self $(.$path)*;
            fields.$field = Some($field.into_iter().map(Into::into).collect());
            fields.extra.remove($json);
            self
        }
    };
    ({ items($add:ident: $item_type:ty) $clear:ident } [$($path:ident).*]
     $(#[$doc:meta])* $field:ident: $type:ty = $json:literal) => {
        #[doc = concat!("Adds one item to `", $json, "`.\n\n")]
        $(#[$doc])*
        pub fn $add(mut self, $add: $item_type) -> Self {
            let fields = &mut self $(.$path)*;
            fields.$field.get_or_insert_default().push($add);
            fields.extra.remove($json);
            self
        }

        #[doc = concat!("Sets `", $json, "`, replacing any items added before.\n\n")]
        $(#[$doc])*
        pub fn $field(mut self, $field: impl IntoIterator<Item = $item_type>) -> Self {
            let fields = &mut self $(.$path)*;
            fields.$field = Some($field.into_iter().collect());
            fields.extra.remove($json);
            self
        }
    };
    ({ platforms($set:ident) $clear:ident } [$($path:ident).*]
     $(#[$doc:meta])* $field:ident: $type:ty = $json:literal) => {
        #[doc = concat!(
            "Sets the settings of one platform in `", $json, "`, replacing any earlier ones of that \
             platform. The settings of other platforms stay.\n\n\
             Takes the typed settings of a platform, or any other value that serializes to JSON. A \
             value that does not (for example, a map whose keys are not strings) is an error when \
             the configuration is sent or written."
        )]
        pub fn $set(
            mut self,
            platform: impl Into<$crate::Platform>,
            settings: impl serde::Serialize,
        ) -> Self {
            let fields = &mut self $(.$path)*;
            fields.$field.get_or_insert_default().set(platform, settings);
            fields.extra.remove($json);
            self
        }
    };
}
pub(crate) use configuration_setter;

/// Moves every configuration field that is set from one struct to another, with what `extra` holds
/// for it.
macro_rules! move_configuration {
    ($from:ident => $to:ident) => {
        $crate::types::configuration_fields! { move_configuration! { $from => $to } }
    };
    ($from:ident => $to:ident configuration {
        $( $(#[$doc:meta])* $field:ident: $type:ty = $json:literal { $($setter:tt)* } )*
    }) => {
        $(
            if let Some(value) = $from.$field {
                $to.$field = Some(value);
                match $from.extra.remove($json) {
                    Some(original) => $to.extra.insert($json.to_owned(), original),
                    None => $to.extra.remove($json),
                };
            }
        )*
    };
}
pub(super) use move_configuration;
