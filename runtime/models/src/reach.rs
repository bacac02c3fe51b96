//! Where a provider is, and the way there through the gate.
//!
//! **Promise.** A grant names one host, one port and one path by POST for each address. A host that is not public
//! is granted because the operator typed it; the addresses where clouds keep their metadata never are. Secrets go to
//! these hosts only, and unencrypted only where the operator typed `http://`.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::sync::Arc;

use openclaw_egress::secret::{Captured, Vault};
use openclaw_egress::{Client, Header, Target, Tenant};
use openclaw_policy::capability::http::{Http, HttpRule};
use openclaw_policy::capability::secrets::{Place, SecretName, SecretRule, Secrets};
use openclaw_policy::capability::sockets::SocketMatcher;
use openclaw_policy::{AccountValues, AddressClass, Bytes, Host, HostPattern, PathPattern, Port};

use crate::seal::{Keys, Sealed, Value};

/// What is asked for, below the base URL.
const PATH: &str = "/chat/completions";
/// The largest request or answer.
const MAX_BODY: &str = "64 MiB";
/// The name under which clouds answer for their metadata.
const METADATA: &str = "metadata.google.internal";

/// Where completions of chats are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    url: String,
    target: Target,
    is_private: bool,
}

impl Endpoint {
    /// The endpoint below a base URL. `is_typed`: the operator wrote it.
    pub(crate) fn read(base: &str, is_typed: bool) -> Result<Self, String> {
        let base = base.trim();
        let (place, query) = match base.split_once('?') {
            Some((place, query)) => (place, format!("?{query}")),
            None => (base, String::new()),
        };
        let place = place.trim_end_matches('/');
        let place = place.strip_suffix(PATH).unwrap_or(place);
        let url = format!("{place}{PATH}{query}");
        let target = Target::of_request(&url).map_err(|error| format!("its base {error}"))?;
        if is_metadata(target.host()) {
            return Err(format!(
                "its base URL leads to {}, where clouds keep their metadata; no model is asked there",
                target.host()
            ));
        }
        Ok(Self {
            url,
            is_private: is_typed || target.host().is_private_by_name(),
            target,
        })
    }

    /// The address of requests.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is on this machine or its network, by its own words.
    pub(crate) fn is_nearby(&self) -> bool {
        self.target.host().is_private_by_name()
    }

    /// Whether it is OpenAI itself, which no longer takes what others take.
    pub(crate) fn is_openai(&self) -> bool {
        self.target.host().to_string() == "api.openai.com"
    }

    fn rule(&self) -> Result<HttpRule, String> {
        let path = self.target.path().as_str();
        let paths: PathPattern = path.parse().map_err(|error| format!("its base URL: {error}"))?;
        let method = "POST".parse().map_err(|error| format!("{error}"))?;
        let port = NonZeroU16::new(self.target.port()).map_or(Port::Usual, Port::Number);
        let max_body: Bytes = MAX_BODY.parse().map_err(|error| format!("{error}"))?;
        Ok(HttpRule {
            scheme: self.target.scheme(),
            host: HostPattern::Exact(self.target.host().clone()),
            port,
            methods: BTreeSet::from([method]),
            paths: BTreeSet::from([paths]),
            max_body,
            private: self.is_private,
        })
    }
}

fn is_metadata(host: &Host) -> bool {
    match host {
        Host::Address(address) => AddressClass::of(address.to_canonical()) == AddressClass::LinkLocal,
        Host::Domain(name) => name.as_str() == METADATA,
    }
}

/// The way of a provider through the gate, and its headers with placeholders for the secrets in them.
pub(crate) fn client(
    id: &str,
    endpoints: &[&Endpoint],
    sealed: Sealed,
    keys: &Keys<'_>,
) -> Result<(Client, Vec<Header>), String> {
    let said = |error: openclaw_policy::Error| error.to_string();
    let rules = endpoints.iter().map(|endpoint| endpoint.rule());
    let http = Http::new(rules.collect::<Result<_, _>>()?).map_err(said)?;
    let (mut values, mut rules, mut named) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (number, (header, value)) in sealed.0.into_iter().enumerate() {
        match value {
            Value::Plain(text) => named.push((header, text, None)),
            Value::Secret { prefix, value } => {
                let name: SecretName = format!("header-{number}").parse().map_err(said)?;
                let place: Place = format!("header {header}").parse().map_err(said)?;
                rules.extend(audience(endpoints, &name, &place));
                values.insert(name.as_str().to_owned(), value);
                named.push((header, prefix, Some(name)));
            }
        }
    }
    let none = AccountValues::new();
    let tenant = format!("model:{id}");
    let matcher = Secrets::new(rules).map_err(said)?.resolve(&none);
    let vault = Vault::new(
        keys.placeholders,
        &tenant,
        None,
        matcher,
        values,
        Captured::default(),
    );
    let mut headers = Vec::new();
    for (header, text, secret) in named {
        let placeholder = secret.map(|name| vault.lookup(name.as_str())).transpose();
        let placeholder = placeholder
            .map_err(|error| error.to_string())?
            .unwrap_or_default();
        headers.push((header, format!("{text}{placeholder}").into_bytes()));
    }
    let client = keys.gate.client(Tenant {
        extension: tenant.into(),
        account: None,
        http: http.resolve(&none),
        sockets: SocketMatcher::default(),
        vault: Arc::new(vault),
    });
    Ok((client, headers))
}

/// To whom a secret may be sent: in the clear only where the operator typed it so.
fn audience(endpoints: &[&Endpoint], name: &SecretName, place: &Place) -> Vec<SecretRule> {
    let rule = |plaintext: bool| {
        let hosts = endpoints
            .iter()
            .filter(|endpoint| endpoint.target.is_encrypted() != plaintext)
            .map(|endpoint| HostPattern::Exact(endpoint.target.host().clone()));
        SecretRule {
            name: name.clone(),
            audience: hosts.collect(),
            places: BTreeSet::from([place.clone()]),
            plaintext,
            capture: false,
            hmac: false,
            sign: false,
            reveal: false,
        }
    };
    let rules = [rule(false), rule(true)].into_iter();
    rules.filter(|rule| !rule.audience.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str) -> String {
        Endpoint::read(base, true).map_or_else(|why| why, |endpoint| endpoint.url)
    }

    #[test]
    fn completions_are_asked_for_below_the_base() {
        for (base, wanted) in [
            ("https://a.example/v1", "https://a.example/v1/chat/completions"),
            ("https://a.example/v1/", "https://a.example/v1/chat/completions"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/chat/completions"),
            (
                "https://a.example/v1/chat/completions",
                "https://a.example/v1/chat/completions",
            ),
            (
                "https://a.example/deployments/x?api-version=1",
                "https://a.example/deployments/x/chat/completions?api-version=1",
            ),
        ] {
            assert_eq!(url(base), wanted, "{base}");
        }
    }

    #[test]
    fn no_model_is_asked_where_clouds_keep_their_metadata() {
        for base in [
            "http://169.254.169.254/v1",
            "http://[fe80::1]/v1",
            "http://[::ffff:169.254.169.254]/v1",
            "http://metadata.google.internal/v1",
        ] {
            assert!(url(base).contains("metadata"), "{base}");
        }
    }

    #[test]
    fn only_what_the_operator_typed_may_be_private() {
        let private = |base, typed| Endpoint::read(base, typed).unwrap().is_private;
        assert!(private("https://models.example/v1", true));
        assert!(!private("https://models.example/v1", false));
        assert!(private("http://127.0.0.1:11434/v1", false));
    }
}
