//! Timestamps in JSON. Those of the API are whole seconds, which are written without a general formatter.

use jiff::Timestamp;
use jiff::tz::Offset;
use serde::{Serialize, Serializer};

/// Writes a timestamp such as `2026-01-01T00:00:00Z`.
pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let text = whole_second(*time);
    match text.as_ref().map(|text| std::str::from_utf8(text)) {
        Some(Ok(text)) => serializer.serialize_str(text),
        _ => time.serialize(serializer),
    }
}

/// Returns the text of a timestamp, unless it has a fraction or a year without four digits.
fn whole_second(time: Timestamp) -> Option<[u8; 20]> {
    let at = Offset::UTC.to_datetime(time);
    let year = u32::try_from(at.year()).ok()?;
    if time.subsec_nanosecond() != 0 {
        return None;
    }
    let mut text = *b"0000-00-00T00:00:00Z";
    for (place, number) in [
        (0, year / 100),
        (2, year % 100),
        (5, at.month().unsigned_abs().into()),
        (8, at.day().unsigned_abs().into()),
        (11, at.hour().unsigned_abs().into()),
        (14, at.minute().unsigned_abs().into()),
        (17, at.second().unsigned_abs().into()),
    ] {
        text[place] += (number / 10) as u8;
        text[place + 1] += (number % 10) as u8;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_the_general_formatter() {
        let mut random = fastrand::Rng::with_seed(7);
        let seconds = Timestamp::MIN.as_second()..=Timestamp::MAX.as_second();
        for round in 0..10_000 {
            let second = match round {
                0 => *seconds.start(),
                1 => *seconds.end(),
                _ => random.i64(seconds.clone()),
            };
            let nanosecond = if round % 10 == 9 { 5 } else { 0 };
            let Ok(time) = Timestamp::new(second, nanosecond) else {
                continue;
            };
            let mut json = Vec::new();
            serialize(&time, &mut serde_json::Serializer::new(&mut json)).unwrap();
            assert_eq!(json, serde_json::to_vec(&time).unwrap());
        }
    }
}
