//! `openclaw plugins audit`: grants that are wide, and what does not fit together. Changes nothing.

mod broken;
mod report;

use std::process::ExitCode;

use openclaw_components::{Error, Installed};
use openclaw_config::tree::Config;
use openclaw_policy::words::{Severity as Care, Words};
use openclaw_policy::{Grant, PluginId};
use openclaw_state::StoredGrant;

use super::place::Extensions;
use super::{grants, settings, switches};
use crate::args::PluginsAudit;
use crate::failure::Failure;
use crate::output;
use report::{Finding, Report, Severity};

/// Looks at everything that is installed and at every grant.
pub(super) fn run(extensions: &Extensions, args: &PluginsAudit) -> Result<ExitCode, Failure> {
    // What keeps the config from being read may be what is looked for here.
    let (config, broken) = match extensions.context.load() {
        Ok(snapshot) => (Some(snapshot), None),
        Err(failure) => (None, Some(failure.to_string())),
    };
    let unset = Config::default();
    let stored = grants::look(extensions, None)?;
    let audit = Audit {
        extensions,
        config: config.as_ref().map_or(&unset, |snapshot| &snapshot.config),
        broken,
        stored: &stored,
    };
    let report = audit.make()?;
    if args.json {
        output::print_json(&report);
    } else {
        output::print_shown(&report.render());
    }
    Ok(ExitCode::from(report.exit_code(args.check)))
}

struct Audit<'a> {
    extensions: &'a Extensions,
    config: &'a Config,
    /// Why the config cannot be read.
    broken: Option<String>,
    stored: &'a [StoredGrant],
}

impl Audit<'_> {
    fn make(&self) -> Result<Report, Failure> {
        let ids = self.extensions.packages.list()?;
        let mut findings = Vec::new();
        if let Some(broken) = &self.broken {
            findings.push(Finding::new(
                Severity::Critical,
                "CONFIG_UNREADABLE",
                "config",
                format!("the config cannot be read, so settings and switches were not looked at: {broken}"),
            ));
        }
        for id in &ids {
            match self.extensions.packages.find(id) {
                Ok(Some(installed)) => self.check_installed(id, &installed, &mut findings)?,
                Ok(None) => {}
                Err(error) => findings.push(Finding::new(
                    Severity::Critical,
                    "PACKAGE_UNREADABLE",
                    id.as_str(),
                    format!("it cannot be read: {error}; install it anew"),
                )),
            }
        }
        for stored in self.stored {
            self.check_grant(&ids, stored, &mut findings)?;
        }
        for id in self.config.plugins.entries.keys() {
            if !ids.iter().any(|known| known.as_str() == id) {
                findings.push(Finding::new(
                    Severity::Info,
                    "NOT_INSTALLED",
                    id,
                    format!("plugins.entries.{id} is in the config, and it is not installed"),
                ));
            }
        }
        findings.extend(broken::find(self.extensions, &ids)?);
        Ok(Report::new(ids.len(), findings))
    }

    fn check_installed(
        &self,
        id: &PluginId,
        installed: &Installed,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Failure> {
        let mut find =
            |severity, code, message| findings.push(Finding::new(severity, code, id.as_str(), message));
        let inspection = self.extensions.packages.inspect(id)?;
        let refusals = inspection.map(|found| found.refusals).unwrap_or_default();
        for refusal in &refusals {
            let (code, severity) = match refusal {
                Error::Package { .. } => ("COMPONENT_CHANGED", Severity::Critical),
                _ => ("COMPONENT_REFUSED", Severity::Warn),
            };
            find(severity, code, refusal.to_string());
        }
        if !self.extensions.packages.is_compiled(installed.digest) {
            let message = "it is not compiled; the first call compiles it and takes longer";
            find(Severity::Info, "NOT_COMPILED", message.to_owned());
        }
        let digest = installed.digest.to_string();
        let is_granted = |stored: &StoredGrant| stored.extension == id.as_str() && stored.digest == digest;
        if !self.stored.iter().any(is_granted) {
            let message =
                format!("it has no grant and cannot be called; openclaw plugins grant {id}, or uninstall it");
            find(Severity::Info, "NO_GRANT", message);
        }
        match switches::find_off(&self.config.plugins, id) {
            Some(off) => find(
                Severity::Info,
                "SWITCHED_OFF",
                format!("it is switched off: {off}"),
            ),
            None => {
                if let Err(failure) = settings::read(&self.config.plugins, &installed.manifest) {
                    find(Severity::Warn, "SETTINGS_REFUSED", failure.to_string());
                }
            }
        }
        Ok(())
    }

    fn check_grant(
        &self,
        ids: &[PluginId],
        stored: &StoredGrant,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Failure> {
        let mut find =
            |severity, code, message| findings.push(Finding::new(severity, code, &stored.extension, message));
        let id = ids.iter().find(|id| id.as_str() == stored.extension);
        let installed = id
            .map(|id| self.extensions.packages.find(id).ok().flatten())
            .unwrap_or_default();
        if installed.is_none_or(|installed| installed.digest.to_string() != stored.digest) {
            let message = format!(
                "it has a grant for {}, which is not installed; openclaw plugins revoke {} removes it",
                stored.digest, stored.extension
            );
            find(Severity::Warn, "STALE_GRANT", message);
        }
        let grant = match grants::read(stored) {
            Ok(grant) => grant,
            Err(failure) => {
                find(Severity::Critical, "GRANT_UNREADABLE", failure.to_string());
                return Ok(());
            }
        };
        for line in grant.lines() {
            let severity = match line.severity() {
                Care::Plain => continue,
                Care::Caution => Severity::Warn,
                Care::Danger => Severity::Critical,
            };
            find(severity, "WIDE_GRANT", format!("it may {}", line.text()));
        }
        for (severity, code, message) in self.judge_directories(&grant) {
            find(severity, code, message);
        }
        Ok(())
    }

    fn judge_directories(&self, grant: &Grant) -> Vec<(Severity, &'static str, String)> {
        let mut found = Vec::new();
        for guest in grant.unplaced() {
            let message = format!("{guest} was granted, and nobody said which directory it is");
            found.push((Severity::Warn, "DIRECTORY_UNPLACED", message));
        }
        for (guest, path) in grant.directories() {
            if !path.is_dir() {
                let message = format!("{guest} is {}, which is no directory any more", path.display());
                found.push((Severity::Warn, "DIRECTORY_MISSING", message));
                continue;
            }
            if self.extensions.is_state(path) {
                let message = format!(
                    "{guest} is {}, which gives it the state with the config; grant another directory",
                    path.display()
                );
                found.push((Severity::Critical, "DIRECTORY_HOLDS_STATE", message));
            }
        }
        found
    }
}
