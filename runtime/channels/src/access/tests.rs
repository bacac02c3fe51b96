use serde_json::{Value, json};

use super::*;

fn person(id: &str) -> Person {
    Person {
        id: id.to_owned(),
        other_ids: Vec::new(),
        name: Some("Ann".to_owned()),
        username: Some("ann".to_owned()),
        phone: None,
        is_bot: false,
        is_self: false,
        roles: Vec::new(),
    }
}

fn rules_in(config: Value, channel: Value) -> Rules {
    let config: Config = serde_json::from_value(config).unwrap();
    let common = serde_json::from_value(channel).unwrap();
    Rules::new(
        &config,
        "telegram",
        common,
        &["telegram".to_owned(), "tg".to_owned()],
    )
}

fn rules(channel: Value) -> Rules {
    rules_in(json!({}), channel)
}

fn direct(channel: Value, id: &str, is_paired: bool) -> Direct {
    rules(channel).direct(Some(&person(id)), is_paired)
}

fn in_group(rules: &Rules, id: &str, sender: &str, mention: Mention) -> Room {
    rules.room(&RoomFacts {
        ids: [id, id],
        thread: None,
        sender: Some(&person(sender)),
        mention,
        is_matched: false,
        is_command: false,
    })
}

fn is_drop(room: Room) -> bool {
    matches!(room, Room::Drop(_))
}

#[test]
fn a_stranger_gets_a_code_unless_the_policy_says_otherwise() {
    assert_eq!(direct(json!({}), "1", false), Direct::Pair);
    for policy in ["allowlist", "open", "disabled"] {
        let verdict = direct(json!({ "dmPolicy": policy }), "1", false);
        assert!(matches!(verdict, Direct::Drop(_)), "{policy}: {verdict:?}");
    }
}

#[test]
fn who_is_listed_or_paired_may_write_directly() {
    for entry in [json!(1), json!("telegram:1"), json!("TG:1"), json!(" 1 ")] {
        for policy in ["pairing", "allowlist", "open"] {
            let channel = json!({ "dmPolicy": policy, "allowFrom": [entry] });
            assert_eq!(direct(channel, "1", false), Direct::Admit, "{policy} {entry}");
        }
    }
    assert_eq!(direct(json!({}), "1", true), Direct::Admit);
}

#[test]
fn who_was_let_in_by_a_code_counts_only_while_codes_do() {
    for policy in ["allowlist", "open", "disabled"] {
        let channel = json!({ "dmPolicy": policy, "allowFrom": ["2"] });
        let verdict = direct(channel.clone(), "1", true);
        assert!(matches!(verdict, Direct::Drop(_)), "{policy}: {verdict:?}");
        assert!(!rules(channel).may_command(Some(&person("1")), true), "{policy}");
    }
}

#[test]
fn open_means_everyone_only_with_a_star() {
    let open = |list: Value| direct(json!({ "dmPolicy": "open", "allowFrom": list }), "9", false);
    assert_eq!(open(json!(["*"])), Direct::Admit);
    assert!(matches!(open(json!(["1"])), Direct::Drop(_)));
}

#[test]
fn disabled_is_stronger_than_any_list() {
    let channel = json!({ "dmPolicy": "disabled", "allowFrom": ["*"] });
    assert!(matches!(direct(channel, "1", true), Direct::Drop(_)));
}

#[test]
fn a_name_decides_nothing_unless_the_operator_says_so() {
    let channel = json!({ "dmPolicy": "allowlist", "allowFrom": ["@ann"] });
    assert!(matches!(direct(channel, "1", false), Direct::Drop(_)));
    let channel =
        json!({ "dmPolicy": "allowlist", "allowFrom": ["@ann"], "dangerouslyAllowNameMatching": true });
    assert_eq!(direct(channel, "1", false), Direct::Admit);
}

#[test]
fn an_access_group_stands_for_its_people_on_this_channel() {
    let config = json!({ "accessGroups": { "team": {
        "type": "message.senders", "members": { "telegram": ["7"], "discord": ["8"], "*": ["9"] }
    } } });
    let rules = rules_in(
        config,
        json!({ "dmPolicy": "allowlist", "allowFrom": ["accessGroup:team"] }),
    );
    assert_eq!(rules.direct(Some(&person("7")), false), Direct::Admit);
    assert_eq!(rules.direct(Some(&person("9")), false), Direct::Admit);
    assert!(matches!(rules.direct(Some(&person("8")), false), Direct::Drop(_)));
}

#[test]
fn without_a_word_about_groups_none_is_listened_to() {
    assert!(is_drop(in_group(&rules(json!({})), "-1", "1", Mention::Named)));
}

#[test]
fn groups_that_are_listed_are_the_only_ones() {
    let rules = rules(json!({ "groups": { "-1": {} } }));
    assert_eq!(in_group(&rules, "-1", "1", Mention::Named), Room::Admit);
    assert!(is_drop(in_group(&rules, "-2", "1", Mention::Named)));
    let open = json!({ "groupPolicy": "open", "groups": { "-1": {} } });
    assert!(is_drop(in_group(&self::rules(open), "-2", "1", Mention::Named)));
}

#[test]
fn people_in_groups_may_be_listed_and_codes_do_not_count_there() {
    let by_list = rules(json!({ "groupAllowFrom": ["1"] }));
    assert_eq!(in_group(&by_list, "-1", "1", Mention::Named), Room::Admit);
    assert!(is_drop(in_group(&by_list, "-1", "2", Mention::Named)));
    let by_fallback = rules(json!({ "allowFrom": ["1"], "groups": { "*": {} } }));
    assert_eq!(in_group(&by_fallback, "-1", "1", Mention::Named), Room::Admit);
    assert!(is_drop(in_group(&by_fallback, "-1", "2", Mention::Named)));
    let own = rules(json!({ "groupPolicy": "open", "groups": { "-1": { "allowFrom": ["3"] } } }));
    assert!(is_drop(in_group(&own, "-1", "1", Mention::Named)));
    assert_eq!(in_group(&own, "-1", "3", Mention::Named), Room::Admit);
}

#[test]
fn open_groups_hear_everyone_and_disabled_ones_nobody() {
    let open = rules(json!({ "groupPolicy": "open" }));
    assert_eq!(in_group(&open, "-1", "1", Mention::Named), Room::Admit);
    let disabled = rules(json!({ "groupPolicy": "disabled", "groups": { "-1": { "groupPolicy": "open" } } }));
    assert!(is_drop(in_group(&disabled, "-1", "1", Mention::Named)));
    let off = rules(json!({ "groupPolicy": "open", "groups": { "-1": { "enabled": false } } }));
    assert!(is_drop(in_group(&off, "-1", "1", Mention::Named)));
}

#[test]
fn what_does_not_call_the_agent_passes_it_by() {
    let open = rules(json!({ "groupPolicy": "open" }));
    assert_eq!(in_group(&open, "-1", "1", Mention::None), Room::Pass);
    assert_eq!(in_group(&open, "-1", "1", Mention::Replied), Room::Admit);
    assert_eq!(in_group(&open, "-1", "1", Mention::Unknown), Room::Admit);
    let strict = rules(json!({ "groupPolicy": "open", "implicitMentions": { "replyToBot": false } }));
    assert_eq!(in_group(&strict, "-1", "1", Mention::Replied), Room::Pass);
    let relaxed = rules(json!({ "groupPolicy": "open", "groups": {
        "-1": { "requireMention": false }, "-2": { "topics": { "7": { "requireMention": false } } }, "*": {}
    } }));
    assert_eq!(in_group(&relaxed, "-1", "1", Mention::None), Room::Admit);
    assert_eq!(in_group(&relaxed, "-2", "1", Mention::None), Room::Pass);
    let in_topic = relaxed.room(&RoomFacts {
        ids: ["-2", "-2"],
        thread: Some("7"),
        sender: Some(&person("1")),
        mention: Mention::None,
        is_matched: false,
        is_command: false,
    });
    assert_eq!(in_topic, Room::Admit);
}

#[test]
fn a_group_that_moved_is_known_by_either_id() {
    let rules = rules(json!({ "groupPolicy": "open", "groups": { "-1": {} } }));
    let facts = RoomFacts {
        ids: ["-100", "-1"],
        thread: None,
        sender: None,
        mention: Mention::Named,
        is_matched: false,
        is_command: false,
    };
    assert_eq!(rules.room(&facts), Room::Admit);
}

#[test]
fn only_who_is_listed_gives_commands_and_only_named_owners_are_owners() {
    let config =
        json!({ "commands": { "ownerAllowFrom": ["telegram:1"], "allowFrom": { "telegram": ["2"] } } });
    let rules = rules_in(config, json!({ "allowFrom": ["*"] }));
    assert!(
        rules.is_owner(Some(&person("1"))) && !rules.is_owner(Some(&person("2"))) && !rules.is_owner(None)
    );
    assert!(rules.may_command(Some(&person("2")), false) && !rules.may_command(Some(&person("1")), true));
    let free = self::rules(json!({ "groupPolicy": "open" }));
    assert!(!free.may_command(Some(&person("1")), false) && free.may_command(Some(&person("1")), true));
}

#[test]
fn bots_are_heard_only_where_the_operator_says_so() {
    assert!(!rules(json!({})).hears_bot(&["-1"], true));
    let called = rules(json!({ "allowBots": "mentions" }));
    assert!(called.hears_bot(&["-1"], true) && !called.hears_bot(&["-1"], false));
    assert!(rules(json!({ "groups": { "-1": { "allowBots": true } } })).hears_bot(&["-1"], false));
}
