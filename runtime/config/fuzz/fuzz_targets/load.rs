//! Loads a config whose bytes are split at NUL into a root file and files that it may include as `1`, `2` and
//! so on. Whatever they are, loading must end without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_config::{Memory, Place, Request, Schema, Selection, Surroundings, load};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let mut files = Memory::default();
    for (nth, content) in data.split(|byte| *byte == 0).enumerate() {
        let name = if nth == 0 {
            "openclaw.json".to_owned()
        } else {
            nth.to_string()
        };
        files.insert(format!("/home/.openclaw/{name}"), content);
    }
    let around = Surroundings {
        cwd: "/work".into(),
        os_home: Some("/home".into()),
        ..Surroundings::default()
    };
    let place = Place::find(&Selection::default(), &around, &files);
    let schema = serde_json::json!({"type": "object", "additionalProperties": true});
    let schema = Schema::parse(&schema);
    if let Ok(place) = place {
        let _ = load::<Value>(Request {
            place: &place,
            around: &around,
            files: &files,
            schema: &schema,
        });
    }
});
