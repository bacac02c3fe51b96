//! Devices that ask to be let in: those that are known, those that a rule lets in, and those that wait for a person.
//!
//! **Promise.** A device that does not come from this machine, or that shows no secret, waits until somebody who may
//! pair approves it; it gets no more than was approved. A token is told once, to the device that it is for; the one that
//! a page was given for the shared secret goes with that secret. Each decision is in the audit log, in the same
//! transaction. **Cost.** One write for each device that connects, and one look after it.

use openclaw_protocol::connect::Connect;
use openclaw_protocol::device::PublicKey;
use openclaw_protocol::event::{PAIR_CHANGED, PAIR_REQUESTED};
use openclaw_protocol::refusal::{Pairing, Refusal, Unauthorized};
use openclaw_protocol::scope::Grant;
use openclaw_protocol::{Error, connect};
use openclaw_state::devices::{Device, DeviceRequest};
use openclaw_state::{AuditEntry, Tx};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::auth::place::Place;
use crate::clock::now_ms;
use crate::connection::Role;
use crate::event::Event;
use crate::gateway::Gateway;

/// How long a device waits for a person, in milliseconds.
const WAIT_MS: i64 = 300_000;

/// By what a device's client proved that it may talk to the gateway.
#[derive(Clone)]
pub(crate) enum By {
    /// Nothing is asked for.
    Nothing,
    /// The shared secret.
    Secret,
    /// The device's own token.
    Token(String),
}

/// A client that is let in.
pub(crate) struct Admitted {
    /// As what it comes.
    pub role: Role,
    /// What it may do.
    pub scopes: Vec<String>,
    /// By what it proved itself.
    pub method: &'static str,
    /// The device that it proved.
    pub device: Option<Proof>,
    /// A token for that device, and when it was made.
    pub token: Option<(String, i64)>,
}

/// What a client was let in for, and what may be taken back from it meanwhile.
pub(crate) struct Proof {
    /// The device.
    pub device_id: String,
    role: Role,
    /// The token that it showed.
    token: Option<String>,
}

impl Proof {
    /// Whether the device is still let in. To be asked once it is among those who are told when it no longer is.
    pub(crate) async fn holds(&self, gateway: &Gateway) -> bool {
        let (id, role, token) = (self.device_id.clone(), self.role.name(), self.token.clone());
        let mark = gateway.secret_mark();
        let read = gateway.state().read(move |view| match token {
            Some(token) => {
                let scopes = view.device_token_scopes(&id, role, &token, mark.as_deref())?;
                Ok::<_, openclaw_state::Error>(scopes.is_some())
            }
            None => Ok(view.device(&id)?.is_some()),
        });
        read.await.unwrap_or_else(|fault| {
            tracing::error!(%fault, "the state cannot be asked about a device");
            false
        })
    }
}

impl Admitted {
    /// A client that proved no device.
    pub(crate) fn without_device(role: Role, scopes: Vec<String>, method: &'static str) -> Self {
        Self {
            role,
            scopes,
            method,
            device: None,
            token: None,
        }
    }
}

/// The state cannot be asked.
pub(crate) fn unavailable(fault: &openclaw_state::Error) -> Refusal {
    tracing::error!(%fault, "the state cannot be asked about a device");
    Refusal::new(Error::unavailable("internal error").retry_after(1000))
}

enum Decision {
    In {
        token: Option<(String, i64)>,
        changed: bool,
    },
    Waits(Box<Waiting>),
    /// Its token was taken back while it was being looked at.
    TakenBack,
}

struct Waiting {
    why: Pairing,
    request: DeviceRequest,
    is_new: bool,
    known: Option<Device>,
}

/// Lets a device in whose proof has passed, or lets it wait.
pub(crate) async fn admit(
    gateway: &Gateway,
    connect: &Connect,
    role: Role,
    key: PublicKey,
    by: By,
    place: Place,
    from_page: bool,
) -> Result<Admitted, Refusal> {
    let device_id = key.device_id();
    let fresh = new_token().ok_or_else(|| Refusal::new(Error::unavailable("internal error")))?;
    let asks = Asks {
        about: about(connect, place).to_string(),
        public_key: key.text(),
        device_id: device_id.clone(),
        role,
        scopes: connect.scopes.clone(),
        // A page of ours may be let in by a rule; a page that pretends to be a program may not.
        is_trusted: place.is_local && !matches!(by, By::Token(_)) && (!from_page || connect.is_page()),
        from_page,
        by: by.clone(),
        fresh,
        secret_mark: gateway.secret_mark(),
    };
    let decision = gateway.state().write(move |tx| asks.decide(tx)).await;
    match decision.map_err(|fault| unavailable(&fault))? {
        Decision::In { token, changed } => {
            if changed {
                tell_changed(gateway);
            }
            let (method, shown) = match by {
                By::Nothing => ("none", None),
                By::Secret => (gateway.access().credentials.mode(), None),
                By::Token(shown) => ("device-token", Some(shown)),
            };
            Ok(Admitted {
                role,
                scopes: connect.scopes.clone(),
                method,
                device: Some(Proof {
                    device_id,
                    role,
                    token: shown,
                }),
                token,
            })
        }
        Decision::Waits(waiting) => {
            if waiting.is_new {
                tell_requested(gateway, &waiting.request);
            }
            Err(waiting.refusal(connect))
        }
        Decision::TakenBack => Err(Refusal::unauthorized(Unauthorized::DeviceTokenMismatch, false)),
    }
}

struct Asks {
    device_id: String,
    public_key: String,
    about: String,
    role: Role,
    scopes: Vec<String>,
    is_trusted: bool,
    from_page: bool,
    by: By,
    fresh: String,
    secret_mark: Option<Vec<u8>>,
}

impl Asks {
    fn decide(&self, tx: &Tx<'_>) -> openclaw_state::Result<Decision> {
        let role = self.role.name();
        let known = tx.device(&self.device_id)?;
        let mark = self.secret_mark.as_deref();
        let allowed = match &self.by {
            By::Nothing | By::Secret => None,
            By::Token(token) => match tx.device_token_scopes(&self.device_id, role, token, mark)? {
                Some(scopes) => Some(Grant::new(scopes)),
                None => return Ok(Decision::TakenBack),
            },
        };
        let mut changed = false;
        if let Some(why) = self.lacks(known.as_ref(), allowed.as_ref()) {
            let by_rule = self.is_trusted && !(why == Pairing::RoleUpgrade && self.from_page);
            if !by_rule {
                return self.wait(tx, why, known);
            }
            tx.approve_device(&self.device_id, &self.public_key, &self.about, role, &self.scopes)?;
            let entry = AuditEntry::new("gateway", "device.approve", self.device_id.clone())
                .detail("rule", "local")
                .detail("role", role)
                .detail("scopes", self.scopes.join(" "));
            tx.audit(&entry)?;
            changed = true;
        }
        let token = match self.by {
            By::Token(_) => None,
            By::Nothing | By::Secret => self.give_token(tx)?,
        };
        tx.note_device_seen(&self.device_id, role, matches!(self.by, By::Token(_)))?;
        Ok(Decision::In { token, changed })
    }

    /// What the device has not been approved for. `allowed`: by the token that it showed.
    fn lacks(&self, known: Option<&Device>, allowed: Option<&Grant>) -> Option<Pairing> {
        let Some(known) = known else {
            return Some(Pairing::NotPaired);
        };
        let wants = Grant::new(self.scopes.iter().cloned());
        let approved = Grant::new(known.scopes.iter().cloned());
        let token_covers = allowed.is_none_or(|allowed| allowed.covers(&wants));
        if !known.roles.iter().any(|role| role == self.role.name()) {
            Some(Pairing::RoleUpgrade)
        } else if !approved.covers(&wants) || !token_covers {
            Some(Pairing::ScopeUpgrade)
        } else {
            None
        }
    }

    fn wait(&self, tx: &Tx<'_>, why: Pairing, known: Option<Device>) -> openclaw_state::Result<Decision> {
        let mut request = DeviceRequest {
            request_id: Uuid::new_v4().to_string(),
            device_id: self.device_id.clone(),
            public_key: self.public_key.clone(),
            about: self.about.clone(),
            role: self.role.name().to_owned(),
            scopes: self.scopes.clone(),
            is_repair: known.is_some(),
            created_ms: tx.now_ms(),
            expires_ms: tx.now_ms() + WAIT_MS,
        };
        let (id, is_new) = tx.put_device_request(&request)?;
        request.request_id = id;
        Ok(Decision::Waits(Box::new(Waiting {
            why,
            request,
            is_new,
            known,
        })))
    }

    /// A device keeps the token that it has, as several programs of one device share it, unless that one went with a
    /// secret that no longer counts.
    fn give_token(&self, tx: &Tx<'_>) -> openclaw_state::Result<Option<(String, i64)>> {
        let role = self.role.name();
        let has = tx.device_tokens(&self.device_id)?.iter().any(|token| {
            let counts = token.secret_mark.is_none() || token.secret_mark == self.secret_mark;
            token.role == role && token.revoked_ms.is_none() && counts
        });
        if has {
            return Ok(None);
        }
        let for_secret = self.from_page && matches!(self.by, By::Secret);
        let mark = self.secret_mark.as_deref().filter(|_| for_secret);
        tx.put_device_token(&self.device_id, role, &self.fresh, &self.scopes, mark)?;
        Ok(Some((self.fresh.clone(), tx.now_ms())))
    }
}

impl Waiting {
    fn refusal(&self, connect: &Connect) -> Refusal {
        let mut details = Map::new();
        details.insert("deviceId".into(), self.request.device_id.clone().into());
        details.insert("requestedRole".into(), self.request.role.clone().into());
        details.insert("requestedScopes".into(), self.request.scopes.clone().into());
        if let Some(known) = &self.known {
            details.insert("approvedRoles".into(), known.roles.clone().into());
            details.insert("approvedScopes".into(), known.scopes.clone().into());
        }
        if connect.client.id == connect::CONTROL_UI {
            // The page goes on asking until somebody approves it.
            details.insert("recommendedNextStep".into(), "wait_then_retry".into());
            details.insert("retryable".into(), true.into());
            details.insert("pauseReconnect".into(), false.into());
        }
        Refusal::pairing(self.why, &self.request.request_id, Value::Object(details))
    }
}

/// A new token: 32 random bytes. None: the system has none.
pub(crate) fn new_token() -> Option<String> {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

fn about(connect: &Connect, place: Place) -> Value {
    let client = &connect.client;
    let mut about = json!({
        "platform": client.platform,
        "clientId": client.id,
        "clientMode": client.mode.name(),
        "remoteIp": place.ip.to_string(),
    });
    if let Some(about) = about.as_object_mut() {
        let more = [
            ("displayName", &client.display_name),
            ("deviceFamily", &client.device_family),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                about.insert(name.to_owned(), value.clone().into());
            }
        }
    }
    about
}

/// A device that waits, as clients are told it.
pub(crate) fn pending(request: &DeviceRequest) -> Value {
    let mut record: Map<String, Value> = serde_json::from_str(&request.about).unwrap_or_default();
    let more = json!({
        "requestId": request.request_id,
        "deviceId": request.device_id,
        "publicKey": request.public_key,
        "role": request.role,
        "roles": [request.role],
        "scopes": request.scopes,
        "silent": false,
        "isRepair": request.is_repair,
        "ts": request.created_ms,
    });
    if let Value::Object(more) = more {
        record.extend(more);
    }
    Value::Object(record)
}

fn tell_requested(gateway: &Gateway, request: &DeviceRequest) {
    if let Some(event) = Event::new(PAIR_REQUESTED, &pending(request)) {
        gateway.hub().tell(&event);
    }
}

/// Tells those who pair that the list of devices is another.
pub(crate) fn tell_changed(gateway: &Gateway) {
    if let Some(event) = Event::new(PAIR_CHANGED, &json!({"ts": now_ms()})) {
        gateway.hub().tell(&event);
    }
}
