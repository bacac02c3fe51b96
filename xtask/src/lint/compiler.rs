//! The checks that the toolchain makes: rustfmt, clippy and rustdoc. Their own words become findings.
//!
//! Workspaces of guests are checked too, for the target that guests are built for.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

use super::Finding;
use crate::guests::CHECKED;
use crate::process::{capture, cargo};
use crate::toolchain::GUEST_TARGET;
use crate::tree::{Tree, Workspace};

/// Every place where rustfmt would write something else.
pub(super) fn check_format(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for workspace in tree.workspaces() {
        let mut command = cargo();
        command
            .args(["fmt", "--all", "--", "--check", "--color=never"])
            .current_dir(&workspace.root);
        let (ok, printed) = capture(&mut command)?;
        let before = findings.len();
        let mut lines = printed.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((file, mut line)) = line.strip_prefix("Diff in ").and_then(split_place) else {
                continue;
            };
            // The place is where the hunk begins, which is up to three unchanged lines before the change.
            while lines.next_if(|line| line.starts_with(' ')).is_some() {
                line += 1;
            }
            let file = tree.relative(Path::new(file)).unwrap_or_else(|| file.to_owned());
            findings.push(Finding::new(
                file,
                line,
                "not as rustfmt writes it",
                "run `cargo fmt`",
            ));
        }
        if !ok && findings.len() == before {
            findings.push(unexplained(tree, workspace, "cargo fmt"));
        }
    }
    Ok(findings)
}

/// Takes `path:line:` apart.
fn split_place(place: &str) -> Option<(&str, usize)> {
    let (file, line) = place.trim_end().trim_end_matches(':').rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

/// Everything that clippy says about any target.
pub(super) fn check_clippy(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for workspace in tree.workspaces() {
        let mut command = cargo();
        command.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--keep-going",
            "--message-format=json",
        ]);
        if workspace.root != tree.root {
            let shared = tree.root.join(CHECKED);
            command
                .args(["--target", GUEST_TARGET, "--target-dir"])
                .arg(shared);
        }
        command.args(["--", "-D", "warnings"]);
        findings.extend(collect(tree, workspace, command, "cargo clippy")?);
    }
    Ok(findings)
}

/// Everything that rustdoc warns of in the main workspace.
pub(super) fn check_rustdoc(tree: &Tree) -> Result<Vec<Finding>> {
    let mut command = cargo();
    command.args([
        "doc",
        "--no-deps",
        "--workspace",
        "--document-private-items",
        "--keep-going",
    ]);
    command
        .arg("--message-format=json")
        .env("RUSTDOCFLAGS", "-D warnings");
    collect(tree, &tree.main, command, "cargo doc")
}

fn collect(tree: &Tree, workspace: &Workspace, mut command: Command, name: &str) -> Result<Vec<Finding>> {
    let (ok, printed) = capture(command.current_dir(&workspace.root))?;
    let mut findings = Vec::new();
    for message in Message::parse_stream(printed.as_bytes()) {
        if let Ok(Message::CompilerMessage(message)) = message {
            let manifest = message.target.src_path.as_std_path();
            findings.extend(turn_into_finding(tree, workspace, manifest, &message.message));
        }
    }
    if !ok && findings.is_empty() {
        findings.push(unexplained(tree, workspace, name));
    }
    Ok(findings)
}

fn turn_into_finding(
    tree: &Tree,
    workspace: &Workspace,
    source: &Path,
    diagnostic: &Diagnostic,
) -> Option<Finding> {
    let is_loud = matches!(
        diagnostic.level,
        DiagnosticLevel::Error | DiagnosticLevel::Warning | DiagnosticLevel::Ice
    );
    // The closing "aborting due to 3 errors" has neither a place nor a code, and repeats the rest.
    if !is_loud || diagnostic.message.starts_with("aborting due to") {
        return None;
    }
    let place = diagnostic.spans.iter().find(|span| span.is_primary);
    let file = place.map_or_else(
        || source.to_path_buf(),
        |span| workspace.root.join(&span.file_name),
    );
    let file = tree.relative(&file).unwrap_or_else(|| file.display().to_string());
    let code = diagnostic
        .code
        .as_ref()
        .map(|code| format!(" [{}]", code.code))
        .unwrap_or_default();
    let help = diagnostic
        .children
        .iter()
        .find(|child| child.level == DiagnosticLevel::Help);
    let mend = help.map_or("mend it", |help| help.message.as_str());
    Some(Finding::new(
        file,
        place.map(|span| span.line_start),
        format!("{}{code}", diagnostic.message.replace('\n', " ")),
        mend.replace('\n', " "),
    ))
}

fn unexplained(tree: &Tree, workspace: &Workspace, name: &str) -> Finding {
    let manifest = tree
        .relative(&workspace.root.join("Cargo.toml"))
        .unwrap_or_default();
    Finding::new(manifest, None, format!("`{name}` fails"), "its words are above")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::fake::FakeTree;

    #[test]
    fn a_file_that_rustfmt_would_change_is_found_with_its_line() {
        let fake = FakeTree::new();
        fake.write("runtime/policy/src/lib.rs", "//! Policy.\n\nfn   f() {}\n");
        let findings = check_format(&fake.load()).unwrap();
        assert_eq!(
            findings,
            [Finding::new(
                "runtime/policy/src/lib.rs",
                3,
                "not as rustfmt writes it",
                "run `cargo fmt`"
            )]
        );
    }

    #[test]
    fn a_warning_of_clippy_is_found_with_its_file_and_line() {
        let fake = FakeTree::new();
        fake.write(
            "runtime/policy/src/lib.rs",
            "//! Policy.\n\nfn never_called() {}\n",
        );
        let findings = check_clippy(&fake.load()).unwrap();
        assert!(!findings.is_empty());
        assert!(
            findings
                .iter()
                .all(|finding| finding.file == "runtime/policy/src/lib.rs"
                    && finding.line == Some(3)
                    && finding.what.contains("never_called"))
        );
    }

    #[test]
    fn a_broken_link_in_a_doc_comment_is_found() {
        let fake = FakeTree::new();
        fake.write(
            "runtime/policy/src/lib.rs",
            "//! Policy.\n//!\n//! See [`Nothing`].\n",
        );
        let findings = check_rustdoc(&fake.load()).unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(
            (findings[0].file.as_str(), findings[0].line),
            ("runtime/policy/src/lib.rs", Some(3))
        );
    }
}
