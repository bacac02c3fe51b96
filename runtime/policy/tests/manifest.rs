//! Manifests: what is read, and how what is wrong is told.
#![allow(clippy::unwrap_used, missing_docs)]

use openclaw_policy::words::Words;
use openclaw_policy::{Error, Limit, Manifest, World};
use proptest::prelude::*;

fn parse(text: &str) -> Result<Manifest, Error> {
    Manifest::parse(text.as_bytes())
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

const PAGE: &str = include_str!("../../../docs/src/reference/manifest.md");

/// The example of the page in the book: its only block that is a whole manifest.
fn example() -> &'static str {
    let blocks = PAGE.split("```").skip(1).step_by(2);
    let bodies = blocks.filter_map(|block| block.split_once('\n').map(|(_, body)| body));
    bodies
        .into_iter()
        .find(|body| body.contains("configSchema"))
        .unwrap()
}

#[test]
fn the_example_of_the_book_is_a_manifest() {
    let manifest = parse(example()).unwrap();
    assert_eq!(manifest.component.as_ref().unwrap().world, Some(World::Channel));
    assert!(manifest.lines().len() > 10);
    insta::assert_snapshot!(
        manifest
            .lines()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn the_page_names_every_limit_with_its_values() {
    for limit in Limit::ALL {
        let (usual, ceiling) = (limit.usual(), limit.usual_ceiling());
        let values = format!("| {usual} | {ceiling} |");
        let names =
            |line: &&str| line.starts_with(&format!("| `{}` ", limit.key())) && line.ends_with(&values);
        assert_eq!(PAGE.lines().filter(names).count(), 1, "{}: {values}", limit.key());
    }
}

#[test]
fn the_keys_of_openclaw_are_known() {
    let manifest = parse(
        r"{ id: 'memory-core', configSchema: {}, name: 'M', kind: 'memory', channels: ['irc'], providers: [], cliBackends: [],
            skills: ['./skills'], commands: [], cliCommands: {}, contracts: { tools: ['t'], speechProviders: ['s'] }, icon: 'x',
            channelConfigs: { irc: { schema: {} } }, uiHints: { 'a.b': { label: 'L', sensitive: true, width: 3 } },
            enabledByDefault: true, requiresPlugins: ['x'], legacyPluginIds: [], activation: { onStartup: true }, setup: {},
            providerAuthChoices: [], modelSupport: {}, modelCatalog: {}, providerEndpoints: [], mcpServers: {},
            backupResources: [], secretProviderIntegrations: {}, configContracts: {}, version: '1', description: 'd' }",
    );
    let manifest = manifest.unwrap();
    assert_eq!(manifest.contracts.tools, ["t".parse().unwrap()]);
    assert!(manifest.contracts.other.contains_key("speechProviders"));
    assert!(manifest.ui_hints.get("a.b").unwrap().sensitive);
    assert_eq!(manifest.kind.len(), 1);
}

#[test]
fn a_misspelled_key_is_told_with_its_line_and_the_nearest() {
    let error = refusal("{\n id: 'a',\n configSchema: {},\n capability: {} }");
    insta::assert_snapshot!(error, @r#"line 4: capability: "capability" is no known key; did you mean "capabilities"?"#);
    let error = refusal("{ id: 'a', configSchema: {},\n capabilities: { http: [ {\n hots: 'x' } ] } }");
    insta::assert_snapshot!(error, @r#"line 3: capabilities.http[0].hots: "hots" is no known key; did you mean "host"?"#);
    let error = refusal("{ id: 'a', configSchema: {}, limits: {\n hostcalls: '1 MiB' } }");
    insta::assert_snapshot!(error, @r#"line 2: limits.hostcalls: "hostcalls" is no known value; did you mean "hostCalls"?"#);
}

#[test]
fn a_wrong_value_is_told_with_its_place_and_what_to_do() {
    let error = refusal("{ id: '../a', configSchema: {} }");
    insta::assert_snapshot!(error, @r#"line 1: id: id "../a" must be letters, digits, "_" and "-", 64 at most, and begin with a letter or digit"#);
    let error =
        refusal("{ id: 'a', configSchema: {}, capabilities: { http: [\n { host: 'bücher.example' } ] } }");
    insta::assert_snapshot!(error, @r#"line 2: capabilities.http[0].host: host "bücher.example" is not ASCII; write its punycode form, xn--…"#);
    let error = refusal("{ id: 'a', configSchema: {}, limits: { cpu: 0 } }");
    insta::assert_snapshot!(error, @r#"line 1: limits: cpu: time "0" must be a text, as in "2 s""#);
    let error = refusal("{ id: 'a', configSchema: {}, limits: { cpu: '2 h' } }");
    insta::assert_snapshot!(error, @"line 1: limits: cpu: limit cpu: 2 h is outside of its range, 1 ms to 1 h");
    let error = refusal("{ configSchema: {} }");
    insta::assert_snapshot!(error, @"line 1: the manifest: missing field `id`");
}

#[test]
fn a_key_that_is_passed_on_is_refused_if_a_slip_made_it_unknown() {
    for (keys, meant) in [
        ("contracts: { tool: ['x'] }", "tools"),
        ("contracts: { toolz: ['x'] }", "tools"),
        ("uiHints: { a: { sensitivo: true } }", "sensitive"),
        ("uiHints: { a: { Sensitive: true } }", "sensitive"),
    ] {
        let error = refusal(&format!("{{ id: 'a', configSchema: {{}},\n {keys} }}"));
        assert!(
            error.starts_with("line 2: ") && error.contains(&format!("did you mean \"{meant}\"")),
            "{error}"
        );
    }
    assert!(
        parse(
            "{ id: 'a', configSchema: {}, uiHints: { a: { width: 3 } }, contracts: { speechProviders: [] } }"
        )
        .is_ok()
    );
}

#[test]
fn a_list_is_no_object() {
    for keys in [
        "capabilities: { http: [['http', 'evil.example', 8080, ['POST'], ['/x'], '1 MiB', false]] }",
        "capabilities: { files: [['/data', 'rw', 'harmless']] }",
        "capabilities: { model: [1, 5] }",
        "capabilities: [[{ host: 'a.example' }]]",
        "component: ['x.wasm', 'tool', null]",
        "uiHints: { a: ['L'] }",
        "contracts: ['x']",
    ] {
        let error = refusal(&format!("{{ id: 'a', configSchema: {{}}, {keys} }}"));
        assert!(error.contains("must be an object"), "{keys}: {error}");
    }
    assert!(refusal("['a', {}]").contains("must be an object"));
}

#[test]
fn a_request_that_its_world_has_no_use_for_is_refused() {
    let asks = |world: &str, asks: &str| {
        format!("{{ id: 'a', configSchema: {{}}, component: {{ {world} }}, capabilities: {{ {asks} }} }}")
    };
    let (channel, tool) = ("world: 'channel'", "world: 'tool'");
    for (world, keys) in [
        (channel, "messaging: { send: ['irc:*'] }"),
        (channel, "tools: { a: 'b' }"),
        (channel, "model: { calls: 1, tokens: 1 }"),
        (tool, "bridge: ['x']"),
        ("world: 'skill'", "bridge: ['x']"),
        (tool, "http: [{ host: '${account.server}' }]"),
        ("", "http: [{ host: '${account.server}' }]"),
    ] {
        let error = refusal(&asks(world, keys));
        assert!(error.contains("leave it out"), "{world} {keys}: {error}");
        let other = if world == channel { tool } else { channel };
        assert!(parse(&asks(other, keys)).is_ok(), "{other} {keys}");
    }
    let serves = asks("", "http: [{ host: '${account.server}' }]").replace("id:", "channels: ['irc'], id:");
    assert!(parse(&serves).is_ok());
}

#[test]
fn names_are_names_and_stand_once() {
    for keys in [
        "contracts: { tools: [''] }",
        "contracts: { tools: ['\\u001b[2J'] }",
        "contracts: { tools: ['exec', 'exec'] }",
        "contracts: { tools: ['1st'] }",
        "channels: ['../x']",
        "channels: ['irc', 'irc']",
        "providers: ['']",
        "cliBackends: ['a b']",
        "legacyPluginIds: ['../x']",
        "requiresPlugins: ['@openclaw']",
        "requiresPlugins: ['@a/../b']",
        "capabilities: { tools: { _x: 'y' } }",
    ] {
        assert!(
            parse(&format!("{{ id: 'a', configSchema: {{}}, {keys} }}")).is_err(),
            "{keys}"
        );
    }
    let alias = refusal("{ id: 'a', configSchema: {}, capabilities: { tools: { _x: 'y' } } }");
    assert!(alias.contains("must begin with a letter"), "{alias}");
    assert!(
        parse(
            "{ id: 'a', configSchema: {}, requiresPlugins: ['@openclaw/x', 'y'], legacyPluginIds: ['@a/b'] }"
        )
        .is_ok()
    );
    let port = refusal(
        "{ id: 'a', configSchema: {}, capabilities: { http: [{ host: 'a.example', port: '443' }] } }",
    );
    assert!(port.contains("without quotes"), "{port}");
}

#[test]
fn manifests_of_openclaw_are_read() {
    let manifest = parse(
        "{ $schema: 'x', id: 'a', configSchema: { type: 'object', type: 'object' }, providerAuthEnvVars: {}, categories: [],
            providerCatalogEntry: 'x', toolMetadata: {}, controlUi: {}, commandAliases: [], syntheticAuthRefs: [],
            modelPricing: {}, capabilities: { register: ['x'], runtime: [] } }",
    );
    assert!(manifest.unwrap().capabilities.is_empty());
    let mixed = refusal("{ id: 'a', configSchema: {}, capabilities: { register: [], env: ['A'] } }");
    assert!(mixed.contains("\"register\" is no known key"), "{mixed}");
    assert!(refusal("{ id: 'a', id: 'b', configSchema: {} }").contains("stands twice"));
    let deep = refusal("{ id: 'a', configSchema: {},\n component: {\n capabilities: {} } }");
    insta::assert_snapshot!(deep, @r#"line 3: component.capabilities: "capabilities" stands beside "component" and not in it; move it to the top"#);
}

#[test]
fn a_manifest_of_many_alike_paths_is_read_within_a_moment() {
    let text = |segments: usize, count: usize| {
        let paths: Vec<_> = (0..count)
            .map(|n| format!("'{}/p{n}'", "/a".repeat(segments)))
            .collect();
        let rule = format!(
            "{{ host: 'a.example', methods: ['GET'], paths: [{}] }}",
            paths.join(",")
        );
        format!("{{ id: 'a', configSchema: {{}}, capabilities: {{ http: [{rule}] }} }}")
    };
    assert!(refusal(&text(100, 1)).contains("more than 16 segments"));
    assert!(refusal(&text(15, 257)).contains("at most 256"));
    assert_eq!(parse(&text(15, 256)).unwrap().capabilities.http.rules().len(), 1);
}

#[test]
fn a_quota_has_one_place_and_an_account_needs_a_channel() {
    assert!(
        refusal("{ id: 'a', configSchema: {}, limits: { kv: '1 MiB' } }").contains("capabilities.kv.quota")
    );
    let tool = "{ id: 'a', configSchema: {}, component: { world: 'tool' }, capabilities: { http: [{ host: '${account.server}' }] } }";
    assert!(refusal(tool).contains("this is no channel"));
    assert!(parse(&tool.replace("'tool'", "'channel'")).is_ok());
    let stored = parse("{ id: 'a', configSchema: {}, capabilities: { kv: { quota: '3 MiB' } } }").unwrap();
    assert_eq!(stored.requested_limits().get(Limit::Kv).unwrap().get(), 3 << 20);
}

#[test]
fn a_path_stays_in_the_package() {
    for path in ["/etc/x", "../x", "a/../../x", "a\\\\b", "c:x", "", "."] {
        let text = format!("{{ id: 'a', configSchema: {{}}, component: {{ file: '{path}' }} }}");
        assert!(refusal(&text).contains("stay inside the package"), "{path}");
    }
}

#[test]
fn an_error_shows_nothing_that_a_terminal_obeys() {
    for text in [
        "{ id: '\\u001b[2J', configSchema: {} }",
        "{ id: 'a', configSchema: {}, '\\u001b]0;x\\u0007': 1 }",
        "{ '\\u202e': 1, '\\u202e': 2 }",
        "{ id: 'a', configSchema: {}, capabilities: { files: [{ path: '/\\u001b', access: 'ro' }] } }",
    ] {
        let error = refusal(text);
        assert!(
            !error.contains(|c: char| c.is_control() || c == '\u{202e}'),
            "{error:?}"
        );
    }
}

/// Texts that look like manifests, with a random scalar at random places.
fn manifests() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("{}".to_owned()),
        Just("[]".to_owned()),
        Just("null".to_owned()),
    ];
    let cut = any::<prop::sample::Index>();
    (scalar, cut, any::<bool>()).prop_map(|(scalar, cut, truncate)| {
        let places: Vec<_> = example().match_indices(": ").map(|(at, _)| at).collect();
        let at = *cut.get(&places);
        let (head, rest) = example().split_at(at);
        if truncate {
            return head.to_owned();
        }
        let end = rest.find([',', '\n', '}', ']']).unwrap_or(rest.len());
        format!("{head}: {scalar}{}", rest.get(end..).unwrap_or_default())
    })
}

proptest! {
    #[test]
    fn no_bytes_stop_the_parser(bytes in any::<Vec<u8>>()) {
        let _ = Manifest::parse(&bytes);
    }

    #[test]
    fn no_manifest_shows_what_a_terminal_obeys(text in manifests()) {
        let shown = match Manifest::parse(text.as_bytes()) {
            Ok(manifest) => manifest.lines().iter().map(ToString::to_string).collect(),
            Err(error) => vec![error.to_string()],
        };
        for line in shown {
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
        }
    }
}
