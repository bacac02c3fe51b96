//! Shapes that give a secret away although nobody registered it.
//!
//! Compiled once, when the first text is redacted. One combined scan tells which shapes occur; text with none costs
//! no more than that. All run in time linear to the text.

use std::borrow::Cow;
use std::sync::LazyLock;

use openclaw_config::secret_ref::REDACTED;
use regex::{Captures, Regex, RegexBuilder, RegexSet};

use crate::error::SecretError;

/// A secret with fewer characters is masked whole.
const SHOWN_FROM: usize = 18;
/// How many characters stay at the start and the end of a longer one.
const SHOWN: (usize, usize) = (6, 4);
const MASK: &str = "***";
const ELLIPSIS: char = '…';

/// In each, the last group that takes part is the secret. Letters without `(?i-u)` mean exactly themselves.
const BUILT_IN: &[&str] = &[
    // Assignments in capitals, quoted or not, also where the quotes are escaped.
    r#"(?-u:\b)[A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)\\*["']?[ \t]*[=:][ \t]*\\*["']?([^\s"'\\,;&]+)"#,
    // Members of JSON, plain and escaped.
    r#"(?i-u:"(?:api_?key|(?:access|refresh|id|auth|bot|app|session|webhook|user)?_?token|(?:client|app|webhook|signing|bot)?_?secret|secret_?access_?key|private_?key|encrypt_?key|passw(?:or)?d|passphrase|authorization|credential))"\s*:\s*"((?:[^"\\]|\\.)+)""#,
    r#"(?i-u:\\+"(?:api_?key|(?:access|refresh|id|auth|bot|app|session|webhook|user)?_?token|(?:client|app|webhook|signing|bot)?_?secret|secret_?access_?key|private_?key|encrypt_?key|passw(?:or)?d|passphrase|authorization|credential))\\+"\s*:\s*\\+"([^"]+?)\\+""#,
    // What pays.
    r#"(?i-u:"(?:card_?number|cvc|cvv2?|security_?code|iban|account_?number|routing_?number)\\*")\s*:\s*\\*"?([0-9A-Za-z][0-9A-Za-z \-]*)"#,
    // Command line flags.
    r#"(?i-u:--[a-z0-9-]*(?:api-?key|token|secret|password|passwd))(?:=|[ \t]+)\\*["']?([^\s"'\\]+)"#,
    // Headers.
    r#"(?i-u:authorization\\*["']?[ \t]*[:=][ \t]*\\*["']?(?:bearer|basic|bot|token)[ \t]+)([A-Za-z0-9._~+/=:-]+)"#,
    r#"(?i-u:(?:x-api-key|api-key|x-goog-api-key|xi-api-key|x-auth-token|x-openclaw-token|x-access-token|private-token|x-gitlab-token|x-telegram-bot-api-secret-token)\\*["']?[ \t]*[:=][ \t]*\\*["']?)([^\s"'\\,;]+)"#,
    r#"(?i-u:(?-u:\b)(?:set-)?cookie\\*["']?[ \t]*:[ \t]*\\*["']?)([^\r\n"'\\]+)"#,
    r"(?i-u:(?-u:\b)bearer[ \t]+)([A-Za-z0-9._~+/=-]{18,})",
    // Logins in URLs.
    r"(?i-u:(?-u:\b)(?:https?|wss?|ftps?|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?)://)[^\s/:@?#]*:([^\s/@?#]+)@",
    r"(?i-u:(?-u:\b)(?:https?|wss?)://)([^\s/:@?#]+)@",
    // Parameters of queries and forms.
    r#"(?i-u:[?&](?:access_token|refresh_token|id_token|auth_token|token|api_?key|key|secret|client_secret|password|passwd|auth|signature|sig|code)=)([^&\s"'#<>\\]+)"#,
    r#"(?i-u:(?:^|[\s"'])(?:access_token|refresh_token|id_token|api_key|client_secret|password)=)([^&\s"'#<>\\]+)"#,
    // AWS.
    r#"(?i-u:aws_?secret(?:_?access)?_?key)[^A-Za-z0-9/+]{1,5}([A-Za-z0-9/+=]{40})"#,
    // Addresses that are secrets.
    r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]+)",
    r"(?i-u:discord(?:app)?\.com/api/webhooks/)[0-9]+/([A-Za-z0-9_-]+)",
    // Tokens that can be told by how they look.
    r"(?-u:\b)([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,})",
    r"(?:(?-u:\b)|bot)([0-9]{6,}:[A-Za-z0-9_-]{20,})",
    r"(?-u:\b)(sk-[A-Za-z0-9_-]{8,}|gh[pousr]_[A-Za-z0-9]{10,}|github_pat_[A-Za-z0-9_]{10,}|glpat-[A-Za-z0-9_-]{10,}|xox[baprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|gsk_[A-Za-z0-9_-]{10,}|AIza[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_.-]{10,}|pplx-[A-Za-z0-9_-]{10,}|npm_[A-Za-z0-9]{10,}|hsk-[A-Za-z0-9_-]{10,}|AKIA[A-Z0-9]{16})",
    r"(?-u:\b)(eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,})",
];

/// The body of a key block, to its end or, where that was cut off, to the end of the text.
const PEM: &str =
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----((?s:.*?))(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)";
const PEM_BODY: &str = "\n…redacted…\n";

static SHAPES: LazyLock<Option<Shapes>> = LazyLock::new(|| Shapes::compile(BUILT_IN).ok());
static KEY_BLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PEM).ok());

/// Which shapes are looked for.
pub(super) enum Patterns {
    BuiltIn,
    Custom(Shapes),
    Off,
}

/// Some shapes, and one automaton that tells which of them occur.
pub(super) struct Shapes {
    all: RegexSet,
    each: Vec<Regex>,
}

impl Shapes {
    fn compile(expressions: &[&str]) -> Result<Self, regex::Error> {
        Ok(Self {
            all: RegexSet::new(expressions)?,
            each: expressions
                .iter()
                .map(|expression| Regex::new(expression))
                .collect::<Result<_, _>>()?,
        })
    }

    fn mask(&self, text: &str) -> Option<String> {
        let mut result = Cow::Borrowed(text);
        for index in self.all.matches(text).into_iter() {
            let Some(shape) = self.each.get(index) else {
                continue;
            };
            if let Cow::Owned(changed) = shape.replace_all(&result, mask_last_group) {
                result = Cow::Owned(changed);
            }
        }
        (result != text).then(|| result.into_owned())
    }
}

impl Patterns {
    /// Compiles a person's own expressions.
    pub(super) fn compile(expressions: &[String]) -> Result<Self, SecretError> {
        let refused = |index: usize, error: &regex::Error| {
            let text = error.to_string();
            let reason = text
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned();
            SecretError::RedactPattern { index, reason }
        };
        let mut each = Vec::new();
        for (index, expression) in expressions.iter().enumerate() {
            each.push(compile_one(expression).map_err(|error| refused(index, &error))?);
        }
        let all = RegexSet::new(each.iter().map(Regex::as_str)).map_err(|error| refused(0, &error))?;
        Ok(Self::Custom(Shapes { all, each }))
    }

    /// The text with its secrets masked. `None`: no shape occurs.
    pub(super) fn mask(&self, text: &str) -> Option<String> {
        let shapes = match self {
            Self::BuiltIn => SHAPES.as_ref()?,
            Self::Custom(shapes) => shapes,
            Self::Off => return None,
        };
        let without_keys = mask_keys(text);
        let masked = shapes.mask(without_keys.as_deref().unwrap_or(text));
        masked.or(without_keys)
    }
}

/// Reads `/expression/flags`, or a bare expression, which ignores case as a written one with `i` does.
fn compile_one(expression: &str) -> Result<Regex, regex::Error> {
    let slashed = expression
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'));
    let (body, flags) = slashed.unwrap_or((expression, "gi"));
    let switches: String = flags.chars().filter(|flag| "ims".contains(*flag)).collect();
    let body = if switches.is_empty() {
        body.to_owned()
    } else {
        format!("(?{switches}){body}")
    };
    RegexBuilder::new(&body).build()
}

fn mask_keys(text: &str) -> Option<String> {
    if !text.contains("-----BEGIN ") {
        return None;
    }
    let masked = KEY_BLOCK.as_ref()?.replace_all(text, |found: &Captures<'_>| {
        let (whole, body) = (
            found.get(0).map_or("", |m| m.as_str()),
            found.get(1).map_or("", |m| m.as_str()),
        );
        if body == PEM_BODY || body.trim().is_empty() {
            whole.to_owned()
        } else {
            whole.replacen(body, PEM_BODY, 1)
        }
    });
    (masked != text).then(|| masked.into_owned())
}

fn mask_last_group(found: &Captures<'_>) -> String {
    let Some(whole) = found.get(0) else {
        return String::new();
    };
    let secret = found.iter().flatten().last().unwrap_or(whole);
    let before = whole
        .as_str()
        .get(..secret.start().saturating_sub(whole.start()))
        .unwrap_or_default();
    let after = whole
        .as_str()
        .get(secret.end().saturating_sub(whole.start())..)
        .unwrap_or_default();
    format!("{before}{}{after}", mask(secret.as_str()))
}

fn mask(secret: &str) -> Cow<'_, str> {
    let count = secret.chars().count();
    let already = count == SHOWN.0 + 1 + SHOWN.1 && secret.chars().nth(SHOWN.0) == Some(ELLIPSIS);
    if already || secret == MASK || secret.contains(REDACTED) {
        return Cow::Borrowed(secret);
    }
    if count < SHOWN_FROM {
        return Cow::Borrowed(MASK);
    }
    let start: String = secret.chars().take(SHOWN.0).collect();
    let end: String = secret.chars().skip(count.saturating_sub(SHOWN.1)).collect();
    Cow::Owned(format!("{start}{ELLIPSIS}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        Patterns::BuiltIn.mask(text).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn the_built_in_shapes_compile() {
        assert!(SHAPES.is_some() && KEY_BLOCK.is_some());
        Shapes::compile(BUILT_IN).unwrap();
    }

    #[test]
    fn long_secrets_keep_their_ends_and_short_ones_nothing() {
        assert_eq!(
            masked("OPENAI_API_KEY=sk-abcdef1234567890wxyz"),
            "OPENAI_API_KEY=sk-abc…wxyz"
        );
        assert_eq!(masked("OPENAI_API_KEY=short"), "OPENAI_API_KEY=***");
    }

    #[test]
    fn each_shape_is_masked() {
        let secret = "Zq8".repeat(9);
        for text in [
            "export MY_TOKEN=@",
            "PASSWORD='@'",
            r#"{\"env\":\"X_SECRET=\\\"@\\\"\"}"#,
            r#"{"apiKey": "@"}"#,
            r#"{"access_token":"@"}"#,
            r#"{\"password\":\"@\"}"#,
            "run --token @ now",
            "run --gateway-password=@",
            "Authorization: Bearer @",
            "authorization: Basic @",
            r#""Authorization":"Bot @""#,
            "x-api-key: @",
            "Cookie: session=@",
            "got bearer @",
            "postgres://me:@@db/x",
            "https://@@git.example/x",
            "https://x.example/?a=b&access_token=@&c=d",
            "client_secret=@",
            "https://hooks.slack.com/services/@",
            "https://discord.com/api/webhooks/123/@",
            "https://api.telegram.org/bot123456789:@/getMe",
            "telegram 123456789:@",
            "sk-@",
            "sk-ant-@",
            "ghp_@",
            "github_pat_@",
            "glpat-@",
            "xoxb-@",
            "xapp-@",
            "gsk_@",
            "AIza@",
            "ya29.@",
            "pplx-@",
            "npm_@",
            "hsk-@",
            "eyJ@.@.@",
        ] {
            // The first `@` of a URL login is the secret, the second one belongs to the URL.
            let text = if text.contains("@@") {
                text.replacen('@', &secret, 1)
            } else {
                text.replace('@', &secret)
            };
            let shown = masked(&text);
            assert!(!shown.contains(&secret), "{text} -> {shown}");
        }
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            r#"{"cardNumber":"4242 4242 4242 4242"}"#,
            "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123",
        ] {
            assert_ne!(masked(text), text);
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "bearer of news",
            "task-management-plan is ready",
            "https://example.com/path?page=2",
            "monkey=5",
            "12:30:45 agent main: 12 tokens used",
            r#"{"tokens":12,"keyboard":"x"}"#,
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn a_key_block_keeps_its_first_and_last_lines() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----\n";
        let shown = "-----BEGIN RSA PRIVATE KEY-----\n…redacted…\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(masked(text), shown);
        assert_eq!(masked(shown), shown);
        assert!(!masked("-----BEGIN PRIVATE KEY-----\nMIIabc\ndef").contains("MIIabc"));
    }
}
