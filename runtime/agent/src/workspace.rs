//! An agent's home folder: where it is, and what is in it at first.
//!
//! **Promise.** It is created when an agent first needs it. Files are put only into a folder that had none of
//! them, and none that is there is ever replaced. **Bound.** A file is read up to [`FILE_BYTES`], regular files only.
//! **Cost.** One look for each file.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use openclaw_config::Snapshot;
use openclaw_config::tree::Config;
use openclaw_config::tree::agent_defaults::BootstrapFile;

use crate::agents;
use crate::error::{Error, Result};

/// How much of a file is read.
const FILE_BYTES: u64 = 2 << 20;

/// The files that an agent is shown, in this order.
pub(crate) const FILES: &[&str] = &[
    "AGENTS.md",
    "SOUL.md",
    "TOOLS.md",
    "IDENTITY.md",
    "USER.md",
    "HEARTBEAT.md",
    "BOOTSTRAP.md",
    "MEMORY.md",
];
/// Those that are shown in private only.
pub(crate) const PRIVATE: &[&str] = &["USER.md", "MEMORY.md"];

/// What a new workspace is given.
const TEMPLATES: &[(&str, Option<BootstrapFile>, &str)] = &[
    ("AGENTS.md", None, include_str!("../templates/AGENTS.md")),
    (
        "SOUL.md",
        Some(BootstrapFile::Soul),
        include_str!("../templates/SOUL.md"),
    ),
    (
        "IDENTITY.md",
        Some(BootstrapFile::Identity),
        include_str!("../templates/IDENTITY.md"),
    ),
    (
        "USER.md",
        Some(BootstrapFile::User),
        include_str!("../templates/USER.md"),
    ),
    ("BOOTSTRAP.md", None, include_str!("../templates/BOOTSTRAP.md")),
];

/// A file of the workspace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct File {
    pub(crate) name: &'static str,
    /// None if there is none.
    pub(crate) text: Option<String>,
}

/// Where the workspace of an agent is.
pub fn path_of(snapshot: &Snapshot<Config>, agent: &str) -> PathBuf {
    let (config, place) = (&snapshot.config, &snapshot.place);
    let own = config
        .agents
        .entries
        .get(agent)
        .and_then(|entry| entry.workspace.as_ref());
    let is_default = agents::default_id(config) == agent;
    let shared = config.agents.defaults.workspace.as_ref();
    match (own, shared, is_default) {
        (Some(given), _, _) | (None, Some(given), true) => place.expand(given, &place.home),
        (None, None, true) => place.default_workspace.clone(),
        (None, _, false) => place.state_dir.join(format!("workspace-{agent}")),
    }
}

/// Creates the workspace if there is none, and fills it if `config` lets it be filled and it has none of the files.
pub(crate) fn create(path: &Path, config: &Config) -> Result<()> {
    let failed = |doing, path: &Path| {
        let path = path.to_owned();
        move |source| Error::Workspace { doing, path, source }
    };
    if !path.is_dir() {
        fs::create_dir_all(path).map_err(failed("create the workspace", path))?;
    }
    let defaults = &config.agents.defaults;
    if defaults.skip_bootstrap || FILES.iter().any(|name| path.join(name).exists()) {
        return Ok(());
    }
    for (name, kind, text) in TEMPLATES {
        if kind.is_some_and(|kind| defaults.skip_optional_bootstrap_files.contains(&kind)) {
            continue;
        }
        let file = path.join(name);
        match fs::OpenOptions::new().write(true).create_new(true).open(&file) {
            Ok(mut opened) => opened
                .write_all(text.as_bytes())
                .map_err(failed("fill the workspace", &file))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed("fill the workspace", &file)(error)),
        }
    }
    Ok(())
}

/// Reads the files that an agent is shown. `is_private` says whether nobody else is in the conversation.
pub(crate) fn read(path: &Path, is_private: bool) -> Vec<File> {
    let shown = FILES.iter().filter(|name| is_private || !PRIVATE.contains(name));
    shown
        .map(|name| File {
            name,
            text: read_file(&path.join(name)),
        })
        .collect()
}

fn read_file(path: &Path) -> Option<String> {
    // A link would lead out of the workspace, and a pipe would never end.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path)
        .ok()?
        .take(FILE_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_workspace_is_filled_once_and_nothing_in_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        create(&home, &Config::default()).unwrap();
        let names = |home: &Path| -> Vec<_> {
            let files = read(home, true).into_iter();
            files
                .filter(|file| file.text.is_some())
                .map(|file| file.name)
                .collect()
        };
        assert_eq!(
            names(&home),
            ["AGENTS.md", "SOUL.md", "IDENTITY.md", "USER.md", "BOOTSTRAP.md"]
        );
        fs::write(home.join("SOUL.md"), "mine").unwrap();
        fs::remove_file(home.join("BOOTSTRAP.md")).unwrap();
        create(&home, &Config::default()).unwrap();
        assert_eq!(fs::read_to_string(home.join("SOUL.md")).unwrap(), "mine");
        assert!(!home.join("BOOTSTRAP.md").exists());
    }

    #[test]
    fn config_says_which_files_a_new_workspace_gets() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.agents.defaults.skip_optional_bootstrap_files = vec![BootstrapFile::Soul];
        let some = folder.path().join("some");
        create(&some, &config).unwrap();
        assert!(some.join("AGENTS.md").exists() && !some.join("SOUL.md").exists());
        config.agents.defaults.skip_bootstrap = true;
        let none = folder.path().join("none");
        create(&none, &config).unwrap();
        assert_eq!(fs::read_dir(&none).unwrap().count(), 0);
    }

    #[test]
    fn private_files_are_for_private_talk_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("MEMORY.md"), "secret").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("TOOLS.md")).unwrap();
        let of = |files: Vec<File>, name: &str| files.into_iter().find(|file| file.name == name);
        assert!(of(read(folder.path(), false), "MEMORY.md").is_none());
        let memory = of(read(folder.path(), true), "MEMORY.md").unwrap();
        assert_eq!(memory.text.as_deref(), Some("secret"));
        assert_eq!(of(read(folder.path(), true), "TOOLS.md").unwrap().text, None);
    }
}
