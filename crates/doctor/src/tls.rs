//! TLS, and what a certificate says when it is not trusted. A chain that does not verify ends the
//! handshake; there is no way to go on without trust. Start at [`Trust::handshake`].

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

/// Whom to trust.
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
    /// Where the roots are from, for people.
    pub(crate) source: String,
    /// Whether a file of roots was given.
    pub(crate) has_own: bool,
}

/// What became of a handshake.
pub(crate) struct Handshake {
    /// The stream, or why there is none.
    pub(crate) stream: std::io::Result<TlsStream<TcpStream>>,
    /// What the server showed.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// Why the chain was not trusted.
    pub(crate) distrust: Option<CertificateError>,
    /// The protocol that was agreed on.
    pub(crate) alpn: Option<String>,
    /// Such as `TLSv1_3`.
    pub(crate) version: Option<String>,
    /// Whether the server asked for a certificate of the client.
    pub(crate) asked_for_certificate: bool,
}

impl Trust {
    /// The roots of the system and those of a file.
    ///
    /// # Errors
    /// A sentence, when the file cannot be used.
    pub(crate) fn load(ca: Option<&Path>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(native.certs);
        let mut source = format!("{added} roots of the system");
        if added == 0 {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            source = "Mozilla's roots, as the system has none".to_owned();
        }
        if let Some(path) = ca {
            let shown = path.display();
            let read = CertificateDer::pem_file_iter(path).map_err(|error| {
                format!("cannot read --ca {shown}: {error}; it must be a PEM file of certificates")
            })?;
            let mut own = 0;
            for certificate in read {
                let certificate = certificate.map_err(|error| {
                    format!("--ca {shown} is no PEM file of certificates: {error}")
                })?;
                roots.add(certificate).map_err(|error| {
                    format!("--ca {shown} holds a certificate that cannot be a root: {error}")
                })?;
                own += 1;
            }
            if own == 0 {
                return Err(format!(
                    "--ca {shown} holds no certificate; it must be a PEM file of certificates"
                ));
            }
            source = format!("{source} and {own} of --ca {shown}");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| format!("cannot use {source}: {error}"))?;
        Ok(Self {
            provider,
            verifier,
            source,
            has_own: ca.is_some(),
        })
    }

    /// Speaks TLS over a connection, offering these protocols.
    pub(crate) async fn handshake(
        &self,
        stream: TcpStream,
        host: &str,
        alpn: &[&[u8]],
    ) -> Handshake {
        let recorder = Arc::new(Recorder {
            inner: Arc::clone(&self.verifier),
            shown: Mutex::new(Shown::default()),
        });
        let nobody = Arc::new(Nobody(AtomicBool::new(false)));
        let mut result = Handshake {
            stream: Err(std::io::Error::other(
                "the host is no name that TLS can check",
            )),
            chain: Vec::new(),
            distrust: None,
            alpn: None,
            version: None,
            asked_for_certificate: false,
        };
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            return result;
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions();
        let mut config = match config {
            Ok(config) => config
                .dangerous()
                .with_custom_certificate_verifier(
                    Arc::clone(&recorder) as Arc<dyn ServerCertVerifier>
                )
                .with_client_cert_resolver(
                    Arc::clone(&nobody) as Arc<dyn rustls::client::ResolvesClientCert>
                ),
            Err(error) => {
                result.stream = Err(std::io::Error::other(error));
                return result;
            }
        };
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        result.stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await;
        let shown = std::mem::take(
            &mut *recorder
                .shown
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        result.chain = shown.chain;
        result.distrust = shown.distrust;
        result.asked_for_certificate = nobody.0.load(Ordering::Relaxed);
        if let Ok(stream) = &result.stream {
            let connection = stream.get_ref().1;
            result.alpn = connection
                .alpn_protocol()
                .map(|name| String::from_utf8_lossy(name).into_owned());
            result.version = connection
                .protocol_version()
                .map(|version| format!("{version:?}"));
        }
        result
    }
}

/// Verifies as usual, and remembers what was shown.
#[derive(Debug)]
struct Recorder {
    inner: Arc<WebPkiServerVerifier>,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    distrust: Option<CertificateError>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.chain = std::iter::once(end_entity)
            .chain(intermediates)
            .map(|der| der.clone().into_owned())
            .collect();
        shown.distrust = match &verified {
            Err(rustls::Error::InvalidCertificate(why)) => Some(why.clone()),
            Err(_) => Some(CertificateError::BadEncoding),
            Ok(_) => None,
        };
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Has no certificate to show, and remembers that it was asked for one.
#[derive(Debug)]
struct Nobody(AtomicBool);

impl rustls::client::ResolvesClientCert for Nobody {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// What a certificate says of itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    /// Seconds until it ends; negative behind it.
    pub(crate) ends_in_seconds: i64,
    pub(crate) names: Vec<String>,
    /// Whether it says where its issuer's certificate is, as those of public authorities do.
    pub(crate) names_issuer_url: bool,
}

impl Facts {
    /// Reads a certificate.
    pub(crate) fn of(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der.as_ref()).ok()?;
        let validity = certificate.validity();
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .ok()?
            .as_secs();
        let alternative = certificate.subject_alternative_name().ok().flatten();
        let names_issuer_url = certificate.extensions().iter().any(|extension| {
            matches!(
                extension.parsed_extension(),
                ParsedExtension::AuthorityInfoAccess(_)
            )
        });
        let names = alternative.map_or_else(Vec::new, |extension| {
            extension
                .value
                .general_names
                .iter()
                .filter_map(name)
                .collect()
        });
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            not_before: validity.not_before.to_string(),
            not_after: validity.not_after.to_string(),
            ends_in_seconds: validity.not_after.timestamp()
                - i64::try_from(now).unwrap_or(i64::MAX),
            names,
            names_issuer_url,
        })
    }

    /// Whether it was signed by itself, as far as its names tell.
    pub(crate) fn is_self_signed(&self) -> bool {
        self.subject == self.issuer
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match <[u8; 4]>::try_from(*bytes) {
            Ok(bytes) => Some(std::net::Ipv4Addr::from(bytes).to_string()),
            Err(_) => <[u8; 16]>::try_from(*bytes)
                .ok()
                .map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
