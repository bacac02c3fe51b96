//! The folders of a sandbox, and what its workspace begins with.
//!
//! **Promise.** What is copied into a new workspace are regular files of the agent's own workspace: no link is followed,
//! and none is made. Folders that are removed are those that were made here. **Bound.** [`SEED_FILES`] files of
//! [`SEED_BYTES`] together. **Cost.** A copy of each, once.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use openclaw_config::Place;
use openclaw_config::tree::Config;
use openclaw_config::tree::sandbox::WorkspaceAccess;
use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, openat};

use crate::backend::Area;
use crate::error::{Error, Result};
use crate::rules::Rules;
use crate::scope::Scope;

/// How many files of skills are copied.
pub const SEED_FILES: usize = 2_000;
/// How many bytes are copied.
pub const SEED_BYTES: u64 = 64 << 20;
/// The folder of the state folder in which each sandbox has one for what comes and goes.
const SCRATCH: &str = "sandbox";
/// The folder of that one in which each run has its own.
pub(crate) const RUNS: &str = "runs";
/// The folder of skills, which comes along.
const SKILLS: &str = "skills";
/// How deep folders of skills are.
const DEPTH: usize = 8;

/// The folder that the workspaces of sandboxes are in.
pub fn root(rules: &Rules, place: &Place) -> PathBuf {
    match &rules.root.value {
        Some(given) => place.expand(given, &place.home),
        None => place.state_dir.join("sandboxes"),
    }
}

/// The folder for what comes and goes.
pub fn scratch(place: &Place, scope: &Scope) -> PathBuf {
    place.state_dir.join(SCRATCH).join(scope.slug())
}

/// Where a session's tools run. `agent` is the agent's own workspace.
pub fn area(rules: &Rules, place: &Place, scope: Scope, agent: &Path) -> Area {
    // A folder beside the others also for what everything shares: as the one that holds them it would show them all.
    let own = root(rules, place).join(scope.slug());
    let (workspace, agent) = match rules.access.value {
        WorkspaceAccess::None => (own, None),
        WorkspaceAccess::Ro => (own, Some(agent.to_owned())),
        WorkspaceAccess::Rw => (agent.to_owned(), None),
    };
    Area {
        scratch: scratch(place, &scope),
        is_own: rules.access.value != WorkspaceAccess::Rw,
        workspace,
        agent,
        wasm: rules.wasm.clone(),
        wasm_keys: rules.wasm_keys.clone(),
        scope,
    }
}

/// Creates a workspace that is not there, with copies of these files and the skills of another.
pub(crate) fn seed(workspace: &Path, from: &Path, names: &[&str]) -> Result<()> {
    if workspace.is_dir() {
        return Ok(());
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Folder {
            doing: "create",
            path,
            source,
        }
    };
    let above = workspace.parent().unwrap_or(workspace);
    fs::create_dir_all(above).map_err(failed(above))?;
    // Whoever finds the folder finds it whole.
    let draft = draft_in(above);
    fs::create_dir(&draft).map_err(failed(&draft))?;
    let copied = match open_root(from) {
        Ok(source) => copy(&source, &draft, names),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    let moved = copied.and_then(|()| fs::rename(&draft, workspace));
    moved.or_else(|error| {
        // If it stays, the next start sweeps it up.
        let _ = fs::remove_dir_all(&draft);
        match workspace.is_dir() {
            // Another one was faster.
            true => Ok(()),
            false => Err(failed(workspace)(error)),
        }
    })
}

/// A name beside others for what is not whole: the next start sweeps it up if it is left.
fn draft_in(above: &Path) -> PathBuf {
    above.join(format!(".{}.tmp", uuid::Uuid::new_v4().simple()))
}

/// What may still be copied.
struct Left {
    files: usize,
    bytes: u64,
}

fn copy(source: &OwnedFd, target: &Path, names: &[&str]) -> io::Result<()> {
    let mut left = Left {
        files: SEED_FILES,
        bytes: SEED_BYTES,
    };
    for name in names {
        copy_file(source, name.as_ref(), &target.join(name), &mut left)?;
    }
    match open_folder(source, SKILLS.as_ref()) {
        Ok(skills) => copy_folder(&skills, &target.join(SKILLS), DEPTH, &mut left),
        Err(_) => Ok(()),
    }
}

/// The operator's own path may be a link; below it none is followed.
fn open_root(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(CWD, path, flags, Mode::empty())?)
}

fn open_folder(within: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(within, name, flags, Mode::empty())?)
}

fn copy_folder(source: &OwnedFd, target: &Path, depth: usize, left: &mut Left) -> io::Result<()> {
    fs::create_dir(target)?;
    for entry in Dir::read_from(source)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let target = target.join(name);
        match entry.file_type() {
            FileType::Directory if depth > 1 => {
                // What cannot be opened is passed over, as files are.
                if let Ok(folder) = open_folder(source, name) {
                    copy_folder(&folder, &target, depth - 1, left)?;
                }
            }
            FileType::RegularFile => copy_file(source, name, &target, left)?,
            _ => {}
        }
    }
    Ok(())
}

/// Copies one regular file; anything else, and what is too much, is passed over.
fn copy_file(source: &OwnedFd, name: &OsStr, target: &Path, left: &mut Left) -> io::Result<()> {
    // Opening a pipe waits for its other end unless it is asked not to.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = openat(source, name, flags, Mode::empty()).map(File::from) else {
        return Ok(());
    };
    let found = file.metadata()?;
    // A second name may stand for a file that is none of the workspace's.
    if !found.is_file() || found.nlink() > 1 || left.files == 0 || found.len() > left.bytes {
        return Ok(());
    }
    left.files -= 1;
    left.bytes -= found.len();
    let mut copy = File::create_new(target)?;
    io::copy(&mut file.take(found.len()), &mut copy).map(drop)
}

/// Removes what a gateway that was killed left of its runs and of workspaces that it was making. To be called before the
/// first sandbox is used; what cannot be removed is told in the log.
pub fn sweep(config: &Config, place: &Place) {
    let agents = config.agents.entries.keys().map(String::as_str);
    let scratch = place.state_dir.join(SCRATCH);
    let roots: BTreeSet<PathBuf> = std::iter::once("")
        .chain(agents)
        .map(|agent| root(&Rules::of(config, agent), place))
        .chain([scratch.clone()])
        .collect();
    let drafts = roots
        .iter()
        .flat_map(|root| folders(root))
        .filter(|path| is_draft(path));
    let runs = folders(&scratch);
    let runs = runs.iter().flat_map(|scratch| folders(&scratch.join(RUNS)));
    for path in drafts.chain(runs) {
        if let Err(error) = remove(&path) {
            tracing::warn!(%error, "what an earlier gateway left stays");
        }
    }
}

/// The folders in a folder; of what cannot be read there are none.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}

/// Whether a folder is called as those are in which a workspace is made.
fn is_draft(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let id = name.strip_prefix('.').and_then(|name| name.strip_suffix(".tmp"));
    id.is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Takes a folder that was made here out of its place at once, and removes it, if it is there. What is being written in
/// it goes on in a folder that has no place any more, and keeps nobody from having a new one.
pub(crate) fn discard(folder: &Path) -> Result<()> {
    let draft = draft_in(folder.parent().unwrap_or(folder));
    match fs::rename(folder, &draft) {
        Ok(()) => {
            // Whoever still writes into it may keep it from being removed. The next start sweeps up what stays.
            if let Err(error) = remove(&draft) {
                tracing::warn!(%error, "a part of a sandbox that was removed stays until the next start");
            }
            Ok(())
        }
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::Folder {
            doing: "remove",
            path: folder.to_owned(),
            source,
        }),
    }
}

/// Removes a folder that was made here, if it is there.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Folder {
            doing: "remove",
            path: folder.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_new_workspace_has_copies_of_regular_files_and_nothing_that_a_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("agent"), folder.path().join("boxes/one"));
        fs::create_dir_all(from.join("skills/weather")).unwrap();
        fs::create_dir_all(from.join("notes")).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        fs::write(from.join("AGENTS.md"), "be kind").unwrap();
        fs::write(from.join("other.txt"), "not asked for").unwrap();
        fs::write(from.join("skills/weather/SKILL.md"), "look up").unwrap();
        symlink("../secret", from.join("SOUL.md")).unwrap();
        symlink("/etc", from.join("skills/etc")).unwrap();
        symlink("../../secret", from.join("skills/weather/link")).unwrap();
        fs::hard_link(folder.path().join("secret"), from.join("TOOLS.md")).unwrap();
        seed(&to, &from, &["AGENTS.md", "SOUL.md", "TOOLS.md", "USER.md"]).unwrap();
        let names = |folder: &Path| {
            let mut names: Vec<_> = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(&to), ["AGENTS.md", "skills"]);
        assert_eq!(names(&to.join("skills")), ["weather"]);
        assert_eq!(names(&to.join("skills/weather")), ["SKILL.md"]);
        // What is there is left as it is.
        fs::write(to.join("AGENTS.md"), "changed").unwrap();
        seed(&to, &from, &["AGENTS.md"]).unwrap();
        assert_eq!(fs::read_to_string(to.join("AGENTS.md")).unwrap(), "changed");
    }

    #[test]
    fn a_workspace_that_has_nothing_to_begin_with_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("boxes/one");
        seed(&to, &folder.path().join("nowhere"), &["AGENTS.md"]).unwrap();
        assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    }
}
