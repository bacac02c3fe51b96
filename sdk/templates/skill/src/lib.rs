//! What this skill teaches the model, and the tools that it brings for it.

use openclaw_sdk::{Context, Failure, Output, Result, Skill, Tool, config};
use schemars::JsonSchema;
use serde::Deserialize;

struct Dice;

impl Skill for Dice {
    fn instructions() -> Result<String> {
        let game = config::read::<String>("/game")?.unwrap_or_else(|| "any game".to_owned());
        Ok(format!(
            "The rules are those of {game}. Let people roll by themselves, then call sum_dice with what they rolled."
        ))
    }
}

#[derive(Deserialize, JsonSchema)]
struct SumDice {
    /// What each die shows.
    dice: Vec<u32>,
}

impl Tool for SumDice {
    const NAME: &'static str = "sum_dice";
    const DESCRIPTION: &'static str = "Adds up what dice show.";
    type Args = Self;

    fn call(args: Self, _: &Context) -> Result<Output> {
        let sum = args.dice.iter().try_fold(0_u32, |sum, die| sum.checked_add(*die));
        let sum = sum.ok_or_else(|| Failure::new("no dice show that much"))?;
        Ok(sum.to_string().into())
    }
}

openclaw_sdk::skill!(Dice: SumDice);
