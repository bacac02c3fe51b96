//! An author's package: building it, and holding its manifest against what was built.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::output::ToolSpec;

const TARGET: &str = "wasm32-wasip2";
const MANIFEST: &str = "openclaw.plugin.json";

/// Builds the package in a folder, in release, and gives the path of its component.
pub(crate) fn build(folder: &Path) -> Result<PathBuf> {
    let failed = |why: String| Error::Build {
        package: folder.to_owned(),
        why,
    };
    let cargo_toml = folder.join("Cargo.toml");
    if !cargo_toml.is_file() {
        return Err(failed(
            "there is no Cargo.toml; name the folder of the package, as env!(\"CARGO_MANIFEST_DIR\")"
                .to_owned(),
        ));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--lib",
            "--target",
            TARGET,
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(folder)
        // They are this machine's and would not suit the component.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("cargo cannot be started: {error}")))?;
    if !built.status.success() {
        let said = String::from_utf8_lossy(&built.stderr);
        let hint = match said.contains("target may not be installed") {
            true => format!("\nadd the target: rustup target add {TARGET}"),
            false => String::new(),
        };
        return Err(failed(format!("cargo build failed:\n{}{hint}", said.trim_end())));
    }
    let path = cargo_toml.canonicalize().unwrap_or(cargo_toml);
    find_artifact(&String::from_utf8_lossy(&built.stdout), &path).ok_or_else(|| {
        failed("it has no component; write `crate-type = [\"cdylib\"]` under [lib] in Cargo.toml".to_owned())
    })
}

/// The `.wasm` among what cargo says it made of this package.
fn find_artifact(messages: &str, cargo_toml: &Path) -> Option<PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let own = |message: &Value| {
        let path = message.get("manifest_path").and_then(Value::as_str);
        path.is_some_and(|path| Path::new(path) == cargo_toml)
    };
    let files = messages
        .filter(own)
        .filter_map(|message| message.get("filenames").cloned());
    let mut paths = files
        .filter_map(|files| serde_json::from_value::<Vec<PathBuf>>(files).ok())
        .flatten();
    paths.rfind(|path| path.extension().is_some_and(|extension| extension == "wasm"))
}

/// Holds the manifest against the component.
pub(crate) fn check_manifest(folder: &Path, tools: &[ToolSpec], is_skill: bool) -> Result<()> {
    let manifest = folder.join(MANIFEST);
    let refused = |why: String| Error::Manifest {
        manifest: manifest.clone(),
        why,
    };
    let bytes = std::fs::read(&manifest).map_err(|error| {
        refused(format!(
            "it cannot be read, and without it nothing can be installed: {error}"
        ))
    })?;
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| refused(format!("it is no JSON: {error}")))?;
    let listed = value.pointer("/contracts/tools").and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
    let mut listed: Vec<&str> = listed.collect();
    let mut described: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    listed.sort_unstable();
    described.sort_unstable();
    if listed != described {
        return Err(refused(format!(
            "contracts.tools lists [{}], and the component has the tools [{}]; the names are each tool's NAME",
            listed.join(", "),
            described.join(", ")
        )));
    }
    let world = value
        .pointer("/component/world")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let right = if is_skill { "skill" } else { "tool" };
    if world != right {
        return Err(refused(format!(
            "component.world is {world:?}, and the component is a {right:?}"
        )));
    }
    Ok(())
}
