//! What people read of a session's tools.

use serde_json::Value;

use crate::fields::Fields as _;

/// The text for one tool, or for all.
pub(super) fn of(told: &Value, is_one: bool) -> String {
    let mut lines = match is_one {
        true => explain(told),
        false => list(told),
    };
    if told.text("from") == "files" {
        lines.push(String::new());
        lines.push("No gateway runs here; this was read from the config and the state.".to_owned());
    }
    lines.join("\n")
}

fn session(told: &Value) -> String {
    let mut parts = vec![format!("agent {}", told.text("agentId"))];
    match told.text("model") {
        "" => {}
        model => parts.push(format!("model {model}")),
    }
    let is_sandboxed = told.field("sandboxed").as_bool() == Some(true);
    parts.push(
        if is_sandboxed {
            "sandboxed"
        } else {
            "not sandboxed"
        }
        .to_owned(),
    );
    format!("{} ({})", told.text("sessionKey"), parts.join(", "))
}

fn is_there(tool: &Value) -> bool {
    tool.field("available").as_bool() == Some(true)
}

fn explain(told: &Value) -> Vec<String> {
    let word = if is_there(told) { "yes" } else { "no" };
    let rule = told.field("decidedBy");
    let mut lines = vec![
        format!("Tool     {}", told.text("tool")),
        format!("Session  {}", session(told)),
        format!("There    {word}: {} [{}]", rule.text("text"), rule.text("layer")),
    ];
    match told.text("pluginId") {
        "" => {}
        id => lines.insert(1, format!("From     extension {id}")),
    }
    let layers: Vec<_> = told.elements("layers").collect();
    if !layers.is_empty() {
        lines.push(String::new());
        lines.push("Every layer in its order; each only takes away:".to_owned());
        lines.extend(layers.into_iter().map(|layer| {
            let verdict = match layer.text("verdict") {
                "silent" => "-",
                verdict => verdict,
            };
            format!(
                "  {:<16}  {verdict:<6}  {}",
                layer.text("layer"),
                layer.text("text")
            )
        }));
    }
    let change = told.field("change");
    match change.text("command") {
        "" if layers_decide(told) => {}
        "" => {
            lines.push(String::new());
            lines.push("Nothing in the config would change it.".to_owned());
        }
        command => {
            let aim = match change.text("to") {
                "give" => "To have it",
                _ => "To take it away",
            };
            lines.push(String::new());
            lines.push(format!("{aim}: {command}"));
            match change.text("note") {
                "" => {}
                note => lines.push(format!("Mind that {note}.")),
            }
        }
    }
    lines
}

/// Whether it is not there at all, so that no rule is to be changed.
fn layers_decide(told: &Value) -> bool {
    told.field("decidedBy").text("layer") == "catalog"
}

fn list(told: &Value) -> Vec<String> {
    let mut lines = vec![format!("Tools of {}", session(told))];
    lines.extend(verdicts(told));
    lines.push(String::new());
    lines.push(format!(
        "For every layer and what would change it: openclaw tools explain TOOL --session {}",
        told.text("sessionKey")
    ));
    lines
}

/// What there is and what not, each with the rule that decided.
pub(crate) fn verdicts(told: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let tools: Vec<_> = told.elements("tools").collect();
    let width = tools
        .iter()
        .map(|tool| tool.text("tool").len())
        .max()
        .unwrap_or_default();
    for (title, there) in [("There", true), ("Not there", false)] {
        let those: Vec<_> = tools.iter().filter(|tool| is_there(tool) == there).collect();
        if those.is_empty() {
            continue;
        }
        lines.push(String::new());
        lines.push(format!("{title} ({})", those.len()));
        lines.extend(those.into_iter().map(|tool| {
            let (name, rule) = (tool.text("tool"), tool.field("decidedBy"));
            format!("  {name:width$}  {} [{}]", rule.text("text"), rule.text("layer"))
        }));
    }
    lines
}
