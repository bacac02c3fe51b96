//! Lines of what a job printed.

/// How many lines are shown if nobody says how many.
pub const DEFAULT_LINES: usize = 200;

/// A part of what a job printed, by lines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lines {
    /// The lines.
    pub text: String,
    /// How many there are in all.
    pub total: usize,
    /// The number of the first one that is shown, from 0.
    pub first: usize,
    /// How many are shown.
    pub shown: usize,
}

/// Takes lines from a text. Without an offset the last `limit` of them, else from `offset` (from 0) on, to the end if
/// there is no limit.
pub fn lines(text: &str, offset: Option<usize>, limit: Option<usize>) -> Lines {
    let all: Vec<&str> = text.lines().collect();
    let total = all.len();
    let (first, most) = match (offset, limit) {
        (None, limit) => {
            let limit = limit.unwrap_or(DEFAULT_LINES);
            (total.saturating_sub(limit), limit)
        }
        (Some(offset), limit) => (offset.min(total), limit.unwrap_or(usize::MAX)),
    };
    let chosen: Vec<_> = all.into_iter().skip(first).take(most).collect();
    Lines {
        text: chosen.join("\n"),
        total,
        first,
        shown: chosen.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_offset_the_last_lines_are_shown_and_with_one_those_from_there() {
        let text: String = (0..500).map(|number| format!("{number}\n")).collect();
        let told = |offset, limit| {
            let lines = lines(&text, offset, limit);
            let ends = (
                lines.text.lines().next().unwrap_or("").to_owned(),
                lines.text.lines().last().unwrap_or("").to_owned(),
            );
            (ends.0, ends.1, lines.first, lines.shown)
        };
        let ends = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        let with = |(first, last): (String, String), at, shown| (first, last, at, shown);
        assert_eq!(told(None, None), with(ends("300", "499"), 300, 200));
        assert_eq!(told(None, Some(10)), with(ends("490", "499"), 490, 10));
        assert_eq!(told(Some(495), None), with(ends("495", "499"), 495, 5));
        assert_eq!(told(Some(0), Some(2)), with(ends("0", "1"), 0, 2));
        assert_eq!(told(Some(900), Some(2)), with(ends("", ""), 500, 0));
        assert_eq!(lines("a\r\nb", None, None).text, "a\nb");
        assert_eq!(lines("", None, None).total, 0);
    }
}
