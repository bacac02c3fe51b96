//! Statistics of text files in the one directory that the operator grants, read with the standard library.

mod count;

use std::path::Path;

use openclaw_sdk::{Context, Output, Result, Tool, ToolTrait, progress};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::count::{Counts, list_files};

/// Where the granted directory is, as the manifest asks for it.
const ROOT: &str = "/texts";
const MAX_TOP: usize = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// A file or folder, relative to the granted directory. A folder stands for the files directly in it; leave
    /// it out for the directory itself.
    path: Option<String>,
    /// How many of the most frequent words to list: 10 if left out, 100 at most.
    top: Option<usize>,
}

struct TextStats;

impl Tool for TextStats {
    const NAME: &'static str = "text_stats";
    const TITLE: Option<&'static str> = Some("Text statistics");
    const DESCRIPTION: &'static str = "Counts bytes, lines and words of text files, and lists the most frequent \
        words, without regard to case.";
    const TRAITS: &'static [ToolTrait] = &[ToolTrait::ReadOnly, ToolTrait::Idempotent];
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        let path = args.path.unwrap_or_default();
        // With `..` in it a path may lead out of the directory, and that is the host's to refuse.
        let files = list_files(&Path::new(ROOT).join(path.trim_start_matches('/')))?;
        let total = u64::try_from(files.len()).ok();
        let mut counts = Counts::default();
        for (done, file) in (0..).zip(&files) {
            progress::count("Reading", done, total);
            counts.add_file(file)?;
        }
        Ok(counts.write(args.top.unwrap_or(10).min(MAX_TOP)).into())
    }
}

openclaw_sdk::tool!(TextStats);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_lists_the_tool_and_asks_for_the_directory() {
        let manifest: serde_json::Value =
            serde_json::from_str(include_str!("../openclaw.plugin.json")).unwrap();
        assert_eq!(
            manifest["contracts"]["tools"],
            serde_json::json!([TextStats::NAME])
        );
        assert_eq!(manifest["capabilities"]["files"][0]["path"], ROOT);
    }
}
