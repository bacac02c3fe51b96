//! Arrows between our crates point one way: a crate uses only crates above it in [`ORDER`]. Normal, dev and
//! build dependencies count alike, because a dev-dependency upwards is how a cycle begins. And every crate of the
//! main workspace takes the workspace's lints: one that forgets to is checked for nothing.

use anyhow::{Context, Result};
use cargo_metadata::{Dependency, DependencyKind, Package, TargetKind};
use toml_edit::{Document, Item};

use super::Finding;
use crate::tree::Tree;

/// The crates of `runtime/`, lowest first, as the design lays them out.
const ORDER: [&str; 14] = [
    "policy",
    "files",
    "config",
    "protocol",
    "state",
    "secrets",
    "egress",
    "components",
    "models",
    "sandbox",
    "agent",
    "channels",
    "gateway",
    "cli",
];

/// How many of them, from the lowest on, use nothing of ours, not even each other.
const ALONE: usize = 2;

/// What guests may use of `runtime/`: tools that the gateway and a guest both have, with the same results.
const FOR_GUESTS: &str = "files";

/// The highest crate of `runtime/` that `sdk/test` may use.
const SDK_TEST_CEILING: &str = "components";

/// Where a crate stands, which says what it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// `runtime/`, by its index in [`ORDER`].
    Runtime(usize),
    Guest,
    SdkRust,
    SdkTest,
    Tests,
    Xtask,
    Unknown,
}

impl Place {
    fn of(folder: &str) -> Self {
        let mut parts = folder.split('/');
        match (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()) {
            ("runtime", name) => index_of(name).map_or(Self::Unknown, Self::Runtime),
            ("guests", _) => Self::Guest,
            ("sdk", "rust") => Self::SdkRust,
            ("sdk", "test") => Self::SdkTest,
            ("tests", _) => Self::Tests,
            ("xtask", _) => Self::Xtask,
            _ => Self::Unknown,
        }
    }

    /// Whether a crate here may use one there.
    fn may_use(self, used: Self) -> bool {
        match (self, used) {
            (Self::Runtime(index), Self::Runtime(below)) => index >= ALONE && below < index,
            (Self::Guest, Self::Runtime(below)) => index_of(FOR_GUESTS) == Some(below),
            (Self::SdkTest, Self::Runtime(below)) => {
                index_of(SDK_TEST_CEILING).is_some_and(|ceiling| below <= ceiling)
            }
            (Self::Guest | Self::SdkTest, Self::SdkRust) => true,
            (Self::Tests, used) => used != Self::Xtask,
            _ => false,
        }
    }

    /// The rule in words, for the end of a finding.
    fn rule(self) -> String {
        match self {
            Self::Runtime(index) if index < ALONE => "it uses nothing of ours".to_owned(),
            Self::Runtime(index) => {
                let above = ORDER.get(..index).unwrap_or_default().join(", ");
                format!("it may use only {above}")
            }
            Self::Guest => format!("a guest may use only sdk/rust and runtime/{FOR_GUESTS}"),
            Self::SdkRust => "sdk/rust uses nothing of ours".to_owned(),
            Self::SdkTest => format!("sdk/test may use sdk/rust and runtime/ up to {SDK_TEST_CEILING}"),
            Self::Tests => "nothing may use xtask".to_owned(),
            Self::Xtask => "xtask uses nothing of ours".to_owned(),
            Self::Unknown => "it has no place in the layout".to_owned(),
        }
    }
}

fn index_of(name: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == name)
}

/// Every arrow that points the wrong way, every crate without a place or without the workspace's lints, every
/// runtime crate that does not say what it promises.
pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for package in tree.packages() {
        let manifest = package.manifest_path.as_std_path();
        let Some(file) = tree.relative(manifest) else {
            continue;
        };
        let folder = file.strip_suffix("/Cargo.toml").unwrap_or_default();
        let place = Place::of(folder);
        if place == Place::Unknown {
            findings.push(explain_unknown(&file, folder));
            continue;
        }
        if matches!(place, Place::Runtime(_)) {
            findings.extend(check_promise(tree, package)?);
        }
        let text = std::fs::read_to_string(manifest).with_context(|| format!("{file} cannot be read"))?;
        let is_main = tree.main.packages.iter().any(|ours| ours.id == package.id);
        if is_main && !takes_lints(&text) {
            let mend = "end the manifest with `[lints]` and `workspace = true`";
            let what = format!("{folder} does not take the workspace's lints");
            findings.push(Finding::new(file.clone(), 1, what, mend));
        }
        for dependency in &package.dependencies {
            let Some(path) = &dependency.path else { continue };
            let used = tree.relative(path.as_std_path());
            let allowed = used
                .as_deref()
                .is_some_and(|used| used == folder || place.may_use(Place::of(used)));
            if !allowed {
                let used = used.unwrap_or_else(|| "a folder outside of the repository".to_owned());
                let line = find_dependency(&text, dependency);
                let what = format!("{folder} uses {used}");
                findings.push(Finding::new(file.clone(), line, what, place.rule()));
            }
        }
    }
    Ok(findings)
}

fn explain_unknown(file: &str, folder: &str) -> Finding {
    if folder.starts_with("runtime/") {
        let mend = "give it a place in the design's order, in xtask/src/lint/arrows.rs";
        return Finding::new(file, 1, format!("{folder} is not in the order of crates"), mend);
    }
    let mend = "move it under runtime, guests, sdk/rust, sdk/test, tests or xtask";
    Finding::new(file, 1, "the crate has no place in the layout", mend)
}

/// The crate's `lib.rs` and `main.rs` begin with a paragraph.
fn check_promise(tree: &Tree, package: &Package) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for target in &package.targets {
        let is_root = target.is_kind(TargetKind::Lib)
            || target.is_kind(TargetKind::ProcMacro)
            || target.src_path.file_name() == Some("main.rs");
        if !is_root {
            continue;
        }
        let source = target.src_path.as_std_path();
        let text =
            std::fs::read_to_string(source).with_context(|| format!("{} cannot be read", target.src_path))?;
        let first = text
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        if first
            .strip_prefix("//!")
            .is_none_or(|words| words.trim().is_empty())
        {
            let file = tree
                .relative(source)
                .unwrap_or_else(|| target.src_path.to_string());
            let mend = "say in a `//!` paragraph what it promises, what bounds it and what it never does";
            findings.push(Finding::new(
                file,
                1,
                "the crate does not say what it promises",
                mend,
            ));
        }
    }
    Ok(findings)
}

fn takes_lints(manifest: &str) -> bool {
    let document = Document::parse(manifest).ok();
    let taken = document
        .as_ref()
        .and_then(|document| document.get("lints")?.get("workspace")?.as_bool());
    taken == Some(true)
}

/// The line of the manifest on which the dependency is declared; the first where it cannot be told.
fn find_dependency(manifest: &str, dependency: &Dependency) -> usize {
    let offset = Document::parse(manifest).ok().and_then(|document| {
        let table = match dependency.kind {
            DependencyKind::Development => "dev-dependencies",
            DependencyKind::Build => "build-dependencies",
            _ => "dependencies",
        };
        let key = dependency.rename.as_deref().unwrap_or(&dependency.name);
        // Where the same dependency stands under several targets, the first is as good as any.
        let targets = document.get("target").and_then(Item::as_table_like);
        let per_target = targets
            .into_iter()
            .flat_map(|targets| targets.iter().map(|(_, item)| item));
        std::iter::once(document.as_item())
            .chain(per_target)
            .filter_map(|holder| holder.as_table_like()?.get(table)?.as_table_like())
            .find_map(|dependencies| dependencies.get_key_value(key)?.0.span())
            .map(|span| span.start)
    });
    offset.map_or(1, |offset| {
        manifest
            .bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count()
            + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::fake::FakeTree;

    fn lines(fake: &FakeTree) -> Vec<String> {
        check(&fake.load())
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_good_tree_has_no_findings() {
        let fake = FakeTree::new();
        fake.package(
            "runtime/state",
            "openclaw-state",
            "[dependencies]\nopenclaw-policy.path = \"../policy\"\n",
        );
        fake.package("sdk/rust", "openclaw-sdk", "[workspace]\n");
        fake.package(
            "guests/tools/clock",
            "clock",
            "[workspace]\n[dependencies]\nopenclaw-sdk = { path = \"../../../sdk/rust\" }\n",
        );
        assert_eq!(lines(&fake), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_against_the_order_is_found_at_the_line_that_declares_it() {
        let fake = FakeTree::new();
        fake.package(
            "runtime/config",
            "openclaw-config",
            "\n[dependencies]\n# Reads the database.\nopenclaw-state = { path = \"../state\" }\n",
        );
        fake.package("runtime/state", "openclaw-state", "");
        let expected =
            "runtime/config/Cargo.toml:8: runtime/config uses runtime/state; it may use only policy, files";
        assert_eq!(lines(&fake), [expected]);
    }

    #[test]
    fn dev_and_inherited_and_target_dependencies_count_too() {
        let fake = FakeTree::new();
        fake.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"runtime/*\"]\n[workspace.lints]\n\
             [workspace.dependencies]\nopenclaw-state = { path = \"runtime/state\" }\n",
        );
        fake.package(
            "runtime/policy",
            "openclaw-policy",
            "[dev-dependencies]\nopenclaw-state.workspace = true\n",
        );
        fake.package(
            "runtime/config",
            "openclaw-config",
            "[target.'cfg(unix)'.dependencies]\nstore = { path = \"../state\", package = \"openclaw-state\" }\n",
        );
        fake.package("runtime/state", "openclaw-state", "");
        let found = lines(&fake);
        assert_eq!(found.len(), 2);
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("runtime/policy/Cargo.toml:6: ")),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .any(|line| line.starts_with("runtime/config/Cargo.toml:6: ")),
            "{found:?}"
        );
    }

    #[test]
    fn a_guest_may_use_nothing_of_the_runtime_but_the_file_tools() {
        let fake = FakeTree::new();
        fake.package("runtime/files", "openclaw-files", "");
        fake.package(
            "guests/tools/reader",
            "reader",
            "[workspace]\n[dependencies]\nopenclaw-files = { path = \"../../../runtime/files\" }\n",
        );
        fake.package(
            "guests/tools/clock",
            "clock",
            "[workspace]\n[dependencies]\nopenclaw-policy = { path = \"../../../runtime/policy\" }\n",
        );
        let expected = "guests/tools/clock/Cargo.toml:7: guests/tools/clock uses runtime/policy; \
                        a guest may use only sdk/rust and runtime/files";
        assert_eq!(lines(&fake), [expected]);
    }

    #[test]
    fn the_lowest_crates_use_not_even_each_other() {
        let fake = FakeTree::new();
        let uses = |name: &str| format!("[dependencies]\nopenclaw-{name} = {{ path = \"../{name}\" }}\n");
        fake.package("runtime/files", "openclaw-files", &uses("policy"));
        let expected =
            "runtime/files/Cargo.toml:6: runtime/files uses runtime/policy; it uses nothing of ours";
        assert_eq!(lines(&fake), [expected]);
    }

    #[test]
    fn a_crate_without_a_place_in_the_order_is_found() {
        let fake = FakeTree::new();
        fake.package("runtime/plumbing", "plumbing", "");
        let found = lines(&fake);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("runtime/plumbing/Cargo.toml:1: runtime/plumbing is not in the order"));
    }

    #[test]
    fn a_runtime_crate_must_say_what_it_promises() {
        let fake = FakeTree::new();
        fake.write("runtime/policy/src/lib.rs", "mod grants;\n");
        let found = lines(&fake);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("runtime/policy/src/lib.rs:1: "));
    }

    #[test]
    fn a_crate_without_the_lints_of_the_workspace_is_found() {
        let fake = FakeTree::new();
        for (name, lints) in [
            ("protocol", ""),
            ("state", "[lints]\n"),
            ("egress", "[lints.rust]\nunsafe_code = \"deny\"\n"),
        ] {
            let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n{lints}");
            fake.write(&format!("runtime/{name}/Cargo.toml"), &manifest);
            fake.write(&format!("runtime/{name}/src/lib.rs"), "//! What it promises.\n");
        }
        let mut found = lines(&fake);
        found.sort();
        let mend = "end the manifest with `[lints]` and `workspace = true`";
        let expected = ["egress", "protocol", "state"].map(|name| {
            format!("runtime/{name}/Cargo.toml:1: runtime/{name} does not take the workspace's lints; {mend}")
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn nobody_uses_xtask_and_only_tests_use_tests() {
        let everyone = [
            Place::Runtime(13),
            Place::Guest,
            Place::SdkRust,
            Place::SdkTest,
            Place::Tests,
            Place::Xtask,
        ];
        for place in everyone {
            assert!(!place.may_use(Place::Xtask), "{place:?}");
            assert_eq!(place.may_use(Place::Tests), place == Place::Tests, "{place:?}");
        }
    }
}
