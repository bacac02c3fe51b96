//! Results can only be the same in the gateway and in the guest if what they are made with is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn versions(lock: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(lock)).unwrap();
    let value = |line: &str, key: &str| {
        let value = line.strip_prefix(key)?.strip_prefix(" = ")?;
        Some(value.trim_matches('"').to_owned())
    };
    let packages = text.split("[[package]]").filter_map(|package| {
        let name = package.lines().find_map(|line| value(line, "name"))?;
        let version = package.lines().find_map(|line| value(line, "version"))?;
        Some((name, version))
    });
    packages.collect()
}

#[test]
fn the_guest_is_made_with_the_versions_that_the_gateway_is_made_with() {
    let gateway = versions("../../Cargo.lock");
    let guest = versions("../../guests/tools/files/Cargo.lock");
    for name in [
        "globset",
        "ignore",
        "regex",
        "regex-automata",
        "regex-syntax",
        "serde_json",
        "similar",
    ] {
        assert_eq!(
            guest.get(name).expect(name),
            gateway.get(name).expect(name),
            "{name}"
        );
    }
}
