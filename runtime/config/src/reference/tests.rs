use super::*;

/// Where the chapter stands, from this crate's folder.
const CHAPTER: &str = "../../docs/src/reference/config.md";
const REFRESH: &str = "OPENCLAW_UPDATE=1 cargo test -p openclaw-config reference";

#[test]
fn the_committed_reference_is_current() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(CHAPTER);
    let chapter = reference();
    if std::env::var_os("OPENCLAW_UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &chapter).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == chapter,
        "the config reference is out of date; refresh it with: {REFRESH}"
    );
}

#[test]
fn every_root_key_has_a_section_and_secrets_are_marked() {
    let chapter = reference();
    for key in schema::inlined()["properties"].as_object().unwrap().keys() {
        assert!(chapter.contains(&format!("\n## {key}\n")), "{key}");
    }
    assert!(chapter.contains("| `port` | integer | `18789` | 1 to 65535 |"));
    assert!(chapter.contains("| `botToken` | secret |"));
    assert!(chapter.contains("### `channels.*`") && chapter.contains("### `agents.defaults.sandbox.docker`"));
}

#[test]
fn an_object_that_recurs_is_told_once() {
    let chapter = reference();
    assert_eq!(chapter.matches("| `identityData` | secret |").count(), 1);
    assert!(chapter.contains("The keys are those of `agents.defaults.sandbox`."));
}
