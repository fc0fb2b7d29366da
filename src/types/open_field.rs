//! One known field of an open struct: how it is read, written and replaced.

use serde::de::{DeserializeSeed, Error, MapAccess};
use serde::ser::SerializeMap;
use serde_json::{Map, Value};

use super::lenient::{Accept, Lenient, Read, ReadScalar, Reading};

/// Reads the value of a known field. What is not of its type, or not written in its form, is kept
/// in `extra`.
///
/// Of a field that comes twice the last value counts, unless only values of the type are accepted:
/// then it is an error, because either value could be meant.
#[inline(always)]
pub(super) fn read_field<'de, T: Lenient, A: MapAccess<'de>>(
    slot: &mut Option<T>,
    json_name: &'static str,
    accept: Accept,
    extra: &mut Map<String, Value>,
    map: &mut A,
) -> Result<(), A::Error> {
    if slot.is_some() || !extra.is_empty() {
        make_room(slot, json_name, accept, extra)?;
    }
    if T::IS_COMPOUND {
        read_value(Read::into(slot, accept), json_name, extra, map)
    } else {
        read_value(ReadScalar { accept, slot }, json_name, extra, map)
    }
}

/// Makes room for a field that comes again, or fails.
fn make_room<T, E: Error>(
    slot: &mut Option<T>,
    json_name: &'static str,
    accept: Accept,
    extra: &mut Map<String, Value>,
) -> Result<(), E> {
    if slot.is_none() && !extra.contains_key(json_name) {
        return Ok(());
    }
    if accept != Accept::Anything {
        return Err(E::duplicate_field(json_name));
    }
    *slot = None;
    extra.remove(json_name);
    Ok(())
}

/// Reads a value, and keeps what the seed returns. The function exists once for all scalars.
#[inline(never)]
fn read_value<'de, S, A>(
    seed: S,
    json_name: &'static str,
    extra: &mut Map<String, Value>,
    map: &mut A,
) -> Result<(), A::Error>
where
    S: DeserializeSeed<'de, Value = Option<Box<Value>>>,
    A: MapAccess<'de>,
{
    if let Some(kept) = map.next_value_seed(seed)? {
        extra.insert(json_name.to_owned(), *kept);
    }
    Ok(())
}

/// Returns the value of a field that must be there.
pub(super) fn required<T, E: Error>(slot: Option<T>, json_name: &'static str) -> Result<T, E> {
    slot.ok_or_else(|| E::missing_field(json_name))
}

/// Adds a value that was read to an object that turned out not to be the struct.
#[cold]
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
