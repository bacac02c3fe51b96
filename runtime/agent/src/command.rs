//! Chat commands: what a message asks of the gateway and not of the model.

use openclaw_config::tree::Config;

use crate::request::Request;
use crate::words;

/// A command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Help,
    Status,
    Whoami,
    /// Ends what runs, and what waits.
    Stop,
    /// Begins the session afresh.
    Reset {
        /// What follows the command is the first message of the new conversation.
        first: Option<String>,
    },
}

/// What `/help` says.
pub(crate) const HELP: &str = "Commands:
/status - what this session is, its model and how full its context is
/new, /reset - begin a new conversation; text behind it is its first message
/stop - end what runs and what waits
/whoami - who you are to the gateway
/help - this list
Everything else goes to the assistant.";

impl Command {
    /// The command that a request is, if it is one and its sender's commands are obeyed.
    pub(crate) fn read(config: &Config, request: &Request) -> Option<Self> {
        if request.is_plain || !may_command(config, request) {
            return None;
        }
        if words::is_stop(&request.message) {
            return Some(Self::Stop);
        }
        if request.sender.is_some() && !config.commands.text {
            return None;
        }
        let text = request.message.trim();
        let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let word = first.to_lowercase();
        let rest = rest.trim();
        if config
            .session
            .reset_triggers
            .iter()
            .any(|trigger| trigger.to_lowercase() == word)
        {
            return Some(Self::Reset {
                first: (!rest.is_empty()).then(|| rest.to_owned()),
            });
        }
        match (word.as_str(), rest) {
            ("/help" | "/commands", "") => Some(Self::Help),
            ("/status", "") => Some(Self::Status),
            ("/whoami" | "/id", "") => Some(Self::Whoami),
            _ => None,
        }
    }

    /// Whether no model is asked.
    pub(crate) fn is_answered_here(&self) -> bool {
        !matches!(self, Self::Reset { first: Some(_) })
    }
}

/// Whether a sender's commands are obeyed. The gateway's own clients are the owner's.
fn may_command(config: &Config, request: &Request) -> bool {
    let Some(sender) = &request.sender else {
        return true;
    };
    let lists = &config.commands.allow_from;
    if lists.is_empty() {
        return sender.is_owner || sender.may_command;
    }
    let list = lists.get(&sender.channel).or_else(|| lists.get("*"));
    let mut known = list.into_iter().flatten();
    known.any(|known| {
        let known = known.as_str();
        let bare = known
            .split_once(':')
            .filter(|(channel, _)| channel.eq_ignore_ascii_case(&sender.channel))
            .map_or(known, |(_, id)| id);
        known == "*" || bare.eq_ignore_ascii_case(&sender.id)
    })
}

/// What `/whoami` says.
pub(crate) fn whoami(request: &Request, session_key: &str) -> String {
    match &request.sender {
        None => format!("You are the owner, on one of the gateway's own clients.\nSession: {session_key}"),
        Some(sender) => {
            let name = sender.name.as_deref().unwrap_or("without a name");
            let owner = if sender.is_owner { "yes" } else { "no" };
            format!(
                "Channel: {} (account {})\nSender: {} ({name})\nOwner: {owner}\nSession: {session_key}",
                sender.channel, sender.account, sender.id
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Sender;

    fn read(message: &str) -> Option<Command> {
        let request = Request {
            message: message.to_owned(),
            ..Request::default()
        };
        Command::read(&Config::default(), &request)
    }

    fn from(config: &Config, id: &str, may_command: bool) -> Option<Command> {
        let sender = Sender {
            channel: "telegram".to_owned(),
            id: id.to_owned(),
            may_command,
            ..Sender::default()
        };
        let request = Request {
            message: "/status".to_owned(),
            sender: Some(sender),
            ..Request::default()
        };
        Command::read(config, &request)
    }

    #[test]
    fn a_command_stands_alone_and_text_behind_a_reset_is_the_first_message() {
        assert_eq!(read(" /Status "), Some(Command::Status));
        assert_eq!(read("/NEW"), Some(Command::Reset { first: None }));
        assert_eq!(
            read("/reset hello there"),
            Some(Command::Reset {
                first: Some("hello there".to_owned())
            })
        );
        for plain in [
            "/status please",
            "/newer",
            "/think high",
            "hello /status",
            "status",
        ] {
            assert_eq!(read(plain), None, "{plain}");
        }
    }

    #[test]
    fn commands_are_obeyed_of_those_who_may_give_them_only() {
        let mut config = Config::default();
        assert_eq!(from(&config, "42", true), Some(Command::Status));
        assert_eq!(from(&config, "42", false), None);
        config
            .commands
            .allow_from
            .insert("telegram".to_owned(), vec!["Telegram:42".into()]);
        assert_eq!(from(&config, "42", false), Some(Command::Status));
        assert_eq!(from(&config, "43", true), None);
        config.commands.text = false;
        assert_eq!(from(&config, "42", true), None);
    }
}
