//! Commands that are not for a shell.
//!
//! **Promise.** Whoever writes one of these plainly is told what to do in its stead. **Bound.** It is help and no
//! barrier: it knows the plain spellings.

/// What ends one command and begins another.
const ENDS: &[char] = &[';', '|', '&', '\n', '(', ')', '{', '}'];
/// Words that stand before a command and change nothing about what it is.
const BEFORE: &[&str] = &["command", "exec", "env", "nohup", "sudo", "time", "npx"];

/// What answers about commands, or changes which of them run.
const APPROVALS: &[&str] = &["resolve", "allowlist", "set", "grants"];

/// Why a text is not run, if it is not.
pub(super) fn refused(text: &str) -> Option<&'static str> {
    text.split(ENDS).find_map(|part| {
        let words: Vec<_> = part
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'']))
            .skip_while(|word| BEFORE.contains(word) || is_assignment(word))
            .collect();
        match words.as_slice() {
            ["/approve", ..] => Some(
                "/approve is a message for the gateway and no command: only a person can send it, in the conversation or \
                 on the gateway's page.",
            ),
            [program, rest @ ..] if is_openclaw(program) => {
                // Options, and what belongs to them, stand between.
                let has = |one: &str, two: &[&str]| {
                    let mut behind = rest.iter().skip_while(|word| **word != one).skip(1);
                    behind.any(|word| two.contains(word))
                };
                if has("channels", &["login"]) {
                    return Some("Logging a channel in needs a person at a terminal: ask your person to do it.");
                }
                let is_operators = has("gateway", &["send", "agent", "chat.send", "exec.approval.resolve", "exec.approvals.set"])
                    || has("approvals", APPROVALS)
                    || has("exec-approvals", APPROVALS)
                    || has("config", &["set"]);
                is_operators.then_some(
                    "What only the operator may ask of the gateway is not asked from a command that an agent runs.",
                )
            }
            _ => None,
        }
    })
}

fn is_openclaw(program: &str) -> bool {
    program.rsplit('/').next() == Some("openclaw")
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_for_a_shell_is_refused_where_it_is_written_plainly() {
        for text in [
            "/approve abc allow-once",
            "cd /tmp && /approve abc allow-always",
            "openclaw channels login --channel whatsapp",
            "X=1 /usr/bin/openclaw channels login",
            "echo hi; openclaw gateway call send --params '{}'",
            "openclaw --profile work approvals allowlist add /bin/sh",
            "openclaw approvals resolve 12ab allow-always",
            "openclaw exec-approvals allowlist add /bin/sh",
            "openclaw config set tools.exec.mode full",
        ] {
            assert!(refused(text).is_some(), "{text}");
        }
        for text in [
            "openclaw channels status",
            "openclaw gateway call health",
            "openclaw approvals get",
            "openclaw config get tools.exec.mode",
            "echo /approve",
            "grep approve /approve.txt",
            "ls /approve",
            "",
        ] {
            assert_eq!(refused(text), None, "{text}");
        }
    }
}
