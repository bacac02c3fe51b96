//! Descriptions to begin with; what else is to be said is set over them.

use super::{Address, CapabilitySet, ChannelSpec, LengthUnit, Person, Receipt, TextForm};

impl ChannelSpec {
    /// A channel of this id and name.
    pub fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            aliases: Vec::new(),
            target_prefixes: Vec::new(),
            person_id_label: None,
            docs_url: None,
            order: None,
            extra: None,
        }
    }
}

impl CapabilitySet {
    /// An account that takes plain text of so many characters and can do nothing else.
    #[must_use]
    pub fn new(text_limit: u32) -> Self {
        Self {
            conversations: Vec::new(),
            features: Vec::new(),
            actions: Vec::new(),
            text_form: TextForm::Plain,
            text_limit,
            caption_limit: None,
            length_unit: LengthUnit::Characters,
            line_limit: None,
            media_limit: None,
            media_count: 0,
            mention_texts: Vec::new(),
            button_limits: None,
            poll_limits: None,
            reply_modes: Vec::new(),
            block_joining: None,
            extra: None,
        }
    }
}

impl Address {
    /// A conversation, outside of its threads.
    pub fn new(to: impl Into<String>) -> Self {
        Self {
            to: to.into(),
            thread: None,
        }
    }
}

impl Person {
    /// Somebody of whom only the id is known.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            other_ids: Vec::new(),
            name: None,
            username: None,
            phone: None,
            is_bot: false,
            is_self: false,
            roles: Vec::new(),
        }
    }
}

impl Receipt {
    /// What went where it was to go, as these messages.
    #[must_use]
    pub fn new(ids: Vec<String>) -> Self {
        Self {
            ids,
            address: None,
            time: None,
            details: None,
        }
    }
}
