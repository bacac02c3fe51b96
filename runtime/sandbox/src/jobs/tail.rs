//! The end of a text that grows.
//!
//! **Bound.** The characters that it was made for; twice as many are held for a moment. **Cost.** Linear in what is
//! added.

/// The last characters of a text that grows.
#[derive(Debug)]
pub(super) struct Tail {
    text: String,
    chars: usize,
    max: usize,
    total: u64,
}

impl Tail {
    pub(super) fn new(max: usize) -> Self {
        Self {
            text: String::new(),
            chars: 0,
            max,
            total: 0,
        }
    }

    pub(super) fn push(&mut self, more: &str) {
        let added = more.chars().count();
        self.total = self.total.saturating_add(added as u64);
        self.text.push_str(more);
        self.chars += added;
        if self.chars > self.max.saturating_mul(2) {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let kept = last(&self.text, self.chars, self.max).len();
        self.text.drain(..self.text.len() - kept);
        self.chars = self.chars.min(self.max);
    }

    /// What is kept.
    pub(super) fn text(&self) -> &str {
        last(&self.text, self.chars, self.max)
    }

    /// The last `max` characters of it.
    pub(super) fn last(&self, max: usize) -> &str {
        last(&self.text, self.chars, max.min(self.max))
    }

    /// How many characters are kept.
    pub(super) fn chars(&self) -> usize {
        self.chars.min(self.max)
    }

    /// How many were added in all.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Whether the beginning is gone.
    pub(super) fn is_cut(&self) -> bool {
        self.total > self.chars() as u64
    }

    /// Gives away what is kept, and begins anew. Says how many characters before it were lost.
    pub(super) fn drain(&mut self) -> (String, u64) {
        self.trim();
        let lost = self.total - self.chars as u64;
        let text = std::mem::take(&mut self.text);
        *self = Self::new(self.max);
        (text, lost)
    }

    /// Gives back what is not needed of its memory.
    pub(super) fn shrink(&mut self) {
        self.trim();
        self.text.shrink_to_fit();
    }
}

/// The last `max` of the `chars` characters of a text.
fn last(text: &str, chars: usize, max: usize) -> &str {
    let skipped = chars.saturating_sub(max);
    if skipped == 0 {
        return text;
    }
    // From whichever end is nearer.
    let at = if skipped < max {
        text.char_indices().nth(skipped).map(|(at, _)| at)
    } else {
        match max {
            0 => Some(text.len()),
            max => text.char_indices().rev().nth(max - 1).map(|(at, _)| at),
        }
    };
    at.and_then(|at| text.get(at..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_characters_stay_whatever_their_size_in_bytes() {
        let mut tail = Tail::new(5);
        for piece in ["a", "é€", "", "😀bcd", "e", "fgéh"] {
            tail.push(piece);
        }
        assert_eq!((tail.text(), tail.last(2), tail.last(0)), ("efgéh", "éh", ""));
        assert_eq!((tail.chars(), tail.total(), tail.is_cut()), (5, 12, true));
        assert_eq!(tail.drain(), ("efgéh".to_owned(), 7));
        assert_eq!((tail.text(), tail.is_cut()), ("", false));
    }

    #[test]
    fn a_flood_is_held_within_the_bound() {
        let mut tail = Tail::new(1000);
        for _ in 0..10_000 {
            tail.push(&"x".repeat(100));
        }
        assert!(tail.text.len() <= 2100);
        assert_eq!((tail.text().len(), tail.total()), (1000, 1_000_000));
    }
}
