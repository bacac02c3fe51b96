//! What a component says about itself, asked once at install and checked.
//!
//! **Bound.** The usual limits of a call, [`MAX_TOOLS`] tools and [`MAX_TEXT`] bytes for each of their texts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use openclaw_policy::{
    AccountValues, Capabilities, Choice, Consent, Digest, Effective, Grant, LimitSet, Manifest,
};
use serde_json::Value;
use tokio::time::timeout_at;

use crate::call::{CallContext, Ended};
use crate::channel::{ChannelSpec, check_spec};
use crate::error::{Error, Result};
use crate::extension::{Extension, Made, Program, ToolSpec};
use crate::files::Mounts;
use crate::guest::{Begin, Guest};
use crate::host::Parts;
use crate::limits::Root;
use crate::random;

const MAX_TOOLS: usize = 200;
const MAX_TEXT: usize = 64 << 10;

/// What a component said about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Described {
    /// Its tools.
    pub(crate) tools: Vec<ToolSpec>,
    /// What it is, if it is an adapter to a channel.
    pub(crate) channel: Option<ChannelSpec>,
}

/// What a component answered.
enum Answer {
    Tools(Vec<ToolSpec>),
    Channel(ChannelSpec),
}

/// Asks a component what it is. It has no grant yet, so whatever it tries to reach is denied.
pub(crate) async fn describe(
    host: &Arc<Parts>,
    manifest: &Manifest,
    digest: Digest,
    program: Arc<Program>,
) -> Result<Described> {
    let nothing = (&Capabilities::default(), &LimitSet::default());
    let consent = Consent {
        extension: manifest.id.clone(),
        digest,
        account: None,
        at: 0,
        by: String::new(),
    };
    let grant = Grant::new(consent, nothing, Choice::None)?;
    let extension = Arc::new(Extension::new(Made {
        id: manifest.id.clone(),
        account: None,
        client: host.network.client(
            &manifest.id,
            &grant,
            (None, &AccountValues::new()),
            BTreeMap::new(),
        ),
        grant,
        // What it needs to start it needs here, too; nothing of this is an ability.
        limits: Effective::new(manifest.limits.clone(), host.ceilings.clone()),
        settings: Value::Null,
        tools: Vec::new(),
        mounts: Mounts::default(),
    }));
    let root = Arc::new(Root::new(
        &extension.limits,
        Instant::now(),
        Arc::clone(&extension.reputation),
    ));
    let begin = Begin {
        call_id: random::name()?,
        context: CallContext::default(),
        progress: None,
        root: Arc::clone(&root),
        depth: 0,
        is_described: true,
        input: None,
        permit: None,
        seat: None,
    };
    let mut store = Guest::store(begin, &extension, host);
    let slice = Arc::clone(&store.data().slice);
    let of_command = describe_command(manifest);
    let ask = async move {
        match &*program {
            Program::Toolbox(toolbox, _) => {
                let instance = toolbox.instantiate_async(&mut store).await?;
                let specs = instance.openclaw_tool_toolbox().call_describe(&mut store).await?;
                let specs = specs.into_iter().take(MAX_TOOLS + 1);
                Ok::<_, wasmtime::Error>(Answer::Tools(specs.map(ToolSpec::from).collect()))
            }
            Program::Channel(channel) => {
                let instance = channel.instantiate_async(&mut store).await?;
                let adapter = instance.openclaw_channel_adapter();
                Ok(Answer::Channel(adapter.call_describe(&mut store).await?))
            }
            // A function of the wrong type shows only in an instance.
            Program::Command(command) => {
                command.instantiate_async(&mut store).await?;
                Ok(Answer::Tools(vec![of_command]))
            }
        }
    };
    let broken = match timeout_at(root.end().into(), host.scheduler.run(&root, slice, ask)).await {
        Ok(Some(Ok(Answer::Tools(specs)))) => {
            return Ok(Described {
                tools: check(specs, manifest)?,
                channel: None,
            });
        }
        Ok(Some(Ok(Answer::Channel(spec)))) => {
            return Ok(Described {
                tools: Vec::new(),
                channel: Some(check_spec(spec, manifest)?),
            });
        }
        Ok(Some(Err(error))) => Ended::from(error).explain(&extension, ""),
        Ok(None) => Error::Panicked {
            extension: extension.id.to_string(),
        },
        Err(_) => Error::Stopped {
            extension: extension.id.to_string(),
            stop: root.late(),
        },
    };
    host.breaks.note(&extension, "describe", &broken);
    Err(broken)
}

/// A program of the standard's says nothing about itself; what its manifest says stands in.
fn describe_command(manifest: &Manifest) -> ToolSpec {
    let named = manifest.contracts.tools.first();
    ToolSpec {
        name: named.map_or_else(|| manifest.id.to_string(), ToString::to_string),
        title: manifest.name.clone(),
        description: manifest
            .description
            .clone()
            .unwrap_or_else(|| format!("Runs the program {}.", manifest.id)),
        parameters: r#"{"type":"object"}"#.to_owned(),
        output_schema: None,
        traits: Vec::new(),
        extra: None,
    }
}

fn check(mut specs: Vec<ToolSpec>, manifest: &Manifest) -> Result<Vec<ToolSpec>> {
    let wrong = |what: String| Err(Error::Description { what });
    if specs.is_empty() || specs.len() > MAX_TOOLS {
        return wrong(format!("there must be 1 to {MAX_TOOLS} tools"));
    }
    let mut names = BTreeSet::new();
    for spec in &mut specs {
        spec.traits.sort_unstable();
        spec.traits.dedup();
        let ToolSpec { name, .. } = spec;
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !name.starts_with(|c: char| c.is_ascii_alphabetic())
            || !name.chars().all(is_word)
            || name.len() > 64
        {
            return wrong(format!(
                "\"{name}\" is no name for a tool: a letter, then letters, digits, \"_\" and \"-\", 64 at most"
            ));
        }
        if !names.insert(name.as_str()) {
            return wrong(format!("the tool {name} is there twice"));
        }
        let texts = [
            Some(&spec.description),
            Some(&spec.parameters),
            spec.title.as_ref(),
            spec.output_schema.as_ref(),
            spec.extra.as_ref(),
        ];
        if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT) {
            return wrong(format!(
                "a text of the tool {name} has more than {MAX_TEXT} bytes"
            ));
        }
        let is_object = |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object());
        let schemas = [Some(&spec.parameters), spec.output_schema.as_ref()];
        if schemas.into_iter().flatten().any(|text| !is_object(text)) {
            return wrong(format!("a schema of the tool {name} is no JSON object"));
        }
        if spec.extra.as_deref().is_some_and(|text| !is_object(text)) {
            return wrong(format!("what the tool {name} has as extra is no JSON object"));
        }
    }
    let listed: BTreeSet<_> = manifest
        .contracts
        .tools
        .iter()
        .map(|name| name.as_str())
        .collect();
    if !listed.is_empty() && listed != names {
        let difference: Vec<_> = listed.symmetric_difference(&names).copied().collect();
        return wrong(format!(
            "the manifest's contracts.tools and the component disagree about {}",
            difference.join(", ")
        ));
    }
    Ok(specs)
}
