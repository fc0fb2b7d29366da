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
mod tests {
    use serde_json::{from_str, from_value, json, to_string, to_value};

    use super::*;

    open_struct! {
        /// A struct for these tests.
        #[derive(Default)]
        struct Berth {
            required {
                /// A name.
                name: String = "berthName",
            }
            defaulted {
                /// A number that is 0 if it is unknown.
                bollards: u64 = "bollards",
            }
            optional {
                /// A list.
                ships: Vec<String> = "ships",
                /// A number.
                depth: f64 = "depth",
                /// A whole number.
                length: u64 = "length",
                /// An object.
                crane: Crane = "crane",
                /// A list of objects.
                cranes: Vec<Crane> = "cranes",
            }
        }
    }

    open_struct! {
        /// Another struct for these tests.
        #[derive(Default)]
        struct Crane {
            required {
                /// What it is called.
                label: String = "label",
            }
            optional {
                /// How much it lifts.
                tons: u64 = "tons",
            }
        }
    }

    fn read(json: &str) -> Result<Berth, String> {
        from_str(json).map_err(|error| error.to_string())
    }

    /// Decodes from a value and from text, and checks that both encode to the same value again.
    fn round_trip(value: &Value) -> Berth {
        let berth: Berth = from_value(value.clone()).unwrap();
        assert_eq!(to_value(&berth).unwrap(), *value);
        assert_eq!(read(&value.to_string()).unwrap(), berth);
        berth
    }

    fn berth(field: &str, value: Value) -> Value {
        let mut berth = json!({"berthName": "north", "bollards": 4});
        berth[field] = value;
        berth
    }

    #[test]
    fn an_absent_list_an_empty_one_and_null_stay_three_things() {
        let absent = round_trip(&json!({"berthName": "north", "bollards": 4}));
        assert_eq!(absent.ships, None);
        let empty = round_trip(&berth("ships", json!([])));
        assert_eq!(empty.ships, Some(Vec::new()));
        let null = round_trip(&berth("ships", json!(null)));
        assert_eq!((null.ships, &null.extra["ships"]), (None, &json!(null)));
    }

    #[test]
    fn a_value_of_another_type_leaves_its_field_empty_and_is_kept() {
        for (field, value) in [
            ("ships", json!("Mira")),
            ("ships", json!(["Mira", 7])),
            ("ships", json!([null])),
            ("ships", json!({"first": ["Mira"]})),
            ("depth", json!("9.5")),
            ("depth", json!(true)),
            ("length", json!(-1)),
            ("length", json!(12.5)),
            ("length", json!(1e300)),
            ("length", json!("long")),
            ("crane", json!([])),
            ("crane", json!({"tons": 7})),
            ("crane", json!({"label": 7, "tons": 7.0, "color": "red"})),
            (
                "cranes",
                json!([{"label": "A", "tons": 12.0}, {"tons": 7}, {"label": "C"}]),
            ),
        ] {
            let read = round_trip(&berth(field, value.clone()));
            assert_eq!(read.extra.get(field), Some(&value), "{field}: {value}");
            assert!(read.ships.is_none() && read.depth.is_none() && read.length.is_none());
            assert!(read.crane.is_none() && read.cranes.is_none());
        }
    }

    #[test]
    fn a_number_in_another_form_is_read_and_written_back_unchanged() {
        for (value, length) in [
            (json!(12), 12),
            (json!(12.0), 12),
            (json!("12"), 12),
            (json!(-0.0), 0),
            (json!(u64::MAX), u64::MAX),
        ] {
            assert_eq!(round_trip(&berth("length", value)).length, Some(length));
        }
        for (value, depth) in [(json!(9.5), 9.5), (json!(9), 9.0), (json!(-9), -9.0)] {
            assert_eq!(round_trip(&berth("depth", value)).depth, Some(depth));
        }
        let nested = round_trip(&berth("crane", json!({"label": "A", "tons": "12"})));
        assert_eq!(nested.crane.unwrap().tons, Some(12));
    }

    #[test]
    fn a_defaulted_number_may_be_absent_or_of_another_type() {
        assert_eq!(read(r#"{"berthName":"north"}"#).unwrap().bollards, 0);
        for value in [json!(null), json!("many"), json!([]), json!(-1)] {
            assert_eq!(round_trip(&berth("bollards", value)).bollards, 0);
        }
        for value in [json!(7), json!(7.0), json!("7")] {
            assert_eq!(round_trip(&berth("bollards", value)).bollards, 7);
        }
    }

    #[test]
    fn a_field_that_is_changed_is_written_as_it_is_now() {
        let value = json!({"berthName": "north", "bollards": "4", "ships": "Mira", "length": 12.0});
        let mut berth: Berth = from_value(value).unwrap();
        berth.bollards = 5;
        berth.ships = Some(vec!["Ada".into()]);
        berth.length = Some(13);
        assert_eq!(
            to_value(&berth).unwrap(),
            json!({"berthName": "north", "bollards": 5, "ships": ["Ada"], "length": 13})
        );
    }

    #[test]
    fn an_unknown_field_is_kept_and_written_back() {
        let value = berth("draft", json!({"meters": 9.5, "": null}));
        assert_eq!(round_trip(&value).extra["draft"]["meters"], 9.5);
    }

    fn set(values: &[(&str, Value)]) -> Berth {
        let mut berth = Berth::with_required("north".into());
        for (field, value) in values {
            berth.set_field((*field).to_owned(), value.clone());
        }
        berth
    }

    #[test]
    fn a_field_that_is_set_by_its_json_name_is_set() {
        let berth = set(&[
            ("ships", json!(["Ada"])),
            ("bollards", json!(7)),
            ("berthName", json!("south")),
        ]);
        assert_eq!((berth.name.as_str(), berth.bollards), ("south", 7));
        assert_eq!(berth.ships, Some(vec!["Ada".to_owned()]));
        assert!(berth.extra.is_empty());
    }

    #[test]
    fn of_two_values_that_are_set_the_last_one_is_written() {
        let (fits, odd) = (json!(["Ada"]), json!(7));
        for values in [[&fits, &odd], [&odd, &fits], [&odd, &odd]] {
            let berth = set(&values.map(|value| ("ships", value.clone())));
            assert_eq!(to_value(berth).unwrap()["ships"], *values[1]);
        }
        for (field, value) in [
            ("berthName", json!(7)),
            ("bollards", json!("7")),
            ("bollards", json!("many")),
        ] {
            let berth = set(&[(field, value.clone())]);
            assert_eq!(to_value(berth).unwrap()[field], value);
        }
    }

    #[test]
    fn the_rust_name_of_a_field_is_not_its_json_name() {
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
    fn a_required_field_that_comes_twice_is_rejected() {
        assert_eq!(
            read(r#"{"berthName":"north","berthName":"south"}"#).unwrap_err(),
            "duplicate field `berthName` at line 1 column 32"
        );
    }

    #[test]
    fn of_an_optional_field_that_comes_twice_the_last_value_counts() {
        for (json, ships) in [
            (
                r#"{"berthName":"north","ships":7,"ships":["Ada"]}"#,
                json!(["Ada"]),
            ),
            (
                r#"{"berthName":"north","ships":["Ada"],"ships":7}"#,
                json!(7),
            ),
        ] {
            assert_eq!(to_value(read(json).unwrap()).unwrap()["ships"], ships);
        }
    }

    #[test]
    fn an_error_names_the_type_that_was_expected() {
        for (json, reason) in [
            (
                r#""north""#,
                "invalid type: string \"north\", expected a JSON object (Berth)",
            ),
            (
                r#"{"berthName":null}"#,
                "invalid type: null, expected a string",
            ),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
    }

    #[test]
    fn no_name_is_written_twice() {
        let mut berth = read(r#"{"berthName":"north"}"#).unwrap();
        berth.extra.insert("berthName".into(), json!("south"));
        berth.extra.insert("ships".into(), json!(["Mira"]));
        assert_eq!(
            to_string(&berth).unwrap(),
            r#"{"berthName":"north","bollards":0,"ships":["Mira"]}"#
        );
        berth.ships = Some(Vec::new());
        assert_eq!(
            to_string(&berth).unwrap(),
            r#"{"berthName":"north","bollards":0,"ships":[]}"#
        );
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_an_overflow() {
        for field in ["draft", "ships", "crane"] {
            let deep = format!(r#"{{"berthName":"north","{field}":{}"#, "[".repeat(200_000));
            assert!(read(&deep).unwrap_err().starts_with("recursion limit"));
        }
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
