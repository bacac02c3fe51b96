//! Names below which strangers have names of their own, so that a wildcard over one is a wildcard over everybody.
//!
//! The registries of most countries are told by their form; hosting services that give names away stand in a short
//! list. It serves warnings and makes no claim to be whole.

/// What registries sell names below, under a country's two letters.
const REGISTRIES: &[&str] = &[
    "ac", "co", "com", "edu", "go", "gov", "gob", "ltd", "me", "ne", "net", "nom", "or", "org", "plc", "web",
];

/// Services that give a name to whoever asks. A name with more labels than these below them is still theirs to
/// give: `s3.amazonaws.com`.
const SERVICES: &[&str] = &[
    "amazonaws.com",
    "appspot.com",
    "azureedge.net",
    "azurewebsites.net",
    "blogspot.com",
    "cloudapp.net",
    "cloudfront.net",
    "deno.dev",
    "duckdns.org",
    "dyndns.org",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "githubusercontent.com",
    "gitlab.io",
    "glitch.me",
    "herokuapp.com",
    "hf.space",
    "netlify.app",
    "ngrok-free.app",
    "ngrok.app",
    "ngrok.io",
    "onrender.com",
    "pages.dev",
    "railway.app",
    "repl.co",
    "run.app",
    "sslip.io",
    "trycloudflare.com",
    "ts.net",
    "vercel.app",
    "web.app",
    "windows.net",
    "workers.dev",
];

/// Services of which a part below is still everybody's: regions, and kinds of storage.
const DEEP: &[&str] = &["amazonaws.com", "run.app", "windows.net"];

/// Whether strangers have names directly below this one.
pub(super) fn is_shared(parent: &str) -> bool {
    let registry = parent.split_once('.').is_some_and(|(second, country)| {
        REGISTRIES.contains(&second) && country.len() == 2 && country.bytes().all(|c| c.is_ascii_alphabetic())
    });
    let below = |service: &&str| {
        let rest = parent.strip_suffix(*service);
        rest.is_some_and(|rest| rest.ends_with('.'))
    };
    registry || SERVICES.contains(&parent) || DEEP.iter().any(below)
}

#[cfg(test)]
mod tests {
    use super::is_shared;

    #[test]
    fn names_that_strangers_share_are_known() {
        for name in [
            "co.uk",
            "com.au",
            "or.jp",
            "github.io",
            "s3.amazonaws.com",
            "s3.eu-west-1.amazonaws.com",
        ] {
            assert!(is_shared(name), "{name}");
        }
        for name in [
            "example.com",
            "mine.co.uk",
            "me.github.io",
            "telegram.org",
            "co.example",
        ] {
            assert!(!is_shared(name), "{name}");
        }
    }
}
