//! Whom a key of `toolsBySender` means.

use super::subject::Person;

/// The key that is about a person: the one that says most exactly who it is. `*` is anybody who wrote on a channel.
pub(super) fn find<'k>(keys: impl Iterator<Item = &'k str>, person: Option<&Person>) -> Option<&'k str> {
    let person = person?;
    let ranked = keys.filter_map(|key| Some((rank(key, person)?, key)));
    ranked.min().map(|(_, key)| key)
}

/// How exactly a key means a person, from 0 on; none if it means somebody else.
fn rank(key: &str, person: &Person) -> Option<u8> {
    let key = key.trim().to_lowercase();
    if key == "*" {
        return Some(5);
    }
    let (kind, id) = key.split_once(':').unwrap_or(("id", &key));
    match kind {
        "channel" => {
            let (channel, id) = id.split_once(':')?;
            let is_here = person.channel.eq_ignore_ascii_case(channel);
            (is_here && is_id(id, person)).then_some(0)
        }
        "id" => is_id(id, person).then_some(1),
        "e164" => person.ids.iter().any(|known| is_number(known, id)).then_some(2),
        "username" => is_called(person.username.as_deref(), id).then_some(3),
        "name" => is_called(person.name.as_deref(), id).then_some(4),
        // An id may hold a colon itself.
        _ => is_id(&key, person).then_some(1),
    }
}

pub(crate) fn is_id(id: &str, person: &Person) -> bool {
    !id.is_empty() && person.ids.iter().any(|known| known.to_lowercase() == id)
}

/// Whether an id is this telephone number, however it is written.
pub(crate) fn is_number(known: &str, wanted: &str) -> bool {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let is_number = |text: &str| {
        text.starts_with('+')
            && text
                .chars()
                .skip(1)
                .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')'))
    };
    is_number(known) && !digits(wanted).is_empty() && digits(known) == digits(wanted)
}

pub(crate) fn is_called(known: Option<&str>, wanted: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches('@').to_lowercase();
    let wanted = bare(wanted);
    !wanted.is_empty() && known.is_some_and(|known| bare(known) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> Person {
        Person {
            channel: "signal".to_owned(),
            ids: vec!["U1".to_owned(), "+49 170-1".to_owned()],
            username: Some("Ann".to_owned()),
            name: Some("Ann Lee".to_owned()),
        }
    }

    #[test]
    fn the_key_that_says_most_exactly_who_it_is_counts() {
        let mut keys = vec![
            "*",
            "name:ann lee",
            "username:@ann",
            "e164:+49170 1",
            "U1",
            "channel:signal:u1",
        ];
        let ann = ann();
        while let Some(best) = keys.last().copied() {
            assert_eq!(find(keys.iter().copied(), Some(&ann)), Some(best));
            keys.pop();
        }
        assert_eq!(find(keys.into_iter(), Some(&ann)), None);
    }

    #[test]
    fn nobody_is_taken_for_somebody_else() {
        let ann = ann();
        for key in [
            "channel:irc:u1",
            "id:u2",
            "e164:491701x2",
            "username:lee",
            "name:ann",
            "id:",
            "name:",
            "",
        ] {
            assert_eq!(find([key].into_iter(), Some(&ann)), None, "{key}");
        }
        // The gateway's own clients write on no channel.
        assert_eq!(find(["*"].into_iter(), None), None);
    }
}
