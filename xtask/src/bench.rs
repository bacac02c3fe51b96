//! `cargo xtask bench`: runs the workspace's bench targets one after another and lets through to stdout only
//! lines of the agreed shape, so that two runs can be compared by a program. A line of another shape, or a
//! bench that says nothing, fails the command; the other benches still run.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use cargo_metadata::TargetKind;
use serde_json::Value;

use crate::guests;
use crate::openclaw::{self, Profile};
use crate::process::{cargo, say};
use crate::tree::Tree;

/// The fields of a line, and whether each is text; the others are numbers or null.
const FIELDS: [(&str, bool); 5] = [
    ("name", true),
    ("value", false),
    ("unit", true),
    ("baseline", false),
    ("ratio", false),
];

/// The benches that measure the program as it is released, and so need it.
const WITH_PROGRAM: [&str; 2] = ["gateway", "sandbox"];

/// Runs the benches whose `package/bench` contains the filter.
pub(crate) fn bench(tree: &Tree, filter: Option<&str>) -> Result<()> {
    let all = find_benches(tree);
    if all.is_empty() {
        say("this tree has no benches");
        return Ok(());
    }
    let wanted = |(package, bench): &&(&str, &str)| {
        filter.is_none_or(|filter| format!("{package}/{bench}").contains(filter))
    };
    let chosen: Vec<_> = all.iter().filter(wanted).collect();
    if chosen.is_empty() {
        let names: Vec<_> = all
            .iter()
            .map(|(package, bench)| format!("{package}/{bench}"))
            .collect();
        bail!(
            "no bench has `{}` in its name; there are: {}",
            filter.unwrap_or_default(),
            names.join(", ")
        );
    }
    let mut failed = Vec::new();
    for (package, bench) in chosen {
        say(&format!("bench {package}/{bench}"));
        if let Err(error) = run_bench(tree, bench) {
            eprintln!("bench {package}/{bench}: {error:#}");
            failed.push(format!("{package}/{bench}"));
        }
    }
    if !failed.is_empty() {
        bail!(
            "failed: {}; what is wrong with each is said above",
            failed.join(", ")
        );
    }
    Ok(())
}

fn find_benches(tree: &Tree) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for package in &tree.main.packages {
        let benches = package
            .targets
            .iter()
            .filter(|target| target.is_kind(TargetKind::Bench));
        found.extend(benches.map(|target| (package.name.as_str(), target.name.as_str())));
    }
    found
}

/// Cargo is asked for the whole workspace, so that the dependencies are those that the program was built with.
fn run_bench(tree: &Tree, bench: &str) -> Result<()> {
    if WITH_PROGRAM.contains(&bench) {
        guests::build(tree)?;
        openclaw::build(tree, Profile::Release)?;
    }
    let mut command = cargo();
    command
        .args(["bench", "--quiet", "--workspace", "--bench", bench])
        .current_dir(&tree.root);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let printed = child.stdout.take().context("its output is not piped")?;
    let mut count = 0_usize;
    let mut refused = None;
    for line in BufReader::new(printed).split(b'\n') {
        let line = line.context("its output cannot be read")?;
        let line = String::from_utf8_lossy(&line);
        match check_line(&line) {
            Ok(()) => {
                writeln!(std::io::stdout(), "{line}")?;
                count += 1;
            }
            // The rest is still read, so that the bench does not die of a closed pipe.
            Err(problem) => refused = refused.or(Some(format!("{problem:#}: {line}"))),
        }
    }
    let status = child.wait()?;
    if let Some(refused) = refused {
        bail!("{refused}");
    }
    if !status.success() {
        bail!("ended with {status}; its words are above");
    }
    if count == 0 {
        bail!("printed no measurement; print one JSON object per line");
    }
    Ok(())
}

/// Whether a line is a measurement: exactly the agreed fields, each of its kind.
fn check_line(line: &str) -> Result<()> {
    let value: Value = serde_json::from_str(line).context("not JSON")?;
    let object = value.as_object().context("not a JSON object")?;
    for (field, is_text) in FIELDS {
        let value = object.get(field).with_context(|| format!("no field `{field}`"))?;
        if is_text && !value.is_string() {
            bail!("`{field}` is not a string");
        }
        if !is_text && !value.is_number() && !value.is_null() {
            bail!("`{field}` is neither a number nor null");
        }
    }
    if let Some(extra) = object
        .keys()
        .find(|key| FIELDS.iter().all(|(field, _)| field != key))
    {
        bail!("an unknown field `{extra}`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_with_and_without_a_baseline_is_let_through() {
        let with = r#"{"name":"call","value":1.5,"unit":"us","baseline":1,"ratio":1.5}"#;
        let without = r#"{"name":"rss","value":12,"unit":"MiB","baseline":null,"ratio":null}"#;
        assert!(check_line(with).is_ok());
        assert!(check_line(without).is_ok());
    }

    #[test]
    fn a_line_of_another_shape_is_refused_by_the_name_of_what_is_wrong() {
        let refused = [
            ("running 1 test", "not JSON"),
            ("[1]", "not a JSON object"),
            (r#"{"name":"a","value":1,"unit":"us","baseline":null}"#, "`ratio`"),
            (
                r#"{"name":1,"value":1,"unit":"us","baseline":null,"ratio":null}"#,
                "`name`",
            ),
            (
                r#"{"name":"a","value":"1","unit":"us","baseline":null,"ratio":null}"#,
                "`value`",
            ),
            (
                r#"{"name":"a","value":1,"unit":"us","baseline":null,"ratio":null,"note":""}"#,
                "`note`",
            ),
        ];
        for (line, what) in refused {
            let problem = format!("{:#}", check_line(line).unwrap_err());
            assert!(problem.contains(what), "{line}: {problem}");
        }
    }
}
