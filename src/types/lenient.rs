//! Reads values without failing over their shape.
//!
//! A server can send a number in quotes, or one string where a list is expected. A call that the
//! server has already executed must not fail over that. So an optional value is read in one pass as
//! its type where it fits, and kept as JSON where it does not.

use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::{Number, Value};

/// What a value turned out to be.
#[derive(Debug)]
pub enum Reading<T> {
    /// A value of the type, which is written back unchanged.
    Exact(T),
    /// A value of the type that is written differently, such as `12.0` for 12; with the original.
    Respelled(T, Value),
    /// A value of another shape.
    Other(Value),
}

/// Which values do not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// Values of the type.
    Typed,
    /// Values of the type, and null.
    TypedOrNull,
    /// Every value.
    Anything,
}

impl Accept {
    /// What holds for the elements of a list.
    fn elements(self) -> Self {
        match self {
            Self::Typed | Self::TypedOrNull => Self::Typed,
            Self::Anything => Self::Anything,
        }
    }

    /// What holds for the required and for the optional fields of an object.
    pub(super) fn fields(self) -> (Self, Self) {
        match self {
            Self::Typed | Self::TypedOrNull => (Self::Typed, Self::TypedOrNull),
            Self::Anything => (Self::Anything, Self::Anything),
        }
    }

    fn other<T: Lenient, E: Error>(
        self,
        unexpected: Unexpected<'_>,
        value: impl FnOnce() -> Value,
    ) -> Result<Reading<T>, E> {
        match (self, unexpected) {
            (Self::Anything, _) | (Self::TypedOrNull, Unexpected::Unit) => {
                Ok(Reading::Other(value()))
            }
            _ => Err(E::invalid_type(unexpected, &T::EXPECTED)),
        }
    }
}

/// A type of a field. Each implements the functions for the kinds of JSON that it can be read from.
pub trait Lenient: Sized + PartialEq + Serialize {
    /// What an error says was expected.
    const EXPECTED: &'static str;

    fn from_bool(_value: bool) -> Option<Reading<Self>> {
        None
    }

    fn from_number(_value: Number) -> Option<Reading<Self>> {
        None
    }

    fn from_text(_value: &str) -> Option<Reading<Self>> {
        None
    }

    fn from_list<'de, A: SeqAccess<'de>>(
        list: A,
        accept: Accept,
    ) -> Result<Reading<Self>, A::Error> {
        if accept != Accept::Anything {
            return Err(A::Error::invalid_type(Unexpected::Seq, &Self::EXPECTED));
        }
        Value::deserialize(SeqAccessDeserializer::new(list)).map(Reading::Other)
    }

    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        accept: Accept,
    ) -> Result<Reading<Self>, A::Error> {
        if accept != Accept::Anything {
            return Err(A::Error::invalid_type(Unexpected::Map, &Self::EXPECTED));
        }
        Value::deserialize(MapAccessDeserializer::new(object)).map(Reading::Other)
    }

    /// Reads one value. Fails over JSON that is invalid, and over a value that is not accepted.
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        accept: Accept,
    ) -> Result<Reading<Self>, D::Error> {
        deserializer.deserialize_any(ReadVisitor {
            accept,
            kind: PhantomData,
        })
    }

    /// Reads a value that is in memory.
    fn read_value(value: &Value) -> Option<Self> {
        match Self::read(value, Accept::Anything) {
            Ok(Reading::Exact(value) | Reading::Respelled(value, _)) => Some(value),
            Ok(Reading::Other(_)) | Err(_) => None,
        }
    }
}

/// [`Lenient::read`] for what takes a seed: the elements of a list, the values of an object.
pub(crate) struct Read<T> {
    accept: Accept,
    kind: PhantomData<T>,
}

impl<T> Read<T> {
    pub(crate) fn new(accept: Accept) -> Self {
        Self {
            accept,
            kind: PhantomData,
        }
    }
}

impl<'de, T: Lenient> DeserializeSeed<'de> for Read<T> {
    type Value = Reading<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Reading<T>, D::Error> {
        T::read(deserializer, self.accept)
    }
}

struct ReadVisitor<T> {
    accept: Accept,
    kind: PhantomData<T>,
}

impl<'de, T: Lenient> Visitor<'de> for ReadVisitor<T> {
    type Value = Reading<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_unit<E: Error>(self) -> Result<Reading<T>, E> {
        self.accept.other(Unexpected::Unit, || Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Reading<T>, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Reading<T>, D::Error> {
        T::read(value, self.accept)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Reading<T>, E> {
        match T::from_bool(value) {
            Some(reading) => Ok(reading),
            None => self.accept.other(Unexpected::Bool(value), || value.into()),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Reading<T>, E> {
        match T::from_number(value.into()) {
            Some(reading) => Ok(reading),
            None => self
                .accept
                .other(Unexpected::Unsigned(value), || value.into()),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Reading<T>, E> {
        match T::from_number(value.into()) {
            Some(reading) => Ok(reading),
            None => self
                .accept
                .other(Unexpected::Signed(value), || value.into()),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Reading<T>, E> {
        match Number::from_f64(value).and_then(T::from_number) {
            Some(reading) => Ok(reading),
            None => self.accept.other(Unexpected::Float(value), || value.into()),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Reading<T>, E> {
        match T::from_text(value) {
            Some(reading) => Ok(reading),
            None => self.accept.other(Unexpected::Str(value), || value.into()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Reading<T>, A::Error> {
        T::from_list(list, self.accept)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Reading<T>, A::Error> {
        T::from_object(object, self.accept)
    }
}

impl Lenient for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_bool(value: bool) -> Option<Reading<Self>> {
        Some(Reading::Exact(value))
    }
}

impl Lenient for String {
    const EXPECTED: &'static str = "a string";

    fn from_text(value: &str) -> Option<Reading<Self>> {
        Some(Reading::Exact(value.to_owned()))
    }
}

impl Lenient for u64 {
    const EXPECTED: &'static str = "a whole number that is not negative";

    fn from_number(value: Number) -> Option<Reading<Self>> {
        /// 2 to the power of 64: the first number that is too large.
        const LIMIT: f64 = 18_446_744_073_709_551_616.0;

        if let Some(whole) = value.as_u64() {
            return Some(Reading::Exact(whole));
        }
        let float = value.as_f64()?;
        if float.fract() != 0.0 || !(0.0..LIMIT).contains(&float) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: a whole number in the range"
        )]
        let whole = float as u64;
        Some(Reading::Respelled(whole, Value::Number(value)))
    }

    fn from_text(value: &str) -> Option<Reading<Self>> {
        let whole = value.parse().ok()?;
        Some(Reading::Respelled(whole, value.into()))
    }

    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        accept: Accept,
    ) -> Result<Reading<Self>, A::Error> {
        number_as_object(object, accept)
    }
}

impl Lenient for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_number(value: Number) -> Option<Reading<Self>> {
        let float = value.as_f64()?;
        Some(match value.is_f64() {
            true => Reading::Exact(float),
            // 1 would be written back as 1.0.
            false => Reading::Respelled(float, Value::Number(value)),
        })
    }

    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        accept: Accept,
    ) -> Result<Reading<Self>, A::Error> {
        number_as_object(object, accept)
    }
}

/// Any crate of an application can turn on the feature `arbitrary_precision` of serde_json, with
/// which a number arrives as an object that only serde_json can read.
fn number_as_object<'de, T: Lenient, A: MapAccess<'de>>(
    object: A,
    accept: Accept,
) -> Result<Reading<T>, A::Error> {
    match Value::deserialize(MapAccessDeserializer::new(object))? {
        Value::Number(number) => match T::from_number(number.clone()) {
            Some(reading) => Ok(reading),
            None => accept.other(Unexpected::Other("number"), || Value::Number(number)),
        },
        other => accept.other(Unexpected::Map, || other),
    }
}

impl Lenient for Timestamp {
    const EXPECTED: &'static str = "a time such as \"2026-03-02T08:15:30Z\"";

    fn from_text(value: &str) -> Option<Reading<Self>> {
        let time = match value.parse() {
            Ok(time) => time,
            // Without a zone it is UTC. A zone in the text that is wrong is not overruled.
            Err(_) => {
                let time: DateTime = value.parse().ok()?;
                if has_zone(value) {
                    return None;
                }
                TimeZone::UTC.to_timestamp(time).ok()?
            }
        };
        Some(match is_written_so(value.as_bytes()) {
            true => Reading::Exact(time),
            false => Reading::Respelled(time, value.into()),
        })
    }
}

/// Whether a time has a zone after its clock time, or a time zone's name in brackets.
fn has_zone(text: &str) -> bool {
    let clock = text.find(['T', 't', ' ']).map_or("", |at| &text[at + 1..]);
    clock.contains(['Z', 'z', '+', '-', '['])
}

/// Whether a valid time is in the form in which `Timestamp` is written:
/// `2026-03-02T08:15:30Z`, or with a fraction that does not end with 0.
fn is_written_so(text: &[u8]) -> bool {
    match text {
        [date @ .., b'Z'] if date.len() >= 19 => {
            let (seconds, fraction) = date.split_at(19);
            let form = |at: usize, byte| seconds[at] == byte;
            let separated = form(4, b'-')
                && form(7, b'-')
                && form(10, b'T')
                && form(13, b':')
                && form(16, b':');
            let fraction_is_short = match fraction {
                [] => true,
                [b'.', .., last] => *last != b'0',
                _ => false,
            };
            // A leap second is read as the second before.
            separated && fraction_is_short && &seconds[17..] != b"60"
        }
        _ => false,
    }
}

impl Lenient for Value {
    const EXPECTED: &'static str = "any value";

    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        accept: Accept,
    ) -> Result<Reading<Self>, D::Error> {
        match Self::deserialize(deserializer)? {
            Self::Null => accept.other(Unexpected::Unit, || Self::Null),
            value => Ok(Reading::Exact(value)),
        }
    }
}

impl<T: Lenient> Lenient for Vec<T> {
    const EXPECTED: &'static str = "a list";

    /// One element of another shape makes the whole list one of another shape, which is kept.
    fn from_list<'de, A: SeqAccess<'de>>(
        mut list: A,
        accept: Accept,
    ) -> Result<Reading<Self>, A::Error> {
        let mut values = Self::new();
        while let Some(reading) = list.next_element_seed(Read::<T>::new(accept.elements()))? {
            match reading {
                Reading::Exact(value) => values.push(value),
                Reading::Respelled(_, odd) | Reading::Other(odd) => {
                    let mut all = Vec::with_capacity(values.len() + 1);
                    for value in values {
                        all.push(serde_json::to_value(value).map_err(A::Error::custom)?);
                    }
                    all.push(odd);
                    while let Some(value) = list.next_element()? {
                        all.push(value);
                    }
                    return Ok(Reading::Other(Value::Array(all)));
                }
            }
        }
        Ok(Reading::Exact(values))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn time(text: &str) -> Option<(String, bool)> {
        match Timestamp::read(&json!(text), Accept::Anything).unwrap() {
            Reading::Exact(time) => Some((time.to_string(), true)),
            Reading::Respelled(time, original) => {
                assert_eq!(original, text);
                Some((time.to_string(), false))
            }
            Reading::Other(_) => None,
        }
    }

    #[test]
    fn a_time_that_would_be_written_differently_keeps_its_form() {
        for (text, written, exact) in [
            ("2026-03-02T08:15:30Z", "2026-03-02T08:15:30Z", true),
            ("2026-03-02T08:15:30.25Z", "2026-03-02T08:15:30.25Z", true),
            ("2026-03-02T08:15:30.000Z", "2026-03-02T08:15:30Z", false),
            ("2026-03-02T08:15:30.250Z", "2026-03-02T08:15:30.25Z", false),
            ("2026-03-02T08:15:60Z", "2026-03-02T08:15:59Z", false),
            ("2026-03-02 08:15:30Z", "2026-03-02T08:15:30Z", false),
            ("2026-03-02t08:15:30z", "2026-03-02T08:15:30Z", false),
            ("20260302T081530Z", "2026-03-02T08:15:30Z", false),
            ("2026-03-02T08:15:30+00:00", "2026-03-02T08:15:30Z", false),
            ("2026-03-02T09:15:30+01:00", "2026-03-02T08:15:30Z", false),
        ] {
            assert_eq!(time(text), Some((written.to_owned(), exact)), "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_in_utc() {
        for text in [
            "2026-03-02T08:15:30",
            "2026-03-02 08:15:30",
            "2026-03-02T08:15:30.000",
        ] {
            let utc = "2026-03-02T08:15:30Z".to_owned();
            assert_eq!(time(text), Some((utc, false)), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_time_is_of_another_type() {
        for text in [
            "",
            "soon",
            "1772439330",
            "2026-03-02T08:15:30+99:00",
            "2026-03-02T08:15:30[Nowhere/City]",
            "2026-02-30T08:15:30Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
