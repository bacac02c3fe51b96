//! Names for jobs: two words, easy to read, to say and to type.

use std::fmt::Write as _;

const QUALITIES: &[&str] = &[
    "amber", "ample", "blithe", "bold", "brave", "bright", "brisk", "calm", "clear", "clever", "cool",
    "coral", "crisp", "dapper", "deft", "eager", "early", "fair", "fleet", "fresh", "gentle", "glad",
    "golden", "grand", "green", "happy", "hardy", "honest", "jolly", "keen", "kind", "lively", "lucky",
    "mellow", "merry", "mild", "mossy", "neat", "nimble", "noble", "olive", "plucky", "polite", "proud",
    "quick", "quiet", "rapid", "ready", "rosy", "royal", "ruby", "sage", "sharp", "silver", "smooth", "snug",
    "solid", "steady", "sunny", "swift", "tidy", "tranquil", "vivid", "warm", "wise",
];
const THINGS: &[&str] = &[
    "acorn", "anchor", "aspen", "badger", "bay", "beacon", "birch", "bloom", "breeze", "brook", "canyon",
    "cedar", "clover", "comet", "coral", "cove", "crane", "creek", "dawn", "delta", "dune", "ember",
    "falcon", "fern", "finch", "fjord", "forest", "glade", "grove", "harbor", "hazel", "heron", "island",
    "ivy", "kelp", "lagoon", "lark", "lemur", "lichen", "maple", "marsh", "meadow", "mesa", "mist", "nectar",
    "oak", "orbit", "otter", "pebble", "pine", "prairie", "quail", "reef", "ridge", "river", "robin",
    "shell", "shore", "sparrow", "summit", "tide", "trail", "valley", "willow", "wren",
];

/// A name that is not taken.
pub(super) fn fresh(is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = String::new();
    let mut tries = 0_u32;
    loop {
        name.clear();
        let (quality, thing) = (fastrand::choice(QUALITIES), fastrand::choice(THINGS));
        let _ = write!(
            name,
            "{}-{}",
            quality.unwrap_or(&"plain"),
            thing.unwrap_or(&"job")
        );
        if tries > 8 {
            let _ = write!(name, "-{}", fastrand::u32(..));
        }
        if !is_taken(&name) {
            return name;
        }
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_name_is_never_given_twice() {
        let mut taken = HashSet::new();
        for _ in 0..10_000 {
            let name = fresh(|name| taken.contains(name));
            assert!(
                name.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            );
            assert!(taken.insert(name));
        }
    }
}
