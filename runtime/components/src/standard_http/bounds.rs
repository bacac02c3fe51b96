//! The functions of `wasi:http/types` that keep something of a request here, each with a bound.
//!
//! **Promise.** What a call has kept here is counted before it is kept, as its volume and as memory of all guests, and is
//! given back when the call is over. **Cost.** Some additions for each call.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::FieldMap;
use wasmtime_wasi_http::p2::HeaderResult;
use wasmtime_wasi_http::p2::bindings::http::types::{
    self, HeaderError, Host as _, HostFields as _, HostOutgoingRequest as _, Method,
};
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostOutgoingRequest, HostOutgoingResponse};

use super::{BODIES, FIELD, KEPT, NAME, WasiHttpView as _};
use crate::guest::Guest;

type Context<'a> = StoreContextMut<'a, Guest>;
type Fields = Resource<FieldMap>;
type Request = Resource<HostOutgoingRequest>;
type Response = Resource<HostOutgoingResponse>;
type Value = Vec<u8>;
type Kept<T = (), E = ()> = wasmtime::Result<(Result<T, E>,)>;

/// Takes the place of the functions that would keep as much as they are given.
pub(crate) fn add_bounds(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let mut types = linker.instance("wasi:http/types@0.2.12")?;
    types.func_wrap(
        "[method]fields.append",
        |mut store: Context<'_>, (fields, name, value): (Fields, String, Value)| -> Kept<(), HeaderError> {
            let guest = store.data_mut();
            guest.keep(FIELD + name.len() + value.len())?;
            let kept = guest.http().append(fields, name, value);
            told(guest, kept)
        },
    )?;
    types.func_wrap(
        "[method]fields.set",
        |mut store: Context<'_>,
         (fields, name, values): (Fields, String, Vec<Value>)|
         -> Kept<(), HeaderError> {
            let guest = store.data_mut();
            let bytes: usize = values.iter().map(|value| FIELD + value.len()).sum();
            guest.keep(FIELD + name.len() + bytes)?;
            let kept = guest.http().set(fields, name, values);
            told(guest, kept)
        },
    )?;
    types.func_wrap(
        "[static]fields.from-list",
        |mut store: Context<'_>, (entries,): (Vec<(String, Value)>,)| -> Kept<Fields, HeaderError> {
            let guest = store.data_mut();
            let bytes = entries
                .iter()
                .map(|(name, value)| FIELD + name.len() + value.len());
            guest.keep(bytes.sum())?;
            let kept = guest.http().from_list(entries);
            told(guest, kept)
        },
    )?;
    types.func_wrap(
        "[method]fields.clone",
        |mut store: Context<'_>, (fields,): (Fields,)| -> wasmtime::Result<(Fields,)> {
            let guest = store.data_mut();
            // One that is changed is a copy from then on.
            let all = guest.table.get(&fields)?.iter();
            let bytes = all
                .map(|(name, value)| FIELD + name.as_str().len() + value.len())
                .sum();
            guest.keep(bytes)?;
            Ok((guest.http().clone(fields)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-method",
        |mut store: Context<'_>, (request, method): (Request, Method)| -> Kept {
            let guest = store.data_mut();
            if let Method::Other(name) = &method
                && !fits(guest, name)?
            {
                return Ok((Err(()),));
            }
            Ok((guest.http().set_method(request, method)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-authority",
        |mut store: Context<'_>, (request, authority): (Request, Option<String>)| -> Kept {
            let guest = store.data_mut();
            if let Some(text) = &authority
                && !fits(guest, text)?
            {
                return Ok((Err(()),));
            }
            Ok((guest.http().set_authority(request, authority)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.set-path-with-query",
        |mut store: Context<'_>, (request, path): (Request, Option<String>)| -> Kept {
            let guest = store.data_mut();
            // The standard's own bound is 64 KiB, and that of the gate less.
            guest.keep(path.as_ref().map_or(0, String::len))?;
            Ok((guest.http().set_path_with_query(request, path)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-request.body",
        |mut store: Context<'_>, (request,): (Request,)| -> Kept<Resource<HostOutgoingBody>> {
            let guest = store.data_mut();
            if !begin_body(guest)? {
                return Ok((Err(()),));
            }
            Ok((guest.http().body(request)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-response.body",
        |mut store: Context<'_>, (response,): (Response,)| -> Kept<Resource<HostOutgoingBody>> {
            let guest = store.data_mut();
            if !begin_body(guest)? {
                return Ok((Err(()),));
            }
            let body = types::HostOutgoingResponse::body(&mut guest.http(), response)?;
            Ok((body,))
        },
    )
}

fn told<T>(guest: &mut Guest, kept: HeaderResult<T>) -> Kept<T, HeaderError> {
    Ok((match kept {
        Ok(kept) => Ok(kept),
        Err(error) => Err(guest.http().convert_header_error(error)?),
    },))
}

/// Whether a name is short enough; it is counted if it is.
fn fits(guest: &mut Guest, name: &str) -> wasmtime::Result<bool> {
    if name.len() > NAME {
        return Ok(false);
    }
    guest.keep(name.len())?;
    Ok(true)
}

/// Whether there may be one more body. What is kept of one is given back with it and used again for the next, so it is
/// the most that there were at the same time that counts.
fn begin_body(guest: &mut Guest) -> wasmtime::Result<bool> {
    let held = guest.table.iter_mut().filter(|held| {
        held.is::<HostOutgoingBody>()
            || held
                .downcast_ref::<HostOutgoingRequest>()
                .is_some_and(|request| request.body.is_some())
            || held
                .downcast_ref::<HostOutgoingResponse>()
                .is_some_and(|response| response.body.is_some())
    });
    let open = held.count() + 1;
    if open > BODIES {
        return Ok(false);
    }
    if open > guest.standard_http.bodies {
        let more = open - guest.standard_http.bodies;
        guest.room.keep((more * 2 * KEPT) as u64)?;
        guest.standard_http.bodies = open;
    }
    Ok(true)
}
