//! Text that is safe to print on a terminal.

use std::borrow::Cow;

/// Escapes characters that control a terminal or change the order of text.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if is_plain || !text.chars().any(controls) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match controls(character) {
            true => printable.extend(character.escape_unicode()),
            false => printable.push(character),
        }
    }
    Cow::Owned(printable)
}

fn controls(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidi_characters_are_escaped() {
        assert_eq!(printable("naïve 🌊"), "naïve 🌊");
        for character in [
            '\u{1b}', '\n', '\u{7f}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200f}',
        ] {
            let text = format!("a{character}b");
            let expected = format!("a{}b", character.escape_unicode());
            assert_eq!(printable(&text), expected);
        }
    }
}
