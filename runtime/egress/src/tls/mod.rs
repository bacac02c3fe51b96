//! TLS towards servers: who they are, and that nobody on the way reads along.
//!
//! **Promise.** A connection that [`Tls::secure`] returns leads to a server that proved to hold the key of a
//! certificate that was asked for: by its name, its date and an authority that the operator trusts, or by its
//! fingerprint. Versions 1.2 and 1.3 are spoken, nothing older, and no data is sent before the handshake is over.
//! Nothing of an earlier connection is remembered: a ticket for a shorter handshake would let a server, or whoever
//! listens, tie the connections of two tenants together, and connections last long enough to do without.
//!
//! **Bound.** The given time. **Cost.** The platform's certificates are read at the first connection and not before:
//! some milliseconds, once. After that a handshake costs its arithmetic.

mod verify;
mod words;

use std::sync::Arc;

use openclaw_policy::Host;
use openclaw_secrets::SecretValue;
use parking_lot::Mutex;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{Cause, Phase, Result};
use verify::{Pinned, Public};
pub(crate) use words::after as explain_after_handshake;

/// How many protocol lists keep their configuration. The gate itself uses three.
const MOST_CONFIGS: usize = 8;

/// The authorities whose word counts.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// Whether those of the operating system do; where the operator named others in `SSL_CERT_FILE` or
    /// `SSL_CERT_DIR`, as for other programs, those stand in their place.
    pub platform: bool,
    /// Others, that the operator named.
    pub extra: Vec<CertificateDer<'static>>,
}

/// How a server's certificate is checked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Trust {
    /// By name, date and authority.
    #[default]
    Public,
    /// The SHA-256 of the whole certificate is one of these. Name and date do not count then.
    Pinned(Vec<[u8; 32]>),
}

/// A certificate and its private key, both in PEM, to show to a server that asks for one.
#[derive(Clone, Debug)]
pub struct ClientCertificate(pub SecretValue);

/// How TLS is done with one server.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// The name to ask for and to check; the host itself if there is none.
    pub server_name: Option<Host>,
    /// How its certificate is checked.
    pub trust: Trust,
    /// What to show if it asks who is there.
    pub client_certificate: Option<ClientCertificate>,
}

/// TLS as a client.
#[derive(Debug)]
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    roots: Roots,
    public: OnceCell<Arc<Public>>,
    plain: Mutex<Vec<Arc<ClientConfig>>>,
}

impl Tls {
    /// Prepares it. Fails if one of the extra roots is no certificate of an authority; those of the platform are
    /// read later, and broken ones among them are left out with a warning.
    pub(crate) fn new(roots: Roots) -> Result<Self> {
        let mut store = RootCertStore::empty();
        for (at, root) in roots.extra.iter().enumerate() {
            store.add(root.clone()).map_err(|error| Cause::Internal {
                what: format!(
                    "the extra root certificate number {} cannot be used ({error}); remove or replace it",
                    at + 1
                ),
            })?;
        }
        Ok(Self {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            roots,
            public: OnceCell::new(),
            plain: Mutex::new(Vec::new()),
        })
    }

    /// Does the handshake over a stream that leads to `name`.
    pub(crate) async fn secure<S>(
        &self,
        stream: S,
        name: &Host,
        options: &TlsOptions,
        alpn: &[&[u8]],
        until: Instant,
    ) -> Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let within = until.saturating_duration_since(Instant::now());
        let asked = options.server_name.as_ref().unwrap_or(name);
        let handshake = async {
            let config = self.config(asked, options, alpn).await?;
            let connector = TlsConnector::from(config);
            let connected = connector.connect(server_name(asked)?, stream).await;
            connected.map_err(|error| words::explain(asked, &error).unsent())
        };
        match tokio::time::timeout_at(until, handshake).await {
            Ok(done) => done,
            Err(_) => Err(Cause::Timeout {
                phase: Phase::Connect,
                within,
            }
            .unsent()),
        }
    }

    /// The configuration for these options; the one of most connections exists once for each protocol list.
    async fn config(&self, asked: &Host, options: &TlsOptions, alpn: &[&[u8]]) -> Result<Arc<ClientConfig>> {
        let is_plain = options.trust == Trust::Public && options.client_certificate.is_none();
        if is_plain {
            let configs = self.plain.lock();
            let same = configs.iter().find(|config| config.alpn_protocols == alpn);
            if let Some(config) = same {
                return Ok(Arc::clone(config));
            }
        }
        let config = Arc::new(self.build(asked, options, alpn).await?);
        if is_plain {
            let mut configs = self.plain.lock();
            if configs.len() < MOST_CONFIGS {
                configs.push(Arc::clone(&config));
            }
        }
        Ok(config)
    }

    async fn build(&self, asked: &Host, options: &TlsOptions, alpn: &[&[u8]]) -> Result<ClientConfig> {
        let versions = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let versions = versions
            .with_safe_default_protocol_versions()
            .map_err(|error| Cause::Internal {
                what: format!("TLS has no cipher to use: {error}"),
            })?;
        let unverified = versions.dangerous();
        let verified = match &options.trust {
            Trust::Public => unverified.with_custom_certificate_verifier(self.public(asked).await?),
            Trust::Pinned(fingerprints) => {
                unverified.with_custom_certificate_verifier(Arc::new(Pinned::new(
                    fingerprints.clone(),
                    self.provider.signature_verification_algorithms,
                )))
            }
        };
        let mut config = match &options.client_certificate {
            None => verified.with_no_client_auth(),
            Some(certificate) => {
                let shown = self.read_certificate(certificate)?;
                verified.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(shown)))
            }
        };
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }

    /// The check by name, date and authority; made at its first use.
    async fn public(&self, asked: &Host) -> Result<Arc<Public>> {
        let made = self.public.get_or_try_init(|| async {
            let roots = self.roots.clone();
            // Reads files.
            let store = tokio::task::spawn_blocking(move || load(roots))
                .await
                .map_err(|error| Cause::Internal {
                    what: format!("the root certificates were not read: {error}"),
                })?;
            let provider = Arc::clone(&self.provider);
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
            let verifier = verifier.map_err(|_| Cause::Tls {
                host: asked.to_string(),
                why:
                    "this machine has no root certificates; install those of its system (ca-certificates) or \
                      configure others"
                        .to_owned(),
            })?;
            Ok(Arc::new(Public::new(verifier)))
        });
        made.await.map(Arc::clone)
    }

    fn read_certificate(&self, certificate: &ClientCertificate) -> Result<CertifiedKey> {
        let refuse = |why| Cause::Request { why };
        let pem = certificate.0.expose().as_bytes();
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        // What the parser says would quote the secret.
        let chain = chain.map_err(|_| refuse("has a client certificate that is no PEM"))?;
        if chain.is_empty() {
            return Err(refuse("has a client certificate without a certificate in PEM").unsent());
        }
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| refuse("has a client certificate without a private key in PEM"))?;
        CertifiedKey::from_der(chain, key, &self.provider).map_err(|_| {
            refuse("has a client certificate whose key is of an unknown kind or another's").unsent()
        })
    }
}

fn server_name(host: &Host) -> Result<ServerName<'static>> {
    match host {
        Host::Address(address) => Ok(ServerName::from(*address)),
        Host::Domain(name) => ServerName::try_from(name.as_str().to_owned()).map_err(|_| {
            let why = "no certificate can have this name".to_owned();
            Cause::Tls {
                host: host.to_string(),
                why,
            }
            .unsent()
        }),
    }
}

fn load(roots: Roots) -> RootCertStore {
    let mut store = RootCertStore::empty();
    if roots.platform {
        let platform = rustls_native_certs::load_native_certs();
        for error in platform.errors {
            tracing::warn!(%error, "some root certificates of this system were not read");
        }
        let (_, broken) = store.add_parsable_certificates(platform.certs);
        if broken > 0 {
            tracing::warn!(
                broken,
                "some root certificates of this system cannot be used and are left out"
            );
        }
    }
    store.add_parsable_certificates(roots.extra);
    store
}

#[cfg(test)]
pub(crate) mod authority;
#[cfg(test)]
mod tests;
