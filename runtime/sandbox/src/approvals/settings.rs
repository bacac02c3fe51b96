//! What the config says about nods, for one agent.

use openclaw_config::tree::Config;
use openclaw_config::tree::exec::{AgentExec, ExecAsk, ExecMode, ExecSecurity};

use super::policy::{Ask, Said, Security, Wish, halves};
use super::safe::SafeBins;

/// What the config says for one agent.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How strict it is.
    pub wish: Wish,
    /// The programs that need no entry.
    pub safe_bins: SafeBins,
    /// Whether code on the command line always needs a nod.
    pub is_strict_about_code: bool,
    /// How many days a lasting nod lasts. None: for good.
    pub grant_days: Option<u32>,
}

impl Settings {
    /// What the config says for an agent: what stands at the agent comes before what stands at `tools.exec`.
    pub fn of(config: &Config, agent: &str) -> Self {
        let all = &config.tools.exec;
        let own = config
            .agents
            .entries
            .get(agent)
            .and_then(|known| known.tools.as_ref()?.exec.clone())
            .unwrap_or_default();
        let at_all = |key: &str| format!("tools.exec.{key}");
        let at_own = |key: &str| format!("agents.entries.{agent}.tools.exec.{key}");
        let mut wish = said(all.mode, all.security, all.ask, at_all);
        let more = said(own.mode, own.security, own.ask, at_own);
        wish.security = more.security.or(wish.security);
        wish.ask = more.ask.or(wish.ask);
        let AgentExec {
            safe_bins,
            safe_bin_trusted_dirs,
            safe_bin_profiles,
            ..
        } = own;
        let mut profiles = all.safe_bin_profiles.clone();
        profiles.extend(safe_bin_profiles);
        Self {
            wish,
            safe_bins: SafeBins::new(
                safe_bins.as_deref().or(all.safe_bins.as_deref()),
                &safe_bin_trusted_dirs.unwrap_or_else(|| all.safe_bin_trusted_dirs.clone()),
                &profiles,
            ),
            is_strict_about_code: own.strict_inline_eval.unwrap_or(all.strict_inline_eval),
            grant_days: own.grant_expiry_days.or(all.grant_expiry_days),
        }
    }
}

fn said(
    mode: Option<ExecMode>,
    security: Option<ExecSecurity>,
    ask: Option<ExecAsk>,
    place: impl Fn(&str) -> String,
) -> Wish {
    let mut wish = Wish {
        security: security.map(|what| Said::new(Security::from(what), place("security"))),
        ask: ask.map(|what| Said::new(Ask::from(what), place("ask"))),
    };
    // The newer spelling says both.
    if let Some(mode) = mode {
        let (security, ask) = halves(mode);
        wish.security = Some(Said::new(security, place("mode")));
        wish.ask = Some(Said::new(ask, place("mode")));
    }
    wish
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(config: serde_json::Value, agent: &str) -> Settings {
        let config: Config = serde_json::from_value(config).unwrap();
        Settings::of(&config, agent)
    }

    #[test]
    fn an_agents_own_words_come_before_those_for_all() {
        let config = json!({
            "tools": {"exec": {"mode": "ask", "safeBins": ["wc"], "grantExpiryDays": 7}},
            "agents": {"entries": {
                "work": {"tools": {"exec": {"security": "full", "strictInlineEval": true, "safeBins": []}}},
            }},
        });
        let main = of(config.clone(), "main");
        assert_eq!(
            main.wish.security,
            Some(Said::new(Security::Allowlist, "tools.exec.mode"))
        );
        assert_eq!(main.wish.ask, Some(Said::new(Ask::OnMiss, "tools.exec.mode")));
        assert_eq!((main.is_strict_about_code, main.grant_days), (false, Some(7)));
        let work = of(config, "work");
        let by = "agents.entries.work.tools.exec.security";
        assert_eq!(work.wish.security, Some(Said::new(Security::Full, by)));
        assert_eq!(work.wish.ask, Some(Said::new(Ask::OnMiss, "tools.exec.mode")));
        assert!(work.is_strict_about_code);
        assert_ne!(work.safe_bins, main.safe_bins);
    }

    #[test]
    fn a_mode_says_both_halves_and_an_agents_word_comes_first() {
        let halves = |exec: serde_json::Value, own: serde_json::Value| {
            let config =
                json!({"tools": {"exec": exec}, "agents": {"entries": {"main": {"tools": {"exec": own}}}}});
            let wish = of(config, "main").wish;
            (wish.security.unwrap().what, wish.ask.unwrap().what)
        };
        assert_eq!(
            halves(json!({"mode": "ask", "security": "full"}), json!({})),
            (Security::Allowlist, Ask::OnMiss)
        );
        assert_eq!(
            halves(json!({"mode": "deny"}), json!({"mode": "full", "ask": "always"})),
            (Security::Full, Ask::Off)
        );
        assert_eq!(
            halves(json!({"security": "allowlist"}), json!({"ask": "always"})),
            (Security::Allowlist, Ask::Always)
        );
    }

    #[test]
    fn an_empty_config_wants_nothing() {
        assert_eq!(of(json!({}), "main").wish, Wish::default());
    }
}
