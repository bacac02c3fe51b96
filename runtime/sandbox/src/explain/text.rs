//! What people read of it.

use std::fmt;

use super::{Elevated, Explained, Sandboxed};

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sandbox = &self.sandbox;
        writeln!(f, "Effective sandbox")?;
        writeln!(f, "  session    {}", self.session_key)?;
        writeln!(f, "  agent      {}", self.agent_id)?;
        let runtime = match (sandbox.session_is_sandboxed, sandbox.session_has_machine) {
            (true, _) => "sandboxed",
            (false, true) => "direct, on this machine",
            (false, false) => "none: without a sandbox it has no files and no commands",
        };
        writeln!(f, "  runtime    {runtime}")?;
        write_sandbox(f, sandbox)?;
        if sandbox.session_is_sandboxed {
            write_tools(f, sandbox)?;
            write_gates(f, &self.elevated)?;
        }
        if sandbox.session_is_sandboxed && sandbox.mode == "non-main" {
            let main = &self.main_session_key;
            writeln!(
                f,
                "\nOnly {main} runs on this machine: every other session is sandboxed."
            )?;
        }
        write!(f, "\nTo change it")?;
        for change in &self.change {
            let (what, then) = (change.what, change.then);
            write!(f, "\n  {what:<9}  {}\n             {then}", change.command)?;
        }
        Ok(())
    }
}

fn because(key: Option<&String>) -> String {
    match key {
        Some(key) => format!("({key})"),
        None => "(nobody said otherwise)".to_owned(),
    }
}

fn write_sandbox(f: &mut fmt::Formatter<'_>, sandbox: &Sandboxed) -> fmt::Result {
    let row = |f: &mut fmt::Formatter<'_>, name: &str, value: &str, key: &Option<String>| {
        writeln!(f, "  {name:<9}  {value} {}", because(key.as_ref()))
    };
    let there = |is_there: bool| match (is_there, sandbox.session_is_sandboxed) {
        (true, _) => "",
        (false, true) => ", not in this build: tools will fail",
        (false, false) => ", not in this build: in a sandboxed session tools would fail",
    };
    row(f, "mode", sandbox.mode, &sandbox.mode_key)?;
    row(f, "scope", sandbox.scope, &sandbox.scope_key)?;
    let backend = format!("{}{}", sandbox.backend, there(sandbox.backend_is_there));
    row(f, "backend", &backend, &sandbox.backend_key)?;
    for own in &sandbox.tool_backends {
        let backend = format!("{} for {}{}", own.backend, own.tool, there(own.is_there));
        row(f, "", &backend, &own.key)?;
    }
    row(
        f,
        "workspace",
        sandbox.workspace_access,
        &sandbox.workspace_access_key,
    )?;
    for mount in &sandbox.workspace_mounts {
        let how = match mount.writable {
            true => "read and write",
            false => "read only",
        };
        writeln!(
            f,
            "  mount      {} is {} ({}, {how})",
            mount.container_root, mount.host_root, mount.source
        )?;
    }
    Ok(())
}

fn write_tools(f: &mut fmt::Formatter<'_>, sandbox: &Sandboxed) -> fmt::Result {
    let tools = &sandbox.tools;
    let list = |names: &[String], none: &str| match names {
        [] => none.to_owned(),
        names => names.join(", "),
    };
    let (allow, deny) = (&tools.sources.allow, &tools.sources.deny);
    writeln!(f, "\nTools inside, beside all other rules")?;
    writeln!(
        f,
        "  allow      {} ({}: {})",
        list(&tools.allow, "everything"),
        allow.source,
        allow.key
    )?;
    writeln!(
        f,
        "  deny       {} ({}: {})",
        list(&tools.deny, "nothing"),
        deny.source,
        deny.key
    )
}

fn write_gates(f: &mut fmt::Formatter<'_>, elevated: &Elevated) -> fmt::Result {
    writeln!(f, "\nElevated commands, which leave the sandbox")?;
    match (elevated.failures.as_slice(), elevated.level) {
        ([], "off") => writeln!(
            f,
            "  off        whoever writes in this session may switch them on: /elevated on"
        )?,
        ([], level) => writeln!(
            f,
            "  {level:<9}  exec runs on the gateway's machine, unless it is told to stay inside"
        )?,
        _ => {}
    }
    for gate in &elevated.failures {
        writeln!(f, "  closed by  {} ({})", gate.key, gate.gate)?;
    }
    Ok(())
}
