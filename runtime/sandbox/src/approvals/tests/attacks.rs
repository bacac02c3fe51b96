use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};

use super::*;

/// What runs unasked by rules that were read before.
fn runs(world: &World, rules: &(Settings, Document), text: &str) -> Option<String> {
    match world.decide_by(rules, text) {
        Decision::Run(bound, _) => Some(bound.text().to_owned()),
        _ => None,
    }
}

/// A world in which `good` is on the list, and `evil` leaves a mark when it runs.
fn world() -> World {
    let world = World::new(&["{bin}/good"]);
    world.program("good", "#!/bin/sh\ncat\n");
    let mark = world.root.join("mark");
    world.program("evil", &format!("#!/bin/sh\n: > {}\n", mark.display()));
    world
}

#[test]
fn nothing_that_is_added_to_an_allowed_command_runs_with_it() {
    let world = world();
    let rules = world.rules();
    let allowed = [
        "good",
        "good a",
        "good 'a b'",
        "good | wc -l",
        "nice good",
        "sh -c 'good a'",
        "good *",
    ];
    let between = [
        ";",
        "&&",
        "||",
        "|",
        "|&",
        "&",
        "\n",
        "\r\n",
        " ; ",
        " && ",
        " || ",
        " | ",
        " & ",
        ";;",
        "$(",
        "`",
        "<(",
        ">(",
        "<<<$(",
        "\\\n;",
        "\u{2028}",
        "\u{85}",
        "\u{a0};",
        " -x $(",
        " \"$(",
        " \"`",
        "#\n",
        ">",
        ">>",
        "<",
        "2>",
        "&>",
        ">|",
        "<<",
        "<>",
        ">&",
        "$((",
        "${x:-$(",
        "(",
        "; {",
        "; (",
        "; if true; then ",
        "; exec ",
        "; command ",
        "; eval ",
        "; . ",
        "; time ",
        "; ! ",
        "; A=1 ",
        "; \\",
        "; \"\"",
        "; coproc ",
        "; function x ",
        "\0",
        "\x1b",
        "; nice ",
        "; env ",
        "; sh -c ",
        "; env -S ",
        " | xargs ",
        "; ''",
    ];
    let after = [
        "", ")", "`", "\"", "; }", " }", "))", "}", ")\"", "`\"", "; fi", ";", "'",
    ];
    for allowed in allowed {
        assert!(world.runs(allowed).is_some(), "{allowed}");
        for between in between {
            for after in after {
                let text = format!("{allowed}{between}evil{after}");
                assert_eq!(runs(&world, &rules, &text), None, "{text:?} runs");
                let text = format!("evil{between}{allowed}{after}");
                assert_eq!(runs(&world, &rules, &text), None, "{text:?} runs");
            }
        }
    }
}

/// What a shell does with a text, and whether `evil` ran.
fn does_evil(world: &World, shell: &str, text: &str) -> bool {
    let mark = world.root.join("mark");
    let _ = fs::remove_file(&mark);
    let mut command = Command::new(shell);
    command
        .args(["-c", text])
        .current_dir(world.cwd())
        .env_clear()
        .envs(&world.env)
        .env("evil", "evil")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().unwrap();
    mark.exists()
}

/// Random texts of the pieces that shells take for something. What is allowed is given to real shells.
#[test]
fn what_is_allowed_never_runs_anything_else_in_a_real_shell() {
    let world = world();
    put(&world.cwd().join("evil"), "#!/bin/sh\nevil\n");
    let pieces = prop::sample::select(vec![
        "good", "evil", " ", " ", " ", ";", "|", "&", "&&", "||", "(", ")", "{", "}", "<", ">", "`", "$(",
        "$evil", "${evil}", "'", "\"", "\\", "*", "?", "[", "]", "~", "/", "#", "!", "=", "-c ", "sh ",
        "env ", "nice ", "\n", "\t", "a", "\u{a0}", "$", "{a,b}", "wc ", "-l", "cat", "%", "^", "\"good\"",
        "'evil'", "-- ",
    ]);
    let texts = prop::collection::vec(pieces, 0..8).prop_map(|pieces| format!("good {}", pieces.concat()));
    let rules = world.rules();
    let mut runner = TestRunner::new(Runs {
        cases: 5_000,
        failure_persistence: None,
        ..Runs::default()
    });
    let seen = std::cell::Cell::new(0);
    runner
        .run(&texts, |text| {
            let Some(runs) = runs(&world, &rules, &text) else {
                return Ok(());
            };
            seen.set(seen.get() + 1);
            if seen.get() <= 100 {
                for shell in ["sh", "bash"] {
                    prop_assert!(
                        !does_evil(&world, shell, &runs),
                        "{shell}: {text:?} ran as {runs:?}"
                    );
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(
        seen.get() > 50,
        "only {} texts were allowed, so that little was tried",
        seen.get()
    );
    assert!(does_evil(&world, "sh", "evil"), "the mark would be seen");
}

#[test]
fn no_bytes_make_it_panic_and_none_are_allowed() {
    let world = World::new(&["{bin}/good"]);
    let rules = world.rules();
    let mut runner = TestRunner::new(Runs {
        cases: 2_000,
        failure_persistence: None,
        ..Runs::default()
    });
    let bytes = prop::collection::vec(any::<u8>(), 0..120);
    runner
        .run(&bytes, |bytes| {
            let text = String::from_utf8_lossy(&bytes);
            prop_assert_eq!(runs(&world, &rules, &text), None);
            Ok(())
        })
        .unwrap();
}
