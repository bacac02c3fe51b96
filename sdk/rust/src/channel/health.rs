//! Telling how an account is. A report takes effect at once, changes only what people see, and never fails.

use crate::bindings::channel::openclaw::channel::health as wit;
pub use crate::bindings::channel::openclaw::channel::health::AccountStatus;

/// Says how the account is from now on.
pub fn report(status: &AccountStatus) {
    wit::report(status);
}

/// Messages come in and go out.
pub fn connected() {
    report(&AccountStatus::Connected);
}

/// It works in part; says what is missing.
pub fn degraded(what: impl Into<String>) {
    report(&AccountStatus::Degraded(what.into()));
}

/// A person has to sign it in again; says what to do.
pub fn signed_out(what: impl Into<String>) {
    report(&AccountStatus::SignedOut(what.into()));
}

/// It does not work and will not by itself; says why, and what to do.
pub fn failed(why: impl Into<String>) {
    report(&AccountStatus::Failed(why.into()));
}
