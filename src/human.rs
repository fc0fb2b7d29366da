//! Durations and sizes as people write them. Every text of the client gets them from here.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// Writes a duration: `250 ms`, `1.5 s`, `1 min 5 s`, `2 h 5 min`, `3 days 4 h`, `more than 100 years`.
pub(crate) fn duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    if duration.is_zero() {
        return "0 s".to_owned();
    }
    if millis == 0 {
        return "less than 1 ms".to_owned();
    }
    if millis < 1000 {
        return format!("{millis} ms");
    }
    if millis < 9950 {
        let tenths = (millis + 50) / 100;
        return match tenths % 10 {
            0 => format!("{} s", tenths / 10),
            tenth => format!("{}.{tenth} s", tenths / 10),
        };
    }
    let rounding = u64::from(duration.subsec_millis() >= 500);
    let seconds = duration.as_secs().saturating_add(rounding);
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => two_units(seconds, (MINUTE, "min"), (1, "s")),
        HOUR..DAY => two_units(seconds, (HOUR, "h"), (MINUTE, "min")),
        DAY..YEAR => {
            let days = if seconds < 2 * DAY { "day" } else { "days" };
            two_units(seconds, (DAY, days), (HOUR, "h"))
        }
        _ => match seconds / YEAR {
            1 => "more than a year".to_owned(),
            2..100 => format!("more than {} years", seconds / YEAR),
            _ => "more than 100 years".to_owned(),
        },
    }
}

fn two_units(seconds: u64, large: (u64, &str), small: (u64, &str)) -> String {
    let whole = seconds / large.0;
    match seconds % large.0 / small.0 {
        0 => format!("{whole} {}", large.1),
        rest => format!("{whole} {} {rest} {}", large.1, small.1),
    }
}

/// Writes a number of bytes: `16 MiB`, `64 KiB`, `1,500,000 bytes`.
pub(crate) fn bytes(bytes: usize) -> String {
    const KIB: usize = 1 << 10;
    const MIB: usize = 1 << 20;
    match bytes {
        1 => "1 byte".to_owned(),
        MIB.. if bytes.is_multiple_of(MIB) => format!("{} MiB", grouped(bytes / MIB)),
        KIB.. if bytes.is_multiple_of(KIB) => format!("{} KiB", grouped(bytes / KIB)),
        _ => format!("{} bytes", grouped(bytes)),
    }
}

/// Separates the thousands: `1,500,000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_as_people_write_it() {
        for (length, text) in [
            (Duration::ZERO, "0 s"),
            (Duration::from_nanos(1), "less than 1 ms"),
            (Duration::from_micros(999), "less than 1 ms"),
            (Duration::from_millis(1), "1 ms"),
            (Duration::from_micros(250_400), "250 ms"),
            (Duration::from_millis(999), "999 ms"),
            (Duration::from_secs(1), "1 s"),
            (Duration::from_millis(1_040), "1 s"),
            (Duration::from_millis(1_500), "1.5 s"),
            (Duration::from_millis(9_949), "9.9 s"),
            (Duration::from_millis(9_950), "10 s"),
            (Duration::from_secs(30), "30 s"),
            (Duration::from_millis(59_499), "59 s"),
            (Duration::from_millis(59_500), "1 min"),
            (Duration::new(64, 994_568_128), "1 min 5 s"),
            (Duration::from_secs(3_599), "59 min 59 s"),
            (Duration::from_secs(3_600), "1 h"),
            (Duration::from_secs(7_530), "2 h 5 min"),
            (Duration::from_secs(86_400), "1 day"),
            (Duration::from_secs(100_000), "1 day 3 h"),
            (Duration::from_secs(3 * 86_400), "3 days"),
            (Duration::from_secs(365 * 86_400), "more than a year"),
            (Duration::from_secs(900 * 86_400), "more than 2 years"),
            (Duration::from_secs(u64::MAX), "more than 100 years"),
            (Duration::MAX, "more than 100 years"),
        ] {
            assert_eq!(duration(length), text, "{length:?}");
        }
    }

    #[test]
    fn a_size_is_written_as_people_write_it() {
        for (size, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1_000, "1,000 bytes"),
            (1_024, "1 KiB"),
            (65_536, "64 KiB"),
            (1_500_000, "1,500,000 bytes"),
            (16 << 20, "16 MiB"),
            (1_000_001, "1,000,001 bytes"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }
}
