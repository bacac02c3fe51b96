//! What the operator may say about how long and how many: the environment first, then the config.

use std::time::Duration;

use openclaw_config::Environment;
use openclaw_config::tree::gateway::Gateway as Config;

/// How long a client may take to say who it is.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// How many clients of one address may be about to say who they are.
const UNPROVEN: usize = 32;

/// How long a client may take to say who it is.
pub fn handshake(config: &Config, environment: &Environment) -> Duration {
    let said = environment
        .get("OPENCLAW_HANDSHAKE_TIMEOUT_MS")
        .and_then(positive);
    said.or(config.handshake_timeout_ms)
        .map_or(HANDSHAKE, Duration::from_millis)
}

/// How many clients of one address may be about to say who they are.
pub fn unproven(environment: &Environment) -> usize {
    let said = environment
        .get("OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP")
        .and_then(positive);
    said.and_then(|most| usize::try_from(most).ok())
        .unwrap_or(UNPROVEN)
}

/// A number that means something; others are passed over.
fn positive(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_comes_before_the_config_and_nonsense_is_passed_over() {
        let environment = |name: &str, value: &str| {
            Environment::default().with_config([(name.to_owned(), value.to_owned())])
        };
        let config = Config {
            handshake_timeout_ms: Some(700),
            ..Config::default()
        };
        let asked =
            |value| handshake(&config, &environment("OPENCLAW_HANDSHAKE_TIMEOUT_MS", value)).as_millis();
        assert_eq!([asked("900"), asked("0"), asked("soon")], [900, 700, 700]);
        assert_eq!(handshake(&Config::default(), &Environment::default()), HANDSHAKE);
        assert_eq!(
            unproven(&environment("OPENCLAW_MAX_PREAUTH_CONNECTIONS_PER_IP", "3")),
            3
        );
        assert_eq!(unproven(&Environment::default()), UNPROVEN);
    }
}
