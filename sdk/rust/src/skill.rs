//! A skill: tools, and a text for the model that is made at run time.

use crate::failure::Result;
use crate::wit::types::errors::Error;

/// The text of a skill.
pub trait Skill {
    /// The text that tells the model how to go about the work. It takes the place of the body of the package's
    /// `SKILL.md`.
    ///
    /// # Errors
    /// Whatever `?` gives. No model reads about it; the gateway logs it.
    fn instructions() -> Result<String>;
}

/// Asks a skill for its text.
pub fn instructions<S: Skill>() -> Result<String, Error> {
    S::instructions().map_err(crate::Failure::into_error)
}

/// Makes a component of a skill and its tools, if it has any: `skill!(Bookkeeping)`,
/// `skill!(Bookkeeping: Add, List)`.
#[macro_export]
macro_rules! skill {
    ($skill:ty $(: $($tool:ty),+ $(,)?)?) => {
        $crate::export_tools!($($($tool),+)?);

        const _: () = {
            #[doc(hidden)]
            pub struct Text;

            impl $crate::bindings::skill::exports::openclaw::tool::skill_text::Guest for Text {
                fn instructions() -> ::std::result::Result<::std::string::String, $crate::Error> {
                    $crate::glue::instructions::<$skill>()
                }
            }

            $crate::bindings::skill::export_skill_text!(Text with_types_in $crate::bindings::skill);
        };
    };
}
