//! Names into addresses, by a resolver of the gate's choice.
//!
//! **Promise.** The gate asks once for each connection and connects to what it judged; no library asks again.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use openclaw_policy::DomainName;

/// What a resolver answers, or why not.
pub type Answers = Result<Vec<IpAddr>, String>;

/// Resolves names.
pub trait Resolve: Send + Sync {
    /// All addresses of a name.
    fn resolve(&self, name: DomainName) -> Pin<Box<dyn Future<Output = Answers> + Send>>;
}

/// The system's resolver, with its hosts file and its own rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: DomainName) -> Pin<Box<dyn Future<Output = Answers> + Send>> {
        Box::pin(async move {
            match tokio::net::lookup_host((name.as_str(), 0)).await {
                Ok(found) => Ok(found.map(|address| address.ip()).collect()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}
