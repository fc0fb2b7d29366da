//! What an error of another layer says, with its causes, in one text.

use std::error::Error as StdError;

use super::tls_words::tls_words;

/// Returns the texts of an error and its causes, without repetitions.
///
/// Of reqwest's errors it is only the innermost one: the others name layers ("error sending request:
/// client error (Connect): tcp connect error"), but not what a person can act on ("connection
/// refused").
pub(super) fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut said = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = if error.is::<reqwest::Error>() {
            next = None;
            tls_words(innermost(error))
        } else {
            next = error.source();
            error.to_string()
        };
        // Many errors already include the text of their cause.
        if text.trim().is_empty() || said.contains(&text) {
            continue;
        }
        if !said.is_empty() {
            said.push_str(": ");
        }
        said.push_str(&text);
    }
    match said.is_empty() {
        true => "no cause is known".to_owned(),
        false => said,
    }
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Layer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn each_cause_is_said_once() {
        for (texts, said) in [
            (&["broken"][..], "broken"),
            (&["pool", "refused"], "pool: refused"),
            (&["pool: refused", "refused"], "pool: refused"),
            (&["", "refused"], "refused"),
            (&[""], "no cause is known"),
        ] {
            let error = texts
                .iter()
                .rev()
                .fold(None, |cause, text| Some(Box::new(Layer(text, cause))));
            assert_eq!(causes(&*error.unwrap()), said);
        }
    }
}
