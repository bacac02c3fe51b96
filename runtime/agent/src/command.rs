//! Chat commands: what a message asks of the gateway and not of the model.

use openclaw_config::tree::Config;
use openclaw_sandbox::approvals::Verdict;

use crate::request::Request;
use crate::tools::elevated::{self, Level, Reach};
use crate::tools::exec::Gate;
use crate::words;

/// A command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Help,
    Status,
    Whoami,
    /// Answers about a command that waits for a nod, named by its id. None: it was not said how.
    Approve(Option<(String, Verdict)>),
    /// How far commands leave the sandbox.
    Elevated {
        /// From now on, or for the text behind it; none: it is asked.
        level: Option<Level>,
        /// What is for the model, with this level alone.
        rest: Option<String>,
    },
    /// To let commands leave the sandbox was asked for by a client that may not have it so.
    Unelevated,
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
/approve ID allow-once|allow-always|deny - answer about a command that waits
/elevated on|ask|full|off - whether commands leave the sandbox; with text behind it for that text only
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
            ("/approve", rest) => {
                let named = rest.split_once(char::is_whitespace);
                Some(Self::Approve(
                    named.and_then(|(id, word)| Some((id.to_owned(), Verdict::of(word)?))),
                ))
            }
            ("/elevated" | "/elev", rest) => elevated(rest).map(|command| match command.raises() {
                true if request.sender.is_none() && !request.may_elevate => Self::Unelevated,
                _ => command,
            }),
            _ => None,
        }
    }

    /// Whether no model is asked.
    pub(crate) fn is_answered_here(&self) -> bool {
        !matches!(
            self,
            Self::Reset { first: Some(_) } | Self::Elevated { rest: Some(_), .. }
        )
    }

    /// Whether it lets commands go further than the sandbox.
    fn raises(&self) -> bool {
        matches!(self, Self::Elevated { level: Some(level), .. } if *level != Level::Off)
    }

    /// The level that it sets for its own text alone.
    pub(crate) fn inline_level(&self) -> Option<Level> {
        match self {
            Self::Elevated { level, rest: Some(_) } => *level,
            _ => None,
        }
    }

    /// The level that it sets for the session.
    pub(crate) fn session_level(&self) -> Option<Level> {
        match self {
            Self::Elevated { level, rest: None } => *level,
            _ => None,
        }
    }
}

/// What is behind the word. A text that names no level is for the model, and so is all of it.
fn elevated(text: &str) -> Option<Command> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let level = Level::read(word);
    if level.is_none() && !word.is_empty() {
        return None;
    }
    let rest = rest.trim();
    Some(Command::Elevated {
        level,
        rest: (!rest.is_empty()).then(|| rest.to_owned()),
    })
}

/// What is said to a client that may not let commands leave the sandbox.
pub(crate) const UNELEVATED: &str = "⚠️ Of the gateway's own clients only those with the scope operator.admin let commands \
                                     leave the sandbox. Nothing was done.";

/// What `/elevated` says of how far commands go.
pub(crate) fn elevated_text(reach: &Reach, is_sandboxed: bool, is_set: bool) -> String {
    if !is_sandboxed {
        return "This session is not sandboxed: there is nothing that its commands would leave.".to_owned();
    }
    if !reach.failures.is_empty() {
        return elevated::refusal(&reach.failures);
    }
    let now = if is_set { "Elevated is now" } else { "Elevated is" };
    match reach.level {
        Level::Off => format!("{now} off: commands stay in the sandbox."),
        level => format!(
            "{now} {}: commands run on the gateway's machine, and approvals hold as they are set.",
            level.word()
        ),
    }
}

/// Whether a sender's commands are obeyed. The gateway's own clients are the owner's.
fn may_command(config: &Config, request: &Request) -> bool {
    let Some(sender) = &request.sender else {
        return true;
    };
    is_listed(config, &sender.channel, &sender.id).unwrap_or(sender.is_owner || sender.may_command)
}

/// Whether the config lists somebody of a channel among those whose commands are obeyed. None: it lists nobody at all.
fn is_listed(config: &Config, channel: &str, id: &str) -> Option<bool> {
    let lists = &config.commands.allow_from;
    if lists.is_empty() {
        return None;
    }
    let list = lists.get(channel).or_else(|| lists.get("*"));
    let mut known = list.into_iter().flatten();
    Some(known.any(|known| {
        let known = known.as_str();
        let bare = known
            .split_once(':')
            .filter(|(of, _)| of.eq_ignore_ascii_case(channel))
            .map_or(known, |(_, id)| id);
        known == "*" || bare.eq_ignore_ascii_case(id)
    }))
}

/// Whether an owner on a channel can answer there about commands that wait.
pub(crate) fn can_approve(config: &Config, channel: &str, id: &str) -> bool {
    config.commands.text && is_listed(config, channel, id).unwrap_or(true)
}

/// Carries `/approve` out, and yields what it says.
pub(crate) fn approve(
    gate: Option<&dyn Gate>,
    request: &Request,
    answer: Option<&(String, Verdict)>,
) -> String {
    // Who may command may not yet decide about the gateway's machine.
    let by = match &request.sender {
        None if request.may_approve => "the owner, in a chat".to_owned(),
        Some(sender) if sender.is_owner => format!("{}:{}", sender.channel, sender.id),
        None | Some(_) => {
            return "⚠️ Only an owner answers about commands, and of the gateway's own clients those with the scope \
                    operator.approvals."
                .to_owned();
        }
    };
    let Some((id, verdict)) = answer else {
        return "Say it like this: /approve ID allow-once, with allow-always or deny in the place of allow-once."
            .to_owned();
    };
    let answered = match gate {
        Some(gate) => gate.answer(id, *verdict, by),
        None => Err("this gateway asks about no commands".to_owned()),
    };
    match answered {
        Ok(()) => format!("Answered {} about {id}.", verdict.name()),
        Err(why) => format!("⚠️ Not answered: {why}."),
    }
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
            may_elevate: true,
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
    fn elevated_alone_sets_the_session_and_with_text_only_that_text() {
        let set = |level, rest: Option<&str>| {
            let rest = rest.map(str::to_owned);
            Some(Command::Elevated { level, rest })
        };
        assert_eq!(read("/elevated"), set(None, None));
        assert_eq!(read("/elev FULL"), set(Some(Level::Full), None));
        let inline = read("/elevated on  build it").unwrap();
        assert_eq!(Some(inline.clone()), set(Some(Level::Ask), Some("build it")));
        assert!(!inline.is_answered_here() && inline.session_level().is_none());
        assert_eq!(inline.inline_level(), Some(Level::Ask));
        assert_eq!(read("/elevated please"), None);
    }

    #[test]
    fn a_client_without_the_scope_lets_no_command_leave_the_sandbox() {
        let config = Config::default();
        let of = |message: &str, sender: Option<Sender>| {
            let request = Request {
                message: message.to_owned(),
                sender,
                ..Request::default()
            };
            Command::read(&config, &request).unwrap()
        };
        for raised in ["/elevated on", "/elevated full build it", "/elev ask"] {
            let command = of(raised, None);
            assert_eq!(command, Command::Unelevated, "{raised}");
            assert!(command.is_answered_here() && command.session_level().is_none());
            let owner = Sender {
                is_owner: true,
                ..Sender::default()
            };
            assert_ne!(of(raised, Some(owner)), Command::Unelevated);
        }
        assert_eq!(of("/elevated off", None).session_level(), Some(Level::Off));
        assert!(matches!(of("/elevated", None), Command::Elevated { .. }));
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

    #[test]
    fn a_nod_needs_an_id_and_a_decision() {
        let nod = |text: &str| match read(text) {
            Some(Command::Approve(answer)) => answer,
            other => panic!("{text}: {other:?}"),
        };
        let deny = Some(("12ab".to_owned(), Verdict::Deny));
        assert_eq!(nod("/approve 12ab deny"), deny);
        assert_eq!(nod("/Approve  12ab   Deny "), deny);
        for wrong in [
            "/approve",
            "/approve 12ab",
            "/approve 12ab perhaps",
            "/approve 12ab deny it",
        ] {
            assert_eq!(nod(wrong), None, "{wrong}");
        }
    }

    /// Takes every answer.
    #[derive(Default)]
    struct Open(parking_lot::Mutex<Vec<String>>);

    impl Gate for Open {
        fn decide(
            &self,
            wanted: crate::tools::exec::Wanted,
        ) -> futures_util::future::BoxFuture<'_, crate::tools::exec::Decision> {
            Box::pin(async { crate::tools::exec::Decision::Run(wanted.command) })
        }

        fn stop(&self, _: &str, _: Option<&str>) {}

        fn answer(&self, id: &str, verdict: Verdict, by: String) -> Result<(), String> {
            self.0.lock().push(format!("{id} {} {by}", verdict.name()));
            Ok(())
        }
    }

    #[test]
    fn only_owners_and_clients_that_may_answer_about_commands() {
        let gate = Open::default();
        let order = Some(("12ab".to_owned(), Verdict::AllowOnce));
        let ask = |request: &Request| approve(Some(&gate), request, order.as_ref());
        let sent = |is_owner| Request {
            sender: Some(Sender {
                channel: "telegram".to_owned(),
                id: "42".to_owned(),
                is_owner,
                may_command: true,
                ..Sender::default()
            }),
            // What a client may counts for nobody on a channel.
            may_approve: true,
            ..Request::default()
        };
        assert!(ask(&sent(false)).starts_with("⚠️ Only an owner"));
        assert!(ask(&Request::default()).starts_with("⚠️ Only an owner"));
        assert!(gate.0.lock().is_empty());
        assert_eq!(ask(&sent(true)), "Answered allow-once about 12ab.");
        let client = Request {
            may_approve: true,
            ..Request::default()
        };
        assert_eq!(ask(&client), "Answered allow-once about 12ab.");
        let heard = gate.0.lock().join("; ");
        assert_eq!(
            heard,
            "12ab allow-once telegram:42; 12ab allow-once the owner, in a chat"
        );
        assert!(approve(Some(&gate), &client, None).contains("/approve ID"));
    }
}
