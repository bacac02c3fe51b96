//! Puts included files in the place of `$include`.
//!
//! Files are merged in order: objects key by key, arrays one after the other, anything else replaced by what
//! comes later; the keys beside `$include` come last. A file must lie in the folder of the root config or under
//! a root that the operator named, links followed. Depth, number and total size are bounded, so that no set of
//! files can fill the memory by including each other.

use std::io;
use std::path::{Path as FilePath, PathBuf};

use serde_json::{Map, Value};

use crate::files::{FileKind, Files, flatten};
use crate::issue::{Issue, Position};
use crate::path::Path;
use crate::sources::{INCLUDE, MAX_INCLUDE_DEPTH, SourceFile, Sources};
use crate::syntax::{self, MAX_FILE_BYTES, MAX_NESTING};

/// The longest path of an included file.
const MAX_PATH: usize = 4096;
/// How often files may be included in one load.
const MAX_INCLUDES: usize = 1024;
/// How much text all included files together may be.
const MAX_TOTAL_BYTES: usize = 16 * 1024 * 1024;

/// What reading a config with its includes yields.
pub(crate) struct Resolved {
    /// The merged value.
    pub value: Value,
    /// The files it came from.
    pub sources: Sources,
    /// What cannot be meant. Empty: all is well.
    pub issues: Vec<Issue>,
    /// What is worth knowing.
    pub warnings: Vec<Issue>,
}

/// Reads the config file `root`, which exists, with everything that it includes.
pub(crate) fn resolve(root: &FilePath, roots: &[PathBuf], files: &dyn Files) -> io::Result<Resolved> {
    let folder = root.parent().unwrap_or(FilePath::new("/"));
    let real = |path: &PathBuf| files.canonicalise(path).unwrap_or_else(|_| path.clone());
    let named = std::iter::once(folder.to_owned()).chain(roots.iter().cloned());
    let mut reader = Reader {
        files,
        allowed: named.map(|path| (real(&path), path)).collect(),
        sources: Sources::default(),
        issues: Vec::new(),
        warnings: Vec::new(),
        includes: 0,
        bytes: 0,
        too_many: false,
    };
    let limit = u64::try_from(MAX_FILE_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let value = match syntax::decode(files.read(root, limit)?) {
        Ok(text) => match reader.add(root.to_owned(), text, &Path::root()) {
            Ok((_, value)) => reader.expand(value, &mut Place::at_root(folder)),
            Err(issue) => reader.refuse(issue),
        },
        Err(error) => {
            let issue = whole_file(root, &error);
            reader.refuse(issue)
        }
    };
    Ok(Resolved {
        value,
        sources: reader.sources,
        issues: reader.issues,
        warnings: reader.warnings,
    })
}

/// An issue with a file as a whole, at the line that the parser named.
fn whole_file(file: &FilePath, error: &syntax::SyntaxError) -> Issue {
    let (line, column) = error.position.unwrap_or((1, 1));
    let position = Position {
        file: file.to_owned(),
        line,
        column,
    };
    Issue::at(
        Path::root(),
        format!("cannot be parsed: {}", error.message),
        position,
    )
}

/// Where the reader is: in the merged config and in a file.
struct Place {
    merged: Path,
    /// Files that are being read, the root first, each with the folder its includes start from.
    open: Vec<(usize, PathBuf)>,
}

impl Place {
    fn at_root(folder: &FilePath) -> Self {
        Self {
            merged: Path::root(),
            open: vec![(0, folder.to_owned())],
        }
    }
}

struct Reader<'f> {
    files: &'f dyn Files,
    /// Folders that included files may be in: with links followed, and as named.
    allowed: Vec<(PathBuf, PathBuf)>,
    sources: Sources,
    issues: Vec<Issue>,
    warnings: Vec<Issue>,
    includes: usize,
    bytes: usize,
    too_many: bool,
}

impl Reader<'_> {
    fn refuse(&mut self, issue: Issue) -> Value {
        self.issues.push(issue);
        Value::Null
    }

    /// Parses a file and takes it up among the sources.
    fn add(&mut self, path: PathBuf, text: String, merged: &Path) -> Result<(usize, Value), Issue> {
        let parsed = syntax::parse(&text).map_err(|error| whole_file(&path, &error));
        for repeated in parsed.iter().flat_map(|parsed| &parsed.repeated) {
            let message = format!(
                "is set twice in one object, on lines {} and {}; the last one counts",
                repeated.first.0, repeated.last.0
            );
            let (line, column) = repeated.last;
            let position = Position {
                file: path.clone(),
                line,
                column,
            };
            self.warnings.push(Issue::at(
                merged.join(repeated.path.segments()),
                message,
                position,
            ));
        }
        self.sources.files.push(SourceFile::new(path, text));
        parsed.map(|parsed| (self.sources.files.len() - 1, parsed.value))
    }

    fn expand(&mut self, value: Value, place: &mut Place) -> Value {
        if place.merged.segments().len() > MAX_NESTING {
            self.issues.push(Issue::new(
                place.merged.clone(),
                format!("nested deeper than {MAX_NESTING} levels, includes counted in"),
            ));
            return Value::Null;
        }
        match value {
            Value::Object(object) => self.expand_object(object, place),
            Value::Array(elements) => {
                let expand = |(index, element)| {
                    place.merged.push_index(index);
                    let element = self.expand(element, place);
                    place.merged.pop();
                    element
                };
                Value::Array(elements.into_iter().enumerate().map(expand).collect())
            }
            scalar => scalar,
        }
    }

    fn expand_object(&mut self, mut object: Map<String, Value>, place: &mut Place) -> Value {
        let include = object.remove(INCLUDE);
        for (key, value) in &mut object {
            if value.is_object() || value.is_array() {
                place.merged.push_key(key);
                *value = self.expand(value.take(), place);
                place.merged.pop();
            }
        }
        let Some(include) = include else {
            return Value::Object(object);
        };
        let mut merged = match include {
            Value::String(name) => self.include(&name, place).unwrap_or_default(),
            Value::Array(names) => {
                let mut merged = Value::Object(Map::new());
                for name in names {
                    match name {
                        Value::String(name) => {
                            if let Some(value) = self.include(&name, place) {
                                merge(&mut merged, value);
                            }
                        }
                        _ => self.wrong(place, "each entry of \"$include\" must be a file name"),
                    }
                }
                merged
            }
            _ => {
                self.wrong(place, "\"$include\" must be a file name or a list of file names");
                Value::Null
            }
        };
        if !object.is_empty() {
            if !merged.is_object() && !merged.is_null() {
                self.wrong(
                    place,
                    "keys stand beside \"$include\", so the included file must hold an object",
                );
            }
            merge(&mut merged, Value::Object(object));
        }
        merged
    }

    fn wrong(&mut self, place: &Place, message: impl Into<String>) {
        let path = place.merged.key(INCLUDE);
        self.issues.push(Issue::new(path, message));
    }

    /// The content of an included file; `None`: it was refused, and why is among the issues.
    fn include(&mut self, name: &str, place: &mut Place) -> Option<Value> {
        match self.open(name, place) {
            Ok((index, value)) => {
                let from = place.open.last().map(|(file, _)| *file)?;
                self.sources
                    .files
                    .get_mut(from)?
                    .includes
                    .insert(name.to_owned(), index);
                let folder = self.sources.files.get(index)?.path.parent()?.to_owned();
                place.open.push((index, folder));
                let value = self.expand(value, place);
                place.open.pop();
                Some(value)
            }
            Err(message) => {
                self.wrong(place, message);
                None
            }
        }
    }

    fn open(&mut self, name: &str, place: &Place) -> Result<(usize, Value), String> {
        if name.is_empty() || name.contains('\0') {
            return Err("Invalid include path: a file name must not be empty or hold NUL".to_owned());
        }
        if name.len() >= MAX_PATH {
            return Err(format!(
                "Include path is too long: it must be shorter than {MAX_PATH} characters"
            ));
        }
        if place.open.len() > MAX_INCLUDE_DEPTH {
            return Err(format!(
                "Maximum include depth ({MAX_INCLUDE_DEPTH}) exceeded at \"{name}\""
            ));
        }
        self.includes += 1;
        if self.includes > MAX_INCLUDES || self.bytes > MAX_TOTAL_BYTES {
            // Told once; otherwise the list of issues would grow as the files would have.
            if std::mem::replace(&mut self.too_many, true) {
                return Err("left out as well".to_owned());
            }
            return Err(format!(
                "too much is included: at most {MAX_INCLUDES} times, {MAX_TOTAL_BYTES} bytes in all"
            ));
        }
        let folder = place
            .open
            .last()
            .map(|(_, folder)| folder.as_path())
            .unwrap_or(FilePath::new("/"));
        let path = flatten(&folder.join(name));
        let outside = || {
            format!(
                "Include path escapes the config directory: \"{name}\" (add its folder to OPENCLAW_INCLUDE_ROOTS to allow it)"
            )
        };
        if !self
            .allowed
            .iter()
            .any(|(real, named)| path.starts_with(real) || path.starts_with(named))
        {
            return Err(outside());
        }
        let failed = |cause: io::Error| match cause.kind() {
            io::ErrorKind::NotFound => format!("Include file not found: \"{name}\" ({})", path.display()),
            _ => format!("Failed to read include file \"{name}\": {cause}"),
        };
        if self.files.kind(&path).map_err(failed)? == FileKind::Other {
            return Err(format!("Invalid include path: \"{name}\" is not a regular file"));
        }
        let path = self.files.canonicalise(&path).map_err(failed)?;
        if !self.allowed.iter().any(|(real, _)| path.starts_with(real)) {
            return Err(outside());
        }
        if path.as_os_str().len() >= MAX_PATH {
            return Err(format!(
                "Include path is too long: it must be shorter than {MAX_PATH} characters"
            ));
        }
        let file = |index: usize| self.sources.files.get(index).map(|file| file.path.as_path());
        if place
            .open
            .iter()
            .any(|(index, _)| self.is_same(file(*index), &path))
        {
            let chain = place
                .open
                .iter()
                .filter_map(|(index, _)| file(*index))
                .chain([path.as_path()]);
            let chain: Vec<_> = chain.map(|path| path.display().to_string()).collect();
            return Err(format!("Circular include detected: {}", chain.join(" -> ")));
        }
        self.read(name, path, &place.merged)
    }

    /// Whether a file that is being read is the one at `path`. The root file keeps the path it was named by.
    fn is_same(&self, open: Option<&FilePath>, path: &FilePath) -> bool {
        open.is_some_and(|open| open == path || self.files.canonicalise(open).is_ok_and(|open| open == path))
    }

    fn read(&mut self, name: &str, path: PathBuf, merged: &Path) -> Result<(usize, Value), String> {
        let failed = |line: Option<(usize, usize)>, message: &str| {
            let line = line
                .map(|(line, column)| format!(" at {line}:{column}"))
                .unwrap_or_default();
            format!("Failed to parse include file \"{name}\": {message}{line}")
        };
        if let Some(index) = self.sources.files.iter().position(|file| file.path == path)
            && let Some(text) = self.sources.files.get(index).map(|file| file.text.as_str())
        {
            self.bytes += text.len();
            let parsed = syntax::parse(text).map_err(|error| failed(error.position, &error.message))?;
            return Ok((index, parsed.value));
        }
        let limit = u64::try_from(MAX_FILE_BYTES)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        let bytes = self.files.read(&path, limit);
        let bytes = bytes.map_err(|cause| format!("Failed to read include file \"{name}\": {cause}"))?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(format!(
                "Include file \"{name}\" is too large: more than {MAX_FILE_BYTES} bytes"
            ));
        }
        self.bytes += bytes.len();
        let text = syntax::decode(bytes).map_err(|error| failed(error.position, &error.message))?;
        self.add(path, text, merged).map_err(|issue| {
            let line = issue.position.as_ref().map(|at| (at.line, at.column));
            failed(line, &issue.message)
        })
    }
}

/// Merges `later` into `base`: objects key by key, arrays joined, anything else replaced.
fn merge(base: &mut Value, later: Value) {
    match (base, later) {
        (Value::Object(base), Value::Object(later)) => {
            for (key, value) in later {
                match base.get_mut(&key) {
                    Some(present) => merge(present, value),
                    None => {
                        base.insert(key, value);
                    }
                }
            }
        }
        (Value::Array(base), Value::Array(later)) => base.extend(later),
        (base, later) => *base = later,
    }
}

#[cfg(test)]
mod tests;
