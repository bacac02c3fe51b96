//! Certificates of the hostile network: one authority, and one server that has all names.

use std::sync::Arc;

use openclaw_egress::Roots;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// An authority, and what a server shows that it vouches for.
pub(crate) struct Authority {
    pub(crate) roots: Roots,
    /// For the first version of HTTP.
    pub(crate) first: Arc<ServerConfig>,
    /// For the second.
    pub(crate) second: Arc<ServerConfig>,
}

impl Authority {
    pub(crate) fn new(names: &[&str]) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let server = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let config = |alpn: &[&[u8]]| {
            let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            let mut config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![server.der().clone()], key)
                .unwrap();
            config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        Self {
            first: config(&[b"http/1.1"]),
            second: config(&[b"h2"]),
            roots: Roots {
                platform: false,
                extra: vec![issuer.der().clone()],
            },
        }
    }
}
