//! What goes wrong, as a test wants it.

use serde::{Deserialize, Serialize};

/// What goes wrong with the next calls.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fault {
    /// With calls of this method; absent means any.
    #[serde(default)]
    pub method: Option<String>,
    /// With so many of them.
    #[serde(default = "once")]
    pub times: u32,
    /// What goes wrong.
    pub trouble: Trouble,
}

fn once() -> u32 {
    1
}

/// What goes wrong.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The connection ends before anything was done.
    Disconnect,
    /// It was done, and then the connection ends without an answer.
    DisconnectAfter,
    /// Nothing is done and the caller is asked to wait for so many seconds.
    TooMany(u64),
    /// Nothing is done, and the answer has this status and a page that is no JSON.
    Status(u16),
    /// Nothing is done, and the answer says so in the platform's own form.
    Refuse(u16, String),
    /// It is done after so many milliseconds.
    Slow(u64),
    /// Nothing is done, and the answer is this text with status 200.
    Garbage(String),
}

impl Fault {
    /// A trouble with the next call of a method.
    pub fn once(method: &str, trouble: Trouble) -> Self {
        Self::times(method, 1, trouble)
    }

    /// A trouble with the next calls of a method.
    pub fn times(method: &str, times: u32, trouble: Trouble) -> Self {
        Self {
            method: Some(method.to_owned()),
            times,
            trouble,
        }
    }

    /// What goes wrong with a call of this method, if anything does.
    pub(crate) fn next(faults: &mut Vec<Self>, method: &str) -> Option<Trouble> {
        let fits = |fault: &Self| {
            fault
                .method
                .as_deref()
                .is_none_or(|named| named.eq_ignore_ascii_case(method))
        };
        let at = faults.iter().position(|fault| fault.times > 0 && fits(fault))?;
        let fault = faults.get_mut(at)?;
        fault.times -= 1;
        let trouble = fault.trouble.clone();
        faults.retain(|fault| fault.times > 0);
        Some(trouble)
    }
}
