//! Structs that keep the fields they do not know, and the values they cannot read.
//!
//! `#[serde(flatten)]` would keep unknown fields too, but reads every field of an object into a
//! buffer first. This decodes known fields in place and allocates a name for an unknown field only.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::{Map, Value};

/// The known fields of one struct.
pub(super) trait KnownField: Sized {
    fn from_json_name(name: &str) -> Option<Self>;
}

/// The name of a field: a known one, or any other, unchanged.
pub(super) enum FieldName<F> {
    Known(F),
    Unknown(String),
}

impl<'de, F: KnownField> Deserialize<'de> for FieldName<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor<F>(PhantomData<F>);

        impl<F: KnownField> Visitor<'_> for NameVisitor<F> {
            type Value = FieldName<F>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_str<E>(self, name: &str) -> Result<FieldName<F>, E> {
                Ok(match F::from_json_name(name) {
                    Some(field) => FieldName::Known(field),
                    None => FieldName::Unknown(name.to_owned()),
                })
            }

            fn visit_string<E>(self, name: String) -> Result<FieldName<F>, E> {
                Ok(match F::from_json_name(&name) {
                    Some(field) => FieldName::Known(field),
                    None => FieldName::Unknown(name),
                })
            }
        }

        deserializer.deserialize_identifier(NameVisitor(PhantomData))
    }
}

/// What every struct of `open_struct!` can do.
pub(crate) trait OpenStruct: Sized {
    /// Returns whether the struct has a field of this JSON name.
    fn has_field(json_name: &str) -> bool;

    /// Returns the fields that the struct does not know, and the values that it keeps unchanged.
    fn extra_fields(&self) -> &Map<String, Value>;

    /// Sets a field by its JSON name. A value that the field cannot hold replaces it in JSON.
    fn set_field(&mut self, json_name: String, value: Value);
}

/// Defines a `#[non_exhaustive]` struct with public fields, its `Serialize` and its `Deserialize`.
///
/// A field is written `name: Type = "jsonName"`.
///
/// - `required`: without a value of its type, nothing can be decoded.
/// - `defaulted`: the type's default stands in for an absent value.
/// - `optional`: becomes an `Option<Type>`. `None` is not written.
/// - `configuration`: like `optional`, with the names of setters after it, which are ignored here.
///
/// `extra` is added to the fields. `with_required(…)` makes a struct that has only these fields.
macro_rules! open_struct {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            required { $($required:tt)* }
            optional { $($optional:tt)* }
        }
        configuration {
            $( $(#[$field_meta:meta])*
               $field:ident: $field_type:ty = $field_json:literal { $($setters:tt)* } )*
        }
    ) => {
        open_struct! {
            $(#[$meta])*
            $vis struct $name {
                required { $($required)* }
                defaulted {}
                optional {
                    $($optional)*
                    $( $(#[$field_meta])* $field: $field_type = $field_json, )*
                }
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            required { $($required:tt)* }
            optional { $($optional:tt)* }
        }
    ) => {
        open_struct! {
            $(#[$meta])*
            $vis struct $name {
                required { $($required)* }
                defaulted {}
                optional { $($optional)* }
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            required {
                $( $(#[$required_meta:meta])*
                   $required:ident: $required_type:ty = $required_json:literal, )*
            }
            defaulted {
                $( $(#[$defaulted_meta:meta])*
                   $defaulted:ident: $defaulted_type:ty = $defaulted_json:literal, )*
            }
            optional {
                $( $(#[$optional_meta:meta])*
                   $optional:ident: $optional_type:ty = $optional_json:literal, )*
            }
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $(
                $(#[$required_meta])*
                #[doc = concat!("\n\nThe JSON field is `", $required_json, "`.")]
                pub $required: $required_type,
            )*
            $(
                $(#[$defaulted_meta])*
                #[doc = concat!("\n\nThe JSON field is `", $defaulted_json, "`.")]
                pub $defaulted: $defaulted_type,
            )*
            $(
                $(#[$optional_meta])*
                #[doc = concat!(
                    "\n\nThe JSON field is `", $optional_json,
                    "`. `None` if it is absent, null or of another type."
                )]
                pub $optional: Option<$optional_type>,
            )*
            /// The fields that this version does not know, and the values of known fields that it
            /// could not read or that it would write differently, by their JSON names.
            ///
            /// All of them are written back unchanged. Once a known field has another value, that
            /// value is written instead; to remove the field altogether, remove it here too.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        impl $name {
            #[allow(dead_code, reason = "a struct without required fields has a default")]
            pub(super) fn with_required($($required: $required_type),*) -> Self {
                Self {
                    $( $required, )*
                    $( $defaulted: <$defaulted_type>::default(), )*
                    $( $optional: None, )*
                    extra: serde_json::Map::new(),
                }
            }
        }

        const _: () = {
            use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
            use serde::ser::{Serialize, SerializeMap, Serializer};
            use $crate::types::lenient::{Accept, Lenient, Reading};
            use $crate::types::open_field;
            use $crate::types::open_struct::{FieldName, KnownField, OpenStruct};

            #[allow(non_camel_case_types)]
            enum Field {
                $( $required, )*
                $( $defaulted, )*
                $( $optional, )*
            }

            impl KnownField for Field {
                fn from_json_name(name: &str) -> Option<Self> {
                    match name {
                        $( $required_json => Some(Self::$required), )*
                        $( $defaulted_json => Some(Self::$defaulted), )*
                        $( $optional_json => Some(Self::$optional), )*
                        _ => None,
                    }
                }
            }

            /// Reads an object. `Other` is possible only if any required field is accepted.
            fn read<'de, A: MapAccess<'de>>(
                mut map: A,
                (if_required, if_optional): (Accept, Accept),
            ) -> Result<Reading<$name>, A::Error> {
                $( let mut $required: Option<$required_type> = None; )*
                $( let mut $defaulted: Option<$defaulted_type> = None; )*
                $( let mut $optional: Option<$optional_type> = None; )*
                let mut extra = serde_json::Map::new();
                while let Some(name) = map.next_key()? {
                    match name {
                        $(
                            FieldName::Known(Field::$required) => open_field::read_field(
                                &mut $required, $required_json, if_required, &mut extra, &mut map,
                            )?,
                        )*
                        $(
                            FieldName::Known(Field::$defaulted) => open_field::read_field(
                                &mut $defaulted, $defaulted_json, if_optional, &mut extra, &mut map,
                            )?,
                        )*
                        $(
                            FieldName::Known(Field::$optional) => open_field::read_field(
                                &mut $optional, $optional_json, if_optional, &mut extra, &mut map,
                            )?,
                        )*
                        FieldName::Unknown(name) => {
                            extra.insert(name, map.next_value()?);
                        }
                    }
                }
                if if_required == Accept::Anything && ($( $required.is_none() || )* false) {
                    $( open_field::put_back(&mut extra, $required_json, $required)?; )*
                    $( open_field::put_back(&mut extra, $defaulted_json, $defaulted)?; )*
                    $( open_field::put_back(&mut extra, $optional_json, $optional)?; )*
                    let object = serde_json::Value::Object(extra);
                    return Ok(Reading::Other(Box::new(object)));
                }
                Ok(Reading::Exact($name {
                    $( $required: open_field::required($required, $required_json)?, )*
                    $( $defaulted: $defaulted.unwrap_or_default(), )*
                    $( $optional, )*
                    extra,
                }))
            }

            impl Lenient for $name {
                const EXPECTED: &'static str = concat!("a JSON object (", stringify!($name), ")");
                const IS_COMPOUND: bool = true;

                fn from_object<'de, A: MapAccess<'de>>(
                    object: A,
                    accept: Accept,
                ) -> Result<Reading<Self>, A::Error> {
                    read(object, accept.fields())
                }
            }

            struct ObjectVisitor;

            impl<'de> Visitor<'de> for ObjectVisitor {
                type Value = $name;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str($name::EXPECTED)
                }

                fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                    match read(map, (Accept::Typed, Accept::Anything))? {
                        Reading::Exact(object) | Reading::Respelled(object, _) => Ok(object),
                        Reading::Other(_) => Err(A::Error::custom($name::EXPECTED)),
                    }
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_map(ObjectVisitor)
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    let mut map = serializer.serialize_map(None)?;
                    $(
                        open_field::write_field(
                            &mut map, $required_json, Some(&self.$required), &self.extra, |_| true,
                        )?;
                    )*
                    $(
                        open_field::write_field(
                            &mut map, $defaulted_json, Some(&self.$defaulted), &self.extra,
                            |value| *value == <$defaulted_type>::default(),
                        )?;
                    )*
                    $(
                        open_field::write_field(
                            &mut map, $optional_json, self.$optional.as_ref(), &self.extra,
                            |_| false,
                        )?;
                    )*
                    for (name, value) in &self.extra {
                        if !Self::has_field(name) {
                            map.serialize_entry(name, value)?;
                        }
                    }
                    map.end()
                }
            }

            impl OpenStruct for $name {
                fn has_field(json_name: &str) -> bool {
                    Field::from_json_name(json_name).is_some()
                }

                fn extra_fields(&self) -> &serde_json::Map<String, serde_json::Value> {
                    &self.extra
                }

                fn set_field(&mut self, json_name: String, value: serde_json::Value) {
                    let kept = match Field::from_json_name(&json_name) {
                        $(
                            Some(Field::$required) => {
                                open_field::replace_required(&mut self.$required, value)
                            }
                        )*
                        $(
                            Some(Field::$defaulted) => {
                                open_field::replace_required(&mut self.$defaulted, value)
                            }
                        )*
                        $(
                            Some(Field::$optional) => {
                                open_field::replace_field(&mut self.$optional, value)
                            }
                        )*
                        None => Some(value),
                    };
                    match kept {
                        Some(value) => self.extra.insert(json_name, value),
                        None => self.extra.remove(&json_name),
                    };
                }
            }
        };
    };
}

pub(super) use open_struct;

/// The setter for `extra`, for a struct of `open_struct!` that applications build.
macro_rules! extra_setter {
    ($name:ident) => {
        impl $name {
            /// Sets a field by its JSON name, for fields that this version does not know.
            ///
            /// The last setter wins: the name of a known field sets that field, and its own setter
            /// replaces the value again. A value of another type than the field's is sent unchanged.
            pub fn extra(
                mut self,
                json_name: impl Into<String>,
                value: impl Into<serde_json::Value>,
            ) -> Self {
                $crate::types::OpenStruct::set_field(&mut self, json_name.into(), value.into());
                self
            }
        }
    };
}

pub(super) use extra_setter;

#[cfg(test)]
mod tests;
