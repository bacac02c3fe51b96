//! What the weather is like, from OpenWeatherMap. The service wants its key in the query; what stands there is a
//! placeholder, and the gateway puts the key in its place on the way to this one host.
//!
//! **Bound.** One request a call, to one path of one host, with a response of at most 64 KiB. Nothing is kept.

mod refusal;
mod report;

use std::time::Duration;

use openclaw_sdk::{
    Context, ErrorCode, Failure, Output, Result, Skill, Tool, ToolTrait, config, http, secrets,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::refusal::tell_refusal;
use crate::report::{Report, Units};

/// A host of its own choice would be no use to anybody: the key is good for this one alone.
const ADDRESS: &str = "https://api.openweathermap.org/data/2.5/weather";
const MAX_BYTES: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The place: a town, if need be with the two-letter code of its country, as in `Springfield,US`.
    location: String,
    /// The units of the answer.
    units: Option<Units>,
}

struct Weather;

impl Tool for Weather {
    const NAME: &'static str = "weather";
    const TITLE: Option<&'static str> = Some("Weather");
    const DESCRIPTION: &'static str =
        "Tells the current weather at a place: sky, temperature, humidity and wind.";
    const TRAITS: &'static [ToolTrait] = &[ToolTrait::ReadOnly];
    type Args = Args;

    fn call(args: Args, _: &Context) -> Result<Output> {
        let location = args.location.trim();
        if location.is_empty() {
            return Err(Failure::new("the location is empty; name a town"));
        }
        let units = match args.units {
            Some(units) => units,
            None => configured_units()?,
        };
        let key = secrets::get("apiKey").map_err(|error| match error.code {
            ErrorCode::NotFound => Failure::new(refusal::NO_KEY),
            _ => Failure::from(error),
        })?;
        let response = http::get(ADDRESS)
            .query("q", location)
            .query("units", units.name())
            .query("appid", &key)
            .timeout(PATIENCE)
            .max_bytes(MAX_BYTES)
            .send()?;
        if let Some(refusal) = tell_refusal(response.status(), location) {
            return Err(Failure::new(refusal));
        }
        let report: Report = response.error_for_status()?.json()?;
        Output::text(report.write(units))
            .with_structured(&report)
            .map_err(Failure::from)
    }
}

fn configured_units() -> Result<Units> {
    Ok(config::read("/units")?.unwrap_or_default())
}

struct Instructions;

impl Skill for Instructions {
    fn instructions() -> Result<String> {
        let units = configured_units()?;
        let text = body(include_str!("../SKILL.md"));
        Ok(format!(
            "{text}\nWithout `units` the answer is {}.\n",
            units.name()
        ))
    }
}

/// What stands behind the front matter.
fn body(skill: &str) -> &str {
    let behind = skill
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"));
    behind.map_or(skill, |(_, body)| body.trim_start())
}

openclaw_sdk::skill!(Instructions: Weather);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_may_go_to_the_host_that_is_asked_and_nowhere_else() {
        let manifest: serde_json::Value =
            serde_json::from_str(include_str!("../openclaw.plugin.json")).unwrap();
        assert_eq!(manifest["contracts"]["tools"], serde_json::json!([Weather::NAME]));
        let (rule, secret) = (
            &manifest["capabilities"]["http"][0],
            &manifest["capabilities"]["secrets"][0],
        );
        let host = rule["host"].as_str().unwrap();
        let path = rule["paths"][0].as_str().unwrap();
        assert_eq!(ADDRESS, format!("https://{host}{path}"));
        assert_eq!(secret["audience"], serde_json::json!([host]));
    }

    #[test]
    fn the_front_matter_is_not_for_the_model() {
        assert!(body(include_str!("../SKILL.md")).starts_with("# Weather\n"));
        assert_eq!(body("no front matter"), "no front matter");
    }
}
