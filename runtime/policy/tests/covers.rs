//! What covers what: the order of requests, and that matchers agree with it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{HOSTS, METHODS, PATHS, capabilities, http_rule, join_http, secret_rule};
use openclaw_policy::capability::http::{HttpCall, Scheme};
use openclaw_policy::capability::secrets::{Delivery, SecretRule, Spot};
use openclaw_policy::capability::{Http, Secrets};
use openclaw_policy::words::Words;
use openclaw_policy::{AccountValues, Bytes, Capabilities, Host, HostPattern, PathPattern, RequestPath};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

fn http() -> impl Strategy<Value = Http> {
    prop::collection::vec(http_rule(), 0..4).prop_map(|rules| serde_json::from_value(json!(rules)).unwrap())
}

/// Rules that mostly allow one and the same call, each in its own way.
fn crowded_rule() -> impl Strategy<Value = serde_json::Value> {
    let hosts = select(&["a.example.com", "*.example.com", "${account.server}", "other.org"][..]);
    let parts = (hosts, select(&["/", "/api", "/ap*"][..]), 1..4_u8, any::<bool>());
    parts.prop_map(|(host, path, size, private)| {
        let private = private && !host.starts_with('*');
        json!({"host": host, "paths": [path], "maxBody": format!("{size} MiB"), "private": private})
    })
}

/// Whether the narrowest rule of exactly this call, with the body that may go to an address of each kind, is
/// covered.
fn holds_what_it_allows(rules: &Http, call: &HttpCall<'_>) -> bool {
    let Ok(allowed) = rules.resolve(&values()).judge(call) else {
        return true;
    };
    let covers = |host: &str, body: Bytes, is_private: bool| {
        let rule = json!([{
            "scheme": call.scheme, "host": host, "methods": [call.method], "paths": [call.path.as_str()],
            "maxBody": body, "private": is_private,
        }]);
        rules.covers(&serde_json::from_value(rule).unwrap())
    };
    let host = call.host.to_string();
    [false, true].into_iter().all(|is_private| {
        let held = |body| covers(&host, body, is_private) || covers("${account.server}", body, is_private);
        allowed.body(is_private).is_none_or(held)
    })
}

fn secrets() -> impl Strategy<Value = Secrets> {
    prop::collection::vec(secret_rule(), 0..6).prop_map(|rules| serde_json::from_value(json!(rules)).unwrap())
}

fn values() -> AccountValues {
    AccountValues::from([("server".to_owned(), "a.example.com".to_owned())])
}

proptest! {
    #[test]
    fn a_request_covers_itself_and_nothing_lacks(asked in capabilities()) {
        prop_assert!(asked.covers(&asked));
        prop_assert!(asked.difference(&asked).is_empty());
        prop_assert!(asked.covers(&Capabilities::default()));
        prop_assert_eq!(Capabilities::default().difference(&asked), asked);
    }

    #[test]
    fn covering_is_handed_on_through_wider_and_wider_rules(rules in prop::collection::vec(http_rule(), 3..6)) {
        let take = |count: usize| serde_json::from_value::<Http>(json!(rules[..count])).unwrap();
        let (small, middle, large) = (take(1), take(2), take(rules.len()));
        prop_assert!(large.covers(&middle) && middle.covers(&small) && large.covers(&small));
        // Two sets that cover each other are one.
        prop_assert_eq!(small.covers(&large), small == large);
    }

    #[test]
    fn a_grant_and_the_difference_make_the_request(granted in http(), asked in http()) {
        let difference = granted.difference(&asked);
        prop_assert!(asked.covers(&difference));
        prop_assert!(join_http(granted.rules(), difference.rules()).covers(&asked));
        prop_assert_eq!(difference.is_empty(), granted.covers(&asked));
    }

    #[test]
    fn the_normal_form_is_its_own_and_survives_storage(asked in capabilities()) {
        let stored = serde_json::to_string(&asked).unwrap();
        prop_assert_eq!(serde_json::from_str::<Capabilities>(&stored).unwrap(), asked);
    }

    #[test]
    fn what_a_matcher_allows_every_covering_grant_allows(
        wide in http(), narrow in http(), scheme in select(&[Scheme::Https, Scheme::Http][..]),
        host in select(&["a.example.com", "b.a.example.com", "example.com", "10.0.0.1", "other.org"][..]),
        method in select(METHODS),
        path in select(&["/", "/api", "/api/v1/x", "/api/v2", "/apix", "/x/v1", "/api/../x", "/other"][..]),
    ) {
        let (host, path): (Host, RequestPath) = (host.parse().unwrap(), path.parse().unwrap());
        let call = HttpCall { scheme, host: &host, port: scheme.port(), method, path: &path };
        let joined = join_http(wide.rules(), narrow.rules());
        for wide in [&wide, &joined] {
            if wide.covers(&narrow) && let Ok(allowed) = narrow.resolve(&values()).judge(&call) {
                let granted = wide.resolve(&values()).judge(&call).unwrap();
                for is_private in [false, true] {
                    prop_assert!(granted.body(is_private) >= allowed.body(is_private));
                }
            }
        }
        prop_assert!(path.as_str().contains("..") || holds_what_it_allows(&joined, &call));
    }

    #[test]
    fn what_rules_allow_together_one_of_them_holds(rules in prop::collection::vec(crowded_rule(), 1..5)) {
        let rules: Http = serde_json::from_value(json!(rules)).unwrap();
        let (host, path): (Host, RequestPath) = ("a.example.com".parse().unwrap(), "/api".parse().unwrap());
        let call = HttpCall { scheme: Scheme::Https, host: &host, port: 443, method: "GET", path: &path };
        prop_assert!(holds_what_it_allows(&rules, &call));
    }

    #[test]
    fn patterns_match_what_patterns_they_cover_match(
        wide in select(PATHS), narrow in select(PATHS), path in "(/(api|ap|v1|v2|other|x)?){1,4}",
        wide_host in select(HOSTS), narrow_host in select(HOSTS), host in "((a|b|x)\\.){0,3}example\\.(com|org)",
    ) {
        let (wide, narrow): (PathPattern, PathPattern) = (wide.parse().unwrap(), narrow.parse().unwrap());
        let path: RequestPath = path.parse().unwrap();
        prop_assert!(!(wide.covers(&narrow) && narrow.matches(&path)) || wide.matches(&path));
        let (wide, narrow): (HostPattern, HostPattern) = (wide_host.parse().unwrap(), narrow_host.parse().unwrap());
        let host: Host = host.parse().unwrap();
        prop_assert!(!(wide.covers(&narrow) && narrow.matches(&host)) || wide.matches(&host));
        prop_assert_eq!(wide.covers(&HostPattern::Exact(host.clone())), wide.matches(&host));
    }

    #[test]
    fn normalising_twice_changes_nothing(path in "/[!-~]{0,40}", host in "[0-9a-zA-Zx.]{1,24}", hostile in any::<String>()) {
        for text in [&path, &hostile] {
            if let Ok(path) = text.parse::<RequestPath>() {
                let again: RequestPath = path.as_str().parse().unwrap();
                prop_assert_eq!(&again, &path);
            }
            if let Ok(pattern) = text.parse::<PathPattern>() {
                let printed = pattern.to_string();
                prop_assert_eq!(printed.parse::<PathPattern>().unwrap(), pattern);
            }
        }
        for text in [&host, &hostile] {
            if let Ok(host) = text.parse::<Host>() {
                let printed = host.to_string();
                prop_assert_eq!(printed.parse::<Host>().unwrap(), host);
            }
        }
    }

    #[test]
    fn a_narrow_pattern_never_lets_a_path_out(tail in "[a-z./%2eEfF5cC;\\\\]{0,24}") {
        let granted: PathPattern = "/api".parse().unwrap();
        let Ok(path) = format!("/api/{tail}").parse::<RequestPath>() else { return Ok(()) };
        if granted.matches(&path) {
            // Decoded as often as a careless server might, it still has no step upwards.
            let mut text = path.as_str().to_owned();
            for _ in 0..3 {
                text = text.replace("%2e", ".").replace("%2E", ".").replace("%2f", "/").replace("%2F", "/");
                text = text.replace("%5c", "/").replace("%5C", "/").replace('\\', "/").replace("%25", "%");
                prop_assert!(!text.split(['/', ';']).any(|segment| segment == ".."), "{}", text);
            }
        }
    }
}

/// What the most careless of servers makes of a path: all codes are decoded, also those that are no UTF-8, what
/// looks like a dot or slash is one, and spaces and what nobody sees are dropped.
fn read_carelessly(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next().unwrap()).to_digit(16).unwrap();
        bytes.push(if byte == b'%' {
            u8::try_from(digit() * 16 + digit()).unwrap()
        } else {
            byte
        });
    }
    let overlong = |bytes: Vec<u8>, form: &[u8], meant: u8| {
        let mut read = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((first, others)) = rest.split_first() {
            match rest.strip_prefix(form) {
                Some(behind) => {
                    read.push(meant);
                    rest = behind;
                }
                None => {
                    read.push(*first);
                    rest = others;
                }
            }
        }
        read
    };
    for (form, meant) in [
        (&b"\xc0\xae"[..], b'.'),
        (b"\xc0\xaf", b'/'),
        (b"\xe0\x80\xae", b'.'),
    ] {
        bytes = overlong(bytes, form, meant);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let text = text
        .replace(['\u{ff0f}', '\u{ff3c}', '\\', ';'], "/")
        .replace('\u{ff0e}', ".");
    text.replace([' ', '\u{a0}', '\u{200b}', '\0'], "")
}

proptest! {
    #[test]
    fn no_careless_reading_leads_out_of_a_narrow_pattern(pieces in prop::collection::vec(select(&[
        ".", "..", "..", "/", "/", "/", "x", ";", "%20", "%2e", "%2f", "%5c", "%00", "%c0%ae", "%c0%af", "%e0%80%ae", "%c2%a0",
        "%ef%bc%8e", "%ef%bc%8f", "%ef%bc%bc", "%e2%80%8b", "%ff",
    ][..]), 0..8)) {
        let granted: PathPattern = "/api".parse().unwrap();
        let Ok(path) = format!("/api/{}", pieces.concat()).parse::<RequestPath>() else { return Ok(()) };
        if granted.matches(&path) {
            let read = read_carelessly(path.as_str());
            prop_assert!(!read.split('/').any(|segment| segment == ".."), "{}", read);
        }
    }

    #[test]
    fn where_a_secret_may_go_every_covering_grant_lets_it_go(
        wide in secrets(), narrow in secrets(), is_encrypted in any::<bool>(),
        host in select(&["a.example.com", "b.a.example.com", "example.com", "10.0.0.1", "other.org"][..]),
        spot in select(&[
            Spot::Header("authorization"), Spot::Query("key"), Spot::PathSegment, Spot::Json("/token"),
            Spot::Form("secret"), Spot::Line("PASS "), Spot::Line("PASS oauth:"), Spot::Line("QUIT "),
        ][..]),
    ) {
        let joined = Secrets::new([wide.rules(), narrow.rules()].concat()).unwrap();
        let host: Host = host.parse().unwrap();
        let delivery = Delivery { host: &host, is_encrypted, spot };
        let may_send = |secrets: &Secrets| secrets.resolve(&values()).may_send("one", &delivery);
        for wide in [&wide, &joined] {
            prop_assert!(!(wide.covers(&narrow) && may_send(&narrow)) || may_send(wide));
        }
        prop_assert_eq!(may_send(&joined), may_send(&wide) || may_send(&narrow));
    }
}

#[test]
fn covering_is_an_order() {
    let mut all = vec![json!({})];
    for host in HOSTS {
        all.push(json!({"http": [{"host": host}]}));
        all.push(json!({"http": [{"host": host, "methods": ["GET"], "maxBody": "1 MiB"}]}));
        all.push(json!({"sockets": [{"transport": "wss", "host": host}]}));
        if *host != "*" {
            all.push(json!({"secrets": [{"name": "a", "audience": [host], "places": ["path segment"], "hmac": true}]}));
        }
    }
    for path in PATHS {
        all.push(json!({"http": [{"host": "a.example.com", "paths": [path], "methods": ["GET"]}]}));
        all.push(json!({"sockets": [{"transport": "wss", "host": "a.example.com", "paths": [path]}]}));
    }
    all.push(json!({"http": [{"host": "a.example.com", "private": true}]}));
    all.extend(["ro", "rw"].map(|access| json!({"files": [{"path": "/a", "access": access}]})));
    all.extend([1, 2, 3].map(|count| json!({"kv": {"quota": format!("{count} KiB"), "entries": 5}})));
    all.extend([1, 2, 3].map(|count| json!({"model": {"calls": count, "tokens": 4}})));
    all.push(json!({"model": {"calls": 2, "tokens": 4, "models": ["a/b"]}}));
    all.extend(
        ["line PASS", "line PASS a:", "line PASSWORD", "form a", "query a"].map(
            |place| json!({"secrets": [{"name": "a", "audience": ["a.example.com"], "places": [place]}]}),
        ),
    );
    all.extend([false, true].map(
        |open| json!({"secrets": [{"name": "a", "audience": ["*.example.com"], "places": ["line PASS"], "plaintext": open}]}),
    ));
    all.push(json!({"secrets": [{"name": "a", "capture": true}]}));
    all.extend(
        ["*", "irc:*", "irc:a*", "irc:ab*", "irc:ab"].map(|target| json!({"messaging": {"send": [target]}})),
    );
    all.push(json!({"bridge": ["a"], "env": ["A"], "tools": {"a": "b"}}));
    all.push(json!({"bridge": ["a", "b"], "env": ["A", "B"], "tools": {"a": "b", "c": "d"}}));
    let all: Vec<Capabilities> = all
        .into_iter()
        .map(|value| serde_json::from_value(value).unwrap())
        .collect();
    let covers: Vec<Vec<bool>> = all
        .iter()
        .map(|a| all.iter().map(|b| a.covers(b)).collect())
        .collect();
    let indices = || 0..all.len();
    let mut steps = 0;
    for (a, b) in indices().flat_map(|a| indices().map(move |b| (a, b))) {
        assert!(
            !(covers[a][b] && covers[b][a]) || all[a] == all[b],
            "{:?} {:?}",
            all[a],
            all[b]
        );
        for c in indices().filter(|c| covers[a][b] && covers[b][*c]) {
            assert!(covers[a][c], "{:?} {:?} {:?}", all[a], all[b], all[c]);
            steps += usize::from(a != b && b != c);
        }
    }
    assert!(steps > 300, "the cases hardly cover each other: {steps}");
}

#[test]
fn a_rule_without_its_account_grants_nothing() {
    let rules = json!([{"host": "${account.server}"}]);
    let http: Http = serde_json::from_value(rules).unwrap();
    let (host, path): (Host, RequestPath) = ("a.example.com".parse().unwrap(), "/".parse().unwrap());
    let call = HttpCall {
        scheme: Scheme::Https,
        host: &host,
        port: 443,
        method: "GET",
        path: &path,
    };
    assert!(http.resolve(&AccountValues::new()).judge(&call).is_err());
    assert!(http.resolve(&values()).judge(&call).is_ok());
    assert!(
        http.resolve(&values())
            .judge(&HttpCall { port: 8443, ..call })
            .is_err()
    );
    assert!(
        http.resolve(&values())
            .judge(&HttpCall {
                method: "get",
                ..call
            })
            .is_err()
    );
}

#[test]
fn rights_of_two_rules_are_not_joined_to_one_that_neither_has() {
    let rules = json!([
        {"host": "nas.example.com", "private": true, "maxBody": "1 MiB", "methods": ["GET"], "paths": ["/status"]},
        {"host": "*.example.com", "maxBody": "1 GiB", "methods": ["GET"]},
    ]);
    let http: Http = serde_json::from_value(rules).unwrap();
    let (host, path): (Host, RequestPath) = ("nas.example.com".parse().unwrap(), "/status".parse().unwrap());
    let call = HttpCall {
        scheme: Scheme::Https,
        host: &host,
        port: 443,
        method: "GET",
        path: &path,
    };
    let allowed = http.resolve(&AccountValues::new()).judge(&call).unwrap();
    assert_eq!(allowed.body(true).unwrap().to_string(), "1 MiB");
    assert_eq!(allowed.body(false).unwrap().to_string(), "1 GiB");
}

fn may_send(secrets: &Secrets, host: &str, spot: Spot<'_>, is_encrypted: bool) -> bool {
    let host: Host = host.parse().unwrap();
    let delivery = Delivery {
        host: &host,
        is_encrypted,
        spot,
    };
    secrets
        .resolve(&AccountValues::new())
        .may_send("token", &delivery)
}

#[test]
fn a_secret_goes_only_to_the_host_and_place_of_one_rule() {
    let rules = json!([
        {"name": "token", "audience": ["api.example.com"]},
        {"name": "token", "audience": ["*.cdn.example.com"], "places": ["query key"], "hmac": true},
        {"name": "token", "audience": ["irc.example.com"], "places": ["line PASS", "form client_secret"]},
    ]);
    let secrets: Secrets = serde_json::from_value(rules).unwrap();
    let may = |host: &str, spot| may_send(&secrets, host, spot, true);
    assert!(may("api.example.com", Spot::Header("Authorization")));
    assert!(may("x.cdn.example.com", Spot::Query("key")));
    assert!(!may("api.example.com", Spot::Query("key")));
    assert!(!may("x.cdn.example.com", Spot::Header("authorization")));
    assert!(!may("cdn.example.com", Spot::Query("key")) && !may("api.example.com", Spot::Json("/text")));
    assert!(
        may("irc.example.com", Spot::Line("PASS ")) && !may("irc.example.com", Spot::Line("PRIVMSG #a :"))
    );
    assert!(
        may("irc.example.com", Spot::Form("client_secret")) && !may("irc.example.com", Spot::Form("text"))
    );
    let matcher = secrets.resolve(&AccountValues::new());
    assert!(matcher.may_look_up("token") && !matcher.may_look_up("other"));
    assert!(matcher.may_hmac("token") && !matcher.may_sign("token") && !matcher.may_reveal("token"));
}

#[test]
fn a_secret_is_not_sent_in_the_open_unless_its_rule_says_so() {
    let secrets = |plaintext: bool| {
        let rules = json!([{"name": "token", "audience": ["irc.example.com"], "plaintext": plaintext}]);
        serde_json::from_value::<Secrets>(rules).unwrap()
    };
    let spot = Spot::Header("authorization");
    for plaintext in [false, true] {
        assert!(may_send(&secrets(plaintext), "irc.example.com", spot, true));
        assert_eq!(
            may_send(&secrets(plaintext), "irc.example.com", spot, false),
            plaintext
        );
    }
    assert!(secrets(true).covers(&secrets(false)) && !secrets(false).covers(&secrets(true)));
    let words = |secrets: Secrets| secrets.lines().first().unwrap().to_string();
    assert!(words(secrets(true)).starts_with("!!") && words(secrets(true)).contains("everybody on the way"));
    assert!(words(secrets(false)).starts_with(" -"));
}

#[test]
fn only_a_name_that_was_granted_for_it_takes_captured_tokens() {
    let rules = json!([
        {"name": "session", "audience": ["api.example.com"], "capture": true},
        {"name": "token", "audience": ["api.example.com"], "hmac": true},
    ]);
    let secrets: Secrets = serde_json::from_value(rules).unwrap();
    let matcher = secrets.resolve(&AccountValues::new());
    assert!(matcher.may_capture("session") && !matcher.may_capture("token") && !matcher.may_capture("other"));
    assert!(
        secrets
            .lines()
            .iter()
            .any(|line| line.text().contains("token that a server gives it"))
    );
}

#[test]
fn what_was_read_once_is_read_again_however_its_normal_form_is_grouped() {
    // Two places with overlapping audiences: the normal form has a rule for each set of places.
    let hosts = |range: std::ops::Range<u32>| range.map(|n| format!("h{n}.example.com")).collect::<Vec<_>>();
    let mut rules: Vec<SecretRule> = Vec::new();
    for place in 0..7_u32 {
        let numbered = hosts(0..70).into_iter().zip(1_u32..);
        let audience = numbered.filter(|(_, n)| n >> place & 1 == 1);
        let audience: Vec<_> = audience.map(|(host, _)| host).collect();
        let rule = json!({"name": "token", "audience": audience, "places": [format!("query k{place}")], "hmac": true});
        rules.push(serde_json::from_value(rule).unwrap());
    }
    let secrets = Secrets::new(rules.clone()).unwrap();
    assert!(secrets.rules().len() > 5 * rules.len());
    let stored = serde_json::to_string(&secrets).unwrap();
    assert_eq!(serde_json::from_str::<Secrets>(&stored).unwrap(), secrets);
}

#[test]
fn requests_that_could_not_be_judged_are_refused() {
    for (kind, rules, why) in [
        (
            "http",
            json!([{"host": "*.example.com", "private": true}]),
            "needs a host by name",
        ),
        ("http", json!([{"host": "a.example", "methods": []}]), "no method"),
        (
            "http",
            json!([{"host": "a.example", "methods": ["TRACE"]}]),
            "TRACE",
        ),
        (
            "sockets",
            json!([{"transport": "tcp", "host": "a.example"}]),
            "needs a port",
        ),
        (
            "sockets",
            json!([{"transport": "tls", "host": "a.example", "port": 1, "paths": ["/x"]}]),
            "has paths",
        ),
        (
            "secrets",
            json!([{"name": "a", "audience": ["*"]}]),
            "name the hosts",
        ),
        ("secrets", json!([{"name": "a"}]), "could not be used"),
        (
            "secrets",
            json!([{"name": "a", "hmac": true, "places": ["path segment"]}]),
            "no audience",
        ),
        (
            "secrets",
            json!([{"name": "a", "hmac": true, "plaintext": true}]),
            "no audience",
        ),
        (
            "http",
            json!([{"host": "a.example", "maxBody": "17179869183 GiB"}]),
            "ask for less",
        ),
        (
            "secrets",
            json!([{"name": "a", "audience": ["a.example"], "places": ["header Host"]}]),
            "frames the request",
        ),
        (
            "files",
            json!([{"path": "/a", "access": "ro"}, {"path": "/a/b", "access": "rw"}]),
            "overlap",
        ),
    ] {
        let error = serde_json::from_value::<Capabilities>(json!({kind: rules}))
            .unwrap_err()
            .to_string();
        assert!(error.contains(why), "{kind}: {error}");
    }
}

#[test]
fn too_many_permissions_are_refused_before_they_are_expanded() {
    let paths: Vec<_> = (0..257).map(|n| format!("/p{n}")).collect();
    let error =
        serde_json::from_value::<Http>(json!([{"host": "a.example", "methods": ["GET"], "paths": paths}]));
    assert!(error.unwrap_err().to_string().contains("at most 256"));
}
