//! Tools that do what a test must survive and tell: they panic, print, spin, wait, write far too much, and use
//! every interface that the SDK has a module for, and one that it has none for.

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use openclaw_sdk::wit::http::client;
use openclaw_sdk::wit::http::types::{Body, Method, Request, RequestLimits};
use openclaw_sdk::{Context, Failure, Output, Result, Tool, config, kv, log, media, progress, tools};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
struct Args {
    /// What is done.
    what: String,
    /// How much of it, or with which text.
    text: Option<String>,
}

struct Fail;

impl Tool for Fail {
    const NAME: &'static str = "fail";
    const DESCRIPTION: &'static str = "Ends in the way that is asked for.";
    type Args = Args;

    #[expect(clippy::panic, reason = "it is what this tool is for")]
    fn call(args: Args, _: &Context) -> Result<Output> {
        match args.what.as_str() {
            "panic" => panic!("the hat is empty: {}", args.text.unwrap_or_default()),
            "exit" => std::process::exit(3),
            "spin" => loop {
                std::hint::black_box(());
            },
            "wait" => {
                std::thread::sleep(Duration::from_secs(3600));
                Ok("awake".into())
            }
            "grow" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1_u8; 1 << 20]);
                    std::hint::black_box(&all);
                }
            }
            "told" => Err(Failure::new("the hat is empty")),
            what => Err(Failure::new(format!("{what:?} is no way to end"))),
        }
    }
}

struct Say;

impl Tool for Say {
    const NAME: &'static str = "say";
    const DESCRIPTION: &'static str = "Gives back what it is given, many times over if asked.";
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        let times = args.what.parse::<usize>()?;
        Ok(args.text.unwrap_or_default().repeat(times).into())
    }
}

struct Ask;

impl Tool for Ask {
    const NAME: &'static str = "ask";
    const DESCRIPTION: &'static str = "Calls its host in the way that is asked for.";
    type Args = Args;

    fn call(args: Args, cx: &Context) -> Result<Output> {
        let text = args.text.unwrap_or_default();
        match args.what.as_str() {
            "context" => Ok(format!(
                "{} {} {} {:?} {}",
                cx.call_id(),
                cx.idempotency_key(),
                cx.attempt(),
                cx.locale(),
                cx.is_owner()
            )
            .into()),
            "clock" => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
                let (start, mut reads) = (Instant::now(), 0_u32);
                while start.elapsed() < Duration::from_millis(100) {
                    reads += 1;
                }
                let map: HashMap<u32, u32> = (0..20).map(|n| (n, n)).collect();
                Ok(format!("{since} {reads} {:?}", map.keys().collect::<Vec<_>>()).into())
            }
            "config" => Ok(config::read::<String>(&text)?
                .unwrap_or_else(|| "nothing".to_owned())
                .into()),
            "count" => {
                kv::update("count", |count: Option<u32>| Some(count.unwrap_or_default() + 1))?;
                log::info!(key = "count"; "counted");
                progress::count("counting", 1, Some(2));
                progress::print("1\n");
                Ok(format!("{:?}", kv::get::<u32>("count")?).into())
            }
            "picture" => {
                let info = media::MediaInfo {
                    content_type: Some("image/png".to_owned()),
                    ..media::MediaInfo::new(media::MediaKind::Image)
                };
                let mut writer = media::create(&info)?;
                writer.write_all(b"\x89PNG ")?;
                writer.write_all(text.as_bytes())?;
                let picture = writer.commit()?;
                let mut reader = media::open(&picture)?;
                reader.seek(SeekFrom::End(-2))?;
                let mut end = String::new();
                reader.read_to_string(&mut end)?;
                let facts = reader.facts();
                let said = format!("{end} {} {}", facts.size, facts.content_type);
                Ok(Output::text(said).with_media(picture, "a picture"))
            }
            "tool" => tools::call("weather", &HashMap::from([("city", text)])).map_err(Failure::from),
            "http" => {
                let answer = client::send(&request(text))?;
                let body = answer.read(100)?;
                Ok(format!("{} {}", answer.status(), String::from_utf8_lossy(&body)).into())
            }
            "download" => {
                let answer = client::send(&request(text))?;
                let info = media::MediaInfo::new(media::MediaKind::Document);
                Ok(Output::empty().with_media(client::to_media(&answer, &info)?, "what was there"))
            }
            "file" => {
                std::fs::write("/shelf/out.txt", text)?;
                let mut names = std::fs::read_dir("/shelf")?
                    .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                    .collect::<Result<Vec<_>>>()?;
                names.sort();
                Ok(names.join(" ").into())
            }
            what => Err(Failure::new(format!("{what:?} is nothing to ask for"))),
        }
    }
}

fn request(url: String) -> Request {
    Request {
        method: Method::Get,
        url,
        headers: Vec::new(),
        body: Body::Empty,
        limits: RequestLimits {
            total: Some(5000),
            first_byte: None,
            idle: None,
            response_bytes: None,
            redirects: None,
        },
    }
}

openclaw_sdk::tool!(Fail, Say, Ask);
