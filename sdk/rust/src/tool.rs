//! A tool as a type, and what the macro needs to make a component of it.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::schema::schema_of;
use crate::wit::tools::types::{Output, ToolSpec, ToolTrait};
use crate::wit::types::errors::{Error, ErrorCode};

/// A tool. The host calls it in an instance made for the call, so nothing in memory outlives one.
pub trait Tool {
    /// Its name, as the manifest lists it: a letter, then letters, digits, `_` and `-`, 64 characters at most.
    const NAME: &'static str;
    /// A name for people.
    const TITLE: Option<&'static str> = None;
    /// What it does and when to use it, for the model.
    const DESCRIPTION: &'static str;
    /// What else is good to know about it before it is called.
    const TRAITS: &'static [ToolTrait] = &[];
    /// More about it for programs that list it, as the text of a JSON object. The model does not see it.
    const EXTRA: Option<&'static str> = None;

    /// Its arguments: a struct with a flat list of fields. The schema that the model sees is derived from it,
    /// with the doc comments as descriptions.
    type Args: DeserializeOwned + JsonSchema;

    /// Runs it. The arguments have the right types, and nothing more was checked.
    ///
    /// # Errors
    /// Whatever `?` gives; see [`Failure`] for what becomes of it.
    fn call(args: Self::Args, cx: &Context) -> Result<Output>;

    /// The JSON Schema of the structured part of its output, if it has one: see [`schema_of`].
    #[must_use]
    fn output_schema() -> Option<String> {
        None
    }
}

/// What a tool says about itself.
#[must_use]
pub fn describe<T: Tool>() -> ToolSpec {
    ToolSpec {
        name: T::NAME.to_owned(),
        title: T::TITLE.map(str::to_owned),
        description: T::DESCRIPTION.to_owned(),
        parameters: schema_of::<T::Args>(),
        output_schema: T::output_schema(),
        traits: T::TRAITS.to_vec(),
        extra: T::EXTRA.map(str::to_owned),
    }
}

/// Runs a tool with arguments as JSON.
pub fn run<T: Tool>(arguments: &str) -> Result<Output, Error> {
    let outcome = serde_json::from_str(arguments)
        .map_err(|error| Failure::new(format!("the arguments do not fit: {error}")))
        .and_then(|args| T::call(args, &Context::current()));
    match outcome {
        Ok(output) => Ok(output),
        Err(Failure::Told(message)) => Ok(Output::text(message).failed()),
        Err(Failure::Host(error)) => Err(error),
    }
}

/// The answer to a name that no tool has.
#[must_use]
pub fn refuse_unknown(name: &str) -> Error {
    Error::new(
        ErrorCode::NotFound,
        format!("this component has no tool {name:?}"),
    )
}

/// Makes a component of one or several tools: `tool!(Add)`, `tool!(Add, List)`.
#[macro_export]
macro_rules! tool {
    ($($tool:ty),+ $(,)?) => {
        $crate::export_tools!($($tool),+);
    };
}

/// The export that all worlds of tools share.
#[doc(hidden)]
#[macro_export]
macro_rules! export_tools {
    ($($tool:ty),*) => {
        const _: () = {
            #[doc(hidden)]
            pub struct Toolbox;

            impl $crate::bindings::tool::exports::openclaw::tool::toolbox::Guest for Toolbox {
                fn describe() -> ::std::vec::Vec<$crate::wit::tools::types::ToolSpec> {
                    ::std::vec![$($crate::glue::describe::<$tool>()),*]
                }

                fn call(
                    name: ::std::string::String,
                    arguments: ::std::string::String,
                ) -> ::std::result::Result<$crate::Output, $crate::Error> {
                    let _ = &arguments;
                    match name.as_str() {
                        $(<$tool as $crate::Tool>::NAME => $crate::glue::run::<$tool>(&arguments),)*
                        _ => ::std::result::Result::Err($crate::glue::refuse_unknown(&name)),
                    }
                }
            }

            $crate::bindings::tool::export_tool!(Toolbox with_types_in $crate::bindings::tool);
        };
    };
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;
    use crate::wit::tools::types::ContentPart;

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum Order {
        Rising,
        Falling,
    }

    #[derive(Deserialize, JsonSchema)]
    struct Args {
        /// What is sorted.
        words: Vec<String>,
        /// Which way.
        order: Option<Order>,
    }

    struct Sort;

    impl Tool for Sort {
        const NAME: &'static str = "sort";
        const DESCRIPTION: &'static str = "Sorts.";
        const TRAITS: &'static [ToolTrait] = &[ToolTrait::ReadOnly];
        const EXTRA: Option<&'static str> = Some(r#"{"icon":"sort"}"#);
        type Args = Args;

        fn call(mut args: Args, _: &Context) -> Result<Output> {
            if args.words.is_empty() {
                return Err(Failure::new("there are no words"));
            }
            if args.words.len() > 3 {
                Err(Error::new(ErrorCode::TooLarge, "three at most"))?;
            }
            args.words.sort();
            if let Some(Order::Falling) = args.order {
                args.words.reverse();
            }
            Ok(args.words.join(" ").into())
        }
    }

    fn text(output: &Output) -> &str {
        match output.content.as_slice() {
            [ContentPart::Text(text)] => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_description_has_one_flat_schema_with_the_doc_comments() {
        let spec = describe::<Sort>();
        let schema: Value = serde_json::from_str(&spec.parameters).unwrap();
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["required"], json!(["words"]));
        assert_eq!(schema["properties"]["words"]["description"], "What is sorted.");
        for outside in ["$schema", "$ref", "title", "definitions", "$defs"] {
            assert!(!spec.parameters.contains(&format!("\"{outside}\"")), "{schema}");
        }
        assert_eq!(
            (spec.name.as_str(), spec.traits.as_slice()),
            ("sort", Sort::TRAITS)
        );
        assert_eq!(spec.extra.as_deref(), Some(r#"{"icon":"sort"}"#));
        assert_eq!(spec.parameters, describe::<Sort>().parameters);
    }

    #[test]
    fn arguments_arrive_typed() {
        let output = run::<Sort>(r#"{"words": ["a", "c", "b"], "order": "falling"}"#).unwrap();
        assert_eq!((text(&output), output.is_error), ("c b a", false));
    }

    #[test]
    fn wrong_arguments_are_told_to_the_model() {
        for (wrong, why) in [
            ("{}", "missing field `words`"),
            (r#"{"words": [1]}"#, "expected a string"),
            ("not json", "expected ident"),
        ] {
            let output = run::<Sort>(wrong).unwrap();
            assert!(
                output.is_error && text(&output).contains(why),
                "{}",
                text(&output)
            );
        }
    }

    #[test]
    fn a_failure_goes_to_the_model_and_an_error_to_the_host() {
        let output = run::<Sort>(r#"{"words": []}"#).unwrap();
        assert!(output.is_error && text(&output) == "there are no words");
        let error = run::<Sort>(r#"{"words": ["a", "b", "c", "d"]}"#).unwrap_err();
        assert_eq!(error.code, ErrorCode::TooLarge);
    }
}
