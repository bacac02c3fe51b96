//! Names that mean what a case says, and change their mind if it says so.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use openclaw_egress::{Answers, Resolve};
use openclaw_policy::DomainName;

/// A resolver that follows a script.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<String, Vec<String>>>>);

impl Names {
    /// A name has these answers, one after the other; the last one stays. An answer is a list of addresses, `never`
    /// or `fails`.
    pub(crate) fn put(&self, name: &str, answers: &[&str]) {
        let answers = answers.iter().rev().map(|answer| (*answer).to_owned());
        self.0.lock().unwrap().insert(name.to_owned(), answers.collect());
    }

    fn next(&self, name: &str) -> Option<String> {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(name)?;
        match answers.len() {
            1 => answers.first().cloned(),
            _ => answers.pop(),
        }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: DomainName) -> Pin<Box<dyn Future<Output = Answers> + Send>> {
        let answer = self.next(name.as_str());
        Box::pin(async move {
            match answer.as_deref() {
                Some("never") => {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                    Err("it never came".to_owned())
                }
                Some("fails") | None => Err("no such name".to_owned()),
                Some(answer) => Ok(answer
                    .split_whitespace()
                    .map(|address| address.parse::<IpAddr>().unwrap())
                    .collect()),
            }
        })
    }
}
