//! Programs that some tests use for real. The tests look for them themselves and say what they skip; this
//! table lets `cargo xtask test` say beforehand, once, what is missing and which package brings it.

use crate::process::find_on_path;

/// One program that tests need.
#[derive(Debug)]
pub(crate) struct RealPart {
    /// The program, as it is called on PATH.
    pub(crate) program: &'static str,
    /// The Debian package that brings it. `.ci/run` installs the same ones.
    pub(crate) package: &'static str,
    /// What is not tested without it.
    pub(crate) needed_for: &'static str,
}

/// Every program that the suite needs today.
pub(crate) const REAL_PARTS: &[RealPart] = &[
    RealPart {
        program: "pass",
        package: "pass",
        needed_for: "secrets kept by pass",
    },
    RealPart {
        program: "gpg",
        package: "gnupg",
        needed_for: "secrets kept by pass",
    },
    RealPart {
        program: "age",
        package: "age",
        needed_for: "secrets in age files",
    },
    RealPart {
        program: "script",
        package: "bsdutils",
        needed_for: "questions on a terminal",
    },
    RealPart {
        program: "unshare",
        package: "util-linux",
        needed_for: "the gate against a hostile network",
    },
    RealPart {
        program: "ip",
        package: "iproute2",
        needed_for: "the gate against a hostile network",
    },
    RealPart {
        program: "chromium",
        package: "chromium",
        needed_for: "the page that the gateway serves",
    },
    RealPart {
        program: "pip3",
        package: "python3-pip",
        needed_for: "a bot of python-telegram-bot against the fake Telegram",
    },
    RealPart {
        program: "npm",
        package: "npm",
        needed_for: "OpenClaw's own command line and terminal window against the gateway",
    },
];

/// One line for each part that is not on this machine.
pub(crate) fn list_missing(parts: &[RealPart]) -> Vec<String> {
    let missing = parts.iter().filter(|part| find_on_path(part.program).is_none());
    missing
        .map(|part| {
            let RealPart {
                program,
                package,
                needed_for,
            } = part;
            format!("missing: {program} ({needed_for} cannot be tested); `apt-get install {package}`")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_part_names_its_package_and_a_present_one_is_silent() {
        let parts = [
            RealPart {
                program: "sh",
                package: "dash",
                needed_for: "scripts",
            },
            RealPart {
                program: "no-such-program-here",
                package: "some-package",
                needed_for: "wonders",
            },
        ];
        let lines = list_missing(&parts);
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].contains("no-such-program-here") && lines[0].contains("apt-get install some-package")
        );
    }
}
