//! The sample bodies, and the check that a value survives a round trip.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, from_str, from_value, to_value};

/// Returns the folder of the sample bodies, for a package at the root or below it.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("tests/fixtures"))
        .find(|folder| folder.is_dir())
        .expect("the folder tests/fixtures")
}

pub(crate) fn text(name: &str) -> String {
    let path = directory().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json_of(name: &str) -> Value {
    from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the `data` of a sample that is a success envelope.
pub(crate) fn data(name: &str) -> Value {
    let mut envelope = json_of(name);
    assert_eq!(envelope["success"], true, "{name}");
    envelope["data"].take()
}

/// Decodes a value from text, like a body, and checks that it encodes to the same JSON.
pub(crate) fn round_trip<T>(value: &Value) -> T
where
    T: DeserializeOwned + Serialize + Clone + PartialEq + Debug,
{
    let decoded: T =
        from_str(&value.to_string()).unwrap_or_else(|error| panic!("{error}\n{value:#}"));
    assert_eq!(to_value(&decoded).unwrap(), *value);
    let from_tree: T = from_value(value.clone()).unwrap();
    assert_eq!(from_tree, decoded, "text and tree decode alike");
    decoded
}
