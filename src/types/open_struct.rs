//! Structs that the server can extend: fields that this version does not know are kept in `extra`.
//!
//! `#[serde(flatten)]` would do it too, but buffers every answer before it reads it; this reads in
//! one pass and allocates nothing for the keys that it knows.

/// Defines such a struct. `required` fields must be on the wire; `optional` ones are `Option`s that
/// are left out when they are `None`, and null reads as `None`.
macro_rules! open_struct {
    (
        $(#[$meta:meta])*
        $name:ident {
            required { $( $(#[$required_meta:meta])* $required:ident: $required_type:ty = $required_wire:literal, )* }
            optional { $( $(#[$optional_meta:meta])* $optional:ident: $optional_type:ty = $optional_wire:literal, )* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$required_meta])*
                #[doc = concat!("\n\nOn the wire: `", $required_wire, "`.")]
                pub $required: $required_type,
            )*
            $(
                $(#[$optional_meta])*
                #[doc = concat!("\n\nOn the wire: `", $optional_wire, "`; may be absent.")]
                pub $optional: Option<$optional_type>,
            )*
            /// The fields that this version does not know, as they came.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $( map.serialize_entry($required_wire, &self.$required)?; )*
                $(
                    if let Some(value) = &self.$optional {
                        map.serialize_entry($optional_wire, value)?;
                    }
                )*
                for (key, value) in &self.extra {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[allow(non_camel_case_types)]
                enum Key {
                    $( $required, )*
                    $( $optional, )*
                    unknown_key(String),
                }

                struct KeyVisitor;

                impl serde::de::Visitor<'_> for KeyVisitor {
                    type Value = Key;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a field's name")
                    }

                    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Key, E> {
                        Ok(match key {
                            $( $required_wire => Key::$required, )*
                            $( $optional_wire => Key::$optional, )*
                            _ => Key::unknown_key(key.to_owned()),
                        })
                    }
                }

                impl<'de> serde::Deserialize<'de> for Key {
                    fn deserialize<D: serde::Deserializer<'de>>(
                        deserializer: D,
                    ) -> Result<Self, D::Error> {
                        deserializer.deserialize_identifier(KeyVisitor)
                    }
                }

                struct Visitor;

                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        use serde::de::Error;
                        $( let mut $required: Option<$required_type> = None; )*
                        $( let mut $optional: Option<Option<$optional_type>> = None; )*
                        let mut extra = serde_json::Map::new();
                        while let Some(key) = map.next_key()? {
                            match key {
                                $(
                                    Key::$required => {
                                        if $required.is_some() {
                                            return Err(A::Error::duplicate_field($required_wire));
                                        }
                                        $required = Some(map.next_value()?);
                                    }
                                )*
                                $(
                                    Key::$optional => {
                                        if $optional.is_some() {
                                            return Err(A::Error::duplicate_field($optional_wire));
                                        }
                                        $optional = Some(map.next_value()?);
                                    }
                                )*
                                Key::unknown_key(key) => {
                                    extra.insert(key, map.next_value()?);
                                }
                            }
                        }
                        Ok($name {
                            $(
                                $required: $required
                                    .ok_or_else(|| A::Error::missing_field($required_wire))?,
                            )*
                            $( $optional: $optional.flatten(), )*
                            extra,
                        })
                    }
                }

                deserializer.deserialize_map(Visitor)
            }
        }
    };
}
pub(super) use open_struct;
