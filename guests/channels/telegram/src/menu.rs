//! The menu of commands that Telegram shows beside the text field.

use openclaw_sdk::Error;
use openclaw_sdk::channel::CommandSpec;
use serde_json::{Value, json};

use crate::api;
use crate::settings::Settings;

/// The most commands of a bot, and the longest description.
const MAX_COMMANDS: usize = 100;
const MAX_DESCRIPTION: usize = 256;

/// Makes the menu show the operator's commands and these.
pub(crate) fn register(settings: &Settings, commands: &[CommandSpec]) -> Result<(), Error> {
    let own = settings.custom_commands.iter();
    let own = own.map(|own| (own.command.trim_start_matches('/'), own.description.as_str()));
    let gateways = commands
        .iter()
        .map(|spec| (spec.name.as_str(), spec.description.as_str()));
    let menu = menu(own.chain(gateways));
    api::call(settings, "setMyCommands", &json!({"commands": menu})).map(|_| ())
}

/// What Telegram takes of these: the first of each name, if the name is one that it can have.
fn menu<'a>(commands: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Value> {
    let mut names: Vec<&str> = Vec::new();
    let mut menu = Vec::new();
    for (name, description) in commands {
        let description: String = description.chars().take(MAX_DESCRIPTION).collect();
        if !is_name(name) || description.trim().is_empty() || names.contains(&name) {
            continue;
        }
        names.push(name);
        menu.push(json!({"command": name, "description": description}));
        if menu.len() == MAX_COMMANDS {
            break;
        }
    }
    menu
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=32).contains(&name.len()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_has_what_the_platform_can_name_once_each() {
        let menu = menu(
            [
                ("status", "Shows how it is"),
                ("dock-telegram", "x"),
                ("Status", "x"),
                ("status", "again"),
                ("empty", " "),
                ("new", "Begins anew"),
            ]
            .into_iter(),
        );
        let names: Vec<_> = menu
            .iter()
            .map(|entry| entry["command"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["status", "new"]);
        let long = "x".repeat(300);
        let many: Vec<String> = (0..150).map(|at| format!("c{at}")).collect();
        let menu = super::menu(many.iter().map(|name| (name.as_str(), long.as_str())));
        assert_eq!(menu.len(), 100);
        assert_eq!(menu[0]["description"].as_str().unwrap().len(), 256);
    }
}
