//! Reads a page of the web and gives it to the model as Markdown or text, fenced as what strangers wrote.
//!
//! **Bound.** So many bytes are read of a response and so many characters are given; what is beyond is cut off and
//! said to be. Where a request may go is the gate's to decide, for each redirect too.

mod address;
mod charset;
mod fence;
mod kind;
mod moment;
mod page;
mod settings;

use std::io::Read as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use openclaw_sdk::{Context, Failure, Output, Result, Tool, ToolTrait, config, http};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::page::{Mode, Page};
use crate::settings::Settings;

/// How much of a page that came with a refusal is shown.
const REFUSAL_CHARS: usize = 4000;
const ACCEPT: &str = "text/markdown, text/html;q=0.9, application/xhtml+xml;q=0.9, application/json;q=0.8, text/plain;q=0.8, */*;q=0.1";

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Args {
    /// The address of the page, beginning with https://.
    url: String,
    /// How the page is given: markdown keeps headings, links, lists and tables; text has none of them.
    #[serde(default)]
    extract_mode: Mode,
    /// How many characters are given at most, 100 or more.
    max_chars: Option<usize>,
}

/// What programs get to know of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    url: &'a str,
    final_url: &'a str,
    status: u16,
    content_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    extract_mode: Mode,
    extractor: &'a str,
    truncated: bool,
    length: usize,
    fetched_at: String,
    took_ms: u64,
    external_content: External,
    text: &'a str,
}

#[derive(Serialize)]
struct External {
    untrusted: bool,
    source: &'static str,
    wrapped: bool,
}

struct WebFetch;

impl Tool for WebFetch {
    const NAME: &'static str = "web_fetch";
    const TITLE: Option<&'static str> = Some("Fetch a page");
    const DESCRIPTION: &'static str = "Fetches an https address and gives its readable content: a page as Markdown or plain text, JSON indented, text as it is. No scripts are run and nobody is signed in. What it returns was written by strangers.";
    const TRAITS: &'static [ToolTrait] = &[ToolTrait::ReadOnly, ToolTrait::UntrustedOutput];
    type Args = Args;

    fn call(args: Args, cx: &Context) -> Result<Output> {
        let settings: Settings = config::all()?;
        let url = address::check(&args.url)?;
        let max_chars = settings.max_chars(args.max_chars);
        let (start, now) = (Instant::now(), SystemTime::now());
        let language = cx
            .locale()
            .map_or_else(|| "en".to_owned(), |locale| format!("{locale}, en;q=0.5"));
        let mut response = http::get(url)
            .header("accept", ACCEPT)
            .header("accept-language", language)
            .header("user-agent", &settings.user_agent)
            .timeout(Duration::from_secs(settings.timeout_seconds))
            .redirects(settings.max_redirects)
            .send()?;
        let (status, final_url) = (response.status(), response.url());
        let said = response.header("content-type").unwrap_or_default();
        let kind = Kind::of(&said)
            .ok_or_else(|| Failure::new(kind::tell_binary(&final_url, kind::essence(&said))))?;
        let mut bytes = Vec::new();
        // One more shows whether there was more.
        let max_bytes = settings.max_response_bytes;
        response.by_ref().take(max_bytes + 1).read_to_end(&mut bytes)?;
        drop(response);
        let is_cut = bytes.len() as u64 > max_bytes;
        bytes.truncate(usize::try_from(max_bytes).unwrap_or(usize::MAX));

        let kind = kind
            .look(&bytes)
            .ok_or_else(|| Failure::new(kind::tell_binary(&final_url, kind::essence(&said))))?;
        let text = charset::decode(&bytes, &said, kind == Kind::Html);
        let page = Page::read(&text, kind, &final_url, args.extract_mode, settings.readability);
        let is_refused = status >= 400;
        let max_chars = if is_refused {
            max_chars.min(REFUSAL_CHARS)
        } else {
            max_chars
        };
        let (shown, length) = cut(&page.text, max_chars);
        let is_truncated = is_cut || shown.len() < page.text.len();
        let fenced = fence::wrap(page.title.as_deref(), shown)?;
        let report = Report {
            url,
            final_url: &final_url,
            status,
            content_type: kind::essence(&said),
            title: page.title.as_deref(),
            extract_mode: args.extract_mode,
            extractor: page.extractor,
            truncated: is_truncated,
            length,
            fetched_at: moment::write(now.duration_since(UNIX_EPOCH)?.as_secs()),
            took_ms: u64::try_from(start.elapsed().as_millis())?,
            external_content: External {
                untrusted: true,
                source: "web_fetch",
                wrapped: true,
            },
            text: &fenced,
        };
        let output = Output::text(tell(&report)).with_structured(&report)?;
        Ok(if is_refused { output.failed() } else { output })
    }
}

/// The first so many characters, and how many these are.
fn cut(text: &str, max_chars: usize) -> (&str, usize) {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => (text.get(..end).unwrap_or(text), max_chars),
        None => (text, text.chars().count()),
    }
}

/// What the model reads: the facts, and then what strangers wrote.
fn tell(report: &Report<'_>) -> String {
    let mut told = match report.status {
        400.. => format!("{} refused with status {}.\n", report.url, report.status),
        _ => format!("Fetched {} ({}).\n", report.url, report.status),
    };
    if report.final_url != report.url {
        told.push_str(&format!("It was redirected to {}.\n", report.final_url));
    }
    if report.truncated {
        told.push_str(&format!(
            "Only the first {} characters are shown.\n",
            report.length
        ));
    }
    told + report.text
}

openclaw_sdk::tool!(WebFetch);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_lists_the_tool_and_asks_for_https_alone() {
        let manifest: serde_json::Value =
            serde_json::from_str(include_str!("../openclaw.plugin.json")).unwrap();
        assert_eq!(
            manifest["contracts"]["tools"],
            serde_json::json!([WebFetch::NAME])
        );
        let rules = manifest["capabilities"]["http"].as_array().unwrap();
        assert!(
            rules
                .iter()
                .all(|rule| rule["scheme"] == "https" && rule["methods"] == serde_json::json!(["GET"]))
        );
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("aüb", 2), ("aü", 2));
        assert_eq!(cut("aüb", 3), ("aüb", 3));
        assert_eq!(cut("", 100), ("", 0));
    }
}
