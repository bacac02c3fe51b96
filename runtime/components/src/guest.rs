//! What a running call has: its budgets, its facts, and the ends of what it was given.
//!
//! One of these lives as long as one call. Nothing in it is shared with another call but what is named `host`
//! and `extension`.

use std::collections::HashSet;
use std::sync::Arc;

use openclaw_policy::{Limit, display_safe};
use tokio::sync::mpsc;
use wasmtime::component::ResourceTable;
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::bindings::openclaw::types::errors::{Error, ErrorCode, Sent};
use crate::call::{CallContext, Progress};
use crate::cell::{Listening, Printing, Streams};
use crate::channel::seat::Seat;
use crate::descriptors::Descriptors;
use crate::extension::Extension;
use crate::files::{Files, FilesAccess, FilesView, Mounts};
use crate::host::Parts;
use crate::limits::{Root, Slice, Stop, Volume};
use crate::memory::Room;
use crate::permits::Permit;
use crate::standard_http::StandardHttp;
use crate::stdio::Printed;

/// Handles of one call: streams, pollables, media and the like. A program that needs more leaks them. What stands behind
/// one takes up to 128 KiB here, which makes twice a call's usual memory.
const HANDLES: usize = 1024;
/// Handles that are known to the component's parts, those of its own making included; each takes some bytes here.
const INNER_HANDLES: usize = 50_000;
/// Media that a call reads and writes at the same time.
const OPEN_MEDIA: usize = 16;
/// What any call may pass to one function of the host before its own limit is asked.
const LEAST_ARGUMENT: u64 = 1 << 20;

/// The data of a call's store.
pub(crate) struct Guest {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    files: Files,
    pub(crate) standard_http: StandardHttp,
    pub(crate) room: Room,
    pub(crate) volume: Arc<Volume>,
    pub(crate) printed: Printed,
    pub(crate) root: Arc<Root>,
    pub(crate) slice: Arc<Slice>,
    /// Places for open media.
    pub(crate) media: Descriptors,
    /// Whether the component is only asked what it is, before anybody agreed to anything.
    pub(crate) is_described: bool,
    /// How many calls it has made to other tools.
    pub(crate) inner_calls: u32,
    /// How many calls stand between the first caller and this one.
    pub(crate) depth: u32,
    pub(crate) call_id: String,
    pub(crate) context: CallContext,
    /// Media that others made and this call may open.
    pub(crate) handed: HashSet<String>,
    pub(crate) lost_lines: u64,
    pub(crate) progress: Option<mpsc::Sender<Progress>>,
    pub(crate) extension: Arc<Extension>,
    pub(crate) host: Arc<Parts>,
    /// Where the call of a channel's adapter stands.
    pub(crate) seat: Option<Seat>,
    /// Given back when all else of the call is gone.
    permit: Option<Permit>,
}

/// What a call begins with.
pub(crate) struct Begin {
    pub(crate) call_id: String,
    pub(crate) context: CallContext,
    pub(crate) progress: Option<mpsc::Sender<Progress>>,
    pub(crate) root: Arc<Root>,
    pub(crate) depth: u32,
    pub(crate) is_described: bool,
    /// What a program without our interfaces reads as its input.
    pub(crate) input: Option<String>,
    /// What a program in a cell reads and prints, and where.
    pub(crate) streams: Option<Streams>,
    /// The place that it takes; a call inside of another stands on the other's.
    pub(crate) permit: Option<Permit>,
    /// What a channel's adapter knows of its account.
    pub(crate) seat: Option<Seat>,
}

impl Guest {
    /// Begins another call of an instance that stays.
    pub(crate) fn renew(store: &mut Store<Self>, begin: Begin) {
        store.set_epoch_deadline(1);
        let guest = store.data_mut();
        guest.volume.refill();
        guest.printed.take();
        guest.slice = Slice::new(Arc::clone(&begin.root));
        guest.root = begin.root;
        guest.inner_calls = 0;
        guest.lost_lines = 0;
        guest.depth = begin.depth;
        guest.call_id = begin.call_id;
        guest.handed = begin.context.media.iter().cloned().collect();
        guest.context = begin.context;
        guest.progress = begin.progress;
        guest.permit = begin.permit;
        guest.seat = begin.seat;
    }

    /// Lets go of what belongs to the call that is over.
    pub(crate) fn rest(&mut self) {
        self.permit = None;
        self.progress = None;
        self.handed.clear();
        self.printed.take();
        self.standard_http.rest();
        self.room.clear();
    }

    /// Counts what this host is about to keep for the call, before it does.
    pub(crate) fn keep(&mut self, bytes: usize) -> Result<(), Stop> {
        let bytes = bytes as u64;
        self.volume.bytes_out.spend(bytes)?;
        self.room.keep(bytes)
    }

    /// How much memory the instance has.
    pub(crate) fn memory(&self) -> u64 {
        self.room.bytes()
    }

    /// Makes the store of a call.
    pub(crate) fn store(mut begin: Begin, extension: &Arc<Extension>, host: &Arc<Parts>) -> Store<Self> {
        let limits = &extension.limits;
        let volume = Volume::new(limits);
        let printed = Printed::new(Arc::clone(&volume));
        let slice = Slice::new(Arc::clone(&begin.root));
        let (wasi, mounts) = match begin.streams.take() {
            Some(streams) => staged(streams, &volume),
            None => (
                inert(&begin, extension, host, &printed),
                Arc::clone(&extension.mounts),
            ),
        };
        let guest = Self {
            wasi,
            table: ResourceTable::new(),
            files: Files::new(mounts, Arc::<Volume>::clone(&volume), &host.descriptors),
            standard_http: StandardHttp::new(
                (!begin.is_described).then(|| Arc::clone(&extension.client)),
                Arc::clone(&volume),
                extension,
            ),
            media: host.descriptors.of_call(OPEN_MEDIA),
            is_described: begin.is_described,
            inner_calls: 0,
            room: Room::new(limits, Arc::clone(&host.memory), extension.holder()),
            volume,
            printed,
            root: begin.root,
            slice,
            depth: begin.depth,
            call_id: begin.call_id,
            handed: begin.context.media.iter().cloned().collect(),
            context: begin.context,
            lost_lines: 0,
            progress: begin.progress,
            extension: Arc::clone(extension),
            host: Arc::clone(host),
            seat: begin.seat,
            permit: begin.permit,
        };
        let mut store = Store::new(&host.engine.wasmtime, guest);
        store.data_mut().table.set_max_capacity(HANDLES);
        store.set_max_component_handles(INNER_HANDLES);
        store.limiter(|guest| &mut guest.room);
        // What one call to the host may allocate here before it is counted. Lists weigh more than their bytes.
        let most = limits.get(Limit::BytesOut).amount.get().max(LEAST_ARGUMENT);
        store.set_hostcall_fuel(usize::try_from(most).unwrap_or(usize::MAX));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            let guest = context.data();
            guest.slice.tick()?;
            guest.volume.check()?;
            Ok(UpdateDeadline::Yield(1))
        });
        store
    }
}

/// Gives a guest's data to one of our interfaces, once for each call.
pub(crate) fn enter(guest: &mut Guest) -> &mut Guest {
    guest.volume.count_call();
    guest
}

/// The standard interfaces with nothing in them: no address, no argument; time and chance are real.
fn inert(begin: &Begin, extension: &Extension, host: &Parts, printed: &Printed) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    wasi.stdout(printed.out()).stderr(printed.err());
    if let Some(input) = &begin.input {
        wasi.stdin(wasmtime_wasi::p2::pipe::MemoryInputPipe::new(input.clone()));
    }
    for name in extension.grant.capabilities().env.names() {
        if let Some(value) = host.environment.get(name.as_str()) {
            wasi.env(name.as_str(), value);
        }
    }
    wasi.build()
}

/// The standard interfaces of a program in a cell.
fn staged(streams: Streams, volume: &Arc<Volume>) -> (WasiCtx, Arc<Mounts>) {
    let printing = |is_err| Printing {
        is_err,
        output: streams.output.clone(),
        volume: Arc::clone(volume),
    };
    let mut wasi = WasiCtx::builder();
    wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
    wasi.stdout(printing(false)).stderr(printing(true));
    wasi.stdin(Listening::new(streams.input, Arc::clone(volume)));
    wasi.args(&streams.arguments);
    for (name, value) in &streams.environment {
        wasi.env(name, value);
    }
    (wasi.build(), streams.mounts)
}

impl WasiView for Guest {
    /// Called once for each call of a standard interface.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.volume.count_call();
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl FilesView for Guest {
    /// Called once for each call of `wasi:filesystem`, which charges itself.
    fn files(&mut self) -> FilesAccess<'_> {
        FilesAccess {
            files: &mut self.files,
            table: &mut self.table,
        }
    }
}

/// A failure that left nothing behind: nothing of it left this machine.
pub(crate) fn fail(code: ErrorCode, message: &str) -> Error {
    const SHOWN: usize = 1000;
    Error {
        code,
        message: display_safe(message, SHOWN),
        retry_after: None,
        sent: Sent::No,
        detail: None,
    }
}
