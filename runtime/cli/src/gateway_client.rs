//! A connection to the running gateway.
//!
//! **Promise.** It comes as the command line, with the shared secret and no device. Credentials of the config go
//! only to the gateway that the config names. Over a network a secret travels under TLS or not at all. **Bound.**
//! Every wait ends at the time the caller gave. **Cost.** One connection for each command.

use std::fmt;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use openclaw_config::tree::Config;
use openclaw_config::tree::gateway::GatewayMode;
use openclaw_config::tree::gateway_auth::AuthMode;
use openclaw_config::{SecretInput, Snapshot};
use openclaw_protocol::client::{Requests, TalkError, cli_connect, read_answer, read_challenge, read_hello};
use openclaw_protocol::connect::{Auth, Mode};
use openclaw_protocol::frame::Incoming;
use openclaw_protocol::hello::Hello;
use serde_json::{Map, Value};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::args::Reach;
use crate::context::Context;
use crate::failure::Failure;

/// How long a command waits that was not told.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the gateway may send in one piece.
const FRAME: usize = 64 << 20;
/// What a person at the command line may do.
const SCOPES: &[&str] = &[
    "operator.admin",
    "operator.read",
    "operator.write",
    "operator.approvals",
    "operator.questions",
    "operator.pairing",
    "operator.talk.secrets",
];

/// Where the gateway is, and how this program proves itself there.
pub(crate) struct Target {
    pub(crate) url: String,
    /// What named it.
    pub(crate) source: &'static str,
    config: String,
    auth: Auth,
    /// Whether the gateway asks for nothing.
    is_open: bool,
}

impl Target {
    /// Finds it: flags come before the environment, and that before the config.
    pub(crate) async fn find(
        context: &Context,
        snapshot: &Snapshot<Config>,
        reach: &Reach,
    ) -> Result<Self, Failure> {
        let config = context.place.config_path.display().to_string();
        let env = |name: &str| snapshot.environment.get(name).filter(|value| !value.is_empty());
        let named = match (&reach.url, env("OPENCLAW_GATEWAY_URL")) {
            (Some(url), _) => Some((url.clone(), "cli --url")),
            (None, Some(url)) if reach.port.is_none() => Some((url.to_owned(), "env OPENCLAW_GATEWAY_URL")),
            _ => None,
        };
        let typed = Auth {
            token: reach.token.clone(),
            password: reach.password.clone(),
            ..Auth::default()
        };
        if let Some((url, source)) = named {
            let mut auth = typed;
            if auth.token.is_none() && auth.password.is_none() && reach.url.is_none() {
                auth.token = env("OPENCLAW_GATEWAY_TOKEN").map(str::to_owned);
                auth.password = env("OPENCLAW_GATEWAY_PASSWORD").map(str::to_owned);
            }
            if auth.token.is_none() && auth.password.is_none() {
                return Err(Failure::negative(format!(
                    "gateway url override requires explicit credentials: {source} names {url}, and the credentials of \
                     the config go only to the gateway that the config names. Say --token or --password."
                )));
            }
            return Ok(Self {
                url,
                source,
                config,
                auth,
                is_open: false,
            });
        }
        let gateway = &snapshot.config.gateway;
        let is_remote = gateway.mode == Some(GatewayMode::Remote) && reach.port.is_none();
        let (url, source) = match (&gateway.remote.url, is_remote) {
            (Some(url), true) => (url.clone(), "config gateway.remote.url"),
            (None, true) => {
                return Err(Failure::negative(
                    "gateway.mode is \"remote\" and gateway.remote.url is not set; set it or say --url",
                ));
            }
            _ => {
                let port = reach.port.unwrap_or_else(|| context.port(snapshot));
                let source = match reach.port {
                    Some(_) => "cli --port",
                    None => "local loopback",
                };
                (format!("ws://127.0.0.1:{port}"), source)
            }
        };
        let auth = match typed.token.is_some() || typed.password.is_some() {
            true => typed,
            false => configured(context, snapshot, is_remote).await?,
        };
        Ok(Self {
            url,
            source,
            config,
            auth,
            is_open: !is_remote && gateway.auth.mode == Some(AuthMode::None),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Gateway target: {}\nSource: {}\nConfig: {}",
            self.url, self.source, self.config
        )
    }
}

/// The credentials that the config and the environment have, in OpenClaw's order.
async fn configured(
    context: &Context,
    snapshot: &Snapshot<Config>,
    is_remote: bool,
) -> Result<Auth, Failure> {
    let gateway = &snapshot.config.gateway;
    let resolver = context.resolver(snapshot);
    let read = async |input: &Option<SecretInput>| -> Result<Option<String>, Failure> {
        match input {
            None => Ok(None),
            Some(input) => crate::context::secret(&resolver, input).await.map(Some),
        }
    };
    let env = |name: &str| {
        let value = snapshot.environment.get(name).filter(|value| !value.is_empty());
        value.map(str::to_owned)
    };
    let (own, remote) = (&gateway.auth, &gateway.remote);
    let order =
        |first: Option<String>, second: Option<String>, third: Option<String>| first.or(second).or(third);
    let (token, password) = match is_remote {
        false => (
            order(
                read(&own.token).await?,
                env("OPENCLAW_GATEWAY_TOKEN"),
                read(&remote.token).await?,
            ),
            order(
                read(&own.password).await?,
                env("OPENCLAW_GATEWAY_PASSWORD"),
                read(&remote.password).await?,
            ),
        ),
        true => (
            order(
                read(&remote.token).await?,
                env("OPENCLAW_GATEWAY_TOKEN"),
                read(&own.token).await?,
            ),
            order(
                env("OPENCLAW_GATEWAY_PASSWORD"),
                read(&remote.password).await?,
                read(&own.password).await?,
            ),
        ),
    };
    Ok(Auth {
        token,
        password,
        ..Auth::default()
    })
}

/// Why a gateway could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswered {
    /// There is no connection to it.
    #[error("{0}")]
    Unreachable(String),
    /// It did not let us in.
    #[error("{0}")]
    NotLetIn(openclaw_protocol::Error),
    /// It said no.
    #[error("{0}")]
    Refused(openclaw_protocol::Error),
    /// It took too long.
    #[error("the gateway did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// It went away, or speaks something else.
    #[error("{0}")]
    Broken(String),
}

/// A connection that was let in.
pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    requests: Requests,
    pub(crate) hello: Hello,
    patience: Duration,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(target: &Target, reach: &Reach, mode: Mode) -> Result<Self, Unanswered> {
        let patience = reach.timeout.map_or(PATIENCE, Duration::from_millis);
        let deadline = Instant::now() + patience;
        let connecting = timeout_at(deadline, open(target));
        let socket = connecting.await.map_err(|_| {
            Unanswered::Unreachable(format!(
                "Gateway not reachable at {} (no answer within {} ms).",
                target.url,
                patience.as_millis()
            ))
        })??;
        let mut requests = Requests::default();
        let mut reader = Reader {
            socket,
            deadline,
            patience,
        };
        let challenge = reader.next().await?;
        let nonce = read_challenge(&challenge).map_err(broken)?;
        let mut connect = cli_connect(mode, SCOPES, target.auth.clone());
        if target.is_open {
            // Without a secret only the gateway's own kind is let in without a device.
            connect.client.id = openclaw_protocol::connect::BACKEND_CLIENT.to_owned();
            connect.client.mode = Mode::Backend;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or_default();
        let (id, text) = requests.write_connect(connect, None, &nonce, now);
        reader.send(text).await?;
        let answer = reader.answer(&id).await?;
        let hello = read_hello(answer).map_err(|error| match error {
            TalkError::Refused(error) => Unanswered::NotLetIn(error),
            error => broken(error),
        })?;
        Ok(Self {
            socket: reader.socket,
            requests,
            hello,
            patience,
        })
    }

    /// Asks, and waits for the answer.
    pub(crate) async fn call(&mut self, method: &str, params: &Value) -> Result<Value, Unanswered> {
        self.ask(method, params, |_| true).await
    }

    /// Asks, and waits for the first answer that `is_last` takes.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        params: &Value,
        is_last: impl Fn(&Value) -> bool,
    ) -> Result<Value, Unanswered> {
        let (id, text) = self.requests.write(method, params);
        let mut reader = Reader {
            socket: &mut self.socket,
            deadline: Instant::now() + self.patience,
            patience: self.patience,
        };
        reader.send(text).await?;
        loop {
            let answer = reader.answer(&id).await?;
            let payload = read_answer(answer).map_err(|error| match error {
                TalkError::Refused(error) => Unanswered::Refused(error),
                error => broken(error),
            })?;
            if is_last(&payload) {
                return Ok(payload);
            }
        }
    }
}

fn broken(error: TalkError) -> Unanswered {
    Unanswered::Broken(error.to_string())
}

/// Opens the socket.
async fn open(target: &Target) -> Result<WebSocketStream<TcpStream>, Unanswered> {
    let unreachable = |why: &dyn fmt::Display| {
        Unanswered::Unreachable(format!("Gateway not reachable at {} ({why}).", target.url))
    };
    let rest = match target.url.split_once("://") {
        Some(("ws" | "http", rest)) => rest,
        Some(("wss" | "https", _)) => {
            return Err(Unanswered::Unreachable(format!(
                "{} is reached by TLS, which is not in this build: forward its port to this machine and say --port",
                target.url
            )));
        }
        _ => return Err(unreachable(&"the address must begin with ws://")),
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let with_port = match authority.rsplit_once(':') {
        Some((_, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            authority.to_owned()
        }
        _ => format!("{authority}:80"),
    };
    let found = tokio::task::spawn_blocking(move || with_port.to_socket_addrs().map(Vec::from_iter)).await;
    let found = found.map_err(|error| unreachable(&error))?;
    let addresses = found.map_err(|error| unreachable(&error))?;
    if let Some(address) = addresses.iter().find(|address| !is_loopback(address.ip())) {
        return Err(Unanswered::Unreachable(format!(
            "{} is another machine ({}), and without TLS whoever is on the way could read the credentials: forward its \
             port to this machine and say --port",
            target.url,
            address.ip()
        )));
    }
    let stream = TcpStream::connect(&*addresses).await;
    let stream = stream.map_err(|error| unreachable(&words(&error)))?;
    // Small frames go one by one; waiting for more of them costs whoever waits for the answer.
    let _ = stream.set_nodelay(true);
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME))
        .max_frame_size(Some(FRAME));
    let url = format!("ws://{rest}");
    let (socket, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(config))
        .await
        .map_err(|error| unreachable(&error))?;
    Ok(socket)
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => error.to_string(),
    }
}

struct Reader<S> {
    socket: S,
    deadline: Instant,
    patience: Duration,
}

impl<S> Reader<S>
where
    S: futures_util::Sink<Message, Error = tokio_tungstenite::tungstenite::Error>
        + futures_util::Stream<Item = Result<Message, tokio_tungstenite::tungstenite::Error>>
        + Unpin,
{
    async fn send(&mut self, text: String) -> Result<(), Unanswered> {
        let sending = timeout_at(self.deadline, self.socket.send(Message::text(text)));
        let sent = sending.await.map_err(|_| Unanswered::TimedOut(self.patience))?;
        sent.map_err(|error| Unanswered::Broken(error.to_string()))
    }

    /// The next text.
    async fn next(&mut self) -> Result<String, Unanswered> {
        loop {
            let received = timeout_at(self.deadline, self.socket.next());
            let message = received.await.map_err(|_| Unanswered::TimedOut(self.patience))?;
            match message {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    let told = frame.map(|frame| format!(" ({}): {}", frame.code, frame.reason));
                    return Err(Unanswered::Broken(format!(
                        "gateway closed{}",
                        told.unwrap_or_default()
                    )));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Unanswered::Broken(error.to_string())),
                None => return Err(Unanswered::Broken("gateway closed the connection".to_owned())),
            }
        }
    }

    /// The next answer to a request.
    async fn answer(&mut self, wanted: &str) -> Result<Incoming, Unanswered> {
        loop {
            let text = self.next().await?;
            match Incoming::read(&text) {
                Ok(answer @ Incoming::Res { .. }) if matches!(&answer, Incoming::Res { id, .. } if id == wanted) =>
                {
                    return Ok(answer);
                }
                Ok(_) => {}
                Err(error) => {
                    return Err(Unanswered::Broken(format!(
                        "the gateway sent no frame of its protocol: {error}"
                    )));
                }
            }
        }
    }
}

/// A command's whole talk with the gateway: one connection, then whatever it asks.
pub(crate) struct Talk {
    pub(crate) client: Client,
}

impl Talk {
    /// Connects as the config and the flags say.
    pub(crate) async fn begin(context: &Context, reach: &Reach) -> Result<Self, Failure> {
        let snapshot = context.load()?;
        let target = Target::find(context, &snapshot, reach).await?;
        match Client::connect(&target, reach, Mode::Cli).await {
            Ok(client) => Ok(Self { client }),
            Err(why) => Err(not_reached(&target, &why)),
        }
    }

    /// Asks, and yields the answer.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        self.client
            .call(method, &params)
            .await
            .map_err(|why| not_done(method, &why))
    }
}

/// Why there is no connection, and what to do.
pub(crate) fn not_reached(target: &Target, why: &Unanswered) -> Failure {
    let text = match why {
        Unanswered::NotLetIn(error) => format!("gateway connect failed: {}\n{target}", error.message),
        Unanswered::Unreachable(_) => format!(
            "{why}\nStart it with `openclaw gateway run`, or see `openclaw gateway status`.\n{target}"
        ),
        _ => format!("gateway connect failed: {why}\n{target}"),
    };
    transport(text)
}

/// Why a method was not carried out.
pub(crate) fn not_done(method: &str, why: &Unanswered) -> Failure {
    match why {
        Unanswered::Refused(error) => Failure::negative(format!("{method}: {}", error.message)),
        why => transport(format!("{method}: {why}")),
    }
}

/// A failure of the way to the gateway, which programs tell from others.
fn transport(text: String) -> Failure {
    let error = serde_json::json!({"type": "gateway_transport_error", "message": text});
    Failure::Negative {
        text,
        fields: Map::from_iter([("error".to_owned(), error)]),
    }
}
