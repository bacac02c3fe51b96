//! `tools.*`: what the agent can call, why, and calling it.

use std::collections::BTreeMap;
use std::sync::Arc;

use openclaw_agent::policy::{group_of, profiles_of};
use openclaw_agent::{Explained, Explanation};
use openclaw_policy::PluginId;
use openclaw_protocol::Error;
use openclaw_protocol::scope::Scope;
use openclaw_protocol::shape::{Field, Kind, Object, TEXT, WORD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::internal;
use super::target::target;
use crate::api::{is_allowed, requires_approval};
use crate::gateway::Gateway;
use crate::method::{Answer, Caller, Method, Params};

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
    // Ours: what `openclaw tools` asks.
    Method {
        name: "tools.explain",
        scope: Some(Scope::Read),
        run: |gateway, _, params| Box::pin(explain(gateway, params)),
    },
    Method {
        name: "tools.invoke",
        scope: Some(Scope::Write),
        run: |gateway, caller, params| Box::pin(invoke(gateway, caller, params)),
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

const EXPLAIN: Object = Object::closed(&[
    Field::required("sessionKey", WORD),
    Field::optional("agentId", WORD),
    Field::optional("name", WORD),
]);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whose {
    session_key: Option<String>,
    agent_id: Option<String>,
    name: Option<String>,
    include_plugins: Option<bool>,
}

/// The groups of the gateway's own tools, in the order in which they are told, with their names for people.
const LABELS: [(&str, &str); 11] = [
    ("fs", "Files"),
    ("runtime", "Runtime"),
    ("web", "Web"),
    ("memory", "Memory"),
    ("sessions", "Sessions"),
    ("ui", "UI"),
    ("messaging", "Messaging"),
    ("automation", "Automation"),
    ("nodes", "Nodes"),
    ("agents", "Agents"),
    ("media", "Media"),
];

async fn catalog(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&CATALOG)?;
    let explanation = explanation(&gateway, &whose).await?;
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
    let groups = catalogued(&explanation.tools, whose.include_plugins != Some(false));
    Ok(json!({ "agentId": explanation.subject.agent, "profiles": profiles, "groups": groups }).into())
}

async fn effective(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&EFFECTIVE)?;
    let explanation = explanation(&gateway, &whose).await?;
    let (there, withheld): (Vec<_>, Vec<_>) = explanation.tools.iter().partition(|tool| tool.verdict.allowed);
    let withheld: Vec<_> = withheld
        .into_iter()
        .map(|tool| json!({ "id": tool.tool.name, "rule": tool.verdict.rule.to_value() }))
        .collect();
    Ok(json!({
        "agentId": explanation.subject.agent,
        "profile": explanation.profile,
        "groups": groups(&there),
        "withheld": withheld,
    })
    .into())
}

async fn explain(gateway: Arc<Gateway>, params: Params) -> Answer {
    let whose: Whose = params.read(&EXPLAIN)?;
    let explanation = explanation(&gateway, &whose).await?;
    Ok(match &whose.name {
        Some(name) => explanation.of_tool(name),
        None => explanation.to_value(),
    }
    .into())
}

async fn explanation(gateway: &Gateway, whose: &Whose) -> Result<Explanation, Error> {
    let config = gateway.config().get();
    let target = target(
        &config.config,
        whose.session_key.as_deref(),
        whose.agent_id.as_deref(),
    )?;
    let explanation = gateway.parts()?.agent.explain(&target.key).await;
    explanation.map_err(|error| internal(&error))
}

/// All tools by what they are for, and then each extension's.
fn catalogued(tools: &[Explained], with_plugins: bool) -> Vec<Value> {
    let own = |name: &str| group_of(name).and_then(|group| group.strip_prefix("group:"));
    let mut groups = Vec::new();
    for (id, label) in LABELS {
        let members: Vec<_> = tools
            .iter()
            .filter(|tool| tool.tool.extension.is_none() && own(&tool.tool.name) == Some(id))
            .map(|tool| {
                let mut told = told(tool);
                told.insert("label".to_owned(), json!(tool.tool.name));
                told.insert("defaultProfiles".to_owned(), json!(profiles_of(&tool.tool.name)));
                Value::Object(told)
            })
            .collect();
        if !members.is_empty() {
            groups.push(json!({ "id": id, "label": label, "source": "core", "tools": members }));
        }
    }
    let mut by_extension: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for tool in tools.iter().filter(|_| with_plugins) {
        let Some(id) = &tool.tool.extension else {
            continue;
        };
        let mut told = told(tool);
        told.insert("optional".to_owned(), json!(tool.is_opt_in));
        told.insert("defaultProfiles".to_owned(), json!([]));
        by_extension
            .entry(id.to_string())
            .or_default()
            .push(Value::Object(told));
    }
    groups.extend(by_extension.into_iter().map(|(id, tools)| {
        json!({ "id": format!("plugin:{id}"), "label": id, "source": "plugin", "pluginId": id, "tools": tools })
    }));
    groups
}

/// The tools that are there by where they come from, each with what let it.
fn groups(tools: &[&Explained]) -> Vec<Value> {
    let places = [
        ("core", "Built-in tools", false),
        ("plugin", "Connected tools", true),
    ];
    let groups = places.iter().filter_map(|(id, label, is_plugin)| {
        let members: Vec<_> = tools
            .iter()
            .filter(|tool| tool.tool.extension.is_some() == *is_plugin)
            .map(|tool| {
                let mut told = told(tool);
                told.insert("rawDescription".to_owned(), json!(tool.tool.description));
                told.insert("rule".to_owned(), tool.verdict.rule.to_value());
                Value::Object(told)
            })
            .collect();
        let group = json!({ "id": id, "label": label, "source": id, "tools": members });
        (!members.is_empty()).then_some(group)
    });
    groups.collect()
}

/// What every listing tells of a tool.
fn told(tool: &Explained) -> Map<String, Value> {
    let tool = &tool.tool;
    let extension = tool.extension.as_ref().map(ToString::to_string);
    let mut told = Map::new();
    told.insert("id".to_owned(), json!(tool.name));
    told.insert("label".to_owned(), json!(tool.title));
    let first = tool.description.lines().next().unwrap_or_default();
    told.insert("description".to_owned(), json!(first));
    told.insert("source".to_owned(), json!(source(extension.as_deref())));
    if let Some(extension) = extension {
        told.insert("pluginId".to_owned(), json!(extension));
    }
    told
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

async fn invoke(gateway: Arc<Gateway>, caller: Caller, params: Params) -> Answer {
    let call: Call = params.read(&INVOKE)?;
    let is_admin = caller.grant().allows(Scope::Admin);
    let key = call.idempotency_key.as_ref().filter(|key| !key.is_empty());
    // One who asks again is who asked before, for the same.
    let key = key.map(|key| {
        let peer = caller.connection().peer();
        let who = peer.device_id.as_ref().unwrap_or(&peer.client.id);
        let what = (&call.name, &call.session_key, &call.agent_id);
        json!([is_admin, who, what, key]).to_string()
    });
    let work = invoked(&gateway, call, is_admin);
    match key {
        Some(key) => gateway.replies().once("tools.invoke", &key, work).await,
        None => work.await,
    }
}

async fn invoked(gateway: &Gateway, call: Call, is_admin: bool) -> Answer {
    let config = gateway.config().get();
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (session, agent) = (given(&call.session_key), given(&call.agent_id));
    let target = target(&config.config, session.as_deref(), agent.as_deref())?;
    let refuse = |code: &str, message: String| json!({ "ok": false, "toolName": call.name, "error": { "code": code, "message": message } });
    let missing = || refuse("not_found", format!("Tool not available: {}", call.name));
    let agent = &gateway.parts()?.agent;
    let explanation = agent
        .explain(&target.key)
        .await
        .map_err(|error| internal(&error))?;
    let tool = explanation.find(&call.name);
    // Whoever may ask this may read the policy too.
    let missing = || {
        let mut told = missing();
        if let (Some(tool), Some(fields)) = (tool.filter(|tool| !tool.verdict.allowed), told.as_object_mut())
        {
            fields.insert("rule".to_owned(), tool.verdict.rule.to_value());
        }
        told
    };
    let extension = tool.and_then(|tool| tool.tool.extension.as_ref());
    if !is_allowed(&call.name, extension, &config.config.gateway.tools, is_admin) {
        return Ok(missing().into());
    }
    let args = match call.args {
        Value::Object(args) => Value::Object(args),
        _ => json!({}),
    };
    let told = match agent.call_tool(&target.key, &call.name, &args, None).await {
        Ok(output) if requires_approval(&output) => {
            let mut told = refuse("tool_call_blocked", output.text);
            if let Some(fields) = told.as_object_mut() {
                fields.insert("requiresApproval".to_owned(), json!(true));
            }
            told
        }
        Ok(output) if output.is_error => refuse("tool_error", output.text),
        Ok(output) => json!({
            "ok": true,
            "toolName": call.name,
            "output": output.to_value(),
            "source": source(extension.map(PluginId::as_str)),
        }),
        Err(openclaw_agent::Error::NoTool { .. }) => missing(),
        Err(error) => return Err(internal(&error)),
    };
    Ok(told.into())
}

#[cfg(test)]
mod tests {
    use openclaw_agent::ToolInfo;
    use openclaw_agent::policy::{Effect, Layer, Rule, Verdict};

    use super::*;

    fn tool(name: &str, extension: Option<&str>) -> Explained {
        let rule = Rule {
            layer: Layer::Profile,
            key: None,
            entry: None,
            effect: Effect::Silent("nothing takes it away"),
        };
        Explained {
            tool: ToolInfo {
                name: name.to_owned(),
                title: name.to_uppercase(),
                description: "Does it.\nAnd more.".to_owned(),
                parameters: json!({ "type": "object" }),
                extension: extension.map(|id| id.parse().unwrap()),
                is_repeatable: true,
            },
            is_opt_in: true,
            verdict: Verdict { allowed: true, rule },
            rules: Vec::new(),
            change: None,
        }
    }

    #[test]
    fn the_catalogue_goes_by_what_tools_are_for_and_says_which_profiles_have_them() {
        let tools = [
            tool("calc", Some("maths")),
            tool("session_status", None),
            tool("read", None),
        ];
        let groups = catalogued(&tools, true);
        let ids: Vec<_> = groups.iter().map(|group| group["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["fs", "sessions", "plugin:maths"]);
        assert_eq!(
            groups[1]["tools"][0],
            json!({
                "id": "session_status", "label": "session_status", "description": "Does it.", "source": "core",
                "defaultProfiles": ["minimal", "coding", "messaging"],
            })
        );
        assert_eq!(groups[2]["tools"][0]["pluginId"], "maths");
        assert_eq!(groups[2]["tools"][0]["optional"], true);
        assert_eq!(catalogued(&tools, false).len(), 2);
    }

    #[test]
    fn the_tools_of_a_session_are_told_by_where_they_come_from_with_what_let_them() {
        let (calc, read) = (tool("calc", Some("maths")), tool("read", None));
        let groups = groups(&[&calc, &read]);
        assert_eq!(
            (&groups[0]["id"], &groups[1]["id"]),
            (&json!("core"), &json!("plugin"))
        );
        assert_eq!(groups[1]["tools"][0]["pluginId"], "maths");
        assert_eq!(groups[0]["tools"][0]["label"], "READ");
        assert_eq!(groups[0]["tools"][0]["rule"]["text"], "nothing takes it away");
    }
}
