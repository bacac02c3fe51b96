//! The file tools of a session, wherever it has its files.
//!
//! **Promise.** Wherever they work, the same call on the same files has the same result. On this machine they reach the
//! workspace and nothing else, whatever the config allows beyond it. **Bound.** That of each tool. **Cost.** On this
//! machine a thread that may wait for the disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use openclaw_config::tree::Config;
use openclaw_files::{Answer, Machine};
use serde_json::Value;

use super::ToolOutput;

pub use openclaw_files::Tool as FileTool;

/// Where the file tools of a session work.
pub trait FileTools: Send + Sync {
    /// Calls one. What goes wrong is for the model to read. Dropping the future does not stop a change that has begun.
    fn call(&self, tool: FileTool, arguments: Value) -> BoxFuture<'_, ToolOutput>;
}

/// A workspace on this machine.
pub(crate) struct OnMachine(Arc<Path>);

impl OnMachine {
    pub(crate) fn new(workspace: PathBuf) -> Self {
        Self(workspace.into())
    }
}

impl FileTools for OnMachine {
    fn call(&self, tool: FileTool, arguments: Value) -> BoxFuture<'_, ToolOutput> {
        let workspace = Arc::clone(&self.0);
        let work = move || match Machine::open(&workspace) {
            Ok(folder) => tool.call(&folder, &arguments).into(),
            Err(error) => ToolOutput::failed(format!("The workspace cannot be opened: {error}")),
        };
        async move {
            match tokio::task::spawn_blocking(work).await {
                Ok(output) => output,
                Err(error) => ToolOutput::failed(format!("{} did not end well: {error}", tool.name())),
            }
        }
        .boxed()
    }
}

impl From<Answer> for ToolOutput {
    fn from(answer: Answer) -> Self {
        Self {
            text: answer.text,
            details: answer.details,
            is_error: answer.is_error,
        }
    }
}

/// Whether the config offers `apply_patch` to an agent with this model, which is `provider/model`.
pub(super) fn offers_patch(config: &Config, agent: &str, model: Option<&str>) -> bool {
    let own = config.agents.entries.get(agent);
    let own = own.and_then(|own| own.tools.as_ref()?.exec.as_ref()?.apply_patch.as_ref());
    let patch = own.unwrap_or(&config.tools.exec.apply_patch);
    let fits = |entry: &str, model: &str| {
        let entry = entry.trim().to_lowercase();
        let model = model.to_lowercase();
        entry == model || model.split_once('/').is_some_and(|(_, id)| entry == id)
    };
    let is_for = |model: &str| patch.allow_models.iter().any(|entry| fits(entry, model));
    patch.enabled && (patch.allow_models.is_empty() || model.is_some_and(is_for))
}

#[cfg(test)]
mod tests {
    use openclaw_config::tree::exec::{AgentExec, ApplyPatch};
    use openclaw_config::tree::tools::AgentTools;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn the_tools_work_in_the_workspace_and_say_so_when_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let tools = OnMachine::new(folder.path().join("work"));
        let read = || tools.call(FileTool::Read, json!({"path": "a"}));
        let none = read().await;
        assert!(
            none.is_error && none.text.contains("workspace cannot be opened"),
            "{}",
            none.text
        );
        std::fs::create_dir(folder.path().join("work")).unwrap();
        let write = json!({"path": "a", "content": "hello"});
        let written = tools.call(FileTool::Write, write).await;
        assert_eq!(written.text, "Wrote 5 bytes to a.");
        assert_eq!(written.details.unwrap()["created"], json!(true));
        assert_eq!(read().await.text, "hello");
    }

    #[test]
    fn patches_are_offered_to_the_models_that_the_config_names() {
        let mut config = Config::default();
        let offered = |config: &Config, agent: &str, model| offers_patch(config, agent, model);
        assert!(offered(&config, "main", None));
        let patch = |enabled, models: &[&str]| ApplyPatch {
            enabled,
            allow_models: models.iter().map(|&model| model.to_owned()).collect(),
            ..ApplyPatch::default()
        };
        config.tools.exec.apply_patch = patch(true, &["GPT-5.2", "local/qwen/big"]);
        for (model, is_offered) in [
            (Some("openai/gpt-5.2"), true),
            (Some("other/gpt-5.2"), true),
            (Some("local/qwen/big"), true),
            (Some("local/big"), false),
            (Some("openai/gpt-5"), false),
            (None, false),
        ] {
            assert_eq!(offered(&config, "main", model), is_offered, "{model:?}");
        }
        let own = AgentTools {
            exec: Some(AgentExec {
                apply_patch: Some(patch(false, &[])),
                ..AgentExec::default()
            }),
            ..AgentTools::default()
        };
        config.agents.entries.entry("other".to_owned()).or_default().tools = Some(own);
        assert!(!offered(&config, "other", Some("openai/gpt-5.2")));
    }
}
