//! What a manifest may not say although each key for itself is right.
//!
//! A key that is misspelled where others are allowed, a request that its world has no use for, an amount that has
//! its place elsewhere. Linear in the manifest.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Manifest, World};
use crate::limits::Limit;
use crate::typed::find_slip;

/// What is wrong, and at which keys.
pub(super) struct Objection {
    pub(super) path: Vec<String>,
    pub(super) what: String,
    pub(super) nearest: Option<String>,
}

impl Objection {
    fn new(path: &[&str], what: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            what: what.into(),
            nearest: None,
        }
    }
}

/// OpenClaw's own keys that say nothing to this gateway.
const IGNORED: &[&str] = &[
    "$schema",
    "categories",
    "commandAliases",
    "controlUi",
    "modelPricing",
    "providerAuthEnvVars",
    "providerCatalogEntry",
    "syntheticAuthRefs",
    "toolMetadata",
];

/// What older manifests of OpenClaw say under `capabilities`, which is another thing.
const OLD_CAPABILITIES: &[&str] = &["register", "runtime"];

/// Takes out what OpenClaw's manifests have and this gateway does not read.
pub(super) fn drop_ignored(manifest: &mut Map<String, Value>) {
    for key in IGNORED {
        manifest.remove(*key);
    }
    let old = |value: &Value| {
        let keys = value.as_object().filter(|object| !object.is_empty());
        keys.is_some_and(|object| object.keys().all(|key| OLD_CAPABILITIES.contains(&key.as_str())))
    };
    if manifest.get("capabilities").is_some_and(old) {
        manifest.remove("capabilities");
    }
}

/// Keys that stand at the wrong place, before anything else is said of them.
pub(super) fn find_misplaced(manifest: &Map<String, Value>) -> Option<Objection> {
    let component = manifest.get("component")?.as_object()?;
    let key = ["capabilities", "limits"]
        .into_iter()
        .find(|key| component.contains_key(*key))?;
    let what = format!("\"{key}\" stands beside \"component\" and not in it; move it to the top");
    Some(Objection::new(&["component", key], what))
}

/// The first objection to a manifest that was read.
pub(super) fn find_objection(manifest: &Manifest) -> Option<Objection> {
    find_slips(manifest)
        .or_else(|| find_wrong_store(manifest))
        .or_else(|| find_useless(manifest))
}

/// Keys that are passed on, and are spelled so much like one that is read that it must have been meant.
fn find_slips(manifest: &Manifest) -> Option<Objection> {
    const CONTRACTS: &[&str] = &["tools"];
    const HINTS: &[&str] = &["label", "help", "placeholder", "sensitive", "advanced"];
    let slip = |path: &[&str], others: &BTreeMap<String, Value>, known: &[&str]| {
        let (key, meant) = others
            .keys()
            .find_map(|key| Some((key, find_slip(key, known)?)))?;
        let path = [path, &[key.as_str()]].concat();
        let mut objection = Objection::new(&path, format!("\"{key}\" is no known key"));
        objection.nearest = Some(meant.to_owned());
        Some(objection)
    };
    let contracts = slip(&["contracts"], &manifest.contracts.other, CONTRACTS);
    let mut hints = manifest.ui_hints.iter();
    contracts.or_else(|| hints.find_map(|(setting, hint)| slip(&["uiHints", setting], &hint.other, HINTS)))
}

fn find_wrong_store(manifest: &Manifest) -> Option<Objection> {
    if manifest.limits.get(Limit::Kv).is_some() {
        let what = "the store is a capability; write capabilities.kv.quota";
        return Some(Objection::new(&["limits", "kv"], what));
    }
    let quota = manifest.capabilities.kv?.quota.get();
    let range = Limit::Kv.value(quota).err()?;
    Some(Objection::new(
        &["capabilities", "kv", "quota"],
        range.to_string(),
    ))
}

/// Requests that a component of this world could not use. A manifest that names no world is one of a channel if it
/// serves any, else one of a tool.
fn find_useless(manifest: &Manifest) -> Option<Objection> {
    let named = manifest.component.as_ref().and_then(|component| component.world);
    let is_channel = match named {
        Some(world) => world == World::Channel,
        None => !manifest.channels.is_empty(),
    };
    let asked = &manifest.capabilities;
    let hint = match named {
        Some(_) => "leave it out",
        None => "leave it out, or name component.world",
    };
    let refuse =
        |key: &str, what: &str| Some(Objection::new(&["capabilities", key], format!("{what}; {hint}")));
    if is_channel {
        return match () {
            () if !asked.messaging.is_empty() => refuse(
                "messaging",
                "a channel delivers on its own accounts unasked and sends nowhere else",
            ),
            () if !asked.tools.is_empty() => refuse("tools", "a channel calls no tools"),
            () if asked.model.is_some() => refuse("model", "a channel asks no model"),
            () => None,
        };
    }
    if !asked.bridge.is_empty() {
        return refuse("bridge", "only a channel talks to configured processes");
    }
    let field = asked.account_fields().into_iter().next()?;
    let what = format!("{field} is a setting of a channel's account, and this is no channel; {hint}");
    Some(Objection::new(&["capabilities"], what))
}
