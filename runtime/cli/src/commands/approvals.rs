//! `openclaw approvals`: which commands run on a gateway's machine unasked, and answers about the others.
//!
//! **Promise.** What is written takes the place of what was read, and of nothing else: if the file changed in between,
//! it stays. The socket's token is never printed. **Bound.** Files of [`FILE_BYTES`].

mod shown;

use std::io::Read;
use std::process::ExitCode;

use openclaw_sandbox::approvals::{
    Document, Entry, FILE_BYTES, FileError, LEGACY_AGENT, Store, caution, effective,
};
use serde_json::{Value, json};

use super::gateway::block_on;
use crate::args::{
    AllowlistCommand, AllowlistOne, ApprovalsCommand, ApprovalsResolve, ApprovalsSet, Asked, Whose,
};
use crate::context::Context;
use crate::failure::Failure;
use crate::fields::Fields as _;
use crate::gateway_client::{Talk, Unanswered, not_done};
use crate::{output, unsupported};

/// Does what was asked for.
pub(crate) fn run(context: &Context, command: ApprovalsCommand) -> Result<ExitCode, Failure> {
    match command {
        ApprovalsCommand::Get(args) => {
            let mut told = block_on(async { File::open(context, &args.whose).await?.read().await })?;
            // A gateway says what comes of its file with its own config.
            if !args.whose.is_gateway() {
                add_policy(context, &mut told);
            }
            print(&told, args.json)
        }
        ApprovalsCommand::Set(args) => set(context, &args),
        ApprovalsCommand::Allowlist(AllowlistCommand::Add(args)) => add(context, &args),
        ApprovalsCommand::Allowlist(AllowlistCommand::Remove(args)) => remove(context, &args),
        ApprovalsCommand::Pending(args) => pending(context, &args),
        ApprovalsCommand::Resolve(args) => resolve(context, args),
        ApprovalsCommand::Other(words) => Err(unsupported::approvals_verb(&words)),
    }
}

/// The file, where it is.
enum File {
    /// On this machine.
    Here(Store),
    /// At a gateway.
    There(Box<Talk>),
}

impl File {
    async fn open(context: &Context, whose: &Whose) -> Result<Self, Failure> {
        if whose.node.is_some() {
            return Err(unsupported::node());
        }
        Ok(match whose.is_gateway() {
            false => Self::Here(Store::in_folder(&context.place.state_dir)),
            true => Self::There(Box::new(Talk::begin(context, &whose.reach).await?)),
        })
    }

    /// What stands in it, as it may be shown.
    async fn read(&mut self) -> Result<Value, Failure> {
        match self {
            Self::Here(store) => Ok(store.told(&store.read().map_err(unusable)?)),
            Self::There(talk) => talk.call("exec.approvals.get", json!({})).await,
        }
    }

    /// The hash of what is there, be it understood or not.
    async fn hash(&mut self) -> Result<String, Failure> {
        let talk = match self {
            Self::Here(store) => return store.hash().map_err(unusable),
            Self::There(talk) => talk,
        };
        let method = "exec.approvals.get";
        match talk.client.call(method, &json!({})).await {
            Ok(told) => Ok(told.text("hash").to_owned()),
            Err(Unanswered::Refused(error)) => {
                let details = error.details.clone().unwrap_or_default();
                let hash = details.field("hash").as_str().map(str::to_owned);
                hash.ok_or_else(|| not_done(method, &Unanswered::Refused(error)))
            }
            Err(why) => Err(not_done(method, &why)),
        }
    }

    /// Replaces what had this hash.
    async fn write(&mut self, document: Document, base: &str) -> Result<Value, Failure> {
        match self {
            Self::Here(store) => {
                let mut document = document;
                if let Ok(before) = store.read() {
                    document.keep_secrets_of(&before.document);
                }
                let written = store.write(&document, base).map_err(unusable)?;
                Ok(store.told(&written))
            }
            Self::There(talk) => {
                let params = json!({ "file": document.to_value(), "baseHash": base });
                talk.call("exec.approvals.set", params).await
            }
        }
    }

    /// Changes it. What `change` says is handed on; if it is no, nothing is written.
    async fn change(&mut self, change: impl FnOnce(&mut Document) -> bool) -> Result<(Value, bool), Failure> {
        let told = self.read().await?;
        let mut document = Document::of(told.field("file").clone()).map_err(Failure::negative)?;
        match change(&mut document) {
            false => Ok((told, false)),
            true => Ok((self.write(document, told.text("hash")).await?, true)),
        }
    }
}

/// What comes of the file of this machine with its config, if that can be read.
fn add_policy(context: &Context, told: &mut Value) {
    let document = Document::of(told.field("file").clone());
    let policy = match (context.load(), document) {
        (Ok(snapshot), Ok(document)) => effective(&snapshot.config, &document),
        (Err(failure), _) => json!({ "scopes": [], "note": format!("The config is not read: {failure}") }),
        (Ok(_), Err(_)) => return,
    };
    if let Value::Object(told) = told {
        told.insert("effectivePolicy".to_owned(), policy);
    }
}

fn unusable(error: FileError) -> Failure {
    Failure::negative(error.to_string())
}

fn print(told: &Value, json: bool) -> Result<ExitCode, Failure> {
    match json {
        true => output::print_json(told),
        false => output::print_shown(&shown::file(told)),
    }
    Ok(ExitCode::SUCCESS)
}

fn set(context: &Context, args: &ApprovalsSet) -> Result<ExitCode, Failure> {
    let (text, source) = match &args.file {
        Some(path) => {
            let read = std::fs::File::open(path).and_then(take);
            let text = read.map_err(|error| Failure::file("read", path, &error))?;
            (text, path.display().to_string())
        }
        None => {
            let text = take(std::io::stdin().lock()).map_err(|source| Failure::System {
                doing: "read standard input",
                source,
            })?;
            (text, "standard input".to_owned())
        }
    };
    let wrong = |why: String| Failure::negative(format!("{source} cannot be the new file: {why}"));
    let value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let document = Document::of(value).map_err(wrong)?;
    let told = block_on(async {
        let mut file = File::open(context, &args.whose).await?;
        let base = file.hash().await?;
        file.write(document, &base).await
    })?;
    print(&told, args.json)
}

fn take(from: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    // One more than there may be, so that what is too long is not taken for its beginning.
    from.take(FILE_BYTES + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn add(context: &Context, args: &AllowlistOne) -> Result<ExitCode, Failure> {
    if args.agent == LEGACY_AGENT {
        return Err(Failure::negative(format!(
            "what stands under the agent {LEGACY_AGENT} counts for main, as older releases meant it: say \
             --agent main, or --agent '*' for all"
        )));
    }
    let entry = Entry {
        pattern: args.pattern.trim().to_owned(),
        ..Entry::default()
    };
    let (told, is_new) = block_on(async {
        let mut file = File::open(context, &args.whose).await?;
        // What is there already may have had an end, which it then loses.
        let mut is_new = false;
        let changed = file.change(|document| {
            is_new = document.add(&args.agent, &entry);
            true
        });
        let (told, _) = changed.await?;
        Ok::<_, Failure>((told, is_new))
    })?;
    if let Some(caution) = caution(&entry.pattern) {
        output::complain(&format!("warning: {caution}"));
    }
    let done = match is_new {
        true => "On the list now",
        false => "It was on the list already",
    };
    said(&told, args, &format!("{done}: {}", entry.pattern))
}

fn remove(context: &Context, args: &AllowlistOne) -> Result<ExitCode, Failure> {
    let wanted = args.pattern.trim();
    let is_meant = |entry: &Entry| entry.pattern == wanted || entry.id.as_deref() == Some(wanted);
    let (told, is_gone) = block_on(async {
        let mut file = File::open(context, &args.whose).await?;
        file.change(|document| document.remove(&args.agent, is_meant) > 0)
            .await
    })?;
    if !is_gone {
        return Err(Failure::negative(format!(
            "{wanted} is not on the list of {}; openclaw approvals get prints all lists",
            shown::agent(&args.agent)
        )));
    }
    said(&told, args, &format!("Off the list: {wanted}"))
}

fn said(told: &Value, args: &AllowlistOne, done: &str) -> Result<ExitCode, Failure> {
    match args.json {
        true => output::print_json(told),
        false => output::print_shown(&format!("{done} ({})", shown::agent(&args.agent))),
    }
    Ok(ExitCode::SUCCESS)
}

fn pending(context: &Context, args: &Asked) -> Result<ExitCode, Failure> {
    let waiting = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        talk.call("exec.approval.list", json!({})).await
    })?;
    match args.json {
        true => output::print_json(&json!({ "approvals": waiting })),
        false => output::print_shown(&shown::questions(&waiting)),
    }
    Ok(ExitCode::SUCCESS)
}

fn resolve(context: &Context, args: ApprovalsResolve) -> Result<ExitCode, Failure> {
    let mut params = json!({ "id": args.id, "decision": args.decision.name() });
    if let (Some(days), Value::Object(params)) = (args.expires_in_days, &mut params) {
        params.insert("grantExpiresInDays".to_owned(), json!(days));
    }
    let done = block_on(async {
        let mut talk = Talk::begin(context, &args.reach).await?;
        talk.call("exec.approval.resolve", params).await
    })?;
    match args.json {
        true => output::print_json(&done),
        false => {
            let why = args
                .reason
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            output::print_shown(&format!("Answered {}: {}{why}", args.decision.name(), args.id));
        }
    }
    Ok(ExitCode::SUCCESS)
}
