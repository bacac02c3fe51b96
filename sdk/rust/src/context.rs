//! The facts of one call. Each getter asks the host, so a component that uses none does not import them.

use crate::wit::context::call;

/// The call that is being made. What it says is the host's own knowledge, while arguments may come from a
/// model or from a stranger.
#[derive(Clone, Copy, Debug)]
pub struct Context(());

impl Context {
    /// The context of the running call.
    #[must_use]
    pub fn current() -> Self {
        Self(())
    }

    /// Names this call in logs and in the audit. No two attempts share one.
    #[must_use]
    pub fn call_id(&self) -> String {
        call::current().call_id()
    }

    /// Names the action: the same for each attempt at it, so it is what to send to a service that can recognise
    /// a repeated request.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        call::current().idempotency_key()
    }

    /// Which attempt this is; the first is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        call::current().attempt()
    }

    /// When the call will be stopped, in milliseconds since 1970.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        call::current().deadline()
    }

    /// The agent on whose behalf the call is made, if one is involved.
    #[must_use]
    pub fn agent(&self) -> Option<String> {
        call::current().agent()
    }

    /// The key of the session, if the call belongs to one.
    #[must_use]
    pub fn session(&self) -> Option<String> {
        call::current().session()
    }

    /// The channel on which the conversation takes place.
    #[must_use]
    pub fn channel(&self) -> Option<String> {
        call::current().channel()
    }

    /// The channel account that is concerned.
    #[must_use]
    pub fn account(&self) -> Option<String> {
        call::current().account()
    }

    /// The platform's id of the person who asked, if a person did.
    #[must_use]
    pub fn sender(&self) -> Option<String> {
        call::current().sender()
    }

    /// Whether that person is an owner of the gateway.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        call::current().is_owner()
    }

    /// Whether the session is sandboxed.
    #[must_use]
    pub fn is_sandboxed(&self) -> bool {
        call::current().is_sandboxed()
    }

    /// The language to answer in, such as `de-AT`, if one is known.
    #[must_use]
    pub fn locale(&self) -> Option<String> {
        call::current().locale()
    }

    /// The path of the session's workspace, if it was granted as a directory.
    #[must_use]
    pub fn workspace(&self) -> Option<String> {
        call::current().workspace()
    }
}
