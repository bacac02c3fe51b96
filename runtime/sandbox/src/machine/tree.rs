//! A command and all that it started, and how they are ended.
//!
//! **Promise.** Nothing is signalled that the command did not start: its process group and session, whose numbers
//! nobody else gets while its first process is not reaped; on Linux also the children of all of these, and whoever
//! carries the command's own random mark in its environment, so that a daemon with a session of its own is found too.
//! A process that was found is held by a descriptor and looked at again before it is signalled, so that its number
//! cannot have become another's meanwhile.
//!
//! **Bound.** Out of reach are: a daemon that has also emptied its environment, one that runs as another user, and, on
//! systems other than Linux, whatever left the process group.
//!
//! **Cost.** A walk over `/proc` for each look, and only while a command is being ended.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::time::{Instant, sleep};

/// How long the dead are waited for after they were killed.
const LAST: Duration = Duration::from_secs(3);
/// The pauses between looks at who is left.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(80));

/// A command and all that it started.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    /// Its first process, which leads its group and session. Not reaped while this is used.
    pub(super) leader: Pid,
    /// `NAME=value` as it stands in the environment of all that it starts.
    pub(super) mark: String,
}

impl Tree {
    /// Asks all to end, and kills whoever is left after `grace`. Returns when nobody is left, or nobody that can be
    /// killed.
    pub(super) async fn end(&self, grace: Duration) {
        self.signal(Signal::TERM).await;
        // Whoever is stopped hears nothing else before.
        self.signal(Signal::CONT).await;
        if self.are_gone_within(grace, None).await {
            return;
        }
        self.are_gone_within(LAST, Some(Signal::KILL)).await;
    }

    /// Waits for all to be gone, sending `signal` to whoever is there at each look.
    async fn are_gone_within(&self, patience: Duration, signal: Option<Signal>) -> bool {
        let deadline = Instant::now() + patience;
        let mut pause = PAUSES.0;
        loop {
            let left = match signal {
                Some(signal) => self.signal(signal).await,
                None => self.count().await,
            };
            if left == 0 {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Signals all; says how many live ones there were.
    async fn signal(&self, signal: Signal) -> usize {
        let tree = self.clone();
        let work = tokio::task::spawn_blocking(move || tree.signal_now(signal));
        work.await.unwrap_or_default()
    }

    async fn count(&self) -> usize {
        let tree = self.clone();
        let work = tokio::task::spawn_blocking(move || tree.living());
        work.await.unwrap_or_default()
    }

    /// Signals all, at once.
    pub(super) fn signal_now(&self, signal: Signal) -> usize {
        // The only failure is that nobody is left.
        let _ = kill_process_group(self.leader, signal);
        self.signal_others(signal)
    }

    #[cfg(target_os = "linux")]
    fn signal_others(&self, signal: Signal) -> usize {
        let members = proc::members(self.leader, &self.mark);
        for member in members
            .iter()
            .filter(|member| member.group != self.leader.as_raw_pid())
        {
            member.signal(signal);
        }
        members.len()
    }

    #[cfg(target_os = "linux")]
    fn living(&self) -> usize {
        proc::members(self.leader, &self.mark).len()
    }

    /// Whether the group has members besides its first process cannot be seen, so it counts while it can be signalled.
    #[cfg(not(target_os = "linux"))]
    fn signal_others(&self, _: Signal) -> usize {
        self.living()
    }

    #[cfg(not(target_os = "linux"))]
    fn living(&self) -> usize {
        usize::from(rustix::process::test_kill_process_group(self.leader).is_ok())
    }
}

/// What Linux tells of processes.
#[cfg(target_os = "linux")]
mod proc {
    use std::collections::HashSet;
    use std::fs;

    use memchr::memmem::Finder;
    use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

    /// A process, as it was when it was looked at.
    #[derive(Debug)]
    pub(super) struct Seen {
        pid: i32,
        parent: i32,
        pub(super) group: i32,
        session: i32,
        is_dead: bool,
        /// When it began, in ticks since the system did.
        born: u64,
    }

    impl Seen {
        fn read(pid: i32) -> Option<Self> {
            let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
            // The name stands in parentheses and may itself hold some.
            let at = memchr::memrchr(b')', &stat)?;
            let rest = std::str::from_utf8(stat.get(at + 1..)?).ok()?;
            let mut fields = rest.split_ascii_whitespace();
            let state = fields.next()?;
            let mut number = || fields.next()?.parse::<i32>().ok();
            let (parent, group, session) = (number()?, number()?, number()?);
            let born = fields.nth(15)?.parse().ok()?;
            Some(Self {
                pid,
                parent,
                group,
                session,
                is_dead: matches!(state, "Z" | "X"),
                born,
            })
        }

        /// Signals it, if it still is the one that was seen.
        pub(super) fn signal(&self, signal: Signal) {
            let Some(pid) = Pid::from_raw(self.pid) else {
                return;
            };
            let Ok(held) = pidfd_open(pid, PidfdFlags::empty()) else {
                return;
            };
            if Self::read(self.pid).is_some_and(|now| now.born == self.born) {
                // It may end meanwhile, or be another user's.
                let _ = pidfd_send_signal(&held, signal);
            }
        }
    }

    /// The live processes of a command.
    pub(super) fn members(leader: Pid, mark: &str) -> Vec<Seen> {
        let leader = leader.as_raw_pid();
        let mut others = all();
        let mut found = Vec::new();
        let mut known = HashSet::from([leader]);
        let mark = Finder::new(mark);
        let is_its_own = |seen: &Seen| {
            seen.pid == leader || seen.group == leader || seen.session == leader || has(seen.pid, &mark)
        };
        for seen in others.extract_if(.., |seen| is_its_own(seen)) {
            known.insert(seen.pid);
            found.push(seen);
        }
        loop {
            let children: Vec<_> = others
                .extract_if(.., |seen| known.contains(&seen.parent))
                .collect();
            if children.is_empty() {
                break;
            }
            known.extend(children.iter().map(|seen| seen.pid));
            found.extend(children);
        }
        found.retain(|seen| !seen.is_dead);
        found
    }

    fn all() -> Vec<Seen> {
        let own = getpid().as_raw_pid();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter(|pid| *pid != own && *pid != 1)
            .filter_map(Seen::read)
            .collect()
    }

    fn has(pid: i32, mark: &Finder<'_>) -> bool {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environ| mark.find(&environ).is_some())
    }
}
