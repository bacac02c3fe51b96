//! `channels.*`: how the channels are, and who asks to be let in.

use std::sync::Arc;
use std::time::Duration;

use openclaw_channels::{Channels, Named};
use openclaw_config::{Path, Schema, Surroundings};
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{COUNT, Field, Kind, Object, TEXT, WORD};
use openclaw_state::PairingRequest;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::internal;
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Method, Params};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "channels.status",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(status(gateway, params)),
    },
    Method {
        name: "channels.start",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(switch(gateway, params, true)),
    },
    Method {
        name: "channels.stop",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(switch(gateway, params, false)),
    },
    Method {
        name: "channels.pairing.list",
        scope: Some(Scope::Pairing),
        run: |gateway, _, params| Box::pin(waiting(gateway, params)),
    },
    Method {
        name: "channels.pairing.approve",
        scope: Some(Scope::Pairing),
        run: |gateway, caller, params| Box::pin(approve(gateway, caller, params)),
    },
    Method {
        name: "channels.pairing.dismiss",
        scope: Some(Scope::Pairing),
        run: |gateway, _, params| Box::pin(dismiss(gateway, params)),
    },
];

/// How long a code is good.
const LASTS_MS: i64 = 3_600_000;
/// How many may wait at an account.
const MOST: u32 = 3;

const STATUS: Object = Object::closed(&[
    Field::optional("probe", Kind::Bool),
    Field::optional("timeoutMs", COUNT),
    Field::optional("channel", WORD),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ask {
    #[serde(default)]
    probe: bool,
    timeout_ms: Option<u64>,
    channel: Option<String>,
}

fn channels(gateway: &Gateway) -> Result<&Channels, Error> {
    let channels = gateway.parts()?.channels.as_ref();
    channels.ok_or_else(|| Error::unavailable("this gateway runs no channels"))
}

async fn status(gateway: Arc<Gateway>, params: Params) -> Answer {
    let ask: Ask = params.read(&STATUS)?;
    let usual = if ask.probe { 30_000 } else { 10_000 };
    let patience = Duration::from_millis(ask.timeout_ms.unwrap_or(usual).clamp(1_000, 30_000));
    let report = channels(&gateway)?.status(ask.probe.then_some(patience)).await;
    let meant = |id: &str| ask.channel.as_ref().is_none_or(|wanted| wanted == id);
    let (mut order, mut labels, mut meta) = (Vec::new(), Map::new(), Vec::new());
    let (mut summaries, mut accounts, mut defaults) = (Map::new(), Map::new(), Map::new());
    for (id, label) in report.channels.iter().filter(|(id, _)| meant(id)) {
        order.push(id.clone());
        labels.insert(id.clone(), json!(label));
        meta.push(json!({ "id": id, "label": label, "detailLabel": label }));
        let known = report.accounts.get(id).map(Vec::as_slice).unwrap_or_default();
        let any = |is: fn(&openclaw_channels::AccountSnapshot) -> bool| known.iter().any(is);
        summaries.insert(
            id.clone(),
            json!({
                "configured": any(|account| account.configured),
                "running": any(|account| account.running),
                "connected": any(|account| account.connected),
            }),
        );
        accounts.insert(id.clone(), json!(known));
        if let Some(usual) = report.default_accounts.get(id) {
            defaults.insert(id.clone(), json!(usual));
        }
    }
    Ok(json!({
        "ts": crate::clock::now_ms(),
        "channelOrder": order,
        "channelLabels": labels,
        "channelDetailLabels": labels,
        "channelSystemImages": {},
        "channelMeta": meta,
        "channels": summaries,
        "channelAccounts": accounts,
        "channelDefaultAccountId": defaults,
        "statusIssues": issues(&report),
    })
    .into())
}

fn issues(report: &openclaw_channels::Report) -> Vec<Value> {
    let all = report.accounts.iter();
    let failing =
        all.flat_map(|(channel, accounts)| {
            accounts.iter().filter_map(move |account| {
            let message = account.last_error.as_ref().filter(|_| account.enabled && !account.connected)?;
            Some(json!({
                "channel": channel, "accountId": account.account_id, "kind": "runtime", "message": message,
            }))
        })
        });
    failing.take(50).collect()
}

const ACCOUNT: Object = Object::closed(&[
    Field::required("channel", WORD),
    Field::optional("accountId", TEXT),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    channel: String,
    account_id: Option<String>,
}

async fn switch(gateway: Arc<Gateway>, params: Params, is_on: bool) -> Answer {
    let which: Account = params.read(&ACCOUNT)?;
    let channels = channels(&gateway)?;
    let account = match which.account_id.filter(|id| !id.is_empty()) {
        Some(account) => account,
        None => {
            let report = channels.status(None).await;
            let usual = report.default_accounts.get(&which.channel).cloned();
            usual.ok_or_else(|| Error::invalid(format!("unknown channel: {}", which.channel)))?
        }
    };
    let (word, switched) = match is_on {
        true => ("started", channels.start_account(&which.channel, &account).await),
        false => ("stopped", channels.stop_account(&which.channel, &account).await),
    };
    let switched = switched.map_err(|error| Error::invalid(error.to_string()))?;
    Ok(json!({ "channel": which.channel, "accountId": account, word: switched }).into())
}

const WAITING: Object = Object::closed(&[
    Field::optional("channel", WORD),
    Field::optional("accountId", WORD),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    channel: Option<String>,
    account_id: Option<String>,
}

async fn waiting(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&WAITING)?;
    let channels = channels(&gateway)?;
    let report = channels.status(None).await;
    let (mut accounts, mut requests) = (Vec::new(), Vec::new());
    let meant = |channel: &str| whose.channel.as_ref().is_none_or(|wanted| wanted == channel);
    for (channel, label) in report.channels.iter().filter(|(channel, _)| meant(channel)) {
        for account in report.accounts.get(channel).into_iter().flatten() {
            accounts.push(json!({
                "channel": channel, "channelLabel": label, "accountId": account.account_id,
                "notifySupported": true,
            }));
        }
        let listed = channels
            .pairing_list(channel)
            .await
            .map_err(|error| internal(&error))?;
        let is_meant = |request: &&PairingRequest| {
            let wanted = whose.account_id.as_ref();
            wanted.is_none_or(|wanted| wanted == request.of.account())
        };
        requests.extend(listed.iter().filter(is_meant).map(|request| told(request, label)));
    }
    Ok(json!({
        "accounts": accounts,
        "requests": requests,
        "commandOwnerConfigured": !gateway.config().get().config.commands.owner_allow_from.is_empty(),
        "limits": { "pendingPerAccount": MOST, "ttlMs": LASTS_MS },
    })
    .into())
}

/// A request, for those who may decide about it.
fn told(request: &PairingRequest, label: &str) -> Value {
    let applicant = &request.applicant;
    json!({
        "requestId": request_id(request),
        "channel": request.of.channel(),
        "channelLabel": label,
        "accountId": request.of.account(),
        "senderId": applicant.sender,
        "senderLabel": applicant.name.as_ref().unwrap_or(&applicant.sender),
        "code": request.code,
        "createdAt": request.created_ms,
        "lastSeenAt": request.seen_ms,
        "expiresAt": request.created_ms + LASTS_MS,
        "notifySupported": true,
    })
}

fn request_id(request: &PairingRequest) -> String {
    format!(
        "{}:{}:{}",
        request.of.channel(),
        request.of.account(),
        request.applicant.sender
    )
}

const DECIDE: Object = Object::closed(&[
    Field::required("channel", WORD),
    Field::optional("accountId", WORD),
    Field::optional("requestId", WORD),
    Field::optional("code", WORD),
    Field::optional("notify", Kind::Bool),
    Field::optional("bootstrapCommandOwner", Kind::Bool),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Decided {
    channel: String,
    account_id: Option<String>,
    request_id: Option<String>,
    code: Option<String>,
    #[serde(default)]
    notify: bool,
    #[serde(default)]
    bootstrap_command_owner: bool,
}

/// The request that is decided about, by its id or by its code.
async fn find(channels: &Channels, decided: &Decided) -> Result<Named, Error> {
    if let Some(code) = &decided.code {
        return Ok(Named::Code(code.clone()));
    }
    let listed = channels
        .pairing_list(&decided.channel)
        .await
        .map_err(|error| internal(&error))?;
    let found = listed
        .into_iter()
        .find(|request| Some(&request_id(request)) == decided.request_id.as_ref());
    let found = found.ok_or_else(|| Error::invalid("unknown pairing request"))?;
    Ok(Named::Sender(found.applicant.sender))
}

async fn approve(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let decided: Decided = params.read(&DECIDE)?;
    if decided.bootstrap_command_owner {
        caller.require(Scope::Admin)?;
    }
    let channels = channels(&gateway)?;
    let named = find(channels, &decided).await?;
    let approved = channels.pairing_approve(
        &decided.channel,
        decided.account_id.as_deref(),
        named,
        decided.notify,
    );
    let request = approved
        .await
        .map_err(|error| Error::invalid(error.to_string()))?;
    let owner = match decided.bootstrap_command_owner {
        true => become_owner(&gateway, &request).await,
        false => "not-requested",
    };
    Ok(json!({
        "requestId": request_id(&request),
        "senderId": request.applicant.sender,
        "notification": if decided.notify { "sent" } else { "not-requested" },
        "commandOwnerBootstrap": owner,
    })
    .into())
}

/// Makes the first person who is let in the owner of the gateway's orders. They are let in whether or not it works.
async fn become_owner(gateway: &Gateway, request: &PairingRequest) -> &'static str {
    let snapshot = gateway.config().get();
    if !snapshot.config.commands.owner_allow_from.is_empty() {
        return "already-configured";
    }
    let place = snapshot.place.clone();
    let owner = format!("{}:{}", request.of.channel(), request.applicant.sender);
    let change = (Path::of(["commands", "ownerAllowFrom"]), json!([owner]));
    let written = tokio::task::spawn_blocking(move || {
        openclaw_config::write(&place, &Surroundings::of_process(), &Schema::of_tree(), &[change])
    });
    match written.await {
        Ok(Ok(snapshot)) => {
            gateway.take_config(snapshot);
            "configured"
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "the first person who was let in could not be made the owner");
            "unavailable"
        }
        Err(_) => "unavailable",
    }
}

async fn dismiss(gateway: Arc<Gateway>, params: Params) -> Answer {
    let decided: Decided = params.read(&DECIDE)?;
    let channels = channels(&gateway)?;
    let named = find(channels, &decided).await?;
    let dismissed = channels.pairing_dismiss(&decided.channel, decided.account_id.as_deref(), named);
    let request = dismissed
        .await
        .map_err(|error| Error::invalid(error.to_string()))?;
    Ok(json!({ "requestId": request_id(&request), "senderId": request.applicant.sender }).into())
}
