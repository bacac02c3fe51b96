//! The checks that programs from outside make: typos for spelling, cargo-deny for licences, sources and
//! bans. Where the program is not installed the check says how to install it. Advisories are left out: their
//! database cannot be fetched everywhere.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Finding, Outcome};
use crate::process::{capture, find_on_path};
use crate::tree::Tree;

/// Every misspelt word.
pub(super) fn check_spelling(tree: &Tree) -> Result<Outcome> {
    if find_on_path("typos").is_none() {
        let mend = "install it: `pip install typos==1.52.0`";
        return Ok(Outcome::Missing(Finding::new("typos", None, "not on PATH", mend)));
    }
    let mut command = Command::new("typos");
    command.args(["--format", "json"]).current_dir(&tree.root);
    let (ok, printed) = capture(&mut command)?;
    let findings: Vec<Finding> = printed.lines().filter_map(read_typo).collect();
    if !ok && findings.is_empty() {
        bail!("typos failed; its words are above");
    }
    Ok(Outcome::Checked(findings))
}

fn read_typo(line: &str) -> Option<Finding> {
    let value: Value = serde_json::from_str(line).ok()?;
    let typo = value.get("typo")?.as_str()?;
    let path = value.get("path")?.as_str()?.trim_start_matches("./");
    let number = value
        .get("line_num")
        .and_then(Value::as_u64)
        .and_then(|line| usize::try_from(line).ok());
    let words: Vec<&str> = value
        .get("corrections")?
        .as_array()?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let mend = format!(
        "write `{}`, or allow the word with a reason in typos.toml",
        words.join("` or `")
    );
    Some(Finding::new(path, number, format!("`{typo}` is misspelt"), mend))
}

/// Everything in the dependency tree that `deny.toml` does not allow.
pub(super) fn check_dependencies(tree: &Tree) -> Result<Outcome> {
    if find_on_path("cargo-deny").is_none() {
        let mend = "install it: `cargo install cargo-deny --locked --version 0.20.2`";
        return Ok(Outcome::Missing(Finding::new(
            "cargo-deny",
            None,
            "not on PATH",
            mend,
        )));
    }
    let mut command = Command::new("cargo-deny");
    command
        .args(["--format", "json", "check", "bans", "licenses", "sources"])
        .current_dir(&tree.root);
    // Its report is what it prints on stderr.
    let output = command.output().context("cargo-deny could not be started")?;
    let report = String::from_utf8_lossy(&output.stderr);
    let lock = std::fs::read_to_string(tree.root.join("Cargo.lock")).unwrap_or_default();
    let findings: Vec<Finding> = report
        .lines()
        .filter_map(|line| read_refusal(line, &lock))
        .collect();
    if !output.status.success() && findings.is_empty() {
        bail!("cargo-deny failed: {}", report.trim());
    }
    Ok(Outcome::Checked(findings))
}

fn read_refusal(line: &str, lock: &str) -> Option<Finding> {
    let value: Value = serde_json::from_str(line).ok()?;
    let fields = value.get("fields")?;
    if fields.get("severity")?.as_str()? != "error" {
        return None;
    }
    let mut what = fields.get("message")?.as_str()?.to_owned();
    let labels = fields.get("labels").and_then(Value::as_array);
    for label in labels.into_iter().flatten() {
        let text = |key| {
            label
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .replace('\n', ", ")
        };
        let (span, message) = (text("span"), text("message"));
        if !message.is_empty() {
            what.push_str(&format!(", {span} {message}"));
        }
    }
    let krate = fields.pointer("/graphs/0/Krate");
    let part = |key| krate.and_then(|krate| krate.get(key)).and_then(Value::as_str);
    let (file, number) = match (part("name"), part("version")) {
        (Some(name), Some(version)) => {
            what = format!("{name} {version}: {what}");
            ("Cargo.lock", find_in_lock(lock, name, version))
        }
        _ => ("deny.toml", None),
    };
    let mend = "choose another crate, or allow it with a reason in deny.toml";
    Some(Finding::new(file, number, what, mend))
}

fn find_in_lock(lock: &str, name: &str, version: &str) -> Option<usize> {
    let (name, version) = (format!("name = \"{name}\""), format!("version = \"{version}\""));
    let mut lines = lock.lines().zip(lock.lines().skip(1));
    Some(lines.position(|(line, next)| line == name && next == version)? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_becomes_a_finding_with_its_place() {
        let line = r#"{"type":"typo","path":"./docs/a.md","line_num":3,"byte_offset":4,"typo":"xyz","corrections":["x","y"]}"#;
        let finding = read_typo(line).unwrap();
        assert!(
            finding
                .to_string()
                .starts_with("docs/a.md:3: `xyz` is misspelt; write `x` or `y`")
        );
    }

    #[test]
    fn a_refused_crate_becomes_a_finding_at_its_line_in_the_lock() {
        let lock = "version = 4\n\n[[package]]\nname = \"foo\"\nversion = \"1.0.0\"\n";
        let line = r#"{"fields":{"code":"rejected","graphs":[{"Krate":{"name":"foo","version":"1.0.0"}}],"labels":[{"message":"rejected: not allowed","span":"GPL-3.0"}],"message":"failed to satisfy license requirements","severity":"error"},"type":"diagnostic"}"#;
        let finding = read_refusal(line, lock).unwrap();
        assert_eq!((finding.file.as_str(), finding.line), ("Cargo.lock", Some(4)));
        assert!(finding.what.contains("foo 1.0.0") && finding.what.contains("GPL-3.0 rejected"));
        assert_eq!(read_refusal(&line.replace("error", "warning"), lock), None);
    }
}
