//! The types of fields: booleans, texts, numbers, times, lists and any value, and from which other
//! forms each is read.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Unexpected};
use serde_json::{Number, Value};

use super::lenient::{Accept, Lenient, Read, Reading};

impl Lenient for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_bool(value: bool) -> Option<Reading<Self>> {
        Some(Reading::Exact(value))
    }
}

impl Lenient for String {
    const EXPECTED: &'static str = "a string";

    #[inline(always)]
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
        Some(Reading::Respelled(whole, Box::new(Value::Number(value))))
    }

    fn from_text(value: &str) -> Option<Reading<Self>> {
        let whole = value.parse().ok()?;
        Some(Reading::Respelled(whole, Box::new(value.into())))
    }
}

impl Lenient for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_number(value: Number) -> Option<Reading<Self>> {
        let float = value.as_f64()?;
        Some(match value.is_f64() {
            true => Reading::Exact(float),
            // 1 would be written back as 1.0.
            false => Reading::Respelled(float, Box::new(Value::Number(value))),
        })
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
            false => Reading::Respelled(time, Box::new(value.into())),
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
    const IS_COMPOUND: bool = true;

    fn read_into<'de, D: Deserializer<'de>>(
        slot: &mut Option<Self>,
        deserializer: D,
        accept: Accept,
    ) -> Result<Option<Box<Value>>, D::Error> {
        match Self::deserialize(deserializer)? {
            Self::Null => {
                let null = accept.other(Unexpected::Unit, Self::EXPECTED, || Self::Null);
                null.map(Some)
            }
            value => {
                *slot = Some(value);
                Ok(None)
            }
        }
    }
}

impl<T: Lenient> Lenient for Vec<T> {
    const EXPECTED: &'static str = "a list";
    const IS_COMPOUND: bool = true;

    /// One element of another shape makes the whole list one of another shape, which is kept.
    fn from_list<'de, A: SeqAccess<'de>>(
        mut list: A,
        accept: Accept,
    ) -> Result<Reading<Self>, A::Error> {
        let mut values = Self::new();
        let mut slot = None;
        while let Some(kept) = list.next_element_seed(Read::into(&mut slot, accept.elements()))? {
            match (slot.take(), kept) {
                (Some(value), None) => values.push(value),
                (_, odd) => {
                    let mut all = Vec::with_capacity(values.len() + 1);
                    for value in values {
                        all.push(serde_json::to_value(value).map_err(A::Error::custom)?);
                    }
                    all.extend(odd.map(|odd| *odd));
                    while let Some(value) = list.next_element()? {
                        all.push(value);
                    }
                    return Ok(Reading::Other(Box::new(Value::Array(all))));
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
                assert_eq!(*original, text);
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
