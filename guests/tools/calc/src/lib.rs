//! A calculator for models, which are bad at sums. It reads and writes nothing; the length and the depth of an
//! expression are bounded.

mod expression;

use openclaw_sdk::{Context, Output, Result, Tool, ToolTrait};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::expression::{evaluate, write_number};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The expression, for example `2 * (3 + 4.5) ^ 2` or `max(sqrt(2), 1e-3)`.
    expression: String,
}

struct Calc;

impl Tool for Calc {
    const NAME: &'static str = "calc";
    const TITLE: Option<&'static str> = Some("Calculator");
    const DESCRIPTION: &'static str = "Evaluates an arithmetic expression. Operators: + - * / ^ and % (the rest \
        of a division, with the sign of the left side); ^ binds tightest and to the right, so -2^2 is -4. \
        Constants: pi, e, tau. Functions: sqrt, cbrt, exp, ln, log2, log10, sin, cos, tan, asin, acos, atan \
        (angles in radians), abs, floor, ceil, trunc, round (halves away from zero), min, max, hypot, atan2. \
        Computes with 64-bit floating point and shows 15 significant digits, so whole numbers are exact up to \
        10^15.";
    const TRAITS: &'static [ToolTrait] = &[ToolTrait::ReadOnly, ToolTrait::Idempotent];
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        let value = evaluate(&args.expression)?;
        Ok(write_number(value).into())
    }
}

openclaw_sdk::tool!(Calc);

#[cfg(test)]
mod tests {
    use openclaw_sdk::Failure;

    use super::*;

    fn call(expression: &str) -> Result<Output> {
        let expression = expression.to_owned();
        Calc::call(Args { expression }, &Context::current())
    }

    #[test]
    fn the_answer_is_text() {
        let output = call("6 * 7").unwrap();
        assert!(matches!(output.content.as_slice(), [openclaw_sdk::ContentPart::Text(text)] if text == "42"));
    }

    #[test]
    fn a_mistake_is_told_to_the_model_with_its_place() {
        let failure = call("6 * x").unwrap_err();
        assert!(
            matches!(&failure, Failure::Told(text) if text.starts_with("at character 5: ")),
            "{failure:?}"
        );
    }

    #[test]
    fn the_manifest_lists_the_tool() {
        let manifest: serde_json::Value =
            serde_json::from_str(include_str!("../openclaw.plugin.json")).unwrap();
        assert_eq!(manifest["contracts"]["tools"], serde_json::json!([Calc::NAME]));
    }
}
