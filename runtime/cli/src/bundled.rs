//! The extensions that come with the program: a folder for each, beside it or where the environment says.

use std::path::PathBuf;

use openclaw_config::Environment;

/// The variable that names the folder.
pub(crate) const FOLDER: &str = "OPENCLAW_BUNDLED_PLUGINS_DIR";

/// Where they are.
pub(crate) fn folder(environment: &Environment) -> Option<PathBuf> {
    if let Some(named) = environment.get(FOLDER).filter(|named| !named.trim().is_empty()) {
        return Some(PathBuf::from(named));
    }
    let program = std::env::current_exe().and_then(std::fs::canonicalize).ok()?;
    Some(program.parent()?.join("extensions"))
}

/// The folder of one of them, if it is there.
pub(crate) fn find(environment: &Environment, id: &str) -> Option<PathBuf> {
    let folder = folder(environment)?.join(id);
    folder
        .join(openclaw_components::MANIFEST_FILE)
        .is_file()
        .then_some(folder)
}

/// The names of those that serve channels, sorted.
pub(crate) fn list_channels(environment: &Environment) -> Vec<String> {
    let serves = |name: &String| {
        let folder = find(environment, name)?;
        let manifest = std::fs::read(folder.join(openclaw_components::MANIFEST_FILE)).ok()?;
        let manifest = openclaw_policy::Manifest::parse(&manifest).ok()?;
        (!manifest.channels.is_empty()).then_some(())
    };
    let mut names = list(environment);
    names.retain(|name| serves(name).is_some());
    names
}

/// Their names, sorted.
pub(crate) fn list(environment: &Environment) -> Vec<String> {
    let entries = folder(environment).and_then(|folder| std::fs::read_dir(folder).ok());
    let mut names: Vec<_> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join(openclaw_components::MANIFEST_FILE).is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
