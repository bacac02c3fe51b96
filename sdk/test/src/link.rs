//! Linking a component to a host that knows nothing of its interfaces beforehand.
//!
//! **Promise.** Whatever it imports is there: the basic interfaces of WASI for real, every other interface as calls
//! that the host of the test answers. **Cost.** One closure for each imported function.

use serde_json::{Map, Value};
use wasmtime::StoreContextMut;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{
    Component, InstancePre, Linker, ResourceAny, ResourceDynamic, ResourceType, Type, Val,
};

use crate::error::{Error, Result};
use crate::run::Stage;
use crate::script::{HostCall, strip_version};
use crate::value::{self, Handles};

/// What every toolchain imports, and what runs as it is.
const REAL: [&str; 6] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

fn is_real(import: &str) -> bool {
    REAL.iter().any(|package| import.starts_with(package)) && import.contains("@0.2.")
}

/// Links it.
pub(crate) fn link(component: &Component) -> Result<InstancePre<Stage>> {
    let engine = component.engine();
    let failed = |error: wasmtime::Error| Error::engine(&error);
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(failed)?;
    let ty = component.component_type();
    let kinds = Kinds::list(component);
    for (import, item) in ty.imports(engine) {
        let refused = |why: &str| Error::Import {
            import: import.to_owned(),
            why: why.to_owned(),
        };
        let interface = match item.ty {
            _ if is_real(import) => continue,
            ComponentItem::ComponentInstance(interface) => interface,
            ComponentItem::Type(_) => continue,
            _ => return Err(refused("only interfaces and types can")),
        };
        let mut place = linker.instance(import).map_err(failed)?;
        for (name, item) in interface.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let (interface, function, count) =
                        (import.to_owned(), plain(name).to_owned(), kinds.count());
                    let answer = move |store: StoreContextMut<'_, Stage>,
                                       ty: ComponentFunc,
                                       arguments: &[Val],
                                       results: &mut [Val]| {
                        let mut call = Call { store, count };
                        let answered = call.answer(&interface, &function, &ty, arguments, results);
                        answered.map_err(|error| {
                            call.store.data_mut().host.failure.get_or_insert(error);
                            wasmtime::Error::msg("the host of the test ended the call")
                        })
                    };
                    place.func_new(name, answer).map_err(failed)?;
                }
                ComponentItem::Resource(ty) => {
                    // One of WASI's is known already.
                    if let Some(kind) = kinds.find(ty) {
                        let closed = |mut store: StoreContextMut<'_, Stage>, number| {
                            store.data_mut().host.drop_handle(number);
                            Ok(())
                        };
                        place
                            .resource(name, ResourceType::host_dynamic(kind), closed)
                            .map_err(failed)?;
                    }
                }
                ComponentItem::Type(_) => {}
                _ => return Err(refused("only functions, resources and types can")),
            }
        }
    }
    linker.instantiate_pre(component).map_err(|error| Error::Import {
        import: "something".to_owned(),
        why: format!("{error:#}"),
    })
}

/// `[method]writer.write` is `writer.write`; a constructor has the name of its resource.
fn plain(function: &str) -> &str {
    function.split_once(']').map_or(function, |(_, name)| name)
}

/// The kinds of resources that the test's host hands out, each with a number.
struct Kinds(Vec<ResourceType>);

impl Kinds {
    fn list(component: &Component) -> Self {
        let engine = component.engine();
        let (mut real, mut kinds) = (Vec::new(), Vec::new());
        for (import, item) in component.component_type().imports(engine) {
            let ComponentItem::ComponentInstance(interface) = item.ty else {
                continue;
            };
            for (_, item) in interface.exports(engine) {
                match item.ty {
                    ComponentItem::Resource(ty) if is_real(import) => real.push(ty),
                    ComponentItem::Resource(ty) if !real.contains(&ty) && !kinds.contains(&ty) => {
                        kinds.push(ty)
                    }
                    _ => {}
                }
            }
        }
        Self(kinds)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    fn find(&self, ty: ResourceType) -> Option<u32> {
        let at = self.0.iter().position(|kind| *kind == ty)?;
        u32::try_from(at).ok()
    }
}

/// One call from the component.
struct Call<'a> {
    store: StoreContextMut<'a, Stage>,
    count: u32,
}

impl Call<'_> {
    fn answer(
        &mut self,
        interface: &str,
        function: &str,
        ty: &ComponentFunc,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let misfit = |why| Error::Answer {
            call: format!("{}.{function}", strip_version(interface)),
            why,
        };
        let mut told = Map::new();
        let mut order = Vec::new();
        for ((name, _), value) in ty.params().zip(arguments) {
            told.insert(name.to_owned(), value::tell(value, self).map_err(misfit)?);
            order.push(name.to_owned());
        }
        let wanted = ty.results().next();
        let call = HostCall {
            interface: interface.to_owned(),
            function: function.to_owned(),
            arguments: told.into(),
            gives_result: matches!(wanted, Some(Type::Result(_))),
        };
        let answer = self.store.data_mut().host.answer(&call, &order)?;
        match (wanted, results.first_mut()) {
            (Some(ty), Some(place)) => {
                *place = value::read(&answer, &ty, "the answer", self).map_err(misfit)?
            }
            _ if answer == Value::Null => {}
            _ => {
                return Err(misfit(
                    "the function gives nothing, and there is an answer".to_owned(),
                ));
            }
        }
        Ok(())
    }
}

impl Handles for Call<'_> {
    fn number(&mut self, handle: ResourceAny) -> Result<u32, String> {
        let handle = handle.try_into_resource_dynamic(&mut self.store);
        handle
            .map(|handle| handle.rep())
            .map_err(|_| "a resource of WASI can be neither scripted nor recorded".to_owned())
    }

    fn handle(&mut self, number: u32, ty: &Type) -> Result<ResourceAny, String> {
        let (Type::Own(wanted) | Type::Borrow(wanted)) = ty else {
            return Err("no handle is wanted".to_owned());
        };
        let kind = (0..self.count).find(|kind| ResourceType::host_dynamic(*kind) == *wanted);
        let kind = kind.ok_or("a resource of WASI can be neither scripted nor recorded")?;
        let made = ResourceDynamic::new_own(number, kind).try_into_resource_any(&mut self.store);
        made.map_err(|error| format!("{error:#}"))
    }
}
