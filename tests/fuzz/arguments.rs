//! Arguments of tools.
//!
//! **Promise.** A tool is given a JSON object as it was written, byte for byte, and anything else is refused before it
//! runs. A text that no tool may be given does not reach one.

use openclaw_components::{CallContext, Error};
use serde_json::{Map, Value, json};

use crate::common::{start, text, tool};
use crate::material::{changed, torn_text, value};
use crate::run::fuzz;

/// A body that returns its arguments.
const ECHO: &str = "(call $say (local.get $args) (local.get $args_len))";

#[test]
fn a_tool_is_given_an_object_as_it_stands_and_nothing_else() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fixture = runtime.block_on(async {
        let fixture = start().await;
        fixture.add("echo", &tool("echo", "", "", ECHO), json!({})).await;
        fixture
    });
    let seed = json!({"city": "Graz", "days": 3, "deep": {"list": [1, 2.5, -3e10, "\u{1}"]}, "none": null});
    let (mut given, mut refused) = (0_u64, 0_u64);
    fuzz("arguments", |u| {
        let made = match u.ratio(3, 4)? {
            true => changed(u, &seed, &["city", "days"])?,
            false => value(u, &[])?,
        };
        let arguments = torn_text(u, made.to_string())?;
        let called = fixture
            .host
            .call("echo", &arguments, CallContext::default(), None);
        match runtime.block_on(called) {
            Ok(output) => {
                given += 1;
                assert_eq!(text(&output), arguments);
                // What JSON leaves open, such as numbers beyond all bounds, is the tool's to judge.
                assert!(arguments.trim_start().starts_with('{'));
            }
            Err(Error::Arguments { tool }) => {
                refused += 1;
                assert_eq!(tool, "echo");
                let read = serde_json::from_str::<Map<String, Value>>(&arguments);
                assert!(read.is_err(), "{arguments}");
            }
            // The answer is as long as the question was.
            Err(Error::Stopped { .. }) => assert!(arguments.len() > 1 << 19, "{}", arguments.len()),
            Err(error) => panic!("{error:?}"),
        }
        Ok(())
    });
    assert!(given > 0 && refused > 0, "{given} given, {refused} refused");
}
