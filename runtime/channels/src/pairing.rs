//! Codes by which strangers are let in.
//!
//! **Promise.** A code has [`LENGTH`] of 32 symbols that are not taken for each other, drawn so that nobody can guess
//! it, and is good for an hour from when it was made. An account has [`MOST`] of them at a time; a stranger beyond
//! that hears nothing, and so does one who has a code already.

use openclaw_state::{NewOutbound, PairingRequest, PairingRules};
use ring::rand::{SecureRandom as _, SystemRandom};

const SYMBOLS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// How many symbols a code has.
pub(crate) const LENGTH: usize = 8;
/// How many strangers of one account may wait.
pub(crate) const MOST: u32 = 3;
/// For how long a code is good.
pub(crate) const LASTS_MS: i64 = 60 * 60 * 1000;

/// What the state is told of this.
pub(crate) const RULES: PairingRules = PairingRules {
    most: MOST,
    lasts_ms: LASTS_MS,
    tries: 500,
};

/// A new code; none if the system gives no chance to draw from.
pub(crate) fn code() -> Option<String> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).ok()?;
    // 256 is a multiple of 32, so every symbol is as likely as any other.
    let symbol = |byte: u8| SYMBOLS.get(usize::from(byte % 32)).copied().map(char::from);
    bytes.into_iter().map(symbol).collect()
}

/// A code as somebody typed it, in its one spelling.
pub(crate) fn normalise(code: &str) -> String {
    code.trim().to_uppercase()
}

/// The message with which a stranger learns their code.
pub(crate) fn told(channel: &str, id_label: &str, sender: &str, code: &str) -> String {
    format!(
        "Access is not set up for you yet.\n\nYour {id_label}: `{sender}`\n\nPairing code: `{code}`\n\n\
         The owner of this assistant lets you in with:\n\n```\nopenclaw pairing approve {channel} {code}\n```"
    )
}

/// The message with which somebody learns that they were let in.
pub(crate) fn approved(request: &PairingRequest) -> NewOutbound {
    let of = &request.of;
    NewOutbound {
        channel: of.channel().to_owned(),
        account: of.account().to_owned(),
        to: request.applicant.reply_to.clone(),
        thread: None,
        reply_to: None,
        in_answer_to: None,
        kind: "notice".to_owned(),
        body: serde_json::json!({ "text": "Access approved. Write a message to begin." }).to_string(),
        key: format!("{of}:paired:{}:{}", request.applicant.sender, request.code),
        session_key: None,
        run_id: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_eight_of_the_symbols_and_differ() {
        let codes: BTreeSet<_> = (0..200).filter_map(|_| code()).collect();
        assert_eq!(codes.len(), 200);
        let symbols: BTreeSet<u8> = codes.iter().flat_map(|code| code.bytes()).collect();
        assert_eq!(symbols, SYMBOLS.iter().copied().collect());
        assert!(codes.iter().all(|code| code.len() == LENGTH));
    }

    #[test]
    fn a_stranger_reads_their_id_the_code_and_the_command() {
        insta::assert_snapshot!(told("telegram", "Telegram user id", "42", "ABCDEFGH"));
    }
}
