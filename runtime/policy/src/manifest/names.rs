//! What a manifest calls things: itself, others, and paths in its package. Lists of names have each once.

use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::text::{is_word, name_type};

name_type!(
    /// The id of an extension. It names folders and config keys, so it is a plain word.
    PluginId,
    "id",
    |text| is_word(text, "_-"),
    "must be letters, digits, \"_\" and \"-\", 64 at most, and begin with a letter or digit"
);

name_type!(
    /// What another extension is called: its id, or the name of its package, as in `@openclaw/memory-core`.
    PluginName,
    "extension",
    is_plugin_name,
    "must be an id, or a package as in \"@scope/name\""
);

name_type!(
    /// The id of a channel, a model provider or a backend.
    ServiceId,
    "id",
    |text| is_word(text, "_-."),
    "must be letters, digits, \"_\", \"-\" and \".\", 64 at most, and begin with a letter or digit"
);

name_type!(
    /// A path inside the package, with `/` between its parts; a leading `./` is allowed and `..` is not.
    PackagePath,
    "path in the package",
    is_package_path,
    "must be relative and stay inside the package"
);

fn is_plugin_name(text: &str) -> bool {
    match text.strip_prefix('@') {
        Some(package) => package
            .split_once('/')
            .is_some_and(|(scope, name)| is_word(scope, "_-.") && is_word(name, "_-.")),
        None => is_word(text, "_-"),
    }
}

fn is_package_path(text: &str) -> bool {
    let path = text.strip_prefix("./").unwrap_or(text);
    let path = path.strip_suffix('/').unwrap_or(path);
    let part = |part: &str| {
        !matches!(part, "" | "." | "..") && !part.contains(|c: char| c.is_control() || "\\:".contains(c))
    };
    text.len() <= 256 && path.split('/').all(part)
}

/// Reads a list in which nothing stands twice.
pub(super) fn distinct<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Ord + fmt::Display,
{
    let list = Vec::<T>::deserialize(deserializer)?;
    let mut sorted: Vec<_> = list.iter().collect();
    sorted.sort();
    let twice = sorted
        .windows(2)
        .find_map(|pair| pair.first().filter(|first| pair.last() == Some(first)));
    match twice {
        Some(name) => Err(serde::de::Error::custom(format_args!("\"{name}\" stands twice"))),
        None => Ok(list),
    }
}
