//! An answer to a request as a file: what is granted of it, and what the granted directories are.
//!
//! The keys are those of a manifest, so that an operator copies the part of the request that is fine. JSON5; a key
//! that is not known is an error with its line. Whether it is within a request is for [`crate::Grant::new`] to say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::capability::Capabilities;
use crate::capability::files::GuestPath;
use crate::error::Result;
use crate::limits::LimitSet;
use crate::typed;

/// What an operator wrote down as the answer.
#[derive(Clone, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// What may be done.
    pub capabilities: Capabilities,
    /// How much of the machine may be used.
    pub limits: LimitSet,
    /// What granted directories are on this machine.
    pub directories: BTreeMap<GuestPath, PathBuf>,
}

impl Answer {
    /// Parses the bytes of a file.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        typed::read_document("the answer", bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_written_like_a_manifest() {
        let text = r#"{ // only what is needed
            capabilities: { kv: { quota: "1 MiB" }, files: [{ path: "/texts", access: "ro" }] },
            limits: { cpu: "2 s" },
            directories: { "/texts": "/srv/texts" },
        }"#;
        let answer = Answer::parse(text.as_bytes()).unwrap();
        assert!(answer.capabilities.kv.is_some());
        assert_eq!(answer.limits.iter().count(), 1);
        let place = answer.directories.iter().next().unwrap();
        assert_eq!(
            (place.0.as_str(), place.1.to_str()),
            ("/texts", Some("/srv/texts"))
        );
    }

    #[test]
    fn a_misspelled_key_is_an_error_with_its_line() {
        let error = Answer::parse(b"{\n  limitz: {} }").unwrap_err().to_string();
        assert!(
            error.contains("line 2") && error.contains("\"limits\""),
            "{error}"
        );
    }
}
