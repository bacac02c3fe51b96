//! Between the WIT's shapes and this crate's: nothing is added, and what is unknown keeps its place.

use std::time::Duration;

use crate::bindings::openclaw::tools::types as wit;
use crate::bindings::openclaw::types::errors::{Error as WitError, ErrorCode, Sent};
use crate::call::{Output, Part, Spill};
use crate::error::Failure;
use crate::extension::{ToolSpec, ToolTrait};

/// The codes and their names in the interfaces.
const CODES: [(ErrorCode, &str); 17] = [
    (ErrorCode::Invalid, "invalid"),
    (ErrorCode::NotFound, "not-found"),
    (ErrorCode::Denied, "denied"),
    (ErrorCode::Unauthenticated, "unauthenticated"),
    (ErrorCode::RateLimited, "rate-limited"),
    (ErrorCode::Quota, "quota"),
    (ErrorCode::TooLarge, "too-large"),
    (ErrorCode::Timeout, "timeout"),
    (ErrorCode::Unavailable, "unavailable"),
    (ErrorCode::Conflict, "conflict"),
    (ErrorCode::Closed, "closed"),
    (ErrorCode::Refused, "refused"),
    (ErrorCode::Protocol, "protocol"),
    (ErrorCode::Unsupported, "unsupported"),
    (ErrorCode::NotHere, "not-here"),
    (ErrorCode::Internal, "internal"),
    (ErrorCode::Other, "other"),
];

impl From<WitError> for Failure {
    fn from(error: WitError) -> Self {
        let code = CODES.iter().find(|(code, _)| *code == error.code);
        Self {
            code: code.map_or("other", |(_, name)| name).to_owned(),
            message: error.message,
            retry_after: error.retry_after.map(Duration::from_millis),
            sent: match error.sent {
                Sent::Yes => "yes",
                Sent::No => "no",
                Sent::Unknown => "unknown",
            },
            detail: error.detail,
        }
    }
}

impl From<Failure> for WitError {
    fn from(failure: Failure) -> Self {
        let code = CODES.iter().find(|(_, name)| *name == failure.code);
        let millis = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self {
            code: code.map_or(ErrorCode::Other, |(code, _)| *code),
            message: failure.message,
            retry_after: failure.retry_after.map(millis),
            sent: match failure.sent {
                "yes" => Sent::Yes,
                "no" => Sent::No,
                _ => Sent::Unknown,
            },
            detail: failure.detail,
        }
    }
}

/// The traits on both sides.
const TRAITS: [(wit::ToolTrait, ToolTrait); 7] = [
    (wit::ToolTrait::ReadOnly, ToolTrait::ReadOnly),
    (wit::ToolTrait::Destructive, ToolTrait::Destructive),
    (wit::ToolTrait::Idempotent, ToolTrait::Idempotent),
    (wit::ToolTrait::UntrustedOutput, ToolTrait::UntrustedOutput),
    (wit::ToolTrait::OwnerOnly, ToolTrait::OwnerOnly),
    (wit::ToolTrait::OptIn, ToolTrait::OptIn),
    (wit::ToolTrait::Other, ToolTrait::Other),
];

impl From<wit::ToolSpec> for ToolSpec {
    fn from(spec: wit::ToolSpec) -> Self {
        let ours = |theirs: wit::ToolTrait| {
            let found = TRAITS.iter().find(|(wit, _)| *wit == theirs);
            found.map_or(ToolTrait::Other, |(_, ours)| *ours)
        };
        Self {
            name: spec.name,
            title: spec.title,
            description: spec.description,
            parameters: spec.parameters,
            output_schema: spec.output_schema,
            traits: spec.traits.into_iter().map(ours).collect(),
            extra: spec.extra,
        }
    }
}

impl From<&ToolSpec> for wit::ToolSpec {
    fn from(spec: &ToolSpec) -> Self {
        let theirs = |ours: &ToolTrait| {
            let found = TRAITS.iter().find(|(_, known)| known == ours);
            found.map_or(wit::ToolTrait::Other, |(wit, _)| *wit)
        };
        Self {
            name: spec.name.clone(),
            title: spec.title.clone(),
            description: spec.description.clone(),
            parameters: spec.parameters.clone(),
            output_schema: spec.output_schema.clone(),
            traits: spec.traits.iter().map(theirs).collect(),
            extra: spec.extra.clone(),
        }
    }
}

impl From<wit::Output> for Output {
    fn from(output: wit::Output) -> Self {
        let part = |part| match part {
            // A part that this version does not know is text, which is the least that it could be.
            wit::ContentPart::Text(text) | wit::ContentPart::Other(text) => Part::Text { text },
            wit::ContentPart::Media(wit::MediaPart { media, description }) => {
                Part::Media { media, description }
            }
            wit::ContentPart::Json(json) => Part::Json { json },
            wit::ContentPart::Link(wit::Link {
                url,
                title,
                description,
            }) => Part::Link {
                url,
                title,
                description,
            },
        };
        Self {
            content: output.content.into_iter().map(part).collect(),
            structured: output.structured,
            is_error: output.is_error,
            spilled: output
                .spilled
                .map(|wit::Spill { media, size }| Spill { media, size }),
            ..Self::default()
        }
    }
}

impl From<Output> for wit::Output {
    fn from(output: Output) -> Self {
        let part = |part| match part {
            Part::Text { text } => wit::ContentPart::Text(text),
            Part::Media { media, description } => {
                wit::ContentPart::Media(wit::MediaPart { media, description })
            }
            Part::Json { json } => wit::ContentPart::Json(json),
            Part::Link {
                url,
                title,
                description,
            } => wit::ContentPart::Link(wit::Link {
                url,
                title,
                description,
            }),
        };
        Self {
            content: output.content.into_iter().map(part).collect(),
            structured: output.structured,
            is_error: output.is_error,
            spilled: output
                .spilled
                .map(|Spill { media, size }| wit::Spill { media, size }),
        }
    }
}
