//! `cargo xtask lint`: every check that needs no test. All of them run, each says its name and the time it
//! took, and findings come out on stdout as `file:line: what is wrong; what to do`.

mod arrows;
mod compiler;
mod docs;
#[cfg(test)]
mod fake;
mod hygiene;
mod outside;

use std::fmt;
use std::time::Instant;

use anyhow::Result;
use clap::ValueEnum;

use crate::process::{is_ci, say};
use crate::tree::Tree;

/// The checks by the names that `--only` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Check {
    /// rustfmt would change nothing
    Fmt,
    /// crates use only crates above them, and say in lib.rs what they promise
    Arrows,
    /// pages name only commands, flags and files that exist
    Docs,
    /// no path of this machine and no merge marker in any file
    Hygiene,
    /// spelling, by typos
    Typos,
    /// licences, sources and bans, by cargo-deny
    Deny,
    /// clippy on all targets, warnings are errors
    Clippy,
    /// rustdoc, warnings are errors
    Rustdoc,
}

impl Check {
    fn run(self, tree: &Tree) -> Result<Outcome> {
        let findings = match self {
            Self::Fmt => compiler::check_format(tree)?,
            Self::Clippy => compiler::check_clippy(tree)?,
            Self::Rustdoc => compiler::check_rustdoc(tree)?,
            Self::Arrows => arrows::check(tree)?,
            Self::Docs => docs::check(tree)?,
            Self::Hygiene => hygiene::check(tree)?,
            Self::Typos => return outside::check_spelling(tree),
            Self::Deny => return outside::check_dependencies(tree),
        };
        Ok(Outcome::Checked(findings))
    }
}

/// What came of a check.
#[derive(Debug)]
enum Outcome {
    /// It ran.
    Checked(Vec<Finding>),
    /// Its program is not installed; the finding says how to install it.
    Missing(Finding),
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    /// Relative to the root.
    file: String,
    /// From 1; `None` where a line means nothing.
    line: Option<usize>,
    what: String,
    mend: String,
}

impl Finding {
    fn new(
        file: impl Into<String>,
        line: impl Into<Option<usize>>,
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line: line.into(),
            what: what.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}; {}", self.what, self.mend)
    }
}

/// Runs all checks, or only the given one, and returns whether nothing was found.
pub(crate) fn lint(tree: &Tree, only: Option<Check>) -> Result<bool> {
    let mut total = 0;
    let mut failed = Vec::new();
    for check in Check::value_variants()
        .iter()
        .filter(|check| only.is_none_or(|only| only == **check))
    {
        let name = check
            .to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default();
        say(&format!("lint {name}"));
        let start = Instant::now();
        let outcome = check.run(tree);
        let seconds = start.elapsed().as_secs_f64();
        let mut findings = match outcome {
            Ok(Outcome::Checked(findings)) => findings,
            Ok(Outcome::Missing(finding)) if is_ci() => vec![finding],
            Ok(Outcome::Missing(finding)) => {
                eprintln!("    skipped: {finding}");
                continue;
            }
            // One check that cannot run must not hide what the others find.
            Err(error) => vec![Finding::new(
                format!("lint {name}"),
                None,
                format!("could not run: {error:#}"),
                "mend that first",
            )],
        };
        findings.sort();
        findings.dedup();
        for finding in &findings {
            println!("{finding}");
        }
        if findings.is_empty() {
            eprintln!("    ok, {seconds:.1} s");
        } else {
            eprintln!("    {} found, {seconds:.1} s", findings.len());
            total += findings.len();
            failed.push(name);
        }
    }
    if total > 0 {
        eprintln!("lint: {total} found by {}", failed.join(", "));
    }
    Ok(total == 0)
}
