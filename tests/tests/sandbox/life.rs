//! How a sandbox begins anew, changes, and goes.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use openclaw_sandbox::{End, Removal};
use serde_json::json;

use crate::house::{House, hear};

const ONE: &str = "agent:main:irc:direct:ann";
const OTHER: &str = "agent:main:irc:direct:bob";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_that_is_deleted_in_use_is_made_anew() {
    let house = House::open().await;
    house.run(ONE, "mkdir sub; cd sub; echo x > file").await;
    let seat = house.enter(ONE).await;
    let process = house.start(ONE, "sleep 0.5; echo y > other; cat other; ls").await;
    fs::remove_dir_all(&seat.workspace).unwrap();
    // It ends with an error of its own and nothing else happens.
    let said = hear(process).await;
    assert!(matches!(said.end, End::Code(_)), "{said:?}");
    assert!(!seat.workspace.exists());
    let said = house.run(ONE, "pwd; ls; echo z > file; cat file").await;
    assert_eq!(said.out, "/workspace\nz\n", "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_a_sandbox_removes_its_files_and_what_its_shells_remember() {
    let house = House::open().await;
    house.run(ONE, "x=1; echo x > file").await;
    house.run(OTHER, "echo y > file").await;
    let rows = house.sandboxes.list().await.unwrap();
    let (row, is_busy) = rows.iter().find(|(row, _)| row.scope == ONE).unwrap();
    assert!(!is_busy);
    assert!(house.sandboxes.remove(row, &house.place, true).await.unwrap() == Removal::Gone);
    assert_eq!(house.out(ONE, "echo \"[$x]\"; ls").await, "[]\n");
    assert_eq!(house.out(OTHER, "cat file").await, "y\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_in_use_is_left_unless_that_is_forced_and_nothing_in_it_can_keep_it() {
    let house = House::open().await;
    let process = house
        .start(ONE, "echo begun > begun; while :; do echo x > f$RANDOM; done")
        .await;
    let begun = house.enter(ONE).await.workspace.join("begun");
    while !begun.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let rows = house.sandboxes.list().await.unwrap();
    let row = &rows[0].0;
    let left = house.sandboxes.remove(row, &house.place, false).await.unwrap();
    assert_eq!(left, Removal::Held);
    assert!(begun.exists());
    let gone = house.sandboxes.remove(row, &house.place, true).await.unwrap();
    assert_eq!(gone, Removal::Gone);
    assert_eq!(
        house.out(ONE, "ls").await,
        "",
        "it goes on where nobody comes any more"
    );
    process.stop().cancel();
    hear(process).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agents_own_workspace_stays_whatever_it_is_called() {
    let mut house = House::open_with(json!({"workspaceAccess": "rw", "scope": "shared"})).await;
    // As the sandbox's own folder would be called.
    house.place.default_workspace = house.folder.path().join("shared");
    fs::create_dir(&house.place.default_workspace).unwrap();
    assert_eq!(house.out(ONE, "echo kept > thesis; cat thesis").await, "kept\n");
    let rows = house.sandboxes.list().await.unwrap();
    assert_eq!(
        house
            .sandboxes
            .remove(&rows[0].0, &house.place, true)
            .await
            .unwrap(),
        Removal::Gone
    );
    let thesis = house.place.default_workspace.join("thesis");
    assert_eq!(fs::read_to_string(thesis).unwrap(), "kept\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_old_goes_by_its_own_agents_settings_and_never_while_it_is_entered() {
    let mut house = House::open().await;
    let kept = json!({"sandbox": {"prune": {"idleHours": 0, "maxAgeDays": 0}}});
    let keep = serde_json::from_value(kept).unwrap();
    house.config.agents.entries.insert("keep".to_owned(), keep);
    let of_keep = "agent:keep:irc:direct:ann";
    for session in [ONE, OTHER] {
        house.run(session, "echo there > file").await;
    }
    house.run_as("keep", of_keep, "echo there > file").await;
    let house = house.restart_aged(30).await;
    // The first that is entered has the others looked through, and is used itself.
    assert_eq!(house.out(ONE, "cat file").await, "there\n");
    let rows = house.sandboxes.list().await.unwrap();
    let scopes: HashSet<_> = rows.iter().map(|(row, _)| row.scope.as_str()).collect();
    assert_eq!(scopes, HashSet::from([ONE, of_keep]));
    assert_eq!(house.run_as("keep", of_keep, "cat file").await.out, "there\n");
    assert_eq!(house.out(OTHER, "ls").await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_settings_hold_for_what_comes_next_and_what_still_runs_is_known() {
    let wasm = |bytes: &str, key: &str| json!({"diskBytes": bytes, "env": {"KEY": key}});
    let mut house = House::open_with(json!({"wasm": wasm("1m", "old")})).await;
    let fill = "cat kept; head -c 3000000 /dev/zero > big && wc -c < big; echo $KEY";
    house.run(ONE, "echo kept > kept").await;
    assert_eq!(house.out(ONE, fill).await, "kept\nold\n");
    let running = house.start(ONE, "sleep 100").await;
    house.config.agents.defaults.sandbox.wasm = serde_json::from_value(wasm("8m", "new")).unwrap();
    assert_eq!(house.out(ONE, fill).await, "kept\n3000000\nnew\n");
    // A value alone is another sandbox too.
    house.config.agents.defaults.sandbox.wasm = serde_json::from_value(wasm("8m", "newer")).unwrap();
    assert_eq!(house.out(ONE, "echo $KEY").await, "newer\n");
    let is_busy = async || house.sandboxes.list().await.unwrap()[0].1;
    assert!(is_busy().await, "its first command still runs");
    running.stop().cancel();
    hear(running).await;
    assert!(!is_busy().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_gateway_left_of_its_runs_goes_with_the_next_start() {
    let house = House::open().await;
    house.run(ONE, "x=kept; echo kept > file").await;
    let sandbox = house.place.state_dir.join("sandbox");
    let own = fs::read_dir(&sandbox).unwrap().next().unwrap().unwrap().path();
    let torn = own.join("runs/0123456789abcdef0123456789abcdef");
    fs::create_dir(&torn).unwrap();
    fs::write(torn.join("state"), "x=secret").unwrap();
    let workspaces = house.place.state_dir.join("sandboxes");
    let draft = workspaces.join(".0123456789abcdef0123456789abcdef.tmp");
    fs::create_dir(&draft).unwrap();
    let foreign = workspaces.join(".mine.tmp");
    fs::create_dir(&foreign).unwrap();
    openclaw_sandbox::workspace::sweep(&house.config, &house.place);
    assert!(!torn.exists() && !draft.exists() && foreign.exists());
    assert_eq!(house.out(ONE, "cat file; echo $x").await, "kept\nkept\n");
}
