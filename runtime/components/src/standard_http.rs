//! The standard client for HTTP, of which nothing is served.
//!
//! **Promise.** Toolchains import it unasked, so it is there to be linked; whatever of it a component calls ends
//! the call. Nothing else of the standard changes by it. **Cost.** A walk over what the component imports of it.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceType};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

use crate::guest::Guest;
use crate::limits::Stop;

/// Whether an import is of the client.
pub(crate) fn is_part(import: &str) -> bool {
    import.starts_with("wasi:http/")
}

/// What a resource of the client's that is called `name` is: its own, or one of the streams that it hands on.
fn resource(name: &str) -> ResourceType {
    match name {
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "pollable" => ResourceType::host::<DynPollable>(),
        "io-error" => ResourceType::host::<IoError>(),
        _ => ResourceType::host::<()>(),
    }
}

/// Defines what a component imports of the client.
pub(crate) fn define(linker: &mut Linker<Guest>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine();
    for (name, import) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(interface) = import.ty else {
            continue;
        };
        if !is_part(name) {
            continue;
        }
        let mut instance = linker.instance(name)?;
        for (item, export) in interface.exports(engine) {
            match export.ty {
                ComponentItem::ComponentFunc(_) => {
                    instance.func_new(item, |_, _, _, _| Err(Stop::Http.into()))?;
                }
                ComponentItem::Resource(_) => instance.resource(item, resource(item), |_, _| Ok(()))?,
                _ => {}
            }
        }
    }
    Ok(())
}
