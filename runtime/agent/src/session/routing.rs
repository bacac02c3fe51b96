//! Which session a message of a channel belongs to, and by which key its rights are decided.
//!
//! A direct chat may share the main session's conversation; it never shares its rights.

use openclaw_config::tree::channels::is_platform;
use openclaw_config::tree::session::{DmScope, GroupScope, Session, SessionScope};

use crate::request::{Chat, Origin, Request};
use crate::session::key::{Key, KeyError};

/// Whom a direct message comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// The channel's id.
    pub channel: &'a str,
    /// The account on it.
    pub account: &'a str,
    /// The platform's id of the person.
    pub id: &'a str,
}

/// The session of a direct message, as `session` keeps people apart. `scope` is what a binding says in its place.
pub fn route_key(
    session: &Session,
    scope: Option<DmScope>,
    agent: &str,
    peer: Peer<'_>,
) -> Result<Key, KeyError> {
    if session.scope == SessionScope::Global {
        return Key::parse("global", agent);
    }
    let scope = scope.unwrap_or(session.dm_scope);
    if scope == DmScope::Main || peer.id.trim().is_empty() {
        return Ok(Key::main(agent));
    }
    let id = linked(session, peer).unwrap_or(peer.id);
    let Peer { channel, account, .. } = peer;
    let rest = match scope {
        DmScope::Main | DmScope::PerPeer => format!("direct:{id}"),
        DmScope::PerChannelPeer => format!("{channel}:direct:{id}"),
        DmScope::PerAccountChannelPeer => format!("{channel}:{account}:direct:{id}"),
    };
    Key::of(agent, &rest)
}

/// The session of a room: a group or a channel of a larger place, with its topic or thread if it has one.
pub fn room_key(
    session: &Session,
    agent: &str,
    channel: &str,
    chat: Chat,
    id: &str,
    topic: Option<&str>,
    thread: Option<&str>,
) -> Result<Key, KeyError> {
    if session.scope == SessionScope::Global {
        return Key::parse("global", agent);
    }
    if session.group_scope == GroupScope::Main {
        return Ok(Key::main(agent));
    }
    let topic = topic.map(|topic| format!(":topic:{topic}")).unwrap_or_default();
    let thread = thread
        .map(|thread| format!(":thread:{thread}"))
        .unwrap_or_default();
    Key::of(agent, &format!("{channel}:{}:{id}{topic}{thread}", chat.word()))
}

/// The key by which it is decided what a turn may do: the session's own, except that what comes from a channel
/// never has the rights of a main session.
pub fn policy_key(key: &Key, agent: &str, request: &Request) -> Key {
    let outside = request.origin == Origin::Channel || request.sender.is_some();
    if !key.is_main() || !outside {
        return key.clone();
    }
    let sender = request.sender.as_ref();
    let route = request.route.as_ref();
    let channel = sender
        .map(|sender| sender.channel.as_str())
        .or(route.map(|route| route.channel.as_str()))
        .filter(|channel| !channel.is_empty())
        .unwrap_or("unknown");
    if channel == "webchat" {
        return key.clone();
    }
    let account = sender
        .map(|sender| sender.account.as_str())
        .or(route.map(|route| route.account.as_str()))
        .filter(|account| !account.is_empty())
        .unwrap_or("default");
    let to = route.map(|route| route.to.as_str());
    let rest = match request.chat {
        Chat::Direct => {
            let peer = sender
                .map(|sender| sender.id.as_str())
                .or(to)
                .unwrap_or("unknown");
            format!("{channel}:{account}:direct:{peer}")
        }
        chat => format!("{channel}:{}:{}", chat.word(), to.unwrap_or("unknown")),
    };
    // A name that makes no key still is not the main session.
    Key::of(agent, &rest).unwrap_or_else(|_| Key::unknown())
}

/// The name under which a person is known on several channels.
fn linked<'a>(session: &'a Session, peer: Peer<'_>) -> Option<&'a str> {
    let id = peer.id.to_lowercase();
    let on_channel = format!("{}:{id}", peer.channel.to_lowercase());
    // An id on one platform may be spelled like one of another, channel and all; that makes nobody the other.
    let is_bare = |known: &str| !known.split_once(':').is_some_and(|(name, _)| is_platform(name));
    let known = session.identity_links.iter().find(|(_, ids)| {
        let mut ids = ids.iter().map(|known| known.to_lowercase());
        ids.any(|known| known == on_channel || (known == id && is_bare(&known)))
    });
    known.map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Route, Sender};

    const PEER: Peer<'static> = Peer {
        channel: "telegram",
        account: "home",
        id: "42",
    };

    fn scoped(scope: DmScope) -> Session {
        Session {
            dm_scope: scope,
            ..Session::default()
        }
    }

    #[test]
    fn each_scope_keeps_people_apart_as_it_says() {
        for (scope, rest) in [
            (DmScope::Main, "main"),
            (DmScope::PerPeer, "direct:42"),
            (DmScope::PerChannelPeer, "telegram:direct:42"),
            (DmScope::PerAccountChannelPeer, "telegram:home:direct:42"),
        ] {
            let key = route_key(&scoped(scope), None, "main", PEER).unwrap();
            assert_eq!(key.as_str(), format!("agent:main:{rest}"));
            let nobody = route_key(&scoped(scope), None, "main", Peer { id: " ", ..PEER });
            assert_eq!(nobody.unwrap(), Key::main("main"));
        }
        let bound = route_key(&scoped(DmScope::Main), Some(DmScope::PerPeer), "main", PEER);
        assert_eq!(bound.unwrap().rest(), "direct:42");
    }

    #[test]
    fn a_person_known_under_several_ids_has_one_session() {
        let mut session = scoped(DmScope::PerPeer);
        session
            .identity_links
            .insert("ann".to_owned(), vec!["TELEGRAM:42".to_owned(), "u1".to_owned()]);
        let of = |channel, id| {
            let peer = Peer { channel, id, ..PEER };
            route_key(&session, None, "main", peer).unwrap().rest().to_owned()
        };
        assert_eq!(
            (of("telegram", "42"), of("irc", "U1")),
            ("direct:ann".into(), "direct:ann".into())
        );
        assert_eq!(of("irc", "42"), "direct:42");
        assert_eq!(of("irc", "telegram:42"), "direct:telegram:42");
    }

    #[test]
    fn what_comes_from_a_channel_never_has_the_rights_of_the_main_session() {
        let main = Key::main("main");
        let request = |channel: &str, chat| Request {
            sender: Some(Sender {
                channel: channel.to_owned(),
                account: "home".to_owned(),
                id: "42".to_owned(),
                is_owner: true,
                ..Sender::default()
            }),
            route: Some(Route {
                to: "-7".to_owned(),
                ..Route::default()
            }),
            origin: Origin::Channel,
            chat,
            ..Request::default()
        };
        let of = |request: &Request| policy_key(&main, "main", request).to_string();
        assert_eq!(
            of(&request("telegram", Chat::Direct)),
            "agent:main:telegram:home:direct:42"
        );
        assert_eq!(
            of(&request("telegram", Chat::Group)),
            "agent:main:telegram:group:-7"
        );
        assert_eq!(of(&request("webchat", Chat::Direct)), "agent:main:main");
        assert_eq!(of(&Request::default()), "agent:main:main");
        let nameless = Request {
            origin: Origin::Channel,
            ..Request::default()
        };
        assert!(!policy_key(&main, "main", &nameless).is_main());
        let odd = Request {
            sender: Some(Sender {
                channel: "a\nb".to_owned(),
                ..Sender::default()
            }),
            ..Request::default()
        };
        assert!(!policy_key(&main, "main", &odd).is_main());
    }

    #[test]
    fn rooms_have_sessions_of_their_own_with_their_topics() {
        let room = |session: &Session| {
            room_key(session, "main", "telegram", Chat::Group, "-7", Some("3"), None).unwrap()
        };
        assert_eq!(room(&Session::default()).rest(), "telegram:group:-7:topic:3");
        let shared = Session {
            group_scope: GroupScope::Main,
            ..Session::default()
        };
        assert!(room(&shared).is_main());
    }
}
