//! Formatting: entities lie over a text by offsets in UTF-16 units.
//!
//! **Promise.** Entities that overlap, run backwards or lie outside of the text are cut to what there is. The runs
//! make up exactly the text.

use openclaw_sdk::channel::{Run, Style, Text};
use serde_json::Value;

use super::Me;
use crate::look::Look;

/// The most entities that are looked at; Telegram itself sends 100 at most.
const MAX_ENTITIES: usize = 200;

/// An entity with its place in the bytes of the text.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: &'a str,
    pub(super) value: &'a Value,
}

/// A text with what lies over it.
#[derive(Debug)]
pub(super) struct Marked<'a> {
    pub(super) text: &'a str,
    pub(super) entities: Vec<Entity<'a>>,
}

impl<'a> Marked<'a> {
    /// The text or caption of a message.
    pub(super) fn of(message: &'a Value) -> Self {
        match message.text("text") {
            Some(text) => Self::new(text, message.list("entities")),
            None => Self::new(
                message.text("caption").unwrap_or_default(),
                message.list("caption_entities"),
            ),
        }
    }

    /// A text with entities.
    pub(super) fn new(text: &'a str, entities: &'a [Value]) -> Self {
        let mut found: Vec<Entity<'a>> = entities
            .iter()
            .take(MAX_ENTITIES)
            .filter_map(|value| place(text, value))
            .collect();
        // The outermost first.
        found.sort_by_key(|entity| (entity.start, usize::MAX - entity.end));
        Self {
            text,
            entities: found,
        }
    }

    /// What an entity covers.
    pub(super) fn words(&self, entity: &Entity<'_>) -> &'a str {
        self.text.get(entity.start..entity.end).unwrap_or_default()
    }

    /// The text in the form that loses nothing. A command that is addressed to this account loses the address.
    pub(super) fn to_text(&self, me: &Me) -> Text {
        let cut = self.address_of_command(me);
        let mut runs: Vec<Run> = Vec::new();
        let mut borders: Vec<usize> = self.entities.iter().flat_map(|e| [e.start, e.end]).collect();
        borders.extend([0, self.text.len()]);
        borders.extend(cut.into_iter().flat_map(|(start, end)| [start, end]));
        borders.sort_unstable();
        borders.dedup();
        for (start, end) in borders.iter().copied().zip(borders.iter().copied().skip(1)) {
            if cut == Some((start, end)) {
                continue;
            }
            let text = self.text.get(start..end).unwrap_or_default();
            let over = self.entities.iter().filter(|e| e.start <= start && end <= e.end);
            let styles: Vec<Style> = over.filter_map(style).collect();
            match runs.last_mut() {
                Some(last) if is_same(&last.styles, &styles) => last.text.push_str(text),
                _ => runs.push(Run {
                    text: text.to_owned(),
                    styles,
                }),
            }
        }
        match runs.iter().all(|run| run.styles.is_empty()) {
            true => Text::Plain(runs.into_iter().map(|run| run.text).collect()),
            false => Text::Runs(runs),
        }
    }

    /// The `@name` behind a command at the beginning, if it is this account's.
    fn address_of_command(&self, me: &Me) -> Option<(usize, usize)> {
        let command = self
            .entities
            .iter()
            .find(|e| e.start == 0 && e.kind == "bot_command")?;
        let (name, handle) = self.words(command).split_once('@')?;
        me.is_called(handle).then_some((name.len(), command.end))
    }
}

fn place<'a>(text: &str, value: &'a Value) -> Option<Entity<'a>> {
    let kind = value.text("type")?;
    let offset = usize::try_from(value.int("offset")?).ok()?;
    let length = usize::try_from(value.int("length")?).ok()?;
    let start = byte_at(text, offset)?;
    let end = byte_at(text, offset.saturating_add(length)).unwrap_or(text.len());
    (start < end).then_some(Entity {
        start,
        end,
        kind,
        value,
    })
}

/// The byte at an offset in UTF-16 units; none inside of a character and behind the end.
fn byte_at(text: &str, units: usize) -> Option<usize> {
    let mut passed = 0;
    for (byte, c) in text.char_indices() {
        if passed >= units {
            return (passed == units).then_some(byte);
        }
        passed += c.len_utf16();
    }
    (passed == units).then_some(text.len())
}

fn style(entity: &Entity<'_>) -> Option<Style> {
    Some(match entity.kind {
        "bold" => Style::Bold,
        "italic" => Style::Italic,
        "underline" => Style::Underline,
        "strikethrough" => Style::Strikethrough,
        "spoiler" => Style::Spoiler,
        "code" => Style::Code,
        "pre" => Style::CodeBlock(entity.value.text("language").unwrap_or_default().to_owned()),
        "blockquote" | "expandable_blockquote" => Style::Quote,
        "text_link" => Style::Link(entity.value.text("url")?.to_owned()),
        "text_mention" => Style::Mention(entity.value.at("user").id("id")?),
        "custom_emoji" => Style::Emoji(entity.value.text("custom_emoji_id")?.to_owned()),
        _ => return None,
    })
}

/// The generated types cannot be compared.
fn is_same(one: &[Style], other: &[Style]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| format!("{a:?}") == format!("{b:?}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn shown(text: Text) -> String {
        match text {
            Text::Plain(text) => text,
            Text::Runs(runs) => runs
                .iter()
                .map(|run| format!("[{}|{:?}]", run.text, run.styles))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn formatting_is_found_by_utf16_units() {
        let entities = json!([
            {"type": "bold", "offset": 3, "length": 5},
            {"type": "italic", "offset": 6, "length": 2},
            {"type": "url", "offset": 0, "length": 2},
        ]);
        let marked = Marked::new("😀 fat man", entities.as_array().unwrap());
        assert_eq!(
            shown(marked.to_text(&Me::default())),
            "[😀 |[]][fat|[Style::Bold]][ m|[Style::Bold, Style::Italic]][an|[]]"
        );
    }

    #[test]
    fn only_an_address_of_this_account_is_taken_off_a_command() {
        let me = Me {
            id: 1,
            name: String::new(),
            username: "Our_Bot".to_owned(),
        };
        let entities = json!([{"type": "bot_command", "offset": 0, "length": 15}]);
        let entities = entities.as_array().unwrap();
        assert_eq!(
            shown(Marked::new("/status@our_bot now", entities).to_text(&me)),
            "/status now"
        );
        assert_eq!(
            shown(Marked::new("/status@his_bot now", entities).to_text(&me)),
            "/status@his_bot now"
        );
    }

    proptest! {
        #[test]
        fn the_runs_make_up_the_text_whatever_lies_over_it(
            text in "\\PC{0,20}",
            places in proptest::collection::vec((-3i64..40, -3i64..40, 0usize..4), 0..8),
        ) {
            let kinds = ["bold", "italic", "pre", "mention"];
            let entities: Vec<Value> = places
                .iter()
                .map(|(offset, length, kind)| json!({"type": kinds[*kind], "offset": offset, "length": length}))
                .collect();
            let whole = match Marked::new(&text, &entities).to_text(&Me::default()) {
                Text::Plain(text) => text,
                Text::Runs(runs) => runs.into_iter().map(|run| run.text).collect(),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(whole, text);
        }
    }
}
