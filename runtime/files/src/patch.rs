//! `apply_patch`: several files added, changed, moved and deleted at once.
//!
//! **Promise.** All of a patch is read, and found in the files, before the first file is touched, and every new file
//! is written aside before the first is put into its place: what can be told beforehand changes nothing. **Bound.**
//! [`SECTIONS`] files; the work of finding is bounded too. **Cost.** All files of the patch are held at once.

mod grammar;
mod matching;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal};
use crate::arguments::text;
use crate::file::{FILE_BYTES, expect_file, not_a_file, read, stage};
use crate::folder::{Folder, Kind};
use crate::place::{Place, name, place};
use crate::text::Text;
use crate::words::refuse;

use grammar::{Change, Section};
use matching::Search;

pub(crate) const ABOUT: &str = "Change several files of the workspace at once. input begins with *** Begin Patch and \
ends with *** End Patch; between them are sections: *** Add File: PATH with + lines, *** Delete File: PATH, and \
*** Update File: PATH, perhaps *** Move to: PATH, with hunks. A hunk begins with @@, or @@ and a line that stands above \
it, and has lines that begin with a space (kept), - (removed) or + (added).";
/// The most files of one patch.
const SECTIONS: usize = 1000;
/// The most that all files of one patch hold.
const TOTAL_BYTES: usize = 64 << 20;

pub(crate) fn parameters() -> Value {
    json!({
        "type": "object",
        "properties": {
            "input": {"type": "string", "description": "The patch, from *** Begin Patch to *** End Patch"},
        },
        "required": ["input"],
    })
}

pub(crate) fn call(folder: &dyn Folder, arguments: &Value) -> Result<Answer, Refusal> {
    let sections = grammar::parse(text(arguments, &["input", "patch"])?)?;
    if sections.len() > SECTIONS {
        return Err(Refusal(format!(
            "A patch has up to {SECTIONS} files; make several."
        )));
    }
    let mut paths = Vec::new();
    for section in &sections {
        paths.push(name(folder, &section.path)?.path);
        // A link may be deleted wherever it leads.
        if section.change != Change::Delete {
            paths.push(place(folder, &section.path)?.path);
        }
        if let Change::Update {
            target: Some(target), ..
        } = &section.change
        {
            paths.push(place(folder, target)?.path);
        }
    }
    let _held = folder.hold(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    let mut plan = Plan {
        folder,
        files: BTreeMap::new(),
        order: Vec::new(),
        search: Search::default(),
        summary: Summary::default(),
    };
    for section in &sections {
        plan.add(section)?;
    }
    let told = plan.summary.tell();
    let details = json!({"summary": {
        "added": plan.summary.added, "modified": plan.summary.modified, "deleted": plan.summary.deleted,
    }});
    plan.carry_out()?;
    Ok(Answer::ok(told, details))
}

/// What a patch did, each file once.
#[derive(Default)]
struct Summary {
    added: Vec<String>,
    modified: Vec<String>,
    deleted: Vec<String>,
}

impl Summary {
    fn tell(&self) -> String {
        let marked = [('A', &self.added), ('M', &self.modified), ('D', &self.deleted)];
        let lines = marked
            .into_iter()
            .flat_map(|(mark, names)| names.iter().map(move |name| format!("\n{mark} {name}")));
        format!("Changed these files:{}", lines.collect::<String>())
    }
}

fn note(names: &mut Vec<String>, shown: &str) {
    if !names.iter().any(|name| name == shown) {
        names.push(shown.to_owned());
    }
}

/// A file as it is to be.
struct Planned {
    place: Place,
    /// None if it is to be gone.
    content: Option<String>,
    /// The file whose rights it gets.
    like: Option<PathBuf>,
}

/// What is to become of the files.
struct Plan<'a> {
    folder: &'a dyn Folder,
    files: BTreeMap<PathBuf, Planned>,
    /// In the order in which they were first named.
    order: Vec<PathBuf>,
    search: Search,
    summary: Summary,
}

impl Plan<'_> {
    fn add(&mut self, section: &Section) -> Result<(), Refusal> {
        match &section.change {
            Change::Add { content } => {
                let place = place(self.folder, &section.path)?;
                self.check_free(&section.path)?;
                let like = place.found.is_some().then(|| place.path.clone());
                note(&mut self.summary.added, &place.shown);
                self.put(place, content.clone(), like)
            }
            Change::Delete => {
                let place = name(self.folder, &section.path)?;
                note(&mut self.summary.deleted, &place.shown);
                self.take(place)
            }
            Change::Update { target, hunks } => {
                let source = place(self.folder, &section.path)?;
                let (whole, like) = self.content(&source)?;
                let text = Text::new(&whole);
                let pieces = self.search.find(&source.shown, &text.body, hunks)?;
                let updated = text.splice(&pieces);
                let Some(target) = target else {
                    note(&mut self.summary.modified, &source.shown);
                    return self.put(source, updated, like);
                };
                self.check_free(target)?;
                let target = place(self.folder, target)?;
                note(&mut self.summary.modified, &target.shown);
                if target.path != source.path {
                    self.take(name(self.folder, &section.path)?)?;
                }
                self.put(target, updated, like)
            }
        }
    }

    /// A link that a section before takes away still leads somewhere until the patch is carried out.
    fn check_free(&self, path: &str) -> Result<(), Refusal> {
        let own = name(self.folder, path)?;
        match self.files.get(&own.path) {
            Some(Planned { content: None, .. }) if own.path != place(self.folder, path)?.path => {
                Err(Refusal(format!(
                    "The patch takes the link {} away and puts a file in its place; make two patches of it.",
                    own.shown
                )))
            }
            _ => Ok(()),
        }
    }

    /// What a file holds after the sections before, and the file whose rights it has.
    fn content(&self, place: &Place) -> Result<(String, Option<PathBuf>), Refusal> {
        match self.files.get(&place.path) {
            Some(Planned {
                content: Some(content),
                like,
                ..
            }) => Ok((content.clone(), like.clone())),
            Some(Planned { content: None, .. }) => Err(Refusal(format!(
                "The patch changes {} after it took it away.",
                place.shown
            ))),
            None => {
                let bytes = read(self.folder, place)?;
                let whole = String::from_utf8(bytes).map_err(|_| crate::file::not_text(place))?;
                Ok((whole, Some(place.path.clone())))
            }
        }
    }

    fn put(&mut self, place: Place, content: String, like: Option<PathBuf>) -> Result<(), Refusal> {
        if place.found.is_some_and(|found| found.kind != Kind::File) {
            return Err(not_a_file(&place));
        }
        let total: usize = self
            .files
            .values()
            .filter_map(|file| file.content.as_ref())
            .map(String::len)
            .sum();
        if content.len() as u64 > FILE_BYTES || total + content.len() > TOTAL_BYTES {
            return Err(Refusal(format!(
                "The patch makes {} too large; make several.",
                place.shown
            )));
        }
        self.plan(Planned {
            place,
            content: Some(content),
            like,
        });
        Ok(())
    }

    fn take(&mut self, place: Place) -> Result<(), Refusal> {
        match self.files.get(&place.path) {
            Some(Planned { content: Some(_), .. }) => {}
            Some(Planned { content: None, .. }) => {
                return Err(refuse(
                    "deleted",
                    &place.shown,
                    &std::io::ErrorKind::NotFound.into(),
                ));
            }
            None if place.found.is_some_and(|found| found.kind == Kind::Link) => {}
            None => {
                expect_file(&place)?;
            }
        }
        self.plan(Planned {
            place,
            content: None,
            like: None,
        });
        Ok(())
    }

    fn plan(&mut self, planned: Planned) {
        let path = planned.place.path.clone();
        if self.files.insert(path.clone(), planned).is_none() {
            self.order.push(path);
        }
    }

    /// Does what was planned.
    fn carry_out(self) -> Result<(), Refusal> {
        let planned: Vec<_> = self
            .order
            .iter()
            .filter_map(|path| self.files.get(path))
            .collect();
        let mut staged = Vec::new();
        for file in &planned {
            if let Some(content) = &file.content {
                let like = file.like.as_deref().filter(|like| self.is_there(like));
                staged.push(stage(self.folder, &file.place, content.as_bytes(), like)?);
            }
        }
        let mut done = 0;
        let partly = |done: usize, refusal: Refusal| match done {
            0 => refusal,
            _ => Refusal(format!(
                "{} {done} files of the patch were changed before.",
                refusal.0
            )),
        };
        for file in staged {
            file.commit().map_err(|refusal| partly(done, refusal))?;
            done += 1;
        }
        for file in planned
            .iter()
            .filter(|file| file.content.is_none() && file.place.found.is_some())
        {
            let removed = self.folder.remove(&file.place.path);
            removed.map_err(|error| partly(done, refuse("deleted", &file.place.shown, &error)))?;
            done += 1;
        }
        Ok(())
    }

    fn is_there(&self, path: &Path) -> bool {
        self.folder.look(path).is_ok_and(|found| found.kind == Kind::File)
    }
}
