//! `tools.web`: search, and fetching of pages.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::PlainText;

/// Search and fetching.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebTools {
    /// Search.
    pub search: WebSearch,
    /// Fetching of pages.
    pub fetch: WebFetch,
}

/// Search.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebSearch {
    /// Whether it is offered.
    pub enabled: bool,
    /// Who is asked. Unset: the first with a credential.
    #[schemars(extend("default" = "auto"))]
    pub provider: Option<String>,
    /// How many results are shown.
    #[schemars(range(min = 1))]
    pub max_results: u32,
    /// How long a search may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: u64,
    /// How long results are kept, in minutes.
    #[schemars(range(min = 0.0))]
    pub cache_ttl_minutes: f64,
    /// The search that OpenAI models have built in.
    pub openai_codex: Option<CodexSearch>,
}

impl Default for WebSearch {
    fn default() -> Self {
        Self {
            enabled: true,
            provider: None,
            max_results: 5,
            timeout_seconds: 30,
            cache_ttl_minutes: 15.0,
            openai_codex: None,
        }
    }
}

/// The search that OpenAI models have built in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CodexSearch {
    /// Whether it is used.
    pub enabled: Option<bool>,
    /// How fresh its results are.
    pub mode: Option<CodexSearchMode>,
    /// The only sites it looks at.
    pub allowed_domains: Option<Vec<String>>,
    /// How much of the results it reads.
    pub context_size: Option<CodexContext>,
    /// Where the person is.
    pub user_location: Option<UserLocation>,
}

/// How fresh results are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CodexSearchMode {
    /// As they were kept.
    Cached,
    /// As they are now.
    Live,
}

/// How much of the results is read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CodexContext {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// Where the person is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserLocation {
    /// The country.
    pub country: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// The time zone.
    pub timezone: Option<String>,
}

/// Fetching of pages.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebFetch {
    /// Whether it is offered.
    pub enabled: bool,
    /// A service that fetches. Unset: the gateway itself.
    pub provider: Option<String>,
    /// How much of a page is shown, in characters.
    #[schemars(range(min = 1))]
    pub max_chars: u64,
    /// How much of a page an agent may ask for, in characters.
    #[schemars(range(min = 1))]
    pub max_chars_cap: u64,
    /// How much of a page is read, in bytes; taken as at least 32000 and at most 10000000.
    #[schemars(range(min = 1))]
    pub max_response_bytes: u64,
    /// How long fetching may take, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: u64,
    /// How long pages are kept, in minutes.
    #[schemars(range(min = 0.0))]
    pub cache_ttl_minutes: f64,
    /// How many redirects are followed.
    pub max_redirects: u32,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// Headers it sends.
    pub headers: BTreeMap<String, PlainText>,
    /// Whether only the main text of a page is shown.
    pub readability: bool,
    /// Whether the proxy that the environment names is used.
    pub use_trusted_env_proxy: bool,
    /// Which addresses it may reach.
    pub ssrf_policy: SsrfPolicy,
}

impl Default for WebFetch {
    fn default() -> Self {
        Self {
            enabled: true,
            provider: None,
            max_chars: 20_000,
            max_chars_cap: 20_000,
            max_response_bytes: 750_000,
            timeout_seconds: 30,
            cache_ttl_minutes: 15.0,
            max_redirects: 3,
            user_agent: None,
            headers: BTreeMap::new(),
            readability: true,
            use_trusted_env_proxy: false,
            ssrf_policy: SsrfPolicy::default(),
        }
    }
}

/// Which addresses may be reached.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SsrfPolicy {
    /// Whether private addresses may be.
    pub dangerously_allow_private_network: bool,
    /// Whether 198.18.0.0/15 may be, which some proxies hand out.
    pub allow_rfc2544_benchmark_range: bool,
    /// Whether fc00::/7 may be, which some proxies hand out.
    pub allow_ipv6_unique_local_range: bool,
    /// Hosts that may be, wherever they are.
    pub allowed_hostnames: Vec<String>,
    /// Hosts that may not be.
    pub blocked_hostnames: Vec<String>,
}
