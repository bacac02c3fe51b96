//! Programs inside that stand in for those of a machine, where the corpus does not reach. What is expected was taken from
//! their GNU namesakes.

use std::fs;
use std::process::Command;

use openclaw_sandbox::End;
use serde_json::json;

use crate::house::House;

const ONE: &str = "agent:main:irc:direct:ann";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expr_counts_and_matches_as_its_namesake_does() {
    let house = House::open().await;
    let sums = [
        ("2 + 3 \\* 4", "14"),
        ("'(' 2 + 3 ')' \\* 4", "20"),
        ("10 - 2 - 3", "5"),
        ("7 / 2", "3"),
        ("-7 % 3", "-1"),
        ("1 + 1 = 2", "1"),
        ("abc '<' abe", "1"),
        ("10 '<' 9", "0"),
        ("0 '|' 5", "5"),
        ("5 '&' 0", "0"),
        ("length größe", "5"),
        ("index hello lo", "3"),
    ];
    let patterns = [
        (r"hello : 'h.l'", "3"),
        (r"hello : ello", "0"),
        (r"a+b : a+b", "3"),
        (r"aab : 'a\{2\}b'", "3"),
        (r"'*x' : '*x'", "2"),
        (r"12ab : '\([0-9]*\)'", "12"),
        (r"'a]b' : 'a[]]b'", "3"),
        (r"path/to/file.txt : '.*/\([^.]*\)'", "file"),
        (r"x : '\(y\)'", ""),
    ];
    let (mut script, mut expected) = (String::new(), String::new());
    for (words, value) in sums.iter().chain(&patterns) {
        script.push_str(&format!("expr {words}\n"));
        expected.push_str(&format!("{value}\n"));
    }
    assert_eq!(house.run(ONE, &script).await.out, expected);
    for wrong in ["1 / 0", "a + 1", r"a : '\(a'"] {
        let said = house.run(ONE, &format!("expr {wrong}")).await;
        assert_eq!((said.out.as_str(), said.end), ("", End::Code(2)), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_mv_could_not_copy_stays_where_it_was() {
    let house = House::open_with(json!({"wasm": {"diskBytes": "4m"}})).await;
    let filled = "head -c 3000000 /dev/zero > full; head -c 2000000 /dev/zero > /tmp/big; mkdir /tmp/d; cp /tmp/big /tmp/d";
    assert_eq!(house.run(ONE, filled).await.err, "");
    let said = house
        .run(
            ONE,
            "mv /tmp/missing /tmp/big /tmp/d /workspace/; echo $?; wc -c < /tmp/big; wc -c < /tmp/d/big",
        )
        .await;
    assert_eq!(said.out, "1\n2000000\n2000000\n", "{said:?}");
    // One that failed does not keep another where it was.
    let said = house
        .run(
            ONE,
            "rm full big d -rf; mv /tmp/missing /tmp/big /workspace/; ls /tmp big",
        )
        .await;
    assert_eq!(said.out, "big\n\n/tmp:\nd\n", "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mv_from_elsewhere_replaces_a_link_and_mingles_no_folders() {
    let house = House::open().await;
    let said = house
        .run(
            ONE,
            "echo new > /tmp/f; echo old > target; ln -s target f; mv /tmp/f f; cat f target; ls /tmp; \
             mkdir -p d /tmp/d; echo kept > d/x; echo mine > /tmp/d/x; mv /tmp/d .; echo $?; cat d/x /tmp/d/x",
        )
        .await;
    assert_eq!(said.out, "new\nold\n1\nkept\nmine\n", "{said:?}");
    assert_eq!(
        said.err,
        "mv: inter-device move failed: '/tmp/d' to './d'; unable to remove target: Directory not empty\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cp_refuses_to_copy_what_is_onto_itself() {
    let house = House::open().await;
    house
        .run(
            ONE,
            "echo text > f; ln -s f l; ln -s nowhere n; mkdir d; ln -s d e",
        )
        .await;
    for (words, from, to) in [
        ("-d l ./l", "l", "./l"),
        ("-d n ./n", "n", "./n"),
        ("-a --remove-destination f ./f", "f", "./f"),
        ("-a --remove-destination f d/../f", "f", "d/../f"),
        ("--remove-destination l f", "l", "f"),
        ("-d f l", "f", "l"),
        ("f l", "f", "l"),
        ("-a l e/../l", "l", "e/../l"),
    ] {
        let said = house
            .run(ONE, &format!("cp {words}; echo $?; readlink l n; cat f"))
            .await;
        assert_eq!(said.out, "1\nf\nnowhere\ntext\n", "{words}: {said:?}");
        assert_eq!(said.err, format!("cp: '{from}' and '{to}' are the same file\n"));
    }
    let said = house
        .run(
            ONE,
            "cp --remove-destination f l; cp -d n m; cat l; readlink l m; cat f",
        )
        .await;
    assert_eq!(
        (said.out.as_str(), said.err.as_str()),
        ("text\nnowhere\ntext\n", "")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_that_is_cut_or_damaged_is_told_after_what_could_be_read() {
    let house = House::open().await;
    let workspace = house.enter(ONE).await.workspace;
    house
        .run(
            ONE,
            "mkdir d; echo small > d/a; head -c 300000 /dev/urandom > d/big; \
             tar cf t.tar d; tar czf t.tgz d; tar cjf t.tbz d; \
             head -c 200000 t.tar > cut.tar; head -c 200000 t.tgz > cut.tgz; head -c 200000 t.tbz > cut.tbz; \
             head -c -4 t.tgz > foot.tgz; (cat t.tgz; head -c 600 /dev/zero) > zeros.tgz; rm -r d",
        )
        .await;
    let mut whole = fs::read(workspace.join("t.tgz")).unwrap();
    let sum = whole.len() - 8;
    whole[sum] ^= 1;
    fs::write(workspace.join("sum.tgz"), whole).unwrap();
    let end = "tar: Unexpected EOF in archive\ntar: Error is not recoverable: exiting now\n";
    let child = "tar: Child returned status 1\ntar: Error is not recoverable: exiting now\n";
    for (archive, code, said_first, said_last) in [
        ("cut.tar", 2, "", end),
        ("cut.tgz", 2, "\ngzip: stdin: unexpected end of file\n", end),
        ("foot.tgz", 2, "\ngzip: stdin: unexpected end of file\n", child),
        (
            "sum.tgz",
            2,
            "\ngzip: stdin: invalid compressed data--crc error\n",
            child,
        ),
        ("zeros.tgz", 0, "", ""),
        ("t.tbz", 0, "", ""),
    ] {
        let said = house
            .run(ONE, &format!("tar xf {archive}; echo $?; cat d/a; rm -r d"))
            .await;
        assert_eq!(said.out, format!("{code}\nsmall\n"), "{archive}: {said:?}");
        assert_eq!(said.err, format!("{said_first}{said_last}"), "{archive}");
    }
    let said = house.run(ONE, "tar xf cut.tbz; echo $?").await;
    assert_eq!(said.out, "2\n");
    assert!(
        said.err
            .starts_with("\nbzip2: Compressed file ends unexpectedly\n"),
        "{said:?}"
    );
    // Nothing is added to what would lose the rest of it.
    let said = house
        .run(ONE, "echo x > x; tar rf cut.tar x; echo $?; wc -c < cut.tar")
        .await;
    assert_eq!(said.out, "2\n200000\n", "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_name_in_an_archive_loses_as_many_parts_as_the_first() {
    let house = House::open().await;
    let workspace = house.enter(ONE).await.workspace;
    // The shell's own tar makes no such archives.
    let source = tempfile::tempdir().unwrap();
    fs::create_dir_all(source.path().join("q/r")).unwrap();
    fs::write(source.path().join("q/r/one"), "text").unwrap();
    fs::hard_link(source.path().join("q/r/one"), source.path().join("q/r/two")).unwrap();
    let made = Command::new("tar")
        .arg("-cf")
        .arg(workspace.join("t.tar"))
        .args(["--sort=name", "-C"])
        .arg(source.path())
        .arg("q")
        .status();
    assert!(made.unwrap().success());
    for (strip, folder) in [(0, "q/r"), (1, "r"), (2, ".")] {
        let said = house
            .run(
                ONE,
                &format!("mkdir o; cd o; tar xf ../t.tar --strip-components={strip}; echo $?; cat {folder}/one {folder}/two; cd ..; rm -r o"),
            )
            .await;
        assert_eq!(
            (said.out.as_str(), said.err.as_str()),
            ("0\ntexttext", ""),
            "{strip}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_longer_than_its_file_fits_with_fewer_lines_around_it() {
    let house = House::open().await;
    let said = house
        .run(
            ONE,
            "seq 6 > f; printf -- '--- f\n+++ f\n@@ -1,7 +1,7 @@\n 1\n 2\n 3\n-4\n+X\n 5\n 6\n 7\n' | patch f; \
             echo $?; tr '\n' ' ' < f",
        )
        .await;
    assert_eq!(
        said.out,
        "patching file f\nHunk #1 succeeded at 1 with fuzz 1.\n0\n1 2 3 X 5 6 "
    );
}
