//! Linking a component to what it may import, once, so that a call only has to instantiate it.
//!
//! **Promise.** Everything that the comparison of imports lets through is linked here. What was not granted is
//! linked too and answers `denied`, so that a grant can change without a component being linked anew.
//! **Cost.** Some 100 µs for each component.

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::bindings::random::{insecure, random};

use crate::bindings::channel::{self, ChannelPre};
use crate::bindings::skill::SkillPre;
use crate::bindings::{ToolPre, openclaw};
use crate::error::{Error, Result};
use crate::exports;
use crate::extension::Program;
use crate::files;
use crate::guest::{Guest, enter};
use crate::standard_http;

// These packages hold shapes and nothing to call.
impl openclaw::types::errors::Host for Guest {}
impl openclaw::types::values::Host for Guest {}
impl openclaw::tools::types::Host for Guest {}
impl openclaw::secrets::types::Host for Guest {}
impl openclaw::sockets::types::Host for Guest {}
impl openclaw::messaging::types::Host for Guest {}
impl openclaw::messaging::inbound::Host for Guest {}
impl openclaw::messaging::outbound::Host for Guest {}
impl openclaw::channel::accounts::Host for Guest {}
impl openclaw::channel::description::Host for Guest {}
impl channel::openclaw::bridge::types::Host for Guest {}
impl channel::openclaw::channel::events::Host for Guest {}

/// The linker with everything that is served.
pub(crate) fn linker(engine: &wasmtime::Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    define(&mut linker).map_err(|error| Error::Engine(format!("{error:#}")))?;
    Ok(linker)
}

fn define(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    type Own = HasSelf<Guest>;
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    // The standard's own files know no quota, its random bytes cost nothing, and its requests keep whatever they are
    // told: ours stand in their place.
    linker.allow_shadowing(true);
    files::add_to_linker(linker)?;
    standard_http::add_bounds(linker)?;
    random::add_to_linker::<_, Own>(linker, enter)?;
    insecure::add_to_linker::<_, Own>(linker, enter)?;
    linker.allow_shadowing(false);
    openclaw::types::errors::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::types::values::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::context::call::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::log::lines::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::progress::report::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::kv::store::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::config::settings::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::media::types::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::media::store::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::http::types::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::http::client::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::secrets::types::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::secrets::placeholders::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::secrets::signatures::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::secrets::reveal::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::sockets::types::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::sockets::dial::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::tools::types::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::tools::calls::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::http::background::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::sockets::connections::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::timers::schedule::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::messaging::types::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::messaging::inbound::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::messaging::outbound::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::messaging::delivery::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::channel::state::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::channel::health::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::channel::accounts::add_to_linker::<_, Own>(linker, enter)?;
    openclaw::channel::description::add_to_linker::<_, Own>(linker, enter)?;
    channel::openclaw::bridge::types::add_to_linker::<_, Own>(linker, enter)?;
    channel::openclaw::channel::events::add_to_linker::<_, Own>(linker, enter)
}

/// Links a component. Its imports were compared before.
pub(crate) fn link(linker: &Linker<Guest>, component: &Component) -> Result<Program> {
    let failed = |error: wasmtime::Error| Error::Link {
        what: format!("{error:#}"),
    };
    let ty = component.component_type();
    let pre = linker.instantiate_pre(component).map_err(failed)?;
    let has = |prefix: &str| {
        ty.exports(component.engine())
            .any(|(name, _)| name.starts_with(prefix))
    };
    if has(exports::TOOLBOX) {
        let skill = match has(exports::SKILL_TEXT) {
            true => Some(SkillPre::new(pre.clone()).map_err(failed)?),
            false => None,
        };
        Ok(Program::Toolbox(ToolPre::new(pre).map_err(failed)?, skill))
    } else if has(exports::ADAPTER) {
        Ok(Program::Channel(ChannelPre::new(pre).map_err(failed)?))
    } else if has(exports::RUN) {
        Ok(Program::Command(CommandPre::new(pre).map_err(failed)?))
    } else {
        Err(Error::NoExport)
    }
}
