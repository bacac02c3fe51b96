//! `openclaw:tools`: calling another tool.
//!
//! **Promise.** A tool is reached only by an alias that the grant names; it works with its own grant, and its
//! computing and waiting are taken from the first caller's budget. **Bound.** [`MAX_DEPTH`].

use crate::bindings::openclaw::tools::calls::{self, Callable};
use crate::bindings::openclaw::tools::types as wit;
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode, Sent};
use crate::call;
use crate::error::Error;
use crate::guest::{Begin, Guest, fail};
use crate::limits::Stop;

/// How many tools may stand one behind the other.
pub(crate) const MAX_DEPTH: u32 = 4;

impl calls::Host for Guest {
    async fn list_tools(&mut self) -> wasmtime::Result<Result<Vec<Callable>, WitError>> {
        let granted = self.extension.grant.capabilities().tools.aliases();
        let found = granted.iter().filter_map(|(alias, tool)| {
            let extension = self.host.find_tool(tool.as_str())?;
            let spec = extension.tools.iter().find(|spec| spec.name == tool.as_str())?;
            Some(Callable {
                alias: alias.to_string(),
                spec: wit::ToolSpec::from(spec),
            })
        });
        let found: Vec<_> = found.collect();
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let size = |Callable { alias, spec }: &Callable| {
            let named = alias.len() + spec.name.len() + length(&spec.title) + spec.description.len();
            named + spec.parameters.len() + length(&spec.output_schema) + length(&spec.extra)
        };
        self.volume
            .bytes_in
            .spend(found.iter().map(size).sum::<usize>() as u64)?;
        Ok(Ok(found))
    }

    async fn call(
        &mut self,
        alias: String,
        arguments: String,
    ) -> wasmtime::Result<Result<wit::Output, WitError>> {
        self.volume
            .bytes_out
            .spend((alias.len() + arguments.len()) as u64)?;
        let Some(tool) = self.extension.grant.capabilities().tools.find(&alias) else {
            let message =
                format!("no tool \"{alias}\" was granted; ask the operator to grant capabilities.tools");
            return Ok(Err(fail(ErrorCode::Denied, &message)));
        };
        let Some(extension) = self.host.find_tool(tool.as_str()) else {
            let message = format!("the tool {tool} behind \"{alias}\" is not installed");
            return Ok(Err(fail(ErrorCode::NotFound, &message)));
        };
        if self.depth + 1 >= MAX_DEPTH {
            let message = format!("tools may call each other {MAX_DEPTH} deep");
            return Ok(Err(fail(ErrorCode::TooLarge, &message)));
        }
        if let Err(error) = call::check_arguments(tool.as_str(), &arguments) {
            return Ok(Err(fail(ErrorCode::Invalid, &error.to_string())));
        }
        if let Err(error) = call::check_owner(&extension, tool.as_str(), &self.context) {
            return Ok(Err(fail(ErrorCode::Denied, &error.to_string())));
        }
        // Each call is an action of its own, and has the same key when the whole is tried again.
        self.inner_calls += 1;
        let number = self.inner_calls;
        let key = self.context.idempotency_key.as_ref();
        let begin = Begin {
            call_id: format!("{}.{number}", self.call_id),
            context: call::CallContext {
                idempotency_key: key.map(|key| format!("{key}.{number}")),
                media: Vec::new(),
                ..self.context.clone()
            },
            progress: None,
            root: std::sync::Arc::clone(&self.root),
            depth: self.depth + 1,
            is_described: false,
            input: None,
            streams: None,
            permit: None,
            seat: None,
        };
        let ask = call::Ask::Tool {
            name: tool.to_string(),
            arguments,
        };
        match call::start(&self.host, &extension, ask, begin).await {
            Ok(output) => {
                self.handed.extend(output.media().map(str::to_owned));
                self.volume.bytes_in.spend(output.size() as u64)?;
                Ok(Ok(wit::Output::from(output)))
            }
            // The budget is the caller's own, so nothing is left that it could go on with.
            Err(Error::Stopped { stop, .. }) if self.is_spent(&stop) => Err(stop.into()),
            Err(Error::Failed { failure, .. }) => {
                self.volume.bytes_in.spend(failure.size() as u64)?;
                Ok(Err(WitError::from(*failure)))
            }
            Err(error @ (Error::Busy { .. } | Error::Stopped { .. })) => {
                Ok(Err(fail(ErrorCode::Unavailable, &error.to_string())))
            }
            Err(error) => {
                // The callee may have acted before it broke off.
                let failed = fail(ErrorCode::Internal, &error.to_string());
                Ok(Err(WitError {
                    sent: Sent::Unknown,
                    ..failed
                }))
            }
        }
    }
}

impl Guest {
    fn is_spent(&self, stop: &Stop) -> bool {
        use openclaw_policy::Limit::{Cpu, Deadline};
        matches!(stop, Stop::Limit(setting) if matches!(setting.limit, Cpu | Deadline))
    }
}
