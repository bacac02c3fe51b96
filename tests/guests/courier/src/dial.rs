//! Lasting connections with `openclaw:sockets`.

use openclaw_sdk::Error;
use openclaw_sdk::wit::sockets::dial::{Connection, connect};
use openclaw_sdk::wit::sockets::types::{
    ConnectionLimits, Endpoint, EventEndpoint, Frame, Framing, TcpEndpoint, TlsMode, TlsOptions, TlsTrust,
    WebsocketEndpoint,
};

use crate::errand::{Answer, Dial, Names, Send};
use crate::typed::{failed, headers};

/// How long a frame is waited for, in milliseconds.
const WAIT: u64 = 5000;

/// A WebSocket where a request was asked for.
pub(crate) fn instead(send: &Send, names: &Names) -> Answer {
    let url = match send.url.strip_prefix("http") {
        Some(rest) => format!("ws{rest}"),
        None => send.url.clone(),
    };
    let line = Dial {
        url,
        headers: names.headers(send),
        open: send.limits.total,
        ..Dial::default()
    };
    open(&line, names)
}

/// Opens a connection, sends all frames, waits for so many and closes it.
pub(crate) fn open(line: &Dial, names: &Names) -> Answer {
    let limits = ConnectionLimits {
        open: line.open,
        frame_bytes: line.frame_bytes,
    };
    let connection = match connect(&endpoint(line, names), limits) {
        Ok(connection) => connection,
        Err(error) => return failed(&error),
    };
    let mut answer = Answer {
        status: 101,
        ..Answer::default()
    };
    if let Err(error) = talk(&connection, line, names, &mut answer) {
        answer.error = failed(&error).error;
    }
    answer
}

fn talk(connection: &Connection, line: &Dial, names: &Names, answer: &mut Answer) -> Result<(), Error> {
    for frame in &line.frames {
        let frame = match frame.strip_prefix("0x:") {
            Some(bytes) => Frame::Binary(names.fill(bytes).into_bytes()),
            None => Frame::Text(names.fill(frame)),
        };
        connection.send(&[frame])?;
    }
    for _ in 0..line.receive {
        let Some(frame) = connection.receive(WAIT)? else {
            answer.push(b"(nothing)");
            break;
        };
        match frame {
            Frame::Text(text) | Frame::Other(text) => answer.push(text.as_bytes()),
            Frame::Binary(bytes) => answer.push(&bytes),
            Frame::Event(event) => answer.push(format!("{}={}", event.name, event.data).as_bytes()),
        }
        answer.push(b"\n");
    }
    connection.close(1000, "")
}

fn endpoint(line: &Dial, names: &Names) -> Endpoint {
    let url = names.fill(&line.url);
    let own = line
        .headers
        .iter()
        .map(|(name, value)| (names.fill(name), names.fill(value)));
    let headers = headers(own.collect());
    let Some((scheme, rest)) = url.split_once("://") else {
        return Endpoint::Other(url);
    };
    let (scheme, framing) = match scheme.strip_suffix("+bytes") {
        Some(scheme) => (scheme, Framing::Bytes),
        None => (scheme, Framing::Lines),
    };
    if scheme.starts_with("http") {
        return Endpoint::Events(EventEndpoint { url, headers });
    }
    if !matches!(scheme, "tcp" | "tls") {
        return Endpoint::Websocket(WebsocketEndpoint {
            url,
            headers,
            subprotocols: line.subprotocols.clone(),
        });
    }
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, "0"));
    let options = TlsOptions {
        server_name: line.server_name.clone(),
        trust: TlsTrust::Public,
        client_certificate: None,
    };
    Endpoint::Tcp(TcpEndpoint {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: port.parse().unwrap_or_default(),
        tls: match scheme {
            "tls" => TlsMode::AtOnce(options),
            _ => TlsMode::Never,
        },
        framing,
    })
}
