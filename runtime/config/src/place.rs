//! Where the config lives: state folder, config file, profile, workspace.
//!
//! A pure function of what it is given: the command line's words, the environment, the home folder that the
//! system knows, the working folder, and which files exist. Only [`Surroundings::of_process`] asks the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::{FileKind, Files, flatten};

/// The config file's name.
pub const CONFIG_FILE: &str = "openclaw.json";
/// The name it once had.
const LEGACY_CONFIG_FILE: &str = "clawdbot.json";
/// The port that `--dev` means.
const DEV_PORT: u16 = 19001;
/// The longest name of a profile.
const MAX_PROFILE: usize = 64;

/// What the process was started with.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The environment variables.
    pub env: BTreeMap<String, String>,
    /// The working folder.
    pub cwd: PathBuf,
    /// The home folder that the system names when no variable does.
    pub os_home: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process. Variables that are not text are left out.
    pub fn of_process() -> Self {
        let env =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        Self {
            env: env.collect(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            os_home: std::env::home_dir(),
        }
    }

    /// A variable that is set to something: not blank, not the words `undefined` or `null`.
    fn set(&self, name: &str) -> Option<&str> {
        let value = self.env.get(name)?.trim();
        (!matches!(value, "" | "undefined" | "null")).then_some(value)
    }
}

/// What the command line says about the place.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    /// `--profile`.
    pub profile: Option<String>,
    /// `--dev`.
    pub dev: bool,
}

/// Where the config lives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The profile; `None` is the default one.
    pub profile: Option<String>,
    /// The home folder, for `~`.
    pub home: PathBuf,
    /// The state folder.
    pub state_dir: PathBuf,
    /// Whether that is the one which applies when nothing is said.
    pub is_default_state: bool,
    /// The config file. It need not exist.
    pub config_path: PathBuf,
    /// Where agents work if the config does not say.
    pub default_workspace: PathBuf,
    /// The port that `--dev` sets, unless `OPENCLAW_GATEWAY_PORT` does.
    pub dev_port: Option<u16>,
    /// Folders outside the config's own that includes may be in.
    pub include_roots: Vec<PathBuf>,
    /// Whether nothing may write the config.
    pub read_only: bool,
}

impl Place {
    /// Finds the place.
    pub fn find(selection: &Selection, around: &Surroundings, files: &dyn Files) -> Result<Self, Error> {
        let home = find_home(around)?;
        let absolute = |text: &str| flatten(&around.cwd.join(expand(text, &home)));
        let inherited = around.set("OPENCLAW_PROFILE").map(check_profile).transpose()?;
        let profile = match (&selection.profile, selection.dev) {
            (Some(name), dev) => {
                let name = check_profile(name)?;
                if dev && name != "dev" {
                    return Err(Error::DevProfile(name));
                }
                Some(name)
            }
            (None, true) => Some("dev".to_owned()),
            (None, false) => inherited.clone(),
        };

        let canonical = inherited.as_deref().map(|profile| profile_dir(&home, profile));
        let explicit = |name: &str, canonical: Option<PathBuf>| {
            around
                .set(name)
                .map(absolute)
                .filter(|path| Some(path) != canonical.as_ref())
        };
        let override_state = explicit("OPENCLAW_STATE_DIR", canonical.clone());
        let override_config = explicit("OPENCLAW_CONFIG_PATH", canonical.map(|dir| dir.join(CONFIG_FILE)));

        let default_state = home.join(".openclaw");
        let profile = profile.filter(|profile| profile != "default");
        let state_dir = match (override_state, &profile) {
            (Some(dir), _) => dir,
            (None, Some(profile)) => profile_dir(&home, profile),
            (None, None) => default_state.clone(),
        };
        let config_path = override_config.unwrap_or_else(|| probe(&state_dir, files));
        let workspace = match (around.set("OPENCLAW_WORKSPACE_DIR"), &profile) {
            (Some(dir), _) => flatten(&around.cwd.join(dir)),
            (None, Some(profile)) => default_state.join(format!("workspace-{profile}")),
            (None, None) => default_state.join("workspace"),
        };
        let dev = profile.as_deref() == Some("dev") && (selection.dev || selection.profile.is_some());
        Ok(Self {
            dev_port: (dev && around.set("OPENCLAW_GATEWAY_PORT").is_none()).then_some(DEV_PORT),
            is_default_state: state_dir == default_state,
            include_roots: include_roots(around, &home),
            read_only: ["OPENCLAW_CONFIG_READONLY", "OPENCLAW_NIX_MODE"]
                .iter()
                .any(|name| around.env.get(*name).is_some_and(|value| value == "1")),
            default_workspace: workspace,
            profile,
            home,
            state_dir,
            config_path,
        })
    }

    /// A path of the config: `~` is the home folder, a relative one starts at `base`.
    pub fn expand(&self, text: &str, base: &Path) -> PathBuf {
        flatten(&base.join(expand(text, &self.home)))
    }

    /// What stands at the config's path; `None`: nothing.
    pub fn config_kind(&self, files: &dyn Files) -> Result<Option<FileKind>, Error> {
        match files.kind(&self.config_path) {
            Ok(FileKind::Other) => Err(Error::NotRegular(self.config_path.clone())),
            Ok(kind) => Ok(Some(kind)),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Error::Unreadable {
                path: self.config_path.clone(),
                cause,
            }),
        }
    }
}

fn find_home(around: &Surroundings) -> Result<PathBuf, Error> {
    let os = || {
        let named = around
            .set("HOME")
            .or_else(|| around.set("USERPROFILE"))
            .map(PathBuf::from);
        named
            .or_else(|| termux_home(around))
            .or_else(|| around.os_home.clone())
    };
    let home = match around.set("OPENCLAW_HOME") {
        Some(text) if text.starts_with('~') => os().map(|home| expand(text, &home)),
        Some(text) => Some(PathBuf::from(text)),
        None => os(),
    };
    home.map(|home| flatten(&around.cwd.join(home)))
        .ok_or(Error::NoHome)
}

/// On Android a terminal's home lies beside its prefix.
fn termux_home(around: &Surroundings) -> Option<PathBuf> {
    let prefix = around
        .set("PREFIX")
        .filter(|prefix| prefix.contains("/com.termux/"))?;
    Some(Path::new(prefix).parent()?.join("home"))
}

fn expand(text: &str, home: &Path) -> PathBuf {
    match text.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with(['/', '\\']) => home.join(rest.trim_start_matches(['/', '\\'])),
        _ => PathBuf::from(text),
    }
}

fn check_profile(name: &str) -> Result<String, Error> {
    let name = name.trim().to_ascii_lowercase();
    let good = name.len() <= MAX_PROFILE
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if good { Ok(name) } else { Err(Error::Profile) }
}

fn profile_dir(home: &Path, profile: &str) -> PathBuf {
    match profile {
        "default" => home.join(".openclaw"),
        profile => home.join(format!(".openclaw-{profile}")),
    }
}

fn probe(state_dir: &Path, files: &dyn Files) -> PathBuf {
    let current = state_dir.join(CONFIG_FILE);
    let legacy = state_dir.join(LEGACY_CONFIG_FILE);
    let only_legacy = files.kind(&current).is_err() && files.kind(&legacy).is_ok();
    if only_legacy { legacy } else { current }
}

fn include_roots(around: &Surroundings, home: &Path) -> Vec<PathBuf> {
    let list = around.set("OPENCLAW_INCLUDE_ROOTS").unwrap_or_default();
    let roots = list
        .split([':', ';'])
        .map(str::trim)
        .filter(|root| !root.is_empty());
    roots
        .map(|root| expand(root, home))
        .filter(|root| root.is_absolute())
        .map(|root| flatten(&root))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    fn find_in(
        files: &Memory,
        profile: Option<&str>,
        dev: bool,
        env: &[(&str, &str)],
    ) -> Result<Place, Error> {
        let around = Surroundings {
            env: env
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect(),
            cwd: "/here".into(),
            os_home: Some("/os".into()),
        };
        Place::find(
            &Selection {
                profile: profile.map(str::to_owned),
                dev,
            },
            &around,
            files,
        )
    }

    fn find(profile: Option<&str>, dev: bool, env: &[(&str, &str)]) -> Place {
        find_in(&Memory::default(), profile, dev, env).unwrap()
    }

    fn at(path: &str) -> PathBuf {
        PathBuf::from(path)
    }

    #[test]
    fn home_is_the_first_that_is_set_to_something() {
        assert_eq!(find(None, false, &[]).home, at("/os"));
        assert_eq!(
            find(None, false, &[("USERPROFILE", "/u"), ("HOME", " ")]).home,
            at("/u")
        );
        assert_eq!(
            find(None, false, &[("USERPROFILE", "/u"), ("HOME", "/h")]).home,
            at("/h")
        );
        assert_eq!(
            find(None, false, &[("HOME", "/h"), ("OPENCLAW_HOME", "undefined")]).home,
            at("/h")
        );
        assert_eq!(
            find(None, false, &[("HOME", "/h"), ("OPENCLAW_HOME", "~/claw")]).home,
            at("/h/claw")
        );
        assert_eq!(
            find(None, false, &[("OPENCLAW_HOME", "rel")]).home,
            at("/here/rel")
        );
        let termux = find(None, false, &[("PREFIX", "/data/data/com.termux/files/usr")]);
        assert_eq!(termux.home, at("/data/data/com.termux/files/home"));
    }

    #[test]
    fn nothing_said_means_the_default_folder() {
        let place = find(None, false, &[]);
        assert_eq!(place.state_dir, at("/os/.openclaw"));
        assert_eq!(place.config_path, at("/os/.openclaw/openclaw.json"));
        assert_eq!(place.default_workspace, at("/os/.openclaw/workspace"));
        assert!(place.is_default_state && place.profile.is_none() && place.dev_port.is_none());
    }

    #[test]
    fn variables_take_a_tilde_except_the_workspace() {
        let place = find(
            None,
            false,
            &[
                ("OPENCLAW_STATE_DIR", "~/s"),
                ("OPENCLAW_CONFIG_PATH", "~/c.json"),
                ("OPENCLAW_WORKSPACE_DIR", "~/w"),
            ],
        );
        assert_eq!(
            (place.state_dir, place.config_path),
            (at("/os/s"), at("/os/c.json"))
        );
        assert_eq!(place.default_workspace, at("/here/~/w"));
    }

    #[test]
    fn a_legacy_file_is_found_only_without_a_current_one() {
        let mut files = Memory::default();
        files.insert("/os/.openclaw/clawdbot.json", "{}");
        let found = |files: &Memory| find_in(files, None, false, &[]).unwrap().config_path;
        assert_eq!(found(&files), at("/os/.openclaw/clawdbot.json"));
        files.insert("/os/.openclaw/openclaw.json", "{}");
        assert_eq!(found(&files), at("/os/.openclaw/openclaw.json"));
    }

    #[test]
    fn a_profile_has_its_own_folder_and_workspace() {
        for place in [
            find(Some("Blue_1"), false, &[]),
            find(None, false, &[("OPENCLAW_PROFILE", "blue_1")]),
        ] {
            assert_eq!(place.config_path, at("/os/.openclaw-blue_1/openclaw.json"));
            assert_eq!(place.default_workspace, at("/os/.openclaw/workspace-blue_1"));
        }
        assert_eq!(
            find(Some("default"), false, &[("OPENCLAW_PROFILE", "x")]).state_dir,
            at("/os/.openclaw")
        );
    }

    #[test]
    fn a_profile_with_a_bad_name_is_refused_in_openclaws_words() {
        for name in ["", "-a", "a b", "../x", "a.b", "ü", &"a".repeat(65)] {
            let error = find_in(&Memory::default(), Some(name), false, &[]).unwrap_err();
            assert_eq!(
                error.to_string(),
                "Invalid --profile (use letters, numbers, \"_\", \"-\" only)",
                "{name}"
            );
        }
        assert!(find_in(&Memory::default(), Some(&"a".repeat(64)), false, &[]).is_ok());
    }

    #[test]
    fn dev_is_a_profile_with_a_port() {
        let place = find(None, true, &[]);
        assert_eq!(
            (place.state_dir, place.dev_port),
            (at("/os/.openclaw-dev"), Some(19001))
        );
        assert_eq!(find(None, true, &[("OPENCLAW_GATEWAY_PORT", "5")]).dev_port, None);
        assert_eq!(
            find(None, true, &[("OPENCLAW_GATEWAY_PORT", " ")]).dev_port,
            Some(19001)
        );
        assert!(matches!(
            find_in(&Memory::default(), Some("x"), true, &[]),
            Err(Error::DevProfile(_))
        ));
    }

    #[test]
    fn an_inherited_path_gives_way_to_the_profile_and_an_explicit_one_does_not() {
        let inherited = [
            ("OPENCLAW_PROFILE", "a"),
            ("OPENCLAW_STATE_DIR", "/os/.openclaw-a"),
            ("OPENCLAW_CONFIG_PATH", "/os/.openclaw-a/openclaw.json"),
        ];
        assert_eq!(
            find(Some("b"), false, &inherited).config_path,
            at("/os/.openclaw-b/openclaw.json")
        );
        let explicit = [("OPENCLAW_PROFILE", "a"), ("OPENCLAW_STATE_DIR", "/data")];
        assert_eq!(
            find(Some("b"), false, &explicit).config_path,
            at("/data/openclaw.json")
        );
    }

    #[test]
    fn include_roots_are_absolute_folders() {
        let place = find(None, false, &[("OPENCLAW_INCLUDE_ROOTS", "/a/../b:~/c; rel ;")]);
        assert_eq!(place.include_roots, [at("/b"), at("/os/c")]);
    }

    #[test]
    fn read_only_is_exactly_one() {
        assert!(find(None, false, &[("OPENCLAW_CONFIG_READONLY", "1")]).read_only);
        assert!(find(None, false, &[("OPENCLAW_NIX_MODE", "1")]).read_only);
        assert!(!find(None, false, &[("OPENCLAW_CONFIG_READONLY", "true")]).read_only);
    }
}
