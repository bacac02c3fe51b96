//! What the operator may set; the names are those of OpenClaw's `tools.web.fetch`.

use serde::Deserialize;

/// No call may ask for less: there would be nothing to read.
const MIN_CHARS: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    max_chars: usize,
    max_chars_cap: usize,
    pub(crate) max_response_bytes: u64,
    pub(crate) timeout_seconds: u64,
    pub(crate) max_redirects: u32,
    pub(crate) readability: bool,
    pub(crate) user_agent: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_chars: 20_000,
            max_chars_cap: 20_000,
            max_response_bytes: 750_000,
            timeout_seconds: 30,
            max_redirects: 3,
            readability: true,
            user_agent: "Mozilla/5.0 (compatible; OpenClaw web_fetch)".to_owned(),
        }
    }
}

impl Settings {
    /// How many characters are given, for a call that asks for so many.
    pub(crate) fn max_chars(&self, asked: Option<usize>) -> usize {
        asked
            .unwrap_or(self.max_chars)
            .min(self.max_chars_cap)
            .max(MIN_CHARS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_gets_no_more_than_the_operator_allows() {
        let settings: Settings = serde_json::from_str(r#"{"maxChars": 500, "maxCharsCap": 1000}"#).unwrap();
        assert_eq!(settings.max_chars(None), 500);
        assert_eq!(settings.max_chars(Some(800)), 800);
        assert_eq!(settings.max_chars(Some(5000)), 1000);
        assert_eq!(settings.max_chars(Some(0)), MIN_CHARS);
        assert_eq!(settings.max_response_bytes, 750_000);
    }
}
