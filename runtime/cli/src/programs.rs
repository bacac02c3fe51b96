//! The gateway's own guests, which come with the program: beside it, or where the environment says.

use std::path::PathBuf;

use openclaw_config::Environment;

/// The variable that names the folder.
const FOLDER: &str = "OPENCLAW_PROGRAMS_DIR";

/// The backends of sandboxes that are in this build.
pub(crate) const BACKENDS: &[&str] = &["wasm"];

/// Where they are.
pub(crate) fn folder(environment: &Environment) -> PathBuf {
    if let Some(named) = environment.get(FOLDER).filter(|named| !named.trim().is_empty()) {
        return PathBuf::from(named);
    }
    let program = std::env::current_exe().and_then(std::fs::canonicalize).ok();
    let beside = program.as_deref().and_then(std::path::Path::parent);
    // Where it cannot be told where this is, nothing is found, and whoever needs a guest says so.
    beside.map(PathBuf::from).unwrap_or_default().join("programs")
}
