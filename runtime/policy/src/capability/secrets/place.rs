//! Where in what a component sends a secret may stand.
//!
//! A [`Place`] is what a rule names, a [`Spot`] is where a placeholder was found. A name or prefix is visible ASCII
//! of [`MAX_NAME`] bytes at most, without the marks that would end it in a sentence.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text::{is_quiet, text_type};

/// The longest name, pointer or prefix of a place, in bytes.
pub const MAX_NAME: usize = 256;

/// Where a secret may stand.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Place {
    /// `header NAME`, in lower case.
    Header(String),
    /// `query NAME`.
    Query(String),
    /// `path segment`: a whole segment or a part of one.
    PathSegment,
    /// `json POINTER`: a text in the body or frame, by its JSON pointer.
    Json(String),
    /// `form NAME`: the value of a field of a form in the body.
    Form(String),
    /// `line PREFIX`: behind this beginning of a line, or of a text frame, and within that line.
    ///
    /// A prefix that ends in a letter or digit stands for whole words: `PASS` is for `PASS x` and not for
    /// `PASSX`.
    Line(String),
}

/// Where a placeholder was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Spot<'s> {
    /// In the value of a header.
    Header(&'s str),
    /// In the value of a query parameter.
    Query(&'s str),
    /// In a segment of the path.
    PathSegment,
    /// In the text at this JSON pointer.
    Json(&'s str),
    /// In the value of a field of a form.
    Form(&'s str),
    /// In a line or text frame, behind this much of it.
    Line(&'s str),
}

impl Spot<'_> {
    /// Whether a value stays where it is put. A form, a query and a path write any value with escapes; a line and
    /// a header have none, so a value that would end them does not go there.
    pub fn can_hold(&self, value: &str) -> bool {
        match self {
            Self::Header(_) | Self::Line(_) => !value.contains(is_break),
            _ => true,
        }
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\0')
}

/// Whether a line begins with a prefix that is complete there.
fn begins(line: &str, prefix: &str) -> bool {
    let whole = !prefix.ends_with(|c: char| c.is_ascii_alphanumeric());
    let rest = line.strip_prefix(prefix);
    rest.is_some_and(|rest| whole || rest.starts_with(' '))
}

impl Place {
    /// Whether a placeholder that was found there stands where it may.
    pub fn holds(&self, spot: &Spot<'_>) -> bool {
        match (self, spot) {
            (Self::Header(name), Spot::Header(found)) => name.eq_ignore_ascii_case(found),
            (Self::Query(name), Spot::Query(found))
            | (Self::Json(name), Spot::Json(found))
            | (Self::Form(name), Spot::Form(found)) => name == found,
            (Self::PathSegment, Spot::PathSegment) => true,
            (Self::Line(prefix), Spot::Line(line)) => begins(line, prefix) && !line.contains(is_break),
            _ => false,
        }
    }

    /// Whether every spot of the other place is one of this.
    pub fn covers(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::Line(prefix), Self::Line(asked)) => prefix == asked || begins(asked, prefix),
            (granted, asked) => granted == asked,
        }
    }
}

/// Headers that frame a request; a secret in one would change what the request is.
const FRAMING: &[&str] = &[
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |why| Err(Error::value("place", text, why));
        if text == "path segment" {
            return Ok(Self::PathSegment);
        }
        let Some((kind, name)) = text.split_once(' ') else {
            return wrong(KNOWN);
        };
        let words = kind == "line" && !name.starts_with(' ') && !name.ends_with(' ');
        let fits = |c: char| is_quiet(c) || (words && c == ' ');
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
            return wrong("has no name of visible ASCII without quotes, parentheses and \"\\\", 256 at most");
        }
        match kind {
            "header" => {
                let token = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
                let name = name.to_ascii_lowercase();
                if !name.bytes().all(token) {
                    return wrong("has no name of a header");
                }
                if FRAMING.contains(&name.as_str()) {
                    return wrong("is a header that frames the request");
                }
                Ok(Self::Header(name))
            }
            "query" => Ok(Self::Query(name.to_owned())),
            "form" => Ok(Self::Form(name.to_owned())),
            "line" => Ok(Self::Line(name.to_owned())),
            "json" if is_pointer(name) => Ok(Self::Json(name.to_owned())),
            _ => wrong(KNOWN),
        }
    }
}

const KNOWN: &str = "must be \"header NAME\", \"query NAME\", \"path segment\", \"json /POINTER\", \"form NAME\" or \
                     \"line PREFIX\"";

fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.starts_with('/') && escapes
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header {name}"),
            Self::Query(name) => write!(f, "query {name}"),
            Self::PathSegment => f.write_str("path segment"),
            Self::Json(pointer) => write!(f, "json {pointer}"),
            Self::Form(name) => write!(f, "form {name}"),
            Self::Line(prefix) => write!(f, "line {prefix}"),
        }
    }
}

text_type!(Place);

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        text.parse().unwrap()
    }

    #[test]
    fn a_secret_of_a_line_stands_behind_its_prefix_and_within_the_line() {
        let pass = place("line PASS");
        for line in ["PASS ", "PASS oauth:", "PASS :"] {
            assert!(pass.holds(&Spot::Line(line)), "{line}");
        }
        for line in [
            "",
            "PASS",
            "PASSWORD ",
            "pass ",
            " PASS ",
            "PRIVMSG #a :PASS ",
            "PASS \r\nPRIVMSG #a :",
            "PASS \0",
        ] {
            assert!(!pass.holds(&Spot::Line(line)), "{line:?}");
        }
        let words = place("line PRIVMSG NickServ :IDENTIFY");
        assert!(words.holds(&Spot::Line("PRIVMSG NickServ :IDENTIFY ")));
        assert!(!words.holds(&Spot::Line("PRIVMSG #a :IDENTIFY ")));
        assert!(place("line token=").holds(&Spot::Line("token=")));
        let spot = Spot::Line("PASS ");
        assert!(
            spot.can_hold("s3cret word")
                && !spot.can_hold("a\nb")
                && !spot.can_hold("a\r")
                && !spot.can_hold("\0")
        );
    }

    #[test]
    fn a_secret_of_a_form_stands_in_its_field() {
        let form = place("form client_secret");
        assert!(form.holds(&Spot::Form("client_secret")) && !form.holds(&Spot::Form("text")));
        assert!(!form.holds(&Spot::Query("client_secret")) && !form.holds(&Spot::Json("client_secret")));
    }

    #[test]
    fn a_wider_prefix_covers_a_narrower_one() {
        assert!(place("line PASS").covers(&place("line PASS oauth:")));
        assert!(!place("line PASS oauth:").covers(&place("line PASS")));
        assert!(!place("line PASS").covers(&place("line PASSWORD")));
        assert!(place("line a:").covers(&place("line a:b")) && !place("line a").covers(&place("line a:")));
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for text in [
            "header x-key",
            "query key",
            "path segment",
            "json /d/token",
            "form client_secret",
            "line PASS x",
        ] {
            assert_eq!(place(text).to_string(), text);
        }
        for text in [
            "form",
            "form ",
            "line ",
            "line  PASS",
            "line PASS ",
            "line PA\"SS",
            "json /a\\b",
            "query a b",
            "query a\"b",
            "query k(x)",
            "json token",
            "json /a b",
            "json /é",
            "header a b",
            "header Host",
            "cookie x",
            "line a\nb",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }
}
