//! Opening a lasting connection through the gate: the same steps as for a request.
//!
//! **Promise.** What a connection is made to is judged before it is made, the name that a certificate must have
//! included. Frames pass the injector on their way out and the net on their way in.
//! **Bound.** [`crate::Caps::connections`]
//! at a time, [`crate::Caps::connect`] until one is open, [`crate::Caps::frame_bytes`] for a frame.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, HeaderName, HeaderValue};
use openclaw_policy::capability::sockets::{Connection as Granted, Dial, Transport};
use openclaw_policy::{Host, RequestPath};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::dial::{BoxedStream, Destination, Dialled};
use crate::dialog::Dialog;
use crate::error::{Cause, Phase, Result, Sent};
use crate::gate::Client;
use crate::header::{self, Header};
use crate::http::{Limits, Request};
use crate::ledger::Entry;
use crate::secret::{Injected, Vault};
use crate::socket::{self, ClearStep, Connection, Framing, Passage, Upgrade, speak};
use crate::target::Target;
use crate::tls::TlsOptions;
use crate::traffic::{Carries, Inward, Outward, hide, hide_in};

/// Whether and when a TCP connection is encrypted.
#[derive(Clone, Debug)]
pub enum TlsMode {
    /// From the first byte.
    AtOnce(TlsOptions),
    /// After some lines in the clear, which the gate says by itself.
    AfterSteps(Vec<ClearStep>, TlsOptions),
    /// Never.
    Never,
}

/// What to connect to.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// A WebSocket.
    WebSocket {
        /// The address: `wss://` or `ws://`.
        url: String,
        /// Headers of the opening request.
        headers: Vec<Header>,
        /// Subprotocols to offer, best first.
        subprotocols: Vec<String>,
    },
    /// A stream of server-sent events, which is a request that lasts and is granted as one.
    Events {
        /// The address: `https://` or `http://`.
        url: String,
        /// Headers of the request.
        headers: Vec<Header>,
    },
    /// A TCP server.
    Tcp {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// Whether it is encrypted, and how.
        tls: TlsMode,
        /// How its bytes become frames.
        framing: Framing,
    },
}

/// What a connection may take at most. Each can only lower what the operator allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectLimits {
    /// Until it is open.
    pub open: Option<Duration>,
    /// Bytes of one arriving frame.
    pub frame_bytes: Option<u64>,
}

/// What all steps of one opening share.
struct Opening {
    until: Instant,
    within: Duration,
    limits: socket::Limits,
    place: OwnedSemaphorePermit,
}

impl Client {
    /// Connects and waits until the connection is open.
    pub async fn connect(&self, endpoint: Endpoint, limits: ConnectLimits) -> Result<Dialog> {
        let mut entry = self.entry(match &endpoint {
            Endpoint::WebSocket { .. } => "WEBSOCKET",
            Endpoint::Events { .. } => "EVENTS",
            Endpoint::Tcp {
                tls: TlsMode::Never, ..
            } => "TCP",
            Endpoint::Tcp { .. } => "TLS",
        });
        if let Err(cause) = self.rates.take_any(&self.caps) {
            entry.withdraw();
            return Err(cause.into());
        }
        let opened = match self.opening(limits) {
            Ok(opening) => match endpoint {
                Endpoint::WebSocket {
                    url,
                    headers,
                    subprotocols,
                } => {
                    self.websocket(opening, &url, headers, subprotocols, &mut entry)
                        .await
                }
                Endpoint::Events { url, headers } => self.events(opening, url, headers, &mut entry).await,
                Endpoint::Tcp {
                    host,
                    port,
                    tls,
                    framing,
                } => self.tcp(opening, (&host, port), &tls, framing, &mut entry).await,
            },
            Err(cause) => Err(cause.unsent()),
        };
        match opened {
            Ok((connection, place)) => Ok(Dialog::new(connection, entry, place, &self.tenant.vault)),
            Err(error) => {
                let error = hide_in(&self.tenant.vault, error);
                entry.failed(&error);
                Err(error)
            }
        }
    }

    fn opening(&self, asked: ConnectLimits) -> Result<Opening, Cause> {
        let place = Arc::clone(&self.connections).try_acquire_owned();
        let place = place.map_err(|_| Cause::TooMany {
            what: "as many connections as are allowed",
        })?;
        let within = asked
            .open
            .map_or(self.caps.connect, |open| open.min(self.caps.connect));
        let frame = asked.frame_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        Ok(Opening {
            until: Instant::now() + within,
            within,
            limits: socket::Limits {
                arriving: frame.map_or(self.caps.frame_bytes, |bytes| bytes.min(self.caps.frame_bytes)),
                leaving: self.caps.frame_bytes,
                patience: self.caps.idle,
            },
            place,
        })
    }

    async fn websocket(
        &self,
        opening: Opening,
        url: &str,
        headers: Vec<Header>,
        subprotocols: Vec<String>,
        entry: &mut Entry,
    ) -> Result<(Connection, OwnedSemaphorePermit)> {
        let vault = &self.tenant.vault;
        let target = Target::of_websocket(url)?;
        let (transport, scheme) = match target.is_encrypted() {
            true => (Transport::Wss, "wss"),
            false => (Transport::Ws, "ws"),
        };
        let origin = format!("{scheme}://{}", target.authority());
        entry.place(hide(vault, &origin), hide(vault, target.path().as_str()));
        let injector = vault.inject(target.host(), target.is_encrypted());
        injector.refuse_in(&target.host().to_string(), "the name of a host")?;
        let granted = self.judge_dial(transport, target.host(), target.port(), Some(target.path()))?;
        header::check_sent(&headers, &self.caps)?;
        check_subprotocols(&subprotocols)?;
        for name in &subprotocols {
            injector.refuse_in(name, "the name of a subprotocol")?;
        }
        self.rates.take(target.host(), &self.caps)?;
        let filled = injector.path(target.path().as_str())?;
        let mut path = text_of(&filled)?.to_owned();
        if filled.has_secret() {
            let judged: RequestPath = path.parse().map_err(|_| Cause::Request {
                why: "has a path that is none once the secret stands in it",
            })?;
            self.judge_dial(transport, target.host(), target.port(), Some(&judged))?;
        }
        if let Some(query) = target.query() {
            let query = injector.query(query)?;
            path.push('?');
            path.push_str(text_of(&query)?);
        }
        let upgrade = Upgrade {
            authority: target.authority(),
            path,
            headers: self.websocket_headers(&headers, &target)?,
            subprotocols,
        };
        let dialled = self.dial(target.host(), target.port(), granted, &opening).await?;
        let stream = match target.is_encrypted() {
            false => dialled.stream,
            true => {
                self.encrypt(
                    dialled.stream,
                    target.host(),
                    &TlsOptions::default(),
                    &[b"http/1.1"],
                    &opening,
                )
                .await?
            }
        };
        let passage = passage(vault, target.host(), target.is_encrypted(), Carries::Messages);
        let connection = Connection::websocket(
            stream,
            target.host(),
            upgrade,
            opening.limits,
            passage,
            opening.until,
        )
        .await?;
        Ok((connection, opening.place))
    }

    fn websocket_headers(
        &self,
        headers: &[Header],
        target: &Target,
    ) -> Result<Vec<(HeaderName, HeaderValue)>> {
        let injector = self.tenant.vault.inject(target.host(), target.is_encrypted());
        let mut ready = Vec::with_capacity(headers.len());
        for (name, value) in headers {
            let name = header::name_of(name)?;
            let value = header::fill(&injector, &name, value)?;
            ready.push((name, value));
        }
        Ok(ready)
    }

    async fn events(
        &self,
        opening: Opening,
        url: String,
        mut headers: Vec<Header>,
        entry: &mut Entry,
    ) -> Result<(Connection, OwnedSemaphorePermit)> {
        let target = Target::of_request(&url)?;
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case(ACCEPT.as_str()));
        headers.push((ACCEPT.to_string(), b"text/event-stream".to_vec()));
        let request = Request {
            method: "GET".to_owned(),
            url,
            headers,
            limits: Limits {
                total: Some(opening.within),
                ..Limits::default()
            },
            ..Request::default()
        };
        // A stream of events is a request, and has the line of one.
        entry.withdraw();
        let mut response = self.send(request).await?;
        let kind = response.headers().iter().find(|(name, _)| name == "content-type");
        let is_events = kind.is_some_and(|(_, value)| is_event_stream(value));
        if response.status() != 200 || !is_events {
            let status = response.status();
            let (host, why) = (
                target.host().to_string(),
                format!("answered with status {status} and no stream of events"),
            );
            return Err(Cause::Status { host, status, why }.when(Sent::Yes));
        }
        response.last();
        let headers = response.headers().to_vec();
        let body = futures_util::stream::unfold(Some(response), |response| async {
            let mut response = response?;
            match response.chunk().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(response))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        // What arrives has passed the net with the response.
        let incoming = Box::new(|frame| frame);
        let connection = Connection::events(body, target.host(), opening.limits, incoming);
        let connection = connection.answered_with(headers);
        Ok((connection, opening.place))
    }

    async fn tcp(
        &self,
        opening: Opening,
        (host, port): (&str, u16),
        tls: &TlsMode,
        framing: Framing,
        entry: &mut Entry,
    ) -> Result<(Connection, OwnedSemaphorePermit)> {
        let (transport, options) = match tls {
            TlsMode::AtOnce(options) | TlsMode::AfterSteps(_, options) => (Transport::Tls, Some(options)),
            TlsMode::Never => (Transport::Tcp, None),
        };
        let host: Host = host
            .parse()
            .map_err(|error| Cause::url(format!("has a bad host: {error}")))?;
        entry.place(
            hide(&self.tenant.vault, &format!("{transport}://{host}:{port}")),
            String::new(),
        );
        let vault = &self.tenant.vault;
        vault
            .inject(&host, options.is_some())
            .refuse_in(&host.to_string(), "the name of a host")?;
        let granted = self.judge_dial(transport, &host, port, None)?;
        let also = options.and_then(|options| options.server_name.as_ref());
        let also = also.filter(|name| **name != host);
        if let Some(name) = also {
            self.judge_dial(transport, name, port, None)?;
        }
        self.rates.take(&host, &self.caps)?;
        let mut stream = self.dial(&host, port, granted, &opening).await?.stream;
        if let TlsMode::AfterSteps(steps, _) = tls {
            for line in steps.iter().filter_map(|step| step.send.as_deref()) {
                vault
                    .inject(&host, false)
                    .refuse_in(line, "a line before the encryption")?;
            }
            stream = speak(stream, &host, steps, opening.until).await?;
        }
        if let Some(options) = options {
            let encrypted = self.encrypt(stream, &host, options, &[], &opening).await;
            let said =
                matches!(tls, TlsMode::AfterSteps(steps, _) if steps.iter().any(|step| step.send.is_some()));
            stream = encrypted.map_err(|error| match said {
                true => error.behind(Sent::Yes),
                false => error,
            })?;
        }
        // A value is sent to whom the certificate names, and to where the operator named; both must be meant.
        let mut outward = Outward::new(Arc::clone(vault), host.clone(), options.is_some(), framing.into());
        outward.must_also_be_meant_for(also);
        let passage = Passage {
            outgoing: Box::new(outward),
            incoming: Box::new(Inward::new(Arc::clone(vault), framing.into())),
        };
        let connection = Connection::tcp(stream, &host, framing, opening.limits, passage);
        Ok((connection, opening.place))
    }

    fn judge_dial(
        &self,
        transport: Transport,
        host: &Host,
        port: u16,
        path: Option<&RequestPath>,
    ) -> Result<Granted, Cause> {
        let dial = Dial {
            transport,
            host,
            port,
            path,
        };
        self.tenant.sockets.judge(&dial).ok_or_else(|| {
            let path = path.map_or_else(String::new, |path| hide(&self.tenant.vault, path.as_str()));
            let what = format!("{transport}://{host}:{port}{path}");
            Cause::NotGranted {
                what: openclaw_policy::display_safe(&what, crate::error::SHOWN),
                why: "no rule for sockets names this transport, host, port and path together".to_owned(),
            }
        })
    }

    async fn dial(&self, host: &Host, port: u16, granted: Granted, opening: &Opening) -> Result<Dialled> {
        let to = Destination {
            host,
            port,
            may_be_private: granted.private,
        };
        Ok(self.dialler.dial(to, &self.caps, opening.until).await?)
    }

    async fn encrypt(
        &self,
        stream: BoxedStream,
        host: &Host,
        options: &TlsOptions,
        alpn: &[&[u8]],
        opening: &Opening,
    ) -> Result<BoxedStream> {
        let secured = self.tls.secure(stream, host, options, alpn, opening.until);
        let secured = crate::dial::within(opening.until, Phase::Connect, opening.within, secured).await?;
        Ok(Box::new(secured?))
    }
}

fn text_of<'i>(injected: &'i Injected<'_>) -> Result<&'i str, Cause> {
    injected.as_str().ok_or(Cause::Request {
        why: "has an address that is no text",
    })
}

/// Names of subprotocols that one opening may offer.
const MAX_SUBPROTOCOLS: usize = 32;

fn check_subprotocols(names: &[String]) -> Result<(), Cause> {
    match names.len() > MAX_SUBPROTOCOLS || names.iter().any(|name| name.len() > 128) {
        true => Err(Cause::Request {
            why: "offers more than 32 subprotocols, or one of more than 128 bytes",
        }),
        false => Ok(()),
    }
}

fn is_event_stream(kind: &[u8]) -> bool {
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

fn passage(vault: &Arc<Vault>, host: &Host, is_encrypted: bool, carries: Carries) -> Passage {
    Passage {
        outgoing: Box::new(Outward::new(
            Arc::clone(vault),
            host.clone(),
            is_encrypted,
            carries,
        )),
        incoming: Box::new(Inward::new(Arc::clone(vault), carries)),
    }
}
