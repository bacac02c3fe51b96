//! An authority of the tests' own, and servers with its certificates.

use std::future::Future;
use std::sync::Arc;

use openclaw_secrets::SecretValue;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{ClientCertificate, Roots, Tls};

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Vec<u8>,
}

pub(crate) fn names(of: &[&str]) -> CertificateParams {
    let names: Vec<String> = of.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "a server of the tests");
    params
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("the authority of the tests")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn root(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    pub(crate) fn tls(&self) -> Tls {
        let roots = Roots {
            platform: false,
            extra: vec![self.root()],
        };
        Tls::new(roots).unwrap()
    }

    pub(crate) fn issue(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity {
            chain: vec![params.signed_by(&key, &self.0).unwrap().der().clone()],
            key: key.serialize_der(),
        }
    }
}

impl Identity {
    pub(crate) fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self {
            chain: vec![params.self_signed(&key).unwrap().der().clone()],
            key: key.serialize_der(),
        }
    }

    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.chain[0]);
        digest.as_ref().try_into().unwrap()
    }

    pub(crate) fn shown(&self) -> ClientCertificate {
        use base64::Engine as _;
        let block = |what: &str, der: &[u8]| {
            let text = base64::engine::general_purpose::STANDARD.encode(der);
            format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
        };
        let pem = block("CERTIFICATE", &self.chain[0]) + &block("PRIVATE KEY", &self.key);
        ClientCertificate(SecretValue::new(&pem))
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}

/// How a server of the tests does TLS.
pub(crate) struct Manner<'a> {
    pub(crate) versions: &'a [&'static SupportedProtocolVersion],
    pub(crate) alpn: &'a [&'a [u8]],
    pub(crate) wants: Option<CertificateDer<'static>>,
}

impl Default for Manner<'_> {
    fn default() -> Self {
        Self {
            versions: rustls::ALL_VERSIONS,
            alpn: &[],
            wants: None,
        }
    }
}

pub(crate) fn server(identity: &Identity, manner: Manner<'_>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(manner.versions).unwrap();
    let builder = match manner.wants {
        None => builder.with_no_client_auth(),
        Some(root) => {
            let mut roots = RootCertStore::empty();
            roots.add(root).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let mut config = builder
        .with_single_cert(identity.chain.clone(), identity.key())
        .unwrap();
    config.alpn_protocols = manner.alpn.iter().map(|protocol| protocol.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// Serves one end of a pipe and gives the other.
pub(crate) fn serve<F, Fut>(acceptor: TlsAcceptor, with: F) -> tokio::io::DuplexStream
where
    F: FnOnce(TlsStream<tokio::io::DuplexStream>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let (near, far) = tokio::io::duplex(1 << 16);
    tokio::spawn(async move {
        if let Ok(stream) = acceptor.accept(far).await {
            with(stream).await;
        }
    });
    near
}
