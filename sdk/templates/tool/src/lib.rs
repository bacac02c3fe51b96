//! What this tool does, and what it needs for it.

use openclaw_sdk::{Context, Output, Result, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Whom to greet.
    name: String,
}

impl Tool for Greet {
    const NAME: &'static str = "greet";
    const DESCRIPTION: &'static str = "Greets somebody by name.";
    type Args = Self;

    fn call(args: Self, _: &Context) -> Result<Output> {
        Ok(format!("Hello, {}!", args.name).into())
    }
}

openclaw_sdk::tool!(Greet);
