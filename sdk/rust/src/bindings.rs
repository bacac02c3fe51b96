//! What `wit-bindgen` makes of the packages under `wit/`. All imports are here, for every world of tools; a
//! component imports only those that its code reaches.
//!
//! Each export has a world and a macro of its own, so that a tool is not linked with the exports of a skill.
#![allow(
    missing_docs,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "generated; the text of the interfaces is in wit/, and calls over the boundary are unsafe"
)]

/// The world `tool`.
pub mod tool {
    wit_bindgen::generate!({
        path: [
            "../../wit/types", "../../wit/context", "../../wit/log", "../../wit/progress", "../../wit/kv",
            "../../wit/config", "../../wit/media", "../../wit/http", "../../wit/secrets", "../../wit/sockets",
            "../../wit/messaging", "../../wit/tools", "../../wit/model", "../../wit/tool",
        ],
        world: "openclaw:tool/tool",
        generate_all,
        // A tool uses few of the shapes of messages and connections, an adapter all of them.
        generate_unused_types: true,
        pub_export_macro: true,
        export_macro_name: "export_tool",
        default_bindings_module: "openclaw_sdk::bindings::tool",
    });
}

/// What the world `skill` has beyond `tool`.
pub mod skill {
    wit_bindgen::generate!({
        inline: "
            package openclaw:sdk@0.1.0;
            world skill-text { export openclaw:tool/skill-text@0.1.0; }
        ",
        path: [
            "../../wit/types", "../../wit/context", "../../wit/log", "../../wit/progress", "../../wit/kv",
            "../../wit/config", "../../wit/media", "../../wit/http", "../../wit/secrets", "../../wit/sockets",
            "../../wit/messaging", "../../wit/tools", "../../wit/model", "../../wit/tool",
        ],
        world: "openclaw:sdk/skill-text",
        with: {
            "openclaw:types/errors@0.1.0": super::tool::openclaw::types::errors,
            "openclaw:types/values@0.1.0": super::tool::openclaw::types::values,
        },
        pub_export_macro: true,
        export_macro_name: "export_skill_text",
        default_bindings_module: "openclaw_sdk::bindings::skill",
    });
}

/// What the world `channel` has beyond `tool`. What both import is the same types and functions.
pub mod channel {
    wit_bindgen::generate!({
        path: [
            "../../wit/types", "../../wit/context", "../../wit/log", "../../wit/kv", "../../wit/config",
            "../../wit/media", "../../wit/http", "../../wit/secrets", "../../wit/sockets", "../../wit/timers",
            "../../wit/bridge", "../../wit/messaging", "../../wit/channel",
        ],
        world: "openclaw:channel/channel",
        with: {
            "openclaw:types/errors@0.1.0": super::tool::openclaw::types::errors,
            "openclaw:types/values@0.1.0": super::tool::openclaw::types::values,
            "openclaw:context/call@0.1.0": super::tool::openclaw::context::call,
            "openclaw:log/lines@0.1.0": super::tool::openclaw::log::lines,
            "openclaw:kv/store@0.1.0": super::tool::openclaw::kv::store,
            "openclaw:config/settings@0.1.0": super::tool::openclaw::config::settings,
            "openclaw:media/types@0.1.0": super::tool::openclaw::media::types,
            "openclaw:media/store@0.1.0": super::tool::openclaw::media::store,
            "openclaw:secrets/types@0.1.0": super::tool::openclaw::secrets::types,
            "openclaw:secrets/placeholders@0.1.0": super::tool::openclaw::secrets::placeholders,
            "openclaw:secrets/signatures@0.1.0": super::tool::openclaw::secrets::signatures,
            "openclaw:secrets/reveal@0.1.0": super::tool::openclaw::secrets::reveal,
            "openclaw:http/types@0.1.0": super::tool::openclaw::http::types,
            "openclaw:http/client@0.1.0": super::tool::openclaw::http::client,
            "openclaw:sockets/types@0.1.0": super::tool::openclaw::sockets::types,
            "openclaw:messaging/outbound@0.1.0": super::tool::openclaw::messaging::outbound,
            "openclaw:messaging/types@0.1.0": super::tool::openclaw::messaging::types,
        },
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_channel",
        default_bindings_module: "openclaw_sdk::bindings::channel",
    });
}
