//! What went wrong in a handshake, in words that help a person.

use std::io;
use std::time::Duration;

use openclaw_policy::{Host, display_safe};
use rustls::{AlertDescription, CertificateError, Error};

use super::verify::Refused;
use crate::error::{Cause, SHOWN};

fn inner(error: &io::Error) -> Option<&Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Error>())
}

/// Says why a stream under TLS failed after its handshake. A server that speaks version 1.3 refuses a client's
/// certificate only then.
pub(crate) fn after(error: &io::Error) -> Option<String> {
    Some(match inner(error)? {
        alert @ Error::AlertReceived(_) => of_handshake(alert),
        other => format!(
            "it broke the rules of TLS: {}",
            display_safe(&other.to_string(), SHOWN)
        ),
    })
}

/// Says why a handshake with a host failed.
pub(super) fn explain(host: &Host, error: &io::Error) -> Cause {
    let why = match inner(error) {
        Some(inner) => of_handshake(inner),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection during the handshake".to_owned()
        }
        None => format!("the connection broke during the handshake: {error}"),
    };
    Cause::Tls {
        host: host.to_string(),
        why,
    }
}

fn of_handshake(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::InvalidMessage(_) => "it does not speak TLS on this port".to_owned(),
        Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "it has no version or cipher in common with this side, which speaks TLS 1.2 and 1.3".to_owned()
        }
        Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "it refused the handshake; it may want a version, a cipher or a client certificate that it was not offered"
                .to_owned()
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => "it wants a client certificate".to_owned(),
        Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::AccessDenied,
        ) => "it does not accept this side's client certificate".to_owned(),
        Error::AlertReceived(AlertDescription::UnrecognisedName) => "it does not serve this name".to_owned(),
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) | Error::NoApplicationProtocol => {
            "it speaks none of the protocols that were offered".to_owned()
        }
        Error::AlertReceived(alert) => format!("it ended TLS with an alert ({alert:?})"),
        other => format!("the handshake failed: {}", display_safe(&other.to_string(), SHOWN)),
    }
}

fn of_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired => "its certificate has expired".to_owned(),
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = time.as_secs().saturating_sub(not_after.as_secs());
            format!("its certificate expired {} ago", span(ago))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; is the clock of this machine right?".to_owned()
        }
        CertificateError::NotValidForName => "its certificate is for other names".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let names = display_safe(&names.join(", "), SHOWN);
            if names.is_empty() {
                "its certificate is for no name at all".to_owned()
            } else {
                format!("its certificate is for other names: {names}")
            }
        }
        CertificateError::UnknownIssuer => {
            "its certificate comes from an authority that is not trusted here".to_owned()
        }
        CertificateError::Revoked => "its certificate was revoked".to_owned(),
        CertificateError::BadSignature => "its certificate or handshake has a wrong signature".to_owned(),
        CertificateError::BadEncoding => "its certificate cannot be read".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not for servers".to_owned()
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<Refused>() {
            Some(refused) => refused.to_string(),
            None => format!(
                "its certificate is not accepted: {}",
                display_safe(&other.to_string(), SHOWN)
            ),
        },
        other => format!(
            "its certificate is not accepted: {}",
            display_safe(&other.to_string(), SHOWN)
        ),
    }
}

/// A name without the kind of name that the verifier writes around it: `DnsName("a.example")`.
fn bare(name: &str) -> &str {
    let inner = name
        .split_once('(')
        .and_then(|(_, inner)| inner.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

fn span(seconds: u64) -> String {
    let time = Duration::from_secs(seconds);
    let (count, unit) = match time.as_secs() {
        ..120 => return "a moment".to_owned(),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}
