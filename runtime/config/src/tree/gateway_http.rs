//! `gateway.controlUi` and `gateway.http`: what the port serves besides the protocol.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret_ref::SecretInput;
use crate::tree::values::OrOff;

/// The dashboard.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControlUi {
    /// Whether it is served.
    pub enabled: bool,
    /// The path that it is served under.
    pub base_path: String,
    /// A folder with its files. Unset: the built-in ones.
    pub root: Option<String>,
    /// Origins that browsers may connect from.
    pub allowed_origins: Vec<String>,
    /// Accepts the origin that the Host header claims.
    pub dangerously_allow_host_header_origin_fallback: bool,
    /// Lets browsers in without a paired device key. For emergencies.
    pub dangerously_disable_device_auth: bool,
    /// What embedded pages may do.
    pub embed_sandbox: EmbedSandbox,
    /// Whether pages of other sites may be embedded.
    pub allow_external_embed_urls: bool,
    /// Whether icons of linked sites are fetched.
    pub automatically_fetch_favicons: bool,
    /// Whether the invitation to the community is shown.
    pub community_invite: bool,
    /// Whether sessions can be watched as they run.
    pub session_observer: bool,
    /// A mark that tells this gateway from others.
    pub environment: Option<Environment>,
    /// Access to GitHub for the dashboard.
    pub github: ControlUiGithub,
    /// Parts that may change.
    pub experimental: ControlUiExperiments,
}

impl Default for ControlUi {
    fn default() -> Self {
        Self {
            enabled: true,
            base_path: String::new(),
            root: None,
            allowed_origins: Vec::new(),
            dangerously_allow_host_header_origin_fallback: false,
            dangerously_disable_device_auth: false,
            embed_sandbox: EmbedSandbox::default(),
            allow_external_embed_urls: false,
            automatically_fetch_favicons: true,
            community_invite: true,
            session_observer: true,
            environment: None,
            github: ControlUiGithub::default(),
            experimental: ControlUiExperiments::default(),
        }
    }
}

/// What embedded pages may do.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbedSandbox {
    /// Nothing but show.
    Strict,
    /// Run scripts, apart from the dashboard.
    #[default]
    Scripts,
    /// Run scripts as the dashboard itself.
    Trusted,
}

/// A mark that tells this gateway from others.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// The word that is shown.
    #[schemars(length(min = 1, max = 24))]
    pub label: String,
    /// Its colour.
    pub color: EnvironmentColor,
}

/// The colour of the mark.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvironmentColor {
    /// Teal.
    Teal,
    /// Amber.
    Amber,
    /// Purple.
    Purple,
    /// Coral.
    Coral,
    /// Pink.
    Pink,
    /// Blue.
    Blue,
    /// Green.
    Green,
    /// Red.
    Red,
    /// Grey.
    Gray,
}

/// Access to GitHub for the dashboard.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControlUiGithub {
    /// The token it uses.
    pub token: Option<SecretInput>,
}

/// Parts of the dashboard that may change.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ControlUiExperiments {
    /// Whether plugins may bring pages of their own.
    pub custom_plugins: bool,
}

/// The HTTP API.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Http {
    /// Endpoints that are off until asked for.
    pub endpoints: Endpoints,
    /// Headers of every response.
    pub security_headers: SecurityHeaders,
}

/// Endpoints that are off until asked for.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoints {
    /// `/v1/chat/completions`.
    pub chat_completions: ChatCompletions,
    /// `/v1/responses`.
    pub responses: Responses,
}

/// The endpoint `/v1/chat/completions`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatCompletions {
    /// Whether it is served.
    pub enabled: bool,
    /// Images in requests.
    pub images: ImageInput,
}

/// The endpoint `/v1/responses`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Responses {
    /// Whether it is served.
    pub enabled: bool,
    /// How many parts of a request may be addresses to fetch.
    pub max_url_parts: u32,
    /// Files in requests.
    pub files: FileInput,
    /// Images in requests.
    pub images: ImageInput,
}

impl Default for Responses {
    fn default() -> Self {
        Self {
            enabled: false,
            max_url_parts: 8,
            files: FileInput::default(),
            images: ImageInput::default(),
        }
    }
}

/// Images in requests.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageInput {
    /// Whether they may be given by address.
    pub allow_url: bool,
    /// The only hosts that may be fetched from. Empty: any public one.
    pub url_allowlist: Vec<String>,
    /// The only media types accepted. Unset: the common image types.
    pub allowed_mimes: Option<Vec<String>>,
    /// The largest accepted, in bytes.
    #[schemars(range(min = 1))]
    pub max_bytes: u64,
    /// How many redirects are followed.
    pub max_redirects: u32,
    /// How long fetching may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: u64,
}

impl Default for ImageInput {
    fn default() -> Self {
        Self {
            allow_url: false,
            url_allowlist: Vec::new(),
            allowed_mimes: None,
            max_bytes: 10_485_760,
            max_redirects: 3,
            timeout_ms: 10_000,
        }
    }
}

/// Files in requests.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileInput {
    /// Whether they may be given by address.
    pub allow_url: bool,
    /// The only hosts that may be fetched from. Empty: any public one.
    pub url_allowlist: Vec<String>,
    /// The only media types accepted. Unset: text, JSON, CSV, HTML and PDF.
    pub allowed_mimes: Option<Vec<String>>,
    /// The largest accepted, in bytes.
    #[schemars(range(min = 1))]
    pub max_bytes: u64,
    /// How many redirects are followed.
    pub max_redirects: u32,
    /// How long fetching may take, in milliseconds.
    #[schemars(range(min = 1))]
    pub timeout_ms: u64,
    /// How much text is taken from one file.
    #[schemars(range(min = 1))]
    pub max_chars: u64,
    /// PDF files.
    pub pdf: PdfInput,
}

impl Default for FileInput {
    fn default() -> Self {
        Self {
            allow_url: false,
            url_allowlist: Vec::new(),
            allowed_mimes: None,
            max_bytes: 5_242_880,
            max_redirects: 3,
            timeout_ms: 10_000,
            max_chars: 200_000,
            pdf: PdfInput::default(),
        }
    }
}

/// PDF files in requests.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PdfInput {
    /// How many pages are read.
    #[schemars(range(min = 1))]
    pub max_pages: u32,
    /// The size of a page that is shown as an image, in pixels.
    #[schemars(range(min = 1))]
    pub max_pixels: u64,
    /// With less text than this the pages are shown as images.
    pub min_text_chars: u32,
}

impl Default for PdfInput {
    fn default() -> Self {
        Self {
            max_pages: 4,
            max_pixels: 4_000_000,
            min_text_chars: 200,
        }
    }
}

/// Headers of every response.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityHeaders {
    /// The value of `Strict-Transport-Security`, or false for none.
    pub strict_transport_security: Option<OrOff<String>>,
}
