use openclaw_config::tree::Config;
use openclaw_policy::PluginId;
use serde_json::{Value, json};

use super::*;

pub(super) fn config(value: Value) -> Config {
    serde_json::from_value(value).unwrap()
}

pub(super) fn subject(agent: &str) -> Subject {
    Subject {
        agent: agent.to_owned(),
        is_owner: true,
        machine: Machine::Host,
        commands: Machine::Host,
        ..Subject::default()
    }
}

fn policy(value: Value) -> Policy {
    policy_for(value, subject("work"))
}

fn policy_for(value: Value, subject: Subject) -> Policy {
    let config = config(value.clone());
    let channels = value.get("channels").cloned().unwrap_or_default();
    Policy::of(
        Sources {
            config: &config,
            channels: &channels,
        },
        subject,
    )
}

fn id(text: &str) -> PluginId {
    text.parse().unwrap()
}

fn tool(name: &str) -> Tool<'_> {
    Tool {
        name,
        extension: None,
        is_owner_only: false,
        is_opt_in: false,
        needs: Need::Nothing,
    }
}

fn told(policy: &Policy, name: &str) -> String {
    let verdict = policy.decide(name, None);
    let word = if verdict.allowed { "yes" } else { "no" };
    format!("{word}: {}", verdict.rule)
}

#[test]
fn refusal_comes_before_everything_else_and_says_where_it_stands() {
    let policy = policy(
        json!({"tools": {"allow": ["*"], "deny": ["x", "wr*e"]}, "agents": {"entries": {"work": {
            "tools": {"allow": ["exec", "read", "bash"], "deny": ["Bash"]},
        }}}}),
    );
    assert_eq!(told(&policy, "write"), "no: tools.deny[1] = \"wr*e\" denies it");
    assert_eq!(
        told(&policy, "exec"),
        "no: agents.entries.work.tools.deny[0] = \"Bash\" denies it"
    );
    assert_eq!(
        told(&policy, "read"),
        "yes: agents.entries.work.tools.allow[1] = \"read\" allows it"
    );
    assert_eq!(
        told(&policy, "edit"),
        "no: agents.entries.work.tools.allow does not have it"
    );
}

#[test]
fn whoever_may_write_may_patch_and_whoever_may_not_write_may_patch_all_the_same() {
    let allowed = policy(json!({"tools": {"allow": ["write"]}}));
    assert_eq!(
        told(&allowed, "apply_patch"),
        "yes: tools.allow[0] = \"write\" allows it"
    );
    let denied = policy(json!({"tools": {"deny": ["write"]}}));
    assert!(denied.decide("apply-patch", None).allowed);
    let both = policy(json!({"tools": {"allow": ["write"], "deny": ["apply_patch"]}}));
    assert!(!both.decide("apply_patch", None).allowed);
    // Another's tool of that name is not meant.
    assert!(!allowed.decide("apply_patch", Some(&id("other"))).allowed);
}

#[test]
fn an_agents_profile_stands_in_place_of_the_shared_one_and_additions_widen_it() {
    let shared = json!({"tools": {"profile": "minimal"}, "agents": {"entries": {"work": {"tools": {}}}}});
    assert_eq!(
        told(&policy(shared), "read"),
        "no: tools.profile = \"minimal\" does not have it"
    );
    let own = json!({"tools": {"profile": "minimal"}, "agents": {"entries": {"work": {
        "tools": {"profile": "coding", "alsoAllow": ["message", "maths"]},
    }}}});
    let own = policy(own);
    assert_eq!(
        told(&own, "read"),
        "yes: agents.entries.work.tools.profile = \"coding\" allows it"
    );
    assert_eq!(
        told(&own, "message"),
        "yes: agents.entries.work.tools.alsoAllow[0] = \"message\" allows it"
    );
    assert!(!own.decide("tts", None).allowed);
    assert!(own.decide("calc", Some(&id("maths"))).allowed);
    let full = policy(json!({"tools": {"profile": "full"}}));
    assert!(full.decide("anything", None).allowed);
}

#[test]
fn additions_without_a_profile_take_nothing_away() {
    let policy = policy(json!({"tools": {"alsoAllow": ["maths"]}}));
    assert!(policy.decide("read", None).allowed);
}

#[test]
fn a_model_comes_before_its_provider() {
    let value = json!({"tools": {"byProvider": {
        "OpenAI": {"deny": ["exec"]},
        "openai/small": {"profile": "minimal"},
    }}});
    let of = |model: &str| {
        let mut subject = subject("work");
        subject.model = Some(("openai".to_owned(), model.to_owned()));
        policy_for(value.clone(), subject)
    };
    assert_eq!(
        told(&of("large"), "exec"),
        "no: tools.byProvider.OpenAI.deny[0] = \"exec\" denies it"
    );
    assert_eq!(
        told(&of("small"), "exec"),
        "no: tools.byProvider.openai/small.profile = \"minimal\" does not have it"
    );
    assert!(policy(value).decide("exec", None).allowed);
}

#[test]
fn a_group_and_its_sender_narrow_and_never_widen() {
    let value = json!({
        "tools": {"deny": ["exec"], "toolsBySender": {"*": {"deny": ["read"]}, "id:1": {}}},
        "channels": {"telegram": {"groups": {"-7": {
            "tools": {"allow": ["read", "exec"]},
            "toolsBySender": {"1": {"allow": ["read", "exec", "write"]}},
        }}}},
    });
    let of = |sender: &str| {
        let mut subject = subject("work");
        subject.room = Some(Room {
            channel: "telegram".to_owned(),
            ids: vec!["-7".to_owned()],
            ..Room::default()
        });
        subject.sender = Some(Person {
            channel: "telegram".to_owned(),
            ids: vec![sender.to_owned()],
            ..Person::default()
        });
        policy_for(value.clone(), subject)
    };
    assert_eq!(told(&of("1"), "exec"), "no: tools.deny[0] = \"exec\" denies it");
    assert_eq!(
        told(&of("1"), "write"),
        "yes: channels.telegram.groups.\"-7\".toolsBySender.1.allow[2] = \"write\" allows it"
    );
    assert_eq!(
        told(&of("2"), "write"),
        "no: channels.telegram.groups.\"-7\".tools.allow does not have it"
    );
    assert_eq!(
        told(&of("2"), "read"),
        "no: tools.toolsBySender.*.deny[0] = \"read\" denies it"
    );
}

#[test]
fn a_sandboxed_session_has_what_its_lists_say_and_an_unsandboxed_one_does_not_ask_them() {
    let mut inside = subject("work");
    inside.is_sandboxed = true;
    let value = json!({"tools": {"sandbox": {"tools": {"deny": ["exec"]}}}});
    assert_eq!(
        told(&policy_for(value.clone(), inside.clone()), "exec"),
        "no: tools.sandbox.tools.deny[0] = \"exec\" denies it"
    );
    assert!(policy(value).decide("exec", None).allowed);
    assert!(
        !policy_for(json!({}), inside)
            .decide("calc", Some(&id("maths")))
            .allowed
    );
}

#[test]
fn agents_that_agents_start_never_speak_for_the_person() {
    let mut child = subject("work");
    child.subagent = Some(Subagent { is_leaf: false });
    let value = json!({"tools": {"subagents": {"tools": {"alsoAllow": ["message"], "deny": ["exec"]}}}});
    let policy = policy_for(value.clone(), child.clone());
    for name in ["message", "cron", "gateway", "conversations_send", "exec"] {
        assert!(!policy.decide(name, None).allowed, "{name}");
    }
    assert!(policy.decide("sessions_spawn", None).allowed);
    child.subagent = Some(Subagent { is_leaf: true });
    assert_eq!(
        told(&policy_for(value, child), "sessions_spawn"),
        "no: an agent that may start none itself never has it"
    );
}

#[test]
fn a_run_that_was_given_no_tools_has_none() {
    let with = |caps: &[&str]| {
        let mut capped = subject("work");
        capped.caps = Some(caps.iter().map(|&name| name.to_owned()).collect());
        policy_for(json!({}), capped)
    };
    assert_eq!(told(&with(&[]), "read"), "no: the run was given other tools only");
    assert!(with(&["Read"]).decide("read", None).allowed && !with(&["read"]).decide("exec", None).allowed);
}

#[test]
fn what_needs_a_machine_is_only_where_there_is_one() {
    let needs = Tool {
        needs: Need::Files,
        ..tool("read")
    };
    let of = |machine| {
        let mut subject = subject("work");
        subject.machine = machine;
        policy_for(json!({}), subject).judge(&needs)
    };
    assert!(of(Machine::Host).allowed && of(Machine::Sandbox).allowed);
    let verdict = of(Machine::Nowhere);
    assert!(!verdict.allowed);
    assert_eq!(
        verdict.rule.to_string(),
        "it needs a machine, and a session that is neither the owner's main session nor sandboxed has none; \
         agents.defaults.sandbox.mode (default) is \"off\""
    );
}

#[test]
fn commands_may_have_no_place_where_files_have_one() {
    let runs = Tool {
        needs: Need::Commands,
        ..tool("exec")
    };
    let mut elsewhere = subject("work");
    elsewhere.commands = Machine::Nowhere;
    let verdict = policy_for(json!({}), elsewhere).judge(&runs);
    assert_eq!(
        verdict.rule.to_string(),
        "commands of this session do not run where they are configured to; tools.exec.host says so"
    );
    let mut elsewhere = subject("work");
    elsewhere.commands = Machine::Nowhere;
    let own = json!({"agents": {"entries": {"work": {"tools": {"exec": {"host": "node"}}}}}});
    let told = policy_for(own, elsewhere).judge(&runs).rule.to_string();
    assert!(
        told.ends_with("agents.entries.work.tools.exec.host says so"),
        "{told}"
    );
}

#[test]
fn a_tool_that_is_switched_off_is_told_by_its_switch() {
    let judge = |value: Value| policy(value).judge(&tool("apply_patch"));
    assert!(judge(json!({})).allowed);
    let off = judge(json!({"tools": {"exec": {"applyPatch": {"enabled": false}}}}));
    assert_eq!(
        off.rule.to_string(),
        "it is switched off; tools.exec.applyPatch.enabled says so"
    );
    let own = json!({"tools": {"exec": {"applyPatch": {"allowModels": ["small"]}}}});
    let other = judge(json!({"agents": {"entries": {"work": own}}}));
    assert_eq!(
        other.rule.to_string(),
        "it is for other models; agents.entries.work.tools.exec.applyPatch.allowModels says so"
    );
}

#[test]
fn what_is_lent_to_be_read_is_not_written_by_a_tool() {
    let lent = |access: &str| json!({"agents": {"defaults": {"sandbox": {"workspaceAccess": access}}}});
    let judge = |value: Value, is_sandboxed: bool, name: &str| {
        let mut subject = subject("work");
        subject.is_sandboxed = is_sandboxed;
        policy_for(value, subject).judge(&tool(name))
    };
    for name in ["write", "edit", "apply_patch"] {
        let refused = judge(lent("ro"), true, name);
        assert_eq!(
            refused.rule.to_string(),
            "the agent's workspace is lent to be read; agents.defaults.sandbox.workspaceAccess is \"ro\"",
            "{name}"
        );
        assert!(judge(lent("ro"), false, name).allowed && judge(lent("rw"), true, name).allowed);
    }
    assert!(judge(lent("ro"), true, "read").allowed);
    let mut own = lent("rw");
    own["agents"]["entries"] = json!({"work": {"sandbox": {"workspaceAccess": "ro"}}});
    let rule = judge(own, true, "edit").rule.to_string();
    assert!(
        rule.contains("agents.entries.work.sandbox.workspaceAccess"),
        "{rule}"
    );
}

#[test]
fn owners_have_what_is_theirs_and_nobody_else_does() {
    let of = |is_owner| {
        let mut subject = subject("work");
        subject.is_owner = is_owner;
        policy_for(json!({}), subject)
    };
    let kept = Tool {
        is_owner_only: true,
        ..tool("calc")
    };
    for tool in [tool("cron"), tool("gateway"), tool("nodes"), kept] {
        assert!(of(true).judge(&tool).allowed, "{}", tool.name);
        assert!(!of(false).judge(&tool).allowed, "{}", tool.name);
    }
    assert!(of(false).judge(&tool("read")).allowed);
}

#[test]
fn a_tool_that_waits_to_be_listed_is_listed_by_name_or_extension_only() {
    let maths = id("maths");
    let waits = Tool {
        extension: Some(&maths),
        is_opt_in: true,
        ..tool("calc")
    };
    let named = |tools: Value| policy(json!({ "tools": tools })).judge(&waits).allowed;
    for entries in [json!(["calc"]), json!(["maths"])] {
        assert!(named(json!({ "alsoAllow": entries })), "{entries}");
        assert!(named(json!({ "allow": entries })), "{entries}");
        assert!(
            named(json!({"profile": "full", "alsoAllow": entries})),
            "{entries}"
        );
        assert!(
            named(json!({"byProvider": {}, "profile": "minimal", "alsoAllow": entries})),
            "{entries}"
        );
    }
    for entries in [json!(["*"]), json!(["group:plugins"]), json!(["ca*"])] {
        assert!(!named(json!({ "alsoAllow": entries })), "{entries}");
    }
    assert!(!named(json!({"alsoAllow": ["calc"], "deny": ["maths"]})));
}

#[test]
fn an_entry_that_names_nothing_is_told_and_takes_nothing_from_the_rest() {
    let maths = id("maths");
    let calc = Tool {
        extension: Some(&maths),
        ..tool("calc")
    };
    let policy = policy(json!({"tools": {"allow": ["read", "rread", "group:nope", "maths", "ca*", "tts"]}}));
    let unknown: Vec<_> = policy
        .unknown(&[calc])
        .into_iter()
        .map(|(path, entry)| format!("{path}={entry}"))
        .collect();
    assert_eq!(unknown, ["tools.allow[1]=rread", "tools.allow[2]=group:nope"]);
    assert!(policy.decide("read", None).allowed);
}

#[test]
fn every_layer_says_something_in_its_order() {
    let policy = policy(json!({}));
    let layers: Vec<_> = policy.rules(&tool("read")).map(|rule| rule.layer).collect();
    assert_eq!(layers, Layer::ALL);
}

#[test]
fn the_command_changes_what_decided_and_nothing_else() {
    let give = |value: Value, name: &str| {
        let config = config(value.clone());
        let sources = Sources {
            config: &config,
            channels: &Value::Null,
        };
        let mut inside = subject("work");
        inside.is_sandboxed = true;
        let policy = Policy::of(sources, inside);
        let verdict = policy.judge(&tool(name));
        assert!(!verdict.allowed, "{name}");
        policy.give(sources, &tool(name), &verdict.rule).unwrap().command
    };
    for (tools, name, command) in [
        (
            json!({"deny": ["exec", "read"]}),
            "read",
            r#"openclaw config set tools.deny '["exec"]'"#,
        ),
        (
            json!({"deny": ["exec"]}),
            "exec",
            "openclaw config set tools.deny '[]'",
        ),
        (
            json!({"allow": ["exec"]}),
            "read",
            r#"openclaw config set tools.allow '["exec","read"]'"#,
        ),
        (
            json!({"profile": "minimal"}),
            "read",
            r#"openclaw config set tools.alsoAllow '["read"]'"#,
        ),
        (
            json!({"profile": "minimal", "alsoAllow": ["ls"]}),
            "read",
            r#"openclaw config set tools.alsoAllow '["ls","read"]'"#,
        ),
        (
            json!({"profile": "minimal", "allow": ["read"]}),
            "read",
            "openclaw config set tools.profile full",
        ),
        (
            json!({}),
            "browser",
            r#"openclaw config set tools.sandbox.tools.alsoAllow '["browser"]'"#,
        ),
        (
            json!({}),
            "memory_search",
            r#"openclaw config set tools.sandbox.tools.alsoAllow '["memory_search"]'"#,
        ),
        (
            json!({"sandbox": {"tools": {"allow": ["exec"]}}}),
            "read",
            r#"openclaw config set tools.sandbox.tools.allow '["exec","read"]'"#,
        ),
    ] {
        assert_eq!(give(json!({ "tools": tools }), name), command, "{tools}");
    }
    let own = json!({"agents": {"entries": {"work": {"tools": {"profile": "minimal"}}}}});
    assert_eq!(
        give(own, "read"),
        r#"openclaw config set agents.entries.work.tools.alsoAllow '["read"]'"#
    );
    let own = json!({"tools": {"sandbox": {"tools": {"allow": ["read"]}}},
        "agents": {"entries": {"work": {"tools": {"sandbox": {"tools": {"allow": ["exec"]}}}}}}});
    assert_eq!(
        give(own, "browser"),
        r#"openclaw config set agents.entries.work.tools.sandbox.tools.allow '["exec","browser"]'"#
    );
}
