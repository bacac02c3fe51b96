//! Values that many keys share: a model and its stand-ins, an id, a yes-or-no that may say more.
//!
//! Each reads every spelling that the file may have, and writes one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

use crate::secret_ref::PlainText;

/// An object whose keys are not ours to know.
pub type Open = BTreeMap<String, Value>;

/// A model, and those that stand in for it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ModelChoice {
    /// One model, as `provider/model` or an alias.
    Name(String),
    /// A model, and those to turn to when it fails.
    Chain(ModelChain),
}

/// A model, and those to turn to when it fails.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelChain {
    /// The model, as `provider/model` or an alias.
    pub primary: Option<String>,
    /// Those to turn to, in order.
    pub fallbacks: Vec<String>,
    /// How long one may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: Option<u64>,
}

impl ModelChoice {
    /// The model to begin with.
    pub fn primary(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Chain(chain) => chain.primary.as_deref(),
        }
    }

    /// Those to turn to when it fails, in order.
    pub fn fallbacks(&self) -> &[String] {
        match self {
            Self::Name(_) => &[],
            Self::Chain(chain) => &chain.fallbacks,
        }
    }
}

/// The id of a person, group, channel or thread. The file may write it as a number.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct PeerId(pub String);

impl PeerId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for PeerId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for PeerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Scalar::deserialize(deserializer)? {
            Scalar::Bool(_) => Err(D::Error::custom("an id is a string or a number")),
            scalar => Ok(Self(scalar.to_string())),
        }
    }
}

impl JsonSchema for PeerId {
    fn schema_name() -> Cow<'static, str> {
        "PeerId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"] })
    }
}

/// Text, a number, or yes or no.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    Text(String),
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            // A whole number that was read as a fraction is still the same id.
            Self::Number(number) => match number.as_f64() {
                Some(value) if number.is_f64() && value.fract() == 0.0 => write!(f, "{value:.0}"),
                _ => number.fmt(f),
            },
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A value that may be a credential and that the file may write as text, a number, or yes or no. Never printed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PlainScalar(pub PlainText);

impl<'de> Deserialize<'de> for PlainScalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let scalar = Scalar::deserialize(deserializer)?;
        Ok(Self(PlainText::new(scalar.to_string())))
    }
}

impl JsonSchema for PlainScalar {
    fn schema_name() -> Cow<'static, str> {
        "PlainScalar".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"], "x-sensitive": true })
    }
}

/// A value, or `false` for none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OrOff<T> {
    /// The value.
    On(T),
    /// None.
    Off,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OrOff<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either<T> {
            Off(bool),
            On(T),
        }
        match Either::deserialize(deserializer)? {
            Either::Off(false) => Ok(Self::Off),
            Either::Off(true) => Err(D::Error::custom("give a value, or false for none")),
            Either::On(value) => Ok(Self::On(value)),
        }
    }
}

impl<T: Serialize> Serialize for OrOff<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::On(value) => value.serialize(serializer),
            Self::Off => serializer.serialize_bool(false),
        }
    }
}

impl<T: JsonSchema> JsonSchema for OrOff<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OrOff_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [value, { "const": false }] })
    }
}

/// Yes or no, or yes with particulars.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Switch<T> {
    /// Yes or no.
    Plain(bool),
    /// Particulars.
    Detailed(T),
}

/// Text, or a list of it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them, in order.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(list) => list,
        }
    }
}

/// Yes, no, or a third word: declares the type, and how the file spells it.
macro_rules! third_way {
    ($(#[$doc:meta])* $name:ident, $(#[$variant_doc:meta])* $third:ident = $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum $name {
            /// Yes.
            On,
            /// No.
            Off,
            $(#[$variant_doc])*
            $third,
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match Scalar::deserialize(deserializer)? {
                    Scalar::Bool(true) => Ok(Self::On),
                    Scalar::Bool(false) => Ok(Self::Off),
                    Scalar::Text(text) if text == $word => Ok(Self::$third),
                    _ => Err(D::Error::custom(concat!("write true, false or \"", $word, "\""))),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::On => serializer.serialize_bool(true),
                    Self::Off => serializer.serialize_bool(false),
                    Self::$third => serializer.serialize_str($word),
                }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "enum": [true, false, $word] })
            }
        }
    };
}

third_way!(
    /// Yes, no, or as it suits.
    AutoBool,
    /// As it suits.
    Auto = "auto"
);

third_way!(
    /// Whether other bots are listened to.
    AllowBots,
    /// When they call the agent.
    Mentions = "mentions"
);

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn ids_may_be_numbers_and_stay_exact() {
        for (json, text) in [
            ("\"@a\"", "@a"),
            ("-1001234567890", "-1001234567890"),
            ("123456.0", "123456"),
        ] {
            assert_eq!(read::<PeerId>(json).unwrap().as_str(), text);
        }
        assert!(read::<PeerId>("true").is_err());
    }

    #[test]
    fn a_model_is_a_name_or_a_chain() {
        let name: ModelChoice = read("\"anthropic/x\"").unwrap();
        assert_eq!((name.primary(), name.fallbacks().len()), (Some("anthropic/x"), 0));
        let chain: ModelChoice = read(r#"{"primary":"a/b","fallbacks":["c/d"]}"#).unwrap();
        assert_eq!(
            (chain.primary(), chain.fallbacks()),
            (Some("a/b"), &["c/d".to_owned()][..])
        );
    }

    #[test]
    fn three_way_values_read_and_write_their_three_spellings() {
        for json in ["true", "false", "\"auto\""] {
            let value: AutoBool = read(json).unwrap();
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
        }
        assert!(read::<AutoBool>("\"mentions\"").is_err() && read::<AllowBots>("\"auto\"").is_err());
    }

    #[test]
    fn false_is_none_and_true_is_no_value() {
        assert_eq!(read::<OrOff<String>>("false").unwrap(), OrOff::Off);
        assert_eq!(read::<OrOff<String>>("\"x\"").unwrap(), OrOff::On("x".to_owned()));
        assert!(read::<OrOff<String>>("true").is_err());
    }

    #[test]
    fn a_plain_scalar_is_never_printed() {
        let value: PlainScalar = read("1234567").unwrap();
        assert_eq!(value.0.expose(), "1234567");
        assert!(!format!("{value:?}").contains("1234567"));
    }
}
