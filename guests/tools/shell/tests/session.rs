//! What a session keeps between two commands, and what it cannot reach.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use std::collections::BTreeMap;
use std::fs;

use shell::{Folders, Run, Settings};

struct Session {
    root: tempfile::TempDir,
    settings: Settings,
}

impl Session {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["workspace", "tmp", ".shell"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        let settings = Settings::default();
        Self { root, settings }
    }

    fn with(&self, script: &str, env: &[(&str, &str)], input: &str) -> (i32, String, String) {
        let pairs = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let run = Run {
            script: script.to_owned(),
            env: pairs.collect::<BTreeMap<_, _>>(),
            settings: self.settings.clone(),
            folders: Folders {
                root: self.root.path().to_owned(),
                kept: self.root.path().join(".shell"),
            },
        };
        let input = input.as_bytes().to_vec();
        let work = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let code = runtime.block_on(shell::run(&run, || input, &mut out, &mut err));
            (
                code,
                String::from_utf8(out).unwrap(),
                String::from_utf8(err).unwrap(),
            )
        });
        work.unwrap().join().unwrap()
    }

    fn run(&self, script: &str) -> (i32, String, String) {
        self.with(script, &[], "")
    }

    fn out(&self, script: &str) -> String {
        self.run(script).1
    }
}

#[test]
fn a_session_goes_on_where_it_was() {
    let session = Session::new();
    session.run("x=5; a=(1 2); f() { echo \"f $1\"; }; mkdir d; cd d; shopt -s nullglob; alias g='echo g'");
    assert_eq!(
        session.out("echo $x ${a[1]}; f y; pwd; echo *"),
        "5 2\nf y\n/workspace/d\n\n"
    );
    assert_eq!(session.out("shopt -s expand_aliases\ng"), "g\n");
}

#[test]
fn an_exit_keeps_the_session() {
    let session = Session::new();
    assert_eq!(session.run("x=5; exit 3").0, 3);
    assert_eq!(session.out("echo $x"), "5\n");
}

#[test]
fn variables_of_a_call_are_gone_after_it() {
    let session = Session::new();
    assert_eq!(session.with("echo $TOKEN", &[("TOKEN", "once")], "").1, "once\n");
    assert_eq!(session.out("echo [$TOKEN]; env | grep -c TOKEN"), "[]\n0\n");
}

#[test]
fn a_variable_that_a_script_changed_stays_until_the_call_says_otherwise() {
    let session = Session::new();
    session.with("export PATH=/workspace/bin:$PATH", &[("PATH", "/bin")], "");
    assert_eq!(
        session.with("echo $PATH", &[("PATH", "/bin")], "").1,
        "/workspace/bin:/bin\n"
    );
    assert_eq!(
        session.with("echo $PATH", &[("PATH", "/other")], "").1,
        "/other\n"
    );
}

#[test]
fn the_environment_says_where_a_call_begins() {
    let session = Session::new();
    session.run("mkdir d e; cd d");
    assert_eq!(
        session.with("pwd", &[("PWD", "/workspace/e")], "").1,
        "/workspace/e\n"
    );
    let (code, _, err) = session.with("pwd", &[("PWD", "/workspace/none")], "");
    assert_eq!(
        (code, err.as_str()),
        (1, "shell: /workspace/none: the folder to begin in is not there\n")
    );
}

#[test]
fn a_folder_that_is_gone_does_not_end_a_session() {
    let session = Session::new();
    session.run("mkdir d; cd d");
    fs::remove_dir(session.root.path().join("workspace/d")).unwrap();
    assert_eq!(session.out("pwd"), "/workspace\n");
}

#[test]
fn a_state_that_cannot_be_read_is_left_out_with_a_word() {
    let session = Session::new();
    session.run("x=5");
    let file = session.root.path().join(".shell/state");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let (code, out, err) = session.run("echo [$x]");
    assert_eq!((code, out.as_str()), (0, "[]\n"));
    assert_eq!(
        err,
        "shell: the state of the session is damaged; beginning anew\n"
    );
    assert_eq!(session.run("echo on").2, "");
}

#[test]
fn a_state_of_another_version_is_left_out_with_a_word() {
    let session = Session::new();
    session.run("x=5");
    let file = session.root.path().join(".shell/state");
    let old = fs::read_to_string(&file)
        .unwrap()
        .replace("openclaw-shell 1", "openclaw-shell 0");
    fs::write(&file, old).unwrap();
    assert_eq!(
        session.run("echo [$x]").2,
        "shell: the state of the session is of another version; beginning anew\n"
    );
}

#[test]
fn a_variable_that_is_too_large_is_not_kept_and_a_line_says_so() {
    let session = Session::new();
    let (code, _, err) = session.run("y=1; x=$(seq 300000)");
    assert_eq!(code, 0);
    assert!(err.contains("does not keep $x"), "{err}");
    assert_eq!(session.out("echo [$x] $y"), "[] 1\n");
}

#[test]
fn modes_are_remembered_though_the_host_keeps_none() {
    let session = Session::new();
    session.run("echo 'echo ran' > s; chmod 750 s; mv s t; mkdir -m 700 d");
    assert_eq!(session.out("stat -c '%a' t d; ./t"), "750\n700\nran\n");
    session.run("rm t; touch t");
    assert_eq!(session.out("stat -c %a t"), "644\n");
}

#[test]
fn only_the_opened_folders_are_there() {
    let session = Session::new();
    fs::write(session.root.path().join("secret"), "secret").unwrap();
    fs::write(session.root.path().join(".shell/own"), "own").unwrap();
    assert_eq!(
        session.out("ls -a / | tr '\\n' ' '"),
        ". .. bin dev tmp usr workspace "
    );
    for path in [
        "/secret",
        "../secret",
        "/workspace/../secret",
        "/.shell/own",
        "/.shell",
        "/etc/passwd",
        "/proc/self/environ",
    ] {
        let (code, out, err) = session.run(&format!("cat {path}"));
        assert_eq!((code, out.as_str()), (1, ""), "{path}");
        assert_eq!(err, format!("cat: {path}: No such file or directory\n"));
    }
}

#[test]
fn links_lead_nowhere_else() {
    let session = Session::new();
    fs::write(session.root.path().join("secret"), "secret").unwrap();
    for target in ["../secret", "/secret", "../.shell/state", "/etc/passwd"] {
        let (code, out, _) = session.run(&format!("ln -sf {target} l; cat l"));
        assert_eq!((code, out.as_str()), (1, ""), "{target}");
    }
    assert_eq!(session.run("ln -sfn .. up; cat up/secret").0, 1);
    assert_ne!(session.run("echo x > /.shell/code; echo x > /new; mkdir /d").0, 0);
    assert!(!session.root.path().join("new").exists());
}

#[test]
fn what_is_not_here_is_said_in_one_line_with_the_way_out() {
    let session = Session::new();
    let (code, _, err) = session.run("git status");
    assert_eq!(code, 127);
    assert_eq!(
        err,
        "bash: git: command not found (this sandbox runs only what its shell has built in; the docker backend runs \
         native programs)\n"
    );
    let (code, _, err) = session.run("curl https://example.com");
    assert_eq!(code, 6);
    assert_eq!(
        err,
        "curl: the network is closed here; the operator opens a host by naming it in sandbox.wasm.hosts\n"
    );
}

#[test]
fn input_is_read_by_those_who_read() {
    let session = Session::new();
    assert_eq!(
        session.with("read x; echo \"got $x\"; cat", &[], "one\ntwo\n").1,
        "got one\ntwo\n"
    );
}

#[test]
fn a_script_of_many_steps_is_ended_by_its_limit() {
    let mut session = Session::new();
    session.settings.steps = 1000;
    let (code, _, err) = session.run("while :; do :; done");
    assert_eq!(code, 125);
    assert!(err.contains("exceeded (1000)"), "{err}");
}

#[test]
fn python_does_not_see_what_switches_it_on() {
    let session = Session::new();
    assert_eq!(
        session.out("python3 -c 'print(6 * 7)'; env | grep -c BASHKIT; echo $BASHKIT_ALLOW_INPROCESS_PYTHON"),
        "42\n0\n\n"
    );
}

#[test]
fn a_setting_that_nobody_knows_is_named() {
    let error = Settings::parse(r#"{"stepz": 1}"#).unwrap_err();
    assert!(error.to_string().contains("stepz"), "{error}");
}
