//! The base URL. It is checked once and joined with each request's path.

use http::HeaderValue;
use url::{Host, Position, Url};

use crate::error::OrionError;
use crate::request::Path;

/// The production service.
pub(crate) const PRODUCTION: &str = "https://api.orionos.dev/v1";

/// An absolute http or https URL without a trailing slash, query or fragment.
#[derive(Debug, Clone)]
pub(crate) struct BaseUrl {
    /// Has everything but the path.
    template: Url,
    /// The URL as it is shown.
    text: String,
    /// The path before every request's path.
    prefix: String,
    /// The `Host` header (RFC 9110 §7.2).
    host: HeaderValue,
}

impl BaseUrl {
    pub(crate) fn new(text: &str, allow_http: bool) -> Result<Self, OrionError> {
        let invalid = |why: String| {
            Err(OrionError::config(format!(
                "invalid base URL: {why}; expected a URL such as {PRODUCTION}"
            )))
        };
        let mut url = match Url::parse(text.trim()) {
            Ok(url) => url,
            Err(error) => return invalid(error.to_string()),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(OrionError::config(format!(
                "invalid base URL: expected http or https, got {:?}",
                url.scheme()
            )));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return invalid("it has a user name or password; pass the key to api_key()".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return invalid("it has a query or a fragment".into());
        }
        if url.scheme() == "http" && !allow_http && !is_loopback(&url) {
            return Err(OrionError::config(format!(
                "plain http to {} would send the API key unencrypted; use https, or allow it with \
                 allow_http(true)",
                url.host_str().unwrap_or_default()
            )));
        }
        let host = HeaderValue::from_str(&url[Position::BeforeHost..Position::AfterPort])
            .map_err(|_| OrionError::config("the base URL's host is invalid in a header"))?;
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&prefix);
        let text = url.as_str().trim_end_matches('/').to_owned();
        // Each request's URL is a copy with another path. A long path makes room for it.
        url.set_path(&"x".repeat(prefix.len() + 64));
        Ok(Self {
            template: url,
            text,
            prefix,
            host,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_https(&self) -> bool {
        self.template.scheme() == "https"
    }

    /// Whether the URL names this machine, however it is spelled.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.template)
    }

    pub(crate) fn host_header(&self) -> &HeaderValue {
        &self.host
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_https() { "https" } else { "http" }
    }

    pub(crate) fn host(&self) -> &str {
        self.template.host_str().unwrap_or_default()
    }

    pub(crate) fn port(&self) -> u16 {
        self.template
            .port_or_known_default()
            .unwrap_or(if self.is_https() { 443 } else { 80 })
    }

    /// Returns the URL of a request.
    pub(crate) fn join(&self, path: &Path, query: Option<&str>) -> Url {
        // Only the path is parsed again: the rest was checked when the client was built.
        let mut url = self.template.clone();
        if self.prefix.is_empty() {
            url.set_path(path.as_str());
        } else {
            let mut whole = String::with_capacity(self.prefix.len() + path.as_str().len());
            whole.push_str(&self.prefix);
            whole.push_str(path.as_str());
            url.set_path(&whole);
        }
        url.set_query(query);
        url
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        // An IPv4 address can be written as an IPv6 one.
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailing_slash_makes_no_difference() {
        for text in [
            "https://h.example/v1",
            "https://h.example/v1/",
            " https://h.example/v1// ",
        ] {
            let base = BaseUrl::new(text, false).unwrap();
            assert_eq!(base.as_str(), "https://h.example/v1");
            let url = base.join(&Path::fixed("/agents"), Some("page=2"));
            assert_eq!(url.as_str(), "https://h.example/v1/agents?page=2");
        }
        assert_eq!(
            BaseUrl::new("https://h.example", false).unwrap().as_str(),
            "https://h.example"
        );
    }

    #[test]
    fn an_invalid_base_url_is_rejected_with_the_reason() {
        for (text, reason) in [
            ("", "relative URL without a base"),
            ("api.orionos.dev/v1", "relative URL without a base"),
            ("ftp://h.example", "expected http or https, got \"ftp\""),
            ("https://user:pass@h.example", "user name"),
            ("https://h.example/?a=1", "query"),
            ("https://h.example/#a", "fragment"),
        ] {
            let error = BaseUrl::new(text, false).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains("pass@"), "{error}");
        }
    }

    #[test]
    fn plain_http_is_rejected_except_for_loopback_unless_allowed() {
        for host in [
            "localhost",
            "a.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "LOCALHOST",
            "localhost.",
            "a.localhost.",
            "2130706433",
            "0x7f.1",
            "0177.0.0.1",
            "127.0.0.1.",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
        ] {
            assert!(
                BaseUrl::new(&format!("http://{host}:3000/v1"), false).is_ok(),
                "{host}"
            );
        }
        for host in [
            "h.example",
            "10.0.0.1",
            "localhost.example",
            "[::2]",
            "0.0.0.0",
            "localhost..",
            "notlocalhost",
            "127.0.0.1.example",
            "[::ffff:10.0.0.1]",
        ] {
            let url = format!("http://{host}/v1");
            let error = BaseUrl::new(&url, false).unwrap_err().to_string();
            assert!(error.contains("allow_http"), "{error}");
            assert!(BaseUrl::new(&url, true).is_ok());
        }
    }
}
