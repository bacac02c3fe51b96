//! Gives a checked text type its conversions: from a string by its parser, back by its `Display`.

/// `FromStr` must exist; serde and `TryFrom<String>` go through it, so no way around the check exists.
macro_rules! text_type {
    ($name:ty) => {
        impl TryFrom<String> for $name {
            type Error = $crate::error::Error;

            fn try_from(text: String) -> $crate::error::Result<Self> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

/// A name: a text that one function judges.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $judge:expr, $why:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Deserialize, serde::Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> $crate::error::Result<Self> {
                let judge: fn(&str) -> bool = $judge;
                if judge(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::error::Error::value($kind, text, $why))
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        $crate::text::text_type!($name);
    };
}

pub(crate) use {name_type, text_type};

/// A word of ASCII letters, digits and the given marks that begins with a letter or digit, 64 characters at most.
pub(crate) fn is_word(text: &str, marks: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || marks.contains(c))
}

/// Visible ASCII that neither ends or escapes in a quotation nor opens or closes a parenthesis, so that it stands in
/// a sentence as it is.
pub(crate) fn is_quiet(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '(' | ')')
}
