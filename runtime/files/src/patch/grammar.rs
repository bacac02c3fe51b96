//! The form of a patch.
//!
//! **Promise.** What does not have the form is refused with the number of its line. Models' usual slips are
//! understood: a here-document around the patch, blank lines between sections, the line numbers of a unified diff.

use crate::answer::Refusal;

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
const ADD: &str = "*** Add File:";
const DELETE: &str = "*** Delete File:";
const UPDATE: &str = "*** Update File:";
const MOVE: &str = "*** Move to:";
const END_OF_FILE: &str = "*** End of File";

/// What becomes of one file.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Section {
    pub(super) path: String,
    pub(super) change: Change,
}

#[derive(Debug, Eq, PartialEq)]
pub(super) enum Change {
    Add {
        content: String,
    },
    Delete,
    Update {
        target: Option<String>,
        hunks: Vec<Hunk>,
    },
}

/// A piece of a file that changes.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Hunk {
    /// Lines that stand above it, from the top down.
    pub(super) anchors: Vec<String>,
    pub(super) lines: Vec<Line>,
    pub(super) is_at_end: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Line {
    Kept(String),
    Removed(String),
    Added(String),
}

/// Takes a patch apart.
pub(super) fn parse(input: &str) -> Result<Vec<Section>, Refusal> {
    let lines: Vec<_> = input.trim().lines().collect();
    let (first, lines) = unwrap(&lines)?;
    let mut reader = Reader { lines, at: 0, first };
    let mut sections = Vec::new();
    while let Some(line) = reader.peek() {
        let line = line.trim();
        let number = reader.number();
        reader.at += 1;
        let of = |mark: &str| -> Option<Result<String, Refusal>> {
            let path = line.strip_prefix(mark)?.trim();
            let named = !path.is_empty();
            Some(match named {
                true => Ok(path.to_owned()),
                false => Err(Refusal(format!("Line {number} of the patch names no file."))),
            })
        };
        if line.is_empty() {
            continue;
        }
        let (path, change) = if let Some(path) = of(ADD) {
            (path?, reader.add())
        } else if let Some(path) = of(DELETE) {
            (path?, Change::Delete)
        } else if let Some(path) = of(UPDATE) {
            (path?, reader.update(number)?)
        } else {
            return Err(Refusal(format!(
                "Line {number} of the patch begins no section: {}. A section begins with {ADD}, {DELETE} or {UPDATE} \
                 and a path.",
                clip(line)
            )));
        };
        sections.push(Section { path, change });
    }
    match sections.is_empty() {
        true => Err(Refusal::new(
            "The patch has no section, so that there is nothing to change.",
        )),
        false => Ok(sections),
    }
}

/// The lines between the first and the last, and the number of the first of them.
fn unwrap<'a>(lines: &'a [&'a str]) -> Result<(usize, &'a [&'a str]), Refusal> {
    let (first, lines) = match lines {
        [first, inner @ .., last] if is_here_document(first) && last.trim() == "EOF" => (3, inner),
        _ => (2, lines),
    };
    match lines {
        [begin, inner @ .., end] if begin.trim() == BEGIN && end.trim() == END => Ok((first, inner)),
        [begin, ..] if begin.trim() == BEGIN => {
            Err(Refusal(format!("The last line of the patch must be {END}.")))
        }
        _ => Err(Refusal(format!("The first line of the patch must be {BEGIN}."))),
    }
}

fn is_here_document(line: &str) -> bool {
    let word = line.trim().trim_start_matches("apply_patch").trim();
    matches!(word, "<<EOF" | "<<'EOF'" | "<<\"EOF\"")
}

/// A line as it is quoted in a refusal.
fn clip(line: &str) -> String {
    line.chars().take(80).collect()
}

struct Reader<'a> {
    lines: &'a [&'a str],
    at: usize,
    /// The number of the first line in the patch.
    first: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    fn number(&self) -> usize {
        self.first + self.at
    }

    fn add(&mut self) -> Change {
        let mut content = String::new();
        while let Some(line) = self.peek().and_then(|line| line.strip_prefix('+')) {
            content.push_str(line);
            content.push('\n');
            self.at += 1;
        }
        Change::Add { content }
    }

    fn update(&mut self, number: usize) -> Result<Change, Refusal> {
        let target = self.peek().and_then(|line| line.trim().strip_prefix(MOVE));
        let target = target.map(|path| path.trim().to_owned());
        if let Some(path) = &target {
            if path.is_empty() {
                let number = self.number();
                return Err(Refusal(format!("Line {number} of the patch names no file.")));
            }
            self.at += 1;
        }
        let mut hunks = Vec::new();
        while let Some(line) = self.peek() {
            if line.trim().is_empty() {
                self.at += 1;
            } else if line.starts_with("***") {
                break;
            } else {
                hunks.push(self.hunk(hunks.is_empty())?);
            }
        }
        match hunks.is_empty() && target.is_none() {
            true => Err(Refusal(format!(
                "The section in line {number} of the patch changes nothing."
            ))),
            false => Ok(Change::Update { target, hunks }),
        }
    }

    fn hunk(&mut self, is_first: bool) -> Result<Hunk, Refusal> {
        let mut hunk = Hunk::default();
        let mut is_begun = is_first;
        while let Some(rest) = self.peek().and_then(|line| line.strip_prefix("@@")) {
            hunk.anchors.extend(anchor(rest));
            is_begun = true;
            self.at += 1;
        }
        let begin = self.number();
        if !is_begun {
            let line = clip(self.peek().unwrap_or_default());
            return Err(Refusal(format!(
                "Line {begin} of the patch must begin a hunk with @@: {line}"
            )));
        }
        while let Some(line) = self.peek() {
            if line.trim_end() == END_OF_FILE {
                hunk.is_at_end = true;
                self.at += 1;
                break;
            }
            let mut letters = line.chars();
            let parsed = match letters.next() {
                None => Line::Kept(String::new()),
                Some(' ') => Line::Kept(letters.as_str().to_owned()),
                Some('-') => Line::Removed(letters.as_str().to_owned()),
                Some('+') => Line::Added(letters.as_str().to_owned()),
                // What a unified diff says of a last line that does not end.
                Some('\\') => {
                    self.at += 1;
                    continue;
                }
                Some(_) => break,
            };
            hunk.lines.push(parsed);
            self.at += 1;
        }
        match hunk.lines.is_empty() {
            true => {
                let line = clip(self.peek().unwrap_or(END));
                Err(Refusal(format!(
                    "Line {begin} of the patch is no line of a hunk, which begins with a space, - or +: {line}"
                )))
            }
            false => Ok(hunk),
        }
    }
}

/// The line that a hunk is said to be under. The line numbers of a unified diff say nothing.
fn anchor(rest: &str) -> Option<String> {
    let line = rest.strip_prefix(' ').unwrap_or(rest);
    let numbers = line
        .trim_start()
        .strip_prefix('-')
        .and_then(|line| line.split_once("@@"));
    let is_range = numbers.is_some_and(|(numbers, _)| {
        numbers.contains('+') && numbers.chars().all(|c| c.is_ascii_digit() || " ,+".contains(c))
    });
    (!line.trim().is_empty() && !is_range).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(input: &str) -> String {
        parse(input).unwrap_err().0
    }

    #[test]
    fn a_patch_is_taken_apart() {
        let sections = parse(
            "*** Begin Patch\n*** Add File: a b.txt\n+one\n+\n*** Delete File: old\n\n*** Update File: x\n\
             *** Move to: y/z\n@@ class A\n@@   fn b()\n keep\n-out\n+in\n\n@@\n+last\n*** End of File\n*** End Patch\n",
        )
        .unwrap();
        let first = Hunk {
            anchors: vec!["class A".to_owned(), "  fn b()".to_owned()],
            lines: vec![
                Line::Kept("keep".to_owned()),
                Line::Removed("out".to_owned()),
                Line::Added("in".to_owned()),
                Line::Kept(String::new()),
            ],
            is_at_end: false,
        };
        let second = Hunk {
            anchors: Vec::new(),
            lines: vec![Line::Added("last".to_owned())],
            is_at_end: true,
        };
        let expected = [
            (
                "a b.txt",
                Change::Add {
                    content: "one\n\n".to_owned(),
                },
            ),
            ("old", Change::Delete),
            (
                "x",
                Change::Update {
                    target: Some("y/z".to_owned()),
                    hunks: vec![first, second],
                },
            ),
        ];
        let expected = expected.map(|(path, change)| Section {
            path: path.to_owned(),
            change,
        });
        assert_eq!(sections, expected);
    }

    #[test]
    fn a_here_document_and_the_line_numbers_of_a_diff_are_understood() {
        let inner =
            "*** Begin Patch\r\n*** Update File: x\r\n@@ -1,2 +1,2 @@ fn a()\r\n-a\r\n+b\r\n*** End Patch";
        let plain = parse(inner).unwrap();
        for (before, after) in [("<<'EOF'\n", "\nEOF"), ("apply_patch <<EOF\n", "\nEOF\n")] {
            assert_eq!(parse(&format!("{before}{inner}{after}")).unwrap(), plain);
        }
        let Change::Update { hunks, .. } = &plain[0].change else {
            panic!("{plain:?}");
        };
        assert_eq!(hunks[0].anchors, Vec::<String>::new());
    }

    #[test]
    fn what_has_not_the_form_is_refused_with_its_line() {
        assert!(refused("*** Add File: a").contains("first line"));
        assert!(refused("*** Begin Patch\n*** Add File: a").contains("last line"));
        assert!(refused("*** Begin Patch\n*** End Patch").contains("no section"));
        let inside = |lines: &str| refused(&format!("*** Begin Patch\n{lines}\n*** End Patch"));
        assert!(inside("*** Add File:").starts_with("Line 2 of the patch names no file"));
        assert!(inside("*** Add File: a\n+x\ny").starts_with("Line 4 of the patch begins no section: y"));
        assert!(inside("*** Update File: a").starts_with("The section in line 2"));
        assert!(inside("*** Update File: a\n*** Move to:").starts_with("Line 3"));
        assert!(inside("*** Update File: a\nx").starts_with("Line 3"));
        assert!(inside("*** Update File: a\n@@\n*** Delete File: b").starts_with("Line 4"));
        assert!(inside("*** Update File: a\n@@\n-b\nx").starts_with("Line 5 of the patch must begin a hunk"));
    }
}
