//! Scripts that mean harm: each ends, and the session and the others go on.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use openclaw_sandbox::End;
use serde_json::json;

use crate::house::House;

const ONE: &str = "agent:main:irc:direct:ann";
const OTHER: &str = "agent:main:irc:direct:bob";

/// Scripts that would go on, or grow, for as long as they are let.
const ENDLESS: [(&str, &str); 13] = [
    ("fork bomb", ":(){ :|:& };:"),
    ("fork bomb in loops", "while :; do (while :; do :; done) & done"),
    ("recursion of functions", "f() { f; f; }; f"),
    ("recursion of eval", "x='eval \"$x\"'; eval \"$x\""),
    ("recursion of substitutions", "f() { echo $(f); }; f"),
    ("jq", "jq -n 'def f: f; f'"),
    ("jq's ranges", "jq -n '[range(1e12)] | length'"),
    ("awk", "awk 'BEGIN { while (1) x = x \"aaaaaaaaaaaaaaaa\" }'"),
    ("python", "python3 -c 'while True: pass'"),
    ("python's memory", "python3 -c 'x = [1]\nwhile True: x = x + x'"),
    ("bc", "echo 'while (1) x = x + 1' | bc"),
    ("a growing text", "x=a; while :; do x=$x$x; done"),
    (
        "a file that is read while it grows",
        "echo x > f; while :; do cat f f f f > g; mv g f; done",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_go_on_for_ever_ends_and_nobody_else_waits_for_it() {
    let limits = json!({"wasm": {"memory": "96m", "cpuMs": 700, "wallMs": 20000, "diskBytes": "16m", "outputBytes": "1m"}});
    let house = House::open_with(limits).await;
    let is_over = AtomicBool::new(false);
    // All of them at once, each in a session of its own.
    let attack = async {
        join_all(ENDLESS.iter().enumerate().map(|(number, (what, script))| {
            let house = &house;
            async move {
                let session = format!("agent:main:irc:direct:{number}");
                house.run(&session, "kept=yes").await;
                let said = house.run(&session, script).await;
                let is_told = match &said.end {
                    End::Broken(why) => !why.is_empty(),
                    End::Code(code) => *code != 0 && !said.err.is_empty(),
                    End::Signal(_) | End::Stopped => false,
                };
                assert!(is_told, "{what}: {:?} {:?}", said.end, said.err.get(..200));
                assert_eq!(house.out(&session, "echo $kept").await, "yes\n", "{what}");
            }
        }))
        .await;
        is_over.store(true, Ordering::Relaxed);
    };
    let neighbour = async {
        let mut slowest = Duration::ZERO;
        while !is_over.load(Ordering::Relaxed) {
            let begun = Instant::now();
            assert_eq!(house.out(ONE, "echo fine").await, "fine\n");
            slowest = slowest.max(begun.elapsed());
        }
        slowest
    };
    let ((), slowest) = tokio::join!(attack, neighbour);
    assert!(slowest < Duration::from_secs(20), "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_costs_much_elsewhere_costs_little_here() {
    let house = House::open_with(json!({"wasm": {"cpuMs": 20000, "outputBytes": "4m"}})).await;
    for script in [
        "yes | head -3",
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | grep -E '(a+)+b'",
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | grep -P '(a+)+b'",
        "[[ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa =~ (a+)+b ]]",
        "x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; [[ $x == *a*a*a*a*a*a*a*a*a*a*a*b ]]",
        "shopt -s extglob; x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; [[ $x == +(+(a))b ]]",
        "expr aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa : '\\(\\(a*\\)*\\)*b'",
        "echo {1..9999}{1..9999}{1..9999} | wc -c",
        "x=$(printf '(%.0s' {1..5000}); eval \"echo $x\"",
        "x=$(printf '$(echo %.0s' {1..500}); eval \"$x\"",
        "printf '[%.0s' {1..9000} | jq .",
        "ln -sfn . loop; shopt -s globstar; echo ** | wc -c; find -L . | wc -l",
        "a=b; b=a; echo $((a))",
        "echo '. ./s' > s; . ./s",
    ] {
        let begun = Instant::now();
        let said = house.run(ONE, script).await;
        assert!(
            begun.elapsed() < Duration::from_secs(40),
            "{script}: {:?}",
            begun.elapsed()
        );
        assert!(said.out.len() < 5 << 20, "{script}");
        assert_eq!(house.out(ONE, "echo fine").await, "fine\n", "{script}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn archives_put_nothing_beside_the_workspace() {
    let house = House::open().await;
    let seat = house.enter(ONE).await;
    let above = seat.workspace.parent().unwrap().to_owned();
    let before = fs::read_dir(&above).unwrap().count();
    let outside = house.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    // Made outside, where nothing hinders: members that lead up, absolute ones, and one through a link.
    let made = std::process::Command::new("bash")
        .arg("-c")
        .arg(format!(
            "set -e; cd {0}; mkdir m; cd m; echo x > up; ln -s {1} l; tar -cPf a.tar --transform 's,^up$,../../up,' up; \
             tar -cPf b.tar --transform 's,^up$,{1}/abs,' up; tar -cPf c.tar l; tar -rPf c.tar --transform 's,^up$,l/through,' up",
            house.folder.path().display(),
            outside.display(),
        ))
        .status();
    assert!(made.unwrap().success());
    for name in ["a.tar", "b.tar", "c.tar"] {
        fs::copy(
            house.folder.path().join("m").join(name),
            seat.workspace.join(name),
        )
        .unwrap();
    }
    house
        .run(ONE, "for a in a b c; do tar xf $a.tar; tar xPf $a.tar; done")
        .await;
    assert_eq!(fs::read_dir(&above).unwrap().count(), before);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(!house.folder.path().join("up").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modes_are_kept_for_the_session_and_for_no_other() {
    let house = House::open().await;
    house
        .run(ONE, "echo 'echo ran' > s; chmod 700 s; echo x > f; chmod 600 f")
        .await;
    assert_eq!(house.out(ONE, "stat -c %a s f; ./s").await, "700\n600\nran\n");
    house.run(ONE, "mv s t; rm f; touch f").await;
    assert_eq!(house.out(ONE, "stat -c %a t f").await, "700\n644\n");
    house.run(OTHER, "echo 'echo ran' > s").await;
    assert_eq!(house.out(OTHER, "stat -c %a s").await, "644\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_would_remember_too_much_is_told() {
    let house = House::open().await;
    house.run(ONE, "kept=yes").await;
    let said = house
        .run(ONE, "kept=no; x=$(head -c 900000 /dev/zero | tr '\\0' a); for i in 1 2 3 4 5 6; do declare y$i=$x; done")
        .await;
    assert!(
        said.err.contains("could not be written"),
        "{:?}",
        said.err.get(..300)
    );
    assert_eq!(house.out(ONE, "echo $kept").await, "yes\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_turned_while_it_is_followed_leads_nowhere_else() {
    let house = House::open().await;
    let workspace = house.enter(ONE).await.workspace;
    let outside = house.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "the secret").unwrap();
    house
        .run(ONE, "mkdir inside; echo mine > inside/file; ln -s inside l")
        .await;
    let is_over = Arc::new(AtomicBool::new(false));
    let turning = {
        let (is_over, workspace, outside) = (Arc::clone(&is_over), workspace.clone(), outside.clone());
        std::thread::spawn(move || {
            let mut turns = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                let to = match turns % 2 {
                    0 => outside.clone(),
                    _ => "inside".into(),
                };
                let draft = workspace.join("draft");
                if symlink(to, &draft).is_ok() && fs::rename(&draft, workspace.join("l")).is_ok() {
                    turns += 1;
                }
            }
            turns
        })
    };
    let script = "for i in $(seq 15); do cat l/file; echo x > l/new; echo y >> l/file; rm -f l/new; cp l/file got; cat got; \
                  mv l/file l/moved; mv l/moved l/file; touch l/touched; mkdir -p l/folder; done 2> /dev/null";
    let said = join_all([house.run(ONE, script), house.run(ONE, script)]).await;
    is_over.store(true, Ordering::Relaxed);
    assert!(turning.join().unwrap() > 100);
    for said in said {
        assert!(!said.out.contains("secret"), "{said:?}");
        assert!(
            said.out.contains('y'),
            "the workspace's own was never reached: {said:?}"
        );
    }
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "the secret");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_of_one_session_share_its_quota() {
    let house = House::open_with(json!({"wasm": {"diskBytes": "8m", "files": 100}})).await;
    let workspace = house.enter(ONE).await.workspace;
    let fill = |number: usize| {
        format!(
            "for i in $(seq 20); do head -c 500000 /dev/zero > big{number}.$i; echo > small{number}.$i; done 2> /dev/null"
        )
    };
    join_all((0..4).map(|number| {
        let (house, script) = (&house, fill(number));
        async move { house.run(ONE, &script).await }
    }))
    .await;
    let files: Vec<_> = fs::read_dir(&workspace)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    let bytes: u64 = files.iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(files.len() <= 100, "{}", files.len());
    assert!(bytes <= 8 << 20, "{bytes}");
    assert_eq!(house.out(ONE, "rm -f *; echo there > f; cat f").await, "there\n");
}
