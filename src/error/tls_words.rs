//! What a person can do about an error of TLS. The libraries name it, but do not say what to do.

/// Parts of what rustls and OpenSSL say, and what it means.
const MEANINGS: [(&[&str], &str); 6] = [
    (
        &[
            "certificate expired",
            "certificate: Expired",
            "certificate has expired",
        ],
        "the server's certificate has expired; have it renewed, or check the clock of this machine",
    ),
    (
        &[
            "certificate not valid yet",
            "certificate: NotValidYet",
            "certificate is not yet valid",
        ],
        "the server's certificate is not valid yet; check the clock of this machine",
    ),
    (
        &[
            "NotValidForName",
            "not valid for name",
            "ostname mismatch",
            "IP address mismatch",
        ],
        "the server's certificate is for another host; check the host of the base URL",
    ),
    (
        &[
            "UnknownIssuer",
            "unable to get local issuer certificate",
            "self-signed certificate",
            "self signed certificate",
        ],
        "an unknown authority signed the server's certificate; if you trust it, pass its \
         certificate to ca_certificate_pem()",
    ),
    (
        &["handshake eof", "unexpected EOF during handshake"],
        "the server ended the connection during the TLS handshake; check that it serves https at \
         this port",
    ),
    (
        &["InvalidContentType", "wrong version number"],
        "the server does not speak TLS; check the scheme and the port of the base URL",
    ),
];

/// What OpenSSL says about the end of a connection, at any time.
const END: &str = "unexpected EOF";

/// Puts what a text of a TLS library means before the text. Other texts are unchanged.
pub(super) fn tls_words(mut text: String, while_connecting: bool) -> String {
    if while_connecting && text == END {
        text.push_str(" during handshake");
    }
    let meaning = MEANINGS
        .iter()
        .find(|(parts, _)| parts.iter().any(|part| text.contains(part)));
    match meaning {
        Some((_, meaning)) => format!("{meaning} ({text})"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests with a server use rustls, whose words differ.
    #[test]
    fn each_error_of_openssl_has_its_meaning() {
        let verify = |why: &str| format!("SSL routines::certificate verify failed:c:1: ({why})");
        for (text, meaning) in [
            (verify("certificate has expired"), "has expired; have it"),
            (
                verify("certificate is not yet valid"),
                "not valid yet; check the clock",
            ),
            (verify("IP address mismatch"), "for another host"),
            (verify("hostname mismatch"), "for another host"),
            (
                verify("unable to get local issuer certificate"),
                "unknown authority",
            ),
            (verify("self-signed certificate"), "unknown authority"),
            ("unexpected EOF".to_owned(), "during the TLS handshake"),
            (
                "SSL routines::wrong version number:c:1:".to_owned(),
                "does not speak TLS",
            ),
        ] {
            let said = tls_words(text.clone(), true);
            assert!(said.contains(meaning), "{said}");
        }
        assert_eq!(
            tls_words("unexpected EOF".to_owned(), false),
            "unexpected EOF"
        );
    }
}
