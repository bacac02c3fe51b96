use serde_json::{Value, json};

use super::*;

fn on() -> Loops {
    let config = serde_json::from_value(json!({"tools": {"loopDetection": {"enabled": true}}})).unwrap();
    Loops::of(&config, "main")
}

/// Makes a call as a turn does, and says what was to be done about it.
fn make(loops: &mut Loops, tool: &str, arguments: Value, text: &str) -> &'static str {
    let advice = loops.look(tool, &arguments, true);
    if !matches!(advice, Advice::Stop(_)) {
        loops.note(tool, &arguments, true, &ToolOutput::ok(text));
    }
    word(&advice)
}

fn word(advice: &Advice) -> &'static str {
    match advice {
        Advice::Go => "go",
        Advice::Warn(_) => "warn",
        Advice::Stop(_) => "stop",
    }
}

/// What was advised of a sequence, each with how often in a row.
fn sequence(
    loops: &mut Loops,
    times: usize,
    call: impl Fn(usize) -> (&'static str, Value, String),
) -> Vec<(&'static str, usize)> {
    let mut told: Vec<(&str, usize)> = Vec::new();
    for index in 0..times {
        let (tool, arguments, text) = call(index);
        let word = make(loops, tool, arguments, &text);
        match told.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => told.push((word, 1)),
        }
    }
    told
}

#[test]
fn a_repeated_call_is_warned_of_and_stopped_when_it_brings_the_same() {
    let call = |_| ("read", json!({"path": "a"}), "same".to_owned());
    assert_eq!(
        sequence(&mut on(), 22, call),
        [("go", 10), ("warn", 10), ("stop", 2)]
    );
    // With a result that changes it is warned of and goes on.
    let changing = |index| ("read", json!({"path": "a"}), format!("line {index}x"));
    assert_eq!(sequence(&mut on(), 40, changing), [("go", 10), ("warn", 30)]);
}

#[test]
fn looking_at_a_job_is_only_a_circle_when_nothing_happens_in_it() {
    let poll = json!({"action": "poll", "sessionId": "a"});
    let idle = |_| ("process", poll.clone(), "still running (pid 3)".to_owned());
    assert_eq!(
        sequence(&mut on(), 21, idle),
        [("go", 10), ("warn", 10), ("stop", 1)]
    );
    let busy = |index| ("process", poll.clone(), format!("line {index}x"));
    assert_eq!(sequence(&mut on(), 60, busy), [("go", 60)]);
}

#[test]
fn two_calls_in_turns_are_stopped_when_neither_brings_anything() {
    let turns = |index: usize| match index % 2 {
        0 => ("read", json!({"path": "a"}), "x".to_owned()),
        _ => ("ls", json!({}), "y".to_owned()),
    };
    assert_eq!(
        sequence(&mut on(), 21, turns),
        [("go", 10), ("warn", 10), ("stop", 1)]
    );
    let edited = |index: usize| match index % 2 {
        0 => ("edit", json!({"path": "a"}), format!("changed line {index}x")),
        _ => ("exec", json!({"command": "make"}), format!("error {index}x")),
    };
    let told = sequence(&mut on(), 60, edited);
    assert!(!told.iter().any(|(word, _)| *word == "stop"), "{told:?}");
}

#[test]
fn a_few_arguments_in_turn_that_bring_the_same_are_warned_of_and_no_more() {
    let churn = |index: usize| ("grep", json!({"pattern": index % 3}), "nothing".to_owned());
    let told = sequence(&mut on(), 30, churn);
    assert_eq!(told[..2], [("go", 10), ("warn", 20)]);
    // Looking through many files without a hit is work.
    let search = |index: usize| ("grep", json!({"pattern": index}), "nothing".to_owned());
    assert_eq!(sequence(&mut on(), 60, search), [("go", 60)]);
}

#[test]
fn whatever_the_pattern_thirty_calls_that_bring_nothing_new_are_enough() {
    let tools = ["read", "ls", "exec"];
    let round = |index: usize| (tools[index % 3], json!({}), "same".to_owned());
    let mut loops = on();
    let told = sequence(&mut loops, 40, round);
    assert_eq!(told.last().map(|(word, _)| *word), Some("stop"));
    let other = json!({"path": "new"});
    assert_eq!(
        loops.look("write", &other, true),
        Advice::Go,
        "another way is open"
    );
    let calls: usize = told
        .iter()
        .filter(|(word, _)| *word != "stop")
        .map(|(_, count)| count)
        .sum();
    assert_eq!(calls, 33);
}

#[test]
fn a_tool_that_is_not_there_is_asked_for_ten_times_at_most() {
    let mut loops = on();
    for index in 0..10 {
        assert_eq!(loops.look("nope", &json!({ "x": index }), false), Advice::Go);
        let output = ToolOutput::failed("There is no tool nope in this conversation.");
        loops.note("nope", &json!({ "x": index }), false, &output);
    }
    let Advice::Stop(circle) = loops.look("nope", &json!({}), false) else {
        panic!("it is asked for again");
    };
    assert_eq!(
        circle.to_string(),
        "nope, which is not there, was called 10 times"
    );
    assert_eq!(loops.look("other", &json!({}), false), Advice::Go);
}

#[test]
fn only_what_happened_lately_counts() {
    let mut loops = on();
    let same = |_| ("read", json!({"path": "a"}), "same".to_owned());
    sequence(&mut loops, 9, same);
    sequence(&mut loops, 30, |index| {
        ("ls", json!({ "path": index }), format!("{index}x"))
    });
    assert_eq!(sequence(&mut loops, 10, same), [("go", 10)]);
}

#[test]
fn nothing_is_noticed_unless_it_is_switched_on_and_an_agent_decides_for_itself() {
    let of = |value: Value| Loops::of(&serde_json::from_value(value).unwrap(), "work");
    let shared = json!({"loopDetection": {"enabled": true}});
    let agent = |enabled: Value| json!({"tools": shared, "agents": {"entries": {"work": {"tools": {"loopDetection": enabled}}}}});
    assert!(!of(json!({})).is_on && of(json!({ "tools": shared })).is_on);
    assert!(!of(agent(json!({"enabled": false}))).is_on && of(agent(json!({}))).is_on);
    let same = |_| ("read", json!({}), "same".to_owned());
    assert_eq!(sequence(&mut of(json!({})), 100, same), [("go", 100)]);
}

#[test]
fn the_same_call_three_times_after_a_cut_ends_the_run() {
    let note = |loops: &mut Loops, path: &str| {
        loops.note("read", &json!({ "path": path }), true, &ToolOutput::ok("same"))
    };
    let of = |value: Value| Loops::of(&serde_json::from_value(value).unwrap(), "work");
    // In force also where nothing was said.
    let mut loops = of(json!({}));
    loops.cut();
    assert_eq!((note(&mut loops, "a"), note(&mut loops, "a")), (None, None));
    assert!(note(&mut loops, "a").is_some());
    // Something else in between is no circle, and later repeats are not looked at.
    loops.cut();
    for path in ["a", "b", "a", "a", "a", "a"] {
        assert_eq!(note(&mut loops, path), None);
    }
    let mut off = of(json!({"tools": {"loopDetection": {"enabled": false}}}));
    off.cut();
    for _ in 0..5 {
        assert_eq!(note(&mut off, "a"), None);
    }
}
