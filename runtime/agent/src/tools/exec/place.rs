//! Where a command runs: in the session's sandbox or on this machine.
//!
//! **Promise.** A session with a sandbox leaves it only where the config says so or its sender may have elevated commands;
//! what is asked for and is not there is refused, and nothing runs elsewhere in its stead.

use openclaw_config::tree::exec::ExecHost;

/// Where commands of a session can run, and where they are to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// What the config says.
    pub(super) configured: ExecHost,
    pub(super) has_sandbox: bool,
    pub(super) has_machine: bool,
    /// Whether commands of this sender may leave the sandbox.
    pub(super) may_leave: bool,
}

/// Where a command runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Sandbox,
    Machine,
}

/// The host that a word means.
pub(super) fn host_of(word: &str) -> Option<ExecHost> {
    match word.trim().to_lowercase().as_str() {
        "auto" => Some(ExecHost::Auto),
        "sandbox" => Some(ExecHost::Sandbox),
        "gateway" => Some(ExecHost::Gateway),
        "node" => Some(ExecHost::Node),
        _ => None,
    }
}

impl Places {
    /// Where a command runs that was asked to run at `asked`, or at no place in particular. An elevated one leaves the
    /// sandbox, unless it was asked to run there.
    pub(super) fn resolve(self, asked: Option<ExecHost>, is_elevated: bool) -> Result<Place, String> {
        let mut host = asked.unwrap_or(self.configured);
        if self.has_sandbox {
            if is_elevated && self.may_leave && asked.is_none_or(|asked| asked == ExecHost::Auto) {
                host = match self.configured {
                    ExecHost::Node => ExecHost::Node,
                    _ => ExecHost::Gateway,
                };
            }
            let leaves = matches!(host, ExecHost::Gateway | ExecHost::Node);
            if leaves && self.configured != host && !self.may_leave {
                return Err(
                    "This session is sandboxed, and its commands may not leave the sandbox. Leave host out, or have \
                     tools.exec.host in the config say where they run."
                        .to_owned(),
                );
            }
        }
        match host {
            ExecHost::Auto if self.has_sandbox => Ok(Place::Sandbox),
            ExecHost::Sandbox if self.has_sandbox => Ok(Place::Sandbox),
            ExecHost::Sandbox => Err(
                "host is sandbox, and this session has none: nothing was run. agents.defaults.sandbox.mode in the \
                 config says which sessions have one."
                    .to_owned(),
            ),
            ExecHost::Auto | ExecHost::Gateway if self.has_machine => Ok(Place::Machine),
            ExecHost::Auto | ExecHost::Gateway => {
                Err("Commands of this session may not run on the gateway's machine.".to_owned())
            }
            ExecHost::Node => Err(
                "host is node, and this gateway cannot run commands on paired devices: nothing was run. Leave host out, \
                 or set tools.exec.host to auto."
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use ExecHost::{Auto, Gateway, Node, Sandbox};

    use super::*;

    fn places(configured: ExecHost, has_sandbox: bool, has_machine: bool) -> Places {
        Places {
            configured,
            has_sandbox,
            has_machine,
            may_leave: false,
        }
    }

    #[test]
    fn an_elevated_command_leaves_the_sandbox_and_one_that_was_to_stay_does_not() {
        let free = |configured| Places {
            may_leave: true,
            ..places(configured, true, true)
        };
        assert_eq!(free(Auto).resolve(None, true), Ok(Place::Machine));
        assert_eq!(free(Sandbox).resolve(Some(Auto), true), Ok(Place::Machine));
        assert_eq!(free(Auto).resolve(Some(Gateway), false), Ok(Place::Machine));
        assert_eq!(free(Auto).resolve(Some(Sandbox), true), Ok(Place::Sandbox));
        assert_eq!(free(Auto).resolve(None, false), Ok(Place::Sandbox));
        free(Node).resolve(None, true).unwrap_err();
    }

    #[test]
    fn a_sandboxed_session_leaves_its_sandbox_only_where_the_config_says_so() {
        let sandboxed = places(Auto, true, true);
        for (asked, place) in [
            (None, true),
            (Some(Auto), true),
            (Some(Sandbox), true),
            (Some(Gateway), false),
            (Some(Node), false),
        ] {
            assert_eq!(
                sandboxed.resolve(asked, false).ok(),
                place.then_some(Place::Sandbox),
                "{asked:?}"
            );
        }
        assert_eq!(sandboxed.resolve(None, true), Ok(Place::Sandbox));
        let configured = places(Gateway, true, true);
        assert_eq!(configured.resolve(None, false), Ok(Place::Machine));
        assert_eq!(configured.resolve(Some(Gateway), false), Ok(Place::Machine));
        assert_eq!(configured.resolve(Some(Sandbox), false), Ok(Place::Sandbox));
        configured.resolve(Some(Node), false).unwrap_err();
    }

    #[test]
    fn what_is_not_there_is_refused_and_nothing_stands_in_for_it() {
        let main = places(Auto, false, true);
        assert_eq!(main.resolve(None, false), Ok(Place::Machine));
        assert_eq!(main.resolve(Some(Gateway), true), Ok(Place::Machine));
        assert!(
            main.resolve(Some(Sandbox), false)
                .unwrap_err()
                .contains("has none")
        );
        assert!(
            main.resolve(Some(Node), false)
                .unwrap_err()
                .contains("paired devices")
        );
        places(Sandbox, false, true).resolve(None, false).unwrap_err();
        places(Node, false, true).resolve(None, false).unwrap_err();
        places(Auto, false, false).resolve(None, false).unwrap_err();
        places(Gateway, true, false).resolve(None, false).unwrap_err();
    }

    #[test]
    fn a_word_that_is_no_host_is_none() {
        assert_eq!(host_of(" Gateway "), Some(Gateway));
        assert_eq!(host_of("localhost"), None);
    }
}
