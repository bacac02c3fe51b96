//! What a component exports, compared with what its manifest and its package say it is.
//!
//! **Promise.** What is installed as a skill has instructions and a `SKILL.md` to put them into, and what is of a
//! world that nobody here can start is refused before it is compiled.

use openclaw_policy::{Manifest, World};

use crate::error::{Error, Result};

/// What a component with tools exports, without its version.
pub(crate) const TOOLBOX: &str = "openclaw:tool/toolbox@";
/// What a skill exports besides.
pub(crate) const SKILL_TEXT: &str = "openclaw:tool/skill-text@";
/// What an adapter to a chat platform exports.
pub(crate) const ADAPTER: &str = "openclaw:channel/adapter@";
/// What a plain program exports.
pub(crate) const RUN: &str = "wasi:cli/run@";
/// The file that a skill is found by.
pub(crate) const SKILL_FILE: &str = "SKILL.md";

/// Refuses what is not what it says. Whether it exports anything that can be called shows when it is linked. `has_text` is whether the package has a [`SKILL_FILE`].
pub(crate) fn compare(exports: &[String], manifest: &Manifest, has_text: bool) -> Result<()> {
    let world = manifest.component.as_ref().and_then(|component| component.world);
    let exports = |prefix: &str| exports.iter().any(|name| name.starts_with(prefix));
    let wrong = |what| Err(Error::World { what });
    if world == Some(World::Channel) && !exports(ADAPTER) {
        return wrong(
            "its manifest says channel, and it does not export openclaw:channel/adapter; build it for the world channel",
        );
    }
    if exports(ADAPTER) && exports(TOOLBOX) {
        return wrong("it exports both tools and an adapter to a channel; make two components of it");
    }
    if exports(ADAPTER) && world.is_some_and(|world| world != World::Channel) {
        return wrong(
            "it exports openclaw:channel/adapter, and its manifest says something else; write \"channel\"",
        );
    }
    if exports(ADAPTER) && manifest.channels.is_empty() {
        return wrong("a channel's manifest lists its id under \"channels\"; add it there");
    }
    if world == Some(World::Skill) && !exports(SKILL_TEXT) {
        return wrong(
            "its manifest says skill, and it does not export openclaw:tool/skill-text; build it for the world skill, or write \"tool\"",
        );
    }
    if exports(SKILL_TEXT) && !has_text {
        return wrong("a skill is found by its SKILL.md; put one beside the manifest");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(world: &str, exports: &[&str], has_text: bool) -> Option<String> {
        let manifest = format!(
            r#"{{"id": "demo", "configSchema": {{}}, "component": {{"file": "demo.wasm", "world": "{world}"}}}}"#
        );
        let exports: Vec<_> = exports.iter().map(|name| (*name).to_owned()).collect();
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        compare(&exports, &manifest, has_text)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn a_component_is_what_its_manifest_says() {
        const TOOL: &str = "openclaw:tool/toolbox@0.1.0";
        const ADAPTER: &str = "openclaw:channel/adapter@0.1.0";
        const TEXT: &str = "openclaw:tool/skill-text@0.1.0";
        assert_eq!(refusal("tool", &[TOOL], false), None);
        assert_eq!(refusal("tool", &["wasi:cli/run@0.2.3"], false), None);
        assert_eq!(refusal("skill", &[TOOL, TEXT], true), None);
        for (refused, says) in [
            (refusal("skill", &[TOOL], true), "skill-text"),
            (refusal("skill", &[TOOL, TEXT], false), "SKILL.md"),
            (refusal("channel", &[TOOL], false), "channel/adapter"),
            (refusal("tool", &[ADAPTER], false), "write \"channel\""),
            (refusal("channel", &[ADAPTER, TOOL], false), "two components"),
            (refusal("channel", &[ADAPTER], false), "under \"channels\""),
        ] {
            assert!(
                refused.as_ref().is_some_and(|text| text.contains(says)),
                "{refused:?}"
            );
        }
    }
}
