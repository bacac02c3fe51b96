//! Counting. A file is read line by line, so memory is bounded by the longest line and by the number of
//! different words, and both have an end.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// A longer line is not text.
const MAX_LINE: u64 = 1024 * 1024;
/// Words that are met after so many different ones are counted and not listed.
const MAX_DIFFERENT: usize = 100_000;
const MAX_FILES: usize = 1000;

/// What cannot be counted.
#[derive(Debug)]
pub(crate) enum Mistake {
    Unreadable(PathBuf, std::io::Error),
    TooManyFiles(PathBuf),
    NotText(PathBuf, u64),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, _) => write!(f, "{} cannot be read", path.display()),
            Self::TooManyFiles(path) => {
                write!(f, "{} has more than {MAX_FILES} files; name one", path.display())
            }
            Self::NotText(path, line) => write!(f, "{} is not text: line {line}", path.display()),
        }
    }
}

impl std::error::Error for Mistake {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            Self::TooManyFiles(_) | Self::NotText(..) => None,
        }
    }
}

/// The file itself, or the files directly in a folder, by name.
pub(crate) fn list_files(path: &Path) -> Result<Vec<PathBuf>, Mistake> {
    let unreadable = |error| Mistake::Unreadable(path.to_owned(), error);
    if !path.metadata().map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_file() {
            files.push(entry.path());
        }
        if files.len() > MAX_FILES {
            return Err(Mistake::TooManyFiles(path.to_owned()));
        }
    }
    files.sort();
    Ok(files)
}

/// What was counted so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    files: u64,
    bytes: u64,
    lines: u64,
    words: u64,
    frequent: HashMap<String, u64>,
}

impl Counts {
    /// Adds a file to what was counted.
    pub(crate) fn add_file(&mut self, path: &Path) -> Result<(), Mistake> {
        let unreadable = |error| Mistake::Unreadable(path.to_owned(), error);
        let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
        let (mut line, mut number) = (Vec::new(), 0);
        loop {
            line.clear();
            let read = (&mut reader)
                .take(MAX_LINE + 1)
                .read_until(b'\n', &mut line)
                .map_err(unreadable)? as u64;
            if read == 0 {
                break;
            }
            number += 1;
            let text = std::str::from_utf8(&line).ok().filter(|_| read <= MAX_LINE);
            let text = text.ok_or_else(|| Mistake::NotText(path.to_owned(), number))?;
            self.bytes += read;
            self.add_line(text);
        }
        self.files += 1;
        Ok(())
    }

    fn add_line(&mut self, line: &str) {
        self.lines += 1;
        for word in line.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’') {
            let word = word.trim_matches(['\'', '’']).to_lowercase();
            if word.is_empty() {
                continue;
            }
            self.words += 1;
            if let Some(count) = self.frequent.get_mut(&word) {
                *count += 1;
            } else if self.frequent.len() < MAX_DIFFERENT {
                self.frequent.insert(word, 1);
            }
        }
    }

    /// The most frequent words, equally frequent ones in the order of the alphabet.
    fn top(&self, most: usize) -> Vec<(&str, u64)> {
        let mut words: Vec<_> = self
            .frequent
            .iter()
            .map(|(word, n)| (word.as_str(), *n))
            .collect();
        words.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
        words.truncate(most);
        words
    }

    /// All of it for a reader, with so many of the most frequent words.
    pub(crate) fn write(&self, most: usize) -> String {
        let Self {
            files,
            bytes,
            lines,
            words,
            frequent,
        } = self;
        let mut text = format!("files: {files}\nbytes: {bytes}\nlines: {lines}\nwords: {words}");
        text.push_str(&format!("\ndifferent words: {}", frequent.len()));
        if frequent.len() == MAX_DIFFERENT {
            text.push_str(" or more");
        }
        for (word, n) in self.top(most) {
            text.push_str(&format!("\n{n} {word}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/samples")
    }

    #[test]
    fn a_file_is_counted_with_its_last_line() {
        let mut counts = Counts::default();
        counts.add_file(&samples().join("sea.txt")).unwrap();
        let expected = "files: 1\nbytes: 47\nlines: 4\nwords: 11\ndifferent words: 6\n3 sea\n3 the\n2 is";
        assert_eq!(counts.write(3), expected);
    }

    #[test]
    fn a_folder_stands_for_its_files_and_case_does_not_count() {
        let files = list_files(&samples()).unwrap();
        assert_eq!(files.len(), 2);
        let mut counts = Counts::default();
        for file in &files {
            counts.add_file(file).unwrap();
        }
        assert_eq!((counts.files, counts.lines, counts.words), (2, 6, 16));
        assert!(counts.top(100).contains(&("über", 2)));
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_line() {
        let own = std::env::current_exe().unwrap();
        let mistake = Counts::default().add_file(&own).unwrap_err();
        assert!(mistake.to_string().contains("is not text: line "), "{mistake}");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let mistake = list_files(&samples().join("gone.txt")).unwrap_err();
        assert!(
            mistake.to_string().ends_with("gone.txt cannot be read"),
            "{mistake}"
        );
    }
}
