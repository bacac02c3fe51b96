//! Which model is meant.
//!
//! **Promise.** A reference leads to one model or to an error that says what to do; a configured model that cannot be
//! had is an error and never another model in its place. Only where nothing at all is configured the offline model
//! answers. What the operator configured may be used whatever the list of allowed models says.

use std::collections::BTreeMap;
use std::sync::Arc;

use openclaw_config::tree::agent_defaults::ModelSettings;
use openclaw_config::tree::agents::Agent;
use openclaw_config::tree::values::Open;

use crate::catalog::ModelInfo;
use crate::error::{Error, Result};
use crate::models::Model;
use crate::offline;
use crate::prepared::Prepared;
use crate::reference::{normal, provider_id, split};

/// A config, seen by one agent.
struct View<'p> {
    prepared: &'p Prepared,
    agent: Option<&'p Agent>,
}

/// The model that a reference means to an agent.
pub(crate) fn resolve(prepared: &Prepared, agent: Option<&str>, reference: Option<&str>) -> Result<Model> {
    let entries = &prepared.config.config.agents.entries;
    let agent = agent.and_then(|id| entries.get(id));
    let view = View { prepared, agent };
    let Some(asked) = reference.map(str::trim).filter(|asked| !asked.is_empty()) else {
        return match view.primary() {
            Some(primary) => view.find(primary),
            None => view.first(),
        };
    };
    let model = view.find(asked)?;
    match view.allows(&model) {
        true => Ok(model),
        false => Err(Error::NotAllowed {
            reference: asked.to_owned(),
        }),
    }
}

/// All models that may be named in a list.
pub(crate) fn catalog(prepared: &Prepared) -> Vec<ModelInfo> {
    let view = View {
        prepared,
        agent: None,
    };
    let mut found = BTreeMap::new();
    let usable = prepared
        .providers
        .values()
        .filter_map(|provider| provider.as_ref().ok());
    for provider in usable {
        let models = provider.listed().filter_map(|id| provider.choose(id).ok());
        found.extend(models.map(|chosen| (chosen.info.reference(), chosen.info)));
    }
    // Models that are only spoken of in the settings of agents.
    for reference in view.configured() {
        if let Ok(model) = view.find(&reference) {
            found
                .entry(model.reference())
                .or_insert_with(|| model.info().clone());
        }
    }
    let mut all: Vec<ModelInfo> = found.into_values().collect();
    let offline = offline::info();
    if !all.contains(&offline) {
        all.push(offline);
    }
    all
}

impl<'p> View<'p> {
    fn primary(&self) -> Option<&'p str> {
        let own = self.agent.and_then(|agent| agent.model.as_ref());
        let shared = self.prepared.config.config.agents.defaults.model.as_ref();
        let set = |text: &&str| !text.trim().is_empty();
        own.and_then(|choice| choice.primary())
            .filter(set)
            .or_else(|| shared.and_then(|choice| choice.primary()).filter(set))
    }

    /// The first model that the config lists, or the offline one.
    fn first(&self) -> Result<Model> {
        let providers = &self.prepared.config.config.models.providers;
        let listing = providers.iter().find(|(_, provider)| !provider.models.is_empty());
        match listing.and_then(|(id, provider)| Some((id, provider.models.first()?))) {
            Some((id, model)) => self.of_provider(&provider_id(id), &model.id),
            None => Ok(Model::offline()),
        }
    }

    fn find(&self, reference: &str) -> Result<Model> {
        if let Some(target) = self.alias(reference) {
            return self.exact(target);
        }
        self.exact(reference)
    }

    fn exact(&self, reference: &str) -> Result<Model> {
        if let Some((provider, model)) = split(reference)
            && (provider == offline::PROVIDER || self.prepared.providers.contains_key(&provider))
        {
            return self.of_provider(&provider, model);
        }
        let fail = |why: String| {
            Err(Error::NoModel {
                reference: reference.to_owned(),
                why,
            })
        };
        let bare = reference.trim();
        let usable = self.prepared.providers.iter();
        let usable = usable.filter_map(|(id, provider)| Some((id, provider.as_ref().ok()?)));
        let having: Vec<&String> = usable
            .filter(|(_, provider)| provider.listed().any(|id| id == bare))
            .map(|(id, _)| id)
            .collect();
        match (having.as_slice(), split(reference)) {
            ([one], _) => self.of_provider(one, bare),
            ([], None) if bare == offline::MODEL => Ok(Model::offline()),
            ([], None) => {
                fail("write it as provider/model, or give it an alias in agents.defaults.models".to_owned())
            }
            ([], Some((provider, _))) => fail(format!(
                "there is no provider \"{provider}\"; add models.providers.{provider} with its baseUrl and models"
            )),
            ([one, other, ..], _) => fail(format!(
                "several providers have it; write {one}/{bare} or {other}/{bare}"
            )),
        }
    }

    fn of_provider(&self, provider: &str, id: &str) -> Result<Model> {
        if provider == offline::PROVIDER {
            return match id == offline::MODEL {
                true => Ok(Model::offline()),
                false => Err(Error::NoModel {
                    reference: format!("{provider}/{id}"),
                    why: format!("the only one there is {provider}/{}", offline::MODEL),
                }),
            };
        }
        let found = self.prepared.providers.get(provider);
        let found = found.cloned().unwrap_or_else(|| {
            Err(Error::NoModel {
                reference: format!("{provider}/{id}"),
                why: format!("there is no provider \"{provider}\""),
            })
        })?;
        let mut chosen = found.choose(id)?;
        chosen.params = self.params(&chosen.info.reference(), &chosen.params);
        Ok(Model::openai(Arc::clone(&found), chosen))
    }

    /// The parameters of a model: of its provider and itself, of all agents, of all agents for this model, of this
    /// agent; the later ones count.
    fn params(&self, reference: &str, own: &Open) -> Open {
        let defaults = &self.prepared.config.config.agents.defaults;
        let of_model = |models: &'p BTreeMap<String, ModelSettings>| {
            let mut entries = models.iter();
            entries.find_map(|(name, settings)| (normal(name) == reference).then_some(&settings.params))
        };
        let of_agent = self.agent.into_iter();
        let of_agent = of_agent.flat_map(|agent| [of_model(&agent.models), agent.params.as_ref()]);
        let layers = [Some(&defaults.params), of_model(&defaults.models)].into_iter();
        let mut params = own.clone();
        for layer in layers.chain(of_agent).flatten() {
            params.extend(layer.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        params
    }

    /// What an alias stands for; an agent's own come first.
    fn alias(&self, name: &str) -> Option<&'p str> {
        let name = name.trim();
        let shared = &self.prepared.config.config.agents.defaults.models;
        let own = self.agent.map(|agent| &agent.models);
        own.into_iter()
            .chain([shared])
            .flatten()
            .find_map(|(reference, settings)| {
                let alias = settings.alias.as_deref()?;
                alias
                    .trim()
                    .eq_ignore_ascii_case(name)
                    .then_some(reference.as_str())
            })
    }

    /// Every reference in the settings of agents.
    fn configured(&self) -> Vec<String> {
        let agents = &self.prepared.config.config.agents;
        let choices = agents
            .defaults
            .model
            .iter()
            .chain(agents.entries.values().filter_map(|agent| agent.model.as_ref()));
        let chosen = choices.flat_map(|choice| {
            choice
                .primary()
                .into_iter()
                .chain(choice.fallbacks().iter().map(String::as_str))
        });
        chosen
            .chain(agents.defaults.models.keys().map(String::as_str))
            .map(str::to_owned)
            .collect()
    }

    /// Whether people may choose it.
    fn allows(&self, model: &Model) -> bool {
        let own = self.agent.and_then(|agent| agent.model_policy.as_ref());
        let policy = own.unwrap_or(&self.prepared.config.config.agents.defaults.model_policy);
        if policy.allow.is_empty() {
            return true;
        }
        let reference = model.reference();
        let is_it = |name: &str| match name.trim().strip_suffix("/*") {
            Some(provider) => provider_id(provider) == model.info().provider,
            None => normal(self.alias(name).unwrap_or(name)) == reference,
        };
        let mut configured = self.primary().into_iter().chain(self.fallbacks());
        policy.allow.iter().any(|name| is_it(name)) || configured.any(is_it)
    }

    fn fallbacks(&self) -> impl Iterator<Item = &'p str> {
        let own = self.agent.and_then(|agent| agent.model.as_ref());
        let shared = self.prepared.config.config.agents.defaults.model.as_ref();
        let choices = own.into_iter().chain(shared);
        choices.flat_map(|choice| choice.fallbacks().iter().map(String::as_str))
    }
}
