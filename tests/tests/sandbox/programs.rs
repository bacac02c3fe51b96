//! Programs inside that stand in for those of a machine, where the corpus does not reach. What is expected was taken from
//! their GNU namesakes.

use openclaw_sandbox::End;

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
