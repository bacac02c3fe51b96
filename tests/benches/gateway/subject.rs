//! A gateway that is measured: its process, and those that it started.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::caller::Caller;

/// A gateway that runs.
pub(crate) struct Subject {
    process: Child,
    pub(crate) port: u16,
    /// From its start to the first client that is let in.
    pub(crate) to_hello: Duration,
    /// From the moment its port is open to the first client that is let in.
    pub(crate) open_to_hello: Duration,
}

impl Subject {
    /// Starts it and waits until it lets a client in.
    pub(crate) async fn start(mut command: Command, port: u16) -> Self {
        let begun = Instant::now();
        let mut process = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut open = None;
        loop {
            if let Some(status) = process.try_wait().unwrap() {
                panic!("the gateway ended with {status}");
            }
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "the gateway lets nobody in"
            );
            if open.is_none() && TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                open = Some(Instant::now());
            }
            if let Some(open) = open
                && Caller::connect(port).await.is_some()
            {
                return Self {
                    process,
                    port,
                    to_hello: begun.elapsed(),
                    open_to_hello: open.elapsed(),
                };
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// What it and its children hold in memory.
    pub(crate) fn resident_kib(&self) -> f64 {
        let mut tree = vec![self.process.id()];
        let mut at = 0;
        let parents = parents();
        while let Some(&parent) = tree.get(at) {
            tree.extend(
                parents
                    .iter()
                    .filter(|(_, of)| *of == parent)
                    .map(|(child, _)| *child),
            );
            at += 1;
        }
        let resident = tree.iter().filter_map(|pid| field(*pid, "VmRSS:"));
        resident.sum::<u64>() as f64
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.process.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Every process and the one that started it.
fn parents() -> Vec<(u32, u32)> {
    let all = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, u32::try_from(field(pid, "PPid:")?).ok()?)))
        .collect()
}

fn field(pid: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
