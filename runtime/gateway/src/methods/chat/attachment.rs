//! What a client sends along with a message: images, which the model looks at.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openclaw_agent::Image;
use openclaw_protocol::Error;
use serde_json::Value;

/// The largest image, in bytes.
const IMAGE_BYTES: usize = 6_291_456;

/// The images of a message. What is no image is refused by its name, as nothing here could use it.
pub(crate) fn images(attachments: &[Value]) -> Result<Vec<Image>, Error> {
    attachments.iter().map(image).collect()
}

fn image(attachment: &Value) -> Result<Image, Error> {
    let text = |name: &str| attachment.get(name).and_then(Value::as_str);
    let name = text("fileName").unwrap_or("attachment");
    let content = text("content").unwrap_or_default();
    let (declared, data) = match content.strip_prefix("data:") {
        Some(rest) => {
            let (kind, data) = rest.split_once(";base64,").unwrap_or_default();
            (Some(kind), data)
        }
        None => (None, content),
    };
    let mime_type = text("mimeType").or(declared).unwrap_or_default();
    if !mime_type.starts_with("image/") {
        return Err(Error::invalid(format!(
            "attachment {name}: only images can be attached"
        )));
    }
    let bytes = STANDARD.decode(data).unwrap_or_default();
    if bytes.is_empty() {
        return Err(Error::invalid(format!(
            "attachment {name}: content must be base64"
        )));
    }
    if bytes.len() > IMAGE_BYTES {
        return Err(Error::invalid(format!(
            "attachment {name}: exceeds size limit ({} > {IMAGE_BYTES} bytes)",
            bytes.len()
        )));
    }
    Ok(Image {
        mime_type: mime_type.to_owned(),
        data: data.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_is_taken_from_base64_or_a_data_url() {
        let plain = image(&json!({ "mimeType": "image/png", "content": "aGk=" })).unwrap();
        let url = image(&json!({ "content": "data:image/png;base64,aGk=" })).unwrap();
        assert_eq!(plain, url);
    }

    #[test]
    fn what_nothing_could_use_is_refused_by_its_name() {
        let refused = |value: Value| image(&value).unwrap_err().message;
        assert!(
            refused(json!({ "fileName": "a.pdf", "mimeType": "application/pdf", "content": "aGk=" }))
                .contains("a.pdf")
        );
        assert!(refused(json!({ "mimeType": "image/png", "content": "%%" })).contains("base64"));
    }
}
