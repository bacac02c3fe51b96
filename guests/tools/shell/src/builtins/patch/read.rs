//! What a unified diff says.

/// What is said of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub(super) old: String,
    pub(super) new: String,
    /// The line of the patch at which it begins.
    pub(super) line: usize,
    pub(super) hunks: Vec<Hunk>,
    /// What git says of it besides.
    pub(super) git: Git,
}

/// What git says of a file as a whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Git {
    /// Whether its names are those of git's own line, until others follow.
    is_head: bool,
    pub(super) moves: Option<Move>,
    makes: bool,
    removes: bool,
    old_mode: Option<u32>,
    pub(super) new_mode: Option<u32>,
    /// Whether what changes is not text.
    pub(super) is_binary: bool,
}

/// How a file comes by its new name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Move {
    Renamed,
    Copied,
    /// The way back of a copy: the new name goes.
    Uncopied,
}

impl Git {
    fn read(&mut self, line: &str) {
        let mode = |text: &str| u32::from_str_radix(text, 8).ok();
        if line.starts_with("rename from ") {
            self.moves = Some(Move::Renamed);
        } else if line.starts_with("copy from ") {
            self.moves = Some(Move::Copied);
        } else if let Some(text) = line.strip_prefix("old mode ") {
            self.old_mode = mode(text);
        } else if let Some(text) = line.strip_prefix("new mode ") {
            self.new_mode = mode(text);
        } else if let Some(text) = line.strip_prefix("new file mode ") {
            self.makes = true;
            self.new_mode = mode(text);
        } else if let Some(text) = line.strip_prefix("deleted file mode ") {
            self.removes = true;
            self.old_mode = mode(text);
        } else if line == "GIT binary patch" {
            self.is_binary = true;
        }
    }

    fn turn(&mut self) {
        std::mem::swap(&mut self.makes, &mut self.removes);
        std::mem::swap(&mut self.old_mode, &mut self.new_mode);
        if self.moves == Some(Move::Copied) {
            self.moves = Some(Move::Uncopied);
        }
    }
}

/// One place that changes: its lines, each with its sign.
#[derive(Clone, Debug, Default)]
pub(super) struct Hunk {
    old_start: usize,
    old_count: usize,
    pub(super) new_start: usize,
    new_count: usize,
    lines: Vec<(u8, Vec<u8>)>,
}

impl Part {
    /// The way back.
    pub(super) fn turned(mut self) -> Self {
        std::mem::swap(&mut self.old, &mut self.new);
        self.hunks.iter_mut().for_each(Hunk::turn);
        self.git.turn();
        self
    }

    /// Whether the file is not there before.
    pub(super) fn makes(&self) -> bool {
        self.old == "/dev/null"
            || self.git.makes
            || self
                .hunks
                .first()
                .is_some_and(|hunk| hunk.old_start == 0 && hunk.old_count == 0)
    }

    /// Whether the file is not there after.
    pub(super) fn removes(&self) -> bool {
        self.new == "/dev/null" || self.git.removes
    }

    /// By how many lines the hunks before one make the file longer.
    pub(super) fn grown(&self, nth: usize) -> isize {
        self.hunks.iter().take(nth).map(Hunk::growth).sum()
    }
}

impl Hunk {
    /// Makes it the way back.
    fn turn(&mut self) {
        std::mem::swap(&mut self.old_start, &mut self.new_start);
        std::mem::swap(&mut self.old_count, &mut self.new_count);
        for (sign, _) in &mut self.lines {
            *sign = match *sign {
                b'+' => b'-',
                b'-' => b'+',
                other => other,
            };
        }
    }

    /// The way back.
    pub(super) fn turned(&self) -> Self {
        let mut turned = self.clone();
        turned.turn();
        turned
    }

    /// How many lines stand before the first change.
    pub(super) fn lead(&self) -> usize {
        self.lines.iter().take_while(|(sign, _)| *sign == b' ').count()
    }

    fn trail(&self) -> usize {
        self.lines
            .iter()
            .rev()
            .take_while(|(sign, _)| *sign == b' ')
            .count()
    }

    /// How many lines around the changes can be left out at most.
    pub(super) fn context(&self) -> usize {
        self.lead().max(self.trail())
    }

    /// How many lines are left out before the first change. Where fewer lines stand before it than after, the first ones
    /// that are left out stand after it.
    pub(super) fn left_before(&self, fuzz: usize) -> usize {
        (fuzz + self.lead()).saturating_sub(self.context())
    }

    fn left_after(&self, fuzz: usize) -> usize {
        (fuzz + self.trail()).saturating_sub(self.context())
    }

    /// Whether it is for the begin of a file: fewer lines stand before its changes than after them.
    pub(super) fn is_at_start(&self, fuzz: usize) -> bool {
        fuzz + self.lead() < self.context() && self.old_start <= 1
    }

    /// Whether it is for the end of a file: fewer lines stand after its changes than before them.
    pub(super) fn is_at_end(&self, fuzz: usize) -> bool {
        fuzz + self.trail() < self.context()
    }

    fn cut(&self, fuzz: usize) -> &[(u8, Vec<u8>)] {
        let end = self.lines.len().saturating_sub(self.left_after(fuzz));
        self.lines.get(self.left_before(fuzz)..end).unwrap_or_default()
    }

    /// The line, counted from 0, that it is made for.
    pub(super) fn place(&self, fuzz: usize) -> isize {
        let first = if self.old_count == 0 {
            self.old_start
        } else {
            self.old_start.saturating_sub(1)
        };
        (first + self.left_before(fuzz)) as isize
    }

    /// The lines that it expects.
    pub(super) fn old(&self, fuzz: usize) -> Vec<&Vec<u8>> {
        self.cut(fuzz)
            .iter()
            .filter(|(sign, _)| *sign != b'+')
            .map(|(_, line)| line)
            .collect()
    }

    /// By how many lines it makes the file longer.
    pub(super) fn growth(&self) -> isize {
        self.new_count as isize - self.old_count as isize
    }

    /// Puts the new lines where the old ones are. Lines that stay are the file's own.
    pub(super) fn apply(&self, lines: &mut Vec<Vec<u8>>, at: usize, fuzz: usize) {
        let mut old = lines.split_off(at.min(lines.len())).into_iter();
        for (sign, line) in self.cut(fuzz) {
            match sign {
                b'+' => lines.push(line.clone()),
                b'-' => drop(old.next()),
                _ => lines.extend(old.next()),
            }
        }
        lines.extend(old);
    }

    /// Writes it down again.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let span = |start: usize, count: usize| match count {
            1 => start.to_string(),
            _ => format!("{start},{count}"),
        };
        let (old, new) = (
            span(self.old_start, self.old_count),
            span(self.new_start, self.new_count),
        );
        out.extend_from_slice(format!("@@ -{old} +{new} @@\n").as_bytes());
        for (sign, line) in &self.lines {
            out.push(*sign);
            out.extend_from_slice(line);
            if !line.ends_with(b"\n") {
                out.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
}

/// A text's lines, with their ends.
pub(super) fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    text.split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

/// Reads a patch; the error is the number of the line that makes no sense.
pub(super) fn parts(text: &[u8]) -> Result<Vec<Part>, usize> {
    let mut parts: Vec<Part> = Vec::new();
    let all = lines(text);
    let mut at = 0;
    while let Some(line) = all.get(at) {
        let next = all.get(at + 1).map(Vec::as_slice).unwrap_or_default();
        if let Some((old, new)) = git_names(line) {
            parts.push(Part {
                old,
                new,
                line: at + 1,
                git: Git {
                    is_head: true,
                    ..Git::default()
                },
                ..Part::default()
            });
            at += 1;
        } else if line.starts_with(b"--- ") && next.starts_with(b"+++ ") {
            let git = match parts.pop_if(|part| part.git.is_head) {
                Some(part) => Git {
                    is_head: false,
                    ..part.git
                },
                None => Git::default(),
            };
            parts.push(Part {
                old: name(line),
                new: name(next),
                line: at + 1,
                git,
                ..Part::default()
            });
            at += 2;
        } else if line.starts_with(b"@@ -") {
            let (hunk, after) = hunk(&all, at).ok_or(at + 1)?;
            match parts.last_mut() {
                Some(part) => part.hunks.push(hunk),
                None => parts.push(Part {
                    line: at + 1,
                    hunks: vec![hunk],
                    ..Part::default()
                }),
            }
            at = after;
        } else if let Some((hunk, after)) = plain_hunk(&all, at) {
            match parts.last_mut().filter(|part| part.new.is_empty()) {
                Some(part) => part.hunks.push(hunk),
                None => parts.push(Part {
                    line: at + 1,
                    hunks: vec![hunk],
                    ..Part::default()
                }),
            }
            at = after;
        } else {
            if let Some(part) = parts.last_mut().filter(|part| part.git.is_head) {
                part.git.read(String::from_utf8_lossy(line).trim_end());
            }
            at += 1;
        }
    }
    parts.retain(|part| !part.hunks.is_empty() || part.git.is_head);
    Ok(parts)
}

/// The names in git's own first line of a file. Both are as long where they are the same; where they are not, git says the
/// one that begins with `b/` last.
fn git_names(line: &[u8]) -> Option<(String, String)> {
    let line = String::from_utf8_lossy(line);
    let names = line.strip_prefix("diff --git ")?.trim_end();
    let behind = |name: &str| name.split_once('/').map(|(_, rest)| rest.to_owned());
    let halves = names.split_at_checked(names.len() / 2);
    let halves = halves.and_then(|(old, new)| Some((old, new.strip_prefix(' ')?)));
    let (old, new) = match halves.filter(|(old, new)| behind(old).is_some() && behind(old) == behind(new)) {
        Some(names) => names,
        None => {
            let at = names.rfind(" b/")?;
            (names.get(..at)?, names.get(at + 1..)?)
        }
    };
    Some((old.to_owned(), new.to_owned()))
}

/// A change as `diff` writes it without `-u`: `2,3c2`, the old lines behind `<`, the new ones behind `>`.
fn plain_hunk(all: &[Vec<u8>], at: usize) -> Option<(Hunk, usize)> {
    let head = str::from_utf8(all.get(at)?).ok()?.trim_end();
    let (middle, kind) = head
        .char_indices()
        .find(|(_, letter)| letter.is_ascii_alphabetic())?;
    let span = |text: &str| -> Option<(usize, usize)> {
        let (first, last) = text.split_once(',').unwrap_or((text, text));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        Some((first, last.checked_sub(first)?.checked_add(1)?))
    };
    let (old, new) = (span(head.get(..middle)?)?, span(head.get(middle + 1..)?)?);
    let mut hunk = Hunk {
        old_start: old.0,
        old_count: if kind == 'a' { 0 } else { old.1 },
        new_start: new.0,
        new_count: if kind == 'd' { 0 } else { new.1 },
        lines: Vec::new(),
    };
    let mut next = at + 1;
    for (count, from, sign) in [(hunk.old_count, b"< ", b'-'), (hunk.new_count, b"> ", b'+')] {
        if sign == b'+' && kind == 'c' {
            next += usize::from(all.get(next)?.starts_with(b"---"));
        }
        for _ in 0..count {
            hunk.lines
                .push((sign, all.get(next)?.strip_prefix(from)?.to_vec()));
            next += 1;
            if all.get(next).is_some_and(|line| line.starts_with(b"\\ ")) {
                hunk.lines.last_mut()?.1.pop();
                next += 1;
            }
        }
    }
    matches!(kind, 'a' | 'c' | 'd').then_some((hunk, next))
}

fn name(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.get(4..).unwrap_or_default()).into_owned();
    text.split('\t').next().unwrap_or_default().trim_end().to_owned()
}

fn hunk(all: &[Vec<u8>], at: usize) -> Option<(Hunk, usize)> {
    let head = String::from_utf8_lossy(all.get(at)?).into_owned();
    let mut words = head.split_whitespace().skip(1);
    let span = |word: &str, sign: char| -> Option<(usize, usize)> {
        let word = word.strip_prefix(sign)?;
        Some(match word.split_once(',') {
            Some((start, count)) => (start.parse().ok()?, count.parse().ok()?),
            None => (word.parse().ok()?, 1),
        })
    };
    let (old_start, old_count) = span(words.next()?, '-')?;
    let (new_start, new_count) = span(words.next()?, '+')?;
    let mut hunk = Hunk {
        old_start,
        old_count,
        new_start,
        new_count,
        lines: Vec::new(),
    };
    let (mut old, mut new) = (0, 0);
    let mut next = at + 1;
    while old < old_count || new < new_count {
        let line = all.get(next)?;
        let (sign, rest) = match line.split_first() {
            // An empty line may have lost its space on the way.
            Some((b'\n', _)) => (b' ', line.clone()),
            Some((sign @ (b' ' | b'+' | b'-'), rest)) => (*sign, rest.to_vec()),
            _ => return None,
        };
        old += usize::from(sign != b'+');
        new += usize::from(sign != b'-');
        hunk.lines.push((sign, rest));
        next += 1;
        if all.get(next).is_some_and(|line| line.starts_with(b"\\")) {
            if let Some((_, line)) = hunk.lines.last_mut() {
                line.pop();
            }
            next += 1;
        }
    }
    Some((hunk, next))
}
