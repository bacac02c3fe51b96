//! What a tool returned, for people and for programs.

use std::process::ExitCode;

use openclaw_components::{Output, Part};
use openclaw_policy::PluginId;
use serde_json::{Map, json};

use super::said_by;
use crate::failure::Failure;
use crate::output;

/// Prints it: the result on standard output, what was printed on the way on standard error. A tool that could not
/// do what it was asked is a failure.
pub(super) fn print(id: &PluginId, output: Output, json: bool) -> Result<ExitCode, Failure> {
    if json && !output.is_error {
        output::print_json(&output);
        return Ok(ExitCode::SUCCESS);
    }
    let text = render(&output);
    if json {
        let whole = Map::from_iter([("output".to_owned(), json!(output))]);
        return Err(Failure::Negative { text, fields: whole });
    }
    if !output.printed.is_empty() {
        output::complain(&said_by(id, &output.printed));
    }
    if output.lost_lines > 0 {
        output::complain(&format!(
            "{} log lines exceeded its budget and were dropped",
            output.lost_lines
        ));
    }
    if let Some(spill) = &output.spilled {
        output::complain(&format!(
            "The output is longer than it may be. All {} bytes are kept as {}.",
            spill.size, spill.media
        ));
    }
    if output.is_error {
        return Err(Failure::negative(text));
    }
    output::print_shown(&text);
    Ok(ExitCode::SUCCESS)
}

/// What the model would see; what is for programs only where there is nothing else.
fn render(output: &Output) -> String {
    let parts: Vec<_> = output.content.iter().map(render_part).collect();
    match (parts.is_empty(), &output.structured) {
        (true, Some(structured)) => structured.clone(),
        _ => parts.join("\n"),
    }
}

fn render_part(part: &Part) -> String {
    let with = |what: String, more: &Option<String>| match more {
        Some(more) => format!("{what}: {more}"),
        None => what,
    };
    match part {
        Part::Text { text } => text.clone(),
        Part::Json { json } => json.clone(),
        Part::Media { media, description } => with(media.clone(), description),
        Part::Link {
            url,
            title,
            description,
        } => {
            let link = match title {
                Some(title) => format!("{title} <{url}>"),
                None => url.clone(),
            };
            with(link, description)
        }
    }
}
