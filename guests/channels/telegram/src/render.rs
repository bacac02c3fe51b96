//! Runs of text as Telegram's HTML.
//!
//! **Promise.** Whatever the runs hold, the tags are balanced, nested the way the platform takes them, and the text
//! that a reader sees is the text of the runs.

use openclaw_sdk::channel::{Run, Style, Text};

/// A text as it is sent.
#[derive(Debug, PartialEq)]
pub(crate) struct Rendered {
    /// With tags.
    pub(crate) html: String,
    /// Without any, for when the platform does not take the tags.
    pub(crate) plain: String,
}

/// A tag that is open, as it began and as it ends.
#[derive(Clone, PartialEq)]
struct Tag {
    open: String,
    close: &'static str,
}

/// Renders a text.
pub(crate) fn render(text: &Text) -> Rendered {
    match text {
        Text::Plain(text) | Text::Markdown(text) | Text::Other(text) => Rendered {
            html: escape(text),
            plain: text.clone(),
        },
        Text::Runs(runs) => Rendered {
            html: tagged(runs),
            plain: runs.iter().map(|run| run.text.as_str()).collect(),
        },
    }
}

fn tagged(runs: &[Run]) -> String {
    let mut html = String::new();
    let mut open: Vec<Tag> = Vec::new();
    for run in runs {
        let tags = tags(&run.styles);
        let shared = open.iter().zip(&tags).take_while(|(a, b)| a == b).count();
        close(&mut html, &mut open, shared);
        for tag in tags.into_iter().skip(shared) {
            html.push_str(&tag.open);
            open.push(tag);
        }
        html.push_str(&escape(&run.text));
    }
    close(&mut html, &mut open, 0);
    html
}

fn close(html: &mut String, open: &mut Vec<Tag>, down_to: usize) {
    while open.len() > down_to {
        html.push_str(open.pop().map_or("", |tag| tag.close));
    }
}

/// The tags of a run, the outermost first. Code takes no other look inside or around it but that of a quotation, each
/// look counts once, and of links only the outermost.
fn tags(styles: &[Style]) -> Vec<Tag> {
    let is_link = |style: &&Style| matches!(style, Style::Link(_) | Style::Mention(_));
    let is_code = |style: &&Style| matches!(style, Style::Code | Style::CodeBlock(_));
    let has_link = styles.iter().any(|style| is_link(&style));
    let only_code = !has_link && styles.iter().any(|style| is_code(&style));
    let mut tags: Vec<Tag> = Vec::new();
    let mut linked = false;
    for style in styles {
        let is_quote = matches!(style, Style::Quote);
        if (only_code && !is_quote && !is_code(&style)) || (has_link && is_code(&style)) {
            continue;
        }
        if is_link(&style) && std::mem::replace(&mut linked, true) {
            continue;
        }
        let Some(tag) = tag(style) else { continue };
        if !tags.iter().any(|open| open.close == tag.close) {
            tags.push(tag);
        }
        // Of a code block within a code block, or code in a block, one is enough.
        if only_code && is_code(&style) {
            break;
        }
    }
    tags
}

fn tag(style: &Style) -> Option<Tag> {
    let (open, close) = match style {
        Style::Bold | Style::Heading(_) => ("<b>".to_owned(), "</b>"),
        Style::Italic => ("<i>".to_owned(), "</i>"),
        Style::Underline => ("<u>".to_owned(), "</u>"),
        Style::Strikethrough => ("<s>".to_owned(), "</s>"),
        Style::Spoiler => ("<tg-spoiler>".to_owned(), "</tg-spoiler>"),
        Style::Code => ("<code>".to_owned(), "</code>"),
        Style::CodeBlock(language) if language.is_empty() => ("<pre>".to_owned(), "</pre>"),
        Style::CodeBlock(language) => (
            format!("<pre><code class=\"language-{}\">", escape(language)),
            "</code></pre>",
        ),
        Style::Quote => ("<blockquote>".to_owned(), "</blockquote>"),
        Style::Link(address) if !address.trim().is_empty() => {
            (format!("<a href=\"{}\">", escape(address)), "</a>")
        }
        Style::Mention(id) if id.parse::<i64>().is_ok() => {
            (format!("<a href=\"tg://user?id={id}\">"), "</a>")
        }
        Style::Emoji(id) if id.parse::<u64>().is_ok() => {
            (format!("<tg-emoji emoji-id=\"{id}\">"), "</tg-emoji>")
        }
        Style::Link(_) | Style::Mention(_) | Style::Emoji(_) | Style::Other(_) => return None,
    };
    Some(Tag { open, close })
}

/// Text as it stands in HTML, between tags and in the value of an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Telegram drops it, and a tag may not have it.
            '\0' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(text: &str, styles: &[Style]) -> Run {
        Run {
            text: text.to_owned(),
            styles: styles.to_vec(),
        }
    }

    fn html(runs: Vec<Run>) -> String {
        render(&Text::Runs(runs)).html
    }

    #[test]
    fn what_means_something_in_html_is_text_to_the_reader() {
        let rendered = render(&Text::Plain("a < b && \"c\" > d".to_owned()));
        assert_eq!(rendered.html, "a &lt; b &amp;&amp; &quot;c&quot; &gt; d");
        assert_eq!(rendered.plain, "a < b && \"c\" > d");
        let link = Style::Link("https://e.org/?a=\"&b=<".to_owned());
        assert_eq!(
            html(vec![run("x", &[link])]),
            "<a href=\"https://e.org/?a=&quot;&amp;b=&lt;\">x</a>"
        );
    }

    #[test]
    fn neighbours_share_the_tags_they_have_in_common() {
        let runs = vec![
            run("a", &[Style::Bold]),
            run("b", &[Style::Bold, Style::Italic]),
            run("c", &[Style::Italic]),
            run("d", &[]),
        ];
        assert_eq!(html(runs), "<b>a<i>b</i></b><i>c</i>d");
    }

    #[test]
    fn code_stands_alone_and_a_block_names_its_language() {
        let block = Style::CodeBlock("rust".to_owned());
        assert_eq!(
            html(vec![run("if a<b {}", &[Style::Bold, block])]),
            "<pre><code class=\"language-rust\">if a&lt;b {}</code></pre>"
        );
        assert_eq!(
            html(vec![run("x", &[Style::Quote, Style::Code, Style::Bold])]),
            "<blockquote><code>x</code></blockquote>"
        );
        assert_eq!(
            html(vec![run("Title", &[Style::Heading(1), Style::Bold])]),
            "<b>Title</b>"
        );
    }

    fn styles() -> impl Strategy<Value = Vec<Style>> {
        let style = prop_oneof![
            Just(Style::Bold),
            Just(Style::Italic),
            Just(Style::Quote),
            Just(Style::Code),
            Just(Style::CodeBlock("a\"b".to_owned())),
            Just(Style::Link("https://e.org/\"><b>".to_owned())),
            Just(Style::Mention("7".to_owned())),
            Just(Style::Emoji("<x>".to_owned())),
            Just(Style::Heading(2)),
        ];
        proptest::collection::vec(style, 0..5)
    }

    /// The text between the tags, if they are balanced.
    fn read(html: &str) -> Option<String> {
        let (mut text, mut open, mut rest) = (String::new(), Vec::new(), html);
        while let Some((before, tag)) = rest.split_once('<') {
            let (tag, after) = tag.split_once('>')?;
            text.push_str(before);
            match tag.strip_prefix('/') {
                Some(name) => (open.pop()? == name).then_some(())?,
                None => open.push(tag.split(' ').next()?.to_owned()),
            }
            rest = after;
        }
        text.push_str(rest);
        let text = text
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"");
        open.is_empty().then(|| text.replace("&amp;", "&"))
    }

    proptest! {
        #[test]
        fn tags_are_balanced_and_the_text_is_whole(
            runs in proptest::collection::vec(("[a-z<>&\";]{0,6}", styles()), 0..6),
        ) {
            let runs: Vec<Run> = runs.into_iter().map(|(text, styles)| Run { text, styles }).collect();
            let rendered = render(&Text::Runs(runs));
            prop_assert_eq!(read(&rendered.html), Some(rendered.plain));
        }
    }
}
