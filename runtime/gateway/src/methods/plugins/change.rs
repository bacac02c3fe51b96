//! Installing, granting, switching and removing.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_components::{Inspection, Installed, grants};
use openclaw_config::{Path, Schema, Surroundings};
use openclaw_policy::{Choice, Consent, Digest, Grant, Manifest, PluginId};
use openclaw_protocol::Error;
use openclaw_protocol::shape::{Field, Kind, Object, TEXT, WORD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::look::find;
use super::{id, settle, told};
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Params};
use crate::methods::internal;
use crate::services::Parts;

const INSTALL: Object = Object::closed(&[
    Field::required("path", WORD),
    Field::required("grant", Kind::OneOf(&["all", "none"])),
    Field::optional("idempotencyKey", TEXT),
]);

#[derive(Deserialize)]
struct Install {
    path: PathBuf,
    grant: Consented,
}

/// What was agreed to. Who wants to choose in between does so on the command line, which tells each line.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Consented {
    All,
    None,
}

impl Consented {
    fn choice(self) -> Choice {
        match self {
            Self::All => Choice::All,
            Self::None => Choice::None,
        }
    }
}

pub(super) async fn install(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let asked: Install = params.read(&INSTALL)?;
    let parts = gateway.parts()?;
    let path = asked.path;
    let inspection = tokio::task::spawn_blocking(move || Inspection::read(&path)).await;
    let inspection = inspection
        .map_err(|error| internal(&error))?
        .map_err(|error| told(&error))?;
    if let Some(refusal) = parts.host.refuse(&inspection) {
        return Err(told(refusal));
    }
    let (Some(manifest), Some(digest)) = (inspection.manifest.clone(), inspection.digest) else {
        return Err(Error::invalid("the package has no manifest or no component"));
    };
    let grant = agree(&manifest, digest, asked.grant, &caller)?;
    let installed = parts.host.install_inspected(inspection, &|_| ()).await;
    let installed = installed.map_err(|error| told(&error))?;
    keep(&gateway, &caller, &manifest.id, &grant, "plugins.install").await?;
    apply(&gateway, parts, &installed).await?;
    Ok(json!({ "ok": true, "id": manifest.id, "digest": digest }).into())
}

/// The grant that was agreed to. One that needs directories of this machine is made where those can be named.
fn agree(manifest: &Manifest, digest: Digest, asked: Consented, caller: &Caller) -> Result<Grant, Error> {
    let consent = Consent {
        extension: manifest.id.clone(),
        digest,
        account: None,
        at: u64::try_from(crate::clock::now_ms()).unwrap_or_default(),
        by: actor(caller),
    };
    let requested = (&manifest.capabilities, &manifest.limits);
    let grant = Grant::new(consent, requested, asked.choice());
    let grant = grant.map_err(|error| Error::invalid(error.to_string()))?;
    match grant.unplaced().is_empty() {
        true => Ok(grant),
        false => Err(Error::invalid(format!(
            "{id} needs directories of this machine; openclaw plugins grant {id} --dir names them",
            id = manifest.id
        ))),
    }
}

/// Who does it, as the audit names them.
fn actor(caller: &Caller) -> String {
    let peer = caller.connection().peer();
    match &peer.device_id {
        Some(device) => format!("client:{}:{device}", peer.client.id),
        None => format!("client:{}", peer.client.id),
    }
}

async fn keep(
    gateway: &Gateway,
    caller: &Caller,
    id: &PluginId,
    grant: &Grant,
    action: &'static str,
) -> Result<(), Error> {
    let kept = grants::put(gateway.state(), &actor(caller), id, grant, action).await;
    kept.map_err(|error| internal(&error))
}

/// Has the next call see what holds now.
async fn apply(gateway: &Gateway, parts: &Parts, installed: &Installed) -> Result<(), Error> {
    let id = &installed.manifest.id;
    let applied = match &parts.enabler {
        Some(enabler) => enabler(installed.clone()).await,
        None => Ok(()),
    };
    settle(gateway, id).await;
    applied.map_err(|why| Error::invalid(format!("{id} was kept and cannot be called yet: {why}")))
}

const GRANT: Object = Object::closed(&[
    Field::required("id", WORD),
    Field::required("grant", Kind::OneOf(&["all", "none"])),
]);

#[derive(Deserialize)]
struct Granted {
    id: String,
    grant: Consented,
}

pub(super) async fn grant(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let asked: Granted = params.read(&GRANT)?;
    let id = id(&asked.id)?;
    let parts = gateway.parts()?;
    let (installed, _) = find(&gateway, parts, &id).await?;
    let grant = agree(&installed.manifest, installed.digest, asked.grant, &caller)?;
    keep(&gateway, &caller, &id, &grant, "plugins.grant").await?;
    apply(&gateway, parts, &installed).await?;
    Ok(json!({ "ok": true, "id": id }).into())
}

const ONE: Object = Object::closed(&[Field::required("id", WORD)]);

#[derive(Deserialize)]
struct One {
    id: String,
}

pub(super) async fn revoke(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let one: One = params.read(&ONE)?;
    let id = id(&one.id)?;
    let gone = grants::remove(gateway.state(), &actor(&caller), &id, "plugins.revoke").await;
    let gone = gone.map_err(|error| internal(&error))?;
    gateway.parts()?.host.disable(&id);
    settle(&gateway, &id).await;
    Ok(json!({ "ok": true, "id": id, "revoked": gone }).into())
}

const UNINSTALL: Object = Object::closed(&[
    Field::required("id", WORD),
    Field::optional("keepData", Kind::Bool),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Uninstall {
    id: String,
    #[serde(default)]
    keep_data: bool,
}

/// The grant goes first: what is left half done cannot be called.
pub(super) async fn uninstall(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let asked: Uninstall = params.read(&UNINSTALL)?;
    let id = id(&asked.id)?;
    let parts = gateway.parts()?;
    find(&gateway, parts, &id).await?;
    let gone = grants::remove(gateway.state(), &actor(&caller), &id, "plugins.uninstall").await;
    let gone = gone.map_err(|error| internal(&error))?;
    if !asked.keep_data {
        parts.host.forget(&id).await.map_err(|error| told(&error))?;
    }
    parts.host.uninstall(&id).await.map_err(|error| told(&error))?;
    settle(&gateway, &id).await;
    Ok(json!({ "ok": true, "id": id, "revoked": gone, "kept": asked.keep_data }).into())
}

const SWITCH: Object = Object::closed(&[
    Field::required("id", WORD),
    Field::required("enabled", Kind::Bool),
]);

#[derive(Deserialize)]
struct Switch {
    id: String,
    enabled: bool,
}

/// Writes the switch into the config, where it stands for the next start too.
pub(super) async fn set_enabled(gateway: Arc<Gateway>, params: Params) -> Answer {
    let asked: Switch = params.read(&SWITCH)?;
    let id = id(&asked.id)?;
    let parts = gateway.parts()?;
    let (installed, _) = find(&gateway, parts, &id).await?;
    let place = gateway.config().get().place.clone();
    let at = Path::of(["plugins", "entries", id.as_str(), "enabled"]);
    let value = Value::Bool(asked.enabled);
    let written = tokio::task::spawn_blocking(move || {
        openclaw_config::write(
            &place,
            &Surroundings::of_process(),
            &Schema::of_tree(),
            &[(at, value)],
        )
    });
    let written = written.await.map_err(|error| internal(&error))?;
    let snapshot = written.map_err(|error| Error::invalid(error.to_string()))?;
    gateway.take_config(snapshot);
    match asked.enabled {
        true => apply(&gateway, parts, &installed).await?,
        false => {
            parts.host.disable(&id);
            settle(&gateway, &id).await;
        }
    }
    Ok(json!({ "ok": true, "id": id, "enabled": asked.enabled }).into())
}
