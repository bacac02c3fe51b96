//! A courier: carries what a test hands it through every way out that a guest has, and tells what came of it.
//!
//! Its tools differ only in the way: `typed` sends with `openclaw:http`, `standard` with `wasi:http`, `dial` opens
//! connections with `openclaw:sockets`. It judges nothing.

mod credentials;
mod dial;
#[path = "../../../src/corpus/errand.rs"]
pub mod errand;
mod standard;
mod typed;

use openclaw_sdk::{Context, Output, Result, Tool};
use schemars::JsonSchema;
use serde::Deserialize;

use errand::{Answer, Names, Send, Step};

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// The steps, as JSON.
    errand: String,
}

/// Does all steps and gives the answers as JSON.
fn carry(args: &Args, send: impl Fn(&Send, &mut Names) -> Answer) -> Result<Output> {
    let steps: Vec<Step> = serde_json::from_str(&args.errand)?;
    let mut names = Names::default();
    let mut answers = Vec::with_capacity(steps.len());
    for step in &steps {
        answers.push(match step {
            Step::Send(request) => send(request, &mut names),
            Step::Dial(line) => dial::open(line, &names),
            step => credentials::take(step, &mut names),
        });
    }
    Ok(serde_json::to_string(&answers)?.into())
}

struct Typed;

impl Tool for Typed {
    const NAME: &'static str = "typed";
    const DESCRIPTION: &'static str = "Sends requests with the typed interface.";
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        carry(&args, typed::send)
    }
}

struct Standard;

impl Tool for Standard {
    const NAME: &'static str = "standard";
    const DESCRIPTION: &'static str = "Sends requests with the standard interface.";
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        carry(&args, |request, names| standard::send(request, names))
    }
}

struct Dial;

impl Tool for Dial {
    const NAME: &'static str = "dial";
    const DESCRIPTION: &'static str = "Opens connections, also where a request is asked for.";
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        carry(&args, |request, names| dial::instead(request, names))
    }
}

openclaw_sdk::tool!(Typed, Standard, Dial);
