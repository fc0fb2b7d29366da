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
