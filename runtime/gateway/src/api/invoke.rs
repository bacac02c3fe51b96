//! What `/tools/invoke` is asked, and which tools it never calls.

use std::sync::Arc;

use http::HeaderMap;
use openclaw_agent::policy;
use openclaw_agent::{Route, ToolOutput};
use openclaw_config::tree::gateway::InvokeTools;
use openclaw_policy::PluginId;
use serde::Serialize;
use serde_json::{Map, Value};

use super::refusal::{Refusal, text};
use crate::gateway::Gateway;
use crate::methods::target::target;

/// What a program with the gateway's token does not get to call unless `gateway.tools.allow` names it: whatever runs
/// commands, changes files or the gateway, or speaks to others in the agent's name.
const DENIED: [&str; 22] = [
    "exec",
    "spawn",
    "shell",
    "fs_write",
    "fs_delete",
    "fs_move",
    "apply_patch",
    "sessions_spawn",
    "sessions_send",
    "conversations_send",
    "conversations_turn",
    "automations",
    "cron",
    "gateway",
    "plugins",
    "openclaw",
    "nodes",
    "computer",
    "mobile_ui",
    "terminal",
    "portal",
    "whatsapp_login",
];

/// What files of the agent's workspace are worked on with, which programs have their own ways to, and what writes to the
/// commands that the agent runs.
const FILES: [&str; 7] = ["read", "write", "edit", "ls", "grep", "find", "process"];

/// A call that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invocation {
    pub(crate) name: String,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) session: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    /// The conversation on a channel whose rules count too.
    pub(crate) route: Option<Route>,
}

/// The conversation that the headers name, of which the rules for its tools count.
pub(crate) fn route(headers: &HeaderMap) -> Option<Route> {
    let text = |name: &str| {
        let text = headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Some(Route {
        channel: text("x-openclaw-message-channel")?,
        account: text("x-openclaw-account-id").unwrap_or_else(|| "default".to_owned()),
        to: text("x-openclaw-message-to").unwrap_or_default(),
        thread: text("x-openclaw-thread-id"),
        ..Route::default()
    })
}

/// Reads a body.
pub(crate) fn invocation(body: &Value) -> Result<Invocation, Refusal> {
    let text = |name: &str| {
        let text = body.get(name).and_then(Value::as_str).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let name = text("tool").or_else(|| text("name")).ok_or_else(|| {
        Refusal::new(
            http::StatusCode::BAD_REQUEST,
            "invalid_request",
            "tools.invoke requires name",
        )
    })?;
    let mut arguments = match body.get("args") {
        Some(Value::Object(arguments)) => arguments.clone(),
        // What is no object counts as none, as it does for OpenClaw.
        _ => Map::new(),
    };
    if let Some(action) = text("action") {
        arguments.entry("action").or_insert_with(|| Value::String(action));
    }
    Ok(Invocation {
        name,
        arguments,
        session: text("sessionKey"),
        agent: text("agentId"),
        idempotency_key: text("idempotencyKey"),
        route: None,
    })
}

#[derive(Serialize)]
struct Done<'a> {
    ok: bool,
    result: &'a Value,
}

/// Calls the tool that a body names; what is asked twice with the same key is done once.
pub(crate) async fn call(
    gateway: &Arc<Gateway>,
    body: &Value,
    route: Option<Route>,
) -> Result<String, Refusal> {
    let call = Invocation {
        route,
        ..invocation(body)?
    };
    let Some(key) = &call.idempotency_key else {
        return perform(gateway, call).await;
    };
    let conversation = call.route.as_ref().map(|route| format!("{route:?}"));
    let asked = [
        Some(call.name.as_str()),
        call.agent.as_deref(),
        call.session.as_deref(),
        conversation.as_deref(),
        Some(key),
    ];
    let key = Value::from_iter(asked).to_string();
    let gateway = Arc::clone(gateway);
    // Goes on when the caller is gone, as that is who asks again.
    let work = tokio::spawn(async move {
        let work = perform(&gateway, call);
        gateway.invocations().once("tools.invoke", &key, work).await
    });
    work.await.unwrap_or_else(|fault| {
        tracing::error!(%fault, "a tool could not be called");
        Err(Refusal::internal())
    })
}

async fn perform(gateway: &Gateway, call: Invocation) -> Result<String, Refusal> {
    let config = gateway.config().get();
    let bad = |message: String| Refusal::new(http::StatusCode::BAD_REQUEST, "invalid_request", message);
    let target = target(&config.config, call.session.as_deref(), call.agent.as_deref())
        .map_err(|error| bad(error.message))?;
    let parts = gateway.parts().map_err(|_| Refusal::internal())?;
    let agent = &parts.agent;
    let extension = agent.extension_of(&call.name);
    // Whoever has the secret that these routes ask for is one.
    if !is_allowed(&call.name, extension.as_ref(), &config.config.gateway.tools, true) {
        return Err(not_available(&call.name));
    }
    match agent
        .call_tool(
            &target.key,
            &call.name,
            &Value::Object(call.arguments),
            call.route,
        )
        .await
    {
        Ok(output) if requires_approval(&output) => Err(Refusal::requires_approval(output.text)),
        Ok(output) if output.is_error => Err(Refusal::new(
            http::StatusCode::BAD_REQUEST,
            "tool_error",
            output.text,
        )),
        Ok(output) => Ok(text(&Done {
            ok: true,
            result: &output.to_value(),
        })),
        Err(openclaw_agent::Error::NoTool { .. }) => Err(not_available(&call.name)),
        Err(error) => {
            tracing::error!(%error, tool = call.name, "a tool could not be called");
            let status = http::StatusCode::INTERNAL_SERVER_ERROR;
            Err(Refusal::new(status, "tool_error", "tool execution failed"))
        }
    }
}

/// Whether a person would have to be asked before a command that a tool was to run.
pub(crate) fn requires_approval(output: &ToolOutput) -> bool {
    let status = output.details.as_ref().and_then(|details| details.get("status"));
    status.is_some_and(|status| status == "approval-unavailable")
}

/// Whether this route may call a tool. What is closed by itself and opened by the config is for administrators.
pub(crate) fn is_allowed(
    name: &str,
    extension: Option<&PluginId>,
    tools: &InvokeTools,
    is_admin: bool,
) -> bool {
    let is_meant = |listed: &String| policy::lists(listed, name, extension);
    let folded = policy::fold(name);
    let is_usually_closed = DENIED.into_iter().chain(FILES).any(|closed| closed == folded);
    let is_opened = is_admin && tools.allow.iter().any(is_meant);
    !tools.deny.iter().any(is_meant) && (is_opened || !is_usually_closed)
}

/// There is no such tool, or this route may not call it; both read the same.
pub(crate) fn not_available(name: &str) -> Refusal {
    Refusal::new(
        http::StatusCode::NOT_FOUND,
        "not_found",
        format!("Tool not available: {name}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_is_named_by_either_word() {
        let name = |body: Value| invocation(&body).map(|call| call.name);
        assert_eq!(name(json!({ "tool": "calc" })).unwrap(), "calc");
        assert_eq!(name(json!({ "name": "calc" })).unwrap(), "calc");
        let refusal = name(json!({})).unwrap_err();
        assert_eq!(
            refusal.tool(),
            r#"{"ok":false,"error":{"type":"invalid_request","message":"tools.invoke requires name"}}"#
        );
    }

    #[test]
    fn an_action_goes_into_the_arguments_unless_they_have_one() {
        let arguments = |body: Value| Value::Object(invocation(&body).unwrap().arguments);
        assert_eq!(
            arguments(json!({ "tool": "x", "action": "list" })),
            json!({ "action": "list" })
        );
        assert_eq!(
            arguments(json!({ "tool": "x", "action": "list", "args": { "action": "add" } })),
            json!({ "action": "add" })
        );
    }

    #[test]
    fn headers_name_the_conversation_whose_rules_count() {
        let mut headers = HeaderMap::new();
        assert_eq!(route(&headers), None);
        headers.insert("x-openclaw-message-channel", "telegram".parse().unwrap());
        headers.insert("x-openclaw-message-to", "-7".parse().unwrap());
        let found = route(&headers).unwrap();
        assert_eq!(
            (found.channel.as_str(), found.account.as_str(), found.to.as_str()),
            ("telegram", "default", "-7")
        );
    }

    #[test]
    fn what_is_dangerous_is_called_only_where_the_operator_named_it() {
        let tools = |value| serde_json::from_value::<InvokeTools>(value).unwrap();
        for (name, lists, is_admin, expected) in [
            ("calc", json!({}), false, true),
            ("exec", json!({}), true, false),
            ("exec", json!({ "allow": ["exec"] }), true, true),
            ("exec", json!({ "allow": ["group:runtime"] }), true, true),
            // What the config opens it does not open to everybody who may write.
            ("exec", json!({ "allow": ["exec"] }), false, false),
            (
                "calc",
                json!({ "deny": ["calc"], "allow": ["calc"] }),
                true,
                false,
            ),
            (
                "session_status",
                json!({ "deny": ["Group:Sessions"] }),
                true,
                false,
            ),
        ] {
            assert_eq!(
                is_allowed(name, None, &tools(lists.clone()), is_admin),
                expected,
                "{name} {lists}"
            );
        }
    }

    #[test]
    fn a_list_names_tools_of_extensions_as_every_other_list_does() {
        let mail: PluginId = "mail-ext".parse().unwrap();
        let is_allowed = |lists: Value| {
            let tools = serde_json::from_value::<InvokeTools>(lists).unwrap();
            is_allowed("sendMail", Some(&mail), &tools, true)
        };
        assert!(is_allowed(json!({})) && is_allowed(json!({ "deny": ["group:openclaw", "send"] })));
        for entry in ["sendMail", "SENDMAIL", "send*", "mail-ext", "group:plugins", "*"] {
            assert!(!is_allowed(json!({ "deny": [entry] })), "{entry}");
        }
    }
}
