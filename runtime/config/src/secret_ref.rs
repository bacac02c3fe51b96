//! A secret in the config: a reference to where it is kept, or the plain text itself.
//!
//! Nothing here resolves a reference. Plain text is wiped when dropped and cannot be printed: neither `Debug`
//! nor `Display` shows it, and serialising it yields the redaction mark.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// What stands in every output where a secret would be.
pub const REDACTED: &str = "__OPENCLAW_REDACTED__";

/// The longest name of an environment variable that a reference may hold.
const MAX_ENV_NAME: usize = 128;
/// The longest id that is passed to an exec provider.
const MAX_EXEC_ID: usize = 256;
/// The longest alias of a provider.
const MAX_ALIAS: usize = 64;

/// Where a referenced secret is kept.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretSource {
    /// An environment variable of the gateway's process.
    Env,
    /// A file that only its owner can read.
    File,
    /// A program that prints the value.
    Exec,
    /// The shared state database.
    Store,
}

impl SecretSource {
    /// The word that stands for it in the config.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::File => "file",
            Self::Exec => "exec",
            Self::Store => "store",
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A reference to a secret. Its parts have been checked against their grammars.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SecretRef {
    source: SecretSource,
    provider: Option<String>,
    id: String,
}

/// Why a reference is not one. Says nothing of its text: people paste keys into the wrong place.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RefError {
    /// The provider's alias has the wrong form.
    #[error(
        "the provider of a reference is a lowercase letter, then letters, digits, \"_\" or \"-\", 64 at most"
    )]
    Provider,
    /// The id has the wrong form for its source.
    #[error("the id of a reference with source \"{kind}\" is {rule}")]
    Id {
        /// The source whose grammar it breaks.
        kind: SecretSource,
        /// The grammar in words.
        rule: &'static str,
    },
    /// The retired marker spelling.
    #[error(
        "markers that begin with \"secretref-env:\" are no longer read; write \"${{NAME}}\" or a reference object"
    )]
    Marker,
}

impl SecretRef {
    /// Checks the parts and puts them together. `provider: None` means the default alias of the source.
    pub fn new(source: SecretSource, provider: Option<String>, id: String) -> Result<Self, RefError> {
        if let Some(alias) = &provider
            && !is_provider_alias(alias)
        {
            return Err(RefError::Provider);
        }
        match id_rule_broken(source, &id) {
            Some(rule) => Err(RefError::Id { kind: source, rule }),
            None => Ok(Self { source, provider, id }),
        }
    }

    /// Reads the string shorthands `${NAME}` and `$NAME`. `None`: the text is no shorthand.
    pub fn from_shorthand(text: &str) -> Option<Self> {
        let name = match text.strip_prefix("${") {
            Some(rest) => rest.strip_suffix('}')?,
            None => text.strip_prefix('$')?,
        };
        Self::new(SecretSource::Env, None, name.to_owned()).ok()
    }

    /// Where the secret is kept.
    pub fn source(&self) -> SecretSource {
        self.source
    }

    /// The alias as written; `None` for the shorthands, which mean the default alias of their source.
    pub fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// What the provider is asked for.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Whether the text is a provider's alias: `^[a-z][a-z0-9_-]{0,63}$`.
pub fn is_provider_alias(text: &str) -> bool {
    text.len() <= MAX_ALIAS
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
}

/// Whether the text is the name of an environment variable as references spell it: `^[A-Z][A-Z0-9_]{0,127}$`.
pub fn is_env_name(text: &str) -> bool {
    text.len() <= MAX_ENV_NAME
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// Whether the text is an id that an exec provider may be asked for.
pub fn is_exec_id(text: &str) -> bool {
    text.len() <= MAX_EXEC_ID
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._:/#-".contains(c))
        && text.split('/').all(|segment| segment != "." && segment != "..")
}

/// Whether the text is an absolute JSON pointer in which every `~` is `~0` or `~1`.
pub fn is_json_pointer(text: &str) -> bool {
    text.starts_with('/') && text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

fn id_rule_broken(source: SecretSource, id: &str) -> Option<&'static str> {
    let (holds, rule) = match source {
        SecretSource::Env | SecretSource::Store => (
            is_env_name(id),
            "an uppercase letter, then uppercase letters, digits or \"_\", 128 at most",
        ),
        SecretSource::File => (
            id == "value" || is_json_pointer(id),
            "an absolute JSON pointer such as \"/service/key\", or \"value\"",
        ),
        SecretSource::Exec => (
            is_exec_id(id),
            "a letter or digit, then letters, digits or any of . _ : / # -, 256 at most, no \".\" or \"..\" segment",
        ),
    };
    (!holds).then_some(rule)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefObject {
    source: SecretSource,
    provider: String,
    id: String,
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = RefObject::deserialize(deserializer)?;
        Self::new(object.source, Some(object.provider), object.id).map_err(D::Error::custom)
    }
}

impl Serialize for SecretRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let Some(provider) = &self.provider else {
            return serializer.collect_str(&format_args!("${{{}}}", self.id));
        };
        let mut object = serializer.serialize_struct("SecretRef", 3)?;
        object.serialize_field("source", &self.source)?;
        object.serialize_field("provider", provider)?;
        object.serialize_field("id", &self.id)?;
        object.end()
    }
}

impl JsonSchema for SecretRef {
    fn schema_name() -> Cow<'static, str> {
        "SecretRef".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "title": "Secret reference",
            "description": "Where a secret is kept: the source, the provider's alias and the id it is asked for.",
            "properties": {
                "source": {
                    "type": "string",
                    "description": "What kind of place it is.",
                    "enum": ["env", "file", "exec", "store"],
                },
                "provider": {
                    "type": "string",
                    "description": "The provider's alias.",
                    "pattern": "^[a-z][a-z0-9_-]{0,63}$",
                },
                "id": {
                    "type": "string",
                    "description": "What the provider is asked for.",
                    "minLength": 1,
                    "maxLength": 4096,
                },
            },
            "required": ["source", "provider", "id"],
            "additionalProperties": false,
        })
    }
}

/// Secret text as it stands in the config. Wiped when dropped, never printed.
#[derive(Clone, Eq, PartialEq)]
pub struct PlainText(Zeroizing<String>);

impl PlainText {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for PlainText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Serialize for PlainText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl JsonSchema for PlainText {
    fn schema_name() -> Cow<'static, str> {
        "PlainText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-sensitive": true })
    }
}

/// What a secret field holds: a reference, or plain text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SecretInput {
    /// The text itself, in the file.
    Plain(PlainText),
    /// Where to find it.
    Ref(SecretRef),
}

impl SecretInput {
    /// Reads a string of a secret field: a shorthand is a reference, everything else plain text. An empty
    /// string is an unset field: `None`.
    pub fn from_text(text: &str) -> Result<Option<Self>, RefError> {
        if text.starts_with("secretref-env:") {
            return Err(RefError::Marker);
        }
        if text.is_empty() {
            return Ok(None);
        }
        Ok(Some(match SecretRef::from_shorthand(text) {
            Some(reference) => Self::Ref(reference),
            None => Self::Plain(PlainText::new(text.to_owned())),
        }))
    }

    /// The reference, if it is one.
    pub fn as_ref(&self) -> Option<&SecretRef> {
        match self {
            Self::Ref(reference) => Some(reference),
            Self::Plain(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for SecretInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Object(SecretRef),
        }
        match Either::deserialize(deserializer)? {
            Either::Object(reference) => Ok(Self::Ref(reference)),
            Either::Text(text) => Ok(Self::from_text(&text)
                .map_err(D::Error::custom)?
                .unwrap_or_else(|| Self::Plain(PlainText::new(String::new())))),
        }
    }
}

impl Serialize for SecretInput {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(text) => text.serialize(serializer),
            Self::Ref(reference) => reference.serialize(serializer),
        }
    }
}

impl JsonSchema for SecretInput {
    fn schema_name() -> Cow<'static, str> {
        "SecretInput".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let reference = generator.subschema_for::<SecretRef>();
        json_schema!({
            "title": "Secret",
            "description": "A reference to a secret, \"${NAME}\" for an environment variable, or plain text.",
            "anyOf": [{ "type": "string" }, reference],
            "x-secret": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<SecretInput, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn shorthands_are_references_to_the_default_env_provider() {
        for text in ["\"${OPENAI_API_KEY}\"", "\"$OPENAI_API_KEY\""] {
            let input = parse(text).unwrap();
            let reference = input.as_ref().unwrap();
            assert_eq!(
                (reference.source(), reference.provider(), reference.id()),
                (SecretSource::Env, None, "OPENAI_API_KEY")
            );
        }
    }

    #[test]
    fn text_that_only_resembles_a_shorthand_is_plain() {
        for text in ["\"$lower\"", "\"${A} and more\"", "\"$1\"", "\"$\"", "\"${}\""] {
            assert!(parse(text).unwrap().as_ref().is_none(), "{text}");
        }
    }

    #[test]
    fn a_reference_has_exactly_three_keys() {
        assert!(parse(r#"{"source":"exec","provider":"vault","id":"a/b#c"}"#).is_ok());
        assert!(parse(r#"{"source":"exec","provider":"vault","id":"a","x":1}"#).is_err());
        assert!(parse(r#"{"source":"exec","id":"a"}"#).is_err());
    }

    #[test]
    fn ids_follow_the_grammar_of_their_source() {
        let ok = |source, id: &str| SecretRef::new(source, None, id.to_owned()).is_ok();
        assert!(ok(SecretSource::File, "/a~1b/~0c") && ok(SecretSource::File, "value"));
        assert!(
            !ok(SecretSource::File, "a/b")
                && !ok(SecretSource::File, "/a~2")
                && !ok(SecretSource::File, "/a~")
        );
        assert!(ok(SecretSource::Exec, "op://x/y") && !ok(SecretSource::Exec, "a/../b"));
        assert!(!ok(SecretSource::Exec, "../b") && !ok(SecretSource::Exec, "-flag"));
        assert!(!ok(SecretSource::Env, "lower") && !ok(SecretSource::Env, &"A".repeat(129)));
    }

    #[test]
    fn plain_text_is_never_printed_or_serialised() {
        let input = parse("\"hunter2hunter2\"").unwrap();
        assert!(!format!("{input:?}").contains("hunter2"));
        assert_eq!(serde_json::to_string(&input).unwrap(), format!("\"{REDACTED}\""));
    }
}
