//! What an adapter says about itself, checked once at install.
//!
//! **Promise.** Its id is none that stands for the gateway's own conversations, and what people read of it is one line.

use openclaw_policy::{Manifest, display_safe};

use super::ChannelSpec;
use crate::error::{Error, Result};

/// The most bytes of one of its texts, and the most entries of one of its lists.
const MAX_TEXT: usize = 64 << 10;
const MAX_NAMES: usize = 50;
const MAX_NAME: usize = 64;
/// What is shown of a label, in characters.
const SHOWN: usize = 80;
/// Words that session keys and routes use for what comes from no platform: a channel of that name would be taken for it.
const OURS: [&str; 14] = [
    "acp",
    "agent",
    "cron",
    "defaults",
    "direct",
    "dm",
    "global",
    "harness",
    "heartbeat",
    "hook",
    "main",
    "subagent",
    "unknown",
    "webchat",
];

/// Refuses a description that cannot be used, or that names another channel than the manifest.
pub(crate) fn check(mut spec: ChannelSpec, manifest: &Manifest) -> Result<ChannelSpec> {
    let wrong = |what: String| Err(Error::Description { what });
    if !is_name(&spec.id) {
        return wrong(format!(
            "\"{}\" is no id for a channel: a letter, then letters, digits, \"_\" and \"-\", {MAX_NAME} at most",
            display_safe(&spec.id, SHOWN)
        ));
    }
    if !manifest
        .channels
        .iter()
        .any(|channel| channel.as_str() == spec.id)
    {
        return wrong(format!(
            "it is an adapter for {}, and its manifest does not list that under \"channels\"",
            spec.id
        ));
    }
    if OURS.iter().any(|word| spec.id.eq_ignore_ascii_case(word)) {
        return wrong(format!(
            "\"{}\" is no id for a channel: the gateway uses it for conversations of its own",
            spec.id
        ));
    }
    if spec.label.trim().is_empty() {
        return wrong("it has no label, the name for people".to_owned());
    }
    for names in [&spec.aliases, &spec.target_prefixes] {
        if names.len() > MAX_NAMES || !names.iter().all(|name| is_name(name)) {
            return wrong(format!(
                "aliases and prefixes are names, and there are {MAX_NAMES} of each at most"
            ));
        }
    }
    let texts = [
        Some(&spec.label),
        spec.person_id_label.as_ref(),
        spec.docs_url.as_ref(),
        spec.extra.as_ref(),
    ];
    if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT) {
        return wrong(format!("one of its texts has more than {MAX_TEXT} bytes"));
    }
    let is_object =
        |text: &String| serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.is_object());
    if spec.extra.as_ref().is_some_and(|extra| !is_object(extra)) {
        return wrong("what it has as extra is no JSON object".to_owned());
    }
    spec.label = display_safe(&spec.label, SHOWN);
    spec.person_id_label = spec.person_id_label.map(|label| display_safe(&label, SHOWN));
    Ok(spec)
}

fn is_name(name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    name.len() <= MAX_NAME && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong, and what is said of it.
    type Slip = (fn(&mut ChannelSpec), &'static str);

    fn spec() -> ChannelSpec {
        ChannelSpec {
            id: "chat".to_owned(),
            label: "Chat".to_owned(),
            aliases: vec!["talk".to_owned()],
            target_prefixes: vec!["chat".to_owned()],
            person_id_label: None,
            docs_url: None,
            order: None,
            extra: Some("{}".to_owned()),
        }
    }

    #[test]
    fn an_adapter_is_the_one_that_its_manifest_lists_and_says_what_can_be_shown() {
        let manifest = r#"{"id": "demo", "configSchema": {}, "channels": ["chat", "WebChat"],
            "component": {"file": "demo.wasm", "world": "channel"}}"#;
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        assert_eq!(check(spec(), &manifest).unwrap(), spec());
        let wrong: [Slip; 7] = [
            (|spec| spec.id = "other".to_owned(), "does not list"),
            (|spec| spec.id = "WebChat".to_owned(), "of its own"),
            (|spec| spec.id = "a b".to_owned(), "is no id"),
            (|spec| spec.label = " ".to_owned(), "no label"),
            (|spec| spec.aliases = vec![String::new()], "are names"),
            (|spec| spec.docs_url = Some("x".repeat(MAX_TEXT + 1)), "more than"),
            (|spec| spec.extra = Some("[]".to_owned()), "no JSON object"),
        ];
        for (change, says) in wrong {
            let mut spec = spec();
            change(&mut spec);
            let refused = check(spec, &manifest).unwrap_err().to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }

    #[test]
    fn what_people_read_of_an_adapter_is_one_line() {
        let manifest = r#"{"id": "demo", "configSchema": {}, "channels": ["chat"],
            "component": {"file": "demo.wasm", "world": "channel"}}"#;
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let given = ChannelSpec {
            label: format!("Chat\n- telegram default: connected{}", "x".repeat(500)),
            person_id_label: Some("id\u{202e}".to_owned()),
            ..spec()
        };
        let spec = check(given, &manifest).unwrap();
        assert!(spec.label.starts_with(r"Chat\u{a}- telegram") && spec.label.chars().count() == SHOWN);
        assert_eq!(spec.person_id_label.as_deref(), Some(r"id\u{202e}"));
    }
}
