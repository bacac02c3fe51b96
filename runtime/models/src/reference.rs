//! How models are named: `provider/model`, where the model's own name may have more slashes.

/// Other spellings of providers, and the usual ones.
const SPELLINGS: [(&str, &str); 6] = [
    ("aws-bedrock", "amazon-bedrock"),
    ("bedrock", "amazon-bedrock"),
    ("kimi-code", "kimi-coding"),
    ("qwen-portal", "qwen"),
    ("z-ai", "zai"),
    ("z.ai", "zai"),
];

/// The one spelling of a provider's id.
pub(crate) fn provider_id(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let usual = SPELLINGS.iter().find(|(other, _)| *other == lower);
    usual.map_or(lower.clone(), |(_, usual)| (*usual).to_owned())
}

/// Provider and model of a reference that has both.
pub(crate) fn split(reference: &str) -> Option<(String, &str)> {
    let (provider, model) = reference.trim().split_once('/')?;
    let (provider, model) = (provider_id(provider), model.trim());
    (!provider.is_empty() && !model.is_empty()).then_some((provider, model))
}

/// The one spelling of a reference, or the text itself where it is none.
pub(crate) fn normal(reference: &str) -> String {
    split(reference).map_or_else(
        || reference.trim().to_owned(),
        |(provider, model)| format!("{provider}/{model}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_may_have_slashes_in_its_name() {
        assert_eq!(
            split(" OpenRouter/vendor/model:free "),
            Some(("openrouter".to_owned(), "vendor/model:free"))
        );
    }

    #[test]
    fn a_provider_has_one_spelling() {
        assert_eq!(normal("Z.AI/glm"), "zai/glm");
        assert_eq!(normal("bedrock/x"), "amazon-bedrock/x");
    }

    #[test]
    fn what_lacks_a_side_is_no_reference() {
        for text in ["", "model", "/model", "provider/", " / "] {
            assert_eq!(split(text), None, "{text:?}");
        }
    }
}
