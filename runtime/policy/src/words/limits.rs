//! Limits, grants and manifests in words.

use super::{Line, Severity, Words, most_care_first, quote};
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
            let ceiling = limit.usual_ceiling();
            let cut = match amount.get() > ceiling.get() {
                true => format!("; cut to {ceiling} unless the operator raised the ceiling"),
                false => String::new(),
            };
            let usual = limit.usual();
            Line::new(
                severity,
                &format!("{} (usual: {usual}{cut})", tell(limit, amount)),
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
            Some(account) => format!(", account {}", quote(account, 64)),
            None => String::new(),
        };
        let by = quote(self.granted_by(), 64);
        let head = format!(
            "granted by {by} to {} ({}){account}:",
            self.extension(),
            self.digest()
        );
        let head = Line::new(Severity::Plain, &head);
        let mut lines = self.capabilities().lines();
        lines.extend(self.limits().lines());
        std::iter::once(head).chain(most_care_first(lines)).collect()
    }
}

impl Words for Manifest {
    fn lines(&self) -> Vec<Line> {
        let plain = |text: &str| Line::new(Severity::Plain, text);
        let said = [
            ("the author calls it", &self.name, 80),
            ("the author says that its version is", &self.version, 40),
            ("the author says:", &self.description, 300),
        ];
        let said = said
            .into_iter()
            .filter_map(|(says, text, max)| Some(plain(&format!("{says} {}", quote(text.as_ref()?, max)))));
        let mut lines = self.capabilities.lines();
        lines.extend(self.limits.lines());
        std::iter::once(plain(&format!("the extension {}", self.id)))
            .chain(said)
            .chain(most_care_first(lines))
            .collect()
    }
}
