//! Webhooks: the server calls the bot, one update after the other, again and again until it is taken.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use url::Url;

use super::Shared;
use super::arguments::Arguments;
use super::refusal::{Outcome, Refusal};
use super::updates::allowed;

/// The first pause after a call that failed, and the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A webhook that is set.
pub(crate) struct Webhook {
    url: Url,
    max_connections: i64,
    last_error: Option<(i64, String)>,
    calling: AbortHandle,
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.calling.abort();
    }
}

/// Answers `setWebhook`.
pub(crate) fn set(shared: &Arc<Shared>, token: &str, arguments: &Arguments) -> Outcome {
    let url = arguments.text("url").unwrap_or_default();
    if url.is_empty() {
        return delete(shared, token, arguments);
    }
    let bad = |why: &str| Refusal::bad(format!("bad webhook: {why}"));
    let url = Url::parse(&url).map_err(|_| bad("URL must be valid"))?;
    match url.scheme() {
        "http" => {}
        "https" => return Err(bad("this server has no TLS; give an http address")),
        _ => return Err(bad("An HTTPS URL must be provided for webhook")),
    }
    let secret = arguments.text("secret_token").filter(|secret| !secret.is_empty());
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if let Some(secret) = &secret
        && !(secret.len() <= 256 && secret.chars().all(fits))
    {
        return Err(Refusal::bad("secret token contains unallowed characters"));
    }
    let max_connections = arguments.int("max_connections").unwrap_or(40).clamp(1, 100);
    let allowed = allowed(arguments)?;
    let mut world = shared.world.lock();
    let Some(bot) = world.bots.get_mut(token) else {
        return Err(Refusal::new(401, "Unauthorized"));
    };
    if arguments.flag("drop_pending_updates") {
        bot.queue.clear();
    }
    if let Some(allowed) = allowed {
        bot.queue.allowed = allowed;
    }
    // It waits for this lock before it looks whether there is a webhook.
    let calling = tokio::spawn(deliver(
        Arc::downgrade(shared),
        token.to_owned(),
        url.clone(),
        secret,
    ));
    bot.webhook = Some(Webhook {
        url,
        max_connections,
        last_error: None,
        calling: calling.abort_handle(),
    });
    Ok(json!(true))
}

/// Answers `deleteWebhook`.
pub(crate) fn delete(shared: &Shared, token: &str, arguments: &Arguments) -> Outcome {
    let mut world = shared.world.lock();
    if let Some(bot) = world.bots.get_mut(token) {
        bot.webhook = None;
        if arguments.flag("drop_pending_updates") {
            bot.queue.clear();
        }
    }
    Ok(json!(true))
}

/// Answers `getWebhookInfo`.
pub(crate) fn info(shared: &Shared, token: &str) -> Outcome {
    let world = shared.world.lock();
    let Some(bot) = world.bots.get(token) else {
        return Err(Refusal::new(401, "Unauthorized"));
    };
    let mut info = json!({
        "url": "", "has_custom_certificate": false, "pending_update_count": bot.queue.len(),
    });
    if let Some(allowed) = &bot.queue.allowed {
        info["allowed_updates"] = json!(allowed);
    }
    if let Some(webhook) = &bot.webhook {
        info["url"] = json!(webhook.url.as_str());
        info["max_connections"] = json!(webhook.max_connections);
        if let Some((when, why)) = &webhook.last_error {
            info["last_error_date"] = json!(when);
            info["last_error_message"] = json!(why);
        }
    }
    Ok(info)
}

/// Calls until the webhook is taken away or the server ends.
async fn deliver(shared: Weak<Shared>, token: String, url: Url, secret: Option<String>) {
    let mut pause = PAUSE;
    loop {
        let Some(shared) = shared.upgrade() else { return };
        let first = {
            let mut world = shared.world.lock();
            let now = world.now();
            let Some(bot) = world.bots.get_mut(&token) else {
                return;
            };
            bot.queue.expire(now);
            bot.queue.first()
        };
        let Some((id, text)) = first else {
            // Short, so that a server that was dropped is not kept alive by who waits for it.
            let _ = tokio::time::timeout(PAUSE, shared.changed.notified()).await;
            continue;
        };
        let outcome = tokio::time::timeout(PATIENCE, post(&url, secret.as_deref(), text)).await;
        let failure = match outcome {
            Ok(Ok(200..300)) => None,
            Ok(Ok(status)) => Some(format!("Wrong response from the webhook: {status}")),
            Ok(Err(_)) => Some("Connection refused".to_owned()),
            Err(_) => Some("Read timeout expired".to_owned()),
        };
        {
            let mut world = shared.world.lock();
            let now = world.now();
            let Some(bot) = world.bots.get_mut(&token) else {
                return;
            };
            match (failure, &mut bot.webhook) {
                (None, _) => {
                    bot.queue.remove(id);
                    pause = PAUSE;
                    continue;
                }
                (Some(why), Some(webhook)) => webhook.last_error = Some((now, why)),
                (Some(_), None) => return,
            }
        }
        drop(shared);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn post(url: &Url, secret: Option<&str>, text: String) -> Result<u16, Value> {
    let failed = |why: &dyn std::fmt::Display| json!(why.to_string());
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(|why| failed(&why))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|why| failed(&why))?;
    let driving = tokio::spawn(connection);
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::post(path)
        .header(HOST, format!("{host}:{port}"))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(secret) = secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let request = request
        .body(Full::new(Bytes::from(text)))
        .map_err(|why| failed(&why))?;
    let answer = sender.send_request(request).await.map_err(|why| failed(&why));
    driving.abort();
    Ok(answer?.status().as_u16())
}
