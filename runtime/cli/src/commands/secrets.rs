//! `openclaw secrets`: look after the secrets that the config refers to. Nothing here prints a value.

use std::process::ExitCode;

use openclaw_config::secret_paths;
use openclaw_secrets::audit::{Scope, audit};

use crate::args::{Global, SecretsAudit, SecretsCommand};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Does what was asked for.
pub(crate) fn run(global: &Global, command: SecretsCommand) -> Result<ExitCode, Failure> {
    match command {
        SecretsCommand::Audit(args) => run_audit(&Context::find(global)?, &args),
    }
}

fn run_audit(context: &Context, args: &SecretsAudit) -> Result<ExitCode, Failure> {
    let snapshot = context.load()?;
    let patterns: Vec<&str> = secret_paths().collect();
    let scope = Scope {
        config_file: &context.place.config_path,
        source: &snapshot.source,
        patterns: &patterns,
        state_dir: &context.place.state_dir,
        allow_exec: args.allow_exec,
    };
    let resolver = context.resolver(&snapshot);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            doing: "start the runtime that asks the providers",
            source,
        })?;
    let report = runtime.block_on(audit(scope, &resolver))?;
    if args.json {
        output::print_json(&report);
    } else {
        output::print(&report.render());
    }
    Ok(ExitCode::from(report.exit_code(args.check)))
}
