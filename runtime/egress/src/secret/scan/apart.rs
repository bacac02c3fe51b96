//! Choosing hits that do not overlap while they are found: the leftmost first, and of those the longest. What waits
//! for a choice is at most two hits for each byte of the longest pattern.

use std::ops::Range;
use std::sync::Arc;

use super::Hit;

pub(super) struct Apart {
    longest: usize,
    waiting: Vec<Hit>,
    chosen: Vec<Hit>,
}

impl Apart {
    pub(super) fn new(longest: usize) -> Self {
        let (waiting, chosen) = (Vec::new(), Vec::new());
        Self {
            longest,
            waiting,
            chosen,
        }
    }

    /// Takes a hit that ends behind all earlier ones.
    pub(super) fn add(&mut self, at: Range<usize>, label: &Arc<str>) {
        // Whatever is found from here on begins no earlier.
        let settled = at.end.saturating_sub(self.longest);
        let label = label.clone();
        self.waiting.push(Hit { at, label });
        if self.waiting.len() > self.longest.saturating_mul(2) {
            self.choose(settled);
        }
    }

    /// Chooses among the hits that begin before this place.
    fn choose(&mut self, settled: usize) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by(|a, b| a.at.start.cmp(&b.at.start).then(b.at.end.cmp(&a.at.end)));
        for hit in waiting {
            if hit.at.start >= settled {
                self.waiting.push(hit);
            } else if self.chosen.last().is_none_or(|last| last.at.end <= hit.at.start) {
                self.chosen.push(hit);
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Hit> {
        self.choose(usize::MAX);
        self.chosen
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}
