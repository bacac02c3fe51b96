//! `tts` and `talk`: how agents speak, and how one speaks with them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret_ref::SecretInput;
use crate::tree::agent_defaults::Thinking;

/// How agents speak.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tts {
    /// When answers are spoken.
    #[schemars(extend("default" = "off"))]
    pub auto: Option<TtsAuto>,
    /// An older spelling of `auto`.
    pub enabled: Option<bool>,
    /// Which parts of an answer are spoken.
    #[schemars(extend("default" = "final"))]
    pub mode: Option<TtsMode>,
    /// Who speaks; `edge` is an older name of `microsoft`. Unset: the first with a key.
    #[schemars(length(min = 1))]
    pub provider: Option<String>,
    /// Settings of single providers.
    pub providers: BTreeMap<String, Voice>,
    /// The persona that speaks.
    pub persona: Option<String>,
    /// Personas by name.
    pub personas: BTreeMap<String, Persona>,
    /// The model that shortens long answers.
    pub summary_model: Option<String>,
    /// What a model may say about its voice.
    pub model_overrides: Option<TtsOverrides>,
    /// The longest text that is spoken whole, in characters.
    #[schemars(range(min = 1), extend("default" = 4000))]
    pub max_text_length: Option<u32>,
    /// How long it may take, in milliseconds.
    #[schemars(range(min = 1000, max = 120000), extend("default" = 30000))]
    pub timeout_ms: Option<u64>,
    /// Where each person's choice is kept.
    pub prefs_path: Option<String>,
}

/// When answers are spoken.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TtsAuto {
    /// Never.
    Off,
    /// Always.
    Always,
    /// When the message was spoken.
    Inbound,
    /// When the model says so.
    Tagged,
}

/// Which parts of an answer are spoken.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TtsMode {
    /// The last.
    Final,
    /// All.
    All,
}

/// Settings of a provider of speech.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Voice {
    /// Its key.
    pub api_key: Option<SecretInput>,
    /// What else it wants to know.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Value>,
}

/// Somebody who speaks.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Persona {
    /// What people call it.
    pub label: Option<String>,
    /// What it is like.
    pub description: Option<String>,
    /// Who lends the voice.
    #[schemars(length(min = 1))]
    pub provider: Option<String>,
    /// What happens when that fails.
    pub fallback_policy: Option<PersonaFallback>,
    /// Settings of single providers.
    pub providers: BTreeMap<String, Voice>,
}

/// What happens when a persona's voice fails.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PersonaFallback {
    /// Another with the same persona.
    PreservePersona,
    /// Another with its own voice.
    ProviderDefaults,
    /// Nothing is spoken.
    Fail,
}

/// What a model may say about its voice.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TtsOverrides {
    /// Anything at all.
    #[schemars(extend("default" = true))]
    pub enabled: Option<bool>,
    /// Other words for the voice.
    pub allow_text: Option<bool>,
    /// Who speaks.
    pub allow_provider: Option<bool>,
    /// Which voice.
    pub allow_voice: Option<bool>,
    /// Which model.
    pub allow_model_id: Option<bool>,
    /// How it sounds.
    pub allow_voice_settings: Option<bool>,
    /// How numbers are read.
    pub allow_normalization: Option<bool>,
    /// What chance it starts from.
    pub allow_seed: Option<bool>,
}

/// Spoken conversations.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Talk {
    /// Who is spoken with.
    #[schemars(length(min = 1))]
    pub agent_id: Option<String>,
    /// Who speaks.
    pub provider: Option<String>,
    /// Settings of single providers.
    pub providers: BTreeMap<String, Voice>,
    /// Models that hear and speak.
    pub realtime: Option<TalkRealtime>,
    /// How much the agent thinks when it is asked.
    pub consult_thinking_level: Option<Thinking>,
    /// Whether it uses the fast service tier.
    pub consult_fast_mode: Option<bool>,
    /// The language that is listened for.
    pub speech_locale: Option<String>,
    /// Whether speaking makes the agent stop.
    pub interrupt_on_speech: bool,
    /// The silence that ends what the person says, in milliseconds. Unset: as the device is used to.
    #[schemars(range(min = 1))]
    pub silence_timeout_ms: Option<u64>,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            agent_id: None,
            provider: None,
            providers: BTreeMap::new(),
            realtime: None,
            consult_thinking_level: None,
            consult_fast_mode: None,
            speech_locale: None,
            interrupt_on_speech: true,
            silence_timeout_ms: None,
        }
    }
}

/// Models that hear and speak.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TalkRealtime {
    /// Whose.
    pub provider: Option<String>,
    /// Settings of single providers.
    pub providers: BTreeMap<String, Voice>,
    /// Which one.
    pub model: Option<String>,
    /// The voice, by name.
    pub speaker_voice: Option<String>,
    /// The voice, by id.
    pub speaker_voice_id: Option<String>,
    /// What it is told.
    pub instructions: Option<String>,
    /// What it does.
    pub mode: Option<RealtimeMode>,
    /// How it is reached.
    pub transport: Option<RealtimeTransport>,
    /// How loud speech is.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub vad_threshold: Option<f64>,
    /// The silence that ends it, in milliseconds.
    #[schemars(range(min = 1))]
    pub silence_duration_ms: Option<u64>,
    /// How much before it is heard too, in milliseconds.
    pub prefix_padding_ms: Option<u64>,
    /// How much it thinks.
    #[schemars(length(min = 1))]
    pub reasoning_effort: Option<String>,
    /// Who thinks.
    pub brain: Option<RealtimeBrain>,
    /// When the agent is asked.
    pub consult_routing: Option<ConsultRouting>,
}

/// What a model that hears does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RealtimeMode {
    /// Hears and speaks.
    Realtime,
    /// Hears; another speaks.
    SttTts,
    /// Writes down.
    Transcription,
}

/// How a model that hears is reached.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RealtimeTransport {
    /// By WebRTC.
    Webrtc,
    /// By the provider's WebSocket.
    ProviderWebsocket,
    /// Through the gateway.
    GatewayRelay,
    /// In a room.
    ManagedRoom,
}

/// Who thinks in a spoken conversation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RealtimeBrain {
    /// The agent.
    AgentConsult,
    /// The model, with the agent's tools.
    DirectTools,
    /// The model.
    None,
}

/// When the agent is asked in a spoken conversation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConsultRouting {
    /// When the model wants.
    ProviderDirect,
    /// Always.
    ForceAgentConsult,
}
