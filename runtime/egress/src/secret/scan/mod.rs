//! Finding values in what comes back, in the spellings that services echo: raw, percent-encoded, as JSON, hex, and
//! base64 at every alignment. A net under the rules of injection, not a proof: other spellings pass.
//!
//! **Bound.** Values of fewer than [`MIN_LENGTH`] characters are not searched, because ordinary text has them. Longer
//! values than [`PIECE`] bytes are searched in pieces, and those of more than [`SHORT`] bytes only raw, in hex and in
//! base64, some thirteen bytes for each of theirs. Memory is some thirty bytes for each byte of all spellings; the
//! automaton's copy cannot be wiped and lives as long as the scanner. **Cost.** Linear in the text whatever it holds:
//! a vectorised search for the first bytes of all spellings, and an automaton only where one was found.

mod apart;
mod mask;
mod spell;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::packed::{Config, MatchKind as PackedKind, Searcher};
use aho_corasick::{AhoCorasick, Anchored, MatchKind};
use openclaw_secrets::SecretValue;

pub use mask::Mask;

use super::hide::mark;
use apart::Apart;
use mask::Cover;

/// The fewest characters of a value that is searched for.
pub const MIN_LENGTH: usize = 8;
/// The most bytes of a value that is searched for percent-encoded and as JSON as well.
const SHORT: usize = 1024;
/// The most bytes of a value that one pattern stands for.
const PIECE: usize = 4096;
/// The length of every head; no pattern is shorter.
const HEAD: usize = 8;
/// After so many bytes the automaton asks whether the quick search can go on.
const STRIDE: usize = 32;
/// The most bytes of all heads for which a table of all transitions is made.
const DENSE: usize = 8 * 1024;

/// A value to search for.
pub(super) struct Known {
    pub(super) label: String,
    pub(super) value: SecretValue,
}

/// A value that was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Hit {
    pub(super) at: Range<usize>,
    pub(super) label: Arc<str>,
}

/// Hits while they are found, those that overlap as one, so that there are never more than the text has room for.
#[derive(Default)]
struct Stretches(Vec<Hit>);

impl Stretches {
    /// Takes a hit that ends behind all earlier ones. A stretch has the name of its leftmost hit, and of those that
    /// begin together of the longest, which is the one that comes last.
    fn add(&mut self, at: Range<usize>, label: &Arc<str>) {
        let mut hit = Hit {
            at,
            label: label.clone(),
        };
        while let Some(earlier) = self.0.pop_if(|earlier| earlier.at.end > hit.at.start) {
            if earlier.at.start < hit.at.start {
                hit.at.start = earlier.at.start;
                hit.label = earlier.label;
            }
        }
        self.0.push(hit);
    }
}

/// Finds the first bytes of patterns.
enum Heads {
    Packed(Searcher),
    Automaton(AhoCorasick),
}

impl Heads {
    fn new(heads: &[&[u8]]) -> Option<Self> {
        let packed = Config::new()
            .match_kind(PackedKind::LeftmostFirst)
            .builder()
            .extend(heads)
            .build();
        if let Some(packed) = packed {
            return Some(Self::Packed(packed));
        }
        let dense = heads.len().saturating_mul(HEAD) <= DENSE;
        let kind = dense.then_some(aho_corasick::AhoCorasickKind::DFA);
        let built = AhoCorasick::builder().kind(kind).build(heads).ok()?;
        Some(Self::Automaton(built))
    }

    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        let at = match self {
            Self::Packed(searcher) => searcher.find(rest)?.start(),
            Self::Automaton(automaton) => automaton.find(rest)?.start(),
        };
        from.checked_add(at)
    }
}

/// What the values of one vault look like, at one moment.
pub struct Scanner {
    heads: Heads,
    automaton: NFA,
    start: StateID,
    /// How much of a pattern each state has seen, by state.
    depths: Vec<(StateID, u32)>,
    labels: Vec<Arc<str>>,
    /// The length of the longest pattern.
    longest: usize,
}

/// Where a scan stands between two chunks.
#[derive(Clone, Copy)]
struct Resume {
    state: StateID,
    at: usize,
}

impl Scanner {
    /// None if there is nothing to search for.
    pub(super) fn new(known: Vec<Known>) -> Option<Self> {
        let mut patterns = Vec::new();
        for Known { label, value } in known {
            let label: Arc<str> = label.into();
            let spellings = spell::spellings(value.expose());
            patterns.extend(spellings.into_iter().map(|pattern| (pattern, label.clone())));
        }
        // Of two secrets with one spelling the first gives it its name.
        patterns.sort_by(|(a, _), (b, _)| a.as_slice().cmp(b.as_slice()));
        patterns.dedup_by(|(a, _), (b, _)| a == b);
        let mut heads: Vec<&[u8]> = patterns
            .iter()
            .filter_map(|(pattern, _)| pattern.get(..HEAD))
            .collect();
        heads.dedup();
        if heads.is_empty() {
            return None;
        }
        let heads = Heads::new(&heads)?;
        let texts: Vec<&[u8]> = patterns.iter().map(|(pattern, _)| pattern.as_slice()).collect();
        let automaton = NFA::builder()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(&texts)
            .ok()?;
        let start = automaton.start_state(Anchored::No).ok()?;
        let longest = texts.iter().map(|text| text.len()).max()?;
        let mut depths = vec![(start, 0)];
        for text in texts {
            let mut state = start;
            for (byte, depth) in text.iter().zip(1..) {
                state = automaton.next_state(Anchored::No, state, *byte);
                depths.push((state, depth));
            }
        }
        depths.sort_unstable();
        depths.dedup();
        let labels = patterns.into_iter().map(|(_, label)| label).collect();
        Some(Self {
            heads,
            automaton,
            start,
            depths,
            labels,
            longest,
        })
    }

    /// How many bytes before this state may be the beginning of a pattern.
    fn depth(&self, state: StateID) -> usize {
        let found = self.depths.binary_search_by_key(&state, |(state, _)| *state);
        let depth = found.ok().and_then(|at| self.depths.get(at));
        depth
            .and_then(|(_, depth)| usize::try_from(*depth).ok())
            .unwrap_or_default()
    }

    /// Finds every pattern that ends behind `resume`, of those that end together the longest, and says where the
    /// scan stands at the end of the text.
    fn run(&self, text: &[u8], resume: Resume, meet: &mut impl FnMut(Range<usize>, &Arc<str>)) -> StateID {
        let mut state = resume.state;
        let mut at = resume.at;
        let tail = text.len().saturating_sub(HEAD - 1);
        loop {
            let depth = self.depth(state);
            if depth < HEAD {
                // No pattern's head is complete, so the quick search may look for one from where one may begin.
                let from = at.saturating_sub(depth);
                state = self.start;
                let Some(head) = self.heads.find(text, from) else {
                    // Behind the last complete head there may be the beginning of one.
                    return self.step(text, tail.max(from)..text.len(), state, meet);
                };
                at = head;
            }
            let end = at.saturating_add(STRIDE).min(text.len());
            state = self.step(text, at..end, state, meet);
            at = end;
            if at == text.len() {
                return state;
            }
        }
    }

    fn step(
        &self,
        text: &[u8],
        range: Range<usize>,
        mut state: StateID,
        meet: &mut impl FnMut(Range<usize>, &Arc<str>),
    ) -> StateID {
        let from = range.start;
        let bytes = text.get(range).unwrap_or_default();
        for (byte, end) in bytes.iter().zip(from.saturating_add(1)..) {
            state = self.automaton.next_state(Anchored::No, state, *byte);
            if self.automaton.is_special(state) && self.automaton.is_match(state) {
                // The first of a state's patterns is the one whose end the state is, and so the longest.
                let pattern = self.automaton.match_pattern(state, 0);
                let start = end.saturating_sub(self.automaton.pattern_len(pattern));
                if let Some(label) = self.labels.get(pattern.as_usize()) {
                    meet(start..end, label);
                }
            }
        }
        state
    }

    /// Where a scan begins.
    fn begin(&self) -> Resume {
        Resume {
            state: self.start,
            at: 0,
        }
    }

    /// Whether it holds a value of another name.
    pub(super) fn holds_another(&self, text: &[u8], name: &str) -> bool {
        let mut holds = false;
        self.run(text, self.begin(), &mut |_, label| holds |= **label != *name);
        holds
    }

    /// Hits that do not overlap, the leftmost first and of those the longest.
    pub(super) fn apart(&self, text: &[u8]) -> Vec<Hit> {
        let mut hits = Apart::new(self.longest);
        self.run(text, self.begin(), &mut |at, label| hits.add(at, label));
        hits.finish()
    }

    /// A text at once: headers, URLs, errors.
    pub fn mask_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hits = Stretches::default();
        self.run(text.as_bytes(), self.begin(), &mut |at, label| {
            hits.add(at, label)
        });
        if hits.0.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = Vec::with_capacity(text.len());
        Cover::default().write(text.as_bytes(), &hits.0, text.len(), &mut out);
        Cow::Owned(String::from_utf8(out).unwrap_or_else(|_| mark("*")))
    }
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner").finish_non_exhaustive()
    }
}
