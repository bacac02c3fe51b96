//! `config.get`: the config as it may be shown.
//!
//! **Promise.** No secret is in it: whatever is one, and whatever sounds like one, is replaced by a mark. The hash
//! tells two contents apart without telling anything about either. **Cost.** One walk over the config for each view.

mod unfold;

use std::sync::{Arc, OnceLock};

use openclaw_config::tree::Config;
use openclaw_config::{Schema, Snapshot, redact};
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::Object;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::method::{Answer, Method, Params};
use unfold::unfold;

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[Method {
    name: "config.get",
    scope: Some(Scope::Read),
    run: |gateway, _, params| Box::pin(async move { get(&gateway, params) }),
}];

const NOTHING: Object = Object::closed(&[]);

fn get(gateway: &Arc<Gateway>, params: Params) -> Answer {
    let _: Value = params.read(&NOTHING)?;
    Ok(told(&gateway.config().get(), gateway.parts()?.hash_key()).into())
}

/// What the config is checked against, made once.
fn schema() -> &'static Schema<'static> {
    static SCHEMA: OnceLock<Schema<'static>> = OnceLock::new();
    SCHEMA.get_or_init(Schema::of_tree)
}

fn told(snapshot: &Snapshot<Config>, key: &ring::hmac::Key) -> Value {
    let issue =
        |issue: &openclaw_config::Issue| json!({ "path": issue.path.to_string(), "message": issue.message });
    let source = redact(schema(), &unfold(snapshot, snapshot.source.clone()));
    let meant = serde_json::to_value(&snapshot.config)
        .map(without_nulls)
        .unwrap_or_default();
    let meant = redact(schema(), &unfold(snapshot, meant));
    let authored = redact(schema(), snapshot.authored());
    let text = snapshot
        .sources
        .files()
        .first()
        .map_or("", |file| file.text.as_str());
    let hash = hash(key, text);
    let included: Vec<_> = snapshot
        .sources
        .files()
        .iter()
        .skip(1)
        .map(|file| file.path.display().to_string())
        .collect();
    json!({
        "path": snapshot.place.config_path.display().to_string(),
        "includedPaths": included,
        "exists": snapshot.exists,
        "raw": raw(snapshot, &authored),
        "parsed": authored,
        "sourceConfig": source,
        "resolved": source,
        "valid": true,
        "runtimeConfig": meant,
        "config": meant,
        "hash": hash,
        "issues": [],
        "warnings": snapshot.warnings.iter().map(issue).collect::<Vec<_>>(),
        "legacyIssues": snapshot.notices.iter().map(issue).collect::<Vec<_>>(),
        "configRevisionHash": hash,
        "appliedConfigHash": hash,
    })
}

/// The file as text. Where a secret stands in it, its comments are lost with it: what is shown is written anew.
fn raw(snapshot: &Snapshot<Config>, authored: &Value) -> Value {
    let text = snapshot.sources.files().first().map(|file| file.text.as_str());
    match text {
        None => Value::Null,
        Some(text) if authored == snapshot.authored() => json!(text),
        Some(_) => json!(format!("{authored:#}\n")),
    }
}

/// A text's hash, of use only together with this gateway's key: nobody can try secrets against it.
fn hash(key: &ring::hmac::Key, text: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let tag = ring::hmac::sign(key, text.as_bytes());
    format!("hmac-sha256:v1:{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
}

/// Nulls say what is not set, and clients read them as values.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        value => value,
    }
}
