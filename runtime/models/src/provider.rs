//! A provider as the config describes it, ready to be asked.
//!
//! **Promise.** Its requests go only to the addresses that the operator typed or that are known for its id, by POST
//! and to one path each. A key stands in no request but to these, and nowhere else but in its header. What the
//! config asks for and this build does not do is refused, never left out in silence. **Cost.** One tenant of the gate, which keeps
//! its connections for the next call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openclaw_config::tree::models::{Model as Entry, ModelApi, ModelInput, Provider as Configured};
use openclaw_config::tree::request::RequestProxy;
use openclaw_config::tree::values::Open;
use openclaw_egress::{Client, Header};

use crate::catalog::ModelInfo;
use crate::error::{Class, Error, Result};
use crate::known::Known;
use crate::reach::{self, Endpoint};
use crate::seal::{Keys, Sealed};

/// How long a provider on the public network may be silent.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one on this machine or its network may be silent: it reads long texts slowly.
const PATIENCE_NEARBY: Duration = Duration::from_secs(300);

/// A provider, ready to be asked.
pub(crate) struct Provider {
    /// Its id.
    pub(crate) id: String,
    /// Its way through the gate.
    pub(crate) client: Client,
    /// Headers of every request, placeholders for secrets.
    pub(crate) headers: Vec<Header>,
    /// How long it may be silent.
    pub(crate) patience: Duration,
    base: Option<Endpoint>,
    models: BTreeMap<String, Listed>,
    params: Open,
    max_tokens: Option<u64>,
}

/// A model that the config lists.
struct Listed {
    entry: Entry,
    /// Its own address, where it has one.
    endpoint: Option<Endpoint>,
}

/// One model of a provider, as it is asked.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// What is told of it.
    pub(crate) info: ModelInfo,
    /// Where it is.
    pub(crate) endpoint: Endpoint,
    /// Headers beside those of the provider.
    pub(crate) headers: Vec<Header>,
    /// How it departs from its protocol.
    pub(crate) compat: Open,
    /// Parameters that its requests carry.
    pub(crate) params: Open,
    /// What it calls the levels of thinking.
    pub(crate) thinking: BTreeMap<String, Option<String>>,
    /// How long its answers may be, where the config says.
    pub(crate) max_tokens: Option<u64>,
}

/// What a provider is made of.
pub(crate) struct Source<'s> {
    /// Its id.
    pub(crate) id: String,
    /// What the config says of it, with the spelling of its id there.
    pub(crate) configured: Option<(&'s str, &'s Configured)>,
    /// What is known of its id.
    pub(crate) known: Option<&'static Known>,
}

impl Provider {
    /// Reads what the config says.
    pub(crate) fn new(source: &Source<'_>, keys: &Keys<'_>) -> Result<Self> {
        let fail = |class, why: String| Error::Provider {
            provider: source.id.clone(),
            class,
            why,
        };
        let empty = Configured::default();
        let (spelling, configured) = source.configured.unwrap_or((&source.id, &empty));
        check(configured).map_err(|why| fail(Class::BadRequest, why))?;

        let read =
            |url: &str, is_typed| Endpoint::read(url, is_typed).map_err(|why| fail(Class::BadRequest, why));
        let base = match (&configured.base_url, source.known) {
            (Some(url), _) => Some(read(url, true)?),
            (None, Some(known)) => Some(read(known.base_url, false)?),
            (None, None) => None,
        };
        let mut models = BTreeMap::new();
        for entry in &configured.models {
            let endpoint = entry.base_url.as_deref().map(|url| read(url, true)).transpose()?;
            let entry = entry.clone();
            models.insert(entry.id.clone(), Listed { entry, endpoint });
        }
        let own = models.values().filter_map(|listed| listed.endpoint.as_ref());
        let endpoints: Vec<&Endpoint> = base.iter().chain(own).collect();
        let Some(first) = endpoints.first() else {
            let why = format!("its address is not known; set models.providers.{spelling}.baseUrl");
            return Err(fail(Class::BadRequest, why));
        };
        let patience = configured.timeout_seconds.map(Duration::from_secs);
        let patience = patience.unwrap_or(match first.is_nearby() {
            true => PATIENCE_NEARBY,
            false => PATIENCE,
        });

        let sealed = Sealed::read(spelling, configured, source.known, keys);
        let sealed = sealed.map_err(|why| fail(Class::Auth, why))?;
        let reached = reach::client(&source.id, &endpoints, sealed, keys);
        let (client, headers) = reached.map_err(|why| fail(Class::BadRequest, why))?;
        Ok(Self {
            id: source.id.clone(),
            client,
            headers,
            patience,
            base,
            models,
            params: configured.params.clone(),
            max_tokens: configured.max_tokens,
        })
    }

    /// The ids of the models that it is known to have.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// One of its models. What is not listed is asked for as it is written.
    pub(crate) fn choose(&self, id: &str) -> Result<Chosen> {
        let fail = |why: String| Error::Provider {
            provider: self.id.clone(),
            class: Class::BadRequest,
            why,
        };
        let listed = self.models.get(id);
        let entry = listed.map(|listed| &listed.entry);
        if let Some(api) = entry.and_then(|entry| entry.api) {
            speaks(api).map_err(|why| fail(format!("of its model {id}: {why}")))?;
        }
        let own = listed.and_then(|listed| listed.endpoint.as_ref());
        let endpoint = own.or(self.base.as_ref()).cloned();
        let endpoint = endpoint.ok_or_else(|| fail(format!("its model {id} has no address; set baseUrl")))?;
        let mut params = self.params.clone();
        params.extend(entry.map(|entry| entry.params.clone()).unwrap_or_default());
        let headers = entry.map(|entry| &entry.headers).into_iter().flatten();
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.expose().as_bytes().to_vec()));
        let thinking = entry
            .map(|entry| entry.thinking_level_map.clone())
            .unwrap_or_default();
        let most = entry.and_then(|entry| entry.max_tokens).or(self.max_tokens);
        Ok(Chosen {
            info: ModelInfo {
                provider: self.id.clone(),
                id: id.to_owned(),
                name: entry.map_or_else(|| id.to_owned(), |entry| entry.name.clone()),
                context_window: entry.and_then(|entry| entry.context_window),
                max_tokens: most,
                reasoning: entry.and_then(|entry| entry.reasoning).unwrap_or_default(),
                input: entry
                    .and_then(|entry| entry.input.clone())
                    .unwrap_or_else(|| vec![ModelInput::Text]),
            },
            endpoint,
            headers: headers.collect(),
            compat: entry.map(|entry| entry.compat.clone()).unwrap_or_default(),
            params,
            thinking: thinking
                .into_iter()
                .map(|(level, name)| (level, name.0))
                .collect(),
            max_tokens: most,
        })
    }
}

/// Refuses what the config asks for and this build does not do.
fn check(configured: &Configured) -> Result<(), String> {
    if let Some(api) = configured.api {
        speaks(api)?;
    }
    let Some(request) = &configured.request else {
        return Ok(());
    };
    if matches!(request.proxy, Some(RequestProxy::ExplicitProxy { .. })) {
        return Err("request.proxy is not in this build; set the proxy of the whole gateway".to_owned());
    }
    if request.tls.is_some() {
        let why = "request.tls is not in this build; add the authority to those of the system, and remove it";
        return Err(why.to_owned());
    }
    Ok(())
}

/// Whether a protocol is spoken.
fn speaks(api: ModelApi) -> Result<(), String> {
    if api == ModelApi::OpenaiCompletions {
        return Ok(());
    }
    let name = serde_json::to_value(api).ok();
    let name = name
        .as_ref()
        .and_then(|name| name.as_str())
        .unwrap_or("another protocol");
    Err(format!(
        "it speaks {name}, which is not in this build; use a provider with \"api\": \"openai-completions\""
    ))
}

/// All header names that a request has once at most.
pub(crate) fn merge(headers: &[Header], others: &[Header]) -> Vec<Header> {
    let later: BTreeSet<&str> = others.iter().map(|(name, _)| name.as_str()).collect();
    let kept = headers.iter().filter(|(name, _)| !later.contains(name.as_str()));
    kept.chain(others).cloned().collect()
}
