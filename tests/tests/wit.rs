//! The packages under `wit/` are what authors and hosts can build on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wit_parser::{
    Docs, FunctionKind, Interface, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeOwner, World,
    WorldItem,
};

const PACKAGES: [&str; 17] = [
    "bridge",
    "channel",
    "config",
    "context",
    "http",
    "kv",
    "log",
    "media",
    "messaging",
    "model",
    "progress",
    "secrets",
    "sockets",
    "timers",
    "tool",
    "tools",
    "types",
];

/// What both tools and channels may use.
const COMMON: [&str; 9] = [
    "openclaw:config/settings",
    "openclaw:context/call",
    "openclaw:http/client",
    "openclaw:kv/store",
    "openclaw:log/lines",
    "openclaw:media/store",
    "openclaw:secrets/placeholders",
    "openclaw:secrets/reveal",
    "openclaw:secrets/signatures",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("wit")
}

fn readme() -> String {
    fs::read_to_string(folder().join("README.md")).unwrap()
}

/// The packages in the order in which the README has them.
fn listed() -> Vec<String> {
    let rows = readme();
    let names = rows.lines().filter_map(|line| line.strip_prefix("| ["));
    names
        .map(|row| row.split(']').next().unwrap().to_owned())
        .collect()
}

/// Reads packages one after the other with one of the two parsers.
macro_rules! read {
    ($parser:ident, $packages:expr) => {{
        let mut resolve = $parser::Resolve::default();
        for package in $packages {
            if let Err(error) = resolve.push_dir(folder().join(&package)) {
                panic!("wit/{package} cannot be read: {error:?}");
            }
        }
        resolve
    }};
}

/// What a parser understood: every world with its imports and exports, every function and every type by name.
macro_rules! outline {
    ($parser:ident, $resolve:expr) => {{
        let resolve = &$resolve;
        let mut lines = BTreeSet::new();
        for (id, interface) in resolve.interfaces.iter() {
            let Some(name) = resolve.id_of(id) else { continue };
            lines.extend(interface.functions.iter().map(|(function, shape)| {
                format!(
                    "{name} {function}({}) {}",
                    shape.params.len(),
                    shape.result.is_some()
                )
            }));
            lines.extend(interface.types.iter().map(|(name_of_type, id)| {
                let kind = resolve.types[*id].kind.as_str();
                format!("{name} {kind} {name_of_type}")
            }));
        }
        for (_, world) in resolve.worlds.iter() {
            for (way, items) in [("imports", &world.imports), ("exports", &world.exports)] {
                lines.extend(
                    items
                        .keys()
                        .map(|key| format!("{} {way} {}", world.name, resolve.name_world_key(key))),
                );
            }
        }
        lines
    }};
}

fn packages() -> Resolve {
    read!(wit_parser, listed())
}

fn world<'a>(resolve: &'a Resolve, package: &str, name: &str) -> &'a World {
    let found = resolve.packages.iter().find(|(_, p)| p.name.name == package);
    &resolve.worlds[found.unwrap().1.worlds[name]]
}

fn interfaces<'a>(items: impl IntoIterator<Item = &'a WorldItem>) -> Vec<InterfaceId> {
    let only = items.into_iter().map(|item| match item {
        WorldItem::Interface { id, .. } => *id,
        _ => panic!("a world holds interfaces only, because nothing else has a version"),
    });
    only.collect()
}

/// An interface's name without its version.
fn name(resolve: &Resolve, id: InterfaceId) -> String {
    let whole = resolve.id_of(id).unwrap();
    whole.split('@').next().unwrap().to_owned()
}

/// Whether an interface gives anything by itself: a function that is not a resource's.
fn is_ability(interface: &Interface) -> bool {
    let mut functions = interface.functions.values();
    functions.any(|function| matches!(function.kind, FunctionKind::Freestanding))
}

fn abilities(resolve: &Resolve, world: &World) -> BTreeSet<String> {
    let imports = interfaces(world.imports.values()).into_iter();
    imports
        .filter(|id| is_ability(&resolve.interfaces[*id]))
        .map(|id| name(resolve, id))
        .collect()
}

/// Every exported interface of a world with its functions.
fn exports(resolve: &Resolve, world: &World) -> Vec<String> {
    let exports = interfaces(world.exports.values()).into_iter();
    let mut exports: Vec<_> = exports
        .map(|id| {
            let interface = &resolve.interfaces[id];
            let functions: Vec<_> = interface.functions.keys().map(String::as_str).collect();
            format!("{}: {}", interface.name.as_deref().unwrap(), functions.join(" "))
        })
        .collect();
    exports.sort();
    exports
}

/// Every interface from which this one takes types, near or far.
fn leans_on(resolve: &Resolve, id: InterfaceId, found: &mut BTreeSet<String>) {
    for id in resolve.interface_direct_deps(id) {
        if is_ability(&resolve.interfaces[id]) {
            found.insert(name(resolve, id));
        }
        leans_on(resolve, id, found);
    }
}

/// Where a named type stands; none for a type without a name and for one that another interface lent.
fn place_of(resolve: &Resolve, ty: &TypeDef) -> Option<String> {
    let (Some(type_name), TypeOwner::Interface(owner)) = (&ty.name, ty.owner) else {
        return None;
    };
    let is_lent = matches!(ty.kind, TypeDefKind::Type(Type::Id(_)));
    (!is_lent).then(|| format!("{} {type_name}", name(resolve, owner)))
}

/// Every item that an author reads about, with its documentation.
fn items(resolve: &Resolve) -> Vec<(String, &Docs)> {
    let mut items = Vec::new();
    for (_, package) in resolve.packages.iter() {
        items.push((package.name.to_string(), &package.docs));
    }
    for (_, world) in resolve.worlds.iter() {
        items.push((format!("world {}", world.name), &world.docs));
    }
    for (id, interface) in resolve.interfaces.iter() {
        let place = name(resolve, id);
        let functions = interface.functions.values();
        items.extend(functions.map(|function| (format!("{place} {}", function.name), &function.docs)));
        items.push((place, &interface.docs));
    }
    for (_, ty) in resolve.types.iter() {
        let Some(place) = place_of(resolve, ty) else {
            continue;
        };
        let parts: Vec<_> = match &ty.kind {
            TypeDefKind::Record(record) => record.fields.iter().map(|f| (&f.name, &f.docs)).collect(),
            TypeDefKind::Variant(variant) => variant.cases.iter().map(|c| (&c.name, &c.docs)).collect(),
            TypeDefKind::Enum(cases) => cases.cases.iter().map(|c| (&c.name, &c.docs)).collect(),
            _ => Vec::new(),
        };
        items.extend(
            parts
                .into_iter()
                .map(|(part, docs)| (format!("{place}.{part}"), docs)),
        );
        items.push((place, &ty.docs));
    }
    items
}

#[test]
fn every_package_has_its_folder_and_its_row_in_the_readme() {
    let folders: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let expected: BTreeSet<_> = PACKAGES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(folders, expected);
    assert_eq!(listed().into_iter().collect::<BTreeSet<_>>(), expected);

    let resolve = packages();
    let named: BTreeSet<_> = resolve
        .packages
        .iter()
        .map(|(_, package)| {
            assert_eq!(package.name.namespace, "openclaw");
            assert!(package.name.version.is_some(), "{} has a version", package.name);
            package.name.name.clone()
        })
        .collect();
    assert_eq!(named, expected);
}

#[test]
fn the_parser_of_cargo_component_reads_what_the_newest_one_reads() {
    let newest = outline!(wit_parser, packages());
    let older = read!(wit_parser_of_cargo_component, listed());
    let older = outline!(wit_parser_of_cargo_component, older);
    assert!(newest.len() > 300, "{} lines", newest.len());
    assert_eq!(newest, older);
}

#[test]
fn the_folders_that_the_readme_gives_authors_suffice_for_a_tool() {
    let text = readme();
    let code = text.split("```rust").nth(1).unwrap().split("```").next().unwrap();
    let folders = code.split('"').filter_map(|part| part.strip_prefix("wit/"));
    let resolve = read!(wit_parser, folders);
    assert!(!world(&resolve, "tool", "tool").imports.is_empty());
}

#[test]
fn every_item_has_a_doc_comment() {
    let resolve = packages();
    let items = items(&resolve);
    assert!(items.len() > 500, "{} items", items.len());
    let bare: Vec<_> = items
        .iter()
        .filter(|(_, docs)| {
            let text = docs.contents.as_deref().unwrap_or_default();
            text.trim().is_empty()
        })
        .map(|(place, _)| place)
        .collect();
    assert!(bare.is_empty(), "without a doc comment: {bare:#?}");
}

#[test]
fn every_enum_and_variant_has_a_place_for_what_is_newer() {
    /// Its third case says the same: neither certainly yes nor certainly no.
    const CLOSED: &str = "openclaw:types/errors sent";
    let resolve = packages();
    let mut seen = 0;
    for (_, ty) in resolve.types.iter() {
        let Some(place) = place_of(&resolve, ty) else {
            continue;
        };
        match &ty.kind {
            TypeDefKind::Enum(cases) if place != CLOSED => {
                assert_eq!(
                    cases.cases.last().unwrap().name,
                    "other",
                    "the last case of {place}"
                );
                seen += 1;
            }
            TypeDefKind::Variant(variant) => {
                let last = variant.cases.last().unwrap();
                assert_eq!(last.name, "other", "the last case of {place}");
                assert!(last.ty.is_some(), "{place} says what the other thing is");
                seen += 1;
            }
            TypeDefKind::Flags(_) => panic!("{place} cannot say `other`: use a list of an enum"),
            _ => {}
        }
    }
    assert!(seen > 30, "{seen} enums and variants");
}

#[test]
fn an_error_has_one_shape_everywhere() {
    let resolve = packages();
    for (id, interface) in resolve.interfaces.iter() {
        for function in interface.functions.values() {
            let Some(Type::Id(result)) = function.result else {
                continue;
            };
            let TypeDefKind::Result(result) = &resolve.types[result].kind else {
                continue;
            };
            let Some(Type::Id(error)) = result.err else {
                panic!("{} {} fails without an error", name(&resolve, id), function.name);
            };
            assert_eq!(resolve.types[error].name.as_deref(), Some("error"));
        }
    }
    let errors = |ty: &&TypeDef| place_of(&resolve, ty).is_some_and(|place| place.ends_with(" error"));
    let shapes: Vec<_> = resolve.types.iter().map(|(_, ty)| ty).filter(errors).collect();
    assert_eq!(shapes.len(), 1);
    let TypeDefKind::Record(record) = &shapes[0].kind else {
        panic!("an error is a record");
    };
    let fields: Vec<_> = record.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, ["code", "message", "retry-after", "sent", "detail"]);
}

#[test]
fn a_tool_can_import_nothing_that_only_a_channel_may_do() {
    let resolve = packages();
    let expected: BTreeSet<_> = COMMON
        .into_iter()
        .chain([
            "openclaw:messaging/outbox",
            "openclaw:model/chat",
            "openclaw:progress/report",
            "openclaw:sockets/dial",
            "openclaw:tools/calls",
        ])
        .map(str::to_owned)
        .collect();
    assert_eq!(abilities(&resolve, world(&resolve, "tool", "tool")), expected);
    assert_eq!(abilities(&resolve, world(&resolve, "tool", "skill")), expected);
}

#[test]
fn a_channel_can_import_nothing_that_only_a_tool_may_do() {
    let resolve = packages();
    let expected: BTreeSet<_> = COMMON
        .into_iter()
        .chain([
            "openclaw:bridge/processes",
            "openclaw:channel/health",
            "openclaw:channel/state",
            "openclaw:http/background",
            "openclaw:messaging/delivery",
            "openclaw:sockets/connections",
            "openclaw:timers/schedule",
        ])
        .map(str::to_owned)
        .collect();
    assert_eq!(
        abilities(&resolve, world(&resolve, "channel", "channel")),
        expected
    );
}

#[test]
fn each_world_exports_what_the_host_calls() {
    const TOOL: &str = "toolbox: describe call";
    const SKILL: &str = "skill-text: instructions";
    const CHANNEL: &str = "adapter: describe capabilities handle send fetch webhook probe login-start login-wait \
                           logout resolve directory normalize-target register-commands";
    let resolve = packages();
    assert_eq!(exports(&resolve, world(&resolve, "tool", "tool")), [TOOL]);
    assert_eq!(exports(&resolve, world(&resolve, "tool", "skill")), [SKILL, TOOL]);
    assert_eq!(
        exports(&resolve, world(&resolve, "channel", "channel")),
        [CHANNEL]
    );
}

#[test]
fn a_tool_sends_nothing_without_a_target() {
    let resolve = packages();
    let places = |wanted: &str| {
        let found = resolve.types.iter().map(|(_, ty)| ty);
        let mut found = found.filter(|ty| place_of(&resolve, ty).as_deref() == Some(wanted));
        found.next().unwrap()
    };
    let TypeDefKind::Variant(posting) = &places("openclaw:messaging/outbox posting").kind else {
        panic!("what a tool sends is a variant");
    };
    for case in &posting.cases {
        let Some(Type::Id(id)) = case.ty else {
            panic!("{} holds nothing", case.name)
        };
        let TypeDefKind::Record(record) = &resolve.types[id].kind else {
            panic!("{} holds a record", case.name)
        };
        let target = record.fields.iter().find(|field| field.name == "target");
        let Some(Type::Id(target)) = target.map(|field| field.ty) else {
            panic!("{} has a target", case.name)
        };
        let name = resolve.types[target].name.as_deref();
        assert_eq!(
            name,
            Some("target"),
            "the target of {} is never absent",
            case.name
        );
    }
}

#[test]
fn exporting_a_world_asks_for_no_ability() {
    let resolve = packages();
    for (_, world) in resolve.worlds.iter() {
        let mut found = BTreeSet::new();
        for id in interfaces(world.exports.values()) {
            leans_on(&resolve, id, &mut found);
        }
        assert!(
            found.is_empty(),
            "the exports of {} drag in {found:?}",
            world.name
        );
    }
}
