//! The gate against a hostile network: the table of `openclaw_tests::corpus`, one test for each theme and way.

use openclaw_tests::corpus::{Scene, Theme, Way, inside, play, run};

/// A test for each way of a theme.
macro_rules! table {
    ($($theme:ident: $($name:ident = $way:ident),+;)+) => {
        $($(
            #[test]
            fn $name() {
                inside(stringify!($name), || {
                    run(Theme::$theme, Way::$way, env!("CARGO_BIN_EXE_openclaw-compile-child"));
                });
            }
        )+)+
    };
}

table! {
    Addresses: addresses_native = Native, addresses_typed = Typed, addresses_standard = Standard, addresses_dial = Dial;
    Urls: urls_native = Native, urls_typed = Typed, urls_standard = Standard, urls_dial = Dial;
    Redirects: redirects_native = Native, redirects_typed = Typed, redirects_standard = Standard;
    Headers: headers_native = Native, headers_typed = Typed, headers_standard = Standard, headers_dial = Dial;
    Bodies: bodies_native = Native, bodies_typed = Typed, bodies_standard = Standard;
    Paths: paths_native = Native, paths_typed = Typed, paths_standard = Standard, paths_dial = Dial;
    Methods: methods_native = Native, methods_typed = Typed, methods_standard = Standard;
    Connections: connections_native = Native, connections_typed = Typed, connections_standard = Standard;
    Sockets: sockets_native = Native, sockets_dial = Dial;
    Secrets: secrets_native = Native, secrets_typed = Typed, secrets_standard = Standard;
    Echoes: echoes_native = Native, echoes_typed = Typed, echoes_standard = Standard, echoes_dial = Dial;
    Codes: codes_native = Native, codes_typed = Typed, codes_standard = Standard;
}

/// A test for each scene.
macro_rules! scenes {
    ($($name:ident = $scene:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                inside(stringify!($name), || play(|scene| Box::pin(Scene::$scene(scene))));
            }
        )+
    };
}

scenes! {
    no_extension_meets_what_another_left_on_a_connection = tenants,
    so_many_requests_fly_and_one_that_is_given_up_is_over = flight,
    so_many_connections_last_and_one_that_is_dropped_is_closed = lasting,
    no_value_is_printed_with_the_parts_of_the_gate = printed,
}
