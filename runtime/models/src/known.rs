//! Providers whose address is known by their id, and the variable in which people keep their key.
//!
//! All of them speak OpenAI's chat completions. The list is a convenience: any other is named by its `baseUrl`.

/// A provider whose address is known.
pub(crate) struct Known {
    /// Its id.
    pub(crate) id: &'static str,
    /// Where it is.
    pub(crate) base_url: &'static str,
    /// Where its key is looked for when the config has none. Unset: it needs none.
    pub(crate) variable: Option<&'static str>,
}

const fn known(id: &'static str, base_url: &'static str, variable: Option<&'static str>) -> Known {
    Known {
        id,
        base_url,
        variable,
    }
}

/// All of them, by id.
pub(crate) const KNOWN: &[Known] = &[
    known("cerebras", "https://api.cerebras.ai/v1", Some("CEREBRAS_API_KEY")),
    known(
        "deepseek",
        "https://api.deepseek.com/v1",
        Some("DEEPSEEK_API_KEY"),
    ),
    known("groq", "https://api.groq.com/openai/v1", Some("GROQ_API_KEY")),
    known("lmstudio", "http://127.0.0.1:1234/v1", None),
    known("mistral", "https://api.mistral.ai/v1", Some("MISTRAL_API_KEY")),
    known("moonshot", "https://api.moonshot.ai/v1", Some("MOONSHOT_API_KEY")),
    known("ollama", "http://127.0.0.1:11434/v1", None),
    known("openai", "https://api.openai.com/v1", Some("OPENAI_API_KEY")),
    known(
        "openrouter",
        "https://openrouter.ai/api/v1",
        Some("OPENROUTER_API_KEY"),
    ),
    known("sglang", "http://127.0.0.1:30000/v1", None),
    known(
        "together",
        "https://api.together.xyz/v1",
        Some("TOGETHER_API_KEY"),
    ),
    known("vllm", "http://127.0.0.1:8000/v1", None),
    known("xai", "https://api.x.ai/v1", Some("XAI_API_KEY")),
];

/// What is known of an id.
pub(crate) fn find(id: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.id == id)
}
