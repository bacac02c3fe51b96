//! `openclaw:context`: the host's own knowledge of the call.

use wasmtime::component::Resource;

use crate::bindings::openclaw::context::call;
use crate::call::CallContext;
use crate::guest::Guest;

/// What a guest holds when it holds the context. All of them show the same call.
#[expect(unreachable_pub, reason = "the bindings re-export it inside of this crate")]
pub struct Facts;

impl call::Host for Guest {
    fn current(&mut self) -> wasmtime::Result<Resource<Facts>> {
        Ok(self.table.push(Facts)?)
    }
}

impl Guest {
    fn tell<T>(
        &mut self,
        facts: &Resource<Facts>,
        what: impl FnOnce(&CallContext) -> T,
    ) -> wasmtime::Result<T> {
        self.table.get(facts)?;
        Ok(what(&self.context))
    }
}

impl call::HostContext for Guest {
    fn call_id(&mut self, facts: Resource<Facts>) -> wasmtime::Result<String> {
        self.table.get(&facts)?;
        Ok(self.call_id.clone())
    }

    fn idempotency_key(&mut self, facts: Resource<Facts>) -> wasmtime::Result<String> {
        let key = self.tell(&facts, |context| context.idempotency_key.clone())?;
        Ok(key.unwrap_or_else(|| self.call_id.clone()))
    }

    fn attempt(&mut self, facts: Resource<Facts>) -> wasmtime::Result<u32> {
        self.tell(&facts, |context| context.attempt.get())
    }

    fn deadline(&mut self, facts: Resource<Facts>) -> wasmtime::Result<u64> {
        self.table.get(&facts)?;
        let left = self
            .root
            .end()
            .saturating_duration_since(std::time::Instant::now());
        let at = std::time::SystemTime::now() + left;
        let since = at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn agent(&mut self, facts: Resource<Facts>) -> wasmtime::Result<Option<String>> {
        self.tell(&facts, |context| context.agent.clone())
    }

    fn session(&mut self, facts: Resource<Facts>) -> wasmtime::Result<Option<String>> {
        self.tell(&facts, |context| context.session.clone())
    }

    fn channel(&mut self, facts: Resource<Facts>) -> wasmtime::Result<Option<String>> {
        self.tell(&facts, |context| context.channel.clone())
    }

    fn account(&mut self, facts: Resource<Facts>) -> wasmtime::Result<Option<String>> {
        self.tell(&facts, |context| context.account.clone())
    }

    fn sender(&mut self, facts: Resource<Facts>) -> wasmtime::Result<Option<String>> {
        self.tell(&facts, |context| context.sender.clone())
    }

    fn is_owner(&mut self, facts: Resource<Facts>) -> wasmtime::Result<bool> {
        self.tell(&facts, |context| context.is_owner)
    }

    fn is_sandboxed(&mut self, facts: Resource<Facts>) -> wasmtime::Result<bool> {
        self.tell(&facts, |context| context.is_sandboxed)
    }

    fn locale(&mut self, facts: Resource<Facts>) -> wasmtime::Result<Option<String>> {
        self.tell(&facts, |context| context.locale.clone())
    }

    fn workspace(&mut self, facts: Resource<Facts>) -> wasmtime::Result<Option<String>> {
        self.tell(&facts, |context| context.workspace.clone())
    }

    fn drop(&mut self, facts: Resource<Facts>) -> wasmtime::Result<()> {
        self.table.delete(facts)?;
        Ok(())
    }
}
