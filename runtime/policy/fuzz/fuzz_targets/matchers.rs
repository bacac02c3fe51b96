//! Reads lines as hosts, paths and patterns over them. A second reading changes nothing, a pattern matches what
//! the patterns that it covers match, and nothing that a narrow pattern matches steps upwards.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_policy::{Host, HostPattern, PathPattern, RequestPath};

fuzz_target!(|data: &str| {
    let lines: Vec<_> = data.lines().take(6).collect();
    let hosts: Vec<Host> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    let paths: Vec<RequestPath> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    let host_patterns: Vec<HostPattern> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    let path_patterns: Vec<PathPattern> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    for host in &hosts {
        assert_eq!(host.to_string().parse().as_ref(), Ok(host));
    }
    for path in &paths {
        assert_eq!(path.as_str().parse().as_ref(), Ok(path));
    }
    for wide in &host_patterns {
        assert_eq!(wide.to_string().parse().as_ref(), Ok(wide));
        for narrow in host_patterns.iter().filter(|narrow| wide.covers(narrow)) {
            assert!(hosts.iter().all(|host| !narrow.matches(host) || wide.matches(host)));
        }
    }
    for wide in &path_patterns {
        assert_eq!(wide.to_string().parse().as_ref(), Ok(wide));
        for narrow in path_patterns.iter().filter(|narrow| wide.covers(narrow)) {
            assert!(paths.iter().all(|path| !narrow.matches(path) || wide.matches(path)));
        }
        for path in paths.iter().filter(|path| !wide.is_everything() && wide.matches(path)) {
            let text = path.as_str().to_ascii_lowercase();
            assert!(!["..;", "%2e", "%2f", "%5c", "%25", "\\"].iter().any(|trick| text.contains(trick)));
            assert!(!text.split('/').any(|segment| segment == ".."));
        }
    }
});
