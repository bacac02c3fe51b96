//! `tools.*`: what the agent can call, and calling it.

use std::collections::BTreeMap;
use std::sync::Arc;

use openclaw_agent::ToolInfo;
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Kind, Object, TEXT, WORD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::internal;
use super::target::target;
use crate::api::is_allowed;
use crate::gateway::Gateway;
use crate::method::{Answer, Method, Params};

/// The methods of this family.
pub(crate) const METHODS: &[Method] = &[
    Method {
        name: "tools.catalog",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(catalog(gateway, params)),
    },
    Method {
        name: "tools.effective",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(effective(gateway, params)),
    },
    Method {
        name: "tools.invoke",
        scope: Some(Scope::Write),
        run: |gateway, _, params| Box::pin(invoke(gateway, params)),
    },
];

const CATALOG: Object = Object::closed(&[
    Field::optional("agentId", WORD),
    Field::optional("includePlugins", Kind::Bool),
]);

const EFFECTIVE: Object = Object::closed(&[
    Field::required("sessionKey", WORD),
    Field::optional("agentId", WORD),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    session_key: Option<String>,
    agent_id: Option<String>,
}

async fn catalog(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&CATALOG)?;
    let (agent, tools) = tools(&gateway, &whose).await?;
    let profiles = [
        ("minimal", "Minimal"),
        ("coding", "Coding"),
        ("messaging", "Messaging"),
        ("full", "Full"),
    ];
    let profiles: Vec<_> = profiles
        .iter()
        .map(|(id, label)| json!({ "id": id, "label": label }))
        .collect();
    Ok(json!({ "agentId": agent, "profiles": profiles, "groups": groups(&tools) }).into())
}

async fn effective(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&EFFECTIVE)?;
    let (agent, tools) = tools(&gateway, &whose).await?;
    Ok(json!({ "agentId": agent, "profile": "full", "groups": groups(&tools) }).into())
}

async fn tools(gateway: &Gateway, whose: &Whose) -> Result<(String, Vec<ToolInfo>), Error> {
    let config = gateway.config().get();
    let target = target(
        &config.config,
        whose.session_key.as_deref(),
        whose.agent_id.as_deref(),
    )?;
    let tools = gateway.parts()?.agent.tools(&target.key);
    Ok((target.agent, tools.map_err(|error| internal(&error))?))
}

/// The tools by where they come from: the gateway's own first, then each extension's.
fn groups(tools: &[ToolInfo]) -> Vec<Value> {
    let mut by_extension: BTreeMap<Option<String>, Vec<Value>> = BTreeMap::new();
    for tool in tools {
        let extension = tool.extension.as_ref().map(ToString::to_string);
        let mut told = Map::new();
        told.insert("id".to_owned(), json!(tool.name));
        told.insert("label".to_owned(), json!(tool.title));
        let first = tool.description.lines().next().unwrap_or_default();
        told.insert("description".to_owned(), json!(first));
        told.insert("rawDescription".to_owned(), json!(tool.description));
        told.insert("source".to_owned(), json!(source(extension.as_deref())));
        told.insert("defaultProfiles".to_owned(), json!(["full"]));
        if let Some(extension) = &extension {
            told.insert("pluginId".to_owned(), json!(extension));
        }
        by_extension
            .entry(extension)
            .or_default()
            .push(Value::Object(told));
    }
    let group = |(extension, tools): (Option<String>, Vec<Value>)| {
        let id = extension.as_deref();
        let mut group = json!({
            "id": id.map_or_else(|| "core".to_owned(), |id| format!("plugin:{id}")),
            "label": id.unwrap_or("Built-in tools"),
            "source": source(id),
            "tools": tools,
        });
        if let (Some(id), Some(fields)) = (id, group.as_object_mut()) {
            fields.insert("pluginId".to_owned(), json!(id));
        }
        group
    };
    by_extension.into_iter().map(group).collect()
}

fn source(extension: Option<&str>) -> &'static str {
    match extension {
        Some(_) => "plugin",
        None => "core",
    }
}

const INVOKE: Object = Object::closed(&[
    Field::required("name", WORD),
    Field::optional("args", Kind::Any),
    Field::optional("sessionKey", TEXT),
    Field::optional("agentId", TEXT),
    Field::optional("confirm", Kind::Bool),
    Field::optional("idempotencyKey", TEXT),
    Field::optional("conversationReadOrigin", TEXT),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    name: String,
    #[serde(default)]
    args: Value,
    session_key: Option<String>,
    agent_id: Option<String>,
    idempotency_key: Option<String>,
}

async fn invoke(gateway: Arc<Gateway>, params: Params) -> Answer {
    let call: Call = params.read(&INVOKE)?;
    let key = call.idempotency_key.clone();
    let work = invoked(&gateway, call);
    match key.filter(|key| !key.is_empty()) {
        Some(key) => gateway.replies().once("tools.invoke", &key, work).await,
        None => work.await,
    }
}

async fn invoked(gateway: &Gateway, call: Call) -> Answer {
    let config = gateway.config().get();
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (session, agent) = (given(&call.session_key), given(&call.agent_id));
    let target = target(&config.config, session.as_deref(), agent.as_deref())?;
    let refuse = |code: &str, message: String| json!({ "ok": false, "toolName": call.name, "error": { "code": code, "message": message } });
    let missing = || refuse("not_found", format!("Tool not available: {}", call.name));
    if !is_allowed(&call.name, &config.config.gateway.tools) {
        return Ok(missing().into());
    }
    let args = match call.args {
        Value::Object(args) => Value::Object(args),
        _ => json!({}),
    };
    let agent = &gateway.parts()?.agent;
    let told = match agent.call_tool(&target.key, &call.name, &args).await {
        Ok(output) if output.is_error => refuse("tool_error", output.text),
        Ok(output) => {
            let tools = agent.tools(&target.key).unwrap_or_default();
            let tool = tools.iter().find(|tool| tool.name == call.name);
            let extension = tool
                .and_then(|tool| tool.extension.as_ref())
                .map(ToString::to_string);
            json!({
                "ok": true,
                "toolName": call.name,
                "output": output.to_value(),
                "source": source(extension.as_deref()),
            })
        }
        Err(openclaw_agent::Error::NoTool { .. }) => missing(),
        Err(error) => return Err(internal(&error)),
    };
    Ok(told.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_told_by_where_they_come_from() {
        let tool = |name: &str, extension: Option<&str>| ToolInfo {
            name: name.to_owned(),
            title: name.to_owned(),
            description: "Does it.\nAnd more.".to_owned(),
            parameters: json!({ "type": "object" }),
            extension: extension.map(|id| id.parse().unwrap()),
            is_repeatable: true,
        };
        let groups = groups(&[tool("calc", Some("calc")), tool("read", None)]);
        assert_eq!(
            (&groups[0]["id"], &groups[1]["id"]),
            (&json!("core"), &json!("plugin:calc"))
        );
        assert_eq!(groups[1]["tools"][0]["pluginId"], "calc");
        assert_eq!(groups[0]["tools"][0]["description"], "Does it.");
    }
}
