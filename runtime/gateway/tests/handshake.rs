//! Who is let in, and what the others are told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

mod common;

use std::time::{Duration, Instant};

use common::{TOKEN, Wishes, connect, home, home_with};
use openclaw_protocol::connect::Connect;
use openclaw_protocol::identity::Identity;
use serde_json::{Value, json};

fn cli(scopes: Value) -> Value {
    connect(json!({
        "client": {"id": "cli", "version": "1.0.0", "platform": "linux", "mode": "cli"}, "scopes": scopes}))
}

fn tui(changes: Value) -> Value {
    let mut params = connect(json!({
        "client": {"id": "openclaw-tui", "version": "1.0.0", "platform": "linux", "mode": "ui"},
        "scopes": ["operator.read", "operator.write"]}));
    for (name, value) in changes.as_object().unwrap() {
        params[name] = value.clone();
    }
    params
}

/// The parameters with the device's proof.
fn proven(identity: &Identity, mut params: Value, nonce: &str) -> Value {
    let typed = Connect::read(Some(params.clone())).unwrap();
    let device = identity.prove(&typed, nonce, openclaw_gateway::clock::now_ms());
    params["device"] = serde_json::to_value(device).unwrap();
    params
}

#[tokio::test]
async fn a_local_command_keeps_its_scopes_without_a_device() {
    let home = home().await;
    let hello = home.dial().await.hello(cli(json!(["operator.read"]))).await;
    assert_eq!(
        hello["auth"],
        json!({"method": "token", "role": "operator", "scopes": ["operator.read"]})
    );
    assert_eq!(hello["type"], "hello-ok");
    assert!(hello["snapshot"].get("configPath").is_none());
    let hello = home.dial().await.hello(connect(json!({}))).await;
    assert_eq!(hello["auth"]["scopes"].as_array().unwrap().len(), 5);
    assert_eq!(hello["snapshot"]["authMode"], "token");
    let methods: Vec<&str> = hello["features"]["methods"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(methods.contains(&"health") && methods.contains(&"device.pair.list"));
    assert!(!methods.contains(&"chat.send"));
}

#[tokio::test]
async fn any_other_program_with_the_secret_has_no_scopes_without_a_device() {
    let home = home().await;
    let hello = home.dial().await.hello(tui(json!({}))).await;
    assert_eq!(hello["auth"]["scopes"], json!([]));
    let mut probe = cli(json!(["operator.admin", "operator.read"]));
    probe["client"]["mode"] = json!("probe");
    probe["minProtocol"] = json!(3);
    let hello = home.dial().await.hello(probe).await;
    assert_eq!(hello["auth"]["scopes"], json!(["operator.read"]));
}

#[tokio::test]
async fn a_wrong_secret_is_answered_slowly_and_by_its_name() {
    let home = home().await;
    let begun = Instant::now();
    let mut client = home.dial().await;
    let (error, end) = client.refused(connect(json!({"auth": {"token": "wrong"}}))).await;
    assert!(begun.elapsed() >= Duration::from_millis(250));
    assert_eq!(error["details"]["code"], "AUTH_TOKEN_MISMATCH");
    assert_eq!(end.unwrap().0, 1008);
    let begun = Instant::now();
    let (error, _) = home
        .dial()
        .await
        .refused(connect(json!({"auth": {"token": "wrong"}})))
        .await;
    assert!(begun.elapsed() >= Duration::from_millis(500));
    assert_eq!(error["code"], "INVALID_REQUEST");
    let begun = Instant::now();
    home.dial().await.hello(connect(json!({}))).await;
    // A third wrong one would wait for a second.
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn without_a_secret_in_the_config_a_made_up_one_guards_the_gateway() {
    let home = home_with(Wishes {
        without_token: true,
        ..Wishes::default()
    })
    .await;
    let (error, _) = home
        .dial()
        .await
        .refused(connect(json!({"auth": {"token": TOKEN}})))
        .await;
    assert_eq!(error["details"]["code"], "AUTH_TOKEN_MISMATCH");
    let secret = home
        .running
        .gateway()
        .access()
        .credentials
        .secret()
        .unwrap()
        .expose()
        .to_owned();
    home.dial()
        .await
        .hello(connect(json!({"auth": {"token": secret}})))
        .await;
}

#[tokio::test]
async fn without_auth_only_the_local_service_is_let_in_without_a_device() {
    let home = home_with(Wishes {
        config: json!({"gateway": {"auth": {"mode": "none"}}}),
        without_token: true,
        ..Wishes::default()
    })
    .await;
    let hello = home.dial().await.hello(connect(json!({"auth": null}))).await;
    assert_eq!(hello["auth"]["method"], "none");
    assert_eq!(hello["auth"]["scopes"].as_array().unwrap().len(), 5);
    let mut params = cli(json!(["operator.read"]));
    params.as_object_mut().unwrap().remove("auth");
    let (error, _) = home.dial().await.refused(params.clone()).await;
    assert_eq!(error["details"]["code"], "DEVICE_IDENTITY_REQUIRED");
    let identity = Identity::generate().unwrap();
    let mut client = home.dial().await;
    let params = proven(&identity, params, &client.nonce);
    assert_eq!(
        client.hello(params).await["auth"]["scopes"],
        json!(["operator.read"])
    );
}

#[tokio::test]
async fn a_device_on_this_machine_is_paired_at_once_and_its_token_opens_later() {
    let home = home().await;
    let identity = Identity::generate().unwrap();
    let mut client = home.dial().await;
    let hello = client
        .hello(proven(&identity, tui(json!({})), &client.nonce.clone()))
        .await;
    let token = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
    assert!(hello["auth"]["issuedAtMs"].is_i64());
    let by_token = |nonce: String| proven(&identity, tui(json!({"auth": {"deviceToken": token}})), &nonce);
    let mut again = home.dial().await;
    let hello = again.hello(by_token(again.nonce.clone())).await;
    assert_eq!(hello["auth"]["method"], "device-token");
    assert_eq!(
        hello["auth"]["scopes"],
        json!(["operator.read", "operator.write"])
    );
    assert!(hello["auth"].get("deviceToken").is_none());
    // The token alone is nobody: another device cannot use it.
    let other = Identity::generate().unwrap();
    let mut thief = home.dial().await;
    let params = proven(&other, tui(json!({"auth": {"deviceToken": token}})), &thief.nonce);
    let (error, _) = thief.refused(params).await;
    assert_eq!(error["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
}

#[tokio::test]
async fn a_device_that_wants_more_by_its_token_waits_for_a_person() {
    let home = home().await;
    let identity = Identity::generate().unwrap();
    let mut client = home.dial().await;
    let hello = client
        .hello(proven(&identity, tui(json!({})), &client.nonce.clone()))
        .await;
    let auth = json!({"deviceToken": hello["auth"]["deviceToken"]});
    let mut operator = home.operator().await;
    let more = tui(json!({"auth": auth, "scopes": ["operator.admin"]}));
    let mut asking = home.dial().await;
    let (error, end) = asking
        .refused(proven(&identity, more.clone(), &asking.nonce.clone()))
        .await;
    assert_eq!(error["code"], "NOT_PAIRED");
    assert_eq!(error["details"]["reason"], "scope-upgrade");
    assert_eq!(
        error["details"]["approvedScopes"],
        json!(["operator.read", "operator.write"])
    );
    let request = error["details"]["requestId"].as_str().unwrap().to_owned();
    // A reason of a close has room for 120 bytes only.
    assert!(
        end.unwrap()
            .1
            .starts_with("pairing required: device is asking for more scopes")
    );
    let told = operator.event("device.pair.requested").await;
    assert_eq!(told["payload"]["requestId"], request.as_str());
    assert_eq!(told["payload"]["isRepair"], true);
    // Somebody without that scope cannot give it.
    let mut lesser = home.dial().await;
    lesser
        .hello(cli(json!(["operator.pairing", "operator.read"])))
        .await;
    let answer = lesser
        .call("device.pair.approve", json!({"requestId": request}))
        .await;
    assert_eq!(answer["error"]["code"], "FORBIDDEN");
    let answer = operator
        .call("device.pair.approve", json!({"requestId": request}))
        .await;
    assert_eq!(
        answer["payload"]["device"]["deviceId"],
        identity.device_id().as_str()
    );
    let mut again = home.dial().await;
    let hello = again.hello(proven(&identity, more, &again.nonce.clone())).await;
    assert_eq!(hello["auth"]["scopes"], json!(["operator.admin"]));
}

#[tokio::test]
async fn a_device_that_is_removed_is_disconnected_and_its_token_is_void() {
    let home = home().await;
    let identity = Identity::generate().unwrap();
    let mut device = home.dial().await;
    let hello = device
        .hello(proven(&identity, tui(json!({})), &device.nonce.clone()))
        .await;
    let mut operator = home.operator().await;
    let list = operator.call("device.pair.list", json!({})).await["payload"].clone();
    assert_eq!(list["paired"][0]["deviceId"], identity.device_id().as_str());
    assert_eq!(list["paired"][0]["connected"], true);
    assert_eq!(list["paired"][0]["clientId"], "openclaw-tui");
    assert!(
        !list
            .to_string()
            .contains(hello["auth"]["deviceToken"].as_str().unwrap())
    );
    operator
        .call("device.pair.remove", json!({"deviceId": identity.device_id()}))
        .await;
    assert_eq!(device.rest().await.1.unwrap().0, 4001);
    let auth = json!({"deviceToken": hello["auth"]["deviceToken"]});
    let mut again = home.dial().await;
    let params = proven(&identity, tui(json!({"auth": auth})), &again.nonce);
    assert_eq!(
        again.refused(params).await.0["details"]["code"],
        "AUTH_DEVICE_TOKEN_MISMATCH"
    );
}

#[tokio::test]
async fn a_proof_that_was_made_for_another_connection_is_refused() {
    let home = home().await;
    let identity = Identity::generate().unwrap();
    let mut client = home.dial().await;
    let (error, end) = client
        .refused(proven(&identity, tui(json!({})), "another-nonce"))
        .await;
    assert_eq!(error["details"]["code"], "DEVICE_AUTH_NONCE_MISMATCH");
    assert_eq!(end.unwrap(), (1008, "device nonce mismatch".to_owned()));
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_whatever_it_knows() {
    let home = home().await;
    let mut client = home
        .dial_with(&[("Origin", "http://evil.example")])
        .await
        .unwrap();
    let (error, _) = client.refused(connect(json!({}))).await;
    assert_eq!(error["details"]["code"], "CONTROL_UI_ORIGIN_NOT_ALLOWED");
    // A page cannot pass for the local service either.
    let near = format!("http://{}", home.address);
    let mut client = home.dial_with(&[("Origin", &near)]).await.unwrap();
    let hello = client.hello(connect(json!({}))).await;
    assert_eq!(hello["auth"]["scopes"], json!([]));
    let mut page = connect(
        json!({"client": {"id": "openclaw-control-ui", "version": "1", "platform": "web",
        "mode": "webchat"}}),
    );
    let mut client = home.dial_with(&[("Origin", &near)]).await.unwrap();
    let (error, _) = client.refused(page.clone()).await;
    assert_eq!(error["details"]["code"], "CONTROL_UI_DEVICE_IDENTITY_REQUIRED");
    let identity = Identity::generate().unwrap();
    let mut client = home.dial_with(&[("Origin", &near)]).await.unwrap();
    page = proven(&identity, page, &client.nonce);
    assert_eq!(
        client.hello(page).await["auth"]["scopes"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
}

#[tokio::test]
async fn a_host_that_is_not_ours_and_headers_of_no_proxy_of_ours_go_no_further() {
    let home = home().await;
    assert_eq!(home.dial_with(&[("Host", "evil.example")]).await.err(), Some(403));
    assert_eq!(
        home.dial_with(&[("X-Forwarded-For", "127.0.0.1")]).await.err(),
        Some(403)
    );
    let rebound = home
        .raw("GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        .await;
    assert!(rebound.starts_with("HTTP/1.1 403"), "{rebound}");
    let forwarded = home.get("/health", "X-Forwarded-For: 127.0.0.1\r\n").await;
    assert!(forwarded.starts_with("HTTP/1.1 403") && forwarded.contains("proxy_attribution_required"));
    let paged = home.get("/health", "Origin: http://evil.example\r\n").await;
    assert!(paged.starts_with("HTTP/1.1 403"), "{paged}");
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go_at_the_deadline() {
    let home = home_with(Wishes {
        handshake: Some(Duration::from_millis(300)),
        ..Wishes::default()
    })
    .await;
    let mut client = home.dial().await;
    let begun = Instant::now();
    assert_eq!(client.rest().await, (Vec::new(), Some((1000, String::new()))));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_gateway_without_auth_is_not_put_on_a_network() {
    use openclaw_config::tree::gateway::Gateway as Config;
    use openclaw_config::tree::gateway_auth::AuthMode;
    use openclaw_gateway::access::Access;
    use openclaw_gateway::auth::credentials::Overrides;
    let find = |mode: Option<AuthMode>, token: Option<&str>, address: &str| {
        let over = Overrides {
            mode,
            token: token.map(openclaw_secrets::SecretValue::new),
            password: None,
        };
        let (environment, secrets) = (
            openclaw_config::Environment::default(),
            openclaw_secrets::Snapshot::default(),
        );
        Access::find(
            &Config::default(),
            &environment,
            &secrets,
            &over,
            &[address.parse().unwrap()],
        )
        .map_err(|error| error.to_string())
    };
    for (mode, token) in [
        (None, None),
        (Some(AuthMode::None), None),
        (Some(AuthMode::None), Some("t")),
    ] {
        let told = find(mode, token, "0.0.0.0:18789").unwrap_err();
        assert!(told.starts_with(
            "refusing to bind gateway to 0.0.0.0:18789 without auth (set gateway.auth.token/password, or set \
             OPENCLAW_GATEWAY_TOKEN/OPENCLAW_GATEWAY_PASSWORD;"
        ));
        find(mode, token, "127.0.0.1:18789").unwrap();
    }
    find(None, Some("t"), "0.0.0.0:18789").unwrap();
    assert!(
        find(Some(AuthMode::Password), None, "127.0.0.1:1")
            .unwrap_err()
            .contains("gateway.auth.password")
    );
}

/// The parameters of a page of the gateway's own.
fn page(auth: &Value) -> Value {
    let mut params = tui(json!({"auth": auth}));
    params["client"] =
        json!({"id": "openclaw-control-ui", "version": "1.0.0", "platform": "web", "mode": "webchat"});
    params
}

#[tokio::test]
async fn a_token_that_a_page_was_given_for_the_secret_goes_with_that_secret() {
    let identity = Identity::generate().unwrap();
    let home = home().await;
    let dial = async |home: &common::Home| {
        let origin = format!("http://{}", home.address);
        home.dial_with(&[("Origin", &origin)]).await.unwrap()
    };
    let mut client = dial(&home).await;
    let params = proven(&identity, page(&json!({"token": TOKEN})), &client.nonce);
    let token = client.hello(params).await["auth"]["deviceToken"].clone();
    assert!(token.is_string());
    let by_token = page(&json!({"deviceToken": token}));
    let mut client = dial(&home).await;
    let params = proven(&identity, by_token.clone(), &client.nonce);
    assert_eq!(client.hello(params).await["auth"]["method"], "device-token");
    drop(client);
    let common::Home {
        running,
        state,
        folder,
        ..
    } = home;
    running.stop("test", None).await;
    state.close().await;
    let home = home_with(Wishes {
        folder: Some(folder),
        token: Some("another-token-0123456789"),
        ..Wishes::default()
    })
    .await;
    let mut client = dial(&home).await;
    let (error, _) = client
        .refused(proven(&identity, by_token, &client.nonce.clone()))
        .await;
    assert_eq!(error["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH");
    // The new secret brings a new one.
    let mut client = dial(&home).await;
    let params = page(&json!({"token": "another-token-0123456789"}));
    let hello = client
        .hello(proven(&identity, params, &client.nonce.clone()))
        .await;
    assert!(hello["auth"]["deviceToken"].is_string());
    assert_ne!(hello["auth"]["deviceToken"], token);
}

#[tokio::test]
async fn a_device_that_changes_what_it_asks_for_is_not_approved_by_what_was_seen() {
    let home = home().await;
    let identity = Identity::generate().unwrap();
    let mut client = home.dial().await;
    let hello = client
        .hello(proven(&identity, tui(json!({})), &client.nonce.clone()))
        .await;
    let auth = json!({"deviceToken": hello["auth"]["deviceToken"]});
    let mut operator = home.operator().await;
    let ask = async |scope: &str| {
        let mut asking = home.dial().await;
        let params = tui(json!({"auth": auth, "scopes": [scope]}));
        asking
            .refused(proven(&identity, params, &asking.nonce.clone()))
            .await
            .0
    };
    ask("operator.approvals").await;
    let seen = operator.event("device.pair.requested").await["payload"]["requestId"].clone();
    ask("operator.admin").await;
    let other = operator.event("device.pair.requested").await;
    assert_eq!(other["payload"]["scopes"], json!(["operator.admin"]));
    let answer = operator
        .call("device.pair.approve", json!({"requestId": seen}))
        .await;
    assert_eq!(answer["error"]["message"], "unknown requestId");
}
