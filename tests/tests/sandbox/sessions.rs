//! What a session's shell keeps from one command to the next, and what it says of what it does not keep.

use std::fs;

use openclaw_sandbox::{Command, End, Input};
use serde_json::json;

use crate::house::{House, Said, hear};

const ONE: &str = "agent:main:irc:direct:ann";

/// Runs a command with variables of its own, in a folder, and with something to read.
async fn with(house: &House, text: &str, env: &[(&str, &str)], folder: &str, input: &str) -> Said {
    let seat = house.enter(ONE).await;
    let command = Command {
        text: text.to_owned(),
        folder: folder.to_owned(),
        env: env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Command::default()
    };
    let process = seat.sandbox.start(ONE, command).await.unwrap();
    process
        .input
        .send(Input::Bytes(input.to_owned().into()))
        .await
        .ok();
    process.input.send(Input::End).await.ok();
    hear(process).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_goes_on_where_it_was() {
    let house = House::open().await;
    house
        .run(
            ONE,
            "x=5; a=(1 2); f() { echo \"f $1\"; }; mkdir d; cd d; shopt -s nullglob; alias g='echo g'",
        )
        .await;
    assert_eq!(
        house.out(ONE, "echo $x ${a[1]}; f y; pwd; echo *").await,
        "5 2\nf y\n/workspace/d\n\n"
    );
    assert_eq!(house.out(ONE, "shopt -s expand_aliases\ng").await, "g\n");
    assert_eq!(house.run(ONE, "x=6; exit 3").await.end, End::Code(3));
    assert_eq!(house.out(ONE, "echo $x").await, "6\n");
    // The folder that it is in goes away.
    fs::remove_dir(house.enter(ONE).await.workspace.join("d")).unwrap();
    assert_eq!(house.out(ONE, "pwd").await, "/workspace\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_call_says_of_variables_and_the_folder_counts_for_that_call() {
    let house = House::open().await;
    let out = async |text: &str, env: &[(&str, &str)]| with(&house, text, env, "", "").await.out;
    assert_eq!(out("echo $TOKEN", &[("TOKEN", "once")]).await, "once\n");
    assert_eq!(out("echo [$TOKEN]; env | grep -c TOKEN", &[]).await, "[]\n0\n");
    // What a script changed stays until the call says something new.
    out("export EDITOR=$EDITOR:mine", &[("EDITOR", "ed")]).await;
    assert_eq!(out("echo $EDITOR", &[("EDITOR", "ed")]).await, "ed:mine\n");
    assert_eq!(out("echo $EDITOR", &[("EDITOR", "vi")]).await, "vi\n");
    house.run(ONE, "mkdir d e; cd d").await;
    assert_eq!(
        with(&house, "pwd", &[], "/workspace/e", "").await.out,
        "/workspace/e\n"
    );
    let said = with(&house, "pwd", &[], "/workspace/none", "").await;
    assert_eq!(said.end, End::Code(1));
    assert_eq!(
        said.err,
        "shell: /workspace/none: the folder to begin in is not there\n"
    );
    assert_eq!(
        with(&house, "read x; echo \"got $x\"; cat", &[], "", "one\ntwo\n")
            .await
            .out,
        "got one\ntwo\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_that_a_call_was_given_is_kept() {
    let house = House::open().await;
    let given = [("TOKEN", "first-secret"), ("EDITOR", "second-secret")];
    let mut before = Vec::new();
    for script in [
        "echo $TOKEN",
        "export TOKEN; declare -x EDITOR; env > /dev/null",
        "EDITOR=mine; TOKEN=ours",
        "f() { local TOKEN=inner; }; f",
        "unset TOKEN; readonly EDITOR",
    ] {
        let said = with(&house, script, &given, "", "").await;
        assert_eq!(said.end, End::Code(0), "{script}: {said:?}");
        let read = move |view: &openclaw_state::View<'_>| view.shell_memory(ONE, ONE);
        let memory = house.state.read(read).await.unwrap().unwrap();
        let text = String::from_utf8(memory).unwrap();
        for value in ["first-secret", "second-secret"] {
            assert!(!text.contains(value), "{script}: {text}");
        }
        before.push(text);
    }
    // Nor can it be told from one session's memory what another was given.
    let marks = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["given"].clone();
    assert_eq!(marks(&before[0]), marks(&before[1]));
    let other = House::open().await;
    with(&other, "echo $TOKEN", &given, "", "").await;
    let read = move |view: &openclaw_state::View<'_>| view.shell_memory(ONE, ONE);
    let memory = other.state.read(read).await.unwrap().unwrap();
    assert_ne!(
        marks(&before[0])["marks"],
        marks(str::from_utf8(&memory).unwrap())["marks"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_memory_that_cannot_be_used_is_left_out_with_a_word() {
    let house = House::open().await;
    house.run(ONE, "x=5").await;
    let read = move |view: &openclaw_state::View<'_>| view.shell_memory(ONE, ONE);
    let whole = house.state.read(read).await.unwrap().unwrap();
    let old = String::from_utf8(whole.clone())
        .unwrap()
        .replace("openclaw-shell ", "openclaw-shell of old ");
    for (memory, word) in [
        (whole.get(..whole.len() / 2).unwrap().to_vec(), "damaged"),
        (old.into_bytes(), "of another version"),
        (
            br#"{"form": "openclaw-shell 2 bashkit 0.20.2", "given": {"A": "b"}}"#.to_vec(),
            "of another version",
        ),
    ] {
        let put = move |tx: &openclaw_state::Tx<'_>| tx.shell_put(ONE, ONE, &memory);
        assert!(house.state.write(put).await.unwrap());
        let said = house.run(ONE, "echo [$x]").await;
        assert_eq!((said.end, said.out.as_str()), (End::Code(0), "[]\n"));
        assert_eq!(
            said.err,
            format!("shell: the state of the session is {word}; beginning anew\n")
        );
        assert_eq!(house.run(ONE, "echo on").await.err, "");
    }
    let said = house.run(ONE, "y=1; x=$(seq 300000)").await;
    assert!(
        said.end == End::Code(0) && said.err.contains("does not keep $x"),
        "{said:?}"
    );
    assert_eq!(house.out(ONE, "echo [$x] $y").await, "[] 1\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_here_is_said_in_one_line_with_the_way_out() {
    let house = House::open_with(json!({"wasm": {"steps": 1000}})).await;
    let said = house.run(ONE, "git status").await;
    assert_eq!(said.end, End::Code(127));
    assert_eq!(
        said.err,
        "bash: git: command not found (this sandbox runs only what its shell has built in; the docker backend runs \
         native programs)\n"
    );
    let said = house.run(ONE, "while :; do :; done").await;
    assert!(
        said.end == End::Code(125) && said.err.contains("exceeded (1000)"),
        "{said:?}"
    );
    assert_eq!(
        house
            .out(
                ONE,
                "python3 -c 'print(6 * 7)'; env | grep -c BASHKIT; echo $BASHKIT_ALLOW_INPROCESS_PYTHON"
            )
            .await,
        "42\n0\n\n"
    );
    assert_eq!(
        house.out(ONE, "ls -a / | tr '\\n' ' '").await,
        ". .. bin dev tmp usr workspace "
    );
    for path in [
        "/secret",
        "../secret",
        "/.shell/state",
        "/.shell",
        "/etc/passwd",
        "/proc/self/environ",
    ] {
        let said = house.run(ONE, &format!("cat {path}")).await;
        assert_eq!(said.err, format!("cat: {path}: No such file or directory\n"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_a_call_names_is_looked_for_in_the_workspace() {
    let house = House::open().await;
    house.run(ONE, "mkdir -p sub/deep").await;
    for (folder, found) in [
        ("sub", "/workspace/sub"),
        ("./sub//deep/..", "/workspace/sub"),
        ("/workspace/sub/../sub/deep", "/workspace/sub/deep"),
        ("../../..", "/"),
    ] {
        let said = with(&house, "pwd; echo $PWD; printenv PWD", &[], folder, "").await;
        assert_eq!(said.err, "", "{folder}");
        assert_eq!(said.out, format!("{found}\n{found}\n{found}\n"), "{folder}");
        // It is also what the next call remembers.
        assert_eq!(house.out(ONE, "pwd").await, format!("{found}\n"), "{folder}");
    }
    house.run(ONE, "cd /workspace/sub; touch file").await;
    for folder in ["none", "../secret", "sub/file"] {
        let said = with(&house, "pwd", &[], folder, "").await;
        assert_eq!((said.end, said.out.as_str()), (End::Code(1), ""));
        assert_eq!(
            said.err,
            format!("shell: {folder}: the folder to begin in is not there\n")
        );
        assert_eq!(house.out(ONE, "pwd").await, "/workspace/sub\n");
    }
    // So it is where nothing is remembered yet.
    let fresh = House::open().await;
    fs::create_dir(fresh.enter(ONE).await.workspace.join("sub")).unwrap();
    assert_eq!(
        with(&fresh, "pwd; printenv PWD", &[], "sub", "").await.out,
        "/workspace/sub\n/workspace/sub\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_a_command_was_given_is_written_down_nowhere() {
    let house = House::open_with(json!({"wasm": {"env": {"TOKEN": "s3cret-of-the-operator"}}})).await;
    let remembered = async || {
        let read = house
            .state
            .read(|view| view.shell_memory(ONE, ONE))
            .await
            .unwrap();
        String::from_utf8(read.unwrap()).unwrap()
    };
    assert_eq!(
        house.out(ONE, "own=mine; echo $TOKEN").await,
        "s3cret-of-the-operator\n"
    );
    let memory = remembered().await;
    assert!(memory.contains("mine") && memory.contains("TOKEN"), "{memory}");
    assert!(!memory.contains("s3cret"), "{memory}");
    // It is known all the same whether it is another one, and what did not change is not written again.
    assert_eq!(house.out(ONE, "echo $own").await, "mine\n");
    assert_eq!(remembered().await, memory);
    assert_eq!(house.out(ONE, "TOKEN=changed").await, "");
    assert_eq!(house.out(ONE, "echo $TOKEN").await, "changed\n");
}
