//! From a host to one open connection: resolve, classify, pin.
//!
//! **Promise.** A name is resolved once and the connection goes to an address of that answer. If any address among
//! the answers is not public, nothing is connected to unless the grant names the host as private; so an answer
//! that mixes both is worth no more than its worst part. **Bound.** [`Caps::resolve`] and [`Caps::connect`]; a few
//! names at a time for each tenant, also when nobody waits for them any more.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use openclaw_policy::{AddressClass, Host, display_safe};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::caps::Caps;
use crate::error::{Cause, Phase, SHOWN};
use crate::resolve::Resolve;
use crate::tls::TlsOptions;
use crate::upstream::Route;

/// Names of one tenant that are looked up at a time.
const LOOKUPS: usize = 4;
/// Addresses of one name that count.
const MAX_ANSWERS: usize = 16;
/// What one address of several gets before the next is tried.
const PATIENCE: Duration = Duration::from_secs(3);

/// A connection's bytes, whatever is below them.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection's bytes.
pub(crate) type BoxedStream = Box<dyn Stream>;

/// What is connected to.
#[derive(Clone, Copy)]
pub(crate) struct Destination<'d> {
    pub(crate) host: &'d Host,
    pub(crate) port: u16,
    /// Whether it may have a non-public address.
    pub(crate) may_be_private: bool,
}

/// An open connection to a judged address.
pub(crate) struct Dialled {
    pub(crate) stream: BoxedStream,
    /// Whether its address is not public.
    pub(crate) is_private: bool,
}

/// Opens connections for one tenant.
pub(crate) struct Dialler {
    resolver: Arc<dyn Resolve>,
    upstream: Option<Arc<Route>>,
    lookups: Arc<Semaphore>,
}

/// Addresses that were judged together.
struct Judged {
    addresses: Vec<IpAddr>,
    is_private: bool,
}

impl Dialler {
    pub(crate) fn new(resolver: Arc<dyn Resolve>, upstream: Option<Arc<Route>>) -> Self {
        Self {
            resolver,
            upstream,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }

    /// Connects. Nothing of the tenant's is sent.
    pub(crate) async fn dial(
        &self,
        to: Destination<'_>,
        caps: &Caps,
        until: Instant,
    ) -> Result<Dialled, Cause> {
        let answers = match to.host {
            Host::Address(address) => vec![*address],
            Host::Domain(_) => self.resolve(to.host, caps, until).await?,
        };
        let judged = judge(to, answers)?;
        let stream = self.connect(to, &judged, caps, until).await?;
        Ok(Dialled {
            stream,
            is_private: judged.is_private,
        })
    }

    async fn resolve(&self, host: &Host, caps: &Caps, until: Instant) -> Result<Vec<IpAddr>, Cause> {
        let Host::Domain(name) = host else {
            return Ok(Vec::new());
        };
        let until = until.min(Instant::now() + caps.resolve);
        let place = Arc::clone(&self.lookups).acquire_owned();
        let place = within(until, Phase::Resolve, caps.resolve, place).await?;
        let (resolver, name) = (Arc::clone(&self.resolver), name.clone());
        // A look-up that nobody waits for any more still holds its place, because the system goes on with it.
        let lookup = tokio::spawn(async move {
            let _place = place;
            resolver.resolve(name).await
        });
        let found = within(until, Phase::Resolve, caps.resolve, lookup).await?;
        let failed = |why: &str| Cause::Resolve {
            host: host.to_string(),
            why: display_safe(why, SHOWN),
        };
        match found {
            Ok(Ok(answers)) => Ok(answers),
            Ok(Err(why)) => Err(failed(&why)),
            Err(_) => Err(failed("the resolver broke")),
        }
    }

    async fn connect(
        &self,
        to: Destination<'_>,
        judged: &Judged,
        caps: &Caps,
        until: Instant,
    ) -> Result<BoxedStream, Cause> {
        let addresses = &judged.addresses;
        let until = until.min(Instant::now() + caps.connect);
        let mut last = None;
        let mut left = addresses.len();
        for address in addresses {
            left -= 1;
            if last.is_some() && Instant::now() >= until {
                break;
            }
            let until = match left {
                0 => until,
                _ => until.min(Instant::now() + PATIENCE),
            };
            let address = SocketAddr::new(*address, to.port);
            match within(
                until,
                Phase::Connect,
                caps.connect,
                self.reach(to, address, caps, until),
            )
            .await
            {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(cause)) | Err(cause) => last = Some(cause),
            }
        }
        Err(last.unwrap_or_else(|| Cause::Resolve {
            host: to.host.to_string(),
            why: "it has no address".to_owned(),
        }))
    }

    /// Through the operator's proxy, which is told the address and not the name: it could resolve it anew.
    async fn reach(
        &self,
        to: Destination<'_>,
        address: SocketAddr,
        caps: &Caps,
        until: Instant,
    ) -> Result<BoxedStream, Cause> {
        match &self.upstream {
            Some(route) if route.takes(address.ip())? => self.through(route, address, caps, until).await,
            _ => Ok(Box::new(open(to.host, address, to.may_be_private).await?)),
        }
    }

    /// The operator named the proxy, so its address is not judged.
    async fn through(
        &self,
        route: &Route,
        to: SocketAddr,
        caps: &Caps,
        until: Instant,
    ) -> Result<BoxedStream, Cause> {
        let proxy = &route.proxy;
        let answers = match proxy.host() {
            Host::Address(address) => vec![*address],
            host @ Host::Domain(_) => self.resolve(host, caps, until).await?,
        };
        let Some(address) = answers.first() else {
            let (host, why) = (to.to_string(), "its name has no address".to_owned());
            return Err(Cause::Proxy { host, why });
        };
        let stream = open(proxy.host(), SocketAddr::new(*address, proxy.port()), true).await?;
        let stream: BoxedStream = match proxy.is_encrypted() {
            false => Box::new(stream),
            true => {
                let options = TlsOptions::default();
                let secured = route.tls.secure(stream, proxy.host(), &options, &[], until).await;
                Box::new(secured.map_err(|error| error.cause)?)
            }
        };
        proxy.tunnel(stream, to, until).await.map_err(|error| error.cause)
    }
}

/// Opens a connection to one address. An address of this machine's own may look like any other: whoever is connected
/// to himself knows it by that.
async fn open(host: &Host, address: SocketAddr, may_be_private: bool) -> Result<TcpStream, Cause> {
    let failed = |error: std::io::Error| Cause::Connect {
        host: host.to_string(),
        why: error.to_string(),
    };
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    if !may_be_private && stream.local_addr().map_err(failed)?.ip() == address.ip() {
        return Err(Cause::NotPublic {
            host: host.to_string(),
            address: address.ip(),
            class: AddressClass::Loopback,
        });
    }
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

fn judge(to: Destination<'_>, mut answers: Vec<IpAddr>) -> Result<Judged, Cause> {
    let odd = answers
        .iter()
        .map(|address| (*address, AddressClass::of(*address)))
        .find(|(_, class)| !class.is_public());
    if let Some((address, class)) = odd.filter(|_| !to.may_be_private) {
        return Err(Cause::NotPublic {
            host: to.host.to_string(),
            address,
            class,
        });
    }
    answers.truncate(MAX_ANSWERS);
    Ok(Judged {
        addresses: answers,
        is_private: odd.is_some(),
    })
}

/// Waits until a moment.
pub(crate) async fn within<F: Future>(
    until: Instant,
    phase: Phase,
    within: Duration,
    work: F,
) -> Result<F::Output, Cause> {
    let late = |_| Cause::Timeout { phase, within };
    timeout_at(until, work).await.map_err(late)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge_answers(may_be_private: bool, answers: &str) -> Result<bool, Cause> {
        let host = "a.example".parse().unwrap();
        let to = Destination {
            host: &host,
            port: 443,
            may_be_private,
        };
        let answers = answers.split_whitespace().map(|address| address.parse().unwrap());
        judge(to, answers.collect()).map(|judged| judged.is_private)
    }

    #[test]
    fn one_address_that_is_not_public_spoils_the_answer() {
        assert!(!judge_answers(false, "1.1.1.1 2606:4700::1111").unwrap());
        for answers in [
            "127.0.0.1",
            "1.1.1.1 10.0.0.1",
            "1.1.1.1 ::1",
            "169.254.169.254 1.1.1.1",
            "::ffff:1.1.1.1",
        ] {
            let refused = judge_answers(false, answers);
            assert!(matches!(refused, Err(Cause::NotPublic { .. })), "{answers}");
            assert!(judge_answers(true, answers).unwrap(), "{answers}");
        }
    }
}
