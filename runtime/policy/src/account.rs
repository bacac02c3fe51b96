//! Hosts and ports that the operator configures, not the author: `${account.server}`.
//!
//! A request and a grant keep the reference. Only when an account starts is it resolved, with the account's own
//! values; what is not configured then grants nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::host::{Host, HostPattern};
use crate::text::{is_word, text_type};

/// The settings of one account, by their keys; of nested settings the keys are joined by dots.
///
/// They hold only what the operator typed: a value that a component, a message or a server could set would let it
/// name the hosts of the grant.
pub type AccountValues = BTreeMap<String, String>;

/// A setting of an account, written `${account.NAME}`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountField(String);

impl AccountField {
    /// The key among the account's settings.
    pub fn key(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountField {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let key = text
            .strip_prefix("${account.")
            .and_then(|rest| rest.strip_suffix('}'));
        match key {
            Some(key) if key.split('.').all(|part| is_word(part, "_-")) => Ok(Self(key.to_owned())),
            _ => Err(Error::value("reference", text, "must be written ${account.NAME}")),
        }
    }
}

impl fmt::Display for AccountField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{account.{}}}", self.0)
    }
}

text_type!(AccountField);

/// Which port a request names.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Default)]
pub enum Port {
    /// The usual one of the scheme, or the one that the operator wrote behind the host.
    #[default]
    Usual,
    /// This one.
    Number(NonZeroU16),
    /// The one that the operator configured.
    Account(AccountField),
}

impl Port {
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

/// As it stands in JSON: a number, or the reference as a text.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Written {
    Number(NonZeroU16),
    Account(AccountField),
}

impl Serialize for Port {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Usual => serializer.serialize_none(),
            Self::Number(number) => Written::Number(*number).serialize(serializer),
            Self::Account(field) => Written::Account(field.clone()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Option::<Written>::deserialize(deserializer);
        match written {
            Ok(None) => Ok(Self::Usual),
            Ok(Some(Written::Number(number))) => Ok(Self::Number(number)),
            Ok(Some(Written::Account(field))) => Ok(Self::Account(field)),
            Err(_) => Err(serde::de::Error::custom(
                "a port is a number from 1 to 65535, without quotes, or ${account.NAME}",
            )),
        }
    }
}

/// A host and port of a rule after the account's values are known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Endpoint {
    pub(crate) host: HostPattern,
    pub(crate) port: u16,
}

/// Resolves the host and port of a rule. `None`: they are not configured, or not for this scheme.
///
/// A configured server may be a host, a host with a port, or a URL; a URL counts only for rules of its scheme.
pub(crate) fn resolve(
    (host, port): (&HostPattern, &Port),
    usual: Option<u16>,
    schemes: &[&str],
    values: &AccountValues,
) -> Option<Endpoint> {
    let (host, own_port) = match host {
        HostPattern::Account(field) => {
            let (host, port) = read_server(values.get(field.key())?, schemes)?;
            (HostPattern::Exact(host), port)
        }
        other => (other.clone(), None),
    };
    let port = match port {
        Port::Usual => own_port.map(NonZeroU16::get).or(usual)?,
        Port::Number(number) => number.get(),
        Port::Account(field) => values.get(field.key())?.parse::<NonZeroU16>().ok()?.get(),
    };
    Some(Endpoint { host, port })
}

fn read_server(text: &str, schemes: &[&str]) -> Option<(Host, Option<NonZeroU16>)> {
    let text = text.trim();
    let authority = match text.split_once("://") {
        Some((scheme, rest)) => {
            let known = schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known));
            known.then_some(())?;
            rest.split(['/', '?', '#', '\\']).next()?
        }
        None => text,
    };
    if let Ok(host) = authority.parse() {
        return Some((host, None));
    }
    let (host, port) = authority.rsplit_once(':')?;
    // Without its brackets an IPv6 address would swallow the port.
    (!host.contains(':') || host.starts_with('[')).then_some(())?;
    let digits = port.bytes().all(|c| c.is_ascii_digit());
    digits.then_some(())?;
    Some((host.parse().ok()?, Some(port.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_server(value: &str, port: Port) -> Option<(String, u16)> {
        let host = "${account.server}".parse().unwrap();
        let values = AccountValues::from([("server".into(), value.into()), ("port".into(), "6697".into())]);
        let found = resolve((&host, &port), Some(443), &["https", "wss"], &values)?;
        Some((found.host.to_string(), found.port))
    }

    #[test]
    fn a_server_may_be_a_host_a_host_with_a_port_or_a_url() {
        for (value, port) in [
            ("Chat.Example.org", 443),
            ("chat.example.org:8448", 8448),
            ("https://chat.example.org/_matrix", 443),
            ("wss://chat.example.org:9000?x#y", 9000),
        ] {
            assert_eq!(
                resolve_server(value, Port::Usual),
                Some(("chat.example.org".into(), port)),
                "{value}"
            );
        }
        assert_eq!(
            resolve_server("[::1]:8080", Port::Usual),
            Some(("[::1]".into(), 8080))
        );
    }

    #[test]
    fn a_port_of_the_rule_is_stronger_than_one_behind_the_host() {
        let field = Port::Account("${account.port}".parse().unwrap());
        assert_eq!(
            resolve_server("a.example:1", field),
            Some(("a.example".into(), 6697))
        );
        assert_eq!(
            resolve_server("a.example", Port::Account("${account.none}".parse().unwrap())),
            None
        );
    }

    #[test]
    fn what_is_no_server_or_of_another_scheme_grants_nothing() {
        for value in [
            "",
            "*",
            "*.example.org",
            "http://a.example",
            "https://me@a.example",
            "a.example:0",
            "a.example:+1",
            "a.example:99999",
            "a b",
            "${account.x}",
        ] {
            assert_eq!(resolve_server(value, Port::Usual), None, "{value}");
        }
    }

    #[test]
    fn a_reference_has_one_form() {
        assert!("${account.irc.server-1}".parse::<AccountField>().is_ok());
        for text in [
            "${account.}",
            "${env.X}",
            "${account.a}b",
            "${account.a..b}",
            "$account.a",
        ] {
            assert!(text.parse::<AccountField>().is_err(), "{text}");
        }
    }
}
