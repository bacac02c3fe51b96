//! How an agent runs commands: what the config says for all, and what it says for this one.

use std::time::Duration;

use openclaw_config::tree::Config;
use openclaw_config::tree::exec::{ExecAsk, ExecHost, ExecMode, ExecSecurity};

/// The shortest and the longest wait before a command goes on in the background.
const YIELDS: (u64, u64) = (10, 120_000);
/// The shortest and the longest time that a finished job is kept.
const KEPT: (u64, u64) = (60_000, 3 * 60 * 60_000);

/// How an agent runs commands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(super) host: ExecHost,
    pub(super) security: ExecSecurity,
    pub(super) ask: ExecAsk,
    /// How long a call waits before the command goes on in the background.
    pub(super) patience: Duration,
    /// How long a command may run.
    pub(super) lifetime: Duration,
    /// How long one that has ended is kept.
    pub(super) kept_for: Duration,
    pub(super) tells_end: bool,
    pub(super) tells_silent_success: bool,
    /// Folders in which programs are looked for first.
    pub(crate) prepended: Vec<String>,
    /// After which time a command that got its nod is said to be running still. Zero: never.
    pub(super) notice: Duration,
}

impl Settings {
    /// What the config says for an agent. `patience_ms` is what the environment says of that.
    pub(crate) fn of(config: &Config, agent: &str, patience_ms: Option<u64>) -> Self {
        let all = &config.tools.exec;
        let own = config.agents.entries.get(agent);
        let own = own
            .and_then(|agent| agent.tools.as_ref())
            .and_then(|tools| tools.exec.as_ref());
        let with = |mode: Option<ExecMode>, security: Option<ExecSecurity>, ask: Option<ExecAsk>| {
            let halves = mode.map(halves);
            (
                halves.map(|halves| halves.0).or(security),
                halves.map(|halves| halves.1).or(ask),
            )
        };
        let of_all = with(all.mode, all.security, all.ask);
        let of_own = own.map_or((None, None), |own| with(own.mode, own.security, own.ask));
        let patience = own
            .and_then(|own| own.background_ms)
            .or(patience_ms)
            .unwrap_or(all.background_ms);
        let kept = own.and_then(|own| own.cleanup_ms).unwrap_or(all.cleanup_ms);
        Self {
            host: own.and_then(|own| own.host).unwrap_or(all.host),
            security: of_own.0.or(of_all.0).unwrap_or(ExecSecurity::Full),
            ask: of_own.1.or(of_all.1).unwrap_or(ExecAsk::Off),
            patience: patience_of(patience),
            lifetime: Duration::from_secs(
                own.and_then(|own| own.timeout_seconds)
                    .unwrap_or(all.timeout_seconds),
            ),
            kept_for: Duration::from_millis(kept.clamp(KEPT.0, KEPT.1)),
            tells_end: own
                .and_then(|own| own.notify_on_exit)
                .unwrap_or(all.notify_on_exit),
            tells_silent_success: own
                .and_then(|own| own.notify_on_exit_empty_success)
                .unwrap_or(all.notify_on_exit_empty_success),
            prepended: own
                .and_then(|own| own.path_prepend.clone())
                .unwrap_or_else(|| all.path_prepend.clone()),
            notice: Duration::from_millis(
                own.and_then(|own| own.approval_running_notice_ms)
                    .unwrap_or(all.approval_running_notice_ms),
            ),
        }
    }
}

/// How long a call waits, within what makes sense.
pub(super) fn patience_of(ms: u64) -> Duration {
    Duration::from_millis(ms.clamp(YIELDS.0, YIELDS.1))
}

/// The two halves that a mode stands for.
fn halves(mode: ExecMode) -> (ExecSecurity, ExecAsk) {
    match mode {
        ExecMode::Deny => (ExecSecurity::Deny, ExecAsk::Off),
        ExecMode::Allowlist => (ExecSecurity::Allowlist, ExecAsk::Off),
        ExecMode::Ask | ExecMode::Auto => (ExecSecurity::Allowlist, ExecAsk::OnMiss),
        ExecMode::Full => (ExecSecurity::Full, ExecAsk::Off),
    }
}

/// The stricter of two.
pub(super) fn stricter_security(one: ExecSecurity, two: ExecSecurity) -> ExecSecurity {
    let rank = |security: ExecSecurity| match security {
        ExecSecurity::Deny => 0,
        ExecSecurity::Allowlist => 1,
        ExecSecurity::Full => 2,
    };
    if rank(two) < rank(one) { two } else { one }
}

/// The stricter of two.
pub(super) fn stricter_ask(one: ExecAsk, two: ExecAsk) -> ExecAsk {
    let rank = |ask: ExecAsk| match ask {
        ExecAsk::Off => 0,
        ExecAsk::OnMiss => 1,
        ExecAsk::Always => 2,
    };
    if rank(two) > rank(one) { two } else { one }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(exec: serde_json::Value, own: serde_json::Value, patience_ms: Option<u64>) -> Settings {
        let config =
            json!({"tools": {"exec": exec}, "agents": {"entries": {"main": {"tools": {"exec": own}}}}});
        Settings::of(&serde_json::from_value(config).unwrap(), "main", patience_ms)
    }

    #[test]
    fn an_agents_own_settings_come_before_those_of_all_and_the_environment_between() {
        let both = of(
            json!({"timeoutSeconds": 5, "backgroundMs": 50, "cleanupMs": 1, "pathPrepend": ["/a"]}),
            json!({"timeoutSeconds": 7}),
            None,
        );
        assert_eq!(both.lifetime, Duration::from_secs(7));
        assert_eq!(both.patience, Duration::from_millis(50));
        assert_eq!(both.kept_for, Duration::from_secs(60));
        assert_eq!(both.prepended, ["/a"]);
        let patience = |exec, own, env| of(exec, own, env).patience.as_millis();
        assert_eq!(patience(json!({"backgroundMs": 50}), json!({}), Some(70)), 70);
        assert_eq!(patience(json!({}), json!({"backgroundMs": 60}), Some(70)), 60);
        assert_eq!(patience(json!({}), json!({}), Some(1)), 10);
        assert_eq!(patience(json!({}), json!({}), None), 10_000);
        assert_eq!(patience(json!({}), json!({}), Some(u64::MAX)), 120_000);
    }

    #[test]
    fn a_mode_says_both_halves_and_an_agents_word_comes_first() {
        let halves = |exec, own| {
            let settings = of(exec, own, None);
            (settings.security, settings.ask)
        };
        assert_eq!(halves(json!({}), json!({})), (ExecSecurity::Full, ExecAsk::Off));
        assert_eq!(
            halves(json!({"mode": "ask", "security": "full"}), json!({})),
            (ExecSecurity::Allowlist, ExecAsk::OnMiss)
        );
        assert_eq!(
            halves(json!({"mode": "deny"}), json!({"mode": "full", "ask": "always"})),
            (ExecSecurity::Full, ExecAsk::Off)
        );
        assert_eq!(
            halves(json!({"security": "allowlist"}), json!({"ask": "always"})),
            (ExecSecurity::Allowlist, ExecAsk::Always)
        );
    }

    #[test]
    fn the_stricter_of_two_wins() {
        use ExecAsk::{Always, Off, OnMiss};
        use ExecSecurity::{Allowlist, Deny, Full};
        assert_eq!(stricter_security(Full, Allowlist), Allowlist);
        assert_eq!(stricter_security(Deny, Full), Deny);
        assert_eq!(stricter_ask(OnMiss, Off), OnMiss);
        assert_eq!(stricter_ask(Off, Always), Always);
    }
}
