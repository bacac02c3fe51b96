//! A tool that sends requests of every kind that the SDK has steps for, and uses secrets in every way.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use openclaw_sdk::http::{self, Multipart, Response};
use openclaw_sdk::media::{MediaInfo, MediaKind};
use openclaw_sdk::secrets::{self, HmacAlgorithm, Keep, Secret, SecretPlace};
use openclaw_sdk::{Context, Failure, Output, Result, Tool, kv, sockets};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const URL: &str = "https://api.example.com/v1";

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// What is sent.
    what: String,
    /// Which media, or which text.
    text: Option<String>,
}

#[derive(Serialize)]
struct Login {
    user: &'static str,
    password: Secret,
}

struct Carry;

impl Tool for Carry {
    const NAME: &'static str = "carry";
    const DESCRIPTION: &'static str = "Sends what is asked for.";
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        let text = args.text.unwrap_or_default();
        let said = match args.what.as_str() {
            "form" => {
                let secret = secrets::get("client")?;
                let form = [("grant", "a b"), ("client_secret", secret.as_str())];
                http::post(URL).form(&form).send()?.text()?
            }
            "json" => {
                let login = Login {
                    user: "ann",
                    password: secrets::get("password")?,
                };
                http::put(URL).json(&login).send()?.text()?
            }
            "basic" => {
                let password = secrets::field("account", "/password")?;
                http::get(URL).basic("ann", &password).send()?.text()?
            }
            "parts" => {
                let form = Multipart::new()
                    .text("chat", 42)
                    .file("note", "a.txt", "text/plain", "hi")
                    .media("photo", "a.png", text);
                http::post(URL).multipart(form).send()?.text()?
            }
            "media" => http::patch(URL).media(text).send()?.text()?,
            "upload" => {
                let mut upload = http::post(URL).upload(Some(6))?;
                upload.write_all(text.as_bytes())?;
                upload.finish()?.text()?
            }
            "download" => {
                let info = MediaInfo::new(MediaKind::Document);
                let media = http::get(URL).send()?.to_media(&info)?;
                return Ok(Output::empty().with_media(media, "what was there"));
            }
            "pieces" => {
                let mut response = http::get(URL).max_bytes(10).send()?;
                let mut first = [0; 4];
                response.read_exact(&mut first)?;
                let mut rest = String::new();
                response.read_to_string(&mut rest)?;
                format!("{}|{rest}", String::from_utf8_lossy(&first))
            }
            "facts" => tell(&http::head(URL).send()?),
            "status" => http::delete(URL)
                .segment(text)
                .send()?
                .error_for_status()?
                .text()?,
            "sign-in" => {
                let answer = http::post(URL).send()?;
                let place = SecretPlace::json("/token");
                let token = answer.capture(&place, "session", Keep::UntilRestart)?;
                let shown = answer.text()?;
                http::get(URL).segment("me").bearer(&token).send()?;
                format!("{shown} {}", secrets::forget("session")?)
            }
            "late" => {
                let mut answer = http::post(URL).send()?;
                answer.read_exact(&mut [0; 1])?;
                let place = SecretPlace::header("x-token");
                answer.capture(&place, "session", Keep::UntilRestart)?.to_string()
            }
            "keep" => {
                kv::set("token", &secrets::get("client")?)?;
                "kept".to_owned()
            }
            "sign" => {
                let code = secrets::hmac(HmacAlgorithm::HmacSha256, &secrets::get("client")?, b"x")?;
                format!("{code:?}")
            }
            "dial" => {
                let connection = sockets::websocket("wss://live.example.com/").connect()?;
                format!("{:?}", connection.receive(Duration::from_secs(1))?)
            }
            what => return Err(Failure::new(format!("{what:?} is nothing to carry"))),
        };
        Ok(said.into())
    }
}

fn tell(response: &Response) -> String {
    let names = response.headers().into_iter().map(|header| header.name);
    format!(
        "{} {} {:?} {}",
        response.status(),
        response.url(),
        response.header("ETAG"),
        names.collect::<Vec<_>>().join(" ")
    )
}

openclaw_sdk::tool!(Carry);
