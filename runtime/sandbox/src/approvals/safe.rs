//! Programs that only pass on what they read, and need no entry.
//!
//! **Promise.** Such a program counts only where the system keeps its programs, or in a folder that the config trusts,
//! whatever `PATH` says; only with words that are certain; only with flags that its profile knows; and with no word that
//! could be a file. Programs that run what they are told never count, not even if the config names them.
//! **Cost.** A look at a short table.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::tree::exec::SafeBin;

use super::find::Found;
use super::programs;
use super::shell::Word;

/// Those that count where the config names none.
const DEFAULTS: &[&str] = &["cut", "uniq", "head", "tail", "tr", "wc"];
/// Where the system keeps its programs.
const SYSTEM: &[&str] = &["/bin", "/usr/bin"];

/// What a program may be called with.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Profile {
    least: usize,
    most: usize,
    /// Flags with a value that is no file.
    values: BTreeSet<String>,
    denied: BTreeSet<String>,
    /// Flags without a value. None: every single letter that is not denied.
    switches: Option<BTreeSet<String>>,
    /// Whether `-5` stands for a number.
    has_number: bool,
    /// A flag without which it may not be called.
    needs: Option<&'static [&'static str]>,
}

/// A built-in profile, as its words.
struct Known {
    name: &'static str,
    positional: (usize, usize),
    switches: &'static str,
    values: &'static str,
    has_number: bool,
    needs: Option<&'static [&'static str]>,
}

const KNOWN: &[Known] = &[
    Known {
        name: "cut",
        positional: (0, 0),
        switches: "-n -s -z --complement --only-delimited --zero-terminated",
        values: "-b -c -d -f --bytes --characters --delimiter --fields --output-delimiter",
        has_number: false,
        needs: None,
    },
    Known {
        name: "uniq",
        positional: (0, 0),
        switches: "-c -d -D -i -u -z --count --repeated --ignore-case --unique --zero-terminated",
        values: "-f -s -w --skip-fields --skip-chars --check-chars",
        has_number: false,
        needs: None,
    },
    Known {
        name: "head",
        positional: (0, 0),
        switches: "-q -v -z --quiet --silent --verbose --zero-terminated",
        values: "-n -c --lines --bytes",
        has_number: true,
        needs: None,
    },
    Known {
        name: "tail",
        positional: (0, 0),
        switches: "-q -v -z --quiet --silent --verbose --zero-terminated",
        values: "-n -c --lines --bytes",
        has_number: true,
        needs: None,
    },
    Known {
        name: "tr",
        positional: (1, 2),
        switches: "-c -C -d -s -t --complement --delete --squeeze-repeats --truncate-set1",
        values: "",
        has_number: false,
        needs: None,
    },
    Known {
        name: "wc",
        positional: (0, 0),
        switches: "-c -m -l -L -w --bytes --chars --lines --max-line-length --words",
        values: "",
        has_number: false,
        needs: None,
    },
    Known {
        name: "sort",
        positional: (0, 0),
        switches: "-b -c -C -d -f -g -h -i -M -n -r -s -u -V -z --ignore-leading-blanks --dictionary-order \
                   --ignore-case --general-numeric-sort --human-numeric-sort --ignore-nonprinting --month-sort \
                   --numeric-sort --reverse --stable --unique --version-sort --zero-terminated --check",
        values: "-k -t -S --key --field-separator --buffer-size --parallel",
        has_number: false,
        needs: None,
    },
    Known {
        name: "grep",
        positional: (0, 0),
        switches: "-a -b -c -E -F -G -h -H -i -l -L -n -o -P -q -s -v -w -x -z --basic-regexp --extended-regexp \
                   --fixed-strings --perl-regexp --count --ignore-case --invert-match --line-number --only-matching \
                   --quiet --silent --word-regexp --line-regexp --no-filename --text --null-data",
        values: "-e -m -A -B -C --regexp --max-count --after-context --before-context --context",
        has_number: true,
        needs: Some(&["-e", "--regexp"]),
    },
];

impl Profile {
    fn known(name: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|known| known.name == name)?;
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Some(Self {
            least: known.positional.0,
            most: known.positional.1,
            values: words(known.values),
            denied: BTreeSet::new(),
            switches: Some(words(known.switches)),
            has_number: known.has_number,
            needs: known.needs,
        })
    }

    /// What the config says. A built-in profile is narrowed by it.
    fn of(name: &str, config: &SafeBin) -> Self {
        let count = |number: Option<u32>| number.map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        let mut denied: BTreeSet<String> = config
            .denied_flags
            .clone()
            .unwrap_or_default()
            .into_iter()
            .collect();
        match Self::known(name) {
            Some(mut known) => {
                known.denied.append(&mut denied);
                known.least = known.least.max(count(config.min_positional).unwrap_or_default());
                known.most = known.most.min(count(config.max_positional).unwrap_or(usize::MAX));
                if let Some(values) = &config.allowed_value_flags {
                    known.values.retain(|flag| values.contains(flag));
                }
                known
            }
            None => Self {
                least: count(config.min_positional).unwrap_or_default(),
                most: count(config.max_positional).unwrap_or_default(),
                values: config
                    .allowed_value_flags
                    .clone()
                    .unwrap_or_default()
                    .into_iter()
                    .collect(),
                denied,
                ..Self::default()
            },
        }
    }

    fn is_switch(&self, flag: &str) -> bool {
        if self.denied.contains(flag) {
            return false;
        }
        match &self.switches {
            Some(switches) => switches.contains(flag),
            None => matches!(flag.as_bytes(), [_, letter] if letter.is_ascii_alphanumeric()),
        }
    }

    fn has_value(&self, flag: &str) -> bool {
        self.values.contains(flag) && !self.denied.contains(flag)
    }

    /// Why the program may not be called with these words.
    fn fault(&self, words: &[Word], cwd: &Path) -> Option<String> {
        let mut positional = 0;
        let mut seen = Vec::new();
        let mut rest = words.iter();
        let mut only_positional = false;
        while let Some(word) = rest.next() {
            let Some(word) = word.plain() else {
                return Some("a word of it is expanded by the shell".to_owned());
            };
            if only_positional || !word.starts_with('-') || word == "-" {
                if word != "-" {
                    positional += 1;
                    if is_like_a_path(word, cwd) {
                        return Some(format!("{word} could be a file"));
                    }
                }
            } else if word == "--" {
                only_positional = true;
            } else if let Some(long) = word.strip_prefix("--") {
                let (flag, value) = match long.split_once('=') {
                    Some((name, value)) => (format!("--{name}"), Some(value)),
                    None => (word.to_owned(), None),
                };
                let is_known = match value {
                    Some(_) => self.has_value(&flag),
                    None => self.is_switch(&flag) || self.has_value(&flag),
                };
                if !is_known {
                    return Some(format!("{flag} is not among its flags"));
                }
                if value.is_some_and(|value| is_like_a_path(value, cwd)) {
                    return Some(format!("{word} could name a file"));
                }
                if value.is_none() && self.has_value(&flag) {
                    match rest.next().and_then(Word::plain) {
                        Some(value) if !is_like_a_path(value, cwd) => {}
                        _ => return Some(format!("the value of {flag} is missing or could be a file")),
                    }
                }
                seen.push(flag);
            } else if let Some(fault) = self.short(word, &mut rest, &mut seen, cwd) {
                return Some(fault);
            }
        }
        if let Some(needs) = self.needs
            && !seen.iter().any(|flag| needs.contains(&flag.as_str()))
        {
            return Some(format!("it needs {}", needs.join(" or ")));
        }
        (positional < self.least || positional > self.most)
            .then(|| format!("it may have {} to {} plain words", self.least, self.most))
    }

    fn short(
        &self,
        word: &str,
        rest: &mut std::slice::Iter<'_, Word>,
        seen: &mut Vec<String>,
        cwd: &Path,
    ) -> Option<String> {
        let letters = word.strip_prefix('-').unwrap_or_default();
        if self.has_number && letters.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        for (at, letter) in letters.char_indices() {
            let flag = format!("-{letter}");
            if self.has_value(&flag) {
                let attached = letters.get(at + letter.len_utf8()..).unwrap_or_default();
                let value = if attached.is_empty() {
                    rest.next().and_then(Word::plain)
                } else {
                    Some(attached)
                };
                seen.push(flag);
                return match value {
                    Some(value) if !is_like_a_path(value, cwd) => None,
                    _ => Some(format!("the value of -{letter} is missing or could be a file")),
                };
            }
            // Of a program that nobody described, letters together could as well be a flag and its value.
            if !self.is_switch(&flag) || (self.switches.is_none() && letters.len() > 1) {
                return Some(format!("{word} is not among its flags"));
            }
            seen.push(flag);
        }
        None
    }
}

/// Whether a word could name a file: it looks like a path, or such a file is there. A lone slash is a sign.
fn is_like_a_path(word: &str, cwd: &Path) -> bool {
    if word.is_empty() || word == "/" {
        return false;
    }
    word.contains('/')
        || word.starts_with('~')
        || matches!(word, "." | "..")
        || word.starts_with("./")
        || word.starts_with("../")
        || fs::symlink_metadata(cwd.join(word)).is_ok()
}

/// The programs that need no entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SafeBins {
    profiles: BTreeMap<String, Profile>,
    folders: Vec<PathBuf>,
    /// Names that the config has and that do not count, and why.
    pub unusable: Vec<(String, &'static str)>,
}

impl SafeBins {
    /// What the config says: the names (None: `DEFAULTS`), further folders, and what programs may be called with.
    pub fn new(names: Option<&[String]>, folders: &[String], profiles: &BTreeMap<String, SafeBin>) -> Self {
        let defaults: Vec<String> = DEFAULTS.iter().map(|&name| name.to_owned()).collect();
        let mut safe = Self {
            profiles: BTreeMap::new(),
            folders: SYSTEM
                .iter()
                .map(Path::new)
                .chain(folders.iter().map(Path::new))
                .filter(|folder| folder.is_absolute())
                .flat_map(|folder| [Some(folder.to_owned()), fs::canonicalize(folder).ok()])
                .flatten()
                .collect(),
            unusable: Vec::new(),
        };
        for name in names.unwrap_or(&defaults) {
            let name = name.trim().to_owned();
            let profile = match profiles.get(&name) {
                Some(config) => Some(Profile::of(&name, config)),
                None => Profile::known(&name),
            };
            // What a runner may be called with, a profile can say.
            if programs::kind([&name, &name]).is_some_and(|kind| kind != programs::Kind::Runner) {
                safe.unusable.push((name, "it runs what it is told"));
            } else if name.contains('/') || name.is_empty() {
                safe.unusable.push((name, "it is not a name"));
            } else if let Some(profile) = profile {
                safe.profiles.insert(name, profile);
            } else {
                let why = "tools.exec.safeBinProfiles does not say what it may be called with";
                safe.unusable.push((name, why));
            }
        }
        safe
    }

    /// Whether a program is in a folder that is trusted, also when its links are followed.
    pub(super) fn trusts(&self, program: &Found) -> bool {
        [&program.path, &program.real].into_iter().all(|path| {
            path.parent()
                .is_some_and(|folder| self.folders.iter().any(|known| known == folder))
        })
    }

    /// Whether a program with these words needs no entry. None: it is not one of those. Err: why it does.
    pub(super) fn take(&self, program: &Found, words: &[Word], cwd: &Path) -> Option<Result<(), String>> {
        let name = program.name();
        let profile = self.profiles.get(name)?;
        if !self.trusts(program) {
            return Some(Err(format!(
                "{} is not in a folder that is trusted",
                program.path.display()
            )));
        }
        Some(match profile.fault(words, cwd) {
            Some(fault) => Err(format!("{name} needs no nod, but not so: {fault}")),
            None => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::shell::parse;
    use super::*;

    fn take(bins: &SafeBins, text: &str, folder: &str, cwd: &Path) -> Option<Result<(), String>> {
        let script = parse(text).unwrap_or_else(|obscure| panic!("{text}: {obscure}"));
        let part = &script.parts[0];
        let path = Path::new(folder).join(part.program.text());
        let found = Found {
            typed: part.program.text().to_owned(),
            real: path.clone(),
            path,
        };
        bins.take(&found, &part.words, cwd)
    }

    fn all() -> SafeBins {
        let names: Vec<String> = KNOWN.iter().map(|known| known.name.to_owned()).collect();
        SafeBins::new(Some(&names), &[], &BTreeMap::new())
    }

    #[test]
    fn filters_pass_with_flags_that_they_are_known_by() {
        let cwd = tempfile::tempdir().unwrap();
        for text in [
            "cut -d, -f1,2",
            "cut -d / -f 2",
            "cut --delimiter=/ --fields=2",
            "uniq -c",
            "head",
            "head -5",
            "head -n 5",
            "head --lines=5",
            "tail -n +2",
            "tr a-z A-Z",
            "tr -d '\\n'",
            "wc -l",
            "wc -lw",
            "wc -",
            "sort -rn -k2,2",
            "grep -iE -e 'a|b'",
            "grep --regexp=x -c",
        ] {
            assert_eq!(take(&all(), text, "/usr/bin", cwd.path()), Some(Ok(())), "{text}");
        }
    }

    #[test]
    fn files_and_flags_that_reach_further_do_not_pass() {
        let cwd = tempfile::tempdir().unwrap();
        fs::write(cwd.path().join("notes"), "").unwrap();
        for text in [
            "head x",
            "head /etc/passwd",
            "head ~/x",
            "head -n 5 x",
            "head *",
            "head $X",
            "head -- x",
            "tail -f",
            "tail -F",
            "tail --follow",
            "tail --follow=name",
            "tail --retry",
            "tail --fol",
            "tail -5f",
            "wc x",
            "wc --files0-from=x",
            "wc --files0",
            "sort -o x",
            "sort -ox",
            "sort -rox",
            "sort -T /tmp",
            "sort --output=x",
            "sort --compress-program=x",
            "sort --files0-from=x",
            "sort --random-source=x",
            "grep x",
            "grep -r -e x",
            "grep -R -e x",
            "grep -d recurse -e x",
            "grep -f x",
            "grep -fx",
            "grep --file=x -e y",
            "grep --recursive -e x",
            "grep -e x y",
            "grep -e ./x",
            "grep -e notes",
            "uniq a b",
            "tr a b c",
            "tr",
            "tr notes b",
            "cut -f1 notes",
            "cut -d",
            "cut",
            "head ''x",
        ] {
            let taken = take(&all(), text, "/usr/bin", cwd.path());
            if text == "cut" {
                continue;
            }
            assert!(matches!(taken, Some(Err(_))), "{text}: {taken:?}");
        }
    }

    #[test]
    fn only_the_systems_programs_and_those_in_trusted_folders_count() {
        let cwd = tempfile::tempdir().unwrap();
        let bins = SafeBins::new(
            None,
            &["/opt/bin".to_owned(), "relative".to_owned()],
            &BTreeMap::new(),
        );
        let at = |folder: &str| take(&bins, "head", folder, cwd.path());
        assert_eq!(at("/usr/bin"), Some(Ok(())));
        assert_eq!(at("/opt/bin"), Some(Ok(())));
        assert!(matches!(at("/home/me/bin"), Some(Err(_))));
        assert!(matches!(at("/opt/bin/x"), Some(Err(_))));
        assert_eq!(
            take(&bins, "sort", "/usr/bin", cwd.path()),
            None,
            "sort is not a default"
        );
    }

    #[test]
    fn what_runs_what_it_is_told_never_counts() {
        let names: Vec<String> = ["jq", "awk", "sed", "python3", "bash", "xargs", "mytool", "a/b"]
            .map(str::to_owned)
            .into();
        let profile = SafeBin {
            max_positional: Some(3),
            ..SafeBin::default()
        };
        let profiles: BTreeMap<_, _> = names
            .iter()
            .filter(|name| *name != "mytool")
            .map(|name| (name.clone(), profile.clone()))
            .collect();
        let bins = SafeBins::new(Some(&names), &[], &profiles);
        assert!(bins.profiles.is_empty(), "{:?}", bins.profiles);
        assert_eq!(bins.unusable.len(), names.len());
    }

    #[test]
    fn a_program_of_the_configs_own_has_what_its_profile_allows() {
        let cwd = tempfile::tempdir().unwrap();
        let profile = SafeBin {
            min_positional: None,
            max_positional: Some(1),
            allowed_value_flags: Some(vec!["--lang".to_owned(), "-l".to_owned()]),
            denied_flags: Some(vec!["-w".to_owned()]),
        };
        let profiles = BTreeMap::from([("mytool".to_owned(), profile)]);
        let bins = SafeBins::new(Some(&["mytool".to_owned()]), &[], &profiles);
        for text in [
            "mytool",
            "mytool x",
            "mytool -q x",
            "mytool -l de x",
            "mytool --lang=de",
            "mytool -lde",
        ] {
            assert_eq!(take(&bins, text, "/usr/bin", cwd.path()), Some(Ok(())), "{text}");
        }
        for text in [
            "mytool x y",
            "mytool -w",
            "mytool -ofile",
            "mytool --out=x",
            "mytool --out",
            "mytool -l ./x",
        ] {
            assert!(
                matches!(take(&bins, text, "/usr/bin", cwd.path()), Some(Err(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_profile_of_the_config_can_only_narrow_a_built_in_one() {
        let cwd = tempfile::tempdir().unwrap();
        let profile = SafeBin {
            max_positional: Some(9),
            allowed_value_flags: Some(vec!["-n".to_owned(), "--files".to_owned()]),
            denied_flags: Some(vec!["-q".to_owned()]),
            ..SafeBin::default()
        };
        let profiles = BTreeMap::from([("head".to_owned(), profile)]);
        let bins = SafeBins::new(None, &[], &profiles);
        assert_eq!(take(&bins, "head -n 2", "/usr/bin", cwd.path()), Some(Ok(())));
        for text in ["head -q", "head -c 2", "head x", "head --files=x"] {
            assert!(
                matches!(take(&bins, text, "/usr/bin", cwd.path()), Some(Err(_))),
                "{text}"
            );
        }
    }
}
