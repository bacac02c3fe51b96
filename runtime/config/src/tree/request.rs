//! How a service is reached: headers, credentials, proxy and TLS of its requests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::SecretInput;

/// How a service is reached.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Request {
    /// Headers of every request.
    pub headers: BTreeMap<String, SecretInput>,
    /// How the requests prove who sends them.
    pub auth: Option<RequestAuth>,
    /// What they go through.
    pub proxy: Option<RequestProxy>,
    /// How the other side is trusted.
    pub tls: Option<RequestTls>,
    /// Whether it may be at a private address.
    pub allow_private_network: Option<bool>,
}

/// How requests prove who sends them.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "mode", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum RequestAuth {
    /// As is usual for the service.
    ProviderDefault {},
    /// With `Authorization: Bearer`.
    AuthorizationBearer {
        /// The token.
        token: SecretInput,
    },
    /// With a header of its own.
    Header {
        /// The header's name.
        header_name: String,
        /// Its value.
        value: SecretInput,
        /// What precedes the value.
        prefix: Option<String>,
    },
}

/// What requests go through.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum RequestProxy {
    /// The proxy that the environment names.
    EnvProxy {
        /// How the proxy is trusted.
        tls: Option<RequestTls>,
    },
    /// This proxy.
    ExplicitProxy {
        /// Where it is.
        url: String,
        /// How it is trusted.
        tls: Option<RequestTls>,
    },
}

/// How the other side is trusted.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestTls {
    /// The authority that signed its certificate.
    pub ca: Option<SecretInput>,
    /// The certificate that is shown to it.
    pub cert: Option<SecretInput>,
    /// The key of that certificate.
    pub key: Option<SecretInput>,
    /// The words that open the key.
    pub passphrase: Option<SecretInput>,
    /// The name its certificate must bear.
    pub server_name: Option<String>,
    /// Trusts any certificate.
    pub insecure_skip_verify: Option<bool>,
}
