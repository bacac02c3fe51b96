use super::super::{Drift, Now};
use super::*;

fn check(world: &World, plan: &Plan) -> Result<(), Drift> {
    plan.check_unchanged(Now {
        command: &plan.command,
        cwd: &world.cwd(),
        env: &world.env,
        agent: "main",
        session: "agent:main:main",
    })
}

#[test]
fn what_did_not_change_still_may_run() {
    let world = World::new(&[]);
    world.program("tool", "#!/bin/sh\n");
    let plan = world.asks("tool a | tool b");
    fs::write(world.cwd().join("new"), "").unwrap();
    assert_eq!(check(&world, &plan), Ok(()));
}

#[test]
fn another_text_folder_environment_agent_or_session_is_another_command() {
    let world = World::new(&[]);
    world.program("tool", "#!/bin/sh\n");
    let plan = world.asks("tool a");
    let cwd = world.cwd();
    let same = Now {
        command: "tool a",
        cwd: &cwd,
        env: &world.env,
        agent: "main",
        session: "agent:main:main",
    };
    assert_eq!(plan.check_unchanged(same), Ok(()));
    let mut env = world.env.clone();
    env.insert("X".to_owned(), "1".to_owned());
    for (other, expected) in [
        (
            Now {
                command: "tool b",
                ..same
            },
            "its text changed",
        ),
        (
            Now {
                cwd: &world.root,
                ..same
            },
            "its folder is another",
        ),
        (Now { env: &env, ..same }, "its environment changed"),
        (
            Now {
                agent: "work",
                ..same
            },
            "its agent is another",
        ),
        (
            Now {
                session: "agent:main:x",
                ..same
            },
            "its session is another",
        ),
    ] {
        assert_eq!(plan.check_unchanged(other).unwrap_err().what, expected);
    }
    fs::rename(&cwd, world.root.join("old")).unwrap();
    fs::create_dir(&cwd).unwrap();
    assert_eq!(check(&world, &plan).unwrap_err().what, "its folder was replaced");
}

#[test]
fn a_program_that_was_changed_or_replaced_does_not_run() {
    let world = World::new(&[]);
    let path = world.program("tool", "#!/bin/sh\n");
    for text in ["tool a", "nice tool a", "sh -c 'tool a'", "tool > x"] {
        world.program("tool", "#!/bin/sh\n");
        let plan = world.asks(text);
        world.program("tool", "#!/bin/sh\nevil\n");
        let drift = check(&world, &plan).unwrap_err();
        assert!(drift.to_string().contains("tool"), "{text}: {drift}");
    }
    let plan = world.asks("tool a");
    fs::remove_file(path).unwrap();
    assert!(check(&world, &plan).is_err());
}

#[test]
fn a_program_that_comes_to_stand_before_another_does_not_run() {
    let mut world = World::new(&[]);
    fs::create_dir(world.root.join("first")).unwrap();
    world.program("tool", "#!/bin/sh\n");
    let path = format!("{}:{}", world.root.join("first").display(), world.env["PATH"]);
    world.env.insert("PATH".to_owned(), path);
    for text in ["tool a", "tool > x"] {
        let _ = fs::remove_file(world.root.join("first/tool"));
        let plan = world.asks(text);
        put(&world.root.join("first/tool"), "#!/bin/sh\n");
        assert_eq!(
            check(&world, &plan).unwrap_err().what,
            "tool is another program",
            "{text}"
        );
    }
}

#[test]
fn a_script_that_was_changed_does_not_run() {
    let world = World::new(&[]);
    let script = world.cwd().join("x.sh");
    for text in ["sh x.sh", "sh x.sh > y", "nice sh ./x.sh", "sh -c 'sh x.sh'"] {
        fs::write(&script, "good").unwrap();
        let plan = world.asks(text);
        assert_eq!(check(&world, &plan), Ok(()));
        fs::write(&script, "evil").unwrap();
        let drift = check(&world, &plan).unwrap_err();
        assert!(drift.what.contains("x.sh"), "{text}: {drift}");
    }
}

#[test]
fn no_decoy_stands_in_for_the_script() {
    for text in [
        "python3 -X dev deploy.py",
        "node -r ./dev deploy.py",
        "bash 'deploy.py' > log",
        "cd 'my sub' && bash 'my deploy.py'",
        "sh -c \"bash 'my sub/my deploy.py'\" > log",
        "bash my\\ sub/my\\ deploy.py > log",
    ] {
        let world = World::new(&[]);
        world.program("node", "");
        fs::create_dir(world.cwd().join("my sub")).unwrap();
        for decoy in ["dev", "my", "deploy.py", "my sub/my deploy.py", "my sub/my"] {
            fs::write(world.cwd().join(decoy), "good").unwrap();
        }
        let plan = world.asks(text);
        assert_eq!(check(&world, &plan), Ok(()), "{text}");
        for script in ["deploy.py", "my sub/my deploy.py"] {
            fs::write(world.cwd().join(script), "evil").unwrap();
        }
        let drift = check(&world, &plan).unwrap_err();
        assert!(drift.what.contains("deploy.py"), "{text}: {drift}");
    }
}

#[test]
fn a_program_that_cannot_be_read_is_held_by_what_can_be_seen_of_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new(&[]);
    let path = world.program("tool", "#!/bin/sh\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o300)).unwrap();
    let plan = world.asks("tool a");
    fs::remove_file(&path).unwrap();
    world.program("tool", "#!/bin/sh\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o300)).unwrap();
    assert!(check(&world, &plan).is_err());
}

#[test]
fn what_was_not_there_when_it_was_asked_about_does_not_run_once_it_is() {
    for (text, new) in [
        ("sh later.sh", "work/later.sh"),
        ("sh -x later.sh a b", "work/later.sh"),
        ("sh later.sh > x", "work/later.sh"),
        ("./later", "work/later"),
        ("./later > x", "work/later"),
        ("later", "bin/later"),
        ("later a > x", "bin/later"),
        ("cd sub && sh run.sh", "work/sub/run.sh"),
        ("cd sub && cd deep && sh run.sh", "work/sub/deep/run.sh"),
        ("cd sub && ./run.sh", "work/sub/run.sh"),
        ("(cd sub; sh run.sh)", "work/sub/run.sh"),
        ("(cd sub; ./run.sh)", "work/sub/run.sh"),
        ("(cd new; sh run.sh)", "work/new/run.sh"),
        ("sh later.sh there.txt", "work/later.sh"),
        ("setsid sh later.sh", "work/later.sh"),
        ("setsid later", "bin/later"),
        ("< later.sh sh", "work/later.sh"),
        (". ./later.sh", "work/later.sh"),
        (
            "a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 > x; later",
            "bin/later",
        ),
    ] {
        let world = World::new(&[]);
        fs::create_dir_all(world.cwd().join("sub/deep")).unwrap();
        // What stands where the command begins is not what it runs.
        fs::write(world.cwd().join("run.sh"), "decoy").unwrap();
        fs::write(world.cwd().join("there.txt"), "").unwrap();
        let plan = world.asks(text);
        assert_eq!(check(&world, &plan), Ok(()), "{text}");
        fs::create_dir_all(world.root.join(new).parent().unwrap()).unwrap();
        put(&world.root.join(new), "#!/bin/sh\nevil\n");
        let drift = check(&world, &plan).unwrap_err();
        let name = Path::new(new).file_name().unwrap().to_str().unwrap();
        assert!(drift.what.contains(name), "{text}: {drift}");
    }
}

#[test]
fn where_no_script_can_be_held_whoever_is_asked_is_told() {
    let world = World::new(&[]);
    fs::create_dir_all(world.cwd().join("sub")).unwrap();
    fs::create_dir_all(world.cwd().join("folder")).unwrap();
    fs::write(world.cwd().join("run.sh"), "").unwrap();
    fs::write(world.cwd().join("sub/run.sh"), "").unwrap();
    for text in [
        "cd $X && sh run.sh",
        "cd; sh run.sh",
        "cd - && ./run",
        "popd; ./run",
        "sh ./dep*.sh",
        "sh ./dep*.sh > x",
        "sh $X > x",
        "python3 -m tool",
        "python3 folder",
        "setsid sh $X",
    ] {
        let warning = world.asks(text).warning.unwrap_or_default();
        assert!(warning.contains("would not be seen"), "{text}: {warning}");
    }
    for text in ["cd sub && sh run.sh", "sh run.sh a", "echo $X > y", "ls *"] {
        let warning = world.asks(text).warning.unwrap_or_default();
        assert!(!warning.contains("would not be seen"), "{text}: {warning}");
    }
}

#[test]
fn what_runs_by_the_list_is_bound_to_its_programs_too() {
    let world = World::new(&["{bin}/good"]);
    world.program("good", "#!/bin/sh\n");
    let Decision::Run(bound, used) = world.decide("good") else {
        panic!()
    };
    assert_eq!(used.len(), 1);
    let cwd = world.cwd();
    let now = Now {
        command: "good",
        cwd: &cwd,
        env: &world.env,
        agent: "main",
        session: "agent:main:main",
    };
    assert!(bound.check(now).is_ok());
    world.program("good", "#!/bin/sh\nevil\n");
    assert!(bound.check(now).is_err());
}
