//! Whom to write to, as people write it: an id, `@name`, a link, each with `telegram:` or `tg:` before it and a topic
//! behind it.

use openclaw_sdk::channel::{Address, ConversationKind, Target};
use openclaw_sdk::{Error, ErrorCode};

/// Prefixes that name the channel or the kind of conversation.
const PREFIXES: [&str; 6] = ["telegram:", "tg:", "user:", "group:", "channel:", "direct:"];
/// What stands before a topic.
const TOPIC: &str = ":topic:";

/// Brings a target into the form of this adapter: a number, or `@name` in lower case.
pub(crate) fn normalize(text: &str) -> Result<Target, Error> {
    read(text).ok_or_else(|| {
        let message = format!(
            "{text:?} is nobody on Telegram: write a numeric id, @name or a link as https://t.me/name, \
             with :topic:<id> behind it for a topic"
        );
        Error::new(ErrorCode::Invalid, message)
    })
}

fn read(text: &str) -> Option<Target> {
    let mut rest = text.trim();
    while let Some(shorter) = PREFIXES.iter().find_map(|prefix| strip(rest, prefix)) {
        rest = shorter.trim();
    }
    let (whom, thread) = match rest.split_once(TOPIC) {
        Some((whom, topic)) => (whom, Some(topic)),
        None => (rest, None),
    };
    let (whom, thread) = match (link(whom), thread) {
        (Some((whom, linked)), None) => (whom, linked),
        (Some((whom, _)), thread) => (whom, thread.map(str::to_owned)),
        (None, thread) => (whom.to_owned(), thread.map(str::to_owned)),
    };
    if let Some(thread) = &thread {
        thread.parse::<u32>().ok().filter(|id| *id > 0)?;
    }
    let (id, kind) = match whom.parse::<i64>() {
        Ok(0) => return None,
        Ok(id) if id > 0 => (id.to_string(), ConversationKind::Direct),
        Ok(id) => (id.to_string(), ConversationKind::Group),
        Err(_) => (format!("@{}", handle(&whom)?), ConversationKind::Other),
    };
    Some(Target {
        address: Address {
            to: id.clone(),
            thread,
        },
        kind,
        id,
        name: None,
    })
}

fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A handle has 4 to 32 letters, digits and underscores, and begins with a letter.
fn handle(text: &str) -> Option<String> {
    let name = text.strip_prefix('@').unwrap_or(text);
    let fits = (4..=32).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    fits.then(|| name.to_ascii_lowercase())
}

/// Whom a link leads to, and which topic. `t.me/c/…` leads to a private supergroup by its short id.
fn link(text: &str) -> Option<(String, Option<String>)> {
    let rest = strip(text, "https://")
        .or_else(|| strip(text, "http://"))
        .unwrap_or(text);
    let hosts = ["t.me/", "www.t.me/", "telegram.me/", "telegram.dog/"];
    let path = hosts.iter().find_map(|host| strip(rest, host))?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let whom = match parts.next()? {
        "c" => format!("-100{}", parts.next()?),
        name => format!("@{name}"),
    };
    // Behind the chat stand a message, or a topic and a message.
    let (first, second) = (parts.next(), parts.next());
    let topic = second.and(first).map(str::to_owned);
    Some((whom, topic))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_target_has_one_form_however_it_is_written() {
        for (written, to, thread) in [
            ("12345", "12345", None),
            (" tg:12345 ", "12345", None),
            ("Telegram:group:-1001234", "-1001234", None),
            ("-1001234:topic:7", "-1001234", Some("7")),
            ("@Some_Name", "@some_name", None),
            ("some_name", "@some_name", None),
            ("https://t.me/Some_Name", "@some_name", None),
            ("t.me/some_name/15", "@some_name", None),
            ("https://t.me/c/1234/7/99?single", "-1001234", Some("7")),
            ("telegram:https://t.me/some_name:topic:3", "@some_name", Some("3")),
        ] {
            let target = normalize(written).unwrap();
            assert_eq!(
                (target.address.to.as_str(), target.address.thread.as_deref()),
                (to, thread),
                "{written}"
            );
            assert_eq!(target.id, target.address.to);
        }
    }

    #[test]
    fn what_cannot_be_a_target_is_refused() {
        for wrong in [
            "",
            "tg:",
            "0",
            "@",
            "@a b",
            "ann",
            "-1:topic:x",
            "-1:topic:0",
            "https://example.org/x",
            "+43 1 234",
        ] {
            let error = normalize(wrong).unwrap_err();
            assert_eq!(error.code, ErrorCode::Invalid, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "\\PC{0,30}") {
            if let Ok(target) = normalize(&text) {
                let again = normalize(&target.id).unwrap();
                prop_assert_eq!(again.id, target.id);
            }
        }
    }
}
