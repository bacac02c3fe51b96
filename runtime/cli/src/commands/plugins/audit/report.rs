//! What an audit of extensions found, in the shape of the other audits.

use std::fmt::Write as _;

use serde::Serialize;

/// How much it matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Critical,
    Warn,
    Info,
}

/// One thing that was found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    code: &'static str,
    severity: Severity,
    id: String,
    message: String,
}

impl Finding {
    pub(super) fn new(severity: Severity, code: &'static str, id: &str, message: String) -> Self {
        Self {
            code,
            severity,
            id: id.to_owned(),
            message,
        }
    }
}

#[derive(Debug, Serialize)]
struct Summary {
    critical: usize,
    warn: usize,
    info: usize,
}

/// All of it, what matters most first.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: u8,
    status: &'static str,
    checked: usize,
    summary: Summary,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(checked: usize, mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| (a.severity, &a.id, a.code).cmp(&(b.severity, &b.id, b.code)));
        let count = |severity| findings.iter().filter(|found| found.severity == severity).count();
        let summary = Summary {
            critical: count(Severity::Critical),
            warn: count(Severity::Warn),
            info: count(Severity::Info),
        };
        let status = match (summary.critical, findings.is_empty()) {
            (1.., _) => "critical",
            (_, false) => "findings",
            (_, true) => "clean",
        };
        Self {
            version: 1,
            status,
            checked,
            summary,
            findings,
        }
    }

    /// 2 if something is critical; with `check`, 1 if there is anything; else 0.
    pub(super) fn exit_code(&self, check: bool) -> u8 {
        match (self.summary.critical, self.findings.is_empty()) {
            (1.., _) => 2,
            (_, false) if check => 1,
            _ => 0,
        }
    }

    pub(super) fn render(&self) -> String {
        let Summary { critical, warn, info } = self.summary;
        let mut text = format!(
            "Extensions audit: {}. extensions={}, critical={critical}, warn={warn}, info={info}.",
            self.status, self.checked
        );
        for found in &self.findings {
            let severity = match found.severity {
                Severity::Critical => "critical",
                Severity::Warn => "warn",
                Severity::Info => "info",
            };
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "\n- {severity} [{}] {}: {}",
                found.code, found.id, found.message
            );
        }
        text
    }
}
