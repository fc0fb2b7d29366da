//! TLS with a certificate authority of its own for every mock.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::server::tls_fault::TlsFault;

/// HTTP/2 if the client offers it.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// Some platforms reject certificates that are valid for more than 825 days.
const VALID_DAYS: u32 = 365;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The certificates of a mock, and what is wrong with them.
pub(crate) struct Tls {
    authority: Authority,
    /// The names in the certificate.
    names: Vec<String>,
    config: Arc<ServerConfig>,
    fault: Mutex<Option<TlsFault>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Creates the authority and a certificate for these names and addresses.
    pub(crate) fn new(names: Vec<String>, fault: Option<TlsFault>) -> Result<Self, BoxError> {
        let authority = Authority::new()?;
        let config = authority.certify(&names, true)?;
        Ok(Self {
            authority,
            names,
            config,
            fault: Mutex::new(fault),
        })
    }

    /// Returns the certificate of the authority.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.authority.pem
    }

    pub(crate) fn set_fault(&self, fault: Option<TlsFault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Accepts a connection, or lets it fail.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let config = match fault {
            None => Ok(self.config.clone()),
            Some(TlsFault::ExpiredCertificate) => self.authority.certify(&self.names, false),
            Some(TlsFault::WrongName) => {
                let names = ["another-host.invalid".to_owned()];
                self.authority.certify(&names, true)
            }
            Some(TlsFault::UnknownAuthority) => {
                Authority::new().and_then(|other| other.certify(&self.names, true))
            }
            Some(TlsFault::HandshakeHang) => std::future::pending().await,
            Some(TlsFault::HandshakeBreak) => {
                let mut stream = stream;
                let mut hello = [0; 4096];
                let _ = stream.read(&mut hello).await;
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
        };
        let acceptor = TlsAcceptor::from(config.map_err(io::Error::other)?);
        acceptor.accept(stream).await
    }
}

/// Signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Result<Self, BoxError> {
        let mut params = CertificateParams::default();
        // Clients look for an authority by its name.
        let name = format!(
            "OrionOS mock server, for tests only, {:016x}",
            fastrand::u64(..)
        );
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, true)?;
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, pem })
    }

    /// Returns the settings of a server that has a certificate for these names.
    fn certify(&self, names: &[String], is_valid: bool) -> Result<Arc<ServerConfig>, BoxError> {
        let mut params = CertificateParams::new(names)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "OrionOS mock server");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        set_validity(&mut params, is_valid)?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        // A provider that is passed by hand needs no default of the process.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Arc::new(config))
    }
}

/// Makes a certificate valid from yesterday on, because clocks differ, or only in 2020.
fn set_validity(params: &mut CertificateParams, is_valid: bool) -> Result<(), BoxError> {
    if !is_valid {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        return Ok(());
    }
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let now = date_time_ymd(1970, 1, 1) + since_1970;
    params.not_before = now - DAY;
    params.not_after = now + DAY * VALID_DAYS;
    Ok(())
}
