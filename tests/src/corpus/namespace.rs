//! A network of one's own, in which nothing leads anywhere.
//!
//! **Promise.** What is run in [`inside`] reaches no address of another machine: it runs in a process of its own, in a
//! network namespace that has `lo` and no route. On `lo` stand all addresses of the cases, so that a connection to one
//! of them arrives. **Cost.** One more process for each test.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// Set in the inner process, to the name of the test.
const INSIDE: &str = "OPENCLAW_CORPUS_INSIDE";

/// What stands on `lo` beside its own. Of the first one every address is there.
const ADDRESSES: &[&str] = &[
    // Public ones.
    "20.30.0.0/16",
    // Networks of one's own, of a link, of a provider, of measurements.
    "10.0.0.1/32",
    "172.16.0.1/32",
    "192.168.0.1/32",
    "169.254.0.1/32",
    "100.64.0.1/32",
    "198.18.0.1/32",
    "192.0.0.192/32",
    "fd00::1/128",
    "fec0::1/128",
    // Where clouds tell a machine its credentials.
    "169.254.169.254/32",
    "169.254.170.2/32",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "fd00:ec2::254/128",
    // IPv4 in the dress of another.
    "64:ff9b::7f00:1/128",
    "2002:7f00:1::1/128",
    "::7f00:1/128",
];

/// Runs the work of the test of this name where no network is.
pub fn inside(test: &str, work: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        furnish();
        work();
        return;
    }
    let out = unshare()
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, test)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(out.status.success(), "{test} failed in its namespace:\n{said}");
    assert!(
        said.contains("1 passed"),
        "{test} did not run in its namespace:\n{said}"
    );
}

/// `unshare`, as a user who becomes root in there, or as root.
fn unshare() -> Command {
    let works = |flag: &str| {
        let mut probe = Command::new("unshare");
        let probe = probe.args([flag, "ip", "link", "set", "lo", "up"]).output();
        probe.is_ok_and(|out| out.status.success())
    };
    let flag = ["-rn", "-n"].into_iter().find(|flag| works(flag));
    let flag = flag.expect(
        "these tests need network namespaces: `apt-get install util-linux iproute2`, and either root or \
         `sysctl kernel.unprivileged_userns_clone=1`",
    );
    let mut command = Command::new("unshare");
    command.arg(flag);
    command
}

/// Makes the addresses of the cases, and sees to it that nothing else is there.
fn furnish() {
    let ip = |arguments: &str| {
        let out = Command::new("ip").args(arguments.split(' ')).output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "ip {arguments}: {said}");
    };
    ip("link set lo up");
    for address in ADDRESSES {
        ip(&format!("addr add {address} dev lo"));
    }
    // One that is this machine's and not the one that it speaks from.
    // The system takes a moment until it lets an address of its own be spoken from.
    let route = "-6 route add local 2600:1f00::/64 dev lo src fd00::1";
    let is_there = || {
        let made = Command::new("ip").args(route.split(' ')).output();
        made.is_ok_and(|out| out.status.success())
    };
    let begun = Instant::now();
    while !is_there() {
        assert!(begun.elapsed() < Duration::from_secs(10), "ip {route} fails");
        std::thread::sleep(Duration::from_millis(20));
    }
    let elsewhere: SocketAddr = "192.0.2.1:80".parse().unwrap();
    let refused = TcpStream::connect_timeout(&elsewhere, Duration::from_secs(1)).unwrap_err();
    assert_eq!(
        refused.kind(),
        ErrorKind::NetworkUnreachable,
        "there is a route out: {refused}"
    );
}
