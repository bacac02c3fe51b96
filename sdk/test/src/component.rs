//! A component, ready to be called.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;
use wasmtime::component::{InstancePre, ResourceAny, Type, Val};

use crate::error::{Error, Result};
use crate::host::{Host, State};
use crate::link::link;
use crate::output::{Output, Refusal, ToolSpec};
use crate::package;
use crate::run::{Stage, engine, run};
use crate::value::{self, Handles, shorten};

const TOOLBOX: &str = "openclaw:tool/toolbox";
const SKILL: &str = "openclaw:tool/skill-text";
/// As the interface says of a tool's name.
const MAX_NAME: usize = 64;

/// A component with tools. Every call runs in an instance of its own, as in the gateway.
pub struct Component {
    pre: InstancePre<Stage>,
    toolbox: String,
    skill: Option<String>,
    tools: Vec<ToolSpec>,
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Component")
            .field("tools", &self.tools)
            .finish_non_exhaustive()
    }
}

/// Nothing that the exports of tools carry has a handle in it.
struct NoHandles;

impl Handles for NoHandles {
    fn number(&mut self, _: ResourceAny) -> Result<u32, String> {
        Err("a tool has no handles".to_owned())
    }

    fn handle(&mut self, _: u32, _: &Type) -> Result<ResourceAny, String> {
        Err("a tool has no handles".to_owned())
    }
}

impl Component {
    /// Builds the package in a folder and loads its component. The manifest beside it, if it names a component, must
    /// say the same as the component does.
    ///
    /// # Errors
    /// With what cargo says, with what the manifest should say, and as [`load`](Self::load).
    pub fn build(folder: impl AsRef<Path>) -> Result<Self> {
        let component = Self::load(package::build(folder.as_ref())?)?;
        package::check_manifest(folder.as_ref(), component.tools(), component.skill.is_some())?;
        Ok(component)
    }

    /// Loads a component and asks for its tools.
    ///
    /// # Errors
    /// If it is no component with tools, or describes them in a way that the gateway refuses.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let failed = |source| Error::File {
            path: path.to_owned(),
            what: "read",
            source,
        };
        let bytes = fs::read(path).map_err(failed)?;
        let engine = engine()?;
        let component = wasmtime::component::Component::from_binary(&engine, &bytes);
        let component = component.map_err(|error| Error::NoComponent {
            path: path.to_owned(),
            why: format!("{:#}", error.root_cause()),
        })?;
        let ty = component.component_type();
        let exports: Vec<&str> = ty.exports(&engine).map(|(name, _)| name).collect();
        let find = |interface: &str| {
            let is_it = |name: &&&str| {
                name.strip_prefix(interface)
                    .is_some_and(|rest| rest.starts_with('@'))
            };
            exports.iter().find(is_it).map(|name| (*name).to_owned())
        };
        let toolbox = find(TOOLBOX).ok_or_else(|| {
            let found = if exports.is_empty() {
                "nothing".to_owned()
            } else {
                exports.join(", ")
            };
            Error::Export {
                export: TOOLBOX,
                found,
            }
        })?;
        let skill = find(SKILL);
        let pre = link(&component)?;
        let mut loaded = Self {
            pre,
            toolbox,
            skill,
            tools: Vec::new(),
        };
        let (_, described) = run(&loaded.pre, State::default(), &loaded.toolbox, "describe", &[]);
        let described = value::tell(&described?, &mut NoHandles).map_err(Error::Engine)?;
        loaded.tools = read(described)?;
        check_tools(&loaded.tools)?;
        Ok(loaded)
    }

    /// What it says about its tools.
    #[must_use]
    pub fn tools(&self) -> &[ToolSpec] {
        &self.tools
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// With [`Error::Refused`] if the tool returned an error, and otherwise if the run was not what the test wants.
    pub fn call(&self, host: &mut Host, tool: &str, arguments: Value) -> Result<Output> {
        if !self.tools.iter().any(|spec| spec.name == tool) {
            let names: Vec<&str> = self.tools.iter().map(|spec| spec.name.as_str()).collect();
            return Err(Error::NoTool {
                tool: tool.to_owned(),
                tools: names.join(", "),
            });
        }
        let values = [Val::String(tool.to_owned()), Val::String(arguments.to_string())];
        self.invoke(host, &self.toolbox, "call", &values, (Some(tool), &arguments))
    }

    /// The text of a skill.
    ///
    /// # Errors
    /// If it is no skill, and as [`call`](Self::call).
    pub fn instructions(&self, host: &mut Host) -> Result<String> {
        let Some(skill) = &self.skill else {
            return Err(Error::Export {
                export: SKILL,
                found: self.toolbox.clone(),
            });
        };
        self.invoke(host, skill, "instructions", &[], (None, &Value::Null))
    }

    fn invoke<T: DeserializeOwned>(
        &self,
        host: &mut Host,
        interface: &str,
        function: &str,
        values: &[Val],
        (tool, arguments): (Option<&str>, &Value),
    ) -> Result<T> {
        let result = self.exchange(host, interface, function, values, (tool, arguments));
        host.state.is_told |= result.is_err();
        let result = result?;
        match result.get("err") {
            Some(refusal) => Err(Error::Refused(read::<Refusal>(refusal.clone())?)),
            None => read(result.get("ok").cloned().unwrap_or_default()),
        }
    }

    /// The call and its bookkeeping; gives what the component returned.
    fn exchange(
        &self,
        host: &mut Host,
        interface: &str,
        function: &str,
        values: &[Val],
        (tool, arguments): (Option<&str>, &Value),
    ) -> Result<Value> {
        host.state.begin(tool, arguments)?;
        let state = std::mem::take(&mut host.state);
        let (state, result) = run(&self.pre, state, interface, function, values);
        host.state = state;
        let result = value::tell(&result?, &mut NoHandles).map_err(Error::Engine)?;
        host.state.end(&result)?;
        Ok(result)
    }
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    let shown = shorten(&value);
    serde_json::from_value(value).map_err(|error| Error::Engine(format!("{error} in {shown}")))
}

fn check_tools(tools: &[ToolSpec]) -> Result<()> {
    for (at, tool) in tools.iter().enumerate() {
        let refused = |why: String| {
            Err(Error::Description {
                tool: tool.name.clone(),
                why,
            })
        };
        let rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let is_name = tool.name.starts_with(|c: char| c.is_ascii_alphabetic())
            && tool.name.chars().all(rest)
            && tool.name.len() <= MAX_NAME;
        if !is_name {
            return refused(format!(
                "its NAME must be a letter, then letters, digits, `_` and `-`, {MAX_NAME} characters at most"
            ));
        }
        if tools.iter().take(at).any(|other| other.name == tool.name) {
            return refused("two tools have this NAME, and only the first would ever be called".to_owned());
        }
        if !serde_json::from_str::<Value>(&tool.parameters).is_ok_and(|schema| schema.is_object()) {
            return refused(format!(
                "its parameters are no JSON Schema: {:?}",
                tool.parameters
            ));
        }
        let is_struct = serde_json::from_str::<Value>(&tool.parameters)
            .is_ok_and(|schema| schema.get("type").and_then(Value::as_str) == Some("object"));
        if !is_struct {
            return refused(
                "its Args must be a struct with named fields, so that the arguments are an object".to_owned(),
            );
        }
        if tool.description.trim().is_empty() {
            return refused("its DESCRIPTION is empty, so no model knows when to call it".to_owned());
        }
    }
    Ok(())
}
