//! What an error of another layer says, with its causes, in one text.

use std::error::Error as StdError;

use super::tls_words::tls_words;

/// Returns the texts of an error and its causes, without repetitions.
///
/// Of reqwest's errors it is only the innermost one, or one that says more after the same words: the others
/// name layers ("error sending request: client error (Connect): tcp connect error"), but not what a person
/// can act on ("connection refused").
pub(super) fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut said = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = if let Some(of_reqwest) = error.downcast_ref::<reqwest::Error>() {
            next = None;
            tls_words(innermost(error), of_reqwest.is_connect())
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

/// OpenSSL's innermost error is "certificate verify failed". The one around it adds why.
fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    let last = texts.last().cloned().unwrap_or_default();
    match last.is_empty() {
        true => last,
        false => texts
            .into_iter()
            .find(|text| text.starts_with(&last))
            .unwrap_or_default(),
    }
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

    fn layers(texts: &[&'static str]) -> Layer {
        let (inner, others) = texts.split_last().unwrap();
        let others = others.iter().rev();
        others.fold(Layer(inner, None), |cause, text| {
            Layer(text, Some(Box::new(cause)))
        })
    }

    #[test]
    fn the_innermost_error_is_said_or_what_adds_to_its_words() {
        for (texts, said) in [
            (&["connect", "refused"][..], "refused"),
            (
                &["connect: failed", "failed (expired)", "failed", "failed"],
                "failed (expired)",
            ),
        ] {
            assert_eq!(innermost(&layers(texts)), said);
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
            assert_eq!(causes(&layers(texts)), said);
        }
    }
}
