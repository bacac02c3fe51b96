//! Reads `.env` text: `NAME=value` lines, as people write them for shells and for Node.
//!
//! Values are taken as they stand: no variable in them is expanded, no command run. Lines that are none of this
//! are passed over. Linear in the text.

/// The assignments of a text, in order; of a repeated name the last one counts.
pub(crate) fn assignments(text: &str) -> impl Iterator<Item = (String, String)> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            let Some((name, at)) = read_name(line) else {
                rest = after;
                continue;
            };
            let from = rest.get(at..).unwrap_or_default();
            let (value, length) = read_value(from);
            rest = split_line(from.get(length..).unwrap_or_default()).1;
            return Some((name.to_owned(), value));
        }
        None
    })
}

fn split_line(text: &str) -> (&str, &str) {
    match text.find(['\n', '\r']) {
        Some(at) => (
            text.get(..at).unwrap_or_default(),
            text.get(at + 1..).unwrap_or_default(),
        ),
        None => (text, ""),
    }
}

/// The name of an assignment and where its value starts.
fn read_name(line: &str) -> Option<(&str, usize)> {
    let (before, _) = line.split_once('=')?;
    let name = before.trim();
    let name = match name.strip_prefix("export") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => name,
    };
    let good = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    good.then_some((name, before.len() + 1))
}

/// The value that starts here, and how much text it takes.
fn read_value(text: &str) -> (String, usize) {
    let start = text.len() - text.trim_start_matches([' ', '\t']).len();
    let trimmed = text.get(start..).unwrap_or_default();
    if let Some(quote) = trimmed.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))
        && let Some(length) = quoted_length(trimmed, quote)
    {
        let inner = trimmed.get(1..length - 1).unwrap_or_default();
        let value = if quote == '"' {
            unescape(inner)
        } else {
            inner.to_owned()
        };
        return (value, start + length);
    }
    let (line, _) = split_line(text);
    let value = line.split_once('#').map_or(line, |(value, _)| value);
    (value.trim().to_owned(), line.len())
}

/// The length of a quoted value with its quotes; `None`: it is never closed. It may span lines.
fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (offset, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(offset + 1),
            _ => {}
        }
    }
    None
}

/// Double quotes give `\n` and `\r` their meaning, and nothing else.
fn unescape(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\r", "\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        assignments(text).collect()
    }

    fn one(text: &str) -> String {
        read(text).pop().unwrap().1
    }

    #[test]
    fn names_and_values_are_read_as_written() {
        let text = "\u{feff}# c\nA=1\r\nexport B = two words # note\n\nnonsense\nC.d-e=\n=x\n";
        let expected = [("A", "1"), ("B", "two words"), ("C.d-e", "")];
        assert_eq!(read(text), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn quotes_keep_blanks_hashes_and_lines() {
        assert_eq!(one("A=\" x # y \" # z"), " x # y ");
        assert_eq!(one("A='a\\nb'"), "a\\nb");
        assert_eq!(one("A=\"a\\nb\""), "a\nb");
        assert_eq!(read("A=\"first\nB=2\"\nC=3").len(), 2);
        assert_eq!(one("A=`it's \"so\"`"), "it's \"so\"");
    }

    #[test]
    fn a_quote_that_is_not_closed_is_part_of_the_value() {
        assert_eq!(
            read("A='x\nB=2"),
            [("A".into(), "'x".into()), ("B".into(), "2".into())]
        );
    }

    #[test]
    fn variables_are_not_expanded() {
        assert_eq!(one("A=$HOME/${X}$(id)"), "$HOME/${X}$(id)");
        assert_eq!(one("A=\"${X}\""), "${X}");
    }
}
