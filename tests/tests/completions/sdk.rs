//! OpenAI's own Python client against the gateway.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use openclaw_tests::platforms::openai::Reply;
use serde_json::json;

use crate::world::{TOKEN, World};

const SCRIPT: &str = r#"
import sys
from openai import BadRequestError, OpenAI

client = OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
hello = [{"role": "user", "content": "Say hello."}]

models = [model.id for model in client.models.list()]
assert models == ["openclaw", "openclaw/default", "openclaw/main"], models

whole = client.chat.completions.create(model="openclaw", messages=hello)
assert whole.choices[0].message.content == "Hello there, friend.", whole
assert whole.choices[0].finish_reason == "stop"
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens

pieces, usage = [], None
stream = client.chat.completions.create(
    model="openclaw/main", messages=hello, stream=True, stream_options={"include_usage": True})
for chunk in stream:
    usage = chunk.usage or usage
    pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
assert "".join(pieces) == "Hello there, friend.", pieces
assert len(pieces) > 1 and usage is not None

tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}}}}]
called = client.chat.completions.create(model="openclaw", messages=hello, tools=tools)
call = called.choices[0].message.tool_calls[0]
assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Oslo"}'), called

try:
    client.chat.completions.create(model="gpt-4", messages=hello)
    raise SystemExit("an unknown model was taken")
except BadRequestError as error:
    assert "openclaw" in str(error)
print("all of it")
"#;

/// A Python with the client, made once for all runs; none where it cannot be had.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openai-sdk");
    let python = folder.join("bin/python");
    let has_client = || {
        let mut look = Command::new(&python);
        look.args(["-c", "import openai"]).stderr(Stdio::null());
        look.status().is_ok_and(|status| status.success())
    };
    if has_client() {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&folder).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no python3 with venv");
        return None;
    }
    let mut install = Command::new(&python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--timeout",
        "20",
        "--retries",
        "1",
        "openai>=1,<4",
    ]);
    let _ = install.status();
    if !has_client() {
        eprintln!("skipped: the openai package could not be fetched from the registry");
        return None;
    }
    Some(python)
}

#[tokio::test(flavor = "multi_thread")]
async fn openais_own_client_talks_to_the_gateway() {
    let Some(python) = tokio::task::spawn_blocking(python).await.unwrap() else {
        return;
    };
    let world = World::new().await;
    for _ in 0..2 {
        world.provider.push(Reply::text("Hello there, friend."));
    }
    world
        .provider
        .push(Reply::call("c1", "get_weather", &json!({ "city": "Oslo" })));
    let url = format!("http://{}/v1", world.address);
    let run = tokio::task::spawn_blocking(move || {
        Command::new(python)
            .args(["-c", SCRIPT, &url, TOKEN])
            .output()
            .unwrap()
    });
    let run = run.await.unwrap();
    let error = String::from_utf8_lossy(&run.stderr);
    assert_eq!(
        String::from_utf8_lossy(&run.stdout).trim(),
        "all of it",
        "{error}"
    );
}
