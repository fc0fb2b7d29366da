//! Numbers as header values.

use http::HeaderValue;

/// The value for the last number, because many responses in a row have the same one.
#[derive(Debug, Default)]
pub(crate) struct NumberHeader(Option<(u64, HeaderValue)>);

impl NumberHeader {
    pub(crate) fn of(&mut self, number: u64) -> HeaderValue {
        match &self.0 {
            Some((written, header)) if *written == number => header.clone(),
            _ => {
                let header = value(number);
                self.0 = Some((number, header.clone()));
                header
            }
        }
    }
}

/// Returns a number as a header value, with a single allocation.
pub(crate) fn value(mut number: u64) -> HeaderValue {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] += (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    // Digits are always valid.
    HeaderValue::from_bytes(&digits[start..]).unwrap_or(HeaderValue::from_static("0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_the_digits_of_its_number() {
        let mut header = NumberHeader::default();
        for number in [0, 0, 7, 10, 10, 4_102_444_800, u64::MAX, 0] {
            assert_eq!(header.of(number), number.to_string());
        }
    }
}
