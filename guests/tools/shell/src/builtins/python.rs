//! `python3`: the interpreter's, but that a program given on the command line or by a pipe prints only what it prints.

use async_trait::async_trait;
use bashkit::{Builtin, BuiltinContext, ExecResult, PythonLimits, Result, StreamData};

/// A last line that is worth nothing. What the last expression of a program is worth is printed if nothing else was, as
/// where somebody types; a program is not typed.
const SILENCE: &str = "\nNone\n";

pub(super) struct Python(bashkit::Python);

impl Python {
    pub(super) fn new(limits: PythonLimits) -> Self {
        Self(bashkit::Python::with_limits(limits))
    }
}

#[async_trait]
impl Builtin for Python {
    async fn execute(&self, mut ctx: BuiltinContext<'_>) -> Result<ExecResult> {
        let mut args = ctx.args.to_vec();
        let mut input = None;
        match args.first().map(String::as_str) {
            Some("-c") => {
                if let Some(code) = args.get_mut(1).filter(|code| !code.trim().is_empty()) {
                    code.push_str(SILENCE);
                }
            }
            None | Some("-") => {
                let given = ctx.stdin.filter(|given| !given.is_empty());
                input = given.map(|given| StreamData::from(format!("{}{SILENCE}", given.text_lossy())));
            }
            Some(_) => {}
        }
        if let Some(input) = &input {
            ctx.stdin = Some(input);
        }
        ctx.args = &args;
        self.0.execute(ctx).await
    }
}
