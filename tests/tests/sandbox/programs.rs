//! Programs inside that stand in for those of a machine, where the corpus does not reach. What is expected was taken from
//! their GNU namesakes.

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
async fn what_could_not_be_moved_stays_where_it_was() {
    let house = House::open_with(json!({"wasm": {"diskBytes": "2m"}})).await;
    let said = house
        .run(
            ONE,
            "mkdir /tmp/big && head -c 1500000 /dev/zero > /tmp/big/file; head -c 1000000 /dev/zero > there; \
             mv /tmp/missing /tmp/big /workspace/; wc -c < /tmp/big/file",
        )
        .await;
    assert!(
        said.out == "1500000\n" && said.err.contains("cannot stat") && said.err.contains("space"),
        "{said:?}"
    );
    let moved = "rm -r there big; mv /tmp/big . && wc -c < big/file; ls /tmp";
    assert_eq!(house.out(ONE, moved).await, "1500000\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_not_copied_onto_itself() {
    let house = House::open().await;
    house.run(ONE, "echo kept > f; ln -s f l").await;
    for wrong in [
        "cp -a --remove-destination f ./f",
        "cp -d l ./l",
        "cp -a f ../workspace/f",
    ] {
        let said = house.run(ONE, wrong).await;
        assert!(said.err.contains("are the same file"), "{wrong}: {said:?}");
        assert_eq!(house.out(ONE, "cat f l").await, "kept\nkept\n", "{wrong}");
    }
    // What a link leads to is another file than the link.
    assert_eq!(house.out(ONE, "cp -d l m && readlink m").await, "f\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_archive_is_told_and_its_links_are_stripped_like_its_files() {
    let house = House::open().await;
    let cut = "seq 1 20000 > a; tar czf a.tgz a && head -c -9 a.tgz > b.tgz; tar xzf b.tgz; echo $?";
    let said = house.run(ONE, cut).await;
    assert!(
        said.out == "2\n" && said.err.contains("gzip: stdin: unexpected end of file"),
        "{said:?}"
    );
    let append = "cp b.tgz c.tgz; echo x > x; tar rzf c.tgz x; cmp b.tgz c.tgz && echo same";
    assert_eq!(house.out(ONE, append).await, "same\n");
    // In an archive that GNU tar made, one name is a hard link to the other.
    let folder = house.enter(ONE).await.workspace;
    let made = std::process::Command::new("sh")
        .args([
            "-c",
            "mkdir p && echo one > p/a && ln p/a p/b && tar cf p.tar p && rm -r p",
        ])
        .current_dir(&folder)
        .status();
    assert!(made.unwrap().success());
    assert_eq!(
        house.out(ONE, "tar xf p.tar --strip-components=1 && cat b").await,
        "one\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_is_tried_with_less_around_it_where_the_file_is_too_short() {
    let house = House::open().await;
    let script = "printf '1\\n2\\n3\\n4\\n5\\n6\\n7\\n' > f; sed s/4/four/ f > g; diff -u f g > d; sed -i '$d' f; \
                  patch f d > /dev/null && sed -n 4p f";
    assert_eq!(house.out(ONE, script).await, "four\n");
}
