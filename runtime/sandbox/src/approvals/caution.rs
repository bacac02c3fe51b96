//! Patterns that allow more than they seem to.
//!
//! **Promise.** A pattern that fits every program, or one that runs whatever it is told or finds, is told apart, by what is
//! written alone: nothing is looked for on the disk. **Bound.** It knows the programs that [`programs`] knows.

use super::pattern;
use super::programs::{self, Kind};

/// What somebody should know who puts a pattern on the list.
pub fn caution(pattern: &str) -> Option<String> {
    let pattern = pattern.trim();
    let is_wild = |next: char| matches!(next, '*' | '?' | '/' | '~');
    if !pattern.is_empty() && pattern.chars().all(is_wild) {
        return Some(format!(
            "{pattern} fits whatever program there is: with it nearly every command runs unasked"
        ));
    }
    let last = pattern.rsplit('/').next()?;
    let fixed = last.trim_matches(['*', '?']);
    let (name, kind) = match programs::kind([last, fixed]) {
        Some(kind) => (last, kind),
        None => {
            let name = programs::names().find(|name| pattern::fits_name(last, name))?;
            (name, programs::kind([name, ""])?)
        }
    };
    let what = match kind {
        Kind::Interpreter | Kind::Shell | Kind::Language => "runs whatever code it is told",
        Kind::Carrier => "starts whatever program it is told",
        Kind::Runner => "runs what it finds in the folder that it begins in",
    };
    Some(format!(
        "{pattern} fits {name}, which {what}: with it any code can run unasked"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_allows_more_than_it_seems_to_is_told() {
        for pattern in ["**", "*", "/**", "~/**", "**/*", "/*"] {
            let said = caution(pattern).unwrap();
            assert!(said.contains("whatever program there is"), "{pattern}: {said}");
        }
        for (pattern, expected) in [
            ("/bin/bash", "runs whatever code"),
            ("bash", "runs whatever code"),
            ("/usr/bin/python3", "runs whatever code"),
            ("/usr/bin/python3*", "runs whatever code"),
            ("/opt/**/awk", "runs whatever code"),
            ("/usr/bin/*", "with it any code"),
            ("/usr/**", "with it any code"),
            ("/bin/b?sh", "fits bash,"),
            ("xargs", "starts whatever program"),
            ("/usr/bin/npm", "runs what it finds"),
        ] {
            let said = caution(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert!(said.contains(expected), "{pattern}: {said}");
        }
        for pattern in ["/usr/bin/rg", "/bin/ls", "head", "/opt/x/tool-*", "~/bin/mine"] {
            assert_eq!(caution(pattern), None, "{pattern}");
        }
    }
}
