//! The menu of commands.

use serde_json::{Value, json};

use super::super::arguments::Arguments;
use super::super::refusal::{Outcome, Refusal};
use super::super::world::World;
use super::done;

const MAX_COMMANDS: usize = 100;

pub(super) fn set(world: &mut World, token: &str, arguments: &Arguments) -> Outcome {
    let Some(Value::Array(commands)) = arguments.json("commands")? else {
        return Err(Refusal::bad("parameter \"commands\" is required"));
    };
    if commands.len() > MAX_COMMANDS {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in &commands {
        let name = command["command"].as_str().unwrap_or_default();
        let name = name.strip_prefix('/').unwrap_or(name);
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(fits) {
            return Err(Refusal::bad("BOT_COMMAND_INVALID"));
        }
        let description = command["description"].as_str().unwrap_or_default();
        if !(1..=256).contains(&description.encode_utf16().count()) {
            return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    if let Some(bot) = world.bots.get_mut(token) {
        bot.commands = commands;
    }
    done()
}

pub(super) fn get(world: &World, token: &str) -> Outcome {
    Ok(json!(world.bots.get(token).map(|bot| bot.commands.clone())))
}

pub(super) fn clear(world: &mut World, token: &str) -> Outcome {
    if let Some(bot) = world.bots.get_mut(token) {
        bot.commands.clear();
    }
    done()
}
