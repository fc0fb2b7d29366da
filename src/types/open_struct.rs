//! Structs that keep the fields that they do not know.
//!
//! `#[serde(flatten)]` would do the same, but reads every field of an object into a buffer first.
//! This decodes known fields in place and allocates a name for an unknown field only.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// The known fields of one struct.
pub(super) trait KnownField: Sized {
    fn from_wire_name(name: &str) -> Option<Self>;
}

/// The name of a field: a known one, or any other as it came.
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
                f.write_str("a field's name")
            }

            fn visit_str<E>(self, name: &str) -> Result<FieldName<F>, E> {
                Ok(match F::from_wire_name(name) {
                    Some(field) => FieldName::Known(field),
                    None => FieldName::Unknown(name.to_owned()),
                })
            }

            fn visit_string<E>(self, name: String) -> Result<FieldName<F>, E> {
                Ok(match F::from_wire_name(&name) {
                    Some(field) => FieldName::Known(field),
                    None => FieldName::Unknown(name),
                })
            }
        }

        deserializer.deserialize_identifier(NameVisitor(PhantomData))
    }
}

/// Reads a known field's value. A field that comes twice is an error: either value could be meant.
pub(super) fn read_once<'de, T, A>(
    slot: &mut Option<T>,
    wire_name: &'static str,
    map: &mut A,
) -> Result<(), A::Error>
where
    T: Deserialize<'de>,
    A: MapAccess<'de>,
{
    if slot.is_some() {
        return Err(A::Error::duplicate_field(wire_name));
    }
    *slot = Some(map.next_value()?);
    Ok(())
}

/// The value of a field that must be there.
pub(super) fn required<T, E: Error>(slot: Option<T>, wire_name: &'static str) -> Result<T, E> {
    slot.ok_or_else(|| E::missing_field(wire_name))
}

/// Defines a `#[non_exhaustive]` struct with public fields, its `Serialize` and its `Deserialize`.
///
/// A field is written `name: Type = "wireName"`. An optional one becomes an `Option<Type>`; absent
/// and null both are `None`, and `None` is not written. `extra` comes by itself.
macro_rules! open_struct {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            required {
                $( $(#[$required_meta:meta])*
                   $required:ident: $required_type:ty = $required_wire:literal, )*
            }
            optional {
                $( $(#[$optional_meta:meta])*
                   $optional:ident: $optional_type:ty = $optional_wire:literal, )*
            }
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        $vis struct $name {
            $(
                $(#[$required_meta])*
                #[doc = concat!("\n\n`", $required_wire, "` on the wire.")]
                pub $required: $required_type,
            )*
            $(
                $(#[$optional_meta])*
                #[doc = concat!("\n\n`", $optional_wire, "` on the wire; `None` if it is absent.")]
                pub $optional: Option<$optional_type>,
            )*
            /// The fields that this version does not know, by their wire names. They are written
            /// back as they came.
            pub extra: serde_json::Map<String, serde_json::Value>,
        }

        const _: () = {
            use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
            use serde::ser::{Serialize, SerializeMap, Serializer};
            use $crate::types::open_struct::{self, FieldName, KnownField};

            #[allow(non_camel_case_types)]
            enum Field {
                $( $required, )*
                $( $optional, )*
            }

            impl KnownField for Field {
                fn from_wire_name(name: &str) -> Option<Self> {
                    match name {
                        $( $required_wire => Some(Self::$required), )*
                        $( $optional_wire => Some(Self::$optional), )*
                        _ => None,
                    }
                }
            }

            struct ObjectVisitor;

            impl<'de> Visitor<'de> for ObjectVisitor {
                type Value = $name;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str(concat!("a JSON object (", stringify!($name), ")"))
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                    $( let mut $required: Option<$required_type> = None; )*
                    $( let mut $optional: Option<Option<$optional_type>> = None; )*
                    let mut extra = serde_json::Map::new();
                    while let Some(name) = map.next_key()? {
                        match name {
                            $(
                                FieldName::Known(Field::$required) => {
                                    open_struct::read_once(&mut $required, $required_wire, &mut map)?;
                                }
                            )*
                            $(
                                FieldName::Known(Field::$optional) => {
                                    open_struct::read_once(&mut $optional, $optional_wire, &mut map)?;
                                }
                            )*
                            FieldName::Unknown(name) => {
                                extra.insert(name, map.next_value()?);
                            }
                        }
                    }
                    Ok($name {
                        $( $required: open_struct::required($required, $required_wire)?, )*
                        $( $optional: $optional.flatten(), )*
                        extra,
                    })
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
                    $( map.serialize_entry($required_wire, &self.$required)?; )*
                    $(
                        if let Some(value) = &self.$optional {
                            map.serialize_entry($optional_wire, value)?;
                        }
                    )*
                    for (name, value) in &self.extra {
                        // No name is written twice: a field of the struct goes before `extra`.
                        let written = match Field::from_wire_name(name) {
                            $( Some(Field::$required) => true, )*
                            $( Some(Field::$optional) => self.$optional.is_some(), )*
                            None => false,
                        };
                        if !written {
                            map.serialize_entry(name, value)?;
                        }
                    }
                    map.end()
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
            /// Sets a field that this version does not know, by its wire name.
            ///
            /// A name that this type has a field for is used only while that field is not set.
            pub fn extra(
                mut self,
                wire_name: impl Into<String>,
                value: impl Into<serde_json::Value>,
            ) -> Self {
                self.extra.insert(wire_name.into(), value.into());
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
