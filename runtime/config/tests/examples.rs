//! Config files as people write them, and what they mean.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::path::PathBuf;
use std::time::Duration;

use openclaw_config::schema::json_schema;
use openclaw_config::tree::amounts::TimeUnit;
use openclaw_config::tree::channels::DmPolicy;
use openclaw_config::tree::exec::{ExecAsk, ExecSecurity};
use openclaw_config::tree::gateway::{Bind, GatewayMode, ReloadMode, TailscaleMode};
use openclaw_config::tree::gateway_auth::AuthMode;
use openclaw_config::tree::heartbeat::DirectPolicy;
use openclaw_config::tree::logging::{ConsoleStyle, LogLevel, RedactSensitive};
use openclaw_config::tree::models::{ModelApi, ModelInput, ModelsMode};
use openclaw_config::tree::sandbox::{Sandbox, SandboxMode};
use openclaw_config::tree::values::{ModelChoice, OneOrMany, PeerId};
use openclaw_config::tree::{Config, FileMode, SecretProvider};
use openclaw_config::{
    Disk, Place, Request, Schema, SecretInput, SecretSource, Selection, Snapshot, Surroundings,
};
use serde_json::Value;

struct Example {
    /// The file, without folder and suffix.
    file: &'static str,
    /// Whether older spellings stand in it, which are read as the current ones.
    older: bool,
    /// What it means.
    meaning: fn(&Config),
}

const fn example(file: &'static str, meaning: fn(&Config)) -> Example {
    Example {
        file,
        older: false,
        meaning,
    }
}

const fn older(file: &'static str, meaning: fn(&Config)) -> Example {
    Example {
        file,
        older: true,
        meaning,
    }
}

const EXAMPLES: &[Example] = &[
    example("01-reload", |config| {
        assert_eq!(
            (config.gateway.reload.mode, config.gateway.reload.debounce_ms),
            (ReloadMode::Hybrid, 300)
        );
        assert_eq!(config, &Config::default());
    }),
    older("02-env-inline", |config| {
        assert_eq!(config.env.vars["OPENROUTER_API_KEY"].expose(), "sk-or-...");
        assert_eq!(config.env.vars["GROQ_API_KEY"].expose(), "gsk-...");
    }),
    older("03-starter", |config| {
        let identity = &config.agents.entries["main"].identity;
        assert_eq!(identity.name.as_deref(), Some("Clawd"));
        assert_eq!(identity.theme.as_deref(), Some("helpful assistant"));
        assert_eq!(identity.emoji.as_deref(), Some("🦞"));
        assert_eq!(
            config.agents.defaults.workspace.as_deref(),
            Some("~/.openclaw/workspace")
        );
        assert_eq!(primary(config), Some("anthropic/claude-sonnet-4-5"));
        let whatsapp = &config.channels.whatsapp.as_ref().unwrap().root.common;
        assert_eq!(whatsapp.allow_from, Some(vec![PeerId::from("+15555550123")]));
        assert_eq!(whatsapp.groups["*"].require_mention, Some(true));
    }),
    older("04-multi-platform", |config| {
        assert_eq!(
            config.agents.defaults.workspace.as_deref(),
            Some("~/.openclaw/workspace")
        );
        let whatsapp = &config.channels.whatsapp.as_ref().unwrap().root;
        assert_eq!(
            whatsapp.common.allow_from,
            Some(vec![PeerId::from("+15555550123")])
        );
        let telegram = &config.channels.telegram.as_ref().unwrap().root;
        assert_eq!(telegram.common.enabled, Some(true));
        assert_eq!(plain(telegram.own.bot_token.as_ref()), "YOUR_TOKEN");
        assert_eq!(telegram.common.allow_from, Some(vec![PeerId::from("123456789")]));
        let discord = &config.channels.discord.as_ref().unwrap().root;
        assert_eq!(plain(discord.own.token.as_ref()), "YOUR_TOKEN");
        let listed =
            discord
                .common
                .allow_from
                .as_ref()
                .or(discord.own.dm.as_ref().unwrap().allow_from.as_ref());
        assert_eq!(listed, Some(&vec![PeerId::from("123456789012345678")]));
    }),
    older("05-local-model", |config| {
        assert_eq!(primary(config), Some("lmstudio/minimax-m2.5-gs32"));
        assert_eq!(config.models.mode, ModelsMode::Merge);
        let provider = &config.models.providers["lmstudio"];
        assert_eq!(provider.base_url.as_deref(), Some("http://127.0.0.1:1234/v1"));
        assert_eq!(plain(provider.api_key.as_ref()), "lmstudio");
        assert_eq!(provider.api, Some(ModelApi::OpenaiResponses));
        let model = &provider.models[0];
        assert_eq!(
            (model.id.as_str(), model.name.as_str()),
            ("minimax-m2.5-gs32", "MiniMax M2.5 GS32")
        );
        assert_eq!(
            (model.reasoning, model.input.as_deref()),
            (Some(false), Some(&[ModelInput::Text][..]))
        );
        assert_eq!(
            (model.context_window, model.max_tokens),
            (Some(196_608), Some(8192))
        );
        assert_eq!(model.cost.as_ref().unwrap().cache_write, Some(0.0));
    }),
    example("06-token-auth", |config| {
        assert_eq!(
            (config.gateway.bind, config.gateway.port),
            (Some(Bind::Loopback), 18789)
        );
        assert_eq!(config.gateway.auth.mode, Some(AuthMode::Token));
        assert_eq!(plain(config.gateway.auth.token.as_ref()), "your-gateway-password");
    }),
    example("07-secret-providers", |config| {
        let providers = &config.secrets.providers;
        assert!(matches!(&providers["default"], SecretProvider::Env(env) if env.allowlist.is_none()));
        let SecretProvider::File(file) = &providers["filemain"] else {
            panic!("a file provider")
        };
        assert_eq!(
            (file.path.as_str(), file.mode),
            ("~/.openclaw/secrets.json", FileMode::Json)
        );
        let SecretProvider::Exec(vault) = &providers["vault"] else {
            panic!("an exec provider")
        };
        assert_eq!(
            vault.command.as_deref(),
            Some("/usr/local/bin/openclaw-vault-resolver")
        );
        assert_eq!(vault.args, ["--profile", "prod"]);
        assert_eq!(vault.pass_env, ["PATH", "VAULT_ADDR"]);
        assert!(vault.json_only && !vault.allow_symlink_command);
    }),
    example("08-secret-references", |config| {
        let reference = |provider: &str| match &config.models.providers[provider].api_key {
            Some(SecretInput::Ref(reference)) => (
                reference.source(),
                reference.provider().unwrap().to_owned(),
                reference.id().to_owned(),
            ),
            other => panic!("{other:?}"),
        };
        let expected = |source, provider: &str, id: &str| (source, provider.to_owned(), id.to_owned());
        assert_eq!(
            reference("from-env"),
            expected(SecretSource::Env, "default", "OPENAI_API_KEY")
        );
        assert_eq!(
            reference("from-file"),
            expected(SecretSource::File, "filemain", "/providers/openai/apiKey")
        );
        assert_eq!(
            reference("from-exec"),
            expected(SecretSource::Exec, "vault", "providers/openai/apiKey")
        );
    }),
    example("09-onepassword", |config| {
        let SecretProvider::Exec(op) = &config.secrets.providers["onepassword_openai"] else {
            panic!("an exec provider")
        };
        assert!(op.allow_symlink_command && !op.json_only);
        assert_eq!(op.trusted_dirs, ["/opt/homebrew"]);
        assert_eq!(op.pass_env, ["HOME"]);
        assert_eq!(op.args, ["read", "op://Personal/OpenClaw QA API Key/password"]);
        let key = config.models.providers["openai"].api_key.as_ref().unwrap();
        assert_eq!(key.as_ref().unwrap().id(), "value");
        assert_eq!(config.models.providers["openai"].models[0].id, "gpt-5");
    }),
    example("10-trusted-proxy", |config| {
        assert_eq!(config.gateway.bind, Some(Bind::Loopback));
        assert_eq!(config.gateway.auth.mode, Some(AuthMode::TrustedProxy));
        assert_eq!(config.gateway.trusted_proxies, ["10.0.0.1"]);
        let proxy = config.gateway.auth.trusted_proxy.as_ref().unwrap();
        assert_eq!(proxy.user_header, "x-forwarded-user");
        assert_eq!(proxy.allow_users, ["nick@example.com"]);
        assert!(!proxy.allow_loopback && !proxy.device_auto_approve.enabled);
    }),
    example("11-logging", |config| {
        assert_eq!(
            (config.logging.level, config.logging.console_level),
            (LogLevel::Info, LogLevel::Info)
        );
        assert_eq!(config.logging.console_style, ConsoleStyle::Pretty);
        assert_eq!(config.logging.redact_sensitive, RedactSensitive::Tools);
    }),
    example("12-heartbeat", |config| {
        let heartbeat = &config.agents.defaults.heartbeat;
        let every = heartbeat.every.as_ref().unwrap().duration(TimeUnit::Minutes);
        assert_eq!(
            (every, heartbeat.target.as_deref()),
            (Duration::from_secs(1800), Some("last"))
        );
    }),
    example("13-heartbeat-hours", |config| {
        let hours = config.agents.defaults.heartbeat.active_hours.as_ref().unwrap();
        assert_eq!(
            (hours.start.unwrap().minutes(), hours.end.unwrap().minutes()),
            (540, 1320)
        );
        assert_eq!(hours.timezone.as_deref(), Some("Asia/Shanghai"));
    }),
    older("14-heartbeat-agents", |config| {
        assert!(config.agents.entries["main"].default && config.agents.entries["main"].heartbeat.is_none());
        let heartbeat = config.agents.entries["ops"].heartbeat.as_ref().unwrap();
        let every = heartbeat.every.as_ref().unwrap().duration(TimeUnit::Minutes);
        assert_eq!(every, Duration::from_secs(3600));
        assert_eq!(
            (heartbeat.target.as_deref(), heartbeat.to.as_deref()),
            (Some("telegram"), Some("12345678"))
        );
        assert!(
            heartbeat
                .prompt
                .as_deref()
                .unwrap()
                .ends_with("reply HEARTBEAT_OK.")
        );
    }),
    example("15-heartbeat-visibility", |config| {
        let heartbeat = &config.agents.defaults.heartbeat;
        assert_eq!(
            (heartbeat.target.as_deref(), heartbeat.direct_policy),
            (Some("none"), Some(DirectPolicy::Block))
        );
        assert_eq!(
            (heartbeat.light_context, heartbeat.include_reasoning),
            (Some(true), Some(true))
        );
        let visible = config.channels.defaults.heartbeat_visibility.as_ref().unwrap();
        assert_eq!(
            (visible.show_ok, visible.show_alerts, visible.use_indicator),
            (Some(false), Some(true), Some(true))
        );
    }),
    example("16-sandbox", |config| {
        assert_eq!(sandbox(config).mode, Some(SandboxMode::NonMain));
        assert_eq!(
            config.tools.deny,
            Some(vec!["browser".to_owned(), "canvas".to_owned()])
        );
    }),
    example("17-sandbox-tools", |config| {
        let allow = config.tools.sandbox.tools.allow.as_ref().unwrap();
        assert_eq!(
            allow,
            &["group:runtime", "group:fs", "group:sessions", "group:memory"]
        );
        assert_eq!(config.tools.sandbox.tools.deny, None);
    }),
    example("18-sandbox-binds", |config| {
        let binds = sandbox(config).docker.as_ref().unwrap().binds.as_ref().unwrap();
        assert_eq!(
            binds,
            &["/home/user/source:/source:ro", "/var/data/myapp:/data:ro"]
        );
    }),
    example("19-sandbox-setup", |config| {
        let docker = sandbox(config).docker.as_ref().unwrap();
        let setup = docker.setup_command.as_ref().map(OneOrMany::as_slice);
        assert_eq!(setup.unwrap(), ["apt-get update && apt-get install -y curl jq"]);
        assert_eq!(
            (docker.network.as_deref(), docker.user.as_deref()),
            (Some("bridge"), Some("0:0"))
        );
        assert_eq!(docker.read_only_root, Some(false));
    }),
    example("20-tailnet", |config| {
        assert_eq!(config.gateway.bind, Some(Bind::Tailnet));
        assert_eq!(config.gateway.tailscale.mode, TailscaleMode::Serve);
        assert_eq!(plain(config.gateway.auth.token.as_ref()), "your-gateway-password");
        assert_eq!(config.gateway.auth.allow_tailscale, None);
    }),
    older("21-wide-area", |config| {
        assert_eq!(config.gateway.bind, Some(Bind::Tailnet));
        assert_eq!(
            config.discovery.wide_area.domain.as_deref(),
            Some("openclaw.internal.")
        );
    }),
    example("22-chat-completions", |config| {
        assert!(config.gateway.http.endpoints.chat_completions.enabled);
        assert!(!config.gateway.http.endpoints.responses.enabled);
    }),
    example("23-responses", |config| {
        assert!(config.gateway.http.endpoints.responses.enabled);
        assert!(!config.gateway.http.endpoints.chat_completions.enabled);
    }),
    example("24-cli-backend-fallback", |config| {
        assert_eq!(primary(config), Some("anthropic/claude-opus-4-6"));
        assert_eq!(
            config.agents.defaults.model.as_ref().unwrap().fallbacks(),
            ["claude-cli/opus-4.6"]
        );
    }),
    older("25-exec", |config| {
        let exec = &config.tools.exec;
        assert_eq!((exec.background_ms, exec.timeout_seconds), (10_000, 1800));
        assert_eq!((exec.cleanup_ms, exec.notify_on_exit), (1_800_000, true));
    }),
    older("26-minimal", |config| {
        assert_eq!(primary(config), Some("<provider>/<model-id>"))
    }),
    example("27-dm-policies", |config| {
        let discord = &config.channels.discord.as_ref().unwrap().root.common;
        assert_eq!(discord.dm_policy, Some(DmPolicy::Pairing));
        let slack = &config.channels.slack.as_ref().unwrap().root.common;
        assert_eq!(slack.dm_policy, Some(DmPolicy::Open));
        assert_eq!(slack.allow_from, Some(vec![PeerId::from("*")]));
    }),
    older("28-dm-policies-legacy", |config| {
        // Either place may hold the policy: the loader moves it, and the older one stays readable.
        let discord = &config.channels.discord.as_ref().unwrap().root;
        let policy = discord
            .common
            .dm_policy
            .or_else(|| discord.own.dm.as_ref()?.policy);
        assert_eq!(policy, Some(DmPolicy::Pairing));
        let slack = &config.channels.slack.as_ref().unwrap().root;
        let policy = slack.common.dm_policy.or_else(|| slack.own.dm.as_ref()?.policy);
        assert_eq!(policy, Some(DmPolicy::Open));
    }),
    example("29-local-gateway", |config| {
        assert_eq!(
            (config.gateway.mode, config.gateway.port),
            (Some(GatewayMode::Local), 19001)
        );
        assert_eq!(
            config.gateway.control_ui.allowed_origins,
            ["https://gateway.example.com"]
        );
        assert_eq!(
            config.agents.defaults.workspace.as_deref(),
            Some("~/.openclaw-b/workspace")
        );
    }),
    example("30-hot-reload-modes", |config| {
        assert_eq!(config.gateway.reload.mode, ReloadMode::Restart)
    }),
    example("31-node-enrolment", |config| {
        let pairing = &config.gateway.nodes.pairing;
        assert_eq!(pairing.auto_approve_cidrs, Some(vec!["10.8.0.0/24".to_owned()]));
        assert!(pairing.auto_approve_local);
    }),
    example("32-exec-posture", |config| {
        let exec = &config.tools.exec;
        assert_eq!(
            (exec.security, exec.ask),
            (Some(ExecSecurity::Full), Some(ExecAsk::Off))
        );
    }),
    example("33-debug-log", |config| {
        assert_eq!(
            (config.logging.level, config.logging.console_level),
            (LogLevel::Debug, LogLevel::Info)
        );
    }),
    example("34-restarting-platforms", |config| {
        let id = |secret: &Option<SecretInput>| secret.as_ref().unwrap().as_ref().unwrap().id().to_owned();
        assert_eq!(
            id(&config.channels.slack.as_ref().unwrap().root.own.bot_token),
            "SLACK_BOT_TOKEN"
        );
        assert_eq!(
            id(&config.channels.discord.as_ref().unwrap().root.own.token),
            "DISCORD_BOT_TOKEN"
        );
        assert_eq!(
            id(&config.channels.zalo.as_ref().unwrap().root.own.bot_token),
            "ZALO_BOT_TOKEN"
        );
    }),
];

fn primary(config: &Config) -> Option<&str> {
    config
        .agents
        .defaults
        .model
        .as_ref()
        .and_then(ModelChoice::primary)
}

fn plain(secret: Option<&SecretInput>) -> &str {
    match secret {
        Some(SecretInput::Plain(text)) => text.expose(),
        other => panic!("no plain text: {other:?}"),
    }
}

fn sandbox(config: &Config) -> &Sandbox {
    &config.agents.defaults.sandbox
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/configs")
}

fn read(file: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{file}.json5"))).unwrap();
    json5::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Loads an example as the program would, with nothing else around it.
fn load(file: &str) -> Snapshot<Config> {
    let path = folder().join(file).with_extension("json5");
    let around = Surroundings {
        env: [("OPENCLAW_CONFIG_PATH".to_owned(), path.display().to_string())].into(),
        cwd: "/nowhere".into(),
        os_home: Some("/nowhere".into()),
    };
    let place = Place::find(&Selection::default(), &around, &Disk).unwrap();
    let schema = &Schema::of_tree();
    let request = Request {
        place: &place,
        around: &around,
        files: &Disk,
        schema,
    };
    openclaw_config::load(request).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_example_means_what_it_should() {
    for example in EXAMPLES {
        (example.meaning)(&load(example.file).config);
    }
}

#[test]
fn older_spellings_are_told_with_their_line_and_current_ones_are_not() {
    for example in EXAMPLES {
        let notices = &load(example.file).notices;
        assert_eq!(
            !notices.is_empty(),
            example.older,
            "{}: {notices:?}",
            example.file
        );
        assert!(
            notices.iter().all(|notice| notice.position.is_some()),
            "{}: {notices:?}",
            example.file
        );
    }
}

#[test]
fn this_build_uses_all_that_the_examples_say() {
    for example in EXAMPLES {
        assert_eq!(load(example.file).unused, [], "{}", example.file);
    }
}

#[test]
fn a_stock_validator_accepts_every_example() {
    let validator = jsonschema::draft202012::new(json_schema()).unwrap();
    for example in EXAMPLES {
        // Older spellings are not in the schema; what they are read as is.
        let value = if example.older {
            load(example.file).source.clone()
        } else {
            read(example.file)
        };
        let errors: Vec<_> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", example.file);
    }
}

#[test]
fn the_schema_refuses_what_the_file_may_not_say() {
    let validator = jsonschema::draft202012::new(json_schema()).unwrap();
    for wrong in [
        serde_json::json!({ "gatewayy": {} }),
        serde_json::json!({ "gateway": { "port": 0 } }),
        serde_json::json!({ "gateway": { "bind": "everywhere" } }),
        serde_json::json!({ "channels": { "telegram": { "botTokn": "x" } } }),
        serde_json::json!({ "channels": { "telegram": { "accounts": { "a": { "dmPolicy": "all" } } } } }),
        serde_json::json!({ "agents": { "defaults": { "heartbeat": { "every": "often" } } } }),
        serde_json::json!({ "hooks": { "token": { "source": "env", "provider": "default", "id": "A" } } }),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
    for right in [
        serde_json::json!({ "$schema": "./schema.json" }),
        serde_json::json!({ "channels": { "a-plugin-brings-it": { "anything": 1 } } }),
        serde_json::json!({ "channels": { "telegram": { "allowFrom": [123, "456"] } } }),
        serde_json::json!({ "agents": { "defaults": { "model": { "primary": "a/b", "fallbacks": ["c/d"] } } } }),
        serde_json::json!({ "session": { "maintenance": { "maxDiskBytes": false, "pruneAfter": 30 } } }),
    ] {
        let errors: Vec<_> = validator
            .iter_errors(&right)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{right}: {errors:#?}");
        serde_json::from_value::<Config>(right).unwrap();
    }
}

#[test]
fn every_file_in_the_folder_is_in_the_table() {
    let mut files: Vec<_> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    files.sort();
    assert_eq!(
        files,
        EXAMPLES.iter().map(|example| example.file).collect::<Vec<_>>()
    );
}
