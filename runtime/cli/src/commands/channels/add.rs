//! `openclaw channels add`: installs the adapter that comes with the program, asks what the account may do, and
//! writes the account to the config.
//!
//! The grant is kept before the config names the account, so that a gateway which reads the config at any moment
//! finds both or neither.

use std::io::{IsTerminal as _, stdin};
use std::path::Path as FilePath;
use std::process::ExitCode;

use openclaw_components::Inspection;
use openclaw_config::tree::Config;
use openclaw_config::{Path, Snapshot};
use serde_json::{Value, json};

use crate::args::{ChannelsAdd, Global, GrantFlags};
use crate::commands::plugins::{Extensions, Wanted, grant_lines, install, read_line, runtime};
use crate::context::schema;
use crate::failure::Failure;
use crate::{bundled, output};

/// The account that the keys of the channel itself belong to.
const DEFAULT: &str = "default";
/// The key under which each channel keeps its token; others call it `token`.
const TOKEN_KEYS: &[(&str, &str)] = &[("telegram", "botToken"), ("slack", "botToken")];

/// Sets it up.
pub(super) fn run(global: &Global, args: &ChannelsAdd) -> Result<ExitCode, Failure> {
    let extensions = Extensions::find(global)?;
    let snapshot = extensions.context.load()?;
    let channel = args.name.as_deref().or(args.channel.as_deref());
    let channel = channel.ok_or_else(|| which(&snapshot))?.to_ascii_lowercase();
    check_account(&args.account)?;
    let folder =
        bundled::find(&snapshot.environment, &channel).ok_or_else(|| unknown(&snapshot, &channel))?;
    let inspection = Inspection::read(&folder)?;
    if let Some(refusal) = inspection.refusals.first() {
        return Err(Failure::negative(refusal.to_string()));
    }
    let changes = changes(args, &channel, &snapshot)?;
    let answer = GrantFlags {
        grant: args.grant.clone(),
        dir: Vec::new(),
    };
    let state = extensions.open_state()?;
    let installed = runtime()?.block_on(async {
        let wanted = Wanted {
            inspection,
            answer: &answer,
            account: Some(&args.account),
        };
        let installed = install(&extensions, wanted, &state).await;
        state.close().await;
        installed
    });
    let (_, grant, _) = installed?;
    let context = &extensions.context;
    openclaw_config::write(&context.place, &context.around, schema(), &changes)
        .map_err(|error| Failure::negative(error.to_string()))?;
    let at = place(&channel, &args.account);
    if args.json {
        output::print_json(&json!({
            "ok": true,
            "channel": channel,
            "accountId": args.account,
            "config": context.place.config_path,
            "path": at.to_string(),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    output::print_shown(&format!(
        "Set up {channel}, account {}. The adapter may:\n{}\nIt is {at} in {}. The gateway starts it: openclaw gateway \
         run. Whoever writes to it first gets a code, and openclaw pairing approve {channel} CODE lets them in.",
        args.account,
        grant_lines(&grant),
        context.short(&context.place.config_path),
    ));
    Ok(ExitCode::SUCCESS)
}

/// Where an account stands in the config.
fn place(channel: &str, account: &str) -> Path {
    let channel = Path::of(["channels", channel]);
    match account {
        DEFAULT => channel,
        account => channel.key("accounts").key(account),
    }
}

/// What is written to the config.
fn changes(
    args: &ChannelsAdd,
    channel: &str,
    snapshot: &Snapshot<Config>,
) -> Result<Vec<(Path, Value)>, Failure> {
    let at = place(channel, &args.account);
    let key = TOKEN_KEYS.iter().find(|(of, _)| *of == channel);
    let key = key.map_or("token", |(_, key)| key);
    let mut changes = vec![(at.key("enabled"), json!(true))];
    if args.account != DEFAULT {
        changes.insert(0, (Path::of(["channels", channel, "enabled"]), json!(true)));
    }
    let is_there = |key: &str| at.key(key).get(&snapshot.source).is_some();
    match (&args.token, &args.token_file, args.use_env) {
        (Some(token), ..) => changes.push((at.key(key), json!(token.trim()))),
        (None, Some(file), _) => changes.push((at.key("tokenFile"), json!(absolute(file)?))),
        (None, None, true) if args.account != DEFAULT => {
            return Err(Failure::negative(
                "--use-env is for the account \"default\": other accounts take no token from the environment",
            ));
        }
        (None, None, true) => {}
        (None, None, false) if is_there(key) || is_there("tokenFile") => {}
        (None, None, false) => changes.push((at.key(key), json!(ask_token(channel)?))),
    }
    if let Some(root) = &args.api_root {
        changes.push((at.key("apiRoot"), json!(root)));
    }
    if let Some(name) = &args.name_text {
        changes.push((at.key("name"), json!(name)));
    }
    Ok(changes)
}

fn absolute(file: &FilePath) -> Result<String, Failure> {
    let found = file
        .canonicalize()
        .map_err(|error| Failure::file("find", file, &error))?;
    found
        .into_os_string()
        .into_string()
        .map_err(|_| Failure::negative("the name of the token's file is not UTF-8"))
}

fn ask_token(channel: &str) -> Result<String, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::negative(format!(
            "nobody can be asked for the token of {channel} here. Say --token, --token-file or --use-env."
        )));
    }
    output::ask(&format!(
        "The token of the {channel} account (it is kept in the config, which only you can read):"
    ));
    match read_line()?.as_deref().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(token.to_owned()),
        _ => Err(Failure::negative("No token was given: nothing is set up.")),
    }
}

fn check_account(account: &str) -> Result<(), Failure> {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    match !account.is_empty() && account.len() <= 64 && account.chars().all(is_fine) {
        true => Ok(()),
        false => Err(Failure::negative(
            "an account is named with small letters, digits, - and _, at most 64 of them",
        )),
    }
}

fn which(snapshot: &Snapshot<Config>) -> Failure {
    Failure::negative(format!(
        "which channel? {}",
        match bundled::list_channels(&snapshot.environment).as_slice() {
            [] => "No adapter comes with this program here.".to_owned(),
            all => format!("There are: {}", all.join(", ")),
        }
    ))
}

fn unknown(snapshot: &Snapshot<Config>, channel: &str) -> Failure {
    let folder = bundled::folder(&snapshot.environment);
    let folder = folder.map_or_else(|| "none".to_owned(), |folder| folder.display().to_string());
    Failure::negative(match bundled::list_channels(&snapshot.environment).as_slice() {
        [] => format!(
            "no adapter for {} comes with this program (looked in {folder}; {} names another folder)",
            channel.escape_debug(),
            bundled::FOLDER
        ),
        all => format!(
            "no adapter for {} comes with this program; there are: {}",
            channel.escape_debug(),
            all.join(", ")
        ),
    })
}
