//! Tools of installed components.

use openclaw_components::{Host, Output, Part, Progress, ToolSpec, ToolTrait};
use openclaw_policy::PluginId;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::policy::{Need, Tool};
use super::{Call, ToolInfo, ToolOutput};

/// How many steps of a call may wait to be told.
const AHEAD: usize = 32;

pub(super) fn info(id: &PluginId, tool: &ToolSpec) -> ToolInfo {
    let parameters = serde_json::from_str(&tool.parameters);
    ToolInfo {
        name: tool.name.clone(),
        title: tool.title.clone().unwrap_or_else(|| tool.name.clone()),
        description: tool.description.clone(),
        parameters: parameters.unwrap_or_else(|_| json!({"type": "object", "properties": {}})),
        extension: Some(id.clone()),
        is_repeatable: is_repeatable(tool),
    }
}

/// What decides who has it.
pub(super) fn tool<'a>(id: &'a PluginId, tool: &'a ToolSpec) -> Tool<'a> {
    Tool {
        name: &tool.name,
        extension: Some(id),
        is_owner_only: tool.traits.contains(&ToolTrait::OwnerOnly),
        is_opt_in: tool.traits.contains(&ToolTrait::OptIn),
        needs: Need::Nothing,
    }
}

/// Whether calling it twice does no more than calling it once, as it says of itself.
pub(super) fn is_repeatable(tool: &ToolSpec) -> bool {
    let mut traits = tool.traits.iter();
    traits.any(|known| matches!(known, ToolTrait::ReadOnly | ToolTrait::Idempotent))
}

pub(super) async fn call(host: &Host, call: Call<'_>) -> ToolOutput {
    let (sender, mut received) = mpsc::channel(AHEAD);
    let arguments = call.arguments.to_string();
    let asked = host.call(call.name, &arguments, call.context, Some(sender));
    let progress = call.progress;
    let listen = async move {
        while let Some(news) = received.recv().await {
            // Whoever listens too slowly misses steps and not the result.
            let _ = progress.try_send(tell(news));
        }
    };
    match tokio::join!(asked, listen).0 {
        Ok(output) => read(output),
        Err(error) => ToolOutput::failed(error.to_string()),
    }
}

fn tell(news: Progress) -> String {
    match news {
        Progress::Step { message, done, total } => match (done, total) {
            (Some(done), Some(total)) => format!("{message} ({done} of {total})"),
            (Some(done), None) => format!("{message} ({done})"),
            (None, _) => message,
        },
        Progress::Output { text, .. } => text,
    }
}

fn read(output: Output) -> ToolOutput {
    let details = output
        .structured
        .as_deref()
        .and_then(|json| serde_json::from_str::<Value>(json).ok());
    let mut parts: Vec<_> = output.content.into_iter().map(show).collect();
    if parts.is_empty()
        && let Some(details) = &details
    {
        parts.push(details.to_string());
    }
    ToolOutput {
        text: parts.join("\n"),
        details,
        is_error: output.is_error,
    }
}

fn show(part: Part) -> String {
    match part {
        Part::Text { text } => text,
        Part::Json { json } => json,
        Part::Media { media, description } => match description {
            Some(description) => format!("[media {media}: {description}]"),
            None => format!("[media {media}]"),
        },
        Part::Link {
            url,
            title,
            description,
        } => {
            let texts = [title, Some(url), description];
            texts.into_iter().flatten().collect::<Vec<_>>().join("\n")
        }
    }
}
