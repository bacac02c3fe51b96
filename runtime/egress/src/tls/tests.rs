use std::sync::Arc;
use std::time::Duration;

use openclaw_policy::Host;
use openclaw_secrets::SecretValue;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Identity, Manner, names, server};
use super::{ClientCertificate, Roots, Tls, TlsOptions, Trust};
use crate::error::{Error, Kind, Sent};

const PATIENCE: Duration = Duration::from_secs(10);

fn host(text: &str) -> Host {
    text.parse().unwrap()
}

fn pinned(identity: &Identity) -> TlsOptions {
    TlsOptions {
        trust: Trust::Pinned(vec![[7; 32], identity.fingerprint()]),
        ..TlsOptions::default()
    }
}

/// Connects to a server that greets, over a real connection; what it was greeted with, and what it was offered.
async fn greet(tls: &Tls, acceptor: TlsAcceptor, name: &str, options: &TlsOptions) -> Result<String, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        if let Ok(mut stream) = acceptor.accept(stream).await {
            stream.write_all(b"welcome").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    let stream = TcpStream::connect(address).await.unwrap();
    let secured = tls
        .secure(stream, &host(name), options, &[], Instant::now() + PATIENCE)
        .await;
    let greeting = match secured {
        Ok(mut stream) => {
            let mut greeting = String::new();
            let read = timeout(PATIENCE, stream.read_to_string(&mut greeting))
                .await
                .unwrap();
            Ok(read.map(|_| greeting).unwrap_or_else(|error| error.to_string()))
        }
        Err(error) => Err(error),
    };
    timeout(PATIENCE, serving).await.unwrap().unwrap();
    greeting
}

async fn refusal(tls: &Tls, identity: &Identity, name: &str, options: &TlsOptions) -> String {
    let acceptor = server(identity, Manner::default());
    let error = greet(tls, acceptor, name, options).await.unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Protocol, Sent::No));
    error.to_string()
}

#[tokio::test]
async fn a_server_with_its_name_from_a_trusted_authority_is_accepted() {
    let authority = Authority::new();
    let tls = authority.tls();
    let identity = authority.issue(&names(&["irc.example", "127.0.0.1", "::1"]));
    for name in ["irc.example", "127.0.0.1", "[::1]"] {
        for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
            let manner = Manner {
                versions,
                ..Manner::default()
            };
            let greeting = greet(&tls, server(&identity, manner), name, &TlsOptions::default()).await;
            assert_eq!(greeting.unwrap(), "welcome", "{name}");
        }
    }
}

#[tokio::test]
async fn the_name_asked_for_is_the_one_that_is_checked() {
    let authority = Authority::new();
    let tls = authority.tls();
    let identity = authority.issue(&names(&["irc.example"]));
    let options = TlsOptions {
        server_name: Some(host("irc.example")),
        ..TlsOptions::default()
    };
    let greeting = greet(&tls, server(&identity, Manner::default()), "10.0.0.1", &options).await;
    assert_eq!(greeting.unwrap(), "welcome");
    let options = TlsOptions {
        server_name: Some(host("other.example")),
        ..TlsOptions::default()
    };
    let why = refusal(&tls, &identity, "irc.example", &options).await;
    assert_eq!(
        why,
        "no secure connection to other.example: its certificate is for other names: irc.example"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said_in_plain_words() {
    let authority = Authority::new();
    let tls = authority.tls();
    let plain = TlsOptions::default();
    let mut late: CertificateParams = names(&["irc.example"]);
    late.not_after = date_time_ymd(2020, 1, 1);
    let why = refusal(&tls, &authority.issue(&late), "irc.example", &plain).await;
    assert!(
        why.contains("its certificate expired") && why.contains("days ago"),
        "{why}"
    );
    let mut early = names(&["irc.example"]);
    early.not_before = date_time_ymd(4000, 1, 1);
    let why = refusal(&tls, &authority.issue(&early), "irc.example", &plain).await;
    assert!(why.contains("not valid yet"), "{why}");
    let strange = Authority::named("a stranger").issue(&names(&["irc.example"]));
    let why = refusal(&tls, &strange, "irc.example", &plain).await;
    assert!(why.contains("an authority that is not trusted here"), "{why}");
    let alone = Identity::self_signed(&names(&["irc.example"]));
    let why = refusal(&tls, &alone, "irc.example", &plain).await;
    assert!(why.contains("is self-signed"), "{why}");
    let hex: String = alone
        .fingerprint()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(why.contains(&hex), "{why}");
}

#[tokio::test]
async fn a_pinned_certificate_is_accepted_whatever_its_name_and_date() {
    let tls = Tls::new(Roots::default()).unwrap();
    let mut params = names(&["elsewhere.example"]);
    params.not_after = date_time_ymd(2020, 1, 1);
    let identity = Identity::self_signed(&params);
    let acceptor = server(&identity, Manner::default());
    let greeting = greet(&tls, acceptor, "irc.example", &pinned(&identity)).await;
    assert_eq!(greeting.unwrap(), "welcome");
}

#[tokio::test]
async fn with_pins_even_a_certificate_that_everybody_trusts_is_refused() {
    let authority = Authority::new();
    let tls = authority.tls();
    let identity = authority.issue(&names(&["irc.example"]));
    let other = Identity::self_signed(&names(&["irc.example"]));
    let why = refusal(&tls, &identity, "irc.example", &pinned(&other)).await;
    assert!(why.contains("none of the pinned ones"), "{why}");
    let nothing = TlsOptions {
        trust: Trust::Pinned(Vec::new()),
        ..TlsOptions::default()
    };
    let why = refusal(&tls, &identity, "irc.example", &nothing).await;
    assert!(why.contains("none of the pinned ones"), "{why}");
}

/// Shows whatever certificate it has, with whatever key.
#[derive(Debug)]
struct Impostor(Arc<CertifiedKey>);

impl rustls::server::ResolvesServerCert for Impostor {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[tokio::test]
async fn a_pinned_certificate_without_its_key_is_refused() {
    let tls = Tls::new(Roots::default()).unwrap();
    let identity = Identity::self_signed(&names(&["irc.example"]));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let stolen = rustls::pki_types::PrivatePkcs8KeyDer::from(KeyPair::generate().unwrap().serialize_der());
    let key = provider.key_provider.load_private_key(stolen.into()).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let shown = Arc::new(CertifiedKey::new(identity.chain.clone(), Arc::clone(&key)));
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Impostor(shown)));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let error = greet(&tls, acceptor, "irc.example", &pinned(&identity))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("wrong signature"), "{error}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks() {
    let authority = Authority::new();
    let tls = authority.tls();
    let identity = authority.issue(&names(&["irc.example"]));
    let asking = || {
        let manner = Manner {
            wants: Some(authority.root()),
            versions: &[&rustls::version::TLS12],
            ..Manner::default()
        };
        server(&identity, manner)
    };
    let options = TlsOptions {
        client_certificate: Some(authority.issue(&names(&["me.example"])).shown()),
        ..TlsOptions::default()
    };
    assert_eq!(
        greet(&tls, asking(), "irc.example", &options).await.unwrap(),
        "welcome"
    );
    let error = greet(&tls, asking(), "irc.example", &TlsOptions::default())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("client certificate"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_that_is_none_is_refused_without_a_word_of_it() {
    let authority = Authority::new();
    let tls = authority.tls();
    let identity = authority.issue(&names(&["irc.example"]));
    let whole = identity.shown().0;
    let (certificate, key) = whole.expose().split_once("-----END CERTIFICATE-----\n").unwrap();
    let certificate = format!("{certificate}-----END CERTIFICATE-----\n");
    let foreign = Identity::self_signed(&names(&["me.example"])).shown().0;
    let (_, foreign_key) = foreign
        .expose()
        .split_once("-----END CERTIFICATE-----\n")
        .unwrap();
    for (pem, why) in [
        ("hunter2hunter2", "without a certificate"),
        ("-----BEGIN hunter2hunter2", "no PEM"),
        (key, "without a certificate"),
        (&certificate, "without a private key"),
        (&format!("{certificate}{foreign_key}"), "another's"),
    ] {
        let options = TlsOptions {
            client_certificate: Some(ClientCertificate(SecretValue::new(pem))),
            ..TlsOptions::default()
        };
        let (near, _far) = tokio::io::duplex(1024);
        let until = Instant::now() + PATIENCE;
        let error = tls
            .secure(near, &host("irc.example"), &options, &[], until)
            .await
            .unwrap_err();
        let text = format!("{error} {error:?} {options:?}");
        assert!(
            text.contains(why) && !text.contains("hunter2") && !text.contains("BEGIN"),
            "{text}"
        );
        assert_eq!(error.cause.kind(), Kind::Invalid);
    }
}

#[tokio::test]
async fn the_protocols_offered_are_those_asked_for() {
    let authority = Authority::new();
    let tls = authority.tls();
    let identity = authority.issue(&names(&["irc.example"]));
    for (offered, served, agreed) in [
        (
            &[&b"h2"[..], b"http/1.1"][..],
            &[&b"http/1.1"[..]][..],
            Some(&b"http/1.1"[..]),
        ),
        (&[b"h2", b"http/1.1"], &[b"h2", b"http/1.1"], Some(b"h2")),
        (&[], &[b"h2"], None),
    ] {
        let manner = Manner {
            alpn: served,
            ..Manner::default()
        };
        let stream = super::authority::serve(server(&identity, manner), |stream| async { drop(stream) });
        let until = Instant::now() + PATIENCE;
        let plain = TlsOptions::default();
        let secured = tls
            .secure(stream, &host("irc.example"), &plain, offered, until)
            .await
            .unwrap();
        assert_eq!(secured.get_ref().1.alpn_protocol(), agreed);
    }
}

#[tokio::test]
async fn no_session_is_resumed() {
    let authority = Authority::new();
    let tls = authority.tls();
    let identity = authority.issue(&names(&["irc.example"]));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let acceptor = server(
            &identity,
            Manner {
                versions: &[version],
                ..Manner::default()
            },
        );
        for _ in 0..3 {
            let stream = super::authority::serve(acceptor.clone(), |mut stream| async move {
                stream.write_all(b"x").await.unwrap();
            });
            let until = Instant::now() + PATIENCE;
            let plain = TlsOptions::default();
            let mut stream = tls
                .secure(stream, &host("irc.example"), &plain, &[], until)
                .await
                .unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'x');
            let kind = stream.get_ref().1.handshake_kind();
            assert!(matches!(kind, Some(rustls::HandshakeKind::Full)), "{kind:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_named_as_such() {
    let tls = Authority::new().tls();
    for answer in [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        ":irc.example NOTICE * :hello\r\n",
    ] {
        let (near, mut far) = tokio::io::duplex(4096);
        far.write_all(answer.as_bytes()).await.unwrap();
        let until = Instant::now() + PATIENCE;
        let error = tls
            .secure(near, &host("irc.example"), &TlsOptions::default(), &[], until)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("does not speak TLS"), "{error}");
    }
    let (near, far) = tokio::io::duplex(4096);
    drop(far);
    let until = Instant::now() + PATIENCE;
    let error = tls
        .secure(near, &host("irc.example"), &TlsOptions::default(), &[], until)
        .await
        .unwrap_err();
    assert_eq!(error.cause.kind(), Kind::Protocol, "{error}");
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_ended() {
    let tls = Authority::new().tls();
    let (near, _far) = tokio::io::duplex(4096);
    let until = Instant::now() + Duration::from_millis(50);
    let (name, plain) = (host("irc.example"), TlsOptions::default());
    let ended = tls.secure(near, &name, &plain, &[], until);
    let error = timeout(PATIENCE, ended).await.unwrap().unwrap_err();
    assert_eq!((error.cause.kind(), error.sent), (Kind::Timeout, Sent::No));
}

#[tokio::test]
async fn without_roots_the_operator_is_told_what_is_missing() {
    let tls = Tls::new(Roots::default()).unwrap();
    let (near, _far) = tokio::io::duplex(4096);
    let until = Instant::now() + PATIENCE;
    let error = tls
        .secure(near, &host("irc.example"), &TlsOptions::default(), &[], until)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no root certificates"), "{error}");
}

#[tokio::test]
async fn roots_of_the_operator_stand_beside_those_of_the_system() {
    let authority = Authority::new();
    let roots = Roots {
        platform: true,
        extra: vec![authority.root()],
    };
    let tls = Tls::new(roots).unwrap();
    let identity = authority.issue(&names(&["irc.example"]));
    let plain = TlsOptions::default();
    let greeting = greet(&tls, server(&identity, Manner::default()), "irc.example", &plain);
    assert_eq!(greeting.await.unwrap(), "welcome");
    let strange = Authority::named("a stranger").issue(&names(&["irc.example"]));
    let why = refusal(&tls, &strange, "irc.example", &TlsOptions::default()).await;
    assert!(why.contains("not trusted here"), "{why}");
}

#[tokio::test]
async fn a_refusal_that_comes_after_the_handshake_is_told_in_plain_words() {
    let authority = Authority::new();
    let identity = authority.issue(&names(&["irc.example"]));
    let manner = Manner {
        wants: Some(authority.root()),
        versions: &[&rustls::version::TLS13],
        ..Manner::default()
    };
    let stream = super::authority::serve(server(&identity, manner), |stream| async { drop(stream) });
    let plain = TlsOptions::default();
    let until = Instant::now() + PATIENCE;
    let tls = authority.tls();
    let mut stream = tls
        .secure(stream, &host("irc.example"), &plain, &[], until)
        .await
        .unwrap();
    let error = timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap_err();
    let why = super::explain_after_handshake(&error).unwrap();
    assert_eq!(why, "it wants a client certificate");
}

#[test]
fn an_extra_root_that_is_none_is_found_at_the_start() {
    let roots = Roots {
        platform: false,
        extra: vec![Authority::new().root(), vec![1, 2, 3].into()],
    };
    let error = Tls::new(roots).unwrap_err();
    assert!(error.to_string().contains("root certificate number 2"), "{error}");
}

#[test]
fn the_start_reads_no_file() {
    // The quickest of some, because the machine may have other things to do.
    let starts = (0..10).map(|_| {
        let roots = Roots {
            platform: true,
            extra: Vec::new(),
        };
        let begin = std::time::Instant::now();
        let tls = Tls::new(roots).unwrap();
        assert!(!tls.public.initialized());
        begin.elapsed()
    });
    assert!(starts.min().unwrap() < Duration::from_millis(50));
}
