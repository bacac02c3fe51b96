//! The gateway's own credentials: the kind that cannot win, and those for a gateway that nobody reaches.

use super::View;

const TOKEN_ENV: &str = "OPENCLAW_GATEWAY_TOKEN";
const PASSWORD_ENV: &str = "OPENCLAW_GATEWAY_PASSWORD";

/// `gateway.auth.*` of a mode that cannot win.
pub(super) fn auth(view: &View<'_>) -> Option<&'static str> {
    if !view.path.starts_with(&["gateway", "auth"]) {
        return None;
    }
    match view.path.key_at(2)? {
        "token" if !token_can_win(view) => Some("gateway.auth.mode does not use a token"),
        "password" if !password_can_win(view) => Some("gateway.auth uses a token or no password"),
        _ => None,
    }
}

/// `gateway.remote.*` while no remote gateway is reached and no local login could need it.
pub(super) fn remote(view: &View<'_>) -> Option<&'static str> {
    if !view.path.starts_with(&["gateway", "remote"]) {
        return None;
    }
    let tailscale = view.text(&["gateway", "tailscale", "mode"]);
    let reaches_out = view.text(&["gateway", "mode"]) == Some("remote")
        || view.is_set(&["gateway", "remote", "url"])
        || matches!(tailscale, Some("serve" | "funnel"));
    let logs_in = match view.path.key_at(2) {
        Some("token") => {
            token_can_win(view) && !view.has_env(TOKEN_ENV) && !view.is_set(&["gateway", "auth", "token"])
        }
        Some("password") => {
            password_can_win(view)
                && !view.has_env(PASSWORD_ENV)
                && !view.is_set(&["gateway", "auth", "password"])
        }
        _ => false,
    };
    (!reaches_out && !logs_in).then_some("no remote gateway is configured")
}

fn token_can_win(view: &View<'_>) -> bool {
    matches!(view.text(&["gateway", "auth", "mode"]), None | Some("token"))
}

/// Without a mode a token wins over a password.
fn password_can_win(view: &View<'_>) -> bool {
    match view.text(&["gateway", "auth", "mode"]) {
        Some(mode) => mode == "password",
        None => !view.is_set(&["gateway", "auth", "token"]) && !view.has_env(TOKEN_ENV),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::active::tests::{reason, reason_with};

    #[test]
    fn the_mode_decides_which_credential_counts() {
        let source =
            |mode: &str| json!({"gateway": {"auth": {"mode": mode, "token": "${T}", "password": "${P}"}}});
        let inactive =
            |mode: &str, key: &str| reason(&source(mode), &format!("gateway.auth.{key}")).is_some();
        assert!(!inactive("token", "token") && inactive("token", "password"));
        assert!(inactive("password", "token") && !inactive("password", "password"));
        for mode in ["none", "trusted-proxy"] {
            assert!(inactive(mode, "token") && inactive(mode, "password"), "{mode}");
        }
    }

    #[test]
    fn without_a_mode_a_token_wins() {
        let both = json!({"gateway": {"auth": {"token": "${T}", "password": "${P}"}}});
        assert!(reason(&both, "gateway.auth.token").is_none());
        assert!(reason(&both, "gateway.auth.password").is_some());
        let one = json!({"gateway": {"auth": {"password": "${P}"}}});
        assert!(reason(&one, "gateway.auth.password").is_none());
        assert!(reason_with(&one, "gateway.auth.password", &[("OPENCLAW_GATEWAY_TOKEN", "t")]).is_some());
    }

    #[test]
    fn remote_credentials_count_only_when_something_is_remote() {
        for gateway in [
            json!({"mode": "remote", "auth": {"token": "t"}, "remote": {"token": "${T}"}}),
            json!({"auth": {"token": "t"}, "remote": {"url": "wss://x", "token": "${T}"}}),
            json!({"auth": {"token": "t"}, "tailscale": {"mode": "serve"}, "remote": {"token": "${T}"}}),
            json!({"tailscale": {"mode": "off"}, "remote": {"token": "${T}"}}),
        ] {
            assert_eq!(
                reason(&json!({"gateway": gateway}), "gateway.remote.token"),
                None,
                "{gateway}"
            );
        }
        for gateway in [
            json!({"mode": "local", "auth": {"token": "t"}, "remote": {"token": "${T}"}}),
            json!({"auth": {"mode": "password"}, "remote": {"token": "${T}"}}),
        ] {
            assert!(
                reason(&json!({"gateway": gateway}), "gateway.remote.token").is_some(),
                "{gateway}"
            );
        }
        let local = json!({"gateway": {"remote": {"token": "${T}"}}});
        assert!(reason_with(&local, "gateway.remote.token", &[("OPENCLAW_GATEWAY_TOKEN", "t")]).is_some());
    }
}
