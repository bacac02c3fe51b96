//! `device.pair.*` and `device.token.*`: who decides about devices, and what of it is told.
//!
//! **Promise.** Nobody gives a device more than they have themselves. Who loses a device or a token is disconnected.

use std::sync::Arc;

use openclaw_protocol::Error;
use openclaw_protocol::event::PAIR_RESOLVED;
use openclaw_protocol::refusal::Close;
use openclaw_protocol::scope::{Grant, Scope};
use openclaw_protocol::shape::{Field, Kind, Object, TEXTS, WORD};
use openclaw_state::AuditEntry;
use openclaw_state::devices::{Device, DeviceToken};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::now_ms;
use crate::event::Event;
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Method, Params};
use crate::pairing::{new_token, pending, tell_changed};

const PAIRING: Option<Scope> = Some(Scope::Pairing);

pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "device.pair.list",
        scope: PAIRING,
        run: |gateway, _, params| Box::pin(list(gateway, params)),
    },
    Method {
        name: "device.pair.approve",
        scope: PAIRING,
        run: |gateway, caller, params| Box::pin(approve(gateway, caller, params)),
    },
    Method {
        name: "device.pair.reject",
        scope: PAIRING,
        run: |gateway, caller, params| Box::pin(reject(gateway, caller, params)),
    },
    Method {
        name: "device.pair.remove",
        scope: PAIRING,
        run: |gateway, caller, params| Box::pin(remove(gateway, caller, params)),
    },
    Method {
        name: "device.pair.rename",
        scope: PAIRING,
        run: |gateway, _, params| Box::pin(rename(gateway, params)),
    },
    Method {
        name: "device.token.rotate",
        scope: PAIRING,
        run: |gateway, caller, params| Box::pin(rotate(gateway, caller, params)),
    },
    Method {
        name: "device.token.revoke",
        scope: PAIRING,
        run: |gateway, caller, params| Box::pin(revoke(gateway, caller, params)),
    },
];

const NOTHING: Object = Object::closed(&[]);
const REQUEST: Object = Object::closed(&[Field::required("requestId", WORD)]);
const DEVICE: Object = Object::closed(&[Field::required("deviceId", WORD)]);
const LABEL: Object = Object::closed(&[
    Field::required("deviceId", WORD),
    Field::required("label", Kind::Text(1, 128)),
]);
const ROLE: Object = Object::closed(&[Field::required("deviceId", WORD), Field::required("role", WORD)]);
const ROTATE: Object = Object::closed(&[
    Field::required("deviceId", WORD),
    Field::required("role", WORD),
    Field::optional("scopes", TEXTS),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByRequest {
    request_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByDevice {
    device_id: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    scopes: Option<Vec<String>>,
}

async fn list(gateway: Arc<Gateway>, params: Params) -> Answer {
    params.read::<Value>(&NOTHING)?;
    let read = gateway.state().read(|view| {
        let requests = view.device_requests(now_ms())?;
        let mut devices = Vec::new();
        for device in view.devices()? {
            let tokens = view.device_tokens(&device.device_id)?;
            devices.push((device, tokens));
        }
        Ok::<_, openclaw_state::Error>((requests, devices))
    });
    let (requests, devices) = read.await.map_err(|fault| failed(&fault))?;
    let there: Vec<String> = gateway
        .hub()
        .all()
        .iter()
        .filter_map(|connection| connection.peer().device_id.clone())
        .collect();
    let paired: Vec<Value> = devices
        .iter()
        .map(|(device, tokens)| paired(device, tokens, there.contains(&device.device_id)))
        .collect();
    let pending: Vec<Value> = requests.iter().map(pending).collect();
    Ok(json!({"pending": pending, "paired": paired}).into())
}

fn paired(device: &Device, tokens: &[DeviceToken], connected: bool) -> Value {
    let mut record: Map<String, Value> = serde_json::from_str(&device.about).unwrap_or_default();
    let tokens: Vec<Value> = tokens
        .iter()
        .map(|token| {
            known(json!({
                "role": token.role, "scopes": token.scopes, "createdAtMs": token.created_ms,
                "rotatedAtMs": token.rotated_ms, "revokedAtMs": token.revoked_ms, "lastUsedAtMs": token.last_used_ms,
            }))
        })
        .collect();
    let more = known(json!({
        "deviceId": device.device_id,
        "publicKey": device.public_key,
        "label": device.label,
        "role": device.roles.first(),
        "roles": device.roles,
        "scopes": device.scopes,
        "createdAtMs": device.created_ms,
        "approvedAtMs": device.approved_ms,
        "lastSeenAtMs": device.last_seen_ms,
        "connected": connected,
        "tokens": tokens,
    }));
    if let Value::Object(more) = more {
        record.extend(more);
    }
    Value::Object(record)
}

/// Without what is not known: clients take an absent field for that, not a null.
fn known(mut record: Value) -> Value {
    if let Some(fields) = record.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    record
}

async fn approve(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let ByRequest { request_id } = params.read(&REQUEST)?;
    let id = request_id.clone();
    let request = gateway
        .state()
        .read(move |view| view.device_request(&id, now_ms()))
        .await;
    let request = request
        .map_err(|fault| failed(&fault))?
        .ok_or_else(unknown_request)?;
    check_covers(&caller, &request.scopes)?;
    let (id, actor) = (request_id.clone(), actor(&caller));
    let approved = gateway.state().write(move |tx| {
        // What is approved is what was looked at: a request that asks for something else has another id.
        let Some(taken) = tx.take_device_request(&id)? else {
            return Ok::<_, openclaw_state::Error>(None);
        };
        let device = tx.approve_device(
            &taken.device_id,
            &taken.public_key,
            &taken.about,
            &taken.role,
            &taken.scopes,
        )?;
        let entry = AuditEntry::new(actor, "device.approve", taken.device_id.clone())
            .detail("role", taken.role.clone())
            .detail("scopes", taken.scopes.join(" "));
        tx.audit(&entry)?;
        let tokens = tx.device_tokens(&taken.device_id)?;
        Ok(Some((device, tokens)))
    });
    let (device, tokens) = approved
        .await
        .map_err(|fault| failed(&fault))?
        .ok_or_else(unknown_request)?;
    resolved(&gateway, &request_id, &device.device_id, "approved");
    Ok(json!({"requestId": request_id, "device": paired(&device, &tokens, false)}).into())
}

async fn reject(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let ByRequest { request_id } = params.read(&REQUEST)?;
    let (id, actor) = (request_id.clone(), actor(&caller));
    let taken = gateway.state().write(move |tx| {
        let taken = tx.take_device_request(&id)?;
        if let Some(taken) = &taken {
            tx.audit(&AuditEntry::new(actor, "device.reject", taken.device_id.clone()))?;
        }
        Ok::<_, openclaw_state::Error>(taken)
    });
    let taken = taken
        .await
        .map_err(|fault| failed(&fault))?
        .ok_or_else(unknown_request)?;
    resolved(&gateway, &request_id, &taken.device_id, "rejected");
    Ok(json!({"requestId": request_id, "deviceId": taken.device_id}).into())
}

async fn remove(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let ByDevice { device_id, .. } = params.read(&DEVICE)?;
    let (id, actor) = (device_id.clone(), actor(&caller));
    let removed = gateway.state().write(move |tx| {
        let removed = tx.remove_device(&id)?;
        if removed {
            tx.audit(&AuditEntry::new(actor, "device.remove", id))?;
        }
        Ok::<_, openclaw_state::Error>(removed)
    });
    if !removed.await.map_err(|fault| failed(&fault))? {
        return Err(unknown_device());
    }
    disconnect(&gateway, &device_id, None, "client invalidated: device removed");
    tell_changed(&gateway);
    Ok(json!({"deviceId": device_id}).into())
}

async fn rename(gateway: Arc<Gateway>, params: Params) -> Answer {
    let ByDevice { device_id, label, .. } = params.read(&LABEL)?;
    let (id, text) = (device_id.clone(), label.clone());
    let named = gateway.state().write(move |tx| tx.label_device(&id, &text)).await;
    if !named.map_err(|fault| failed(&fault))? {
        return Err(unknown_device());
    }
    tell_changed(&gateway);
    Ok(json!({"deviceId": device_id, "label": label}).into())
}

async fn rotate(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let ByDevice {
        device_id,
        role,
        scopes,
        ..
    } = params.read(&ROTATE)?;
    let id = device_id.clone();
    let device = gateway.state().read(move |view| view.device(&id)).await;
    let device = device
        .map_err(|fault| failed(&fault))?
        .ok_or_else(unknown_device)?;
    if !device.roles.contains(&role) {
        return Err(Error::invalid("device has no such role"));
    }
    let scopes = scopes.unwrap_or_else(|| device.scopes.clone());
    if !Grant::new(device.scopes.iter().cloned()).covers(&Grant::new(scopes.iter().cloned())) {
        return Err(Error::invalid("device is not approved for these scopes"));
    }
    check_covers(&caller, &scopes)?;
    let token = new_token().ok_or_else(|| Error::unavailable("internal error"))?;
    let (id, for_role, fresh, given, actor) = (
        device_id.clone(),
        role.clone(),
        token.clone(),
        scopes.clone(),
        actor(&caller),
    );
    let mark = gateway.secret_mark();
    let kept = gateway.state().write(move |tx| {
        // One that went with the shared secret still does.
        let before = tx.device_tokens(&id)?;
        let mut before = before.iter().filter(|token| token.role == for_role);
        let mark = mark.filter(|_| before.any(|token| token.secret_mark.is_some()));
        tx.put_device_token(&id, &for_role, &fresh, &given, mark.as_deref())?;
        tx.audit(&AuditEntry::new(actor, "device.token.rotate", id).detail("role", for_role))?;
        Ok::<_, openclaw_state::Error>(())
    });
    kept.await.map_err(|fault| failed(&fault))?;
    let own = caller.connection().peer().device_id.as_ref() == Some(&device_id);
    disconnect(
        &gateway,
        &device_id,
        own.then(|| caller.connection().id()),
        "gateway auth changed",
    );
    let mut answer = json!({
        "deviceId": device_id, "role": role, "scopes": scopes, "rotatedAtMs": now_ms(),
        "tokenDelivery": if own { "in-band" } else { "withheld-cross-device" },
    });
    if let Some(answer) = answer.as_object_mut().filter(|_| own) {
        answer.insert("token".to_owned(), token.into());
    }
    Ok(answer.into())
}

async fn revoke(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let ByDevice { device_id, role, .. } = params.read(&ROLE)?;
    let (id, for_role, actor) = (device_id.clone(), role.clone(), actor(&caller));
    let revoked = gateway.state().write(move |tx| {
        let revoked = tx.revoke_device_token(&id, &for_role)?;
        if revoked {
            tx.audit(&AuditEntry::new(actor, "device.token.revoke", id).detail("role", for_role))?;
        }
        Ok::<_, openclaw_state::Error>(revoked)
    });
    if !revoked.await.map_err(|fault| failed(&fault))? {
        return Err(Error::invalid("device has no token for this role"));
    }
    disconnect(&gateway, &device_id, None, "gateway auth changed");
    tell_changed(&gateway);
    Ok(json!({"deviceId": device_id, "role": role, "revokedAtMs": now_ms()}).into())
}

/// Refuses to give what the caller does not have.
fn check_covers(caller: &Caller, scopes: &[String]) -> Result<(), Error> {
    let lacks = scopes
        .iter()
        .find(|scope| !caller.grant().covers(&Grant::new([scope.as_str()])) && Scope::of(scope).is_some());
    lacks.map_or(Ok(()), |scope| Err(Error::missing_scope(scope)))
}

fn disconnect(gateway: &Gateway, device_id: &str, except: Option<&str>, reason: &str) {
    gateway.hub().close(&Close::new(4001, reason), |connection| {
        connection.peer().device_id.as_deref() == Some(device_id) && Some(connection.id()) != except
    });
}

fn resolved(gateway: &Gateway, request_id: &str, device_id: &str, decision: &str) {
    let payload =
        json!({"requestId": request_id, "deviceId": device_id, "decision": decision, "ts": now_ms()});
    if let Some(event) = Event::new(PAIR_RESOLVED, &payload) {
        gateway.hub().tell(&event);
    }
    tell_changed(gateway);
}

/// Who decided, for the audit log.
fn actor(caller: &Caller) -> String {
    let peer = caller.connection().peer();
    peer.device_id.as_ref().map_or_else(
        || format!("client:{}", peer.client.id),
        |id| format!("device:{id}"),
    )
}

fn unknown_request() -> Error {
    Error::invalid("unknown requestId")
}

fn unknown_device() -> Error {
    Error::invalid("unknown deviceId")
}

fn failed(fault: &openclaw_state::Error) -> Error {
    tracing::error!(%fault, "a decision about a device was not kept");
    Error::unavailable("internal error").retry_after(1000)
}
