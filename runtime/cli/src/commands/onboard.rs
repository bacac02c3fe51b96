//! `openclaw onboard`: from nothing to a config that a gateway starts with.
//!
//! **Promise.** What stands in the config stays, unless a flag or an answer says otherwise; run again it changes
//! nothing. Nothing is started without being asked. Without a terminal it asks nothing and needs
//! `--non-interactive --accept-risk`.

mod tools;

use std::io::{IsTerminal as _, stdin};
use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use openclaw_config::tree::Config;
use openclaw_config::tree::gateway_auth::{AuthMode as ConfigAuth, GatewayAuth};
use openclaw_config::{Path, Snapshot};
use serde_json::{Value, json};

use crate::args::{AuthMode, BindMode, Global, Onboard};
use crate::commands::plugins::read_line;
use crate::context::{Context, schema};
use crate::failure::Failure;
use crate::output;

/// How many random bytes a token has.
const TOKEN_BYTES: usize = 32;
/// What a person agrees to.
const RISK: &str = "OpenClaw's agent reads and writes the files of its workspace, and does what the tools that you \
                    install can do. Whoever you let write to it can ask it for that. Extensions reach only what you \
                    granted them.";

/// Does it.
pub(crate) fn run(global: &Global, args: &Onboard) -> Result<ExitCode, Failure> {
    let context = Context::find(global)?;
    let snapshot = context.load()?;
    let is_asking = !args.non_interactive && !args.json && stdin().is_terminal();
    if !is_asking && !args.accept_risk {
        return Err(Failure::negative(
            "Non-interactive onboarding needs --accept-risk, which says that you know that an agent acts on this \
             machine on your behalf. Say openclaw onboard --non-interactive --accept-risk.",
        ));
    }
    if !is_asking && !args.non_interactive {
        return Err(Failure::negative(
            "nobody can be asked here; say openclaw onboard --non-interactive --accept-risk",
        ));
    }
    let answers = match is_asking {
        true => ask(&context, args)?,
        false => Answers::of(args),
    };
    let (changes, workspace) = plan(&context, &snapshot, args, &answers)?;
    let written = openclaw_config::write(&context.place, &context.around, schema(), &changes)
        .map_err(|error| Failure::negative(error.to_string()))?;
    std::fs::create_dir_all(&workspace)
        .map_err(|error| Failure::file("make the workspace", &workspace, &error))?;
    let tools = match args.skip_skills {
        true => Vec::new(),
        // The gateway starts without them too; whoever runs this again while it does loses nothing.
        false => tools::install_harmless(global, &written).unwrap_or_else(|failure| {
            output::complain(&format!("no tools were installed: {failure}"));
            Vec::new()
        }),
    };
    let port = context.port(&written);
    let page = super::dashboard::address(&written, port);
    if args.json {
        output::print_json(&json!({
            "ok": true,
            "mode": "local",
            "config": context.place.config_path,
            "workspace": workspace,
            "tools": tools,
            "gateway": {"port": port, "url": format!("http://127.0.0.1:{port}/")},
        }));
        return Ok(ExitCode::SUCCESS);
    }
    output::print_shown(&format!(
        "The config is {}, the agent's workspace {}.\n{}",
        context.short(&context.place.config_path),
        context.short(&workspace),
        match written.config.agents.defaults.model.as_ref().and_then(|model| model.primary()) {
            Some(model) => format!("The agent answers with {model}."),
            None => "No model is set up yet: the gateway answers by itself, without a network, and shows what it can do."
                .to_owned(),
        }
    ));
    if !tools.is_empty() {
        output::print_shown(&format!(
            "Tools that reach nothing were installed: {}. openclaw plugins list shows them.",
            tools.join(", ")
        ));
    }
    if answers.start {
        output::print_shown(&format!(
            "Starting the gateway. Its page: http://127.0.0.1:{port}/"
        ));
        let words = ["openclaw", "gateway", "run"].map(Into::into);
        return crate::run(crate::args::parse(words.to_vec())?);
    }
    output::print("Next: openclaw gateway run, and in the browser:");
    // The token in it is the person's own, told to them alone.
    output::print(&format!("  {page}"));
    Ok(ExitCode::SUCCESS)
}

/// What a person said, or the flags.
#[derive(Default)]
struct Answers {
    model: Option<Model>,
    /// Whether the gateway is to run at once.
    start: bool,
}

struct Model {
    base_url: String,
    key: Option<String>,
    id: String,
    provider: Option<String>,
}

impl Answers {
    fn of(args: &Onboard) -> Self {
        let model = match (&args.custom_base_url, &args.custom_model_id) {
            (Some(base_url), Some(id)) => Some(Model {
                base_url: base_url.clone(),
                key: args.custom_api_key.clone(),
                id: id.clone(),
                provider: args.custom_provider_id.clone(),
            }),
            _ => None,
        };
        Self { model, start: false }
    }
}

fn ask(context: &Context, args: &Onboard) -> Result<Answers, Failure> {
    let mut answers = Answers::of(args);
    output::complain(&format!("{RISK}\n"));
    if !args.accept_risk && !agrees("Go on?", false)? {
        return Err(Failure::negative("Nothing was written."));
    }
    if answers.model.is_none() {
        output::complain(
            "\nA model answers for the agent. Name a server that speaks OpenAI's completions, such as \
             https://api.openai.com/v1 or http://127.0.0.1:11434/v1; nothing leaves it for later.",
        );
        let base_url = answer("Address:")?;
        if !base_url.is_empty() {
            answers.model = Some(Model {
                base_url,
                id: required("Model, as the server calls it:")?,
                key: Some(answer(
                    "Key (nothing if it needs none; it is kept in the config, which only you can read):",
                )?)
                .filter(|key| !key.is_empty()),
                provider: args.custom_provider_id.clone(),
            });
        }
    }
    if !args.skip_channels {
        output::complain(&format!(
            "\nopenclaw channels add telegram sets up a first channel, now or later; the page needs none. The config \
             will be {}.",
            context.short(&context.place.config_path)
        ));
    }
    answers.start = agrees("Start the gateway at the end?", true)?;
    Ok(answers)
}

fn answer(question: &str) -> Result<String, Failure> {
    output::ask(question);
    match read_line()? {
        Some(line) => Ok(line.trim().to_owned()),
        None => Err(Failure::negative("The input ended: nothing was written.")),
    }
}

fn required(question: &str) -> Result<String, Failure> {
    loop {
        let line = answer(question)?;
        if !line.is_empty() {
            return Ok(line);
        }
    }
}

fn agrees(question: &str, usual: bool) -> Result<bool, Failure> {
    let shown = if usual { "yes" } else { "no" };
    loop {
        match answer(&format!("{question} yes or no ({shown})"))?.as_str() {
            "" => return Ok(usual),
            "yes" | "y" => return Ok(true),
            "no" | "n" => return Ok(false),
            _ => output::complain("Answer yes or no."),
        }
    }
}

/// Whether the config asks for a password already.
fn has_password(auth: &GatewayAuth) -> bool {
    match auth.mode {
        Some(mode) => mode == ConfigAuth::Password,
        None => auth.password.is_some() && auth.token.is_none(),
    }
}

/// What is written, and where the workspace is.
fn plan(
    context: &Context,
    snapshot: &Snapshot<Config>,
    args: &Onboard,
    answers: &Answers,
) -> Result<(Vec<(Path, Value)>, PathBuf), Failure> {
    let authored = snapshot.authored();
    let is_set = |at: &Path| at.get(authored).is_some();
    let mut changes = Vec::new();
    let mut set = |at: &[&str], value: Value| {
        let mut path = Path::root();
        at.iter().for_each(|key| path.push_key(key));
        changes.push((path, value));
    };
    set(&["gateway", "mode"], json!("local"));
    if let Some(port) = args.gateway_port {
        set(&["gateway", "port"], json!(port));
    } else if !is_set(&Path::of(["gateway", "port"])) {
        set(&["gateway", "port"], json!(context.port(snapshot)));
    }
    let bind = args.gateway_bind.unwrap_or(BindMode::Loopback);
    if args.gateway_bind.is_some() || !is_set(&Path::of(["gateway", "bind"])) {
        set(&["gateway", "bind"], json!(word(bind)?));
    }
    let is_password = match args.gateway_auth {
        None if args.gateway_token.is_some() => false,
        None => args.gateway_password.is_some() || has_password(&snapshot.config.gateway.auth),
        Some(AuthMode::Token) => false,
        Some(AuthMode::Password) => true,
        Some(AuthMode::None | AuthMode::TrustedProxy) => {
            return Err(Failure::negative("--gateway-auth is token or password"));
        }
    };
    let secret = match is_password {
        true => ("password", args.gateway_password.clone()),
        false => ("token", args.gateway_token.clone()),
    };
    let has_auth = is_set(&Path::of(["gateway", "auth", secret.0]));
    if args.gateway_auth.is_some() || !is_set(&Path::of(["gateway", "auth", "mode"])) {
        set(&["gateway", "auth", "mode"], json!(secret.0));
    }
    match secret {
        (key, Some(value)) => set(&["gateway", "auth", key], json!(value)),
        ("token", None) if !has_auth => set(&["gateway", "auth", "token"], json!(make_token()?)),
        ("password", None) if !has_auth => {
            return Err(Failure::negative(
                "--gateway-auth password needs --gateway-password",
            ));
        }
        _ => {}
    }
    let named = args.workspace.as_ref().map(std::path::absolute).transpose();
    let named = named.map_err(|source| Failure::System {
        doing: "find the workspace",
        source,
    })?;
    let configured = snapshot.config.agents.defaults.workspace.as_deref();
    let workspace = match (&named, configured) {
        (Some(folder), _) => folder.clone(),
        (None, Some(text)) => context.place.expand(text, &context.place.home),
        (None, None) => context.place.default_workspace.clone(),
    };
    if named.is_some() || configured.is_none() {
        set(&["agents", "defaults", "workspace"], json!(workspace));
    }
    if let Some(model) = &answers.model {
        let id = match &model.provider {
            Some(id) => id.clone(),
            None => provider_of(&model.base_url),
        };
        let provider = ["models", "providers", &id];
        let set_of = |key: &'static str| [provider.as_slice(), &[key]].concat();
        set(&set_of("baseUrl"), json!(model.base_url));
        set(&set_of("api"), json!("openai-completions"));
        set(&set_of("models"), json!([{"id": model.id, "name": model.id}]));
        if let Some(key) = &model.key {
            set(&set_of("apiKey"), json!(key));
        }
        set(
            &["agents", "defaults", "model"],
            json!({"primary": format!("{id}/{}", model.id)}),
        );
    }
    if !is_set(&Path::of(["wizard", "lastRunAt"])) {
        let now = Timestamp::now().to_string();
        set(&["wizard", "lastRunAt"], json!(now));
        set(&["wizard", "lastRunCommand"], json!("onboard"));
        set(&["wizard", "lastRunMode"], json!("local"));
        set(&["wizard", "lastRunVersion"], json!(env!("CARGO_PKG_VERSION")));
        set(&["wizard", "securityAcknowledgedAt"], json!(now));
    }
    Ok((changes, workspace))
}

fn word(bind: BindMode) -> Result<&'static str, Failure> {
    match bind {
        BindMode::Loopback => Ok("loopback"),
        BindMode::Lan => Ok("lan"),
        BindMode::Auto => Ok("auto"),
        BindMode::Tailnet => Ok("tailnet"),
        BindMode::Custom => Err(Failure::negative(
            "--gateway-bind custom needs an address: write gateway.customBindHost to the config by hand",
        )),
    }
}

/// A short name for the server at an address: the part of its host that tells most.
fn provider_of(base_url: &str) -> String {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    let labels: Vec<_> = host.split('.').filter(|label| !label.is_empty()).collect();
    let is_address = host.parse::<std::net::IpAddr>().is_ok() || labels.len() < 2;
    match labels.iter().rev().nth(1) {
        Some(label) if !is_address => label.to_ascii_lowercase(),
        _ => "local".to_owned(),
    }
}

fn make_token() -> Result<String, Failure> {
    let mut bytes = [0; TOKEN_BYTES];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).map_err(|error| {
        Failure::System {
            doing: "get random bytes for the token",
            source: error.into(),
        }
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_called_by_the_part_of_its_name_that_tells_most() {
        for (url, expected) in [
            ("https://api.openai.com/v1", "openai"),
            ("http://127.0.0.1:11434/v1", "local"),
            ("http://localhost:8080", "local"),
            ("https://openrouter.ai/api/v1", "openrouter"),
        ] {
            assert_eq!(provider_of(url), expected, "{url}");
        }
    }

    #[test]
    fn tokens_differ_and_fit_into_an_address() {
        let (one, other) = (make_token().unwrap(), make_token().unwrap());
        assert_ne!(one, other);
        assert!(
            one.len() >= 43
                && one
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        );
    }
}
