//! What a listing shows, and in which order.

use std::cmp::Ordering;

use super::{Item, changed};
use crate::builtins::names;
use crate::builtins::options::Given;

/// Whether an entry is left out.
pub(super) fn is_hidden(given: &Given, name: &str, dots: bool) -> bool {
    let values = |option: &'static str| {
        given
            .options
            .iter()
            .filter(move |(name, _)| name == option)
            .filter_map(|(_, value)| value.as_deref())
    };
    (!dots && (name.starts_with('.') || values("hide").any(|pattern| names::matches(pattern, name))))
        || values("ignore").any(|pattern| names::matches(pattern, name))
        || (given.has("ignore-backups") && name.ends_with('~'))
}

/// Puts items in the order that was asked for.
pub(super) fn sort(given: &Given, items: &mut [Item]) {
    let by = match given.value("sort") {
        Some("none") => "U",
        Some("size") => "S",
        Some("time") => "t",
        Some("version") => "v",
        Some("extension") => "X",
        _ => given.last(&["t", "S", "U", "v", "X", "f"]).unwrap_or_default(),
    };
    // Without an order there is none to turn round.
    if matches!(by, "U" | "f") {
        return;
    }
    let by_name = |one: &Item, two: &Item| one.name.cmp(&two.name);
    items.sort_by(|one, two| {
        let order = match by {
            "t" => changed(two).cmp(&changed(one)).then_with(|| by_name(one, two)),
            "S" => two
                .found
                .size
                .cmp(&one.found.size)
                .then_with(|| by_name(one, two)),
            "v" => names::versions(one.name.as_bytes(), two.name.as_bytes())
                .then_with(|| one.name.cmp(&two.name)),
            "X" => extension(&one.name)
                .cmp(extension(&two.name))
                .then_with(|| by_name(one, two)),
            _ => by_name(one, two),
        };
        let order = if given.has("reverse") {
            order.reverse()
        } else {
            order
        };
        match given.has("group-directories-first") {
            true => two.is_folder().cmp(&one.is_folder()).then(order),
            false => Ordering::then(Ordering::Equal, order),
        }
    });
}

fn extension(name: &str) -> &str {
    name.rfind('.').and_then(|at| name.get(at..)).unwrap_or_default()
}
