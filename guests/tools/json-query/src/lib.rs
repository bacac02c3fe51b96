//! jq for models: a filter over a JSON document. It reads nothing but its arguments; the number of results and
//! their size are bounded here, and the time that a filter takes by the host.

mod filter;

use openclaw_sdk::{Context, Output, Result, Tool, ToolTrait};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::filter::{MAX_RESULTS, run};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The filter in the language of jq, for example `.items[] | select(.price > 10) | .name`.
    filter: String,
    /// The document, as JSON text.
    document: String,
}

struct JsonQuery;

impl Tool for JsonQuery {
    const NAME: &'static str = "json_query";
    const TITLE: Option<&'static str> = Some("JSON query");
    const DESCRIPTION: &'static str = "Applies a jq filter to a JSON document and gives the results, one a line, \
        as JSON. Use it to pick, count, sort or reshape data instead of reading through it.";
    const TRAITS: &'static [ToolTrait] = &[ToolTrait::ReadOnly, ToolTrait::Idempotent];
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        let results = run(&args.filter, &args.document)?;
        let mut text = results.lines.join("\n");
        if results.lines.is_empty() {
            text.push_str("no results");
        } else if results.is_cut {
            text.push_str(&format!(
                "\n(more results were left out: at most {MAX_RESULTS} are shown, and half a MiB)"
            ));
        }
        Ok(text.into())
    }
}

openclaw_sdk::tool!(JsonQuery);

#[cfg(test)]
mod tests {
    use openclaw_sdk::ContentPart;

    use super::*;

    fn call(filter: &str, document: &str) -> String {
        let (filter, document) = (filter.to_owned(), document.to_owned());
        let output = JsonQuery::call(Args { filter, document }, &Context::current()).unwrap();
        match output.content.as_slice() {
            [ContentPart::Text(text)] => text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn results_are_one_a_line() {
        assert_eq!(call(".[] | .a", r#"[{"a": 1}, {"a": "x"}]"#), "1\n\"x\"");
        assert_eq!(call("empty", "1"), "no results");
    }

    #[test]
    fn what_is_left_out_is_said() {
        assert!(call("repeat(1)", "1").ends_with("half a MiB)"));
    }

    #[test]
    fn the_manifest_lists_the_tool() {
        let manifest: serde_json::Value =
            serde_json::from_str(include_str!("../openclaw.plugin.json")).unwrap();
        assert_eq!(
            manifest["contracts"]["tools"],
            serde_json::json!([JsonQuery::NAME])
        );
    }
}
