//! How many lines of one kind the audit takes of an extension in a minute.
//!
//! **Promise.** What is beyond that is counted, and no count is lost: the next line says how many were left out before
//! it, and where none comes, the last that was left out is written with the number of the others when its minute is over,
//! or when somebody asks for all that is known. **Bound.** So many lines within [`SPAN`] for each extension, usually
//! [`LINES`], and one for the rest. [`KNOWN`] extensions are counted apart, further ones together. **Cost.** A look into a map for each line.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use openclaw_state::AuditEntry;

/// Lines of one extension within a minute, usually.
pub(crate) const LINES: u32 = 30;
/// That minute.
pub(crate) const SPAN: Duration = Duration::from_secs(60);
/// How many times in a minute those whose minute is over are looked for.
const LOOKS: u32 = 12;
/// Extensions whose lines are counted apart.
const KNOWN: usize = 1024;
/// All others.
const OTHERS: &str = "?";

/// What was written of each extension lately.
pub(crate) struct Ration {
    windows: HashMap<String, Window>,
    lines: u32,
    span: Duration,
}

struct Window {
    began: Instant,
    written: u32,
    /// What was left out since the last line.
    rest: Option<Rest>,
}

/// Lines that were left out.
struct Rest {
    /// The newest of them.
    newest: AuditEntry,
    /// How many there were before that.
    others: u64,
}

impl Rest {
    fn write(self) -> AuditEntry {
        tell(self.newest, self.others)
    }
}

fn tell(entry: AuditEntry, left_out: u64) -> AuditEntry {
    match left_out {
        0 => entry,
        more => entry.detail("leftOut", more),
    }
}

impl Window {
    fn is_over(&self, span: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.began) >= span
    }
}

impl Ration {
    /// So many lines in a minute, which is as long as this.
    pub(crate) fn new(lines: u32, span: Duration) -> Self {
        Self {
            windows: HashMap::new(),
            lines,
            span,
        }
    }

    /// How often to ask for what is [over](Self::over).
    pub(crate) fn pause(&self) -> Duration {
        self.span / LOOKS
    }

    /// The line as it is to be written, or nothing if it is left out.
    pub(crate) fn take(&mut self, id: &str, entry: AuditEntry) -> Option<AuditEntry> {
        self.take_at(id, entry, Instant::now())
    }

    fn take_at(&mut self, id: &str, entry: AuditEntry, now: Instant) -> Option<AuditEntry> {
        let span = self.span;
        let is_new = !self.windows.contains_key(id);
        if is_new && self.windows.len() >= KNOWN {
            self.windows
                .retain(|_, window| window.rest.is_some() || !window.is_over(span, now));
        }
        let id = match is_new && self.windows.len() >= KNOWN {
            true => OTHERS,
            false => id,
        };
        let window = self.windows.entry(id.to_owned()).or_insert(Window {
            began: now,
            written: 0,
            rest: None,
        });
        if window.is_over(span, now) {
            (window.began, window.written) = (now, 0);
        }
        let before = window.rest.take().map_or(0, |rest| rest.others + 1);
        if window.written >= self.lines {
            window.rest = Some(Rest {
                newest: entry,
                others: before,
            });
            return None;
        }
        window.written += 1;
        Some(tell(entry, before))
    }

    /// The lines for what was left out in minutes that are over.
    pub(crate) fn over(&mut self) -> Vec<AuditEntry> {
        self.over_at(Instant::now())
    }

    fn over_at(&mut self, now: Instant) -> Vec<AuditEntry> {
        let span = self.span;
        let windows = self
            .windows
            .values_mut()
            .filter(|window| window.is_over(span, now));
        let rest = windows.filter_map(|window| window.rest.take());
        let lines = rest.map(Rest::write).collect();
        self.windows.retain(|_, window| !window.is_over(span, now));
        lines
    }

    /// The lines for all that was left out by now.
    pub(crate) fn all(&mut self) -> Vec<AuditEntry> {
        let rest = self.windows.values_mut().filter_map(|window| window.rest.take());
        rest.map(Rest::write).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize) -> AuditEntry {
        AuditEntry::new("extension:loud", "call.break", number.to_string())
    }

    fn told(entry: &AuditEntry) -> (usize, Option<u64>) {
        let left_out = entry.detail.get("leftOut").map(|count| count.as_u64().unwrap());
        (entry.subject.parse().unwrap(), left_out)
    }

    const FLOOD: usize = LINES as usize + 70;

    /// One with a flood behind it, and when that was.
    fn flooded() -> (Ration, Instant) {
        let (mut ration, now) = (Ration::new(LINES, SPAN), Instant::now());
        let written = (0..FLOOD).filter_map(|number| ration.take_at("loud", line(number), now));
        let written: Vec<_> = written.map(|entry| told(&entry)).collect();
        let first: Vec<_> = (0..LINES as usize).map(|number| (number, None)).collect();
        assert_eq!(written, first);
        (ration, now)
    }

    fn all_told(lines: &[AuditEntry]) -> Vec<(usize, Option<u64>)> {
        lines.iter().map(told).collect()
    }

    #[test]
    fn the_next_line_says_how_many_were_left_out() {
        let (mut ration, now) = flooded();
        let mut next = |number| told(&ration.take_at("loud", line(number), now + SPAN).unwrap());
        assert_eq!([next(1), next(2)], [(1, Some(70)), (2, None)]);
        assert!(ration.all().is_empty());
    }

    #[test]
    fn where_no_line_comes_the_last_one_that_was_left_out_is_written_when_its_minute_is_over() {
        let (mut ration, now) = flooded();
        assert!(ration.over_at(now).is_empty());
        assert_eq!(all_told(&ration.over_at(now + SPAN)), [(FLOOD - 1, Some(69))]);
        assert!(ration.over_at(now + SPAN).is_empty() && ration.windows.is_empty());
    }

    #[test]
    fn whoever_asks_for_all_has_the_rest_at_once_and_no_place_is_free_for_that() {
        let (mut ration, now) = flooded();
        assert_eq!(all_told(&ration.all()), [(FLOOD - 1, Some(69))]);
        assert!(ration.take_at("loud", line(1), now).is_none());
        assert_eq!(all_told(&ration.all()), [(1, None)]);
    }

    #[test]
    fn a_crowd_of_names_is_counted_together_and_does_not_grow_what_is_kept() {
        let (mut ration, now) = (Ration::new(LINES, SPAN), Instant::now());
        for number in 0..2 * KNOWN {
            ration.take_at(&format!("x{number}"), line(number), now);
        }
        assert!(ration.windows.len() <= KNOWN + 1);
        assert!(ration.take_at("one-more", line(1), now).is_none());
        let later = ration.take_at("one-more", line(1), now + SPAN);
        assert_eq!(later.map(|line| told(&line)), Some((1, None)));
    }
}
