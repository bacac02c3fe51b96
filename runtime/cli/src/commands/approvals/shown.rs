//! What `openclaw approvals` prints for people.
//!
//! A command may have many lines, and each is marked as its own, so that none passes for a line of ours.

use jiff::Timestamp;
use openclaw_sandbox::approvals::{Document, Listed};
use serde_json::Value;

use crate::fields::Fields as _;

/// An agent in words.
pub(super) fn agent(name: &str) -> String {
    match name {
        "*" => "all agents".to_owned(),
        name => format!("agent {name}"),
    }
}

/// The file, as it was told.
pub(super) fn file(told: &Value) -> String {
    let is_there = told.field("exists").as_bool() == Some(true);
    let path = told.text("path");
    let mut lines = vec![match is_there {
        true => path.to_owned(),
        false => format!("{path} (not there, so that only the config and the call decide)"),
    }];
    let defaults = told.field("resolvedDefaults");
    lines.push(format!("unless said otherwise: {}", stance(defaults)));
    let whole = told.field("file");
    // What was told was understood by who told it; another release may understand more.
    let Ok(document) = Document::of(whole.clone()) else {
        lines.push(whole.to_string());
        return lines.join("\n");
    };
    let faults = document.faults();
    for name in document.agent_names() {
        let own = stance(whole.field("agents").field(&name));
        lines.push(match own.is_empty() {
            true => agent(&name),
            false => format!("{}: {own}", agent(&name)),
        });
        for listed in document.list(&name) {
            let fault = faults.iter().find(|(faulty, _)| *faulty == listed);
            lines.extend(entry(&listed, fault.map(|(_, why)| why.as_str())));
        }
    }
    let policy = told.field("effectivePolicy");
    if policy.is_null() {
        lines.push("The config and a call can only be stricter than this.".to_owned());
    } else {
        lines.push("What comes of it with the config:".to_owned());
        lines.extend(policy.elements("scopes").map(scope));
        lines.push(policy.text("note").to_owned());
    }
    lines.join("\n")
}

/// What the config and the file make of one agent's commands, in a line.
fn scope(scope: &Value) -> String {
    let who = agent(scope.field("agentId").as_str().unwrap_or("*"));
    let word = |key: &str| {
        let word = scope.field(key);
        format!("{key} {} ({})", word.text("effective"), word.text("note"))
    };
    let fallback = scope.field("askFallback");
    format!(
        "  {who}: {}, {}, askFallback {} (decided by {})",
        word("security"),
        word("ask"),
        fallback.text("effective"),
        fallback.text("source")
    )
}

/// What somebody says, in one line.
fn stance(said: &Value) -> String {
    let words = ["security", "ask", "askFallback"];
    let mut words: Vec<_> = words
        .into_iter()
        .filter_map(|key| Some(format!("{key} {}", said.field(key).as_str()?)))
        .collect();
    if said.field("autoAllowSkills").as_bool() == Some(true) {
        words.push("autoAllowSkills (this build does not act on it)".to_owned());
    }
    words.join(", ")
}

fn entry(listed: &Listed, fault: Option<&str>) -> Vec<String> {
    let entry = &listed.entry;
    let mut facts = Vec::new();
    facts.extend(entry.source.clone());
    facts.extend(entry.expires_at.map(|ms| format!("until {}", time(ms))));
    facts.extend(entry.last_used_at.map(|ms| format!("used {}", time(ms))));
    facts.extend(entry.id.as_ref().map(|id| format!("id {id}")));
    let mut lines = vec![match facts.is_empty() {
        true => format!("  {}", entry.pattern),
        false => format!("  {}  ({})", entry.pattern, facts.join(", ")),
    }];
    let arguments = entry.arg_pattern.as_ref();
    lines.extend(arguments.map(|pattern| format!("    only with arguments {pattern}")));
    lines.extend(entry.command_text.as_deref().map(|text| marked(text, "    ")));
    lines.extend(fault.map(|why| format!("    fits nothing: {why}")));
    lines
}

/// The questions, as they were told.
pub(super) fn questions(told: &Value) -> String {
    let rows: Vec<_> = told.as_array().into_iter().flatten().map(question).collect();
    match rows.is_empty() {
        true => "No command waits for an answer.".to_owned(),
        false => format!(
            "{}\n\nAnswer with: openclaw approvals resolve ID allow-once|allow-always|deny",
            rows.join("\n")
        ),
    }
}

fn question(one: &Value) -> String {
    let request = one.field("request");
    let mut lines = vec![one.text("id").to_owned(), marked(request.text("command"), "  ")];
    let facts = [
        ("in", "cwd"),
        ("program", "resolvedPath"),
        ("for agent", "agentId"),
        ("session", "sessionKey"),
        ("on", "host"),
    ];
    let mut facts: Vec<_> = facts
        .into_iter()
        .filter_map(|(word, key)| Some(format!("{word} {}", request.field(key).as_str()?)))
        .collect();
    let set: Vec<_> = request.elements("envKeys").filter_map(Value::as_str).collect();
    if !set.is_empty() {
        facts.push(format!("with {} set", set.join(", ")));
    }
    let end = one.field("expiresAtMs").as_i64().unwrap_or_default();
    facts.push(format!("until {}", time(end)));
    lines.push(format!("  {}", facts.join(" · ")));
    let offered: Vec<_> = request
        .elements("allowedDecisions")
        .filter_map(Value::as_str)
        .collect();
    lines.push(format!("  may be answered {}", offered.join(", ")));
    for key in ["reason", "warningText"] {
        lines.extend(request.field(key).as_str().map(|text| format!("  {text}")));
    }
    lines.join("\n")
}

/// The lines of a command, each with a mark.
fn marked(command: &str, indent: &str) -> String {
    let mut mark = "$";
    let lines = command.split('\n').map(|line| {
        let line = format!("{indent}{mark} {line}");
        mark = ">";
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .map(|time| format!("{time:.0}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_line_of_a_command_is_marked_as_its_own() {
        let told = json!([{
            "id": "abc", "expiresAtMs": 0,
            "request": {"command": "ls\n  in /safe · until never", "cwd": "/tmp",
                "allowedDecisions": ["allow-once", "deny"], "envKeys": ["PAGER"]},
        }]);
        let text = questions(&told);
        assert!(
            text.contains("\n  $ ls\n  >   in /safe · until never\n  in /tmp · with PAGER set"),
            "{text}"
        );
        assert!(text.contains("may be answered allow-once, deny"), "{text}");
        assert!(questions(&json!([])).starts_with("No command waits"));
    }

    #[test]
    fn an_entry_that_fits_nothing_says_why() {
        let file_of = |pattern: &str| {
            json!({"path": "/x", "exists": true, "resolvedDefaults": {"security": "full", "ask": "off"},
                "file": {"version": 1, "agents": {"main": {"security": "allowlist",
                    "allowlist": [{"pattern": "/bin/ls", "argPattern": pattern}]}}}})
        };
        let text = file(&file_of("(?<=x)("));
        assert!(
            text.contains("agent main: security allowlist\n  /bin/ls\n"),
            "{text}"
        );
        assert!(text.contains("fits nothing: "), "{text}");
        assert!(!file(&file_of("^-l$")).contains("fits nothing"));
    }
}
