//! Limits, grants and manifests in words.

use super::{Line, Severity, Words};
use crate::display::display_safe;
use crate::grant::Grant;
use crate::limits::{Amount, Effective, Limit, LimitSet, Setting, Source};
use crate::manifest::Manifest;

fn tell(limit: Limit, amount: Amount) -> String {
    match limit {
        Limit::Cpu => format!("compute for {amount} in one call"),
        Limit::Deadline => format!("take {amount} for one call, waiting included"),
        Limit::HostCalls => format!("call the host {amount} times in one call"),
        Limit::BytesIn => format!("receive {amount} in one call"),
        Limit::BytesOut => format!("hand out {amount} in one call"),
        Limit::Memory => format!("use {amount} of memory in one call"),
        Limit::TableElements => format!("use {amount} table elements in one call"),
        Limit::Log => format!("log {amount} in one call"),
        Limit::Output => format!("answer with {amount} in one call"),
        Limit::Concurrency => format!("run {amount} calls at the same time"),
        Limit::Kv => format!("store {amount}"),
    }
}

impl Words for LimitSet {
    fn lines(&self) -> Vec<Line> {
        let line = |(limit, amount): (Limit, Amount)| {
            let severity = match amount.get() > limit.usual().get() {
                true => Severity::Caution,
                false => Severity::Plain,
            };
            Line::new(
                severity,
                &format!("{} (usual: {})", tell(limit, amount), limit.usual()),
            )
        };
        self.iter().map(line).collect()
    }
}

impl Words for Setting {
    fn lines(&self) -> Vec<Line> {
        let source = match self.source {
            Source::Usual => "the usual value; a manifest may ask for more",
            Source::Request => "as it was asked for",
            Source::Ceiling => "cut at the operator's ceiling, which only the operator raises",
        };
        let text = format!(
            "{} [{}: {source}]",
            tell(self.limit, self.amount),
            self.limit.key()
        );
        vec![Line::new(Severity::Plain, &text)]
    }
}

impl Words for Effective {
    fn lines(&self) -> Vec<Line> {
        self.settings().flat_map(|setting| setting.lines()).collect()
    }
}

impl Words for Grant {
    fn lines(&self) -> Vec<Line> {
        let account = match self.account() {
            Some(account) => format!(", account \"{}\"", display_safe(account, 64)),
            None => String::new(),
        };
        let by = display_safe(self.granted_by(), 64);
        let head = format!("granted by {by} to {}{account}:", self.digest());
        let head = Line::new(Severity::Plain, &head);
        let limits = self.limits().lines();
        std::iter::once(head)
            .chain(self.capabilities().lines())
            .chain(limits)
            .collect()
    }
}

impl Words for Manifest {
    fn lines(&self) -> Vec<Line> {
        let part = |text: &Option<String>, max| display_safe(text.as_deref().unwrap_or_default(), max);
        let mut head = match &self.name {
            Some(_) => format!("{} ({})", part(&self.name, 80), self.id),
            None => self.id.to_string(),
        };
        if self.version.is_some() {
            head = format!("{head}, version {}", part(&self.version, 40));
        }
        if self.description.is_some() {
            head = format!("{head}: {}", part(&self.description, 300));
        }
        let head = Line::new(Severity::Plain, &head);
        let limits = self.limits.lines();
        std::iter::once(head)
            .chain(self.capabilities.lines())
            .chain(limits)
            .collect()
    }
}
