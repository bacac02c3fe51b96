//! Which model is meant.

use openclaw_models::{Class, Error};
use serde_json::{Value, json};

use crate::world::World;

fn providers() -> Value {
    let model = |id: &str| json!({"id": id, "name": id.to_uppercase()});
    let provider = |models: Vec<Value>| json!({"baseUrl": "http://127.0.0.1:9/v1", "models": models});
    json!({
        "one": provider(vec![model("alone"), model("both"), model("vendor/deep:free")]),
        "two": provider(vec![model("both")]),
    })
}

async fn world(agents: Value) -> World {
    World::new(json!({"models": {"providers": providers()}, "agents": agents})).await
}

fn found(result: Result<openclaw_models::Model, Error>) -> String {
    result.map_or_else(|error| error.class().to_string(), |model| model.reference())
}

#[tokio::test]
async fn a_reference_leads_to_one_model() {
    let world = world(json!({"defaults": {"models": {"two/both": {"alias": "Quick"}}}})).await;
    for (reference, wanted) in [
        ("one/alone", "one/alone"),
        (" ONE/alone ", "one/alone"),
        ("one/vendor/deep:free", "one/vendor/deep:free"),
        ("vendor/deep:free", "one/vendor/deep:free"),
        ("alone", "one/alone"),
        ("quick", "two/both"),
        ("both", "model_not_found"),
        ("nothing", "model_not_found"),
        ("three/alone", "model_not_found"),
        ("offline/offline-1", "offline/offline-1"),
        ("offline-1", "offline/offline-1"),
        ("offline/other", "model_not_found"),
        // Only the provider knows all of its models.
        ("one/unlisted", "one/unlisted"),
    ] {
        assert_eq!(
            found(world.models.resolve(Some(reference))),
            wanted,
            "{reference}"
        );
    }
}

#[tokio::test]
async fn an_error_says_what_to_do() {
    let world = world(json!({})).await;
    let said = |reference| world.models.resolve(Some(reference)).unwrap_err().to_string();
    assert!(said("both").contains("one/both or two/both"));
    assert!(said("three/x").contains("models.providers.three"));
}

#[tokio::test]
async fn without_a_reference_the_configured_model_answers() {
    for (agents, wanted) in [
        (
            json!({"defaults": {"model": {"primary": "two/both"}}}),
            "two/both",
        ),
        (json!({"defaults": {"model": "one/alone"}}), "one/alone"),
        // Nobody named one, so it is the first that is configured.
        (json!({}), "one/alone"),
        // What is named and not there is never another in its place.
        (json!({"defaults": {"model": "gone/away"}}), "model_not_found"),
    ] {
        let world = world(agents.clone()).await;
        assert_eq!(found(world.models.resolve(None)), wanted, "{agents}");
        assert_eq!(found(world.models.resolve(Some(" "))), wanted, "{agents}");
    }
}

#[tokio::test]
async fn where_nothing_is_configured_the_offline_model_answers() {
    let world = World::new(json!({})).await;
    assert_eq!(found(world.models.resolve(None)), "offline/offline-1");
    assert_eq!(world.models.catalog().len(), 1);
}

#[tokio::test]
async fn an_agent_has_a_model_and_aliases_of_its_own() {
    let world = world(json!({
        "defaults": {"model": "one/alone", "models": {"one/alone": {"alias": "fast"}}},
        "entries": {"main": {}, "deep": {"model": "two/both", "models": {"two/both": {"alias": "fast"}}}},
    }))
    .await;
    let of = |agent: &str, reference| found(world.models.resolve_for(agent, reference));
    assert_eq!(
        (of("deep", None), of("main", None)),
        ("two/both".into(), "one/alone".into())
    );
    assert_eq!(
        (of("deep", Some("fast")), of("main", Some("fast"))),
        ("two/both".into(), "one/alone".into())
    );
}

#[tokio::test]
async fn a_list_of_allowed_models_binds_people_and_not_the_operator() {
    let world = world(json!({"defaults": {
        "model": {"primary": "one/alone", "fallbacks": ["one/both"]},
        "modelPolicy": {"allow": ["two/*"]},
    }}))
    .await;
    assert_eq!(found(world.models.resolve(None)), "one/alone");
    for (reference, wanted) in [("two/both", true), ("one/alone", true), ("one/both", true)] {
        assert_eq!(
            world.models.resolve(Some(reference)).is_ok(),
            wanted,
            "{reference}"
        );
    }
    let refused = world.models.resolve(Some("one/vendor/deep:free")).unwrap_err();
    assert!(refused.to_string().starts_with("model not allowed"));
    assert_eq!(refused.class(), Class::BadRequest);
}

#[tokio::test]
async fn the_catalog_lists_what_is_configured() {
    let world = world(json!({"defaults": {"models": {"two/unlisted": {}}}})).await;
    let catalog = world.models.catalog();
    let names: Vec<String> = catalog.iter().map(|info| info.reference()).collect();
    assert_eq!(
        names,
        [
            "one/alone",
            "one/both",
            "one/vendor/deep:free",
            "two/both",
            "two/unlisted",
            "offline/offline-1"
        ]
    );
    let shown = serde_json::to_value(&catalog[0]).unwrap();
    assert_eq!(
        shown,
        json!({"provider": "one", "id": "alone", "name": "ALONE", "reasoning": false, "input": ["text"]})
    );
}

#[tokio::test]
async fn a_changed_config_counts_at_the_next_look() {
    let mut world = world(json!({"defaults": {"model": "one/alone"}})).await;
    assert_eq!(found(world.models.resolve(None)), "one/alone");
    let agents = json!({"defaults": {"model": "two/both"}});
    world
        .change(json!({"models": {"providers": providers()}, "agents": agents}))
        .await;
    assert_eq!(found(world.models.resolve(None)), "two/both");
}

#[tokio::test]
async fn a_provider_that_is_broken_leaves_the_others_alone() {
    let mut all = providers();
    all["bad"] = json!({"baseUrl": "ftp://x", "models": [{"id": "m", "name": "M"}]});
    let world = World::new(json!({"models": {"providers": all}})).await;
    assert_eq!(found(world.models.resolve(Some("bad/m"))), "bad_request");
    assert_eq!(found(world.models.resolve(Some("one/alone"))), "one/alone");
}
