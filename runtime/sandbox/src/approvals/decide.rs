//! What becomes of a command: it runs, somebody is asked, or it is refused.
//!
//! **Promise.** Exactly one of the three, with the rule that decided and where that rule stands. **Cost.** A few looks at
//! the disk; none if everything runs.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::document::Document;
use super::find::Places;
use super::listed::{Glass, look};
use super::plan::{Bound, Plan, Used};
use super::policy::{Ask, Policy, Said, Security, Wish};
use super::settings::Settings;

/// Variables that a call may set without making its command another one.
const HARMLESS: &[&str] = &[
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "COLUMNS",
    "FORCE_COLOR",
    "LANG",
    "LINES",
    "NO_COLOR",
    "TERM",
    "TZ",
];

/// A command, and all that is around it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its text.
    pub command: &'a str,
    /// The folder that it begins in.
    pub cwd: &'a Path,
    /// Its whole environment, as it will be.
    pub env: &'a BTreeMap<String, String>,
    /// The variables of it that the call sets.
    pub set: &'a [String],
    /// For which agent.
    pub agent: &'a str,
    /// In which session.
    pub session: &'a str,
    /// What the call wants.
    pub call: &'a Wish,
    /// The moment, in milliseconds since 1970.
    pub now_ms: i64,
}

impl<'a> Asked<'a> {
    pub(super) fn places(&self) -> Places<'a> {
        Places {
            path: self.env.get("PATH").map(String::as_str).unwrap_or_default(),
            home: self.env.get("HOME").map(Path::new),
            cwd: self.cwd,
        }
    }
}

/// What becomes of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// It runs, as long as nothing changes before it starts. With the entries that allowed it.
    Run(Box<Bound>, Vec<Used>),
    /// Somebody must be asked.
    Ask(Box<Plan>),
    /// It is refused.
    Refuse(Refusal),
}

/// Why a command is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// What the caller is told, as the end of a sentence.
    pub why: String,
}

/// The rule that decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rule {
    /// Every command runs: nobody wants it stricter.
    Everything,
    /// All of it is on the list: where.
    Listed(Vec<String>),
    /// No command runs: who says so.
    Nothing(String),
    /// Somebody is asked about every command: who says so.
    Always(String),
    /// Not all of it is on the list: who wants a list, and what is missing.
    Miss {
        /// Who wants a list.
        by: String,
        /// What is missing.
        why: String,
    },
    /// It is told code, which needs a nod.
    Code(&'static str),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("every command runs"),
            Self::Listed(places) => write!(f, "it is on the list ({})", places.join(", ")),
            Self::Nothing(by) => write!(f, "no command runs ({by})"),
            Self::Always(by) => write!(f, "every command needs a nod ({by})"),
            Self::Miss { by, why } => write!(f, "only commands on the list run ({by}), and {why}"),
            Self::Code(what) => write!(f, "{what} always needs a nod (tools.exec.strictInlineEval)"),
        }
    }
}

/// Decides about a command.
pub fn decide(asked: &Asked<'_>, settings: &Settings, document: &Document) -> Decision {
    let stance = document.stance(asked.agent);
    let policy = Policy::of(&[&settings.wish, &stance.wish, asked.call], stance.fallback);
    let (security, ask) = (policy.security.what, policy.ask.what);
    if security == Security::Deny {
        let rule = Rule::Nothing(policy.security.by.clone());
        let why = format!(
            "commands are switched off on this machine ({})",
            policy.security.by
        );
        return Decision::Refuse(Refusal { rule, why });
    }
    let is_loose = security == Security::Full && ask != Ask::Always;
    if is_loose && !settings.is_strict_about_code {
        return Decision::Run(Box::new(Bound::new(Plan::unbound(asked, policy))), Vec::new());
    }
    let glass = Glass {
        places: asked.places(),
        safe_bins: &settings.safe_bins,
        list: &stance.list,
        now_ms: asked.now_ms,
    };
    let mut seen = look(asked.command, glass);
    if let Some(name) = asked.set.iter().find(|name| !is_harmless(name)) {
        seen.text = seen.text.and_then(|_| Err(format!("the call sets {name}")));
    }
    let code = seen.code.filter(|_| settings.is_strict_about_code);
    let miss = |why: &String| Rule::Miss {
        by: policy.security.by.clone(),
        why: why.clone(),
    };
    let rule = match &seen.text {
        // Nobody is asked about what is not on the list, whatever else it is.
        Err(why) if security == Security::Allowlist && ask == Ask::Off => {
            let rule = miss(why);
            let why = format!("{rule}, and nobody is asked ({})", policy.ask.by);
            return Decision::Refuse(Refusal { rule, why });
        }
        _ if code.is_some() => Rule::Code(code.unwrap_or_default()),
        _ if ask == Ask::Always => Rule::Always(policy.ask.by.clone()),
        _ if security == Security::Full => {
            return Decision::Run(Box::new(Bound::new(Plan::unbound(asked, policy))), Vec::new());
        }
        Ok(_) => {
            let used = Plan::used(&seen);
            let mut places: Vec<String> = used.iter().map(|used| used.place.clone()).collect();
            if used.len() < seen.programs.len() {
                places.push("tools.exec.safeBins".to_owned());
            }
            places.dedup();
            let plan = Plan::new(asked, &seen, policy, Rule::Listed(places));
            return Decision::Run(Box::new(Bound::listed(plan)), used);
        }
        Err(why) => miss(why),
    };
    let mut plan = Plan::new(asked, &seen, policy, rule);
    plan.is_code = code.is_some();
    // Where everything is asked about, and where code is, no list helps.
    if matches!(plan.rule, Rule::Miss { .. }) && asked.set.iter().all(|name| is_harmless(name)) {
        plan.make_lasting(&seen, asked.places());
    }
    plan.warning = warning(&seen.text, seen.code);
    if plan.is_lost {
        let lost =
            "Not all that it could run is known before it runs: a change to the rest would not be seen.";
        plan.warning = Some(match plan.warning {
            Some(warning) => format!("{warning} {lost}"),
            None => lost.to_owned(),
        });
    }
    Decision::Ask(Box::new(plan))
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.contains(&name) || name.starts_with("LC_")
}

fn warning(text: &Result<String, String>, code: Option<&'static str>) -> Option<String> {
    match (code, text) {
        (Some(code), _) => Some(format!("The command has {code}.")),
        (None, Err(why)) if why.starts_with("it is not") => Some(format!("Look closely: {why}.")),
        _ => None,
    }
}

/// What becomes of a command about which somebody should be asked, when nobody answers.
pub fn without_answer(plan: Plan) -> Decision {
    let Said { what, by } = &plan.policy.fallback;
    match what {
        Security::Full if !plan.is_code => return Decision::Run(Box::new(Bound::new(plan)), Vec::new()),
        Security::Allowlist if !plan.is_code && plan.is_listed() => {
            return Decision::Run(Box::new(Bound::listed(plan)), Vec::new());
        }
        _ => {}
    }
    let why = format!("{}, and nobody answered (askFallback {what}, {by})", plan.rule);
    Decision::Refuse(Refusal { rule: plan.rule, why })
}
