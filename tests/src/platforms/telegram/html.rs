//! Reading the HTML in which bots write formatting, as strictly as the server does: every `<` begins a tag, every tag
//! is one of a few, and what was opened is closed in the opposite order.

use serde_json::{Value, json};

/// A text with entities over it, as a message holds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Formatted {
    pub(crate) text: String,
    pub(crate) entities: Vec<Value>,
}

struct Open {
    name: String,
    /// The entity without its place; none where another tag says it all.
    entity: Option<Value>,
    begin: usize,
}

/// Reads a text, or says what is wrong with it.
pub(crate) fn read(html: &str) -> Result<Formatted, String> {
    let mut read = Formatted::default();
    let mut open: Vec<Open> = Vec::new();
    let mut units = 0;
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        let at = html.len() - rest.len();
        match c {
            '&' => {
                let (decoded, after) = decode(rest).unwrap_or(('&', rest.get(1..).unwrap_or_default()));
                read.text.push(decoded);
                units += decoded.len_utf16();
                rest = after;
            }
            '<' => {
                let (inside, after) = rest
                    .get(1..)
                    .and_then(|tag| tag.split_once('>'))
                    .ok_or_else(|| format!("Unclosed start tag at byte offset {at}"))?;
                match inside.strip_prefix('/') {
                    Some(name) => {
                        let name = name.trim().to_ascii_lowercase();
                        let last = open
                            .pop()
                            .ok_or_else(|| format!("Unexpected end tag at byte offset {at}"))?;
                        if !name.is_empty() && last.name != name {
                            return Err(format!(
                                "Unmatched end tag at byte offset {at}, expected \"</{}>\", found \"</{name}>\"",
                                last.name
                            ));
                        }
                        close(&mut read, last, units);
                    }
                    None => {
                        let tag = begin(inside, at, open.last(), units)?;
                        open.push(tag);
                    }
                }
                rest = after;
            }
            other => {
                read.text.push(other);
                units += other.len_utf16();
                rest = rest.get(other.len_utf8()..).unwrap_or_default();
            }
        }
    }
    if let Some(last) = open.last() {
        return Err(format!(
            "Can't find end tag corresponding to start tag \"{}\"",
            last.name
        ));
    }
    read.entities.sort_by_key(|entity| {
        (
            entity["offset"].as_u64(),
            std::cmp::Reverse(entity["length"].as_u64()),
        )
    });
    Ok(read)
}

fn close(read: &mut Formatted, tag: Open, units: usize) {
    let Some(mut entity) = tag.entity else { return };
    let length = units - tag.begin;
    // A block of code with a language is one entity, written as two tags.
    let block = read.entities.last_mut();
    if let ("pre", Some(inner)) = (tag.name.as_str(), block)
        && inner["type"] == "language"
        && inner["offset"] == tag.begin
    {
        inner["type"] = json!("pre");
        inner["length"] = json!(length);
        return;
    }
    if length > 0 {
        entity["offset"] = json!(tag.begin);
        entity["length"] = json!(length);
        read.entities.push(entity);
    }
}

fn begin(inside: &str, at: usize, outer: Option<&Open>, units: usize) -> Result<Open, String> {
    let end = inside.find(char::is_whitespace).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at_checked(end).unwrap_or((inside, ""));
    let name = name.to_ascii_lowercase();
    let attributes = attributes_of(attributes, &name, at)?;
    let has = |wanted: &str| {
        attributes
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let entity = match name.as_str() {
        "b" | "strong" => json!({"type": "bold"}),
        "i" | "em" => json!({"type": "italic"}),
        "u" | "ins" => json!({"type": "underline"}),
        "s" | "strike" | "del" => json!({"type": "strikethrough"}),
        "tg-spoiler" => json!({"type": "spoiler"}),
        "span" if has("class") == Some("tg-spoiler") => json!({"type": "spoiler"}),
        "span" => {
            return Err(format!(
                "Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}"
            ));
        }
        "blockquote" if has("expandable").is_some() => json!({"type": "expandable_blockquote"}),
        "blockquote" => json!({"type": "blockquote"}),
        "pre" => json!({"type": "pre"}),
        "code" => match has("class").and_then(|class| class.strip_prefix("language-")) {
            Some(language) if outer.is_some_and(|outer| outer.name == "pre" && outer.begin == units) => {
                json!({"type": "language", "language": language})
            }
            _ => json!({"type": "code"}),
        },
        "a" => match has("href") {
            Some(href) => match href
                .strip_prefix("tg://user?id=")
                .and_then(|id| id.parse::<i64>().ok())
            {
                Some(id) => {
                    json!({"type": "text_mention", "user": {"id": id, "is_bot": false, "first_name": ""}})
                }
                None => json!({"type": "text_link", "url": href}),
            },
            None => Value::Null,
        },
        "tg-emoji" => match has("emoji-id") {
            Some(id) if id.parse::<u64>().is_ok() => json!({"type": "custom_emoji", "custom_emoji_id": id}),
            _ => {
                return Err(format!(
                    "Custom emoji must have an \"emoji-id\" at byte offset {at}"
                ));
            }
        },
        _ => return Err(format!("Unsupported start tag \"{name}\" at byte offset {at}")),
    };
    Ok(Open {
        name,
        entity: Some(entity).filter(|entity| !entity.is_null()),
        begin: units,
    })
}

fn attributes_of(text: &str, tag: &str, at: usize) -> Result<Vec<(String, String)>, String> {
    let mut attributes = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if name.is_empty() {
            return Err(format!(
                "Empty attribute name in the tag \"{tag}\" at byte offset {at}"
            ));
        }
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            attributes.push((name.to_ascii_lowercase(), String::new()));
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let quote = value.chars().next().filter(|c| ['"', '\''].contains(c));
        let (value, after) = match quote {
            Some(quote) => value
                .get(1..)
                .and_then(|value| value.split_once(quote))
                .ok_or_else(|| format!("Unclosed start tag at byte offset {at}"))?,
            None => value
                .split_at_checked(value.find(char::is_whitespace).unwrap_or(value.len()))
                .unwrap_or((value, "")),
        };
        attributes.push((name.to_ascii_lowercase(), decode_all(value)));
        rest = after.trim_start();
    }
    Ok(attributes)
}

fn decode_all(text: &str) -> String {
    let mut decoded = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (c, after) = decode(rest).unwrap_or((c, rest.get(c.len_utf8()..).unwrap_or_default()));
        decoded.push(c);
        rest = after;
    }
    decoded
}

/// The character of a code at the beginning of a text, and what follows. Only four have names.
fn decode(text: &str) -> Option<(char, &str)> {
    let (name, after) = text.strip_prefix('&')?.split_once(';')?;
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    };
    Some((c, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(html: &str) -> Vec<(String, u64, u64)> {
        let read = read(html).unwrap();
        let place = |entity: &Value| {
            let number = |name: &str| entity[name].as_u64().unwrap();
            (
                entity["type"].as_str().unwrap().to_owned(),
                number("offset"),
                number("length"),
            )
        };
        read.entities.iter().map(place).collect()
    }

    #[test]
    fn formatting_becomes_entities_in_utf16_units() {
        let read =
            read("😀 <b>a<i>b</i></b> &lt;x&gt; &nbsp; <a href=\"https://e.org/?a&amp;b\">c</a>").unwrap();
        assert_eq!(read.text, "😀 ab <x> &nbsp; c");
        assert_eq!(
            read.entities[0],
            json!({"type": "bold", "offset": 3, "length": 2})
        );
        assert_eq!(
            read.entities[1],
            json!({"type": "italic", "offset": 4, "length": 1})
        );
        assert_eq!(read.entities[2]["url"], "https://e.org/?a&b");
        assert_eq!(
            kinds("<pre><code class=\"language-rust\">fn</code></pre><code>x</code>"),
            [("pre".to_owned(), 0, 2), ("code".to_owned(), 2, 1)]
        );
    }

    #[test]
    fn what_is_not_well_formed_is_refused_with_its_place() {
        for (html, why) in [
            ("a < b", "Unclosed start tag at byte offset 2"),
            ("<b>a", "Can't find end tag corresponding to start tag \"b\""),
            ("a</b>", "Unexpected end tag at byte offset 1"),
            (
                "<b>a</i></b>",
                "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"",
            ),
            ("<h1>a</h1>", "Unsupported start tag \"h1\" at byte offset 0"),
            ("<br/>", "Unsupported start tag \"br/\" at byte offset 0"),
            ("a <> b", "Unsupported start tag \"\" at byte offset 2"),
            (
                "<span>a</span>",
                "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0",
            ),
        ] {
            assert_eq!(read(html).unwrap_err(), why, "{html}");
        }
    }
}
