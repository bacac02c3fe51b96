//! Whether everything that a command runs is on the list.
//!
//! **Promise.** Each program that is really run must fit an entry, or need none. What is run then is written anew: full
//! paths, quoted words, and of the original only the words that the shell expands for a program whose arguments are
//! not restricted. **Cost.** The list's length for each program, and
//! a read of one that a nod that lasts is for.

use super::arguments;
use super::document::Listed;
use super::find::{Found, Places};
use super::guess;
use super::inline;
use super::pattern;
use super::programs;
use super::safe::SafeBins;
use super::shell::{Word, parse, quote};
use super::unwrap::{Around, Inner, Part, unwrap};

/// What a command is looked at with.
#[derive(Clone, Copy)]
pub(super) struct Glass<'a> {
    pub(super) places: Places<'a>,
    pub(super) safe_bins: &'a SafeBins,
    pub(super) list: &'a [Listed],
    pub(super) now_ms: i64,
}

/// What was seen of a command.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    /// What it runs; none if that is not understood.
    pub(super) programs: Vec<Seat>,
    /// The wrappers and shells around them.
    pub(super) around: Vec<Found>,
    /// The text that is run if all of it is on the list. Err: what is not, and why.
    pub(super) text: Result<String, String>,
    /// What kind of code stands on the command line, if some does.
    pub(super) code: Option<&'static str>,
}

/// A program that a command runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seat {
    pub(super) typed: String,
    pub(super) found: Option<Found>,
    pub(super) words: Vec<Word>,
    /// What allows it.
    pub(super) by: Option<By>,
}

/// What allows a program.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum By {
    Entry(Box<Listed>),
    SafeBin,
}

/// Looks at a command.
pub(super) fn look(text: &str, glass: Glass<'_>) -> Seen {
    let around = Around {
        places: glass.places,
        safe_bins: glass.safe_bins,
    };
    let parts = parse(text)
        .map_err(|obscure| format!("it is not understood: {obscure}"))
        .and_then(|script| unwrap(&script, around));
    let parts = match parts {
        Ok(parts) => parts,
        Err(why) => {
            return Seen {
                programs: Vec::new(),
                around: Vec::new(),
                text: Err(why),
                code: guess::could_be_code(text).then_some("what could be code on the command line"),
            };
        }
    };
    let mut seen = Seen {
        programs: Vec::new(),
        around: parts.iter().flat_map(wrappers).collect(),
        text: Ok(String::new()),
        code: None,
    };
    seen.text = render(&parts, glass, &mut seen.programs);
    seen.code = seen.programs.iter().find_map(Seat::code);
    seen
}

fn wrappers(part: &Part) -> Vec<Found> {
    let mut found = part.around.clone();
    if let Inner::Text(parts) = &part.inner {
        found.extend(parts.iter().flat_map(wrappers));
    }
    found
}

/// Writes the parts anew. What is not on the list is told once all programs were looked at.
fn render(parts: &[Part], glass: Glass<'_>, programs: &mut Vec<Seat>) -> Result<String, String> {
    let mut words = Vec::new();
    let mut miss = None;
    for part in parts {
        words.extend(part.join.map(|join| join.sign().to_owned()));
        words.extend(part.before.iter().cloned());
        let inner = match &part.inner {
            Inner::Text(inner) => render(inner, glass, programs).map(|text| vec![quote(&text)]),
            Inner::Program { typed, found, words } => {
                let mut seat = Seat {
                    typed: typed.clone(),
                    found: found.clone(),
                    words: words.clone(),
                    by: None,
                };
                let allowed = seat.allow(glass);
                programs.push(seat);
                allowed
            }
        };
        match inner {
            Ok(inner) => words.extend(inner),
            Err(why) => miss = miss.or(Some(why)),
        }
    }
    miss.map_or_else(|| Ok(words.join(" ")), Err)
}

impl Seat {
    /// Looks for what allows it, and writes it anew.
    fn allow(&mut self, glass: Glass<'_>) -> Result<Vec<String>, String> {
        let Some(found) = &self.found else {
            return Err(format!("there is no program {}", self.typed));
        };
        let path = found
            .text()
            .ok_or_else(|| format!("the path of {} is not text", self.typed))?;
        self.by = self.entry(found, glass).map(|listed| By::Entry(Box::new(listed)));
        if self.by.is_none() {
            match glass.safe_bins.take(found, &self.words, glass.places.cwd) {
                Some(Ok(())) => self.by = Some(By::SafeBin),
                Some(Err(why)) => return Err(why),
                None => return Err(format!("{path} is not on the list")),
            }
        }
        let words = self.words.iter().map(|word| match word {
            Word::Plain(text) => quote(text),
            Word::Open { raw, .. } => raw.clone(),
        });
        Ok(std::iter::once(quote(path)).chain(words).collect())
    }

    fn entry(&self, found: &Found, glass: Glass<'_>) -> Option<Listed> {
        let plain: Option<Vec<&str>> = self.words.iter().map(Word::plain).collect();
        let fits = |listed: &&Listed| {
            let entry = &listed.entry;
            if entry.expires_at.is_some_and(|end| end <= glass.now_ms)
                || !pattern::fits(&entry.pattern, found, glass.places.home)
            {
                return false;
            }
            match (&entry.arg_pattern, &plain) {
                (None, _) => true,
                // What is not certain, and what is not understood, fits nothing.
                (Some(_), None) => false,
                (Some(wanted), Some(plain)) => {
                    arguments::fit(wanted, plain, glass.places.cwd, &found.path).unwrap_or_default()
                }
            }
        };
        glass.list.iter().find(fits).cloned()
    }

    /// The names that it goes by.
    pub(super) fn names(&self) -> [&str; 2] {
        match &self.found {
            Some(found) => found.names(),
            None => [self.typed.as_str(), ""],
        }
    }

    fn code(&self) -> Option<&'static str> {
        inline::code(self.names(), &self.words)
    }

    /// Its words as they are given to it, or as they are written where the shell expands them.
    pub(super) fn argv(&self) -> Vec<String> {
        let words = self.words.iter().map(|word| match word {
            Word::Plain(text) => text.clone(),
            Word::Open { raw, .. } => raw.clone(),
        });
        std::iter::once(self.typed.clone()).chain(words).collect()
    }

    /// What would put exactly this on the list: the program's path, and what its arguments and its bytes must be. None: a
    /// nod for it cannot last, because what it does is settled neither by what is typed nor by what it holds.
    pub(super) fn lasting(&self, places: Places<'_>) -> Option<(String, String)> {
        if programs::kind(self.names()).is_some() || self.code().is_some() {
            return None;
        }
        let plain: Vec<&str> = self.words.iter().map(Word::plain).collect::<Option<_>>()?;
        let found = self.found.as_ref()?;
        let path = found.text()?;
        // A star in the path itself would be a pattern.
        let is_plain = !path.contains(['*', '?']);
        let arguments = is_plain.then(|| arguments::exact(&plain, places.cwd, &found.path));
        Some((path.to_owned(), arguments??))
    }
}
