//! Notes that outlive the conversation: one key each in the extension's own store, whose quota bounds them.

mod note;

use openclaw_sdk::{Context, Failure, Output, Result, Tool, ToolTrait, kv, log};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::note::{Note, PREFIX, find_key, write_list};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AddArgs {
    /// What the note is called, at most 200 characters on one line. No two notes share a title.
    title: String,
    /// What it says.
    text: String,
}

struct Add;

impl Tool for Add {
    const NAME: &'static str = "note_add";
    const DESCRIPTION: &'static str =
        "Keeps a note under a title of its own. It is there in later conversations too.";
    type Args = AddArgs;

    fn call(args: AddArgs, _: &Context) -> Result<Output> {
        let key = find_key(&args.title)?;
        if !kv::insert(&key, &Note::new(args.text))? {
            return Err(Failure::new(
                "there is a note with this title; choose another one, or delete that note first",
            ));
        }
        log::info!("a note was added");
        Ok("The note is kept.".into())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListArgs {
    /// Only notes whose title begins with this; leave it out for all.
    prefix: Option<String>,
}

struct List;

impl Tool for List {
    const NAME: &'static str = "note_list";
    const DESCRIPTION: &'static str = "Lists the titles of all notes, with the day each was added.";
    const TRAITS: &'static [ToolTrait] = &[ToolTrait::ReadOnly];
    type Args = ListArgs;

    fn call(args: ListArgs, _: &Context) -> Result<Output> {
        let prefix = format!("{PREFIX}{}", args.prefix.unwrap_or_default());
        let notes = kv::list::<Note>(&prefix).collect::<Result<Vec<_>, _>>()?;
        Ok(write_list(&notes).into())
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TitleArgs {
    /// The note's title, as `note_list` gives it.
    title: String,
}

struct Get;

impl Tool for Get {
    const NAME: &'static str = "note_get";
    const DESCRIPTION: &'static str = "Gives the text of a note.";
    const TRAITS: &'static [ToolTrait] = &[ToolTrait::ReadOnly];
    type Args = TitleArgs;

    fn call(args: TitleArgs, _: &Context) -> Result<Output> {
        let note = kv::get::<Note>(&find_key(&args.title)?)?.ok_or_else(no_such_note)?;
        Ok(note.text.into())
    }
}

struct Delete;

impl Tool for Delete {
    const NAME: &'static str = "note_delete";
    const DESCRIPTION: &'static str = "Deletes a note for good.";
    const TRAITS: &'static [ToolTrait] = &[ToolTrait::Destructive];
    type Args = TitleArgs;

    fn call(args: TitleArgs, _: &Context) -> Result<Output> {
        if !kv::delete(&find_key(&args.title)?)? {
            return Err(no_such_note());
        }
        log::info!("a note was deleted");
        Ok("The note is deleted.".into())
    }
}

fn no_such_note() -> Failure {
    Failure::new("there is no note with this title; note_list gives the titles")
}

openclaw_sdk::tool!(Add, List, Get, Delete);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_lists_the_tools() {
        let manifest: serde_json::Value =
            serde_json::from_str(include_str!("../openclaw.plugin.json")).unwrap();
        let names = serde_json::json!([Add::NAME, List::NAME, Get::NAME, Delete::NAME]);
        assert_eq!(manifest["contracts"]["tools"], names);
    }
}
