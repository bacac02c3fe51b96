//! The questions that wait for a nod.
//!
//! **Promise.** The first answer counts, and each who waits is told it. A question that nobody answers ends when its time
//! is up; asking again under the same id is the same question. **Bound.** [`Limits`]: so many questions at once, of one
//! session, and answers that are remembered for those who ask late. **Cost.** One task for each question that waits.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::question::{
    ID_CHARS, NewRequest, Pending, Resolution, ResolveError, Resolved, Told, Unaccepted, Verdict,
};

/// How long a question waits if nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// The longest that a question may wait.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How many events a listener may be behind.
const AHEAD: usize = 256;

/// How many questions there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// At once.
    pub pending: usize,
    /// Of one session at once.
    pub of_session: usize,
    /// How many answers are remembered.
    pub remembered: usize,
    /// For how long.
    pub memory: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending: 128,
            of_session: 16,
            remembered: 256,
            memory: Duration::from_secs(300),
        }
    }
}

/// The questions. Clones share them.
#[derive(Clone)]
pub struct Approvals {
    inner: Arc<Inner>,
}

struct Inner {
    table: Mutex<Table>,
    told: broadcast::Sender<Told>,
    limits: Limits,
}

#[derive(Default)]
struct Table {
    waiting: BTreeMap<String, Waiting>,
    done: VecDeque<(Instant, Resolved)>,
}

struct Waiting {
    pending: Pending,
    answer: watch::Sender<Option<Resolved>>,
}

impl Default for Approvals {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl std::fmt::Debug for Approvals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Approvals").finish_non_exhaustive()
    }
}

impl Approvals {
    /// None yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            inner: Arc::new(Inner {
                table: Mutex::default(),
                told: broadcast::Sender::new(AHEAD),
                limits,
            }),
        }
    }

    /// What is told from now on.
    pub fn listen(&self) -> broadcast::Receiver<Told> {
        self.inner.told.subscribe()
    }

    /// Asks. A question that was asked before under this id, and is the same, is that one. To be called in a runtime.
    pub fn request(&self, new: NewRequest) -> Result<Pending, Unaccepted> {
        let id = match new.id {
            Some(id) if is_id(&id) => id,
            Some(_) => return Err(Unaccepted::Id),
            None => uuid::Uuid::new_v4().to_string(),
        };
        let patience = new
            .patience
            .unwrap_or(PATIENCE)
            .clamp(Duration::from_millis(1), LONGEST);
        let mut table = self.inner.table.lock();
        if let Some(known) = table.find(&id) {
            let same = known.request == new.request && known.session == new.session;
            return same.then_some(known).ok_or(Unaccepted::Taken { id });
        }
        let of_session = |waiting: &&Waiting| new.session.is_some() && waiting.pending.session == new.session;
        let of_session = table.waiting.values().filter(of_session).count();
        for (count, most) in [
            (table.waiting.len(), self.inner.limits.pending),
            (of_session, self.inner.limits.of_session),
        ] {
            if count >= most {
                return Err(Unaccepted::Full { count });
            }
        }
        let created_ms = now_ms();
        let pending = Pending {
            id: id.clone(),
            request: new.request,
            session: new.session,
            can_last: new.can_last,
            created_ms,
            expires_ms: created_ms.saturating_add(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX)),
        };
        let waiting = Waiting {
            pending: pending.clone(),
            answer: watch::Sender::new(None),
        };
        let mut answered = waiting.answer.subscribe();
        table.waiting.insert(id.clone(), waiting);
        // In the lock, so that nobody hears of an answer before the question.
        let _ = self.inner.told.send(Told::Requested(pending.clone()));
        drop(table);
        let own = self.clone();
        tokio::spawn(async move {
            let answered = answered.wait_for(Option::is_some);
            if tokio::time::timeout(patience, answered).await.is_err() {
                own.end(&id, None);
            }
        });
        Ok(pending)
    }

    /// Waits for the answer. Dropping the future takes nothing back.
    pub async fn wait(&self, id: &str) -> Result<Resolved, ResolveError> {
        let mut answer = {
            let mut table = self.inner.table.lock();
            table.forget(self.inner.limits);
            if let Some(done) = table.done_under(id) {
                return Ok(done);
            }
            let unknown = || ResolveError::Unknown { id: id.to_owned() };
            table.waiting.get(id).ok_or_else(unknown)?.answer.subscribe()
        };
        let resolved = answer.wait_for(Option::is_some).await;
        resolved
            .ok()
            .and_then(|resolved| resolved.clone())
            .ok_or_else(|| ResolveError::Unknown { id: id.to_owned() })
    }

    /// Answers the question that is meant by an id or its beginning. The first answer counts.
    pub fn resolve(
        &self,
        id: &str,
        verdict: Verdict,
        by: Option<String>,
        days: Option<u32>,
    ) -> Result<Resolved, ResolveError> {
        let pending = self.get(id)?;
        if verdict == Verdict::AllowAlways && !pending.can_last {
            return Err(ResolveError::NotOffered);
        }
        let resolution = Resolution {
            verdict,
            by,
            at_ms: now_ms(),
            days,
        };
        self.end(&pending.id, Some(resolution))
            .ok_or_else(|| self.late(&pending.id))
    }

    /// Answers all questions of a session with no.
    pub fn deny_all(&self, session: &str, by: Option<&str>) {
        let of_session: Vec<String> = {
            let table = self.inner.table.lock();
            let waiting = table.waiting.values().map(|waiting| &waiting.pending);
            let own = waiting.filter(|pending| pending.session.as_deref() == Some(session));
            own.map(|pending| pending.id.clone()).collect()
        };
        for id in of_session {
            let resolution = Resolution {
                verdict: Verdict::Deny,
                by: by.map(str::to_owned),
                at_ms: now_ms(),
                days: None,
            };
            self.end(&id, Some(resolution));
        }
    }

    /// Takes a question back that nobody needs an answer to any more.
    pub fn withdraw(&self, id: &str) {
        self.end(id, None);
    }

    /// The question that is meant by an id or its beginning.
    pub fn get(&self, id: &str) -> Result<Pending, ResolveError> {
        let id = id.trim();
        {
            let table = self.inner.table.lock();
            if let Some(waiting) = table.waiting.get(id) {
                return Ok(waiting.pending.clone());
            }
            let mut meant = table
                .waiting
                .range(id.to_owned()..)
                .take_while(|(known, _)| !id.is_empty() && known.starts_with(id));
            match (meant.next(), meant.next()) {
                (Some(_), Some(_)) => return Err(ResolveError::Ambiguous { id: id.to_owned() }),
                (Some((_, waiting)), None) => return Ok(waiting.pending.clone()),
                _ => {}
            }
        }
        Err(self.late(id))
    }

    fn late(&self, id: &str) -> ResolveError {
        let mut table = self.inner.table.lock();
        table.forget(self.inner.limits);
        let id = id.to_owned();
        // People type the beginning of an id, here too.
        let begins = |done: &&(Instant, Resolved)| !id.is_empty() && done.1.pending.id.starts_with(&id);
        let done = table.done.iter().rev().find(begins);
        match done.map(|(_, done)| done.clone()) {
            Some(done) => ResolveError::Late {
                id,
                decision: done
                    .resolution
                    .map_or("nobody answered in time", |resolution| resolution.verdict.name()),
            },
            None => ResolveError::Unknown { id },
        }
    }

    /// Those that wait, the oldest first.
    pub fn list(&self) -> Vec<Pending> {
        let table = self.inner.table.lock();
        let mut list: Vec<_> = table
            .waiting
            .values()
            .map(|waiting| waiting.pending.clone())
            .collect();
        drop(table);
        list.sort_by(|one, other| (one.created_ms, &one.id).cmp(&(other.created_ms, &other.id)));
        list
    }

    fn end(&self, id: &str, resolution: Option<Resolution>) -> Option<Resolved> {
        let mut table = self.inner.table.lock();
        let waiting = table.waiting.remove(id)?;
        let resolved = Resolved {
            pending: waiting.pending,
            resolution,
        };
        table.done.push_back((Instant::now(), resolved.clone()));
        table.forget(self.inner.limits);
        waiting.answer.send_replace(Some(resolved.clone()));
        let _ = self.inner.told.send(Told::Resolved(resolved.clone()));
        Some(resolved)
    }
}

impl Table {
    fn find(&self, id: &str) -> Option<Pending> {
        let waiting = self.waiting.get(id).map(|waiting| waiting.pending.clone());
        waiting.or_else(|| self.done_under(id).map(|done| done.pending))
    }

    fn done_under(&self, id: &str) -> Option<Resolved> {
        let mut done = self.done.iter().rev();
        done.find(|(_, done)| done.pending.id == id)
            .map(|(_, done)| done.clone())
    }

    fn forget(&mut self, limits: Limits) {
        while self.done.len() > limits.remembered
            || self
                .done
                .front()
                .is_some_and(|(since, _)| since.elapsed() > limits.memory)
        {
            self.done.pop_front();
        }
    }
}

fn is_id(id: &str) -> bool {
    (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(id: &str) -> NewRequest {
        NewRequest {
            id: Some(id.to_owned()),
            request: json!({"command": "ls"}),
            session: Some("s".to_owned()),
            can_last: true,
            patience: None,
        }
    }

    fn verdict(resolved: &Resolved) -> Option<Verdict> {
        resolved.resolution.as_ref().map(|resolution| resolution.verdict)
    }

    #[tokio::test]
    async fn the_first_answer_counts_and_all_who_wait_are_told_it() {
        let approvals = Approvals::default();
        let mut heard = approvals.listen();
        approvals.request(ask("one")).unwrap();
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let approvals = approvals.clone();
                tokio::spawn(async move { approvals.wait("one").await.unwrap() })
            })
            .collect();
        tokio::task::yield_now().await;
        approvals
            .resolve("one", Verdict::AllowOnce, Some("me".to_owned()), None)
            .unwrap();
        let late = approvals.resolve("one", Verdict::Deny, None, None).unwrap_err();
        assert_eq!(
            late,
            ResolveError::Late {
                id: "one".to_owned(),
                decision: "allow-once"
            }
        );
        let beginning = approvals.resolve("on", Verdict::Deny, None, None).unwrap_err();
        assert!(matches!(beginning, ResolveError::Late { .. }), "{beginning}");
        for waiter in waiters {
            assert_eq!(verdict(&waiter.await.unwrap()), Some(Verdict::AllowOnce));
        }
        assert_eq!(
            verdict(&approvals.wait("one").await.unwrap()),
            Some(Verdict::AllowOnce)
        );
        assert!(matches!(heard.recv().await.unwrap(), Told::Requested(_)));
        assert!(matches!(heard.recv().await.unwrap(), Told::Resolved(_)));
        assert!(approvals.list().is_empty());
    }

    #[tokio::test]
    async fn many_answers_at_once_are_one() {
        let approvals = Approvals::default();
        approvals.request(ask("one")).unwrap();
        let answers: Vec<_> = (0..16)
            .map(|at| {
                let approvals = approvals.clone();
                let verdict = if at % 2 == 0 {
                    Verdict::Deny
                } else {
                    Verdict::AllowOnce
                };
                tokio::task::spawn_blocking(move || approvals.resolve("one", verdict, None, None).is_ok())
            })
            .collect();
        let mut taken = 0;
        for answer in answers {
            taken += usize::from(answer.await.unwrap());
        }
        assert_eq!(taken, 1);
    }

    #[tokio::test]
    async fn a_question_that_nobody_answers_ends() {
        let approvals = Approvals::default();
        let asked = approvals.request(ask("long")).unwrap();
        assert_eq!(asked.expires_ms - asked.created_ms, 1_800_000);
        let mut short = ask("one");
        short.patience = Some(Duration::from_millis(20));
        approvals.request(short).unwrap();
        let ended = approvals.wait("one").await.unwrap();
        assert_eq!(ended.resolution, None);
        let late = approvals.resolve("one", Verdict::AllowOnce, None, None);
        assert!(matches!(late, Err(ResolveError::Late { .. })), "{late:?}");
    }

    #[tokio::test]
    async fn an_answer_is_remembered_for_a_while_and_then_forgotten() {
        let remembers = Approvals::default();
        let forgets = Approvals::new(Limits {
            memory: Duration::from_millis(50),
            ..Limits::default()
        });
        for approvals in [&remembers, &forgets] {
            approvals.request(ask("one")).unwrap();
            approvals.resolve("one", Verdict::Deny, None, None).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(remembers.wait("one").await.is_ok());
        assert!(matches!(
            forgets.wait("one").await,
            Err(ResolveError::Unknown { .. })
        ));
    }

    #[tokio::test]
    async fn the_same_question_asked_twice_is_one_and_another_under_its_id_is_refused() {
        let approvals = Approvals::default();
        let first = approvals.request(ask("one")).unwrap();
        assert_eq!(approvals.request(ask("one")).unwrap(), first);
        assert_eq!(approvals.list().len(), 1);
        let mut other = ask("one");
        other.request = json!({"command": "rm"});
        assert!(matches!(approvals.request(other), Err(Unaccepted::Taken { .. })));
        approvals.resolve("one", Verdict::Deny, None, None).unwrap();
        approvals.request(ask("one")).unwrap();
        assert!(approvals.list().is_empty(), "what was decided is not asked again");
    }

    #[tokio::test]
    async fn a_beginning_that_is_one_questions_alone_names_it() {
        let approvals = Approvals::default();
        for id in ["abc1", "abx2", "x"] {
            approvals.request(ask(id)).unwrap();
        }
        assert_eq!(approvals.get("abc").unwrap().id, "abc1");
        assert!(matches!(approvals.get("ab"), Err(ResolveError::Ambiguous { .. })));
        for unknown in ["", "b", "abc12"] {
            assert!(
                matches!(approvals.get(unknown), Err(ResolveError::Unknown { .. })),
                "{unknown}"
            );
        }
    }

    #[tokio::test]
    async fn only_so_many_questions_wait() {
        let approvals = Approvals::default();
        for at in 0..16 {
            approvals.request(ask(&format!("id{at}"))).unwrap();
        }
        assert!(matches!(
            approvals.request(ask("more")),
            Err(Unaccepted::Full { count: 16 })
        ));
        for at in 0..112 {
            let mut other = ask(&format!("other{at}"));
            other.session = None;
            approvals.request(other).unwrap();
        }
        let mut last = ask("last");
        last.session = None;
        assert!(matches!(
            approvals.request(last),
            Err(Unaccepted::Full { count: 128 })
        ));
    }

    #[tokio::test]
    async fn what_cannot_last_is_not_allowed_always() {
        let approvals = Approvals::default();
        let mut new = ask("one");
        new.can_last = false;
        let pending = approvals.request(new).unwrap();
        assert_eq!(pending.offered(), ["allow-once", "deny"]);
        let refused = approvals.resolve("one", Verdict::AllowAlways, None, None);
        assert_eq!(refused.unwrap_err(), ResolveError::NotOffered);
        approvals.resolve("one", Verdict::AllowOnce, None, None).unwrap();
        for id in ["", "a b", "a\nb", "\u{202e}"] {
            assert_eq!(approvals.request(ask(id)).unwrap_err(), Unaccepted::Id, "{id:?}");
        }
    }
}
