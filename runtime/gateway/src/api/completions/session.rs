//! Which conversation a request belongs to: one that the client names, one of its own for each `user`, else a fresh
//! one that nobody comes back to.

use http::HeaderMap;

use crate::api::refusal::Refusal;

/// The names of sessions that only the gateway itself opens.
const RESERVED: [&str; 4] = ["subagent", "cron", "acp", "harness"];

/// The longest key that is taken.
const LONGEST: usize = 512;

/// The key of a request's session. `family` stands in the keys that are made here.
pub(crate) fn session_key(
    headers: &HeaderMap,
    agent: &str,
    family: &str,
    user: Option<&str>,
) -> Result<String, Refusal> {
    if let Some(value) = headers.get("x-openclaw-session-key") {
        let key = value.to_str().map(str::trim).unwrap_or_default();
        if key.is_empty() || key.len() > LONGEST {
            return Err(Refusal::bad_request(
                "`x-openclaw-session-key` is no session key.",
            ));
        }
        if is_reserved(key) {
            return Err(Refusal::bad_request(
                "`x-openclaw-session-key` cannot use reserved internal session namespaces.",
            ));
        }
        return Ok(key.to_owned());
    }
    Ok(match user {
        Some(user) => format!("agent:{agent}:{family}-user:{}", user.to_lowercase()),
        None => format!("agent:{agent}:{family}:{}", uuid::Uuid::now_v7()),
    })
}

fn is_reserved(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let rest = match key.strip_prefix("agent:") {
        Some(scoped) => scoped.split_once(':').map_or("", |(_, rest)| rest),
        None => &key,
    };
    let first = rest.split(':').next().unwrap_or_default();
    RESERVED.contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(key: &str) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert("x-openclaw-session-key", key.parse().unwrap());
        session_key(&headers, "main", "openai", None)
    }

    #[test]
    fn what_the_gateway_opens_itself_cannot_be_named() {
        for key in ["subagent:x", "agent:main:cron:1", "ACP:x", "agent:main:harness:y"] {
            let refusal = named(key).unwrap_err();
            assert!(refusal.message.contains("reserved internal"), "{key}");
        }
        assert_eq!(named("agent:main:desk").unwrap(), "agent:main:desk");
        assert_eq!(named("desk").unwrap(), "desk");
    }

    #[test]
    fn a_user_comes_back_to_the_same_conversation_and_others_do_not() {
        let of = |user| session_key(&HeaderMap::new(), "main", "openai", user).unwrap();
        assert_eq!(of(Some("Ann")), "agent:main:openai-user:ann");
        assert_eq!(of(Some("ann")), of(Some("Ann")));
        assert_ne!(of(None), of(None));
        assert!(of(None).starts_with("agent:main:openai:"));
    }
}
