//! What a component says about itself, asked once at install and checked.
//!
//! **Promise.** What a model reads of it is what a person sees: nothing in it hides text or turns the direction of
//! writing. **Bound.** The usual limits of a call, [`MAX_TOOLS`] tools, [`MAX_TEXT`] bytes for each of their texts
//! and [`MAX_TEXTS`] for all of them, which is what each turn of a model has to carry.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use openclaw_policy::{
    AccountValues, Capabilities, Choice, Consent, Digest, Effective, Grant, LimitSet, Manifest, display_safe,
    is_obeyed,
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
const MAX_TEXTS: usize = 256 << 10;
const MAX_TRAITS: usize = 64;
/// What is shown of a title, in characters.
const SHOWN: usize = 80;

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
        flow: Arc::default(),
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
        streams: None,
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
    // How much there is comes before anything that takes time for each letter.
    let mut bytes = 0;
    for spec in &specs {
        check_name(&spec.name)?;
        check_sizes(spec)?;
        bytes += weigh(spec);
    }
    if bytes > MAX_TEXTS {
        return wrong(format!(
            "the texts of its tools have {bytes} bytes together, and {MAX_TEXTS} are accepted"
        ));
    }
    let mut names = BTreeSet::new();
    for spec in &mut specs {
        spec.traits.sort_unstable();
        spec.traits.dedup();
        spec.title = spec.title.as_deref().map(|title| display_safe(title, SHOWN));
        spec.description = show_lines(&spec.description);
        let spec = &*spec;
        let name = &spec.name;
        if !names.insert(name.as_str()) {
            return wrong(format!("the tool {name} is there twice"));
        }
        // What is spelled out is longer than what was said.
        check_sizes(spec)?;
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

fn check_name(name: &str) -> Result<()> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_name =
        name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_word);
    match is_name {
        true => Ok(()),
        false => Err(Error::Description {
            what: format!(
                "\"{}\" is no name for a tool: a letter, then letters, digits, \"_\" and \"-\", 64 at most",
                display_safe(name, SHOWN)
            ),
        }),
    }
}

fn check_sizes(spec: &ToolSpec) -> Result<()> {
    let name = &spec.name;
    let what = if texts_of(spec).any(|text| text.len() > MAX_TEXT) {
        format!("a text of the tool {name} has more than {MAX_TEXT} bytes")
    } else if spec.traits.len() > MAX_TRAITS {
        format!("the tool {name} has more than {MAX_TRAITS} traits")
    } else {
        return Ok(());
    };
    Err(Error::Description { what })
}

fn texts_of(spec: &ToolSpec) -> impl Iterator<Item = &String> {
    let texts = [
        Some(&spec.description),
        Some(&spec.parameters),
        spec.title.as_ref(),
        spec.output_schema.as_ref(),
        spec.extra.as_ref(),
    ];
    texts.into_iter().flatten()
}

fn weigh(spec: &ToolSpec) -> usize {
    texts_of(spec).map(String::len).sum()
}

/// A text with its lines and its pictures, and with everything else spelled out that is obeyed or hides something.
fn show_lines(text: &str) -> String {
    let hides = |c: char| matches!(c, '\u{fe00}'..='\u{fe0d}' | '\u{e0100}'..='\u{e01ef}');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match (is_obeyed(c) || hides(c)) && !matches!(c, '\n' | '\t') {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    shown
}
