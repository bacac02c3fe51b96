//! `openclaw plugins info`: an installed extension, its grant and its tools. Starts no engine.

use std::fmt::Write as _;
use std::process::ExitCode;

use openclaw_components::{Installed, ToolSpec};
use openclaw_policy::{Grant, display_safe};
use serde_json::{Value, json};

use super::consent::{grant_lines, request_lines, title};
use super::place::Extensions;
use super::{grants, switches};
use crate::args::PluginsOne;
use crate::failure::Failure;
use crate::output;

/// Tells it.
pub(super) fn run(extensions: &Extensions, args: &PluginsOne) -> Result<ExitCode, Failure> {
    let installed = extensions.installed(&args.id)?;
    let stored = grants::look(extensions, Some(&args.id))?;
    let grant = grants::of_component(&stored, installed.digest)?;
    let snapshot = extensions.context.load()?;
    let off = switches::find_off(&snapshot.config.plugins, &args.id);
    if args.json {
        output::print_json(&as_json(&installed, grant.as_ref(), off.as_ref()));
    } else {
        output::print_shown(&render(&installed, grant.as_ref(), off.as_ref()));
    }
    Ok(ExitCode::SUCCESS)
}

/// An installed extension for programs.
pub(super) fn as_json(installed: &Installed, grant: Option<&Grant>, off: Option<&switches::Off>) -> Value {
    let manifest = &installed.manifest;
    json!({
        "id": manifest.id,
        "name": manifest.name,
        "version": manifest.version,
        "description": manifest.description,
        "digest": installed.digest,
        "files": installed.files,
        "requested": { "capabilities": manifest.capabilities, "limits": manifest.limits },
        "grant": grant,
        "off": off.map(ToString::to_string),
        "tools": installed.tools,
    })
}

fn render(installed: &Installed, grant: Option<&Grant>, off: Option<&switches::Off>) -> String {
    let manifest = &installed.manifest;
    let mut text = title(manifest);
    // Writing to a String cannot fail.
    if let Some(description) = &manifest.description {
        let _ = write!(text, "\n{}", display_safe(description, 300));
    }
    let _ = write!(text, "\n\nsha256  {}", installed.digest);
    let _ = write!(text, "\nfiles   {}", installed.files.display());
    match grant {
        Some(grant) => {
            let _ = write!(text, "\n\nIt may:\n{}", grant_lines(grant));
        }
        None => {
            let _ = write!(
                text,
                "\n\nIt was granted nothing and cannot be called. openclaw plugins grant {} asks. It asks to:\n{}",
                manifest.id,
                request_lines(&manifest.capabilities, &manifest.limits)
            );
        }
    }
    if let Some(off) = off {
        let _ = write!(text, "\n\nIt is switched off: {off}.");
    }
    text += "\n\nTools:";
    for tool in &installed.tools {
        text += &render_tool(tool);
    }
    text
}

fn render_tool(tool: &ToolSpec) -> String {
    let traits: Vec<_> = tool
        .traits
        .iter()
        .filter_map(|word| serde_json::to_value(word).ok()?.as_str().map(str::to_owned))
        .collect();
    let traits = match traits.is_empty() {
        true => String::new(),
        false => format!(" [{}]", traits.join(", ")),
    };
    format!(
        "\n- {}{traits}: {}",
        tool.name,
        display_safe(&tool.description, 300)
    )
}
