//! A parrot: an adapter to no platform that does what a test tells it and tells what came of it.
//!
//! A test writes steps as JSON: in the body of a webhook, in the name of a timer, in a frame, as the handle of media to
//! fetch. The first three are handlers. What happens otherwise is delivered as an event that tells it. Steps that are
//! kept under the key `capabilities` are done whenever a parrot is asked what it can do.

mod bindings;
mod deliver;
mod events;
mod steps;

use bindings::exports::openclaw::channel::adapter::{
    CapabilitySet, ChannelSpec, CommandSpec, DirectoryPage, DirectoryQuery, Error, Event, Guest, LoginState,
    OutboundAction, ProbeReport, Receipt, Resolution, Target, WebhookRequest, WebhookResponse,
};
use bindings::openclaw::kv::store;
use bindings::openclaw::messaging::types::{Address, ConversationKind, TextForm};
use bindings::openclaw::types::errors::{ErrorCode, Sent};

pub(crate) struct Parrot;

/// A failure that says what it was told to say.
pub(crate) fn failure(code: ErrorCode, message: &str) -> Error {
    Error {
        code,
        message: message.to_owned(),
        retry_after: None,
        sent: Sent::No,
        detail: None,
    }
}

impl Guest for Parrot {
    fn describe() -> ChannelSpec {
        ChannelSpec {
            id: "parrot".to_owned(),
            label: "Parrot".to_owned(),
            aliases: vec!["bird".to_owned()],
            target_prefixes: vec!["parrot".to_owned()],
            person_id_label: Some("name".to_owned()),
            docs_url: None,
            order: Some(7),
            extra: None,
        }
    }

    fn capabilities(account: String) -> Result<CapabilitySet, Error> {
        if let Some(steps) = store::get("capabilities")? {
            steps::run(&String::from_utf8_lossy(&steps))?;
        }
        Ok(CapabilitySet {
            conversations: vec![ConversationKind::Direct],
            features: Vec::new(),
            actions: Vec::new(),
            text_form: TextForm::Plain,
            text_limit: 4096,
            caption_limit: None,
            length_unit: bindings::openclaw::channel::description::LengthUnit::Characters,
            line_limit: None,
            media_limit: None,
            media_count: 1,
            mention_texts: vec![format!("@{account}")],
            button_limits: None,
            poll_limits: None,
            reply_modes: Vec::new(),
            block_joining: None,
            extra: None,
        })
    }

    fn handle(_: String, events: Vec<Event>) -> Result<(), Error> {
        events.into_iter().try_for_each(events::tell)
    }

    fn send(_: String, outbound: OutboundAction) -> Result<Receipt, Error> {
        let OutboundAction::Other(action) = outbound else {
            return Err(failure(
                ErrorCode::Unsupported,
                "a parrot only takes its own actions",
            ));
        };
        Ok(Receipt {
            ids: vec![steps::run(&action.arguments)?],
            address: None,
            time: None,
            details: None,
        })
    }

    fn fetch(_: String, handle: String) -> Result<String, Error> {
        steps::run(&handle)
    }

    fn webhook(_: String, request: WebhookRequest) -> Result<WebhookResponse, Error> {
        let text =
            String::from_utf8(request.body).map_err(|_| failure(ErrorCode::Invalid, "steps are text"))?;
        let said = match text.strip_prefix("echo:") {
            Some(rest) => format!("{rest} {}", request.url),
            None => steps::run(&text)?,
        };
        Ok(WebhookResponse {
            status: 200,
            headers: Vec::new(),
            body: said.into_bytes(),
        })
    }

    fn probe(_: String) -> Result<ProbeReport, Error> {
        Ok(ProbeReport {
            identity: None,
            warnings: Vec::new(),
            details: Some(steps::run(r#"[{"do": "context"}]"#)?),
        })
    }

    fn login_start(_: String, force: bool) -> Result<LoginState, Error> {
        Ok(LoginState::Failed(format!("forced: {force}")))
    }

    fn login_wait(_: String, token: String, wait: u64) -> Result<LoginState, Error> {
        Ok(LoginState::Failed(format!("{token} {wait}")))
    }

    fn logout(_: String) -> Result<(), Error> {
        Ok(())
    }

    fn resolve(_: String, queries: Vec<String>) -> Result<Vec<Resolution>, Error> {
        let resolution = |query| Resolution {
            query,
            targets: Vec::new(),
        };
        Ok(queries.into_iter().map(resolution).collect())
    }

    fn directory(_: String, query: DirectoryQuery) -> Result<DirectoryPage, Error> {
        Ok(DirectoryPage {
            entries: Vec::new(),
            next: query.text,
        })
    }

    fn normalize_target(_: String, text: String) -> Result<Target, Error> {
        let id = text.strip_prefix("parrot:").unwrap_or(&text).to_lowercase();
        if id.is_empty() {
            return Err(failure(ErrorCode::Invalid, "nobody is named by nothing"));
        }
        Ok(Target {
            address: Address {
                to: id.clone(),
                thread: None,
            },
            kind: ConversationKind::Direct,
            id,
            name: None,
        })
    }

    fn register_commands(_: String, commands: Vec<CommandSpec>) -> Result<(), Error> {
        match commands.is_empty() {
            true => Err(failure(
                ErrorCode::Unsupported,
                "a parrot has commands or none is registered",
            )),
            false => Ok(()),
        }
    }
}
