//! What a unified diff says.

/// What is said of one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub(super) old: String,
    pub(super) new: String,
    /// The line of the patch at which it begins.
    pub(super) line: usize,
    pub(super) hunks: Vec<Hunk>,
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
        self
    }

    /// Whether the file is not there before.
    pub(super) fn makes(&self) -> bool {
        self.old == "/dev/null"
            || self
                .hunks
                .first()
                .is_some_and(|hunk| hunk.old_start == 0 && hunk.old_count == 0)
    }

    /// Whether the file is not there after.
    pub(super) fn removes(&self) -> bool {
        self.new == "/dev/null"
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
        if line.starts_with(b"--- ") && next.starts_with(b"+++ ") {
            parts.push(Part {
                old: name(line),
                new: name(next),
                line: at + 1,
                hunks: Vec::new(),
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
        } else {
            at += 1;
        }
    }
    parts.retain(|part| !part.hunks.is_empty());
    Ok(parts)
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
