//! Writes structs, lists, texts and numbers as JSON. The general serializer takes twice as many instructions
//! for a response: it looks for characters to escape in names, too, and copies a text in pieces.

use serde::Serialize;
use serde::ser::{Error as _, Impossible, SerializeSeq, SerializeStruct, Serializer};
use serde_json::Error;

/// Writes a value. Maps and enums with data are errors.
pub(crate) fn write(bytes: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
    value.serialize(Writer(bytes))
}

struct Writer<'a>(&'a mut Vec<u8>);

/// A struct or a list that is not complete.
struct Parts<'a> {
    bytes: &'a mut Vec<u8>,
    /// Whether nothing of it is written yet.
    is_empty: bool,
}

fn unsupported() -> Error {
    Error::custom("only structs, lists, texts and numbers can be written as plain JSON")
}

/// Writes a text. Most texts have nothing to escape.
fn write_text(bytes: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    if text.bytes().any(must_be_escaped) {
        return serde_json::to_writer(bytes, text);
    }
    write_plain(bytes, text);
    Ok(())
}

fn must_be_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Writes a text that has nothing to escape.
fn write_plain(bytes: &mut Vec<u8>, text: &str) {
    bytes.reserve(text.len() + 2);
    bytes.push(b'"');
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(b'"');
}

macro_rules! as_serde_json_does {
    ($($method:ident($value:ty),)*) => {
        $(
            fn $method(self, value: $value) -> Result<(), Error> {
                serde_json::to_writer(self.0, &value)
            }
        )*
    };
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    as_serde_json_does! {
        serialize_bool(bool),
        serialize_i8(i8),
        serialize_i16(i16),
        serialize_i32(i32),
        serialize_i64(i64),
        serialize_u8(u8),
        serialize_u16(u16),
        serialize_u32(u32),
        serialize_u64(u64),
        serialize_f32(f32),
        serialize_f64(f64),
        serialize_char(char),
        serialize_bytes(&[u8]),
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        write_text(self.0, text)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        write_text(self.0, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(unsupported())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Error> {
        Ok(Parts::begin(self.0, b'['))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        Err(unsupported())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(unsupported())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(unsupported())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Err(unsupported())
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts<'a>, Error> {
        match name.starts_with('$') {
            // So serde_json marks values that only its own serializer can write.
            true => Err(unsupported()),
            false => Ok(Parts::begin(self.0, b'{')),
        }
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(unsupported())
    }
}

impl<'a> Parts<'a> {
    fn begin(bytes: &'a mut Vec<u8>, bracket: u8) -> Self {
        bytes.push(bracket);
        Self {
            bytes,
            is_empty: true,
        }
    }

    fn separate(&mut self) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.bytes.push(b',');
        }
    }
}

impl SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.separate();
        // The names of this crate's structs have nothing to escape.
        debug_assert!(!name.bytes().any(must_be_escaped));
        write_plain(self.bytes, name);
        self.bytes.push(b':');
        value.serialize(Writer(self.bytes))
    }

    fn end(self) -> Result<(), Error> {
        self.bytes.push(b'}');
        Ok(())
    }
}

impl SerializeSeq for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.separate();
        value.serialize(Writer(self.bytes))
    }

    fn end(self) -> Result<(), Error> {
        self.bytes.push(b']');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Everything {
        some_text: String,
        list: Vec<Option<String>>,
        none: Option<bool>,
        number: u64,
        negative: i64,
        fraction: f64,
        infinite: f64,
        nested: Nested,
        #[serde(skip_serializing_if = "Option::is_none")]
        missing: Option<u8>,
    }

    #[derive(Serialize)]
    struct Nested {
        empty: Vec<u8>,
        unit: (),
    }

    #[test]
    fn the_text_is_that_of_the_general_serializer() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..1_000 {
            let mut text = || -> String {
                let length = random.usize(..40);
                let alphabet: Vec<char> = "ab \"\\\n\u{0}\u{1f}\u{7f}é🌊/".chars().collect();
                (0..length)
                    .map(|_| alphabet[random.usize(..alphabet.len())])
                    .collect()
            };
            let everything = Everything {
                some_text: text(),
                list: vec![Some(text()), None, Some(text())],
                none: None,
                number: random.u64(..),
                negative: random.i64(..),
                fraction: random.f64() * 1e9,
                infinite: f64::INFINITY,
                nested: Nested {
                    empty: Vec::new(),
                    unit: (),
                },
                missing: None,
            };
            let mut bytes = Vec::new();
            write(&mut bytes, &everything).unwrap();
            let expected = serde_json::to_string(&everything).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_not_plain_is_an_error() {
        let raw = serde_json::value::to_raw_value(&1).unwrap();
        assert!(write(&mut Vec::new(), &raw).is_err());
        assert!(write(&mut Vec::new(), &json!({"a": 1})).is_err());
    }
}
