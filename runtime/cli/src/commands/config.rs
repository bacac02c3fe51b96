//! `openclaw config`: read and check the config, and set single values.

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;

use openclaw_config::tree::Config;
use openclaw_config::{Error, Invalid, Issue, Path, Segment, Snapshot, Unused, redact, syntax};
use serde_json::{Map, Value, json};

use crate::args::{ConfigCommand, ConfigGet, ConfigSet, Global, Json};
use crate::context::{Context, schema};
use crate::failure::Failure;
use crate::output;

/// Places that people fill entry by entry.
const KEPT: &[&[&str]] = &[
    &["agents"],
    &["agents", "defaults", "models"],
    &["agents", "entries"],
    &["models", "providers"],
    &["models", "providers", "*"],
    &["plugins", "entries"],
    &["auth", "profiles"],
    &["channels"],
    &["channels", "*"],
];

/// Does what was asked for.
pub(crate) fn run(global: &Global, command: ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Get(args) => get(&Context::find(global)?, &args),
        ConfigCommand::Set(args) => set(&Context::find(global)?, &args),
        ConfigCommand::File(args) => file(&Context::find(global)?, &args),
        ConfigCommand::Schema => {
            output::print(openclaw_config::schema::text());
            Ok(ExitCode::SUCCESS)
        }
        ConfigCommand::Validate(args) => validate(&Context::find(global)?, &args),
    }
}

fn get(context: &Context, args: &ConfigGet) -> Result<ExitCode, Failure> {
    let path: Path = args
        .path
        .parse()
        .map_err(|error| Failure::negative(format!("{}: {error}", args.path)))?;
    let snapshot = context.load()?;
    match find(&snapshot, &path) {
        Some(Value::String(text)) if !args.json => output::print_shown(&text),
        Some(value) => output::print_shown(&format!("{value:#}")),
        None => return Err(not_set(&args.path, &path)),
    }
    Ok(ExitCode::SUCCESS)
}

fn set(context: &Context, args: &ConfigSet) -> Result<ExitCode, Failure> {
    let path: Path = args
        .path
        .parse()
        .map_err(|error| Failure::negative(format!("{}: {error}", args.path)))?;
    let value = match args.strict_json {
        true => serde_json::from_str(&args.value)
            .map_err(|error| Failure::negative(format!("the value is not JSON: {error}")))?,
        // What is no JSON5 is text, so that words need no quotes.
        false => syntax::parse(&args.value)
            .map_or_else(|_| Value::String(args.value.clone()), |parsed| parsed.value),
    };
    if !args.replace {
        keep_entries(context, &path, &value)?;
    }
    let before = fs::read(&context.place.config_path).ok();
    openclaw_config::write(&context.place, &context.around, schema(), &[(path, value)])
        .map_err(|error| Failure::negative(error.to_string()))?;
    let after = fs::read(&context.place.config_path).ok();
    output::print(match before == after {
        true => "No change",
        false => "Restart the gateway to apply.",
    });
    Ok(ExitCode::SUCCESS)
}

/// Refuses to lose entries of a place that people fill one by one.
fn keep_entries(context: &Context, path: &Path, value: &Value) -> Result<(), Failure> {
    if !KEPT.iter().any(|kept| fits(path, kept)) {
        return Ok(());
    }
    let snapshot = context.load()?;
    let Some(Value::Object(now)) = path.get(&snapshot.source) else {
        return Ok(());
    };
    let lost: Vec<_> = now
        .keys()
        .filter(|key| value.get(key.as_str()).is_none())
        .map(String::as_str)
        .collect();
    match lost.is_empty() {
        true => Ok(()),
        false => Err(Failure::negative(format!(
            "that would remove {} from {path}; set a key below it, or say --replace",
            lost.join(", ")
        ))),
    }
}

/// Whether a path is one of these, where `*` stands for any key.
fn fits(path: &Path, pattern: &[&str]) -> bool {
    path.segments().len() == pattern.len()
        && pattern
            .iter()
            .enumerate()
            .all(|(at, key)| path.key_at(at).is_some_and(|known| *key == "*" || known == *key))
}

/// The value as it is meant, without secrets and without what came from the environment.
fn find(snapshot: &Snapshot<Config>, path: &Path) -> Option<Value> {
    if let Some(found) = find_listed_agent(snapshot, path) {
        return Some(found);
    }
    let mut shown = path.get(&redact(schema(), &snapshot.source))?.clone();
    unfold_references(&mut shown, &references(snapshot));
    Some(shown)
}

/// `agents.list[0]…`, the older spelling that people still type: the agent that stands there in the file.
fn find_listed_agent(snapshot: &Snapshot<Config>, path: &Path) -> Option<Value> {
    let [
        Segment::Key(agents),
        Segment::Key(list),
        Segment::Index(_),
        rest @ ..,
    ] = path.segments()
    else {
        return None;
    };
    let place: Path = path.segments().iter().take(3).cloned().collect();
    let id = place.get(snapshot.authored())?.get("id")?.as_str()?;
    match rest {
        _ if agents != "agents" || list != "list" => None,
        [Segment::Key(key)] if key == "id" => Some(Value::from(id)),
        rest => find(snapshot, &Path::of(["agents", "entries", id]).join(rest)),
    }
}

/// The variables that the config's files refer to, as they are written there, with their values.
fn references(snapshot: &Snapshot<Config>) -> Vec<(String, &str)> {
    let texts = snapshot
        .sources
        .files()
        .iter()
        .flat_map(|file| file.text.split("${").skip(1));
    let names = texts
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name);
    let known = names.filter_map(|name| Some((format!("${{{name}}}"), snapshot.environment.get(name)?)));
    // Short values stand in too many texts by chance.
    known.filter(|(_, value)| value.len() >= 4).collect()
}

/// Puts references back in the place of their values: the file never held those.
fn unfold_references(value: &mut Value, references: &[(String, &str)]) {
    match value {
        Value::String(text) => {
            for (reference, found) in references {
                if text.contains(found) {
                    *text = text.replace(found, reference);
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| unfold_references(item, references)),
        Value::Object(map) => map
            .values_mut()
            .for_each(|item| unfold_references(item, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn not_set(typed: &str, path: &Path) -> Failure {
    if !schema().knows(path) {
        let text =
            format!("Unknown config path: {typed}. Run openclaw config schema to inspect valid paths.");
        return Failure::negative(text);
    }
    let mut text = format!("Config path not found: {typed}");
    let defaults = serde_json::to_value(Config::default()).unwrap_or_default();
    match path.get(&defaults) {
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => {}
        Some(default) => {
            // Writing to a String cannot fail.
            let _ = write!(text, " (not set; the default is {default})");
        }
    }
    Failure::negative(text)
}

fn file(context: &Context, args: &Json) -> Result<ExitCode, Failure> {
    let path = context.place.config_path.display().to_string();
    if args.json {
        output::print_json(&json!({ "path": path }));
    } else {
        output::print(&path);
    }
    Ok(ExitCode::SUCCESS)
}

fn validate(context: &Context, args: &Json) -> Result<ExitCode, Failure> {
    let snapshot = match context.load() {
        Ok(snapshot) => snapshot,
        Err(Failure::Config(Error::Invalid(invalid))) => return Err(is_invalid(context, &invalid)),
        Err(other) => return Err(with_path(context, other.to_string())),
    };
    if !snapshot.exists {
        return Err(with_path(
            context,
            format!("Config file not found: {}", context.place.config_path.display()),
        ));
    }
    if args.json {
        output::print_json(&report(&snapshot));
    } else {
        output::print_shown(&render(context, &snapshot));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is valid and changes nothing in this build.
fn without_effect(snapshot: &Snapshot<Config>) -> impl Iterator<Item = Unused> {
    snapshot.unused.iter().cloned().chain(snapshot.inert())
}

fn report(snapshot: &Snapshot<Config>) -> Value {
    let unused: Vec<_> = without_effect(snapshot)
        .map(|unused| json!({ "path": unused.path.to_string(), "reason": unused.reason.to_string() }))
        .collect();
    json!({
        "valid": true,
        "path": snapshot.place.config_path.display().to_string(),
        "warnings": snapshot.warnings.iter().map(issue_json).collect::<Vec<_>>(),
        "notices": snapshot.notices.iter().map(issue_json).collect::<Vec<_>>(),
        "unused": unused,
    })
}

fn render(context: &Context, snapshot: &Snapshot<Config>) -> String {
    let mut text = format!("Config valid: {}\n", context.short(&snapshot.place.config_path));
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\n{title}:\n- {}", lines.join("\n- "));
        }
    };
    list(
        "Warnings",
        snapshot.warnings.iter().map(Issue::to_string).collect(),
    );
    list(
        "Older spellings, read as the current ones",
        snapshot.notices.iter().map(Issue::to_string).collect(),
    );
    let unused = without_effect(snapshot).map(|unused| format!("{}: {}", unused.path, unused.reason));
    list("Accepted without effect", unused.collect());
    text
}

fn is_invalid(context: &Context, invalid: &Invalid) -> Failure {
    let mut text = format!("OpenClaw config is invalid: {}", invalid.path.display());
    for issue in &invalid.issues {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n- {issue}");
    }
    let mut fields = negative_fields(context);
    fields.insert(
        "issues".to_owned(),
        invalid.issues.iter().map(issue_json).collect(),
    );
    Failure::Negative { text, fields }
}

fn with_path(context: &Context, text: String) -> Failure {
    Failure::Negative {
        text,
        fields: negative_fields(context),
    }
}

fn negative_fields(context: &Context) -> Map<String, Value> {
    let path = context.place.config_path.display().to_string();
    Map::from_iter([
        ("valid".to_owned(), Value::Bool(false)),
        ("path".to_owned(), Value::String(path)),
    ])
}

fn issue_json(issue: &Issue) -> Value {
    let mut found = json!({ "path": issue.path.to_string(), "message": issue.message });
    if let (Some(position), Some(object)) = (&issue.position, found.as_object_mut()) {
        object.insert("file".to_owned(), position.file.display().to_string().into());
        object.insert("line".to_owned(), position.line.into());
        object.insert("column".to_owned(), position.column.into());
    }
    found
}
