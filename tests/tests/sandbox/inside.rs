//! What a sandboxed session reaches, what it does not, and what is kept.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use openclaw_sandbox::{End, Input};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::house::{House, hear};

const ONE: &str = "agent:main:irc:direct:ann";
const OTHER: &str = "agent:main:irc:direct:bob";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_functions_and_the_directory_outlive_a_command_and_a_restart() {
    let house = House::open().await;
    house
        .run(
            ONE,
            "mkdir -p a/b; cd a/b; x='two words'; f() { echo \"f says $1\"; }",
        )
        .await;
    let ask = "echo \"$x\"; pwd; f hi";
    let expected = "two words\n/workspace/a/b\nf says hi\n";
    assert_eq!(house.out(ONE, ask).await, expected);
    // Another session has its own.
    assert_eq!(house.out(OTHER, "echo \"[$x]\"; pwd").await, "[]\n/workspace\n");
    let house = house.restart().await;
    assert_eq!(house.out(ONE, ask).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_this_machine_and_of_other_sessions_is_reached() {
    let house = House::open().await;
    let secret = house.folder.path().join("secret");
    fs::write(&secret, "the secret").unwrap();
    house.run(OTHER, "echo 'bobs own' > own.txt").await;
    let seat = house.enter(ONE).await;
    symlink(&secret, seat.workspace.join("absolute")).unwrap();
    symlink("../../secret", seat.workspace.join("relative")).unwrap();
    symlink("/proc/self/environ", seat.workspace.join("environ")).unwrap();
    symlink(house.folder.path(), seat.workspace.join("folder")).unwrap();
    let other = house.enter(OTHER).await.workspace;
    let other = other.file_name().unwrap().to_str().unwrap();
    for tried in [
        "cat absolute relative folder/secret environ".to_owned(),
        format!("cat {}", secret.display()),
        format!("cat ../{other}/own.txt ../../secret /workspace/../../secret"),
        "cat /etc/passwd /proc/self/environ /proc/1/environ /dev/mem".to_owned(),
        format!("cp -r folder mine; cat mine/secret; python3 -c \"print(open('{}').read())\"", secret.display()),
        "cat /.shell/state /.shell/*; ls -a /.shell".to_owned(),
        "awk '{print}' absolute; sed '' relative; grep -r . folder absolute; jq . absolute; tar cf - absolute".to_owned(),
        "source absolute; . relative; exec < absolute; mapfile < absolute a; echo \"${a[@]}\"".to_owned(),
    ] {
        let said = house.run(ONE, &tried).await;
        for word in ["the secret", "bobs own", "root:", "HOME=/root"] {
            assert!(!said.out.contains(word) && !said.err.contains(word), "{tried}: {said:?}");
        }
    }
    for tried in [
        "echo x > absolute; echo x > relative; echo x >> folder/secret; rm -rf folder/*; mv absolute folder/moved".to_owned(),
        format!("echo x > {}; rm -f {}; touch /etc/x ../x", secret.display(), secret.display()),
        format!("rm -rf ../{other} ../../secret / /workspace/../..; rm -rf /"),
    ] {
        house.run(ONE, &tried).await;
        assert_eq!(fs::read_to_string(&secret).unwrap(), "the secret", "{tried}");
        assert_eq!(house.out(OTHER, "cat own.txt").await, "bobs own\n", "{tried}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_give_zeros_and_bytes_that_nobody_can_foretell() {
    let house = House::open().await;
    for (asked, bytes) in [
        ("head -c 5000000 /dev/zero | wc -c", "5000000\n"),
        ("dd if=/dev/zero bs=1M count=20 status=none | wc -c", "20971520\n"),
        ("head -c 100000 /dev/urandom | wc -c", "100000\n"),
        ("tr -dc 'a-z0-9' < /dev/urandom | head -c 32 | wc -c", "32\n"),
        ("echo x > /dev/urandom; wc -c < /dev/null", "0\n"),
    ] {
        assert_eq!(house.out(ONE, asked).await, bytes, "{asked}");
    }
    let mut keys = HashSet::new();
    for device in ["/dev/urandom", "/dev/random", "/dev/urandom"] {
        keys.insert(house.out(ONE, &format!("head -c 16 {device} | sha256sum")).await);
    }
    assert_eq!(keys.len(), 3, "{keys:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_variable_of_the_gateway_is_inside() {
    let house = House::open().await;
    let inside = house.out(ONE, "env | cut -d= -f1 | sort").await;
    let inside: HashSet<_> = inside.lines().collect();
    let allowed = [
        "HOME",
        "LANG",
        "LC_ALL",
        "OLDPWD",
        "OPENCLAW_SHELL",
        "PATH",
        "PWD",
        "SHLVL",
        "TMPDIR",
        "TZ",
        "USER",
        "_",
        "HOSTNAME",
        "LOGNAME",
        "SHELL",
        "UID",
        "EUID",
        "PPID",
    ];
    let more: Vec<_> = inside.iter().filter(|name| !allowed.contains(name)).collect();
    assert!(more.is_empty(), "{more:?}");
    assert!(inside.contains("HOME") && std::env::var("CARGO_MANIFEST_DIR").is_ok());
    assert_eq!(house.out(ONE, "echo \"[$CARGO_MANIFEST_DIR]\"").await, "[]\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_end_a_command_and_say_which() {
    let wasm = json!({"wasm": {"memory": "64m", "cpuMs": 3000, "diskBytes": "4m", "files": 50, "outputBytes": "1m"}});
    let house = House::open_with(wasm).await;
    for (tried, word) in [
        ("while true; do :; done", "sandbox.wasm.cpuMs"),
        (
            "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done",
            "sandbox.wasm.memory",
        ),
        ("while :; do printf %01000d 1; done", "sandbox.wasm.outputBytes"),
    ] {
        let begun = Instant::now();
        let said = house.run(ONE, tried).await;
        let ended = match &said.end {
            End::Broken(why) => why.clone(),
            End::Code(code) if *code != 0 => said.err.clone(),
            other => panic!("{tried}: {other:?}"),
        };
        assert!(ended.contains(word), "{tried}: {ended}");
        assert!(begun.elapsed() < Duration::from_secs(30), "{tried}");
    }
    // A full disk and too many files are told, and there is room again when something goes.
    let said = house
        .run(
            ONE,
            "seq 1 2000000 > big; echo $?; rm -f big; echo small > small; cat small",
        )
        .await;
    assert!(
        said.out.ends_with("small\n") && !said.out.starts_with("0\n"),
        "{said:?}"
    );
    let said = house
        .run(
            ONE,
            "for i in $(seq 1 100); do echo > f$i || break; done; rm -f f*; echo there > f; cat f",
        )
        .await;
    assert!(said.out.ends_with("there\n") && !said.err.is_empty(), "{said:?}");
    // What another sandbox may have is untouched by that.
    assert_eq!(house.out(OTHER, "echo fine").await, "fine\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_in_the_background_prints_as_it_goes_and_can_be_stopped() {
    let house = House::open().await;
    let begun = Instant::now();
    let mut process = house
        .start(
            ONE,
            "for i in 1 2 3; do echo tick $i; sleep 0.2; done; sleep 600; echo never",
        )
        .await;
    let mut said = Vec::new();
    while !String::from_utf8_lossy(&said).contains("tick 3") {
        let piece = timeout(Duration::from_secs(30), process.output.recv())
            .await
            .unwrap();
        said.extend_from_slice(&piece.unwrap().bytes);
    }
    assert!(begun.elapsed() >= Duration::from_millis(390), "it came together");
    let seat = house.enter(ONE).await;
    assert!(seat.sandbox.is_busy());
    process.stop().cancel();
    let said = hear(process).await;
    assert_eq!(said.end, End::Stopped);
    assert!(!said.out.contains("never"));
    assert!(!seat.sandbox.is_busy());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_to_a_command_is_read() {
    let house = House::open().await;
    let process = house.start(ONE, "sort | uniq -c").await;
    process
        .input
        .send(Input::Bytes("b\na\nb\n".into()))
        .await
        .unwrap();
    process.input.send(Input::End).await.unwrap();
    assert_eq!(hear(process).await.out, "      1 a\n      2 b\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_two_sessions_run_at_once_and_each_sees_its_own() {
    let house = House::open().await;
    let session = |number: usize| format!("agent:main:irc:direct:{number}");
    let mut workspaces = Vec::new();
    for number in 0..32 {
        workspaces.push(house.enter(&session(number)).await.workspace);
    }
    let one = |number: usize| {
        let (house, session) = (&house, session(number));
        async move {
            let script = format!(
                "echo {number} > n; touch begun; until [ -e go ]; do sleep 0.1; done; cat n; seq 1 1000 | tail -1"
            );
            let said = house.run(&session, &script).await;
            assert_eq!(said.out, format!("{number}\n1000\n"), "{said:?}");
        }
    };
    // None goes on before all have begun.
    let gate = async {
        while !workspaces
            .iter()
            .all(|workspace| workspace.join("begun").exists())
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for workspace in &workspaces {
            fs::write(workspace.join("go"), "").unwrap();
        }
    };
    let gate = timeout(Duration::from_secs(40), gate);
    let (_, gate) = tokio::join!(join_all((0..32).map(one)), gate);
    gate.expect("they run at once");
    assert_eq!(house.sandboxes.list().await.unwrap().len(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_replaced_keeps_its_rights_and_nobody_gets_more() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::open_with(json!({"workspaceAccess": "rw"})).await;
    let path = |name: &str| house.place.default_workspace.join(name);
    let rights = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
    for (name, mode) in [("deploy.sh", 0o755), (".env", 0o600), ("open", 0o644)] {
        fs::write(path(name), "one\n").unwrap();
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    house
        .out(ONE, "sed -i s/one/two/ deploy.sh .env; mv .env open; cat open")
        .await;
    assert_eq!((rights("deploy.sh"), rights("open")), (0o755, 0o600));
    assert_eq!(fs::read_to_string(path("deploy.sh")).unwrap(), "two\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agents_workspace_is_seen_as_the_config_says() {
    let house = House::open_with(json!({"workspaceAccess": "ro"})).await;
    fs::write(house.place.default_workspace.join("notes.txt"), "notes").unwrap();
    let said = house
        .run(
            ONE,
            "cat /agent/notes.txt; echo x > /agent/notes.txt; echo x > /agent/new; echo mine > own; cat own",
        )
        .await;
    assert_eq!(said.out, "notesmine\n", "{said:?}");
    assert_eq!(
        fs::read_to_string(house.place.default_workspace.join("notes.txt")).unwrap(),
        "notes"
    );
    let house = House::open_with(json!({"workspaceAccess": "rw"})).await;
    fs::write(house.place.default_workspace.join("notes.txt"), "notes").unwrap();
    assert_eq!(
        house
            .out(ONE, "cat notes.txt; echo changed > notes.txt; ls /agent")
            .await,
        "notes"
    );
    assert_eq!(
        fs::read_to_string(house.place.default_workspace.join("notes.txt")).unwrap(),
        "changed\n"
    );
    // Removing the sandbox leaves what was never its own.
    let rows = house.sandboxes.list().await.unwrap();
    house
        .sandboxes
        .remove(&rows[0].0, &house.place, true)
        .await
        .unwrap();
    assert!(house.place.default_workspace.join("notes.txt").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backend_that_is_not_there_is_an_error_that_names_its_key() {
    let house = House::open_with(json!({"backend": "docker"})).await;
    let Err(error) = house.try_enter(ONE).await else {
        panic!("it ran elsewhere");
    };
    let told = error.to_string();
    assert!(
        told.contains("docker") && told.contains("agents.defaults.sandbox.backend") && told.contains("wasm"),
        "{told}"
    );
    let auto = House::open_with(json!({"backend": "auto"})).await;
    assert_eq!(auto.enter(ONE).await.backend, "wasm");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_run_is_told_with_the_way_out() {
    let house = House::open().await;
    for (tried, word) in [
        ("gcc x.c", "docker"),
        ("apt-get install x", "docker"),
        ("curl https://example.org", "sandbox.wasm.hosts"),
        ("wget https://example.org", "sandbox.wasm.hosts"),
    ] {
        let said = house.run(ONE, tried).await;
        assert!(
            matches!(said.end, End::Code(code) if code != 0),
            "{tried}: {said:?}"
        );
        assert!(
            said.err.contains(word) && said.err.trim().lines().count() == 1,
            "{tried}: {said:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_and_jq_are_there() {
    let house = House::open().await;
    assert_eq!(house.out(ONE, "python3 -c 'print(sum(range(10)))'").await, "45\n");
    assert_eq!(
        house
            .out(ONE, r#"echo '{"a":[1,2]}' | jq -c '.a|map(.+1)'"#)
            .await,
        "[2,3]\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_tools_know_the_workspace_by_both_its_names_and_lose_no_edit() {
    let house = House::open().await;
    let seat = house.enter(ONE).await;
    let lines: String = (0..16).map(|line| format!("line {line}.\n")).collect();
    let outside = seat.workspace.join("notes.txt");
    let call = async |tool: &str, arguments: Value| -> Value {
        let answer = seat
            .sandbox
            .call_files(tool, arguments.to_string())
            .await
            .unwrap();
        serde_json::from_str(&answer).unwrap()
    };
    let written = call("write", json!({"path": outside, "content": lines})).await;
    assert_eq!(written["isError"], false, "{written}");
    let edits = (0..16).map(|line| {
        let edit = json!({
            "path": "/workspace/notes.txt",
            "oldText": format!("line {line}.\n"),
            "newText": format!("changed {line}.\n"),
        });
        call("edit", edit)
    });
    for edited in join_all(edits).await {
        assert_eq!(edited["isError"], false, "{edited}");
    }
    assert_eq!(
        fs::read_to_string(outside).unwrap(),
        lines.replace("line", "changed")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loop_keeps_what_a_pipe_brings_it_in_functions_of_earlier_calls_too() {
    let house = House::open().await;
    let define = "printf '1\\n2\\n' > list; touch empty
        keeps() { cat list | while read -r n; do cat empty; echo $n; done; }
        goes_on() { while :; do echo again; done; }";
    house.run(ONE, define).await;
    for (script, out) in [
        ("keeps & wait", "1\n2\n"),
        ("goes_on | head -1", "again\n"),
        ("cat list | keeps", "1\n2\n"),
    ] {
        let said = house.run(ONE, script).await;
        assert_eq!((said.out.as_str(), said.end), (out, End::Code(0)), "{script}");
    }
}

/// The shell takes its input whole, so that it waits for the end of input only where something could read it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_could_read_waits_for_input() {
    let house = House::open().await;
    house
        .run(
            ONE,
            "echo '{\"a\":1}' > file; echo 'print(1)' > file.py; touch empty",
        )
        .await;
    let fed = [
        "echo hi | tr a-z A-Z",
        "cat file",
        "cat <<< text",
        "grep a file",
        "grep -r a",
        "grep -e a file",
        "while read -r line; do echo $line; done < file",
        "echo a | while read x; do echo $x; done",
        "python3 -c 'print(1)'",
        "python3 file.py",
        "jq -n 1",
        "head -n 3 file",
        "{ cat; } < file",
        "ls; pwd",
        "bash -c 'echo hi'",
        "sed s/a/b/ file",
        "sed -ne p file",
        "sed --expression=p file",
        "awk 'BEGIN{print 1+1}'",
        "awk -F, 'function f(x) { return \"}\" } BEGIN { print f(1) } # {'",
        "awk 'BEGIN { while ((getline line < \"file\") > 0) print line }'",
        "n=2; awk \"BEGIN { print $n * 2 }\"",
        "jq -nr '1'",
        "jq --null-input '{input: .a, b: \"an input\"}'",
        "jq --arg x 1 '$x' file",
        "grep -rn a",
        "grep -rl a",
        "grep -efile -e a file",
        "grep -- - file; grep a file -c",
        "shuf -i 1-10",
        "shuf -n 2 -e a b",
        "read -ru3 x 3< file || true",
        "while read -ru 3 x; do echo $x; done 3< file",
        "cat --help; grep --version; sort --help",
        "f() { tr a-z A-Z; }; echo hi | f; f < file",
        "f() { g; }; g() { cat; }; f < file",
        "f() { cat; }; echo not called",
        "diff file file; comm file file; cmp file file; paste -d - file file",
        "sort -h file; sort -t - -nk 2 file; sort -o sorted file",
        "wc file; wc -l file; head -c 3 file; tail -n1 file; head --lines 1 file",
        "cut -d : -f 1 file; cut -c1-3 file; uniq file; od -An -c file; nl -ba file",
        "tee out < file; xargs echo < file; xargs -a file echo",
        "patch -p1 -i empty",
        "bash -ec 'echo hi'; python3 -V",
        "base64 -w 0 file; sha256sum file; gzip -c file | zcat",
        "awk 'BEGIN { print \"}\" } BEGIN{print 1+1}'",
        "jq -nr 1",
        "jq --null-input 1",
        "jq --arg x 1 '.a' file",
        "grep --regexp=a file",
        "sed --expression=s/a/b/ file",
        "shuf -i 1-10 -n 3",
        "shuf -e a b",
        "read -u 3 x 3< file",
        "sort --version",
        "f() { tr a-z A-Z; }; echo hi | f",
        "f() { cat; }; g() { f; }; g < file",
    ];
    for text in fed {
        // Nobody says that there is no input.
        let said = hear(house.start(ONE, text).await).await;
        assert_eq!(said.end, End::Code(0), "{text}: {said:?}");
    }
    let reading = [
        "read x; echo $x",
        "cat",
        "cat > written",
        "cat - file",
        "grep x",
        "grep -e x",
        "while read -r line; do echo $line; done",
        "x=$(cat); echo $x",
        "if true; then sort | uniq; fi",
        "python3 -",
        "jq .",
        "bash",
        "f() { cat; }; f",
        "f() { g; }; g() { cat; }; f",
        "f() { if false; then f; fi; cat; }; f",
        "awk '{ print }'",
        "awk 'BEGIN { x = 1 } END { print NR }'",
        "awk 'BEGIN { getline line; print line }'",
        "awk '{ print x }' x=1",
        "sep=:; awk -F\"$sep\" '{ print $1 }'",
        "jq -n '[inputs]'",
        "jq -nr 'input | .a'",
        "jq --arg x 1 '.[$x]'",
        "jq . --args a b",
        "grep -rn x -",
        "grep -e x -e y",
        "shuf -n 1",
        "sort -nk 2",
        "head --lines 5",
        "read -u 0 x",
        "read -p help x",
        "xargs ls --help",
        "python3 - --help",
        "bash -s a",
        "diff - /tmp",
        "for x in $(cat); do echo $x; done",
        "zcat",
        "g() { f; }; f() { cat; }; if true; then g; fi",
        "awk 'BEGIN { x = 1 } { print }'",
        "awk 'BEGIN { getline; print }'",
        "jq -n input",
        "jq --arg x 1 .",
        "grep -e a --include=b",
    ];
    let wait = async |text: &&str| {
        let mut process = house.start(OTHER, text).await;
        let ended = timeout(Duration::from_millis(300), &mut process.end).await;
        assert!(ended.is_err(), "{text} did not wait: {ended:?}");
        process.input.send(Input::End).await.ok();
        hear(process).await;
    };
    join_all(reading.iter().map(wait)).await;
}
