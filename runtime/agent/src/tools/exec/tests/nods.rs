//! `exec` with the gate over a real file, and real commands.

use std::os::unix::fs::PermissionsExt as _;

use openclaw_config::{Current, Disk, Place as Home, Request, Schema, Selection, Surroundings, load};
use openclaw_sandbox::approvals::{Store, Verdict};

use super::*;
use crate::Nods;

/// A place whose commands pass the gate.
struct Gated {
    place: Place,
    nods: Nods,
}

impl Gated {
    /// `defaults` are those of the file; `list` is what may run, with `{bin}` for the place's own folder of programs.
    fn new(defaults: Value, list: &[&str]) -> Self {
        let mut place = Place::new();
        let root = place.bench.workspace.clone();
        let bin = root.join("bin");
        fs::create_dir(&bin).unwrap();
        let entries: Vec<_> = list
            .iter()
            .map(|pattern| json!({"pattern": pattern.replace("{bin}", bin.to_str().unwrap())}))
            .collect();
        let around = Surroundings {
            env: Default::default(),
            cwd: root.clone(),
            os_home: Some(root.clone()),
        };
        let home = Home::find(&Selection::default(), &around, &Disk).unwrap();
        fs::create_dir_all(&home.state_dir).unwrap();
        let loaded = load::<Config>(Request {
            place: &home,
            around: &around,
            files: &Disk,
            schema: &Schema::of_tree(),
        });
        let store = Store::in_folder(&home.state_dir);
        let file = json!({"version": 1, "defaults": defaults, "agents": {"*": {"allowlist": entries}}});
        fs::write(store.path(), file.to_string()).unwrap();
        fs::set_permissions(store.path(), fs::Permissions::from_mode(0o600)).unwrap();
        let config = Arc::new(Current::new(loaded.unwrap()));
        let nods = Nods::new(config, store, Some(root.display().to_string()));
        place.bench.gate = Some(Arc::new(nods.clone()));
        let own = Self { place, nods };
        own.program("tool", "echo tool says \"$@\"");
        own
    }

    /// With somebody who may answer.
    fn reached(self) -> Self {
        self.nods.reach_by(|| true);
        self
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.bin(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn bin(&self, name: &str) -> String {
        self.place
            .bench
            .workspace
            .join("bin")
            .join(name)
            .display()
            .to_string()
    }

    async fn run(&self, command: &str) -> ToolOutput {
        self.place.exec(json!({"command": command})).await
    }

    /// Waits until the session is told something that is meant.
    async fn told(&self, meant: &str) -> String {
        let mut heard = String::new();
        until(|| {
            let notes = self.place.bench.notes.put_before("agent:main:main", "");
            heard += &notes.unwrap_or_default();
            heard.contains(meant)
        })
        .await;
        heard
    }

    /// Lets the question's time be up.
    fn end(&self) {
        let approvals = self.nods.approvals();
        approvals.withdraw(&approvals.list().remove(0).id);
    }

    fn answer(&self, verdict: Verdict) {
        let pending = self.nods.approvals().list().remove(0);
        let answered = self
            .nods
            .approvals()
            .resolve(&pending.id, verdict, Some("Ann".to_owned()), None);
        answered.unwrap();
    }
}

fn asking() -> Value {
    json!({"security": "allowlist", "ask": "on-miss"})
}

#[tokio::test]
async fn what_is_on_the_list_runs_and_its_use_is_noted() {
    let gated = Gated::new(json!({"security": "allowlist"}), &["{bin}/tool"]);
    let output = gated
        .run(&format!("{} 'a  b' | tr a-z A-Z", gated.bin("tool")))
        .await;
    assert_eq!(output.text, "TOOL SAYS A  B");
    let entry = gated
        .nods
        .store()
        .read()
        .unwrap()
        .document
        .list("*")
        .remove(0)
        .entry;
    assert_eq!(entry.last_resolved_path, Some(gated.bin("tool")));
    assert!(entry.last_used_at.is_some());
}

#[tokio::test]
async fn what_is_not_on_the_list_is_refused_and_does_not_run() {
    let gated = Gated::new(json!({"security": "allowlist"}), &["{bin}/tool"]).reached();
    let tool = gated.bin("tool");
    for command in [
        "touch ran".to_owned(),
        format!("{tool}; touch ran"),
        format!("{tool} $(touch ran)"),
        format!("{tool} > ran"),
    ] {
        let output = gated.run(&command).await;
        assert!(output.is_error, "{command}: {}", output.text);
        assert_eq!(details(&output)["status"], "failed");
        assert!(output.text.contains("nobody is asked"), "{}", output.text);
    }
    assert!(!gated.place.folder.path().join("ran").exists());
    assert!(gated.nods.approvals().list().is_empty());
}

#[tokio::test]
async fn where_nothing_is_said_every_command_runs() {
    let gated = Gated::new(json!({}), &[]);
    assert_eq!(gated.run("echo $((1 + 1))").await.text, "2");
}

#[tokio::test]
async fn what_a_person_nods_to_runs_and_what_they_refuse_does_not() {
    let gated = Gated::new(asking(), &[]).reached();
    let output = gated.run("echo one > ran; cat ran").await;
    assert_eq!(details(&output)["status"], "approval-pending");
    let pending = gated.nods.approvals().list().remove(0);
    assert_eq!(pending.request["command"], "echo one > ran; cat ran");
    assert_eq!(pending.request["sessionKey"], "agent:main:main");
    assert_eq!(pending.request["allowedDecisions"], json!(pending.offered()));
    assert!(!gated.place.folder.path().join("ran").exists());
    gated.answer(Verdict::AllowOnce);
    gated.told("exit code 0): one").await;
    gated.run("echo two > ran").await;
    gated.answer(Verdict::Deny);
    gated.told("Ann said no").await;
    assert_eq!(
        fs::read_to_string(gated.place.folder.path().join("ran")).unwrap(),
        "one\n"
    );
}

#[tokio::test]
async fn a_nod_that_lasts_is_kept_in_the_file_and_not_asked_for_again() {
    let gated = Gated::new(asking(), &[]).reached();
    let command = format!("{} same", gated.bin("tool"));
    assert_eq!(details(&gated.run(&command).await)["status"], "approval-pending");
    gated.answer(Verdict::AllowAlways);
    gated.told("exit code 0): tool says same").await;
    let entry = gated
        .nods
        .store()
        .read()
        .unwrap()
        .document
        .list("main")
        .remove(0)
        .entry;
    assert_eq!(entry.source.as_deref(), Some("allow-always"));
    assert_eq!(gated.run(&command).await.text, "tool says same");
    let other = gated.run(&format!("{} other", gated.bin("tool"))).await;
    assert_eq!(details(&other)["status"], "approval-pending", "other arguments");
    gated.program("tool", "touch ran");
    let rewritten = gated.run(&command).await;
    assert_eq!(
        details(&rewritten)["status"],
        "approval-pending",
        "another program"
    );
    assert!(!gated.place.folder.path().join("ran").exists());
}

#[tokio::test]
async fn a_program_that_changed_since_it_was_asked_about_does_not_run() {
    let gated = Gated::new(asking(), &[]).reached();
    gated.run(&gated.bin("tool")).await;
    gated.program("tool", "touch ran");
    gated.answer(Verdict::AllowOnce);
    let told = gated.told("Exec denied").await;
    assert!(told.contains("tool changed since it was allowed"), "{told}");
    assert!(!gated.place.folder.path().join("ran").exists());
}

#[tokio::test]
async fn a_file_that_is_broken_refuses_every_command_also_one_that_was_nodded_to() {
    let gated = Gated::new(asking(), &[]).reached();
    gated.run("touch ran").await;
    fs::write(gated.nods.store().path(), "{").unwrap();
    gated.answer(Verdict::AllowOnce);
    gated.told("is not understood").await;
    let output = gated.run("true").await;
    assert!(
        output.is_error && output.text.contains("is not understood"),
        "{}",
        output.text
    );
    assert!(!gated.place.folder.path().join("ran").exists());
}

#[tokio::test]
async fn a_file_that_forbids_all_by_now_counts_more_than_a_nod() {
    let gated = Gated::new(asking(), &[]).reached();
    gated.run("touch ran").await;
    let file = json!({"version": 1, "defaults": {"security": "deny"}});
    fs::write(gated.nods.store().path(), file.to_string()).unwrap();
    gated.answer(Verdict::AllowOnce);
    gated.told("switched off").await;
    assert!(!gated.place.folder.path().join("ran").exists());
}

#[tokio::test]
async fn what_waits_for_a_nod_ends_with_an_order_to_stop_and_is_not_told_to_a_new_conversation() {
    let gated = Gated::new(asking(), &[]).reached();
    gated.run("touch ran").await;
    Gate::stop(&gated.nods, "agent:main:other", Some("an order to stop"));
    assert_eq!(gated.nods.approvals().list().len(), 1);
    Gate::stop(&gated.nods, "agent:main:main", Some("an order to stop"));
    assert!(gated.nods.approvals().list().is_empty());
    gated.told("an order to stop said no").await;

    gated.run("touch ran").await;
    let asked = gated.nods.approvals().list().remove(0);
    Gate::stop(&gated.nods, "agent:main:main", None);
    let late = Gate::answer(&gated.nods, &asked.id, Verdict::AllowOnce, "Ann".to_owned());
    assert!(late.unwrap_err().contains("decided before: deny"));
    // What is told later comes after what would have been told of it.
    gated.run("touch ran").await;
    gated.answer(Verdict::Deny);
    let heard = gated.told("Ann said no").await;
    assert_eq!(heard.matches("Exec denied").count(), 1, "{heard}");
    assert!(!gated.place.folder.path().join("ran").exists());
}

#[tokio::test]
async fn where_nobody_can_answer_the_file_says_what_happens() {
    let denied = Gated::new(asking(), &[]);
    let output = denied.run("touch ran").await;
    assert_eq!(details(&output)["status"], "approval-unavailable");
    assert!(output.text.contains("nobody answered"), "{}", output.text);
    assert!(!denied.place.folder.path().join("ran").exists());
    let loose = json!({"security": "full", "ask": "always", "askFallback": "full"});
    assert_eq!(Gated::new(loose, &[]).run("echo ran").await.text, "ran");
    let always = json!({"security": "allowlist", "ask": "always", "askFallback": "allowlist"});
    let listed = Gated::new(always, &["{bin}/tool"]);
    assert_eq!(listed.run(&listed.bin("tool")).await.text, "tool says");
    assert!(listed.run("touch ran").await.is_error);
}

#[tokio::test]
async fn a_question_that_nobody_answered_is_decided_by_what_the_file_says_by_then() {
    let loose = || json!({"security": "full", "ask": "always", "askFallback": "full"});
    let by_now = |defaults: Value| json!({"version": 1, "defaults": defaults}).to_string();
    for (then, said) in [
        (by_now(asking()), "nobody answered"),
        (
            by_now(json!({"security": "deny", "askFallback": "full"})),
            "switched off",
        ),
        ("{".to_owned(), "is not understood"),
    ] {
        let gated = Gated::new(loose(), &[]).reached();
        gated.run("touch ran").await;
        fs::write(gated.nods.store().path(), then).unwrap();
        gated.end();
        gated.told(said).await;
        assert!(!gated.place.folder.path().join("ran").exists(), "{said}");
    }
    let gated = Gated::new(loose(), &[]).reached();
    gated.run("echo ran").await;
    gated.end();
    gated.told("exit code 0): ran").await;
    gated.run(&gated.bin("tool")).await;
    gated.program("tool", "touch ran");
    gated.end();
    gated.told("tool changed since it was allowed").await;
    assert!(!gated.place.folder.path().join("ran").exists());
}

#[tokio::test]
async fn a_call_can_only_make_it_stricter() {
    let gated = Gated::new(json!({"security": "deny"}), &[]);
    let loose = json!({"command": "touch ran", "security": "full", "ask": "off"});
    assert!(gated.place.exec(loose).await.text.contains("switched off"));
    assert!(!gated.place.folder.path().join("ran").exists());
}

#[tokio::test]
async fn an_owner_on_a_channel_is_asked_there_and_answers_there() {
    let gated = Gated::new(asking(), &[]);
    let arguments = json!({"command": "echo ran"});
    let card = card();
    let call = |is_owner| Call {
        name: "exec",
        arguments: &arguments,
        context: CallContext {
            channel: Some("telegram".to_owned()),
            sender: Some("42".to_owned()),
            is_owner,
            ..CallContext::default()
        },
        progress: mpsc::channel(1).0,
        card: &card,
        may_ask: true,
    };
    let asked = call_it(&gated.place.bench, call(true)).await;
    assert_eq!(details(&asked)["status"], "approval-pending");
    let slug = details(&asked)["approvalSlug"].as_str().unwrap().to_owned();
    assert!(
        asked.text.contains(&format!("/approve {slug} allow-once")),
        "{}",
        asked.text
    );
    let by = || "telegram:42".to_owned();
    Gate::answer(&gated.nods, &slug, Verdict::AllowOnce, by()).unwrap();
    gated.told("exit code 0): ran").await;
    let late = Gate::answer(&gated.nods, &slug, Verdict::Deny, by()).unwrap_err();
    assert!(late.contains("decided before: allow-once"), "{late}");

    let unasked = call_it(&gated.place.bench, call(false)).await;
    assert_eq!(details(&unasked)["status"], "approval-unavailable");
    let alone = Call {
        may_ask: false,
        ..call(true)
    };
    let unasked = call_it(&gated.place.bench, alone).await;
    assert_eq!(details(&unasked)["status"], "approval-unavailable");
    assert!(gated.nods.approvals().list().is_empty());
}
