//! What a tool ends with when it cannot do what it was asked, and how `?` turns any error into it.

use std::error::Error as StdError;
use std::{fmt, io};

use crate::wit::types::errors::{Error, ErrorCode};

/// What a tool returns: its output, or why there is none.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

/// Why a tool could not do what it was asked.
///
/// With `?` the host's [`Error`] becomes [`Host`](Self::Host), also where it is the source of another error, and
/// every other error becomes [`Told`](Self::Told) with the texts of its sources. So this type is no
/// `std::error::Error` itself.
#[derive(Debug)]
pub enum Failure {
    /// The model reads this and can react: an argument is wrong, something does not exist.
    Told(String),
    /// Something around the tool failed, and the host decides what becomes of it.
    Host(Error),
}

impl Failure {
    /// A failure that the model reads about.
    pub fn new(message: impl fmt::Display) -> Self {
        Self::Told(message.to_string())
    }

    /// The host's error; what was for the model is an internal fault where there is no model.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Told(message) => Error::new(ErrorCode::Internal, message),
            Self::Host(error) => error,
        }
    }
}

impl<E: StdError + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = String::new();
        let mut next: Option<&(dyn StdError + 'static)> = Some(&error);
        while let Some(error) = next {
            if let Some(host) = find_host_error(error) {
                return Self::Host(host.clone());
            }
            let text = error.to_string();
            // Many errors already repeat their source.
            if !message.ends_with(&text) {
                if !message.is_empty() {
                    message.push_str(": ");
                }
                message.push_str(&text);
            }
            next = error.source();
        }
        Self::Told(message)
    }
}

/// An `io::Error` hands out the sources of what it holds, and not that itself.
fn find_host_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    error.downcast_ref().or_else(|| {
        let held = error.downcast_ref::<io::Error>()?.get_ref()?;
        held.downcast_ref()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(failure: Failure) -> String {
        match failure {
            Failure::Told(message) => message,
            Failure::Host(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn an_error_of_the_tool_is_told_to_the_model() {
        let failed = || -> Result<u8> { Ok("x".parse::<u8>()?) };
        assert_eq!(told(failed().unwrap_err()), "invalid digit found in string");
    }

    #[test]
    fn an_error_of_the_host_stays_what_it_is() {
        let denied = Error::new(ErrorCode::Denied, "no");
        let failed = || -> Result<()> { Err(denied.clone())? };
        assert!(matches!(failed(), Err(Failure::Host(error)) if error.code == ErrorCode::Denied));
        let inside = io::Error::other(denied);
        assert!(matches!(Failure::from(inside), Failure::Host(error) if error.message == "no"));
    }

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the port is wrong")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn the_model_reads_of_the_sources_too() {
        let error = Outer("x".parse::<u16>().unwrap_err());
        assert_eq!(
            told(error.into()),
            "the port is wrong: invalid digit found in string"
        );
    }
}
