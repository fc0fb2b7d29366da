//! Reads values without failing over their shape.
//!
//! A server can send a number in quotes, or one string where a list is expected. A call that the
//! server has already executed must not fail over that. So an optional value is read in one pass as
//! its type where it fits, and kept as JSON where it does not.

use std::fmt;

use serde::Serialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde_json::{Number, Value};

/// What a value turned out to be. The JSON is boxed, because it is rare and would make every reading
/// larger.
#[derive(Debug)]
pub enum Reading<T> {
    /// A value of the type, which is written back unchanged.
    Exact(T),
    /// A value of the type that is written differently, such as `12.0` for 12; with the original.
    Respelled(T, Box<Value>),
    /// A value of another shape.
    Other(Box<Value>),
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
    pub(super) fn elements(self) -> Self {
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

    /// Returns a value of another type than was expected, if it is accepted.
    #[cold]
    pub(super) fn other<E: Error>(
        self,
        unexpected: Unexpected<'_>,
        expected: &'static str,
        value: impl FnOnce() -> Value,
    ) -> Result<Box<Value>, E> {
        match (self, unexpected) {
            (Self::Anything, _) | (Self::TypedOrNull, Unexpected::Unit) => Ok(Box::new(value())),
            _ => Err(E::invalid_type(unexpected, &expected)),
        }
    }
}

/// A type of a field. Each implements the functions for the kinds of JSON that it can be read from.
pub trait Lenient: Sized + PartialEq + Serialize {
    /// What an error says was expected.
    const EXPECTED: &'static str;

    /// Whether it can be read from a list or an object. The code that reads all other types exists
    /// once, which is why a response of many types needs little of it.
    const IS_COMPOUND: bool = false;

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
        Box::deserialize(SeqAccessDeserializer::new(list)).map(Reading::Other)
    }

    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        accept: Accept,
    ) -> Result<Reading<Self>, A::Error> {
        if accept != Accept::Anything {
            return Err(A::Error::invalid_type(Unexpected::Map, &Self::EXPECTED));
        }
        Box::deserialize(MapAccessDeserializer::new(object)).map(Reading::Other)
    }

    /// Reads one value. Fails over JSON that is invalid, and over a value that is not accepted.
    fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        accept: Accept,
    ) -> Result<Reading<Self>, D::Error> {
        let mut slot = None;
        let kept = Self::read_into(&mut slot, deserializer, accept)?;
        Ok(Reading::new(slot, kept))
    }

    /// Like [`read`](Self::read), for a place that is empty: puts a value of the type there, and
    /// returns the JSON of a value that is not exact. Every field is read by this, and a result in
    /// registers is cheaper than one that is moved.
    fn read_into<'de, D: Deserializer<'de>>(
        slot: &mut Option<Self>,
        deserializer: D,
        accept: Accept,
    ) -> Result<Option<Box<Value>>, D::Error> {
        if Self::IS_COMPOUND {
            deserializer.deserialize_any(CompoundVisitor { accept, slot })
        } else {
            deserializer.deserialize_any(ScalarVisitor { accept, slot })
        }
    }

    /// Reads a value that is in memory.
    fn read_value(value: &Value) -> Option<Self> {
        let mut slot = None;
        let _ = Self::read_into(&mut slot, value, Accept::Anything);
        slot
    }
}

impl<T> Reading<T> {
    /// Returns what [`Lenient::read_into`] has read.
    fn new(slot: Option<T>, kept: Option<Box<Value>>) -> Self {
        match (slot, kept) {
            (Some(value), None) => Self::Exact(value),
            (Some(value), Some(original)) => Self::Respelled(value, original),
            (None, Some(other)) => Self::Other(other),
            (None, None) => Self::Other(Box::default()),
        }
    }

    #[inline(always)]
    fn put_into(self, slot: &mut Option<T>) -> Option<Box<Value>> {
        match self {
            Self::Exact(value) => {
                *slot = Some(value);
                None
            }
            Self::Respelled(value, original) => {
                *slot = Some(value);
                Some(original)
            }
            Self::Other(other) => Some(other),
        }
    }
}

/// [`Lenient::read_into`] for what takes a seed: the elements of a list, the values of an object.
pub(crate) struct Read<'a, T> {
    accept: Accept,
    slot: &'a mut Option<T>,
}

impl<'a, T> Read<'a, T> {
    pub(crate) fn into(slot: &'a mut Option<T>, accept: Accept) -> Self {
        Self { accept, slot }
    }
}

impl<'de, T: Lenient> DeserializeSeed<'de> for Read<'_, T> {
    type Value = Option<Box<Value>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::read_into(self.slot, deserializer, self.accept)
    }
}

/// A value that is neither null nor compound.
#[derive(Debug, Clone)]
pub(super) enum Scalar<'a> {
    Bool(bool),
    Number(Number),
    Text(&'a str),
}

/// A place for a value, of whatever type.
pub(super) trait Slot {
    fn expected(&self) -> &'static str;

    /// Puts a value of the type there, and returns the JSON of one that is not exact. `Err` is a
    /// value of another type.
    fn put(&mut self, scalar: Scalar<'_>) -> Result<Option<Box<Value>>, ()>;
}

impl<T: Lenient> Slot for Option<T> {
    fn expected(&self) -> &'static str {
        T::EXPECTED
    }

    fn put(&mut self, scalar: Scalar<'_>) -> Result<Option<Box<Value>>, ()> {
        let reading = match scalar {
            Scalar::Text(text) => T::from_text(text),
            Scalar::Number(number) => T::from_number(number),
            Scalar::Bool(value) => T::from_bool(value),
        };
        reading.ok_or(()).map(|reading| reading.put_into(self))
    }
}

/// Like [`Read`], for every type that is not compound.
pub(super) struct ReadScalar<'a> {
    pub(super) accept: Accept,
    pub(super) slot: &'a mut dyn Slot,
}

impl<'de> DeserializeSeed<'de> for ReadScalar<'_> {
    type Value = Option<Box<Value>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let Self { accept, slot } = self;
        deserializer.deserialize_any(ScalarVisitor { accept, slot })
    }
}

/// Reads the types that are not compound.
struct ScalarVisitor<'a> {
    accept: Accept,
    slot: &'a mut dyn Slot,
}

impl ScalarVisitor<'_> {
    fn put<E: Error>(
        self,
        scalar: Scalar<'_>,
        unexpected: Unexpected<'_>,
        value: impl FnOnce() -> Value,
    ) -> Result<Option<Box<Value>>, E> {
        match self.slot.put(scalar) {
            Ok(kept) => Ok(kept),
            Err(()) => self.other(unexpected, value),
        }
    }

    pub(super) fn other<E: Error>(
        self,
        unexpected: Unexpected<'_>,
        value: impl FnOnce() -> Value,
    ) -> Result<Option<Box<Value>>, E> {
        let expected = self.slot.expected();
        self.accept.other(unexpected, expected, value).map(Some)
    }
}

impl<'de> Visitor<'de> for ScalarVisitor<'_> {
    type Value = Option<Box<Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slot.expected())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.other(Unexpected::Unit, || Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        value.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        let scalar = Scalar::Bool(value);
        self.put(scalar, Unexpected::Bool(value), || value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        let scalar = Scalar::Number(value.into());
        self.put(scalar, Unexpected::Unsigned(value), || value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        let scalar = Scalar::Number(value.into());
        self.put(scalar, Unexpected::Signed(value), || value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        let unexpected = Unexpected::Float(value);
        match Number::from_f64(value) {
            Some(number) => self.put(Scalar::Number(number), unexpected, || value.into()),
            None => self.other(unexpected, || value.into()),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        let scalar = Scalar::Text(value);
        self.put(scalar, Unexpected::Str(value), || value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        if self.accept != Accept::Anything {
            let expected = self.slot.expected();
            return Err(A::Error::invalid_type(Unexpected::Seq, &expected));
        }
        Box::deserialize(SeqAccessDeserializer::new(list)).map(Some)
    }

    /// Any crate of an application can turn on the feature `arbitrary_precision` of serde_json, with
    /// which a number arrives as an object that only serde_json can read.
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        match Value::deserialize(MapAccessDeserializer::new(object))? {
            Value::Number(number) => {
                let scalar = Scalar::Number(number.clone());
                self.put(scalar, Unexpected::Other("number"), || number.into())
            }
            other => self.other(Unexpected::Map, || other),
        }
    }
}

/// Reads a type that is compound.
struct CompoundVisitor<'a, T> {
    accept: Accept,
    slot: &'a mut Option<T>,
}

impl<T: Lenient> CompoundVisitor<'_, T> {
    pub(super) fn other<E: Error>(
        self,
        unexpected: Unexpected<'_>,
        value: impl FnOnce() -> Value,
    ) -> Result<Option<Box<Value>>, E> {
        self.accept.other(unexpected, T::EXPECTED, value).map(Some)
    }
}

impl<'de, T: Lenient> Visitor<'de> for CompoundVisitor<'_, T> {
    type Value = Option<Box<Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.other(Unexpected::Unit, || Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        T::read_into(self.slot, value, self.accept)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.other(Unexpected::Bool(value), || value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.other(Unexpected::Unsigned(value), || value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.other(Unexpected::Signed(value), || value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.other(Unexpected::Float(value), || value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        self.other(Unexpected::Str(value), || value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Ok(T::from_list(list, self.accept)?.put_into(self.slot))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        Ok(T::from_object(object, self.accept)?.put_into(self.slot))
    }
}
