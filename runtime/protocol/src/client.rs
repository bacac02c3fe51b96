//! The client's side of the handshake and of asking, without the socket.
//!
//! **Promise.** The caller hands in every text that arrives and is told what it is; texts to send come back. Ids are
//! never reused on a connection. **Bound.** Nothing is kept but the challenge and a counter.

use serde_json::Value;

use crate::connect::{Auth, Client, Connect, Mode};
use crate::error::Error;
use crate::event::CHALLENGE;
use crate::frame::{Incoming, write_request};
use crate::hello::Hello;
use crate::identity::Identity;
use crate::{PROTOCOL, VERSION};

/// Why talking to a gateway failed.
#[derive(Debug, thiserror::Error)]
pub enum TalkError {
    /// It sent something else than the protocol allows here.
    #[error("the gateway does not speak the gateway protocol: {0}")]
    Unexpected(&'static str),
    /// It did not let us in, or refused a request.
    #[error(transparent)]
    Refused(#[from] Error),
}

/// The parameters of a command line's `connect`.
pub fn cli_connect(mode: Mode, scopes: &[&str], auth: Auth) -> Connect {
    Connect {
        min_protocol: PROTOCOL,
        max_protocol: PROTOCOL,
        client: Client {
            id: crate::connect::CLI_CLIENT.to_owned(),
            version: VERSION.to_owned(),
            platform: std::env::consts::OS.to_owned(),
            mode,
            display_name: None,
            device_family: None,
            model_identifier: None,
            instance_id: None,
            time_zone: None,
        },
        caps: Vec::new(),
        role: Some("operator".to_owned()),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        device: None,
        auth,
        locale: None,
        user_agent: None,
    }
}

/// The challenge in the first text that arrives: its nonce.
pub fn read_challenge(text: &str) -> Result<String, TalkError> {
    match Incoming::read(text) {
        Ok(Incoming::Event { event, payload, .. }) if event == CHALLENGE => payload
            .as_ref()
            .and_then(|payload| payload.get("nonce")?.as_str())
            .map(str::to_owned)
            .ok_or(TalkError::Unexpected("a challenge without a nonce")),
        _ => Err(TalkError::Unexpected("the first frame is no challenge")),
    }
}

/// One connection's requests.
#[derive(Debug, Default)]
pub struct Requests {
    serial: u64,
}

impl Requests {
    /// The text of a request, and its id.
    pub fn write(&mut self, method: &str, params: &Value) -> (String, String) {
        self.serial += 1;
        let id = self.serial.to_string();
        let text = write_request(&id, method, params);
        (id, text)
    }

    /// The text of `connect` and its id; with the device's proof if there is an identity.
    pub fn write_connect(
        &mut self,
        mut connect: Connect,
        identity: Option<&Identity>,
        nonce: &str,
        now_ms: i64,
    ) -> (String, String) {
        if let Some(identity) = identity {
            connect.device = Some(identity.prove(&connect, nonce, now_ms));
        }
        let params = serde_json::to_value(&connect).unwrap_or_default();
        self.write("connect", &params)
    }
}

/// The payload of a response, or why there is none.
pub fn read_answer(incoming: Incoming) -> Result<Value, TalkError> {
    match incoming {
        Incoming::Res {
            ok: true, payload, ..
        } => Ok(payload.unwrap_or_default()),
        Incoming::Res {
            error: Some(error), ..
        } => Err(TalkError::Refused(error)),
        _ => Err(TalkError::Unexpected("a refusal without a reason")),
    }
}

/// The hello in the answer to `connect`.
pub fn read_hello(incoming: Incoming) -> Result<Hello, TalkError> {
    serde_json::from_value(read_answer(incoming)?)
        .map_err(|_| TalkError::Unexpected("a hello of another shape"))
}
