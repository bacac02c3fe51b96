//! `models` and `auth`: where models are found and who pays for them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::{PlainText, SecretInput};
use crate::tree::agent_defaults::RuntimeChoice;
use crate::tree::request::Request;
use crate::tree::values::Open;

/// Where models are found.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Models {
    /// What the providers here do to the built-in ones.
    pub mode: ModelsMode,
    /// Providers by id.
    pub providers: BTreeMap<String, Provider>,
    /// Fresh lists of models.
    pub catalog_refresh: CatalogRefresh,
}

/// What configured providers do to the built-in ones.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelsMode {
    /// They are added to them.
    #[default]
    Merge,
    /// They take their place.
    Replace,
}

/// Fresh lists of models.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CatalogRefresh {
    /// Whether they are fetched.
    pub enabled: bool,
    /// Where from.
    pub url: Option<String>,
}

impl Default for CatalogRefresh {
    fn default() -> Self {
        Self {
            enabled: true,
            url: None,
        }
    }
}

/// A service that answers for models.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Provider {
    /// Where it is. Unset: the address known for its id.
    pub base_url: Option<String>,
    /// Its key.
    pub api_key: Option<SecretInput>,
    /// How it is paid. Unset: with the key.
    pub auth: Option<ProviderAuth>,
    /// The protocol it speaks.
    pub api: Option<ModelApi>,
    /// Whether the key goes into `Authorization` where the protocol would have another place.
    pub auth_header: Option<bool>,
    /// Headers of every request.
    pub headers: BTreeMap<String, SecretInput>,
    /// How it is reached.
    pub request: Option<Request>,
    /// How long it may be silent, in seconds.
    #[schemars(range(min = 1))]
    pub timeout_seconds: Option<u64>,
    /// How long answers may be, in tokens, where a model does not say.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u64>,
    /// Its region.
    #[schemars(length(min = 1))]
    pub region: Option<String>,
    /// Parameters that every request carries.
    pub params: Open,
    /// Whether Ollama is told the context's size in its OpenAI-like protocol too.
    #[serde(rename = "injectNumCtxForOpenAICompat")]
    pub inject_num_ctx: bool,
    /// What runs turns on its models.
    pub agent_runtime: Option<RuntimeChoice>,
    /// A program on this machine that provides it.
    pub local_service: Option<LocalService>,
    /// Its models. Empty: those known for its id.
    pub models: Vec<Model>,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            base_url: None,
            api_key: None,
            auth: None,
            api: None,
            auth_header: None,
            headers: BTreeMap::new(),
            request: None,
            timeout_seconds: None,
            max_tokens: None,
            region: None,
            params: Open::default(),
            inject_num_ctx: true,
            agent_runtime: None,
            local_service: None,
            models: Vec::new(),
        }
    }
}

/// How a provider is paid.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderAuth {
    /// With a key.
    ApiKey,
    /// As Amazon's tools are set up.
    AwsSdk,
    /// With a subscription.
    Oauth,
    /// With a token of a subscription.
    Token,
}

/// The protocol that a provider speaks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-aliases" = ["openai", "openai-codex-responses"]))]
pub enum ModelApi {
    /// OpenAI's chat completions.
    #[serde(alias = "openai")]
    OpenaiCompletions,
    /// OpenAI's responses.
    OpenaiResponses,
    /// OpenAI's responses, for subscriptions.
    #[serde(alias = "openai-codex-responses")]
    OpenaiChatgptResponses,
    /// Anthropic's messages.
    AnthropicMessages,
    /// Google's Gemini.
    GoogleGenerativeAi,
    /// Google's Vertex.
    GoogleVertex,
    /// GitHub's Copilot.
    GithubCopilot,
    /// Amazon's Bedrock.
    BedrockConverseStream,
    /// Ollama's own.
    Ollama,
    /// The messages of pi.
    PiMessages,
    /// OpenAI's responses at Microsoft.
    AzureOpenaiResponses,
}

/// A program on this machine that provides models. It is started when it is needed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalService {
    /// The program.
    #[schemars(length(min = 1))]
    pub command: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// The folder it starts in.
    #[schemars(length(min = 1))]
    pub cwd: Option<String>,
    /// Variables it is given.
    #[serde(default)]
    pub env: BTreeMap<String, PlainText>,
    /// The address that answers once it is ready.
    #[schemars(length(min = 1))]
    pub health_url: Option<String>,
    /// How long it may take to be ready, in milliseconds.
    #[schemars(range(min = 1))]
    pub ready_timeout_ms: Option<u64>,
    /// After this long without use it is stopped, in milliseconds. 0: never.
    pub idle_stop_ms: Option<u64>,
}

/// A model.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// What the provider calls it.
    #[schemars(length(min = 1))]
    pub id: String,
    /// What people call it.
    #[schemars(length(min = 1))]
    pub name: String,
    /// The protocol, where it is not the provider's.
    pub api: Option<ModelApi>,
    /// The address, where it is not the provider's.
    #[schemars(length(min = 1))]
    pub base_url: Option<String>,
    /// Whether it can think.
    pub reasoning: Option<bool>,
    /// What it reads. Unset: text.
    pub input: Option<Vec<ModelInput>>,
    /// What it costs, in dollars per million tokens.
    pub cost: Option<Cost>,
    /// How much it can read, in tokens.
    #[schemars(range(min = 1))]
    pub context_window: Option<u64>,
    /// How much of that is used, in tokens.
    #[schemars(range(min = 1))]
    pub context_tokens: Option<u64>,
    /// How much it can write, in tokens.
    #[schemars(range(min = 1))]
    pub max_tokens: Option<u64>,
    /// What it calls the levels of thinking; null where it has none.
    #[serde(default)]
    pub thinking_level_map: BTreeMap<String, ThinkingName>,
    /// Parameters that its requests carry.
    #[serde(default)]
    pub params: Open,
    /// What runs turns on it.
    pub agent_runtime: Option<RuntimeChoice>,
    /// Headers of its requests.
    #[serde(default)]
    pub headers: BTreeMap<String, PlainText>,
    /// How it departs from its protocol.
    #[serde(default)]
    pub compat: Open,
    /// What images it likes.
    pub media_input: Option<ModelMediaInput>,
    /// Who wrote this entry.
    pub metadata_source: Option<String>,
}

/// What a model calls a level of thinking; `null` where it has none.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ThinkingName(pub Option<String>);

impl JsonSchema for ThinkingName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ThinkingName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "oneOf": [{ "type": "string" }, { "const": null }] })
    }
}

/// What a model reads.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelInput {
    /// Text.
    Text,
    /// Images.
    Image,
    /// Films.
    Video,
    /// Sound.
    Audio,
}

/// What a model costs, in dollars per million tokens.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cost {
    /// What it reads.
    #[schemars(range(min = 0.0))]
    pub input: Option<f64>,
    /// What it writes.
    #[schemars(range(min = 0.0))]
    pub output: Option<f64>,
    /// What it reads from the cache.
    #[schemars(range(min = 0.0))]
    pub cache_read: Option<f64>,
    /// What it writes to the cache.
    #[schemars(range(min = 0.0))]
    pub cache_write: Option<f64>,
    /// Prices that depend on the length.
    pub tiered_pricing: Vec<CostTier>,
}

/// A price for a range of lengths.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostTier {
    /// What it reads.
    #[schemars(range(min = 0.0))]
    pub input: f64,
    /// What it writes.
    #[schemars(range(min = 0.0))]
    pub output: f64,
    /// What it reads from the cache.
    #[schemars(range(min = 0.0))]
    pub cache_read: f64,
    /// What it writes to the cache.
    #[schemars(range(min = 0.0))]
    pub cache_write: f64,
    /// The first length, in tokens, and the one after the last; without it there is no end.
    #[schemars(length(min = 1, max = 2))]
    pub range: Vec<f64>,
}

/// What images a model likes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelMediaInput {
    /// Images.
    pub image: Option<ModelImages>,
}

/// What images a model likes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelImages {
    /// The largest, in bytes.
    #[schemars(range(min = 1))]
    pub max_bytes: Option<u64>,
    /// The largest, in pixels.
    #[schemars(range(min = 1))]
    pub max_pixels: Option<u64>,
    /// The longest side.
    #[schemars(range(min = 1))]
    pub max_side_px: Option<u32>,
    /// The longest side that is worth sending.
    #[schemars(range(min = 1))]
    pub preferred_side_px: Option<u32>,
    /// How it counts them.
    pub token_mode: Option<ImageTokens>,
}

/// How a model counts images.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageTokens {
    /// By tiles.
    Tile,
    /// By detail.
    Detail,
    /// As the provider says.
    Provider,
}

/// Who pays for models.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Auth {
    /// Credentials by id; the secrets themselves are kept elsewhere.
    pub profiles: BTreeMap<String, AuthProfile>,
    /// In which order a provider's credentials are tried, by provider.
    pub order: BTreeMap<String, Vec<String>>,
}

/// A credential. The secret itself is kept elsewhere.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthProfile {
    /// Who accepts it.
    pub provider: String,
    /// What it is.
    pub mode: AuthProfileMode,
    /// Whose it is.
    pub email: Option<String>,
    /// What people call it.
    pub display_name: Option<String>,
}

/// What a credential is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthProfileMode {
    /// A key.
    #[serde(rename = "api_key")]
    ApiKey,
    /// What Amazon's tools are set up with.
    AwsSdk,
    /// A subscription.
    Oauth,
    /// A token of a subscription.
    Token,
}
