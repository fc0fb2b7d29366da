//! Connections that fail before any request: what is wrong with TLS.

use serde::{Deserialize, Serialize};

/// What is wrong with the TLS of new connections.
///
/// No request arrives on such a connection, so it has no place among the requests of a
/// [`Fault`](crate::Fault). [`MockServer::set_tls_fault`](crate::MockServer::set_tls_fault) applies one
/// to all connections that are opened from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TlsFault {
    /// The certificate expired in 2021.
    ExpiredCertificate,
    /// The certificate is for another host.
    WrongName,
    /// Another authority signed the certificate than that of the mock.
    UnknownAuthority,
    /// The mock reads the client's first message and never answers.
    HandshakeHang,
    /// The mock reads the client's first message and closes the connection.
    HandshakeBreak,
}

impl TlsFault {
    /// All faults.
    pub const ALL: [Self; 5] = [
        Self::ExpiredCertificate,
        Self::WrongName,
        Self::UnknownAuthority,
        Self::HandshakeHang,
        Self::HandshakeBreak,
    ];

    /// Returns the name, as the command line has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExpiredCertificate => "expired_certificate",
            Self::WrongName => "wrong_name",
            Self::UnknownAuthority => "unknown_authority",
            Self::HandshakeHang => "handshake_hang",
            Self::HandshakeBreak => "handshake_break",
        }
    }
}

impl std::fmt::Display for TlsFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for TlsFault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|fault| fault.as_str() == name);
        known.ok_or_else(|| {
            format!(
                "unknown TLS fault {name:?}; expected one of {}",
                Self::ALL.map(Self::as_str).join(", ")
            )
        })
    }
}
