//! `openclaw gateway status`: where the gateway is by the config, and whether it answers there.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_config::tree::gateway::Bind;
use openclaw_protocol::connect::Mode;
use serde_json::{Value, json};

use super::{block_on, log_place};
use crate::args::{GatewayStatus, Reach, VERSION};
use crate::context::Context;
use crate::failure::Failure;
use crate::gateway_client::{Client, Target, Unanswered, not_reached};
use crate::output;

/// What trying to connect gave.
pub(crate) struct Probe {
    pub(crate) target: Target,
    pub(crate) took: Duration,
    pub(crate) outcome: Result<Answer, Unanswered>,
}

/// What the gateway said of itself.
pub(crate) struct Answer {
    pub(crate) version: String,
    pub(crate) role: String,
    pub(crate) scopes: Vec<String>,
    /// Its status, if it was asked for.
    pub(crate) status: Option<Value>,
}

impl Probe {
    /// Connects, and with `read` asks for the status.
    pub(crate) async fn of(
        context: &Context,
        snapshot: &Snapshot<Config>,
        reach: &Reach,
        read: bool,
    ) -> Result<Self, Failure> {
        let target = Target::find(context, snapshot, reach).await?;
        let begun = Instant::now();
        let outcome = async {
            let mut client = Client::connect(&target, reach, Mode::Cli).await?;
            let status = match read {
                true => Some(client.call("status", &json!({})).await?),
                false => None,
            };
            Ok(Answer {
                version: client.hello.server.version.clone(),
                role: client.hello.auth.role.clone(),
                scopes: client.hello.auth.scopes.clone(),
                status,
            })
        };
        let outcome = outcome.await;
        Ok(Self {
            took: begun.elapsed(),
            target,
            outcome,
        })
    }

    /// What this program may do there, in a word.
    pub(crate) fn capability(&self) -> &'static str {
        match &self.outcome {
            Ok(answer) => {
                let has = |scope: &str| answer.scopes.iter().any(|granted| granted == scope);
                match (has("operator.admin"), has("operator.write"), has("operator.read")) {
                    (true, _, _) => "admin-capable",
                    (_, true, _) => "write-capable",
                    (_, _, true) => "read-only",
                    _ => "connected-no-operator-scope",
                }
            }
            Err(Unanswered::NotLetIn(error)) if error.code == openclaw_protocol::Code::NotPaired => {
                "pairing-pending"
            }
            Err(_) => "unknown",
        }
    }
}

/// Tells it.
pub(super) fn run(context: &Context, args: &GatewayStatus) -> Result<ExitCode, Failure> {
    let snapshot = context.load()?;
    let probe = match args.no_probe {
        true => None,
        false => Some(block_on(Probe::of(
            context,
            &snapshot,
            &args.reach,
            args.require_rpc,
        ))?),
    };
    let told = Told {
        context,
        snapshot: &snapshot,
        probe: probe.as_ref(),
        read: args.require_rpc,
    };
    match args.json {
        true => output::print_json(&told.as_json()),
        false => output::print_shown(&told.as_text()),
    }
    match probe {
        Some(Probe {
            outcome: Err(why),
            target,
            ..
        }) if args.require_rpc => {
            if !args.json {
                output::complain(&not_reached(&target, &why).to_string());
            }
            Ok(ExitCode::FAILURE)
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

struct Told<'a> {
    context: &'a Context,
    snapshot: &'a Snapshot<Config>,
    probe: Option<&'a Probe>,
    read: bool,
}

impl Told<'_> {
    fn bind(&self) -> (&'static str, String) {
        let gateway = &self.snapshot.config.gateway;
        match gateway.bind.unwrap_or_default() {
            Bind::Loopback => ("loopback", "127.0.0.1".to_owned()),
            Bind::Lan => ("lan", "0.0.0.0".to_owned()),
            Bind::Auto => ("auto", "127.0.0.1".to_owned()),
            Bind::Tailnet => ("tailnet", "the address of this machine in the tailnet".to_owned()),
            Bind::Custom => ("custom", gateway.custom_bind_host.clone().unwrap_or_default()),
        }
    }

    fn note(&self) -> Option<&'static str> {
        let is_local = self.snapshot.config.gateway.bind.unwrap_or_default() == Bind::Loopback;
        is_local.then_some("Only programs on this machine can connect.")
    }

    fn as_text(&self) -> String {
        let port = self.context.port(self.snapshot);
        let (mode, host) = self.bind();
        let log = log_place(self.context, self.snapshot).current();
        let mut lines = vec![
            "Service: not installed (services are not in this build; run openclaw gateway run)".to_owned(),
            format!("File logs: {}", log.display()),
            String::new(),
            format!(
                "Config (cli): {}",
                self.context.short(&self.context.place.config_path)
            ),
            String::new(),
            format!("Gateway: bind={mode} ({host}), port={port} (env/config)"),
        ];
        if let Some(probe) = self.probe {
            lines.push(format!("Probe target: {}", probe.target.url));
        }
        lines.push(format!("Dashboard: http://127.0.0.1:{port}/"));
        lines.extend(self.note().map(|note| format!("Probe note: {note}")));
        lines.push(String::new());
        lines.push(format!("CLI version: {VERSION}"));
        if let Some(probe) = self.probe {
            let label = if self.read {
                "Read probe"
            } else {
                "Connectivity probe"
            };
            match &probe.outcome {
                Ok(answer) => {
                    lines.push(format!("Gateway version: {}", answer.version));
                    lines.push(String::new());
                    lines.push(format!("{label}: ok"));
                }
                Err(why) => {
                    lines.push(String::new());
                    lines.push(format!("{label}: failed"));
                    lines.push(format!("Last gateway error: {why}"));
                }
            }
            lines.push(format!("Capability: {}", probe.capability()));
        }
        lines.push(String::new());
        lines.push("Troubles: run openclaw status".to_owned());
        lines.join("\n")
    }

    fn as_json(&self) -> Value {
        let place = &self.context.place;
        let port = self.context.port(self.snapshot);
        let (mode, host) = self.bind();
        let log = log_place(self.context, self.snapshot).current();
        let config = json!({"path": place.config_path, "exists": self.snapshot.exists, "valid": true});
        let gateway = json!({
            "bindMode": mode,
            "bindHost": host,
            "port": port,
            "portSource": "env/config",
            "probeUrl": self.probe.map(|probe| &probe.target.url),
            "controlUiLinks": {
                "httpUrl": format!("http://127.0.0.1:{port}/"),
                "wsUrl": format!("ws://127.0.0.1:{port}"),
            },
            "probeNote": self.note(),
            "version": self.answer().map(|answer| &answer.version),
        });
        let told = json!({
            "cli": {"version": VERSION, "entrypoint": std::env::current_exe().ok()},
            "logFile": log,
            "service": {
                "label": "not in this build",
                "loaded": false,
                "loadState": {"status": "not-loaded"},
                "loadedText": "enabled",
                "notLoadedText": "disabled",
                "targetRole": "diagnostic-only",
                "command": null,
                "runtime": {"status": "unknown"},
                "configAudit": {"ok": true, "issues": []},
            },
            "config": {"cli": config, "daemon": config},
            "gateway": known(gateway),
            "rpc": self.probe.map(|probe| self.rpc(probe)),
            "extraServices": [],
        });
        known(told)
    }

    fn answer(&self) -> Option<&Answer> {
        self.probe.and_then(|probe| probe.outcome.as_ref().ok())
    }

    fn rpc(&self, probe: &Probe) -> Value {
        let capability = probe.capability().replace('-', "_");
        let answer = self.answer();
        known(json!({
            "ok": probe.outcome.is_ok(),
            "kind": if self.read { "read" } else { "connect" },
            "capability": capability,
            "url": probe.target.url,
            "version": answer.map(|answer| &answer.version),
            "auth": answer.map(|answer| json!({
                "role": answer.role,
                "scopes": answer.scopes,
                "capability": capability,
            })),
            "error": probe.outcome.as_ref().err().map(ToString::to_string),
        }))
    }
}

/// The object without what is not known. `null` that means something is written inside.
fn known(mut object: Value) -> Value {
    if let Value::Object(entries) = &mut object {
        entries.retain(|_, value| !value.is_null());
    }
    object
}
