//! What `wit-bindgen` makes of the world `channel`.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "generated; the text of the interfaces is in wit/, and calls over the boundary are unsafe"
)]

wit_bindgen::generate!({
    path: [
        "../../../wit/types", "../../../wit/context", "../../../wit/log", "../../../wit/kv",
        "../../../wit/config", "../../../wit/media", "../../../wit/http", "../../../wit/secrets",
        "../../../wit/sockets", "../../../wit/timers", "../../../wit/bridge", "../../../wit/messaging",
        "../../../wit/channel",
    ],
    world: "openclaw:channel/channel",
    generate_all,
});

use crate::Parrot;

export!(Parrot with_types_in self);
