//! One request on its way through the gate: parse, grant, resolve, classify, pin, inject, send, return.
//!
//! **Promise.** Each step comes before the next, for each hop of a redirected request. A request is sent once; it is
//! sent anew only if none of it was taken, or if it reads and the connection that was kept for it turned out to be
//! over. **Cost.** Some microseconds beside the network.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderValue, LOCATION, RANGE, USER_AGENT};
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use openclaw_policy::RequestPath;
use openclaw_policy::capability::http::{Allowed, HttpCall, Method, Refusal};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::body::{Outgoing, Progress};
use super::pool::{Key, Lease, Link, Sender};
use super::response::{Arrived, Bounds, Response, check_head};
use super::{Body, Limits, Request, multipart, redirect};
use crate::dial::{Destination, within};
use crate::error::{Cause, Error, Phase, Result, Sent};
use crate::gate::Client;
use crate::header::{self, Header};
use crate::ledger::Entry;
use crate::secret::StreamGuard;
use crate::target::Target;
use crate::tls::TlsOptions;
use crate::traffic::{hide, hide_in};

/// What all hops of a request may take together.
struct Plan {
    until: Instant,
    total: Duration,
    first_byte: Duration,
    idle: Duration,
    response_bytes: Option<u64>,
    redirects: u32,
}

impl Plan {
    fn new(asked: &Limits, client: &Client) -> Self {
        let caps = &client.caps;
        let lower = |asked: Option<Duration>, most: Duration| asked.map_or(most, |asked| asked.min(most));
        let total = lower(asked.total, caps.total);
        Self {
            until: Instant::now() + total,
            total,
            first_byte: lower(asked.first_byte, caps.first_byte),
            idle: lower(asked.idle, caps.idle),
            response_bytes: asked.response_bytes,
            redirects: asked.redirects.unwrap_or(caps.redirects).min(caps.redirects),
        }
    }
}

/// One request of those that a redirected one becomes.
pub(super) struct Hop {
    pub(super) method: String,
    pub(super) target: Target,
    pub(super) headers: Vec<Header>,
    pub(super) body: Body,
    /// Whether the body was one that is read while it is sent, and is gone.
    pub(super) is_spent: bool,
}

impl Client {
    /// Sends a request, follows where it is redirected, and waits for the headers of the response. A status of 400
    /// or above is a response.
    pub async fn send(&self, request: Request) -> Result<Response> {
        let plan = Plan::new(&request.limits, self);
        let mut entry = self.entry(&request.method);
        if let Err(cause) = self.rates.take_any(&self.caps) {
            entry.withdraw();
            return Err(cause.into());
        }
        let place = Arc::clone(&self.requests).try_acquire_owned();
        let Ok(place) = place else {
            let what = "as many requests as are allowed";
            return Err(self.refuse(&mut entry, Cause::TooMany { what }.into()));
        };
        let target = Target::of_request(&request.url).map_err(|error| self.refuse(&mut entry, error))?;
        let mut left = plan.redirects;
        let mut hop = Hop {
            method: request.method,
            target,
            headers: request.headers,
            body: request.body,
            is_spent: false,
        };
        // Behind a redirect something has left, however the rest of the way ends.
        let mut before = Sent::No;
        loop {
            let arrived = self.exchange(&mut hop, &plan, &mut entry).await;
            let arrived = arrived.map_err(|error| self.refuse(&mut entry, error).behind(before))?;
            before = Sent::Yes;
            let status = arrived.head.status;
            entry.status(status.as_u16());
            let location = location_of(status, &arrived.head.headers);
            let Some(location) = location.filter(|_| plan.redirects > 0) else {
                let url = hop.target.to_string();
                let vault = &self.tenant.vault;
                let response = Response::new(arrived, &hop.target, &url, vault, place);
                let response = response.map_err(|cause| self.refuse(&mut entry, cause.when(Sent::Yes)))?;
                return Ok(response.enter(entry));
            };
            drop(arrived);
            let next = match left {
                0 => Err(Cause::Redirects { most: plan.redirects }),
                _ => redirect::follow(hop, status, &location, &self.tenant.vault),
            };
            hop = next.map_err(|cause| self.refuse(&mut entry, cause.when(Sent::Yes)))?;
            left = left.saturating_sub(1);
            entry.passed();
            entry = self.entry(&hop.method);
        }
    }

    /// One hop, up to the headers of its response.
    async fn exchange(&self, hop: &mut Hop, plan: &Plan, entry: &mut Entry) -> Result<Arrived> {
        let vault = &self.tenant.vault;
        let target = &hop.target;
        let origin = format!("{}://{}", target.scheme(), target.authority());
        entry.place(hide(vault, &origin), hide(vault, target.path().as_str()));
        let method: Method = hop.method.parse().map_err(|_| Cause::Method {
            method: openclaw_policy::display_safe(&hop.method, 40),
            why: "is none that may be sent: it is written in capitals, and CONNECT and TRACE are refused",
        })?;
        let injector = vault.inject(target.host(), target.is_encrypted());
        injector.refuse_in(&target.host().to_string(), "the name of a host")?;
        let allowed = self.judge(&method, target, target.path())?;
        header::check_sent(&hop.headers, &self.caps)?;
        self.rates.take(target.host(), &self.caps)?;
        let (key, progress) = (Key::of(target), Arc::new(Progress::default()));
        entry.follow(progress.counter());
        let kept = self.pool.take(&key, allowed.private_body.is_some(), &self.caps);
        let is_kept = kept.is_some();
        let mut link = match kept {
            Some(link) => link,
            None => self.open(target, allowed, plan).await?,
        };
        let mut granted = body_at(allowed, &link)?;
        let request = self.prepare(hop, &method, granted, &progress)?;
        let mut spare = is_kept.then(|| repeat(&request, &progress)).flatten();
        let target = &hop.target;
        let mut sent = self
            .transmit(&mut link.sender, request, target, plan, &progress)
            .await?;
        if let Err(failed) = &mut sent
            && is_kept
            && let Some(request) = failed
                .take_message()
                .or_else(|| spare.take().filter(|_| is_over(failed.error())))
        {
            // The connection that was kept is over.
            link = self.open(target, allowed, plan).await?;
            granted = body_at(allowed, &link)?;
            let length = request.body().size_hint().lower();
            if length > granted.get() {
                return Err(Cause::Body { most: granted }.into());
            }
            sent = self
                .transmit(&mut link.sender, request, target, plan, &progress)
                .await?;
        }
        let response = sent.map_err(|failed| {
            self.pool.forget(&key);
            self.explain(target, &progress, failed)
        })?;
        let (head, body) = response.into_parts();
        check_head(&head, &self.caps).map_err(|cause| cause.when(Sent::Yes))?;
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            let cause = Cause::peer(
                target.host(),
                "switched to another protocol, which was not asked for",
            );
            return Err(cause.when(Sent::Yes));
        }
        Ok(Arrived {
            is_head: method.as_str() == "HEAD",
            head,
            body,
            lease: Lease {
                pool: Arc::clone(&self.pool),
                caps: Arc::clone(&self.caps),
                key,
                link,
                progress,
            },
            bounds: Bounds {
                until: plan.until,
                total: plan.total,
                idle: plan.idle,
                asked: plan.response_bytes,
                granted: Some(granted),
                ratio: self.caps.ratio,
                is_lasting: false,
            },
        })
    }

    /// Writes a failure down and hands it on, without what nobody may read.
    fn refuse(&self, entry: &mut Entry, error: Error) -> Error {
        let error = hide_in(&self.tenant.vault, error);
        entry.failed(&error);
        error
    }

    fn judge(&self, method: &Method, target: &Target, path: &RequestPath) -> Result<Allowed, Cause> {
        let call = HttpCall {
            scheme: target.scheme(),
            host: target.host(),
            port: target.port(),
            method: method.as_str(),
            path,
        };
        self.tenant.http.judge(&call).map_err(|refusal| {
            let why = match refusal {
                Refusal::Host => "no rule for http names this host",
                Refusal::Port => "the rules for this host have another scheme or port",
                Refusal::Method => "the rules for this host have other methods",
                Refusal::Path => {
                    "the rules for this host have other paths, or the path can be read in two ways"
                }
            };
            let path = hide(&self.tenant.vault, target.path().as_str());
            let what = format!("{method} {}://{}{path}", target.scheme(), target.authority());
            Cause::NotGranted {
                what: openclaw_policy::display_safe(&what, crate::error::SHOWN),
                why: why.to_owned(),
            }
        })
    }

    /// A new connection to a judged address.
    async fn open(&self, target: &Target, allowed: Allowed, plan: &Plan) -> Result<Link> {
        let to = Destination {
            host: target.host(),
            port: target.port(),
            may_be_private: allowed.private_body.is_some(),
        };
        let until = plan.until.min(Instant::now() + self.caps.connect);
        let dialled = self.dialler.dial(to, &self.caps, until).await?;
        let opening = async {
            if !target.is_encrypted() {
                return Ok(Sender::open(dialled.stream, false, &self.caps).await);
            }
            let alpn: &[&[u8]] = &[b"h2", b"http/1.1"];
            let options = TlsOptions::default();
            let stream = self
                .tls
                .secure(dialled.stream, target.host(), &options, alpn, until)
                .await?;
            let is_two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            Ok::<_, Error>(Sender::open(Box::new(stream), is_two, &self.caps).await)
        };
        let opened = within(until, Phase::Connect, self.caps.connect, opening).await??;
        let (sender, life) = opened.map_err(|error| Cause::Connect {
            host: target.host().to_string(),
            why: error.to_string(),
        })?;
        Ok(Link {
            sender,
            is_private: dialled.is_private,
            life,
        })
    }

    /// Puts secrets into their places and writes the gate's own headers.
    fn prepare(
        &self,
        hop: &mut Hop,
        method: &Method,
        most: openclaw_policy::Bytes,
        progress: &Arc<Progress>,
    ) -> Result<http::Request<Outgoing>> {
        let target = &hop.target;
        let injector = self.tenant.vault.inject(target.host(), target.is_encrypted());
        let path = injector.path(target.path().as_str())?;
        if let Some(filled) = path.as_str().filter(|_| path.has_secret()) {
            // What a value made of the path must be granted just like what stood there for it.
            let judged: RequestPath = filled.parse().map_err(|_| Cause::Request {
                why: "has a path that is none once the secret stands in it",
            })?;
            self.judge(method, target, &judged)?;
        }
        let mut place = Zeroizing::new(path.as_bytes().to_vec());
        if let Some(query) = target.query() {
            place.push(b'?');
            place.extend_from_slice(injector.query(query)?.as_bytes());
        }
        let mut headers = HeaderMap::with_capacity(hop.headers.len() + 4);
        header::check_kinds(&hop.headers)?;
        for (name, value) in &hop.headers {
            let name = header::name_of(name)?;
            if name == ACCEPT_ENCODING {
                continue;
            }
            let value = header::fill(&injector, &name, value)?;
            headers.append(name, value);
        }
        let mut body = std::mem::take(&mut hop.body);
        hop.is_spent = matches!(body, Body::Multipart(_) | Body::Stream(..));
        if let Body::Multipart(parts) = body {
            let form = multipart::assemble(parts, &injector)?;
            let kind = HeaderValue::try_from(form.content_type)
                .map_err(|_| internal("a boundary broke its header"))?;
            headers.insert(CONTENT_TYPE, kind);
            body = form.body;
        } else if let Body::Bytes(bytes) = &body {
            // What is redirected with its body must find it without its secrets.
            hop.body = Body::Bytes(bytes.clone());
            let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let injected = injector.body(kind, bytes)?;
            if injected.has_secret() {
                body = Body::Bytes(injected.into_bytes());
            }
        }
        let coding = match headers.contains_key(RANGE) {
            true => "identity",
            false => "gzip, deflate",
        };
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding));
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static("openclaw"));
        let mut request = http::Request::new(self.outgoing(body, most, progress)?);
        *request.method_mut() = method
            .as_str()
            .parse()
            .map_err(|_| internal("a method was judged that is none"))?;
        let odd =
            |_| Cause::url("has a character that cannot be sent as it is; write it with a percent code");
        *request.uri_mut() = http::Uri::try_from(place.as_slice()).map_err(odd)?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn outgoing(
        &self,
        body: Body,
        most: openclaw_policy::Bytes,
        progress: &Arc<Progress>,
    ) -> Result<Outgoing, Cause> {
        let length = match &body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Stream(length, _) => length.unwrap_or_default(),
            Body::Empty | Body::Multipart(_) => 0,
        };
        if length > most.get() {
            return Err(Cause::Body { most });
        }
        let progress = Arc::clone(progress);
        Ok(match body {
            Body::Empty | Body::Multipart(_) => Outgoing::whole(Bytes::new(), progress),
            Body::Bytes(bytes) => Outgoing::whole(bytes, progress),
            Body::Stream(length, source) => {
                let guard = StreamGuard::new(Arc::clone(&self.tenant.vault));
                Outgoing::pieces(source, length, guard, most, progress)
            }
        })
    }

    /// Sends a request and waits for the headers of its response. Sending counts as progress.
    async fn transmit(
        &self,
        sender: &mut Sender,
        mut request: http::Request<Outgoing>,
        target: &Target,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<Result<http::Response<Incoming>, TrySendError<http::Request<Outgoing>>>> {
        address(&mut request, target, sender.is_two())?;
        let sending = async {
            // A connection that was over is found out here or by sending.
            let _ = sender.ready().await;
            sender.send(request).await
        };
        tokio::pin!(sending);
        let mut seen = 0;
        loop {
            let late = (Instant::now() + plan.first_byte).min(plan.until);
            let (phase, limit) = match late < plan.until {
                true => (Phase::FirstByte, plan.first_byte),
                false => (Phase::Total, plan.total),
            };
            match within(late, phase, limit, &mut sending).await {
                Ok(answer) => return Ok(answer),
                Err(cause) => {
                    let sent = progress.sent();
                    if sent == seen || phase == Phase::Total {
                        return Err(cause.when(Sent::Unknown));
                    }
                    seen = sent;
                }
            }
        }
    }

    fn explain(
        &self,
        target: &Target,
        progress: &Progress,
        mut failed: TrySendError<http::Request<Outgoing>>,
    ) -> Error {
        let is_unsent = failed.take_message().is_some();
        let error = failed.into_error();
        if let Some(fault) = progress.fault() {
            return fault.when(progress.left());
        }
        if error.is_parse_too_large() {
            let (measure, most) = (
                crate::error::Measure::ResponseHeaderBytes,
                self.caps.header_bytes as u64,
            );
            return Cause::TooLarge { measure, most }.when(Sent::Yes);
        }
        let sent = match (is_unsent, error.is_parse()) {
            (true, _) => Sent::No,
            (false, true) => Sent::Yes,
            (false, false) => Sent::Unknown,
        };
        let why = match is_over(&error) {
            true => "closed the connection without an answer".to_owned(),
            false => format!("did not answer as HTTP has it: {error}"),
        };
        Cause::peer(target.host(), &why).when(sent)
    }
}

/// Whether a connection had ended, as against one on which something wrong was said.
fn is_over(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_canceled() || error.is_closed()
}

/// The largest body, either way, at where a connection leads.
fn body_at(allowed: Allowed, link: &Link) -> Result<openclaw_policy::Bytes, Cause> {
    let granted = allowed.body(link.is_private);
    granted.ok_or_else(|| internal("a connection leads where the grant does not"))
}

fn internal(what: &str) -> Cause {
    let what = what.to_owned();
    Cause::Internal { what }
}

/// The same request once more, if it may be sent again although nobody knows what became of it: it reads, and has no
/// body.
fn repeat(request: &http::Request<Outgoing>, progress: &Arc<Progress>) -> Option<http::Request<Outgoing>> {
    let reads = matches!(*request.method(), http::Method::GET | http::Method::HEAD);
    (reads && request.body().is_end_stream()).then(|| {
        let mut again = http::Request::new(Outgoing::whole(Bytes::new(), Arc::clone(progress)));
        *again.method_mut() = request.method().clone();
        *again.uri_mut() = request.uri().clone();
        *again.headers_mut() = request.headers().clone();
        again
    })
}

/// Writes the host where a version of HTTP has it.
fn address(request: &mut http::Request<Outgoing>, target: &Target, is_two: bool) -> Result<(), Cause> {
    let authority = target.authority();
    if is_two {
        request.headers_mut().remove(HOST);
        let mut parts = request.uri().clone().into_parts();
        let odd = || internal("a host broke its request");
        parts.scheme = Some(target.scheme().to_string().parse().map_err(|_| odd())?);
        parts.authority = Some(authority.parse().map_err(|_| odd())?);
        *request.uri_mut() = http::Uri::from_parts(parts).map_err(|_| odd())?;
    } else {
        let place = request.uri().path_and_query().cloned();
        *request.uri_mut() = place.map(http::Uri::from).unwrap_or_default();
        let host = HeaderValue::try_from(authority).map_err(|_| internal("a host broke its header"))?;
        request.headers_mut().insert(HOST, host);
    }
    Ok(())
}

fn location_of(status: StatusCode, headers: &HeaderMap) -> Option<String> {
    let location = headers.get(LOCATION).filter(|_| redirect::is_redirect(status))?;
    // What is no text is shown to the parser as what it is not, which refuses it.
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}
