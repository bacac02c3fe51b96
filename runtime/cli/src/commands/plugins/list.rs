//! `openclaw plugins list`: what is installed, a line each. Starts no engine.

use std::process::ExitCode;

use openclaw_policy::{Digest, display_safe};
use serde_json::{Value, json};

use super::grants;
use super::place::Extensions;
use crate::args::Json;
use crate::failure::Failure;
use crate::output;

/// Lists it.
pub(super) fn run(extensions: &Extensions, args: &Json) -> Result<ExitCode, Failure> {
    let ids = extensions.packages.list()?;
    // Where nothing is installed, the state need not be looked at.
    let stored = match ids.is_empty() {
        true => Vec::new(),
        false => grants::look(extensions, None)?,
    };
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for id in &ids {
        let installed = match extensions.packages.find(id) {
            Ok(Some(installed)) => installed,
            Ok(None) => continue,
            Err(error) => {
                lines.push(format!("{:<24} cannot be read: {error}", id.as_str()));
                rows.push(json!({ "id": id, "error": error.to_string() }));
                continue;
            }
        };
        let digest = installed.digest.to_string();
        let is_granted = stored
            .iter()
            .any(|stored| stored.extension == id.as_str() && stored.digest == digest);
        let manifest = &installed.manifest;
        let tools: Vec<_> = installed.tools.iter().map(|tool| tool.name.as_str()).collect();
        let version = display_safe(manifest.version.as_deref().unwrap_or("-"), 20);
        let granted = if is_granted { "granted" } else { "no grant" };
        lines.push(format!(
            "{:<24} {version:<10} {} {granted:<8} {}",
            id.as_str(),
            short(installed.digest),
            tools.join(", ")
        ));
        rows.push(json!({
            "id": id,
            "name": manifest.name,
            "version": manifest.version,
            "digest": digest,
            "granted": is_granted,
            "tools": tools,
        }));
    }
    if args.json {
        output::print_json(&json!({ "plugins": Value::from(rows) }));
    } else if lines.is_empty() {
        output::print("No extension is installed. openclaw plugins install FOLDER installs one.");
    } else {
        output::print_shown(&lines.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The beginning of a digest, which is enough to tell two apart by eye.
fn short(digest: Digest) -> String {
    digest.to_string().chars().take(12).collect()
}
