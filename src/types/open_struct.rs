//! Structs that keep the fields they do not know, and the values they cannot read.
//!
//! `#[serde(flatten)]` would keep unknown fields too, but reads every field of an object into a
//! buffer first. This decodes known fields in place and allocates a name for an unknown field only.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde_json::{Map, Value};

use super::lenient::{Accept, Lenient, Read, Reading};

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

/// Reads the value of a known field. What is not of its type, or not written in its form, is kept
/// in `extra`.
///
/// Of a field that comes twice the last value counts, unless only values of the type are accepted:
/// then it is an error, because either value could be meant.
pub(super) fn read_field<'de, T: Lenient, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    json_name: &'static str,
    accept: Accept,
    extra: &mut Map<String, Value>,
    map: &mut A,
) -> Result<(), A::Error> {
    let repeated = slot.take().is_some() | extra.remove(json_name).is_some();
    if repeated && accept != Accept::Anything {
        return Err(A::Error::duplicate_field(json_name));
    }
    match map.next_value_seed(Read::new(accept))? {
        Reading::Exact(value) => *slot = Some(value),
        Reading::Respelled(value, original) => {
            *slot = Some(value);
            extra.insert(json_name.to_owned(), original);
        }
        Reading::Other(value) => {
            extra.insert(json_name.to_owned(), value);
        }
    }
    Ok(())
}

/// Returns the value of a field that must be there.
pub(super) fn required<T, E: Error>(slot: Option<T>, json_name: &'static str) -> Result<T, E> {
    slot.ok_or_else(|| E::missing_field(json_name))
}

/// Adds a value that was read to an object that turned out not to be the struct.
pub(super) fn put_back<T: Lenient, E: Error>(
    object: &mut Map<String, Value>,
    json_name: &str,
    value: Option<T>,
) -> Result<(), E> {
    if let Some(value) = value
        && !object.contains_key(json_name)
    {
        let value = serde_json::to_value(value).map_err(E::custom)?;
        object.insert(json_name.to_owned(), value);
    }
    Ok(())
}

/// Writes a known field: its value, or what `extra` holds for it if that is the same value in
/// another form. `unreadable_wins` says which of them is written if `extra` holds something else
/// than a value of the type.
pub(super) fn write_field<T: Lenient, M: SerializeMap>(
    map: &mut M,
    json_name: &'static str,
    value: Option<&T>,
    extra: &Map<String, Value>,
    unreadable_wins: impl FnOnce(&T) -> bool,
) -> Result<(), M::Error> {
    let Some(original) = extra.get(json_name) else {
        return match value {
            Some(value) => map.serialize_entry(json_name, value),
            None => Ok(()),
        };
    };
    let differs = |value: &T| match T::read_value(original) {
        Some(read) => read != *value,
        None => !unreadable_wins(value),
    };
    match value {
        Some(value) if differs(value) => map.serialize_entry(json_name, value),
        _ => map.serialize_entry(json_name, original),
    }
}

/// Reads a value into a field. Returns the value if it must be kept in `extra` as well.
pub(super) fn replace_field<T: Lenient>(slot: &mut Option<T>, value: Value) -> Option<Value> {
    match T::read(&value, Accept::Anything) {
        Ok(Reading::Exact(read)) => {
            *slot = Some(read);
            None
        }
        Ok(Reading::Respelled(read, _)) => {
            *slot = Some(read);
            Some(value)
        }
        Ok(Reading::Other(_)) | Err(_) => {
            *slot = None;
            Some(value)
        }
    }
}

/// Like [`replace_field`], for a field that always has a value.
pub(super) fn replace_required<T: Lenient>(field: &mut T, value: Value) -> Option<Value> {
    let mut slot = None;
    let kept = replace_field(&mut slot, value);
    if let Some(read) = slot {
        *field = read;
    }
    kept
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
            use $crate::types::open_struct::{self, FieldName, KnownField, OpenStruct};

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
                            FieldName::Known(Field::$required) => open_struct::read_field(
                                &mut $required, $required_json, if_required, &mut extra, &mut map,
                            )?,
                        )*
                        $(
                            FieldName::Known(Field::$defaulted) => open_struct::read_field(
                                &mut $defaulted, $defaulted_json, if_optional, &mut extra, &mut map,
                            )?,
                        )*
                        $(
                            FieldName::Known(Field::$optional) => open_struct::read_field(
                                &mut $optional, $optional_json, if_optional, &mut extra, &mut map,
                            )?,
                        )*
                        FieldName::Unknown(name) => {
                            extra.insert(name, map.next_value()?);
                        }
                    }
                }
                if if_required == Accept::Anything && ($( $required.is_none() || )* false) {
                    $( open_struct::put_back(&mut extra, $required_json, $required)?; )*
                    $( open_struct::put_back(&mut extra, $defaulted_json, $defaulted)?; )*
                    $( open_struct::put_back(&mut extra, $optional_json, $optional)?; )*
                    return Ok(Reading::Other(serde_json::Value::Object(extra)));
                }
                Ok(Reading::Exact($name {
                    $( $required: open_struct::required($required, $required_json)?, )*
                    $( $defaulted: $defaulted.unwrap_or_default(), )*
                    $( $optional, )*
                    extra,
                }))
            }

            impl Lenient for $name {
                const EXPECTED: &'static str = concat!("a JSON object (", stringify!($name), ")");

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
                        open_struct::write_field(
                            &mut map, $required_json, Some(&self.$required), &self.extra, |_| true,
                        )?;
                    )*
                    $(
                        open_struct::write_field(
                            &mut map, $defaulted_json, Some(&self.$defaulted), &self.extra,
                            |value| *value == <$defaulted_type>::default(),
                        )?;
                    )*
                    $(
                        open_struct::write_field(
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
                                open_struct::replace_required(&mut self.$required, value)
                            }
                        )*
                        $(
                            Some(Field::$defaulted) => {
                                open_struct::replace_required(&mut self.$defaulted, value)
                            }
                        )*
                        $(
                            Some(Field::$optional) => {
                                open_struct::replace_field(&mut self.$optional, value)
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
mod tests {
    use serde_json::{Value, from_str, from_value, json, to_string, to_value};

    open_struct! {
        /// A struct for these tests.
        struct Berth {
            required {
                /// A name.
                name: String = "berthName",
            }
            optional {
                /// A list.
                ships: Vec<String> = "ships",
            }
        }
    }

    fn read(json: &str) -> Result<Berth, String> {
        from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn an_absent_list_and_an_empty_one_stay_two_things() {
        let absent = json!({"berthName": "north"});
        let empty = json!({"berthName": "north", "ships": []});
        for value in [absent, empty] {
            let berth: Berth = from_value(value.clone()).unwrap();
            assert_eq!(to_value(berth).unwrap(), value);
        }
    }

    #[test]
    fn null_counts_as_absent() {
        let berth = read(r#"{"berthName":"north","ships":null}"#).unwrap();
        assert_eq!(berth.ships, None);
        assert_eq!(to_string(&berth).unwrap(), r#"{"berthName":"north"}"#);
    }

    #[test]
    fn an_unknown_field_is_kept_and_written_back() {
        let value = json!({"berthName": "north", "depth": {"metres": 9.5}, "": null});
        let berth: Berth = from_value(value.clone()).unwrap();
        assert_eq!(berth.extra["depth"]["metres"], 9.5);
        assert_eq!(to_value(berth).unwrap(), value);
    }

    #[test]
    fn the_rust_name_of_a_field_is_no_wire_name() {
        assert_eq!(
            read(r#"{"name":"north"}"#).unwrap_err(),
            "missing field `berthName` at line 1 column 16"
        );
    }

    #[test]
    fn a_name_with_escapes_is_the_same_name() {
        assert_eq!(read(r#"{"berth\u004eame":"north"}"#).unwrap().name, "north");
    }

    #[test]
    fn a_field_that_comes_twice_is_refused() {
        assert_eq!(
            read(r#"{"berthName":"north","ships":null,"ships":[]}"#).unwrap_err(),
            "duplicate field `ships` at line 1 column 41"
        );
    }

    #[test]
    fn an_error_names_the_type_that_was_expected() {
        let error = read(r#""north""#).unwrap_err();
        assert!(
            error.starts_with("invalid type: string \"north\", expected a JSON object (Berth)"),
            "{error}"
        );
    }

    #[test]
    fn no_name_is_written_twice() {
        let mut berth = read(r#"{"berthName":"north"}"#).unwrap();
        berth.extra.insert("berthName".into(), json!("south"));
        berth.extra.insert("ships".into(), json!(["Mira"]));
        assert_eq!(
            to_string(&berth).unwrap(),
            r#"{"berthName":"north","ships":["Mira"]}"#
        );
        berth.ships = Some(Vec::new());
        assert_eq!(
            to_string(&berth).unwrap(),
            r#"{"berthName":"north","ships":[]}"#
        );
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let deep = format!(r#"{{"berthName":"north","depth":{}"#, "[".repeat(200_000));
        assert!(read(&deep).unwrap_err().starts_with("recursion limit"));
    }

    #[test]
    fn a_hundred_thousand_unknown_fields_are_kept() {
        let mut value = json!({"berthName": "north"});
        for number in 0..100_000 {
            value[format!("field{number}")] = Value::from(number);
        }
        let berth: Berth = from_value(value).unwrap();
        assert_eq!(berth.extra.len(), 100_000);
    }
}
