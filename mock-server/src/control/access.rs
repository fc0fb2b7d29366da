//! Who may use the control API.

use std::fmt;
use std::net::IpAddr;

use http::uri::Authority;

use crate::control::token::ControlToken;

/// Whether there is a control API, and who may use it.
#[derive(Clone)]
pub(crate) struct ControlAccess {
    pub(crate) enabled: bool,
    /// The token that requests must have.
    pub(crate) token: Option<ControlToken>,
    pub(crate) hosts: AllowedHosts,
}

impl Default for ControlAccess {
    fn default() -> Self {
        Self {
            enabled: true,
            token: None,
            hosts: AllowedHosts::default(),
        }
    }
}

impl fmt::Debug for ControlAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlAccess")
            .field("enabled", &self.enabled)
            .field("has_token", &self.token.is_some())
            .field("hosts", &self.hosts)
            .finish()
    }
}

impl ControlAccess {
    pub(crate) fn accepts_token(&self, sent: Option<&[u8]>) -> bool {
        match (&self.token, sent) {
            (Some(token), Some(sent)) => token.accepts(sent),
            _ => false,
        }
    }
}

/// The hosts that a request may name. Any other name could be one that its owner points at this
/// machine, in order to use the mock from a web page (DNS rebinding).
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedHosts {
    pub(crate) names: Vec<String>,
    /// The address on which the mock listens.
    pub(crate) bound: Option<IpAddr>,
}

impl AllowedHosts {
    pub(crate) fn allow(&self, authority: &Authority) -> bool {
        let host = authority.host();
        let literal = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        if let Ok(address) = literal {
            let address = address.to_canonical();
            // Every address of this machine is bound if the mock listens on all of them.
            let is_bound = self
                .bound
                .is_some_and(|bound| bound.is_unspecified() || bound.to_canonical() == address);
            return address.is_loopback() || is_bound || self.has_name(host);
        }
        let host = host.trim_end_matches('.');
        let is_local = host.eq_ignore_ascii_case("localhost")
            || host.to_ascii_lowercase().ends_with(".localhost");
        is_local || self.has_name(host)
    }

    fn has_name(&self, host: &str) -> bool {
        self.names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_bound_and_allowed_hosts_are_accepted() {
        let hosts = AllowedHosts {
            names: vec!["mock".to_owned()],
            bound: Some([192, 168, 1, 7].into()),
        };
        for (host, allowed) in [
            ("localhost", true),
            ("LOCALHOST:3000", true),
            ("localhost.", true),
            ("app.localhost:1", true),
            ("127.0.0.1:3000", true),
            ("127.8.8.8", true),
            ("[::1]:3000", true),
            ("[::ffff:127.0.0.1]", true),
            ("192.168.1.7:80", true),
            ("mock:3000", true),
            ("MOCK", true),
            ("192.168.1.8", false),
            ("evil.example", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("notlocalhost", false),
            ("mock.evil.example", false),
            ("2130706433", false),
        ] {
            let authority = host.parse().unwrap();
            assert_eq!(hosts.allow(&authority), allowed, "{host}");
        }
        let everywhere = AllowedHosts {
            names: Vec::new(),
            bound: Some([0, 0, 0, 0].into()),
        };
        assert!(everywhere.allow(&"10.0.0.5:3000".parse().unwrap()));
        assert!(!everywhere.allow(&"evil.example".parse().unwrap()));
    }

    #[test]
    fn a_token_is_accepted_if_there_is_one_and_it_was_sent() {
        let access = ControlAccess {
            token: Some(ControlToken::new("secret".to_owned())),
            ..ControlAccess::default()
        };
        assert!(access.accepts_token(Some(b"secret")));
        assert!(!access.accepts_token(Some(b"Secret")));
        assert!(!access.accepts_token(None));
        assert!(!ControlAccess::default().accepts_token(Some(b"")));
        assert!(!ControlAccess::default().accepts_token(None));
    }
}
