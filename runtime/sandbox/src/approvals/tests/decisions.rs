use serde_json::json;

use super::super::{Ask, Refusal, Security, without_answer};
use super::*;

#[test]
fn where_nobody_wants_otherwise_everything_runs_as_it_is_written() {
    let mut world = World::new(&[]);
    world.file = json!({"version": 1});
    assert_eq!(world.runs("curl x | sh > y").as_deref(), Some("curl x | sh > y"));
}

#[test]
fn the_strictest_of_config_file_and_call_decides() {
    let mut world = World::new(&[]);
    world.file = json!({"version": 1});
    world.config = json!({"tools": {"exec": {"security": "deny"}}});
    let Decision::Refuse(Refusal { rule, why }) = world.decide("ls") else {
        panic!()
    };
    assert_eq!(rule, Rule::Nothing("tools.exec.security".to_owned()));
    assert!(why.contains("tools.exec.security"), "{why}");

    world.config = json!({"tools": {"exec": {"mode": "full"}}});
    assert!(world.runs("ls").is_some());
    world.call = Wish::of_call(None, Some(Ask::Always));
    assert_eq!(world.asks("ls").rule, Rule::Always("the call".to_owned()));
    world.call = Wish::of_call(Some(Security::Full), Some(Ask::Off));
    world.file = json!({"version": 1, "agents": {"main": {"security": "deny"}}});
    let Decision::Refuse(refusal) = world.decide("ls") else {
        panic!()
    };
    assert!(refusal.why.contains("agents.main.security"), "{refusal}");
}

#[test]
fn a_miss_is_refused_where_nobody_is_asked() {
    let mut world = World::new(&["{bin}/good"]);
    world.program("good", "#!/bin/sh\n");
    world.file["defaults"]["ask"] = json!("off");
    assert!(world.runs("good a").is_some());
    let Decision::Refuse(refusal) = world.decide("evil") else {
        panic!()
    };
    assert_eq!(
        refusal.why,
        "only commands on the list run (exec-approvals.json defaults.security), and there is no program evil, and nobody is asked (exec-approvals.json defaults.ask)"
    );
}

#[test]
fn every_program_of_a_command_must_be_on_the_list() {
    let world = World::new(&["{bin}/good", "{bin}/fine"]);
    let good = world.program("good", "#!/bin/sh\n");
    let fine = world.program("fine", "#!/bin/sh\n");
    world.program("evil", "#!/bin/sh\n");
    let (good, fine) = (good.display(), fine.display());
    assert_eq!(
        world.runs("good 'a b' | fine && good; fine x").unwrap(),
        format!("{good} 'a b' | {fine} && {good} ; {fine} x")
    );
    assert_eq!(
        world.runs("good *.rs \"$HOME\"").unwrap(),
        format!("{good} *.rs \"$HOME\"")
    );
    assert_eq!(
        world.runs("good | wc -l").unwrap(),
        format!("{good} | /usr/bin/wc -l")
    );
    assert_eq!(
        world.runs("sh -c 'good a | fine'").unwrap(),
        format!("/usr/bin/{} -c '{good} a | {fine}'", "sh")
    );
    for text in [
        "evil",
        "good | evil",
        "evil | good",
        "good && evil",
        "good || evil",
        "good; evil",
        "nice evil",
        "sh -c 'good; evil'",
        "good; sh -c evil",
        "wc x",
        "none",
    ] {
        world.miss(text);
    }
}

#[test]
fn a_bare_name_on_the_list_is_for_commands_that_are_called_by_it() {
    let world = World::new(&["good"]);
    let path = world.program("good", "#!/bin/sh\n");
    put(&world.cwd().join("good"), "#!/bin/sh\n");
    assert_eq!(world.runs("good x").unwrap(), format!("{} x", path.display()));
    world.miss("./good x");
}

#[test]
fn arguments_are_held_to_their_pattern() {
    let mut world = World::new(&[]);
    let path = world.program("good", "#!/bin/sh\n");
    world.file["agents"]["*"]["allowlist"] = json!([
        {"pattern": path, "argPattern": "^(?:get|list) [a-z]+$"},
        {"pattern": path, "argPattern": "(?=broken)"},
    ]);
    assert!(world.runs("good get pods").is_some());
    for text in [
        "good delete pods",
        "good",
        "good get pods x",
        "good get *",
        "good get $X",
    ] {
        world.miss(text);
    }
}

#[test]
fn an_entry_whose_time_is_up_does_not_count() {
    let mut world = World::new(&[]);
    let path = world.program("good", "#!/bin/sh\n");
    world.file["agents"]["main"]["allowlist"] = json!([{"pattern": path, "expiresAt": 2_000}]);
    assert!(world.runs("good").is_some());
    world.now_ms = 2_000;
    world.miss("good");
}

#[test]
fn a_call_that_sets_variables_is_not_what_the_list_has() {
    let mut world = World::new(&["{bin}/good"]);
    world.program("good", "#!/bin/sh\n");
    world.set = vec!["LC_ALL".to_owned(), "TZ".to_owned()];
    assert!(world.runs("good").is_some());
    world.set.push("GIT_PAGER".to_owned());
    assert_eq!(world.miss("good"), "the call sets GIT_PAGER");
    assert_eq!(world.asks("good").lasting, None);
}

#[test]
fn a_lasting_nod_is_for_exactly_this_command_in_this_folder() {
    let mut world = World::new(&["{bin}/good"]);
    world.program("good", "#!/bin/sh\n");
    let path = world.program("tool", "#!/bin/sh\n");
    let entries = world.asks("good | nice tool 'a b'").lasting.unwrap();
    assert_eq!(entries.len(), 1, "what is on the list already needs no entry");
    assert_eq!(entries[0].pattern, path.display().to_string());
    assert_eq!(entries[0].source.as_deref(), Some("allow-always"));
    let mut document = Document::of(world.file.clone()).unwrap();
    document.add("main", &entries[0]);
    world.file = document.to_value();
    assert!(world.runs("tool 'a b'").is_some());
    for text in ["tool a b", "tool", "tool 'a b' c", "tool 'a c'"] {
        world.miss(text);
    }
    let elsewhere = World::new(&[]);
    fs::create_dir_all(elsewhere.root.join("work")).unwrap();
    world.root = elsewhere.root.clone();
    world.miss("tool 'a b'");
}

#[test]
fn a_lasting_nod_is_for_the_program_as_it_was() {
    let mut world = World::new(&[]);
    let script = world.cwd().join("build.sh");
    put(&script, "#!/bin/sh\n");
    let entries = world.asks("./build.sh").lasting.unwrap();
    let mut document = Document::of(world.file.clone()).unwrap();
    document.add("main", &entries[0]);
    world.file = document.to_value();
    assert!(world.runs("./build.sh").is_some());
    put(&script, "#!/bin/sh\nevil\n");
    world.miss("./build.sh");
    put(&script, "#!/bin/sh\n");
    assert!(world.runs("./build.sh").is_some());
    fs::remove_file(&script).unwrap();
    std::os::unix::fs::symlink("/bin/ls", &script).unwrap();
    world.miss("./build.sh");
}

#[test]
fn a_nod_for_what_runs_code_of_its_folder_cannot_last() {
    let mut world = World::new(&[]);
    for (name, text) in [
        ("npm", "npm test"),
        ("npx", "npx x"),
        ("yarn", "yarn build"),
        ("pnpm", "pnpm build"),
        ("cargo", "cargo test"),
        ("make", "make all"),
        ("pytest", "pytest"),
        ("pytest-3", "pytest-3 x.py"),
        ("git", "git commit -m x"),
        ("git", "git status"),
    ] {
        world.program(name, "#!/bin/sh\n");
        assert_eq!(world.asks(text).lasting, None, "{text}");
    }
    let path = world.root.join("bin/git").display().to_string();
    world.file["agents"]["main"]["allowlist"] = json!([{"pattern": path}]);
    assert!(world.runs("git status").is_some(), "an entry by hand counts");
}

#[test]
fn a_nod_for_code_scripts_and_carriers_cannot_last() {
    let world = World::new(&[]);
    world.program("tool", "#!/bin/sh\n");
    put(&world.cwd().join("x.sh"), "");
    for text in [
        "sh x.sh",
        "perl -e 1",
        "tool *",
        "tool $X",
        "tool > y",
        "xargs tool",
        "find . -exec tool {} +",
        "none",
        "awk 1",
    ] {
        assert_eq!(world.asks(text).lasting, None, "{text}");
    }
}

#[test]
fn code_on_the_command_line_needs_a_nod_even_where_everything_runs() {
    let mut world = World::new(&[]);
    world.file = json!({"version": 1});
    world.config = json!({"tools": {"exec": {"mode": "full", "strictInlineEval": true}}});
    for text in [
        "perl -e 1",
        "sh -c 'perl -e 1'",
        "perl -e 1 > x",
        "nice awk 1",
        "setsid perl -e 1",
        "flock /tmp/l sh -c 'echo a; echo b'",
        "busybox sh -c 'echo $x'",
        "sudo perl -e 1",
        "/usr/bin/per[l] -e 1",
        "/usr/bin/per? -e 1 > x",
        "$'\\x70erl' -e 1",
        "X=1 $PROGRAM -e 1",
        "true && {perl,-e,1} > x",
        "> y $'\\x70erl' -e 1",
        "setsid per[l] -e 1 > y",
        "per\\\nl -e 1 > y",
        "flock /tmp/l -c 'ls; ls'",
        "sudo -s",
    ] {
        assert!(matches!(world.asks(text).rule, Rule::Code(_)), "{text}");
    }
    for text in [
        "ls",
        "echo x > y",
        "perl x.pl",
        "setsid ls",
        "[ -f x ] && echo *.txt > y",
        "X=$Y ls > z",
        "find . -name '*.py'",
        "make test",
        "ls x > y*",
    ] {
        assert_eq!(world.runs(text).as_deref(), Some(text));
    }
    world.config = json!({"tools": {"exec": {"mode": "full"}}});
    assert!(world.runs("perl -e 1").is_some());
}

#[test]
fn where_nobody_is_asked_nobody_is_asked_about_code_either() {
    let mut world = World::new(&["{bin}/good", "/usr/bin/perl"]);
    world.file["defaults"] = json!({});
    world.config = json!({"tools": {"exec": {"mode": "allowlist", "strictInlineEval": true}}});
    for text in ["ls", "ruby -e 1", "perl -e 1 > x"] {
        match world.decide(text) {
            Decision::Refuse(refusal) => {
                assert!(refusal.why.contains("nobody is asked"), "{text}: {refusal}")
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(
        matches!(world.asks("perl -e 1").rule, Rule::Code(_)),
        "it is on the list"
    );
}

#[test]
fn an_agent_whose_entries_would_count_for_another_is_offered_none() {
    let world = World::new(&[]);
    world.program("tool", "#!/bin/sh\n");
    let lasting = |agent: &str| {
        let rules = world.rules();
        let cwd = world.cwd();
        let asked = Asked {
            command: "tool a",
            cwd: &cwd,
            env: &world.env,
            set: &[],
            agent,
            session: "s",
            call: &world.call,
            now_ms: 0,
        };
        match decide(&asked, &rules.0, &rules.1) {
            Decision::Ask(plan) => plan.lasting.is_some(),
            other => panic!("{other:?}"),
        }
    };
    assert!(lasting("work") && !lasting("default"));
}

#[test]
fn where_all_is_asked_about_the_list_does_not_help_and_nothing_lasts() {
    let mut world = World::new(&["{bin}/good"]);
    world.program("good", "#!/bin/sh\n");
    world.file["defaults"]["ask"] = json!("always");
    let plan = world.asks("good");
    assert_eq!(
        plan.rule,
        Rule::Always("exec-approvals.json defaults.ask".to_owned())
    );
    assert_eq!(plan.lasting, None);
}

#[test]
fn when_nobody_answers_the_fallback_decides() {
    let mut world = World::new(&["{bin}/good"]);
    world.program("good", "#!/bin/sh\n");
    world.file["defaults"]["ask"] = json!("always");
    let answer = |world: &World, text: &str| match without_answer(world.asks(text)) {
        Decision::Run(bound, _) => Some(bound.text().to_owned()),
        Decision::Refuse(refusal) => {
            assert!(refusal.why.contains("nobody answered"), "{refusal}");
            None
        }
        Decision::Ask(_) => panic!(),
    };
    assert_eq!(answer(&world, "good"), None, "deny is the default");
    world.file["defaults"]["askFallback"] = json!("allowlist");
    let path = world.root.join("bin/good").display().to_string();
    assert_eq!(answer(&world, "good"), Some(path));
    assert_eq!(answer(&world, "good > x"), None);
    world.file["defaults"]["askFallback"] = json!("full");
    assert_eq!(answer(&world, "good > x"), None, "only the list runs");
    world.file["defaults"]["security"] = json!("full");
    assert_eq!(answer(&world, "good > x").as_deref(), Some("good > x"));
    world.config = json!({"tools": {"exec": {"strictInlineEval": true}}});
    assert_eq!(answer(&world, "perl -e 1"), None, "code needs a nod of a person");
}

#[test]
fn what_is_hard_to_see_is_warned_of() {
    let world = World::new(&[]);
    let warning = world.asks("echo a\u{202e}b").warning.unwrap();
    assert!(warning.contains("cannot be seen"), "{warning}");
    assert!(world.asks("perl -e 1").warning.unwrap().contains("code"));
    assert_eq!(world.asks("tool a").warning, None);
}
