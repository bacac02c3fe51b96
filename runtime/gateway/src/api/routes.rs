//! The routes of the HTTP API beside the probes.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use http::{Method, Request, StatusCode};
use openclaw_agent::session::Key;
use openclaw_protocol::scope::{Grant, Scope};

use super::bearer::{let_in, require};
use super::body::{json, read, refused};
use super::completions::model::Wanted;
use super::completions::{request, run, session};
use super::refusal::Refusal;
use super::{invoke, models};
use crate::gateway::Gateway;
use crate::http::Came;
use crate::http::answer::{method_not_allowed, text_answer};
use crate::methods::roster::Roster;

/// The largest body of a completion.
const COMPLETION_BYTES: usize = 20 << 20;
/// The largest body of a tool call.
const INVOKE_BYTES: usize = 2 << 20;

type Parts = http::request::Parts;

/// All of them.
pub fn routes() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/v1/models", any(list))
        .route("/v1/models/{*id}", any(one))
        .route("/v1/chat/completions", any(complete))
        .route("/tools/invoke", any(call))
        .fallback(page)
}

/// Calls of platforms, the web page, and the end of what there is.
async fn page(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    let channels = gateway.parts().ok().and_then(|parts| parts.channels.as_ref());
    if let Some(channels) = channels
        && let Some(hook) = channels.hook(request.uri().path())
    {
        return super::hook::answer(channels, hook, request).await;
    }
    crate::page::serve(State(gateway), request).await
}

/// Whether the part that speaks OpenAI's API is on; it is not unless the operator says so.
fn is_on(gateway: &Gateway) -> bool {
    let config = gateway.config().get();
    config.config.gateway.http.endpoints.chat_completions.enabled
}

/// Takes a request apart, if its caller may do this.
async fn open(
    gateway: &Gateway,
    request: Request<Body>,
    scope: Scope,
) -> Result<(Parts, Body, Grant), Refusal> {
    let (parts, body) = request.into_parts();
    // Whoever serves this says where the request comes from.
    let place = parts.extensions.get::<Came>().map(|came| came.place);
    let place = place.ok_or_else(Refusal::internal)?;
    let grant = let_in(gateway, place, &parts.headers).await?;
    require(&grant, scope)?;
    Ok((parts, body, grant))
}

async fn list(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    if !is_on(&gateway) {
        return text_answer(StatusCode::NOT_FOUND, "Not Found");
    }
    if request.method() != Method::GET {
        return method_not_allowed("GET");
    }
    match open(&gateway, request, Scope::Read).await {
        Ok(_) => {
            let config = gateway.config().get();
            json(StatusCode::OK, models::list(Roster::of(&config.config).ids()))
        }
        Err(refusal) => refused(&refusal, refusal.openai()),
    }
}

async fn one(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    if !is_on(&gateway) {
        return text_answer(StatusCode::NOT_FOUND, "Not Found");
    }
    if request.method() != Method::GET {
        return method_not_allowed("GET");
    }
    let answer = async {
        let (parts, ..) = open(&gateway, request, Scope::Read).await?;
        let id = parts.uri.path().strip_prefix("/v1/models/").unwrap_or_default();
        let config = gateway.config().get();
        models::one(id, |id| Roster::of(&config.config).is_known(id))
    };
    match answer.await {
        Ok(text) => json(StatusCode::OK, text),
        Err(refusal) => refused(&refusal, refusal.openai()),
    }
}

async fn complete(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    if !is_on(&gateway) {
        return text_answer(StatusCode::NOT_FOUND, "Not Found");
    }
    if request.method() != Method::POST {
        return method_not_allowed("POST");
    }
    match completion(&gateway, request).await {
        Ok(response) => response,
        Err(refusal) => refused(&refusal, refusal.openai()),
    }
}

async fn completion(gateway: &Arc<Gateway>, request: Request<Body>) -> Result<Response, Refusal> {
    let (parts, body, grant) = open(gateway, request, Scope::Write).await?;
    let body = read(&parts.headers, body, COMPLETION_BYTES).await?;
    let completion = request::completion(&super::json::parse(&body)?)?;
    let config = gateway.config().get();
    let roster = Roster::of(&config.config);
    let wanted = Wanted::of(&parts.headers, &completion.model)?;
    let agent = wanted.find(roster.default_id(), |id| roster.is_known(id))?;
    let key = session::session_key(&parts.headers, &agent, "openai", completion.user.as_deref())?;
    let key = Key::parse(&key, &agent).map_err(|error| Refusal::bad_request(error.to_string()))?;
    let owner = key.agent().unwrap_or(&agent).to_owned();
    if owner != agent {
        return Err(Refusal::bad_request(format!(
            "`x-openclaw-session-key` belongs to agent '{owner}', not to '{agent}'."
        )));
    }
    let model = parts
        .headers
        .get("x-openclaw-model")
        .and_then(|value| value.to_str().ok());
    let model = model.map(str::trim).filter(|model| !model.is_empty());
    if model.is_some() {
        require(&grant, Scope::Admin)?;
    }
    run::answer(gateway, completion, key, agent, model.map(str::to_owned)).await
}

async fn call(State(gateway): State<Arc<Gateway>>, request: Request<Body>) -> Response {
    if request.method() != Method::POST {
        return method_not_allowed("POST");
    }
    let opened = async {
        let (parts, body, _) = open(&gateway, request, Scope::Write).await?;
        let body = read(&parts.headers, body, INVOKE_BYTES).await?;
        Ok((super::json::parse(&body)?, invoke::route(&parts.headers)))
    };
    let (body, route) = match opened.await {
        Ok(opened) => opened,
        Err(refusal) => return refused(&refusal, refusal.openai()),
    };
    match invoke::call(&gateway, &body, route).await {
        Ok(text) => json(StatusCode::OK, text),
        Err(refusal) => refused(&refusal, refusal.tool()),
    }
}
