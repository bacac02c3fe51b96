//! Which accounts there are to be: the config, held against what is installed and granted.
//!
//! **Promise.** A channel is served by the one extension that was granted for it. Who only says that it serves a channel
//! takes it from nobody, and of two that were granted none is chosen.
//! **Cost.** A read of every installed extension that serves a channel, and of its grants.

use std::collections::{BTreeMap, BTreeSet};

use openclaw_components::{Host, Installed};
use openclaw_config::tree::Config;
use openclaw_config::tree::extensions::Plugins;
use openclaw_config::{Loaded, Snapshot};
use openclaw_policy::Grant;
use openclaw_secrets::Snapshot as Secrets;
use openclaw_state::{ChannelAccount, State};
use serde_json::Value;

use crate::adapter::ChannelSpec;
use crate::credentials::{self, Credentials};
use crate::error::{Error, Result};
use crate::recipe::{Guest, Recipe};
use crate::settings::{self, Settings};

/// Keys under `channels` that are no channels.
const NO_CHANNELS: [&str; 2] = ["defaults", "modelByChannel"];

/// An account that the config has.
pub(crate) struct Listed {
    pub(crate) settings: Settings,
    /// The channel's name for people.
    pub(crate) label: String,
    pub(crate) token_source: &'static str,
    /// How it is opened, or why it cannot be. None if it is switched off or has no credentials.
    pub(crate) recipe: Option<Result<Recipe>>,
    pub(crate) is_configured: bool,
}

impl Served {
    fn id(&self) -> &str {
        self.installed.manifest.id.as_str()
    }
}

/// What is looked at.
pub(crate) struct Sources<'s> {
    pub(crate) state: &'s State,
    pub(crate) host: &'s Host,
    pub(crate) config: &'s Snapshot<Config>,
    pub(crate) secrets: &'s Secrets,
}

/// An extension that serves a channel.
struct Served {
    installed: Installed,
    spec: ChannelSpec,
    secrets: Vec<String>,
}

/// Lists all accounts of all channels in the config.
pub(crate) async fn list(sources: &Sources<'_>) -> Result<BTreeMap<ChannelAccount, Listed>> {
    let serving = serving(sources).await?;
    let mut listed = BTreeMap::new();
    for channel in channels(sources.config) {
        let served = match serving.get(&channel) {
            None => Ok(None),
            Some(candidates) => choose(sources, &channel, candidates).await,
        };
        let names = match &served {
            Ok(Some(served)) => served.secrets.as_slice(),
            Ok(None) | Err(_) => &[],
        };
        for settings in settings::accounts(sources.config, &channel, names) {
            let one = match &served {
                Ok(served) => list_one(sources, *served, settings).await,
                Err(contest) => contested(contest, settings),
            };
            listed.insert(one.settings.of.clone(), one);
        }
    }
    Ok(listed)
}

fn channels(config: &Loaded<Config>) -> BTreeSet<String> {
    let Some(Value::Object(channels)) = config.source.get("channels") else {
        return BTreeSet::new();
    };
    let ids = channels
        .iter()
        .filter(|(id, value)| value.is_object() && !NO_CHANNELS.contains(&id.as_str()));
    ids.map(|(id, _)| id.clone()).collect()
}

/// Several extensions that were granted for one channel.
struct Contest {
    channel: String,
    extensions: Vec<String>,
}

/// The one of several extensions that serves a channel.
async fn choose<'s>(
    sources: &Sources<'_>,
    channel: &str,
    candidates: &'s [Served],
) -> Result<Option<&'s Served>, Contest> {
    let [first, _, ..] = candidates else {
        return Ok(candidates.first());
    };
    let stored: openclaw_state::Result<Vec<_>> = sources.state.read(|view| view.grants()).await;
    // Where the grants cannot be read, opening the account says so.
    let stored = stored.unwrap_or_default();
    let is_granted = |served: &&Served| {
        let (id, digest) = (served.id(), served.installed.digest.to_string());
        stored
            .iter()
            .any(|grant| grant.extension == id && grant.digest == digest)
    };
    let granted: Vec<_> = candidates.iter().filter(is_granted).collect();
    match granted.as_slice() {
        [] => Ok(Some(first)),
        [one] => Ok(Some(one)),
        several => Err(Contest {
            channel: channel.to_owned(),
            extensions: several.iter().map(|served| served.id().to_owned()).collect(),
        }),
    }
}

fn contested(contest: &Contest, settings: Settings) -> Listed {
    let error = Error::Contested {
        channel: contest.channel.clone(),
        extensions: contest.extensions.join(", "),
    };
    Listed {
        label: settings.of.channel().to_owned(),
        token_source: "none",
        recipe: settings.is_enabled.then_some(Err(error)),
        is_configured: true,
        settings,
    }
}

/// The extensions that serve channels, by channel.
async fn serving(sources: &Sources<'_>) -> Result<BTreeMap<String, Vec<Served>>> {
    let mut serving: BTreeMap<String, Vec<Served>> = BTreeMap::new();
    for id in sources.host.list().await? {
        if !is_on(&sources.config.config.plugins, id.as_str()) {
            continue;
        }
        let installed = match sources.host.find(&id).await {
            Ok(installed) => installed,
            Err(error) => {
                tracing::warn!(extension = %id, %error, "an extension cannot be read");
                continue;
            }
        };
        if let Some(spec) = installed.channel.clone() {
            let rules = installed.manifest.capabilities.secrets.rules();
            let secrets = rules.iter().map(|rule| rule.name.as_str().to_owned()).collect();
            serving.entry(spec.id.clone()).or_default().push(Served {
                installed,
                spec,
                secrets,
            });
        }
    }
    Ok(serving)
}

/// Whether the config lets an extension run. To be denied beats to be allowed.
fn is_on(plugins: &Plugins, id: &str) -> bool {
    let names = |list: &[String]| list.iter().any(|name| name == id);
    let entry = plugins.entries.get(id);
    plugins.enabled
        && !names(&plugins.deny)
        && (plugins.allow.is_empty() || names(&plugins.allow))
        && entry.is_none_or(|entry| entry.enabled != Some(false))
}

async fn list_one(sources: &Sources<'_>, served: Option<&Served>, settings: Settings) -> Listed {
    let mut listed = Listed {
        label: settings.of.channel().to_owned(),
        token_source: "none",
        recipe: None,
        is_configured: false,
        settings,
    };
    let Some(served) = served else {
        if listed.settings.is_enabled {
            listed.recipe = Some(Err(Error::NoAdapter {
                channel: listed.settings.of.channel().to_owned(),
            }));
        }
        return listed;
    };
    listed.label.clone_from(&served.spec.label);
    let found = credentials::find(sources.config, sources.secrets, &listed.settings, &served.secrets);
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            listed.is_configured = true;
            listed.recipe = listed.settings.is_enabled.then_some(Err(error));
            return listed;
        }
    };
    listed.token_source = found.source.map_or("none", credentials::Source::word);
    listed.is_configured = served.secrets.is_empty() || found.source.is_some();
    if listed.settings.is_enabled && listed.is_configured {
        listed.recipe = Some(recipe(sources, served, &listed.settings, found).await);
    }
    listed
}

async fn recipe(
    sources: &Sources<'_>,
    served: &Served,
    settings: &Settings,
    found: Credentials,
) -> Result<Recipe> {
    let grant = grant(sources.state, served, &settings.of).await?;
    let granted: BTreeSet<&str> = {
        let rules = grant.capabilities().secrets.rules();
        rules.iter().map(|rule| rule.name.as_str()).collect()
    };
    let mut secrets = found.values;
    secrets.retain(|name, _| granted.contains(name.as_str()));
    let mut values = settings.values.clone();
    show_secrets(&mut values, &served.secrets, &secrets.keys().cloned().collect());
    Ok(Recipe::Guest(Box::new(Guest {
        host: sources.host.clone(),
        spec: served.spec.clone(),
        installed: served.installed.clone(),
        grant,
        account: settings.of.account().to_owned(),
        account_values: settings.account_values(&served.secrets),
        values,
        secrets,
    })))
}

/// Names every credential among the settings, whatever they say of it: the host puts placeholders in the place of
/// what stands there, so that one from a file or a variable is read like any other.
fn show_secrets(values: &mut Value, names: &[String], known: &BTreeSet<String>) {
    let Value::Object(members) = values else {
        return;
    };
    members.remove(settings::TOKEN_FILE);
    for name in names.iter().filter(|name| !name.contains('.')) {
        match known.contains(name) {
            true => members.insert(name.clone(), Value::String(String::new())),
            false => members.remove(name),
        };
    }
}

async fn grant(state: &State, served: &Served, of: &ChannelAccount) -> Result<Grant> {
    let id = served.installed.manifest.id.as_str().to_owned();
    let stored = state.read(move |view| view.grants_of(&id)).await?;
    let digest = served.installed.digest.to_string();
    let mut of_component: Vec<_> = stored
        .into_iter()
        .filter(|grant| grant.digest == digest)
        .collect();
    // One for this account is nearer than one for all.
    of_component.sort_by_key(|grant| grant.account.is_none());
    let fits = |account: Option<&str>| account.is_none_or(|account| account == of.account());
    let found = of_component
        .into_iter()
        .find(|grant| fits(grant.account.as_deref()));
    let extension = served.installed.manifest.id.to_string();
    let Some(found) = found else {
        return Err(Error::NotGranted {
            extension,
            channel: of.channel().to_owned(),
            account: of.account().to_owned(),
        });
    };
    Grant::parse(found.json.as_bytes()).map_err(|error| Error::BadGrant {
        extension,
        why: error.to_string(),
    })
}
