//! Plain commands: a line that names a tool and what it is to do.

use serde_json::{Map, Value};

use crate::call::ToolDefinition;

/// A line that runs a tool.
#[derive(Debug, PartialEq)]
pub(super) enum Command<'m> {
    /// `run: …`, `read: …`, `ls: …`: a tool with one argument.
    Plain {
        /// The word of the line.
        word: &'static str,
        /// The tool.
        tool: &'static str,
        /// The name of its argument.
        argument: &'static str,
        /// The argument.
        value: &'m str,
    },
    /// `tool: NAME {…}`: any tool.
    Any {
        /// The tool.
        tool: &'m str,
        /// Its arguments, as they are written.
        arguments: &'m str,
    },
}

/// Words, tools and the names of their arguments.
const WORDS: [(&str, &str, &str); 3] = [
    ("run", "exec", "command"),
    ("read", "read", "path"),
    ("ls", "ls", "path"),
];

/// Every command in a message, one a line. What stands in brackets before it says who wrote the line and when.
pub(super) fn all(message: &str) -> Vec<Command<'_>> {
    message.lines().filter_map(of_line).collect()
}

fn of_line(line: &str) -> Option<Command<'_>> {
    let mut line = line.trim();
    while let Some((_, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        line = rest.trim_start();
    }
    let (word, value) = line.split_once(':')?;
    let (word, value) = (word.trim_end(), value.trim());
    if word.eq_ignore_ascii_case("tool") {
        let (tool, arguments) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        let arguments = arguments.trim();
        return Some(Command::Any { tool, arguments });
    }
    let mut words = WORDS.iter();
    let (word, tool, argument) = words.find(|(known, ..)| word.eq_ignore_ascii_case(known))?;
    Some(Command::Plain {
        word,
        tool,
        argument,
        value,
    })
}

impl Command<'_> {
    /// The call that it means, or what to tell the person instead.
    pub(super) fn call(&self, tools: &[ToolDefinition]) -> Result<(String, String), String> {
        let has = |name: &str| tools.iter().any(|tool| tool.name == name);
        match self {
            Self::Plain {
                word,
                tool,
                argument,
                value,
            } => {
                if !has(tool) {
                    return Err(format!(
                        "I cannot do `{word}:` here: it needs the tool `{tool}`, which this session does not have.\n\n{}",
                        offered(tools)
                    ));
                }
                let value = match (*word, *value) {
                    ("ls", "") => ".",
                    (_, "") => {
                        return Err(format!(
                            "`{word}:` needs something behind it, such as `{word}: …`."
                        ));
                    }
                    (_, value) => value,
                };
                let arguments = Map::from_iter([((*argument).to_owned(), Value::from(value))]);
                Ok(((*tool).to_owned(), Value::Object(arguments).to_string()))
            }
            Self::Any { tool, arguments } => {
                if !has(tool) {
                    return Err(format!("There is no tool `{tool}` here.\n\n{}", offered(tools)));
                }
                let arguments = if arguments.is_empty() { "{}" } else { arguments };
                match serde_json::from_str(arguments) {
                    Ok(Value::Object(arguments)) => {
                        Ok(((*tool).to_owned(), Value::Object(arguments).to_string()))
                    }
                    Ok(_) | Err(_) => Err(format!(
                        "The arguments of a tool are a JSON object, such as `tool: {tool} {{\"name\": \"value\"}}`."
                    )),
                }
            }
        }
    }
}

/// The tools that there are, in a sentence.
fn offered(tools: &[ToolDefinition]) -> String {
    let names: Vec<String> = tools.iter().map(|tool| format!("`{}`", tool.name)).collect();
    match names.is_empty() {
        true => "No tools are offered in this session.".to_owned(),
        false => format!("The tools here are {}.", names.join(", ")),
    }
}
