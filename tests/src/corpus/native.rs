//! The native way: errands carried out with the gate's own API.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use openclaw_egress::secret::{
    Captured, DigestAlgorithm, Encoding, HmacAlgorithm, Keep, Part, PlaceholderKey, SignatureAlgorithm,
    Vault, VerifyingKey,
};
use openclaw_egress::socket::{Frame, Framing};
use openclaw_egress::{
    Body, Client, ConnectLimits, Content, Dialog, Endpoint, Error, Gate, Limits, Part as FormPart, Place,
    Request, Tenant, TlsMode, TlsOptions, Trust,
};
use openclaw_policy::AccountValues;

use super::errand::{Answer, Body as Carried, Capture, Dial, Names, Send, Step, hex, unhex};
use super::grants::{self, Grant};

/// How long a frame is waited for.
const WAIT: Duration = Duration::from_secs(5);

/// The client of an extension.
pub(crate) fn client(gate: &Gate, extension: &str, grant: Grant) -> Client {
    let capabilities = grants::capabilities(grant);
    let none = AccountValues::new();
    let key = PlaceholderKey::random().unwrap();
    let secrets = capabilities.secrets.resolve(&none);
    let vault = Vault::new(
        &key,
        extension,
        None,
        secrets,
        grants::values(),
        Captured::default(),
    );
    gate.client(Tenant {
        extension: extension.into(),
        account: None,
        http: capabilities.http.resolve(&none),
        sockets: capabilities.sockets.resolve(&none),
        vault: Arc::new(vault),
    })
}

/// A failure in the words of the answer.
pub(crate) fn failed(error: &Error) -> Answer {
    let words = [format!("{:?}", error.cause.kind()), format!("{:?}", error.sent)];
    Answer::failed(&words[0], &error.to_string(), &words[1])
}

/// Carries an errand out.
pub(crate) async fn carry(client: &Client, steps: &[Step]) -> Vec<Answer> {
    let mut names = Names::default();
    let mut answers = Vec::new();
    for step in steps {
        answers.push(match step {
            Step::Send(request) => send(client, request, &mut names).await,
            Step::Dial(line) => match dial(client, line, &names).await {
                Ok(answer) => answer,
                Err(error) => failed(&error),
            },
            step => match credentials(&client.tenant().vault, step, &mut names) {
                Ok(text) => Answer::said(text),
                Err(error) => failed(&error),
            },
        });
    }
    answers
}

/// A request as the gate takes it.
pub(crate) fn request(send: &Send, names: &Names) -> Request {
    let time = |millis: Option<u64>| millis.map(Duration::from_millis);
    let body = match &send.body {
        Carried::Empty => Body::Empty,
        Carried::Text(text) => Body::Bytes(names.fill(text).into()),
        Carried::Bytes(count) => Body::Bytes(vec![b'a'; *count].into()),
        Carried::Pieces(pieces, length) => {
            let pieces: Vec<_> = pieces
                .iter()
                .map(|piece| Ok(Bytes::from(names.fill(piece))))
                .collect();
            Body::Stream(*length, Box::pin(stream::iter(pieces)))
        }
        Carried::Form(fields) => {
            let part = |(name, value): &(String, String)| FormPart {
                name: names.fill(name),
                file_name: None,
                content_type: None,
                content: Content::Text(names.fill(value)),
            };
            Body::Multipart(fields.iter().map(part).collect())
        }
    };
    let headers = names.headers(send).into_iter();
    Request {
        method: send.method.clone(),
        url: names.fill(&send.url),
        headers: headers.map(|(name, value)| (name, value.into_bytes())).collect(),
        body,
        limits: Limits {
            total: time(send.limits.total),
            first_byte: time(send.limits.first_byte),
            idle: time(send.limits.idle),
            response_bytes: send.limits.response_bytes,
            redirects: send.limits.redirects,
        },
    }
}

async fn send(client: &Client, send: &Send, names: &mut Names) -> Answer {
    let mut response = match client.send(request(send, names)).await {
        Ok(response) => response,
        Err(error) => return failed(&error),
    };
    let mut answer = Answer {
        status: response.status(),
        url: response.url().to_owned(),
        ..Answer::default()
    };
    if let Some(capture) = &send.capture {
        match take(&mut response, capture).await {
            Ok(placeholder) => names.put(&capture.name, &placeholder),
            Err(error) => return failed(&error),
        }
    }
    let text =
        |(name, value): &(String, Vec<u8>)| (name.clone(), String::from_utf8_lossy(value).into_owned());
    answer.headers = response.headers().iter().map(text).collect();
    if send.unread {
        return answer;
    }
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => answer.push(&piece),
            Ok(None) => break,
            Err(error) => {
                answer.error = failed(&error).error;
                break;
            }
        }
    }
    answer
}

async fn take(response: &mut openclaw_egress::Response, capture: &Capture) -> Result<String, Error> {
    if capture.late {
        response.chunk().await?;
    }
    let at = capture.at.clone();
    let place = match capture.kind.as_str() {
        "json" => Place::Json(at),
        "header" => Place::Header(at),
        _ => Place::Cookie(at),
    };
    let keep = match capture.lasting {
        true => Keep::Lasting,
        false => Keep::UntilRestart,
    };
    response.capture(&place, &capture.name, keep).await
}

async fn dial(client: &Client, line: &Dial, names: &Names) -> Result<Answer, Error> {
    let limits = ConnectLimits {
        open: line.open.map(Duration::from_millis),
        frame_bytes: line.frame_bytes,
    };
    let mut dialog = client.connect(endpoint(line, names), limits).await?;
    let mut answer = Answer {
        status: 101,
        ..Answer::default()
    };
    if let Err(error) = talk(&mut dialog, line, names, &mut answer).await {
        answer.error = failed(&error).error;
    }
    Ok(answer)
}

async fn talk(dialog: &mut Dialog, line: &Dial, names: &Names, answer: &mut Answer) -> Result<(), Error> {
    for frame in &line.frames {
        let frame = match frame.strip_prefix("0x:") {
            Some(bytes) => Frame::Binary(names.fill(bytes).into()),
            None => Frame::Text(names.fill(frame)),
        };
        dialog.send(vec![frame]).await?;
    }
    for _ in 0..line.receive {
        match dialog.receive(WAIT).await? {
            None => {
                answer.push(b"(nothing)");
                break;
            }
            Some(Frame::Text(text)) => answer.push(text.as_bytes()),
            Some(Frame::Binary(bytes)) => answer.push(&bytes),
            Some(Frame::Event(event)) => answer.push(format!("{}={}", event.name, event.data).as_bytes()),
        }
        answer.push(b"\n");
    }
    dialog.close(1000, "").await
}

fn endpoint(line: &Dial, names: &Names) -> Endpoint {
    let url = names.fill(&line.url);
    let headers = line.headers.iter();
    let headers = headers
        .map(|(name, value)| (names.fill(name), names.fill(value).into_bytes()))
        .collect();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (scheme, framing) = match scheme.strip_suffix("+bytes") {
        Some(scheme) => (scheme, Framing::Bytes),
        None => (scheme, Framing::Lines),
    };
    if scheme.starts_with("http") {
        return Endpoint::Events { url, headers };
    }
    if !matches!(scheme, "tcp" | "tls") {
        return Endpoint::WebSocket {
            url,
            headers,
            subprotocols: line.subprotocols.clone(),
        };
    }
    let (host, port) = rest.rsplit_once(':').unwrap();
    let options = TlsOptions {
        server_name: line.server_name.as_ref().map(|name| name.parse().unwrap()),
        trust: Trust::Public,
        client_certificate: None,
    };
    Endpoint::Tcp {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: port.parse().unwrap(),
        tls: match scheme {
            "tls" => TlsMode::AtOnce(options),
            _ => TlsMode::Never,
        },
        framing,
    }
}

fn credentials(vault: &Vault, step: &Step, names: &mut Names) -> Result<String, Error> {
    let text = match step {
        Step::Lookup(name) => {
            let placeholder = vault.lookup(name)?;
            names.put(name, &placeholder);
            placeholder
        }
        Step::Field {
            secret,
            pointer,
            name,
        } => {
            let placeholder = vault.lookup_field(secret, pointer)?;
            names.put(name, &placeholder);
            placeholder
        }
        Step::Compose {
            parts,
            encoding,
            name,
        } => {
            let parts: Vec<_> = parts.iter().map(|text| names.fill(text)).collect();
            let parts: Vec<_> = parts.iter().map(|text| part(names, text)).collect();
            let encoding = match encoding.as_str() {
                "plain" => Encoding::Plain,
                "base64" => Encoding::Base64,
                "base64-url" => Encoding::Base64Url,
                "hex" => Encoding::Hex,
                _ => Encoding::Percent,
            };
            let placeholder = vault.compose(&parts, encoding)?;
            names.put(name, &placeholder);
            placeholder
        }
        Step::Code { how, key, message } => {
            let (key, message) = (names.fill(key), names.fill(message));
            hex(&match how.as_str() {
                "hmac" => vault.hmac(HmacAlgorithm::Sha256, &key, message.as_bytes())?,
                "sign" => vault.sign(SignatureAlgorithm::Ed25519, &key, message.as_bytes())?,
                _ => vault.digest(
                    DigestAlgorithm::Sha256,
                    &[part(names, &key), part(names, &message)],
                )?,
            })
        }
        Step::Check {
            how,
            key,
            message,
            code,
        } => {
            let (key, message, code) = (names.fill(key), names.fill(message), unhex(code));
            let holds = match how.as_str() {
                "hmac" => vault.verify_hmac(HmacAlgorithm::Sha256, &key, message.as_bytes(), &code)?,
                _ => {
                    let key = VerifyingKey::Secret(&key);
                    vault.verify(SignatureAlgorithm::Ed25519, key, message.as_bytes(), &code)?
                }
            };
            holds.to_string()
        }
        Step::Matches { secret, candidate } => vault
            .matches(&names.fill(secret), &names.fill(candidate))?
            .to_string(),
        Step::Reveal(secret) => vault.reveal(&names.fill(secret))?.expose().to_owned(),
        Step::Forget(name) => vault.forget(name)?.to_string(),
        Step::Keep { .. } | Step::Send(_) | Step::Dial(_) => String::new(),
    };
    Ok(text)
}

fn part<'t>(names: &Names, text: &'t str) -> Part<'t> {
    match names.is_placeholder(text) {
        true => Part::Secret(text),
        false => Part::Text(text),
    }
}
