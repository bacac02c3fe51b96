//! Words as a shell is to read them.

/// The word, quoted so that every shell gives exactly this to the program.
pub fn quote(word: &str) -> String {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_reads_is_what_was_quoted() {
        for word in [
            "",
            "plain",
            "two words",
            "it's",
            "$HOME",
            "*",
            "a=b",
            "~",
            "{a,b}",
            "ü",
            "-x",
            "\\",
            "''",
            "!x",
        ] {
            let printed = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quote(word))])
                .output()
                .unwrap();
            assert_eq!(printed.stdout, word.as_bytes(), "{word}");
        }
    }
}
