//! The result of an audit: the JSON that scripts read, the lines that people read, and the exit code.

use std::fmt::Write as _;

use serde::Serialize;

/// What an audit found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this shape: 1.
    pub version: u8,
    /// The worst that was found.
    pub status: Status,
    /// How far references were tried.
    pub resolution: Resolution,
    /// The files that were looked at.
    pub files_scanned: Vec<String>,
    /// How many findings there are of each kind.
    pub summary: Summary,
    /// The findings, in the order of the files.
    pub findings: Vec<Finding>,
}

/// The worst that an audit found.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing.
    Clean,
    /// Something to look at.
    Findings,
    /// A secret that cannot be had.
    Unresolved,
}

/// How far references were tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resolution {
    /// How many were tried.
    pub refs_checked: usize,
    /// How many were left out because they would have started a program.
    pub skipped_exec_refs: usize,
    /// Whether none was left out.
    pub resolvability_complete: bool,
}

impl Resolution {
    pub(super) fn new(refs_checked: usize, skipped_exec_refs: usize) -> Self {
        Self {
            refs_checked,
            skipped_exec_refs,
            resolvability_complete: skipped_exec_refs == 0,
        }
    }
}

/// How many findings there are of each kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Secrets in the open.
    pub plaintext_count: usize,
    /// References that lead nowhere, and placeholders.
    pub unresolved_ref_count: usize,
    /// References that another credential takes the place of.
    pub shadowed_ref_count: usize,
    /// Plain text that the shared store should have replaced.
    pub store_residue_count: usize,
    /// Credentials in files that only former versions read, and those that cannot be references.
    pub legacy_residue_count: usize,
}

/// What kind of finding it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// A secret lies in the open.
    PlaintextFound,
    /// A reference leads nowhere.
    RefUnresolved,
    /// Another credential takes the place of a reference.
    RefShadowed,
    /// A file of a former version holds a credential, or one that cannot be a reference.
    LegacyResidue,
    /// A blanked-out secret was stored as if it were one.
    PlaceholderValue,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a change.
    Warn,
    /// Something will not work.
    Error,
}

/// One finding.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What kind it is.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: String,
    /// Where in the file.
    pub json_path: String,
    /// What was found, without the value.
    pub message: String,
    /// The model provider that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The auth profile that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<String>,
}

impl Report {
    pub(super) fn new(files_scanned: Vec<String>, findings: Vec<Finding>, resolution: Resolution) -> Self {
        let mut summary = Summary::default();
        for finding in &findings {
            let count = match finding.code {
                Code::PlaintextFound => &mut summary.plaintext_count,
                Code::RefUnresolved | Code::PlaceholderValue => &mut summary.unresolved_ref_count,
                Code::RefShadowed => &mut summary.shadowed_ref_count,
                Code::LegacyResidue => &mut summary.legacy_residue_count,
            };
            *count = count.saturating_add(1);
        }
        let status = match (summary.unresolved_ref_count, findings.is_empty()) {
            (0, true) => Status::Clean,
            (0, false) => Status::Findings,
            (_, _) => Status::Unresolved,
        };
        Self {
            version: 1,
            status,
            resolution,
            files_scanned,
            summary,
            findings,
        }
    }

    /// What the command ends with: 2 when something cannot be had, 1 with `--check` and findings, else 0.
    pub fn exit_code(&self, check: bool) -> u8 {
        match self.status {
            Status::Unresolved => 2,
            Status::Findings if check => 1,
            Status::Findings | Status::Clean => 0,
        }
    }

    /// The report for people: a line of numbers, then what was found, where, and what to do about it.
    pub fn render(&self) -> String {
        let mut out = String::new();
        let status = match self.status {
            Status::Clean => "clean",
            Status::Findings => "findings",
            Status::Unresolved => "unresolved",
        };
        let counts = &self.summary;
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "Secrets audit: {status}. plaintext={}, unresolved={}, shadowed={}, legacy={}.",
            counts.plaintext_count,
            counts.unresolved_ref_count,
            counts.shadowed_ref_count,
            counts.legacy_residue_count
        );
        for finding in &self.findings {
            let _ = writeln!(out, "- {}", finding.message);
            let _ = writeln!(out, "  {}: {}", finding.file, finding.json_path);
            let _ = writeln!(out, "  {}", finding.code.advice());
        }
        if self.resolution.skipped_exec_refs > 0 {
            let skipped = self.resolution.skipped_exec_refs;
            let _ = writeln!(
                out,
                "{skipped} exec reference(s) not tried; add --allow-exec to run their programs."
            );
        }
        out
    }
}

impl Code {
    fn advice(self) -> &'static str {
        match self {
            Self::PlaintextFound => "Move the value to a provider and put a reference in its place.",
            Self::RefUnresolved => "Put the value where the reference points, or correct the reference.",
            Self::RefShadowed => "Remove the stored credential if the reference is meant to be used.",
            Self::LegacyResidue => "Sign in again or move the credential; then remove the old entry.",
            Self::PlaceholderValue => "Put the real value where the placeholder stands.",
        }
    }
}
