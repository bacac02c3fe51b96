//! `sessions.*`: the conversations there are, and following them.

mod change;
pub(crate) mod follow;
pub(crate) mod history;
pub(crate) mod list;
mod look;
pub(crate) mod row;

use openclaw_protocol::scope::Scope;

use crate::method::Method;

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "sessions.list",
        scope: Some(Scope::SessionsRead),
        run: |gateway, _, params| Box::pin(list::list(gateway, params)),
    },
    Method {
        name: "sessions.subscribe",
        scope: Some(Scope::SessionsRead),
        run: |gateway, caller, params| Box::pin(follow::subscribe(gateway, caller, params)),
    },
    Method {
        name: "sessions.unsubscribe",
        scope: Some(Scope::SessionsRead),
        run: |_, caller, params| Box::pin(async move { follow::unsubscribe(&caller, params) }),
    },
    Method {
        name: "sessions.messages.subscribe",
        scope: Some(Scope::Read),
        run: |gateway, caller, params| {
            Box::pin(async move { follow::messages(&gateway, &caller, params, true) })
        },
    },
    Method {
        name: "sessions.messages.unsubscribe",
        scope: Some(Scope::Read),
        run: |gateway, caller, params| {
            Box::pin(async move { follow::messages(&gateway, &caller, params, false) })
        },
    },
    Method {
        name: "sessions.viewers.set",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(async move { follow::viewers(&gateway, params) }),
    },
    Method {
        name: "sessions.describe",
        scope: Some(Scope::SessionsRead),
        run: |gateway, _, params| Box::pin(look::describe(gateway, params)),
    },
    Method {
        name: "sessions.resolve",
        scope: Some(Scope::SessionsRead),
        run: |gateway, _, params| Box::pin(look::resolve(gateway, params)),
    },
    Method {
        name: "sessions.preview",
        scope: Some(Scope::SessionsRead),
        run: |gateway, _, params| Box::pin(look::preview(gateway, params)),
    },
    Method {
        name: "sessions.create",
        scope: Some(Scope::Write),
        run: |gateway, caller, params| Box::pin(change::create(gateway, caller, params)),
    },
    Method {
        name: "sessions.patch",
        scope: Some(Scope::Write),
        run: |gateway, caller, params| Box::pin(change::patch(gateway, caller, params)),
    },
    Method {
        name: "sessions.reset",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(change::reset(gateway, params)),
    },
    Method {
        name: "sessions.delete",
        scope: Some(Scope::Admin),
        run: |gateway, _, params| Box::pin(change::delete(gateway, params)),
    },
    Method {
        name: "sessions.abort",
        scope: Some(Scope::Write),
        run: |gateway, _, params| Box::pin(change::abort(gateway, params)),
    },
];
