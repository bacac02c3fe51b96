//! What a component may ask for, one module for each kind.
//!
//! Every kind has one normal form, so that two requests that mean the same are equal; `covers` says whether what
//! was granted holds all that is asked, `difference` says what it does not hold, and the matchers answer on the
//! hot path. Lists are bounded by [`MAX_ATOMS`] single permissions for each kind, which bounds the cost of a
//! comparison by its square; a match is linear in the rules.

mod atom;
pub mod files;
pub mod http;
pub mod kv;
pub mod messaging;
pub mod model;
pub mod names;
pub mod secrets;
pub mod sockets;
pub mod tools;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account::AccountField;

pub use atom::MAX_ATOMS;
pub use files::Files;
pub use http::Http;
pub use kv::Kv;
pub use messaging::Messaging;
pub use model::Model;
pub use names::{Bridges, EnvNames};
pub use secrets::Secrets;
pub use sockets::Sockets;
pub use tools::Tools;

/// All that a component asks for, or all that it was granted. The default is nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Requests over HTTP.
    #[serde(skip_serializing_if = "Http::is_empty")]
    pub http: Http,
    /// Connections that stay open.
    #[serde(skip_serializing_if = "Sockets::is_empty")]
    pub sockets: Sockets,
    /// Secrets, and where they may go.
    #[serde(skip_serializing_if = "Secrets::is_empty")]
    pub secrets: Secrets,
    /// Directories.
    #[serde(skip_serializing_if = "Files::is_empty")]
    pub files: Files,
    /// A small store of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv: Option<Kv>,
    /// Messages in the owner's name.
    #[serde(skip_serializing_if = "Messaging::is_empty")]
    pub messaging: Messaging,
    /// Other tools.
    #[serde(skip_serializing_if = "Tools::is_empty")]
    pub tools: Tools,
    /// The configured model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// Processes that the operator named.
    #[serde(skip_serializing_if = "Bridges::is_empty")]
    pub bridge: Bridges,
    /// Environment variables of the gateway.
    #[serde(skip_serializing_if = "EnvNames::is_empty")]
    pub env: EnvNames,
}

impl Capabilities {
    /// Whether it is nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether all that is asked is within this.
    pub fn covers(&self, asked: &Self) -> bool {
        self.difference(asked).is_empty()
    }

    /// What is asked and not within this.
    pub fn difference(&self, asked: &Self) -> Self {
        Self {
            http: self.http.difference(&asked.http),
            sockets: self.sockets.difference(&asked.sockets),
            secrets: self.secrets.difference(&asked.secrets),
            files: self.files.difference(&asked.files),
            kv: asked
                .kv
                .filter(|asked| !self.kv.is_some_and(|granted| granted.covers(asked))),
            messaging: self.messaging.difference(&asked.messaging),
            tools: self.tools.difference(&asked.tools),
            model: asked.model.clone().filter(|asked| {
                let granted = self.model.as_ref();
                !granted.is_some_and(|granted| granted.covers(asked))
            }),
            bridge: self.bridge.difference(&asked.bridge),
            env: self.env.difference(&asked.env),
        }
    }

    /// The settings of an account that requests refer to.
    pub fn account_fields(&self) -> BTreeSet<AccountField> {
        let http = self.http.account_fields();
        http.chain(self.sockets.account_fields())
            .chain(self.secrets.account_fields())
            .cloned()
            .collect()
    }
}
