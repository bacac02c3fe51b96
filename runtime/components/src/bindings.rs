//! What the WIT packages are in Rust: generated from `wit/`, for the interfaces that are served.
#![allow(missing_docs, unreachable_pub, clippy::pedantic)]

wasmtime::component::bindgen!({
    path: [
        "../../wit/types", "../../wit/context", "../../wit/log", "../../wit/progress", "../../wit/kv",
        "../../wit/config", "../../wit/media", "../../wit/http", "../../wit/secrets", "../../wit/sockets",
        "../../wit/timers", "../../wit/bridge", "../../wit/messaging", "../../wit/tools", "../../wit/model",
        "../../wit/tool", "../../wit/channel",
    ],
    inline: "
        package openclaw:served;

        world tool {
            import openclaw:context/call@0.1.0;
            import openclaw:log/lines@0.1.0;
            import openclaw:progress/report@0.1.0;
            import openclaw:kv/store@0.1.0;
            import openclaw:config/settings@0.1.0;
            import openclaw:media/store@0.1.0;
            import openclaw:http/client@0.1.0;
            import openclaw:secrets/placeholders@0.1.0;
            import openclaw:secrets/signatures@0.1.0;
            import openclaw:secrets/reveal@0.1.0;
            import openclaw:sockets/dial@0.1.0;
            import openclaw:tools/calls@0.1.0;
            import openclaw:http/background@0.1.0;
            import openclaw:sockets/connections@0.1.0;
            import openclaw:timers/schedule@0.1.0;
            import openclaw:messaging/delivery@0.1.0;
            import openclaw:messaging/outbound@0.1.0;
            import openclaw:channel/state@0.1.0;
            import openclaw:channel/health@0.1.0;
            import openclaw:channel/accounts@0.1.0;
            import openclaw:channel/description@0.1.0;
            export openclaw:tool/toolbox@0.1.0;
        }
    ",
    world: "openclaw:served/tool",
    with: {
        "openclaw:context/call.context": crate::host::context::Facts,
        "openclaw:http/types.response": crate::host::http::Answered,
        "openclaw:http/types.upload": crate::host::http::Sending,
        "openclaw:media/types.media-reader": crate::host::media::Reader,
        "openclaw:media/types.media-writer": crate::host::media::Writer,
        "openclaw:sockets/dial.connection": crate::host::sockets::Line,
    },
    imports: {
        "openclaw:http": async | trappable,
        "openclaw:kv/store": async | trappable,
        "openclaw:media": async | trappable,
        "openclaw:secrets/placeholders": async | trappable,
        "openclaw:sockets/dial": async | trappable,
        "openclaw:tools/calls": async | trappable,
        "openclaw:sockets/connections": async | trappable,
        "openclaw:messaging/delivery": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    additional_derives: [PartialEq, serde::Deserialize, serde::Serialize],
});

/// What a skill exports besides its tools.
pub mod skill {
    wasmtime::component::bindgen!({
        path: [
            "../../wit/types", "../../wit/context", "../../wit/log", "../../wit/progress", "../../wit/kv",
            "../../wit/config", "../../wit/media", "../../wit/http", "../../wit/secrets", "../../wit/sockets",
            "../../wit/messaging", "../../wit/tools", "../../wit/model", "../../wit/tool",
        ],
        inline: "
            package openclaw:served;

            world skill {
                export openclaw:tool/skill-text@0.1.0;
            }
        ",
        world: "openclaw:served/skill",
        with: { "openclaw:types/errors": super::openclaw::types::errors },
        exports: { default: async },
    });
}

/// What an adapter of a chat platform exports. Events hold responses, which nobody can copy or write down.
pub mod channel {
    wasmtime::component::bindgen!({
        path: [
            "../../wit/types", "../../wit/context", "../../wit/log", "../../wit/progress", "../../wit/kv",
            "../../wit/config", "../../wit/media", "../../wit/http", "../../wit/secrets", "../../wit/sockets",
            "../../wit/timers", "../../wit/bridge", "../../wit/messaging", "../../wit/tools", "../../wit/model",
            "../../wit/tool", "../../wit/channel",
        ],
        inline: "
            package openclaw:served;

            world channel {
                export openclaw:channel/adapter@0.1.0;
            }
        ",
        world: "openclaw:served/channel",
        with: {
            "openclaw:channel/accounts": super::openclaw::channel::accounts,
            "openclaw:channel/description": super::openclaw::channel::description,
            "openclaw:http/types": super::openclaw::http::types,
            "openclaw:media/types": super::openclaw::media::types,
            "openclaw:messaging/inbound": super::openclaw::messaging::inbound,
            "openclaw:messaging/outbound": super::openclaw::messaging::outbound,
            "openclaw:messaging/types": super::openclaw::messaging::types,
            "openclaw:sockets/types": super::openclaw::sockets::types,
            "openclaw:types/errors": super::openclaw::types::errors,
            "openclaw:types/values": super::openclaw::types::values,
        },
        exports: { default: async },
    });
}
