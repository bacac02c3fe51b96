//! `openclaw plugins inspect`: what a component is and asks for. Nothing of it is installed, compiled or run.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use openclaw_components::{Exported, Inspection, Standing};
use openclaw_policy::display_safe;
use openclaw_policy::words::{Line, Severity, Words};
use serde_json::{Value, json};

use super::consent::{request_lines, title};
use super::place::Extensions;
use crate::args::PluginsTarget;
use crate::failure::Failure;
use crate::output;

/// The longest name that is shown.
const SHOWN: usize = 200;

/// Tells it.
pub(super) fn run(extensions: &Extensions, args: &PluginsTarget) -> Result<ExitCode, Failure> {
    let (inspection, is_installed) = find(extensions, &args.target)?;
    if args.json {
        output::print_json(&as_json(&inspection, is_installed));
    } else {
        output::print_shown(&render(&inspection, is_installed));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is on disk goes before what is installed; a path with a slash is never an id.
fn find(extensions: &Extensions, target: &str) -> Result<(Inspection, bool), Failure> {
    if !Path::new(target).exists()
        && let Ok(id) = target.parse()
        && let Some(found) = extensions.packages.inspect(&id)?
    {
        return Ok((found, true));
    }
    if !Path::new(target).exists() {
        return Err(Failure::negative(format!(
            "there is no file, folder or installed extension \"{}\"",
            display_safe(target, SHOWN)
        )));
    }
    Ok((Inspection::read(Path::new(target))?, false))
}

fn world(inspection: &Inspection) -> Option<&'static str> {
    inspection.exported().map(|exported| match exported {
        Exported::Tool => "tool",
        Exported::Skill => "skill",
        Exported::Channel => "channel",
        Exported::Command => "command",
    })
}

fn as_json(inspection: &Inspection, is_installed: bool) -> Value {
    let imports = inspection.imports.iter().map(|(name, standing)| match standing {
        Standing::Always => json!({ "name": name, "served": true, "needs": null }),
        Standing::Asked(key) => json!({ "name": name, "served": true, "needs": key }),
        Standing::Refused(refusal) => {
            json!({ "name": name, "served": false, "reason": refusal.to_string() })
        }
    });
    let manifest = inspection.manifest.as_ref().map(|manifest| {
        json!({
            "id": manifest.id,
            "name": manifest.name,
            "version": manifest.version,
            "description": manifest.description,
            "capabilities": manifest.capabilities,
            "limits": manifest.limits,
        })
    });
    let words = inspection.manifest.as_ref().map(|manifest| {
        let lines = manifest
            .capabilities
            .lines()
            .into_iter()
            .chain(manifest.limits.lines());
        lines.map(|line| line_json(&line)).collect::<Vec<_>>()
    });
    json!({
        "path": inspection.path,
        "world": world(inspection),
        "digest": inspection.digest,
        "size": inspection.size,
        "imports": imports.collect::<Vec<_>>(),
        "exports": inspection.exports,
        "manifest": manifest,
        "words": words,
        "installed": is_installed,
        "installable": inspection.refusals.is_empty(),
        "refusals": inspection.refusals.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// A line in plain words with the care that it deserves.
fn line_json(line: &Line) -> Value {
    let severity = match line.severity() {
        Severity::Plain => "plain",
        Severity::Caution => "caution",
        Severity::Danger => "danger",
    };
    json!({ "severity": severity, "text": line.text() })
}

fn render(inspection: &Inspection, is_installed: bool) -> String {
    let mut text = match &inspection.manifest {
        Some(manifest) => title(manifest),
        None => format!("{} (no usable manifest)", inspection.path.display()),
    };
    // Writing to a String cannot fail.
    if let Some(description) = inspection
        .manifest
        .as_ref()
        .and_then(|manifest| manifest.description.as_ref())
    {
        let _ = write!(text, "\n{}", display_safe(description, 300));
    }
    let _ = write!(
        text,
        "\n\nworld   {}",
        world(inspection).unwrap_or("none that is known")
    );
    if let (Some(digest), Some(size)) = (inspection.digest, inspection.size) {
        let _ = write!(text, "\nsha256  {digest}\nsize    {size} bytes");
    }
    text += "\n\nImports:";
    if inspection.imports.is_empty() {
        text += " none";
    }
    for (name, standing) in &inspection.imports {
        let name = display_safe(name, SHOWN);
        let _ = match standing {
            Standing::Always => write!(text, "\n   {name}: always there"),
            Standing::Asked(key) => write!(text, "\n   {name}: needs capabilities.{key}, which it asks for"),
            Standing::Refused(_) => write!(text, "\n!! {name}: refused, see below"),
        };
    }
    text += "\n\nExports:";
    if inspection.exports.is_empty() {
        text += " none";
    }
    for name in &inspection.exports {
        let _ = write!(text, "\n   {}", display_safe(name, SHOWN));
    }
    if let Some(manifest) = &inspection.manifest {
        let lines = request_lines(&manifest.capabilities, &manifest.limits);
        let _ = write!(text, "\n\nIt asks to:\n{lines}");
    }
    match (inspection.refusals.is_empty(), is_installed) {
        (true, true) => text += "\n\nIt is installed.",
        (true, false) => text += "\n\nIt can be installed.",
        (false, true) => text += "\n\nIt is installed and cannot be called:",
        (false, false) => text += "\n\nIt cannot be installed:",
    }
    for refusal in &inspection.refusals {
        let _ = write!(text, "\n- {refusal}");
    }
    text
}
