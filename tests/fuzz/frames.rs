//! Frames, on both ends of the wire.
//!
//! **Promise.** Any text is a frame or an error. What was read as a request reads the same when it is written again.

use openclaw_protocol::client::{read_answer, read_challenge, read_hello};
use openclaw_protocol::connect::Connect;
use openclaw_protocol::device::PublicKey;
use openclaw_protocol::frame::{Incoming, Request, write_ok_parts, write_request};
use serde_json::{Value, json};

use crate::material::{changed, torn_text, words};
use crate::run::fuzz;

pub(crate) const WORDS: &str = "type|req|res|event|id|method|params|traceparent|expectedProfileId|connect|health|payload|ok|error|\
    code|message|seq|stateVersion|presence|connect.challenge|nonce|hello-ok|minProtocol|maxProtocol|\
    client|mode|cli|platform|role|operator|node|scopes|operator.admin|caps|auth|token|password|device|\
    publicKey|signature|signedAt|locale";

/// What a client says first.
pub(crate) fn connect() -> Value {
    json!({"type": "req", "id": "1", "method": "connect", "params": {
        "minProtocol": 4, "maxProtocol": 4,
        "client": {"id": "cli", "version": "1", "platform": "linux", "mode": "cli"},
        "role": "operator", "scopes": ["operator.admin"], "caps": ["tool-events"],
        "auth": {"token": "not the token"},
        "device": {"id": "d", "publicKey": "AAAA", "signature": "AAAA", "signedAt": 1, "nonce": "n"},
    }})
}

#[test]
fn any_text_is_a_frame_or_an_error() {
    let seeds = [
        connect(),
        json!({"type": "req", "id": "2", "method": "health"}),
        json!({"type": "req", "id": "3", "method": "chat.send", "params": {"sessionKey": "main", "message": "hi"}}),
        json!({"type": "res", "id": "1", "ok": true, "payload": {"type": "hello-ok", "protocol": 4}}),
        json!({"type": "res", "id": "1", "ok": false, "error": {"code": "INVALID_REQUEST", "message": "no"}}),
        json!({"type": "event", "event": "connect.challenge", "payload": {"nonce": "n", "ts": 1}, "seq": 1}),
    ];
    let words = words(WORDS);
    let mut requests = 0_u64;
    fuzz("frames", |u| {
        let seed = u.choose(&seeds)?;
        let made = changed(u, seed, &words)?.to_string();
        let text = torn_text(u, made)?;
        if let Ok(request) = Request::read(&text) {
            requests += 1;
            let params = request.params.clone().unwrap_or_default();
            let again = write_request(&request.id, &request.method, &params);
            let again = Request::read(&again).unwrap();
            assert_eq!((&again.id, &again.method), (&request.id, &request.method));
            let (head, tail) = write_ok_parts(&request.id);
            let answer = Incoming::read(&format!("{head}null{tail}")).unwrap();
            assert!(matches!(answer, Incoming::Res { id, ok: true, .. } if id == request.id));
            if let Ok(connect) = Connect::read(request.params) {
                let key = connect
                    .device
                    .and_then(|device| PublicKey::read(&device.public_key));
                assert!(key.is_none_or(|key| PublicKey::read(&key.text()).is_some()));
            }
        }
        let _ = read_challenge(&text);
        if let Ok(incoming) = Incoming::read(&text) {
            let _ = read_hello(incoming);
        }
        if let Ok(incoming) = Incoming::read(&text) {
            let _ = read_answer(incoming);
        }
        Ok(())
    });
    assert!(requests > 0, "no input was a request");
}
