//! Lines in the gateway's log, marked by the host with the extension and the call:
//!
//! ```no_run
//! use openclaw_sdk::log;
//!
//! let (city, took) = ("Graz", 12);
//! log::info!("asked for {city}");
//! log::warn!(city = city, took_ms = took; "the answer was slow");
//! ```
//!
//! A line never fails, and what exceeds the call's budget is dropped and counted.

use crate::wit::log::lines;
pub use crate::wit::log::lines::{Field, Level};

/// Writes one line; the macros of this module do it more shortly.
pub fn write(level: Level, message: &str, fields: &[Field]) {
    lines::write(level, message, fields);
}

/// Writes a line at a level.
#[doc(hidden)]
#[macro_export]
macro_rules! log_line {
    ($level:ident, $($name:ident = $value:expr),+ $(,)?; $($message:tt)+) => {
        $crate::log::write(
            $crate::log::Level::$level,
            &::std::format!($($message)+),
            &[$($crate::log::Field {
                name: ::std::string::String::from(::std::stringify!($name)),
                value: ::std::string::ToString::to_string(&$value),
            }),+],
        )
    };
    ($level:ident, $($message:tt)+) => {
        $crate::log::write($crate::log::Level::$level, &::std::format!($($message)+), &[])
    };
}

/// Every step, for whoever debugs the extension.
#[doc(hidden)]
#[macro_export]
macro_rules! log_trace {
    ($($line:tt)+) => { $crate::log_line!(Trace, $($line)+) };
}

/// What helps to understand a fault.
#[doc(hidden)]
#[macro_export]
macro_rules! log_debug {
    ($($line:tt)+) => { $crate::log_line!(Debug, $($line)+) };
}

/// What happens in normal work, a few lines a call at most.
#[doc(hidden)]
#[macro_export]
macro_rules! log_info {
    ($($line:tt)+) => { $crate::log_line!(Info, $($line)+) };
}

/// Something is wrong and was dealt with.
#[doc(hidden)]
#[macro_export]
macro_rules! log_warn {
    ($($line:tt)+) => { $crate::log_line!(Warn, $($line)+) };
}

/// Something failed and a person should know.
#[doc(hidden)]
#[macro_export]
macro_rules! log_error {
    ($($line:tt)+) => { $crate::log_line!(Error, $($line)+) };
}

#[doc(inline)]
pub use crate::{
    log_debug as debug, log_error as error, log_info as info, log_trace as trace, log_warn as warn,
};
