//! Where a name or an address leads. All of these addresses are there, so a hole would be a connection.

use crate::corpus::case::{
    CONNECT, Case, LASTING, NO_NAME, NOT_GRANTED, NOT_PUBLIC, RESOLVE, Want, case, line,
};
use crate::corpus::script::Script;

const THIS_MACHINE: &[&str] = &[
    "127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.1.",
    "127.255.255.254",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0x7f.1",
];

const THIS_MACHINE_IN_OTHER_WORDS: &[&str] = &[
    "0",
    "0.0.0.0",
    "0x0",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::1]",
    "localhost",
    "LOCALHOST",
    "localhost.",
];

const METADATA: &[&str] = &[
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "[fd00:ec2::254]",
    "169.254.170.2",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "metadata.google.internal",
    "metadata.google.internal.",
    "metadata",
    "instance-data",
];

const OF_NETWORKS: &[&str] = &[
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.0.1",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[fd00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[fe80::1]",
];

/// A case that no host of these is reached, whoever asks.
fn refused(promise: &'static str, hosts: &[&str]) -> Case {
    let begin = case(promise).wide().also_dials().untouched();
    let fail = |case: Case, host: &&str| case.fails(&format!("http://{host}/latest/meta-data/"), NOT_PUBLIC);
    hosts.iter().fold(begin, fail)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        refused("no spelling of this machine's address reaches it", THIS_MACHINE),
        refused(
            "no dress or name of this machine's address reaches it",
            THIS_MACHINE_IN_OTHER_WORDS,
        ),
        refused(
            "no service that tells a machine its credentials is reached",
            METADATA,
        ),
        refused("no network of one's own is reached", OF_NETWORKS),
        case("a public address is reached, of either version")
            .wide()
            .also_dials()
            .get("http://20.30.0.1/", Want::Status(200))
            .get("http://[2600:1f00::1]/", Want::Status(200))
            .connections(2),
        case("a host that is granted as private is reached, by its name")
            .also_dials()
            .get("http://lan.example/", Want::Status(200))
            .connections(1),
        case("a host that is granted as private is reached, by its address")
            .get("http://10.0.0.1/", Want::Status(200))
            .connections(1),
        case("another name of the same private address is refused")
            .also_dials()
            .fails(
                "http://inner.example/",
                NOT_PUBLIC.saying("inner.example has the address 10.0.0.1"),
            )
            .untouched(),
        case("a private neighbour that no rule names is refused")
            .fails("http://10.0.0.2/", NOT_GRANTED)
            .fails("http://x.lan.example/", NOT_GRANTED)
            .untouched(),
        case("one private address among public ones refuses them all")
            .also_dials()
            .fails("http://mixed.example/", NOT_PUBLIC)
            .untouched(),
        case("the order of a mixed answer does not matter")
            .also_dials()
            .name("mixed.example", &["::1 20.30.0.10"])
            .fails("http://mixed.example/", NOT_PUBLIC)
            .untouched(),
        case("a mapped address among public ones refuses them all")
            .name("mixed.example", &["20.30.0.10 ::ffff:20.30.0.10"])
            .fails("http://mixed.example/", NOT_PUBLIC)
            .untouched(),
        case("a name that moves to a private address is not followed there")
            .name("moving.example", &["20.30.0.11", "10.0.0.1"])
            .serves(
                "/once",
                Script::Last(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok".to_vec()),
            )
            .get("http://moving.example/once", Want::Body(200, "ok"))
            .fails("http://moving.example/again", NOT_PUBLIC)
            .connections(1)
            .unseen("/again"),
        case("a name that moves is not asked again while its connection is kept")
            .name("moving.example", &["20.30.0.11", "10.0.0.1"])
            .get("http://moving.example/once", Want::Body(200, "ok"))
            .get("http://moving.example/again", Want::Body(200, "ok"))
            .connections(1)
            .seen("GET /again"),
        case("a lasting connection to a name that moves is refused the second time")
            .ways(LASTING)
            .name("moving.example", &["20.30.0.11", "10.0.0.1"])
            .dial(line("ws://moving.example/", &["one"], 1), Want::Body(101, "one"))
            .dial(line("ws://moving.example/", &["two"], 1), Want::Fails(NOT_PUBLIC))
            .connections(1),
        case("lines go to no private address either")
            .ways(LASTING)
            .wide()
            .dial(line("tcp://127.0.0.1:6667", &["x"], 0), Want::Fails(NOT_PUBLIC))
            .dial(line("tcp://[::1]:6667", &["x"], 0), Want::Fails(NOT_PUBLIC))
            .dial(line("tcp://metadata:6667", &["x"], 0), Want::Fails(NOT_PUBLIC))
            .dial(line("tcp://2130706433:6667", &["x"], 0), Want::Fails(NOT_PUBLIC))
            .untouched(),
        case("a name without an address is told as such")
            .fails("http://fails.example/", RESOLVE.saying("no such name"))
            .fails("http://empty.example/", RESOLVE.saying("has no address"))
            .untouched(),
        case("a resolver that never answers ends in time")
            .fails("http://never.example/", NO_NAME)
            .untouched(),
        case("an address where nobody listens is told as such")
            .fails("http://deaf.example:81/", CONNECT)
            .untouched(),
        case("an address without a route is told as such")
            .wide()
            .fails("http://1.1.1.1/", CONNECT)
            .untouched(),
    ]
}
