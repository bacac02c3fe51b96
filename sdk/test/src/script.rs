//! The script: which calls a test expects, and what it answers.
//!
//! **Promise.** A function that is scripted is answered by the script alone: a call that no expectation fits ends the
//! run and is told with the nearest one. Expectations of one function are tried in the order in which they were
//! given; those of different functions are independent.

use serde_json::{Value, json};

use crate::output::Refusal;
use crate::value::{is_equal, shorten};

/// A call of the component to its host.
#[derive(Clone, Debug)]
pub(crate) struct HostCall {
    /// The interface, with its version.
    pub(crate) interface: String,
    /// The function; a resource's is written `resource.function`.
    pub(crate) function: String,
    /// The arguments by name.
    pub(crate) arguments: Value,
    /// Whether it answers with a `result`.
    pub(crate) gives_result: bool,
}

impl HostCall {
    /// The interface without its version.
    pub(crate) fn interface_name(&self) -> &str {
        strip_version(&self.interface)
    }

    /// The call as a person writes it.
    pub(crate) fn write(&self) -> String {
        format!(
            "{}.{}({})",
            self.interface_name(),
            self.function,
            shorten(&self.arguments)
        )
    }
}

/// An interface's name without its version.
pub(crate) fn strip_version(interface: &str) -> &str {
    interface.split_once('@').map_or(interface, |(name, _)| name)
}

/// What is answered.
#[derive(Clone, Debug)]
enum Reply {
    Answer(Value),
    Failure(Value),
}

/// A call that a test expects, once unless [`times`](Self::times) says otherwise.
#[derive(Clone, Debug)]
#[must_use]
pub struct Expectation {
    interface: String,
    function: String,
    with: Option<Value>,
    reply: Reply,
    times: usize,
    met: usize,
}

impl Expectation {
    fn new(interface: &str, function: &str) -> Self {
        Self {
            interface: interface.to_owned(),
            function: function.to_owned(),
            with: None,
            reply: Reply::Answer(Value::Null),
            times: 1,
            met: 0,
        }
    }

    /// The arguments, as an object by the names that the WIT has, or as an array of all of them. Of an object only
    /// the arguments that it names are compared. Without this any arguments fit.
    pub fn with(&mut self, arguments: Value) -> &mut Self {
        self.with = Some(arguments);
        self
    }

    /// The answer; of a function with a `result`, what stands in its `ok`. Without this it is nothing.
    pub fn answer(&mut self, answer: Value) -> &mut Self {
        self.reply = Reply::Answer(answer);
        self
    }

    /// Answers with an error of `openclaw:types`, such as `refuse("denied", "not granted")`, after which nothing
    /// left the machine.
    pub fn refuse(&mut self, code: &str, message: &str) -> &mut Self {
        self.fail(json!(Refusal::new(code, message)))
    }

    /// Answers with what stands in the `err` of the function's `result`.
    pub fn fail(&mut self, error: Value) -> &mut Self {
        self.reply = Reply::Failure(error);
        self
    }

    /// How often the call is expected.
    pub fn times(&mut self, times: usize) -> &mut Self {
        self.times = times;
        self
    }

    fn names(&self, call: &HostCall) -> bool {
        let interface = match self.interface.contains('@') {
            true => call.interface.as_str(),
            false => call.interface_name(),
        };
        self.interface == interface && self.function == call.function
    }

    fn fits(&self, call: &HostCall, order: &[String]) -> bool {
        match &self.with {
            None => true,
            Some(Value::Object(wanted)) => wanted.iter().all(|(name, value)| {
                call.arguments
                    .get(name)
                    .is_some_and(|found| is_equal(value, found))
            }),
            Some(Value::Array(wanted)) => {
                let found = order
                    .iter()
                    .map(|name| call.arguments.get(name).unwrap_or(&Value::Null));
                wanted.len() == order.len() && wanted.iter().zip(found).all(|(a, b)| is_equal(a, b))
            }
            Some(_) => false,
        }
    }

    /// The expectation as a person reads it.
    fn write(&self) -> String {
        let with = self
            .with
            .as_ref()
            .map_or_else(|| "any arguments".to_owned(), shorten);
        let count = match (self.met, self.times) {
            (0, 1) => String::new(),
            (1, 1) => ", already met".to_owned(),
            (met, times) => format!(", met {met} of {times} times"),
        };
        format!("{}.{}({with}){count}", self.interface, self.function)
    }

    fn reply(&self, call: &HostCall) -> Value {
        match (&self.reply, call.gives_result) {
            (Reply::Answer(value), true) => json!({"ok": value}),
            (Reply::Failure(value), true) => json!({"err": value}),
            // That a function without a result cannot fail is told when the answer is read by its type.
            (Reply::Answer(value), false) => value.clone(),
            (Reply::Failure(value), false) => json!({"err": value}),
        }
    }
}

/// All expectations of a test.
#[derive(Debug, Default)]
pub(crate) struct Script {
    expectations: Vec<Expectation>,
}

impl Script {
    /// Adds an expectation and gives it for its details.
    pub(crate) fn expect(&mut self, interface: &str, function: &str) -> &mut Expectation {
        self.expectations.push_mut(Expectation::new(interface, function))
    }

    /// Answers a call; none if its function is not scripted. The order is that of the parameters.
    pub(crate) fn answer(&mut self, call: &HostCall, order: &[String]) -> Option<Result<Value, String>> {
        let mut named = self
            .expectations
            .iter_mut()
            .filter(|expectation| expectation.names(call))
            .peekable();
        named.peek()?;
        let open =
            named.find(|expectation| expectation.met < expectation.times && expectation.fits(call, order));
        let Some(expectation) = open else {
            return Some(Err(self.tell_unexpected(call)));
        };
        expectation.met += 1;
        Some(Ok(expectation.reply(call)))
    }

    /// What is said of a call that nothing answers.
    pub(crate) fn tell_unexpected(&self, call: &HostCall) -> String {
        let mut text = format!(
            "the component made a call that was not expected:\n  {}",
            call.write()
        );
        let name = |interface: &str, function: &str| format!("{}.{function}", strip_version(interface));
        let called = name(&call.interface, &call.function);
        let distance = |expectation: &&Expectation| {
            let likeness =
                strsim::jaro_winkler(&called, &name(&expectation.interface, &expectation.function));
            // One that is still open is what the author meant, more likely than one that was met.
            let is_open = expectation.met < expectation.times;
            likeness + if is_open { 0.001 } else { 0.0 }
        };
        let nearer = |a: &&Expectation, b: &&Expectation| distance(a).total_cmp(&distance(b));
        match self.expectations.iter().max_by(nearer) {
            Some(nearest) => text.push_str(&format!("\nthe nearest expectation is\n  {}", nearest.write())),
            None => text.push_str(&format!(
                "\nnothing is scripted; add host.expect({:?}, {:?}).answer(…)",
                call.interface_name(),
                call.function
            )),
        }
        text
    }

    /// Takes all expectations, and says which of them were not met.
    pub(crate) fn finish(&mut self) -> Option<String> {
        let all = std::mem::take(&mut self.expectations);
        let open = all
            .iter()
            .filter(|expectation| expectation.met < expectation.times);
        let lines: Vec<String> = open
            .map(|expectation| format!("\n  {}", expectation.write()))
            .collect();
        (!lines.is_empty()).then(|| format!("expected calls that were not made:{}", lines.concat()))
    }
}
