//! Certificates of an authority of our own, right and wrong, and a TLS server that shows them.
//! Start at [`Authority::new`] and [`TlsServer::start`].

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::ports::free_port;
use crate::scripted::{Asked, Reply, serve};

/// A root that a client may be told to trust, and an intermediate below it.
pub(crate) struct Authority {
    root: Certificate,
    root_issuer: Issuer<'static, KeyPair>,
    intermediate: Certificate,
    intermediate_issuer: Issuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

/// What a server shows and the key that belongs to it.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root_params = authority("Laboratory Root");
        let root = root_params.self_signed(&root_key).unwrap();
        let root_issuer = Issuer::new(root_params, root_key);
        let intermediate_key = KeyPair::generate().unwrap();
        let intermediate_params = authority("Laboratory Intermediate");
        let intermediate = intermediate_params
            .signed_by(&intermediate_key, &root_issuer)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.pem"), root.pem()).unwrap();
        Self {
            root,
            root_issuer,
            intermediate,
            intermediate_issuer: Issuer::new(intermediate_params, intermediate_key),
            folder,
        }
    }

    /// The file of the root, as it is handed to a client.
    pub(crate) fn root_file(&self) -> PathBuf {
        self.folder.path().join("root.pem")
    }

    /// A certificate of the root for `localhost`, valid today.
    pub(crate) fn right(&self) -> Identity {
        self.identity(leaf("localhost"))
    }

    pub(crate) fn for_name(&self, name: &str) -> Identity {
        self.identity(leaf(name))
    }

    /// One that was valid in 2020.
    pub(crate) fn expired(&self) -> Identity {
        let mut params = leaf("localhost");
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 12, 31);
        self.identity(params)
    }

    /// Signed by the intermediate; the server shows the intermediate too, or forgets it.
    pub(crate) fn below_intermediate(&self, whole_chain: bool) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf("localhost")
            .signed_by(&key, &self.intermediate_issuer)
            .unwrap();
        let mut identity = shown(&certificate, &key);
        if whole_chain {
            identity.chain.push(self.intermediate.der().clone());
        }
        identity
    }

    fn identity(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.root_issuer).unwrap();
        shown(&certificate, &key)
    }
}

/// One that vouches for itself, as `openssl req -x509` makes it.
pub(crate) fn self_signed() -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = leaf("localhost").self_signed(&key).unwrap();
    shown(&certificate, &key)
}

fn shown(certificate: &Certificate, key: &KeyPair) -> Identity {
    Identity {
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn leaf(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// How a TLS server greets, beyond its certificate.
#[derive(Default)]
pub(crate) struct Manners {
    /// Protocols it offers; none means that it does not care.
    pub(crate) alpn: Vec<&'static [u8]>,
    /// Asks every client for a certificate of this authority.
    pub(crate) wants_certificate: bool,
}

/// A scripted server behind TLS, on both loopbacks.
pub(crate) struct TlsServer {
    pub(crate) port: u16,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl TlsServer {
    pub(crate) async fn start(
        authority: &Authority,
        identity: Identity,
        manners: Manners,
        script: fn(&Asked) -> Reply,
    ) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if manners.wants_certificate {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(authority.root.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder
            .with_single_cert(identity.chain, identity.key)
            .unwrap();
        config.alpn_protocols = manners.alpn.iter().map(|name| name.to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let port = free_port();
        let mut tasks = Vec::new();
        for address in ["127.0.0.1", "::1"] {
            let listener = TcpListener::bind((address, port)).await.unwrap();
            let acceptor = acceptor.clone();
            tasks.push(tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let acceptor = acceptor.clone();
                    tokio::spawn(async move {
                        // Whoever refuses our certificate is what the test is about.
                        if let Ok(stream) = acceptor.accept(stream).await {
                            serve(stream, &script, &Mutex::default()).await;
                        }
                    });
                }
            }));
        }
        Self { port, tasks }
    }

    pub(crate) fn socket(&self, path: &str) -> String {
        format!("wss://localhost:{}{path}", self.port)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
