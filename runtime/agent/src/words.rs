//! Words that mean something by themselves: those that stop a run, and the one for silence.

/// What says "stop" when it is all that a message says.
const STOP: &[&str] = &[
    "/stop",
    "/abort",
    "stop",
    "esc",
    "abort",
    "exit",
    "interrupt",
    "halt",
    "stopp",
    "pare",
    "anhalten",
    "aufhören",
    "aufhoeren",
    "detente",
    "deten",
    "detén",
    "arrete",
    "arrête",
    "停止",
    "停下来",
    "暂停",
    "やめて",
    "止めて",
    "रुको",
    "توقف",
    "стоп",
    "остановись",
    "останови",
    "остановить",
    "прекрати",
    "stop openclaw",
    "openclaw stop",
    "stop action",
    "stop run",
    "stop agent",
    "stop the agent",
    "please stop",
    "stop please",
    "please stop openclaw",
    "do not do that",
    "don't do that",
    "stop doing anything",
    "stop that",
    "stop now",
];
/// The longest message that is looked at for them, in bytes.
const LONGEST: usize = 96;
/// The whole of a reply that is not to be delivered.
const SILENT: &str = "no_reply";

/// Whether all that a message says is "stop".
pub fn is_stop(message: &str) -> bool {
    if message.len() > LONGEST {
        return false;
    }
    let folded: String = message
        .to_lowercase()
        .chars()
        .map(|c| match c {
            '’' | '‘' | '`' | '´' => '\'',
            c => c,
        })
        .collect();
    let words: Vec<_> = folded.split_whitespace().collect();
    let joined = words.join(" ");
    let text = joined.trim_end_matches(|c: char| !c.is_alphanumeric() && !is_mark(c));
    STOP.contains(&text)
}

/// Whether it is a sign that belongs to the letter before it, as in Devanagari.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0300..=0x036F | 0x0900..=0x0903 | 0x093A..=0x094F)
}

/// What of a reply is to be delivered; none if it asks for silence.
pub(crate) fn audible(reply: &str) -> Option<&str> {
    let text = reply.trim();
    if text.is_empty() || is_silence(text) {
        return None;
    }
    // A token behind real words is not one of them.
    let Some(at) = text.len().checked_sub(SILENT.len()) else {
        return Some(text);
    };
    match text.get(..at).zip(text.get(at..)) {
        Some((words, token))
            if token.eq_ignore_ascii_case(SILENT)
                && words.ends_with(|c: char| !c.is_alphanumeric() && c != '_') =>
        {
            let words = words.trim_end();
            (!words.is_empty()).then_some(words)
        }
        _ => Some(text),
    }
}

/// Whether a text may still become a request for silence, so that nothing of it is to be shown yet.
pub fn may_become_silence(text: &str) -> bool {
    let text = text.trim_start().trim_start_matches(['"', '{', '*', '`']);
    let head: String = text.chars().take(SILENT.len()).collect::<String>().to_lowercase();
    if head.len() < SILENT.len() {
        return SILENT.starts_with(&head);
    }
    head == SILENT && is_silence(text)
}

fn is_silence(text: &str) -> bool {
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        let word = value.as_str().or_else(|| match value.as_object() {
            Some(fields) if fields.len() == 1 => fields.get("action")?.as_str(),
            _ => None,
        });
        if word.is_some_and(|word| word.eq_ignore_ascii_case(SILENT)) {
            return true;
        }
    }
    let mut words = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .peekable();
    words.peek().is_some() && words.all(|word| word.trim_matches('_').eq_ignore_ascii_case(SILENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_stop_word_stops_in_any_dress_and_a_sentence_does_not() {
        for stop in [
            "/stop",
            "STOP!!",
            "  Please   stop. ",
            "don’t do that",
            "停止。",
            "Стоп!",
            "रुको",
            "arrête ?",
        ] {
            assert!(is_stop(stop), "{stop}");
        }
        for other in [
            "stop the music",
            "nonstop",
            "please",
            "",
            "!",
            "what does stop mean",
        ] {
            assert!(!is_stop(other), "{other}");
        }
    }

    #[test]
    fn a_reply_that_asks_for_silence_is_not_delivered_and_one_that_speaks_is() {
        for silent in [
            "NO_REPLY",
            " no_reply. ",
            "NO_REPLY NO_REPLY",
            "**NO_REPLY**",
            "\"NO_REPLY\"",
            "{\"action\":\"NO_REPLY\"}",
            "",
            "  ",
        ] {
            assert_eq!(audible(silent), None, "{silent}");
        }
        assert_eq!(audible("Done.\n\nNO_REPLY"), Some("Done."));
        for heard in [
            "Say NO_REPLY to be quiet",
            "NO_REPLY is a word",
            "hello",
            "MONO_REPLY",
            "{\"action\":\"go\"}",
        ] {
            assert_eq!(audible(heard), Some(heard));
        }
    }

    #[test]
    fn a_beginning_that_may_become_silence_is_held_back() {
        for held in ["", "N", "no_", "NO_REPLY", "NO_REPLY."] {
            assert!(may_become_silence(held), "{held}");
        }
        for shown in ["Now", "NO_REPLY is", "yes"] {
            assert!(!may_become_silence(shown), "{shown}");
        }
    }
}
