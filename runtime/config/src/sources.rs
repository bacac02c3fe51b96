//! The files that a config was read from, and where in them each of its places is written.
//!
//! Nothing is remembered per value. A position is found when it is asked for, by walking the outlines of the
//! files the way the includes were merged; each outline is read once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

use crate::issue::Position;
use crate::path::{Path, Segment};
use crate::syntax::{Content, Outline, line_column};

/// The key that includes other files.
pub(crate) const INCLUDE: &str = "$include";
/// How deep files may include files.
pub(crate) const MAX_INCLUDE_DEPTH: usize = 10;

/// A digest that tells whether content changed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Sha256Hash([u8; 32]);

impl Sha256Hash {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl std::fmt::Display for Sha256Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One file that the config was read from.
pub struct SourceFile {
    /// Where it is; links are followed.
    pub path: PathBuf,
    /// The digest of its content.
    pub hash: Sha256Hash,
    /// What it says.
    pub text: String,
    outline: OnceLock<Option<Outline>>,
    /// The files that its include names stand for.
    pub(crate) includes: BTreeMap<String, usize>,
}

impl SourceFile {
    pub(crate) fn new(path: PathBuf, text: String) -> Self {
        let hash = Sha256Hash::of(text.as_bytes());
        Self {
            path,
            hash,
            text,
            outline: OnceLock::new(),
            includes: BTreeMap::new(),
        }
    }

    /// Where everything stands in it.
    pub fn outline(&self) -> Option<&Outline> {
        self.outline.get_or_init(|| Outline::read(&self.text)).as_ref()
    }

    /// The position of a part of this file.
    pub fn position(&self, part: &Outline) -> Position {
        let (line, column) = line_column(&self.text, part.head().start);
        Position {
            file: self.path.clone(),
            line,
            column,
        }
    }
}

/// The files that a config was read from; the root file first.
#[derive(Default)]
pub struct Sources {
    pub(crate) files: Vec<SourceFile>,
}

/// How many parts one place is looked for in. Files that include each other many times over unfold without end; the
/// place is then told a little less closely.
const MOST_PARTS: usize = 4096;

/// A part of a file.
type Part<'s> = (&'s SourceFile, &'s Outline);

impl Sources {
    /// The files, the root file first.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The digest of the root file's content; `None` without a root file.
    pub fn root_hash(&self) -> Option<Sha256Hash> {
        self.files.first().map(|file| file.hash)
    }

    /// One digest over all files.
    pub fn whole_hash(&self) -> Sha256Hash {
        let mut digest = Sha256::new();
        for file in &self.files {
            digest.update(file.path.as_os_str().as_encoded_bytes());
            digest.update([0]);
            digest.update(file.hash.0);
        }
        Sha256Hash(digest.finalize().into())
    }

    /// Where a place of the merged config is written, or the closest thing around it that is; with how many of
    /// the path's steps were found.
    pub fn locate(&self, path: &Path) -> Option<(Position, usize)> {
        let root = self.files.first()?;
        let mut parts = vec![(root, root.outline()?)];
        let mut found = 0;
        for segment in path.segments() {
            let next = self.step(&parts, segment);
            if next.is_empty() {
                break;
            }
            parts = next;
            found += 1;
        }
        parts.last().map(|(file, part)| (file.position(part), found))
    }

    /// The parts that the value one step in was merged from, in the order of the merge.
    fn step<'s>(&'s self, parts: &[Part<'s>], segment: &Segment) -> Vec<Part<'s>> {
        let mut all = Vec::new();
        for part in parts {
            self.unfold(*part, MAX_INCLUDE_DEPTH, &mut all);
        }
        match segment {
            Segment::Key(key) => all
                .iter()
                .filter_map(|(file, part)| Some((*file, part.entry(key)?)))
                .collect(),
            Segment::Index(index) => {
                // Arrays that meet are joined, and anything else replaces what came before.
                let is_array = |(_, part): &&Part<'s>| matches!(part.content, Content::Array(_));
                let start = all.len() - all.iter().rev().take_while(is_array).count();
                let mut index = *index;
                for (file, part) in all.iter().skip(start) {
                    let Content::Array(elements) = &part.content else {
                        continue;
                    };
                    match elements.get(index) {
                        Some(element) => return vec![(*file, element)],
                        None => index -= elements.len(),
                    }
                }
                Vec::new()
            }
        }
    }

    /// A part, with what it includes in front of it.
    fn unfold<'s>(&'s self, (file, part): Part<'s>, depth: usize, all: &mut Vec<Part<'s>>) {
        if all.len() >= MOST_PARTS {
            return;
        }
        if let Some(include) = part.entry(INCLUDE)
            && let Some(depth) = depth.checked_sub(1)
        {
            let names = match &include.content {
                Content::Array(names) => names.iter().collect(),
                _ => vec![include],
            };
            for name in names {
                let included = json5::from_str::<String>(name.value.of(&file.text))
                    .ok()
                    .and_then(|name| self.files.get(*file.includes.get(&name)?));
                if let Some(included) = included
                    && let Some(outline) = included.outline()
                {
                    self.unfold((included, outline), depth, all);
                }
            }
        }
        all.push((file, part));
    }
}
