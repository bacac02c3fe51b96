//! Patterns for programs.
//!
//! **Promise.** A pattern with a slash is compared with a program's whole path: `*` and `?` stay within a folder, `**`
//! does not, `~` is home, everything else means itself, and letters are compared without regard to case. A pattern
//! without a slash is a name, and fits only a program that was called by its name alone. **Cost.** At most the product of
//! both lengths, whatever the pattern.

use std::fs;
use std::path::Path;

use super::find::Found;

/// The longest pattern.
pub(super) const PATTERN_CHARS: usize = 4096;

/// Whether a pattern fits a program.
pub(super) fn fits(pattern: &str, program: &Found, home: Option<&Path>) -> bool {
    let pattern = pattern.trim();
    if pattern.is_empty() || pattern.len() > PATTERN_CHARS {
        return false;
    }
    if !pattern.contains('/') {
        return program.is_by_name() && glob(pattern, &program.typed);
    }
    let whole = match pattern.strip_prefix("~/") {
        Some(rest) => match home.and_then(Path::to_str) {
            Some(home) => format!("{}/{rest}", home.trim_end_matches('/')),
            None => return false,
        },
        None => pattern.to_owned(),
    };
    let Some(path) = program.path.to_str() else {
        return false;
    };
    // A program that is a link goes by the name of what it leads to only if it bears the same name: some programs do
    // something else under another name.
    let real = program.real.to_str().filter(|_| {
        let [own, real] = program.names();
        own == real
    });
    let candidates = [Some(path), real];
    let mut candidates = candidates.into_iter().flatten();
    let real_pattern = with_real_folder(&whole);
    candidates
        .any(|path| glob(&whole, path) || real_pattern.as_deref().is_some_and(|pattern| glob(pattern, path)))
}

/// Whether the last part of a pattern fits a program's name.
pub(super) fn fits_name(part: &str, name: &str) -> bool {
    part.len() <= PATTERN_CHARS && glob(part, name)
}

/// The pattern with the folders before its first wildcard as they really are, where that is something else.
fn with_real_folder(pattern: &str) -> Option<String> {
    let fixed = pattern.find(['*', '?']).unwrap_or(pattern.len());
    let slash = pattern.get(..fixed)?.rfind('/')?;
    let (folder, rest) = pattern.split_at_checked(slash)?;
    let real = fs::canonicalize(if folder.is_empty() { "/" } else { folder }).ok()?;
    let real = real.to_str()?.trim_end_matches('/');
    (real != folder).then(|| format!("{real}{rest}"))
}

/// A step of a pattern.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Step {
    One(char),
    Any,
    Some,
    Deep,
}

/// Whether a glob fits a text, without regard to case.
fn glob(pattern: &str, text: &str) -> bool {
    let mut steps = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(next) = rest.next() {
        steps.push(match next {
            '*' if rest.peek() == Some(&'*') => {
                while rest.next_if_eq(&'*').is_some() {}
                // `a/**/b` fits `a/b` too.
                if steps.last() == Some(&Step::One('/')) && rest.peek() == Some(&'/') {
                    rest.next();
                    steps.push(Step::Deep);
                    continue;
                }
                Step::Deep
            }
            '*' => Step::Some,
            '?' => Step::Any,
            other => Step::One(fold(other)),
        });
    }
    // Which steps may come next, after each character.
    let mut open = vec![false; steps.len() + 1];
    enter(&steps, &mut open, 0);
    for character in text.chars().map(fold) {
        let mut after = vec![false; steps.len() + 1];
        for (at, step) in steps.iter().enumerate() {
            if !open.get(at).copied().unwrap_or_default() {
                continue;
            }
            match step {
                Step::One(one) if *one == character => enter(&steps, &mut after, at + 1),
                Step::Any if character != '/' => enter(&steps, &mut after, at + 1),
                Step::Some if character != '/' => enter(&steps, &mut after, at),
                Step::Deep => enter(&steps, &mut after, at),
                _ => {}
            }
        }
        open = after;
    }
    open.last().copied().unwrap_or_default()
}

/// Marks a step as open, and those behind it that may be left out.
fn enter(steps: &[Step], open: &mut [bool], at: usize) {
    let mut at = at;
    loop {
        let Some(is_open) = open.get_mut(at) else { return };
        *is_open = true;
        match steps.get(at) {
            Some(Step::Some | Step::Deep) => at += 1,
            _ => return,
        }
    }
}

fn fold(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn program(typed: &str, path: &str, real: &str) -> Found {
        Found {
            typed: typed.to_owned(),
            path: PathBuf::from(path),
            real: PathBuf::from(real),
        }
    }

    fn fits_path(pattern: &str, path: &str) -> bool {
        fits(pattern, &program(path, path, path), Some(Path::new("/home/me")))
    }

    #[test]
    fn a_path_is_compared_whole() {
        assert!(fits_path("/opt/x/rg", "/opt/x/rg"));
        assert!(fits_path("/OPT/x/RG", "/opt/x/rg"));
        assert!(fits_path("/opt/*/rg", "/opt/x/rg"));
        assert!(!fits_path("/opt/*/rg", "/opt/x/y/rg"));
        assert!(fits_path("/opt/**/rg", "/opt/x/y/rg"));
        assert!(fits_path("/opt/**/rg", "/opt/rg"));
        assert!(fits_path("/opt/**", "/opt/x/y/rg"));
        assert!(fits_path("**/rg", "/opt/rg"));
        assert!(fits_path("/opt/x/r?", "/opt/x/rg"));
        assert!(!fits_path("/opt/x?rg", "/opt/x/rg"));
        assert!(!fits_path("/opt/x", "/opt/x/rg"));
        assert!(!fits_path("/opt/x/rg", "/opt/x/rg2"));
        assert!(!fits_path("opt/x/rg", "/opt/x/rg"));
        assert!(fits_path("~/bin/*", "/home/me/bin/x"));
        assert!(!fits_path("~/bin/*", "/home/you/bin/x"));
        assert!(!fits_path("[r]g/x", "rg/x"), "brackets mean themselves");
        assert!(!fits_path("", "/opt/x/rg"));
    }

    #[test]
    fn a_bare_name_fits_only_what_was_called_by_its_name() {
        let by_name = program("rg", "/usr/bin/rg", "/usr/bin/rg");
        let by_path = program("/tmp/rg", "/tmp/rg", "/tmp/rg");
        for pattern in ["rg", "RG", "r*"] {
            assert!(fits(pattern, &by_name, None), "{pattern}");
            assert!(!fits(pattern, &by_path, None), "{pattern}");
        }
        assert!(!fits("~/x", &by_path, None));
    }

    #[test]
    fn a_link_under_another_name_is_not_what_it_leads_to() {
        let applet = program("sh", "/data/sh", "/usr/bin/busybox");
        assert!(!fits("/usr/bin/busybox", &applet, None));
        assert!(fits("/data/sh", &applet, None));
        let same = program("rg", "/home/me/bin/rg", "/opt/rg/rg");
        assert!(fits("/opt/rg/rg", &same, None) && fits("/home/me/bin/rg", &same, None));
    }

    #[test]
    fn a_pattern_through_a_link_of_folders_fits_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(root.join("real")).unwrap();
        std::os::unix::fs::symlink(root.join("real"), root.join("link")).unwrap();
        let path = root.join("real/x").to_str().unwrap().to_owned();
        let pattern = format!("{}/x", root.join("link").display());
        assert!(fits(&pattern, &program("x", &path, &path), None));
    }

    proptest! {
        #[test]
        fn a_long_pattern_takes_no_longer_than_its_length_allows(
            stars in "[*?a/]{0,200}", text in "[a/]{0,200}"
        ) {
            let begun = std::time::Instant::now();
            let _ = glob(&stars, &text);
            prop_assert!(begun.elapsed() < std::time::Duration::from_secs(20));
        }

        #[test]
        fn without_wildcards_a_pattern_fits_itself_alone(path in "/[a-z/.]{0,20}", other in "/[a-z/.]{0,20}") {
            prop_assert!(glob(&path, &path));
            prop_assert_eq!(glob(&path, &other), path == other);
        }
    }
}
