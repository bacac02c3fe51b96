//! What the offline model says.

use crate::call::ToolDefinition;

/// How much of a tool's description is shown.
const DESCRIBED: usize = 100;
/// How much of a tool's result is shown.
const SHOWN: usize = 4_000;
/// Questions that ask for the tour. A whole message, or its beginning.
const QUESTIONS: &[&str] = &[
    "/help",
    "/start",
    "commands",
    "hello",
    "help",
    "hey",
    "hi",
    "how do",
    "how does",
    "show me",
    "start",
    "what are you",
    "what can",
    "what do you do",
    "what is this",
    "what tools",
    "which tools",
    "who are you",
];

/// What came of a tool.
pub(super) struct Outcome<'m> {
    /// Which tool.
    pub(super) name: &'m str,
    /// What it said.
    pub(super) text: String,
    /// Whether it failed.
    pub(super) is_error: bool,
}

/// Whether a message asks what there is.
pub(super) fn is_wanted(message: &str) -> bool {
    let lines = message.lines().map(|line| {
        let line = line.trim().to_lowercase();
        let behind = line.rsplit_once(']').map(|(_, rest)| rest.trim().to_owned());
        behind.unwrap_or(line)
    });
    lines.into_iter().any(|line| {
        line.is_empty() && message.trim().is_empty()
            || QUESTIONS.iter().any(|question| {
                let rest = line.strip_prefix(question);
                rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            })
    }) || message.trim().is_empty()
}

/// What it is, what can be done here, and how to come by a model that thinks.
pub(super) fn whole(tools: &[ToolDefinition]) -> String {
    let mut text = String::from(
        "I am the offline model. No model is configured yet, so nothing here thinks and no provider reads \
         what you write. The rest of the gateway is real, and you can try it now:\n\n",
    );
    let has = |name: &str| tools.iter().any(|tool| tool.name == name);
    for (tool, line) in [
        ("ls", "- `ls: .` lists the files of the workspace."),
        ("read", "- `read: AGENTS.md` shows one of them."),
        ("exec", "- `run: uname -a` runs a command."),
        (
            "calc",
            "- `tool: calc {\"expression\": \"6 * 7\"}` calls a tool with its arguments.",
        ),
    ] {
        if has(tool) {
            text.push_str(line);
            text.push('\n');
        }
    }
    if tools.is_empty() {
        text.push_str("- This session has no tools.\n");
    } else {
        text.push_str("- `tool: NAME {…}` calls any of the tools here:\n");
    }
    for tool in tools {
        let described = tool.description.split_whitespace().collect::<Vec<_>>().join(" ");
        let described = described.split_inclusive(". ").next().unwrap_or_default();
        let described = openclaw_policy::display_safe(described.trim(), DESCRIBED);
        let between = if described.is_empty() { "" } else { ": " };
        text.push_str(&format!("  - `{}`{between}{described}\n", tool.name));
    }
    text.push_str(
        "\nTo talk to a model, name one and its key in `openclaw.json`:\n\n```json5\n{\n  models: { providers: { \
         openai: { apiKey: \"${OPENAI_API_KEY}\" } } },\n  agents: { defaults: { model: { primary: \
         \"openai/<model>\" } } },\n}\n```\n\nAny server that speaks OpenAI's chat completions will do: give it a \
         `baseUrl`. One on this machine, such as Ollama or llama.cpp, needs no key.",
    );
    text
}

/// What it is, in short.
pub(super) fn short(message: &str) -> String {
    let quoted = message.lines().next_back().unwrap_or_default();
    let quoted = openclaw_policy::display_safe(quoted.trim(), 80);
    format!(
        "I am the offline model, so I cannot think about \"{quoted}\". I can run tools: write `help` to see which, \
         and how to set a model that thinks."
    )
}

/// What it says before it calls tools.
pub(super) fn before(calls: &[(String, String)]) -> String {
    let names: Vec<String> = calls.iter().map(|(name, _)| format!("`{name}`")).collect();
    match names.as_slice() {
        [one] => format!("I ask the tool {one}.\n\n"),
        [..] => format!("I ask the tools {}.\n\n", names.join(", ")),
    }
}

/// What came of tools.
pub(super) fn of_results(outcomes: &[Outcome<'_>]) -> String {
    let sentences: Vec<String> = outcomes.iter().map(sentence).collect();
    sentences.join("\n\n")
}

fn sentence(outcome: &Outcome<'_>) -> String {
    let text = outcome.text.trim();
    let verb = if outcome.is_error {
        "failed and said"
    } else {
        "says"
    };
    let name = outcome.name;
    if text.is_empty() {
        let ended = if outcome.is_error { "failed" } else { "is done" };
        return format!("The tool `{name}` {ended} and said nothing.");
    }
    let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(end, _)| end);
    let shown = text.get(..end).unwrap_or(text);
    let cut = if end < text.len() { "\n…" } else { "" };
    match shown.contains('\n') {
        false => format!("The tool `{name}` {verb}: {shown}{cut}"),
        true => format!("The tool `{name}` {verb}:\n\n{}\n{shown}{cut}\n{0}", fence(shown)),
    }
}

/// A fence that the text does not close.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.saturating_add(1).max(3))
}
