//! What the service says of the weather, and how a person says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The units of a report.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Units {
    /// °C and m/s.
    #[default]
    Metric,
    /// °F and mph.
    Imperial,
}

impl Units {
    /// The name that the service knows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Imperial => "imperial",
        }
    }

    fn of_temperature(self) -> &'static str {
        match self {
            Self::Metric => "°C",
            Self::Imperial => "°F",
        }
    }

    fn of_speed(self) -> &'static str {
        match self {
            Self::Metric => "m/s",
            Self::Imperial => "mph",
        }
    }
}

/// The part of the answer that is used.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Report {
    name: String,
    #[serde(default)]
    sys: Place,
    #[serde(default)]
    weather: Vec<Sky>,
    main: Air,
    #[serde(default)]
    wind: Option<Wind>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Place {
    country: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Sky {
    description: String,
}

#[derive(Debug, Deserialize, Serialize)]
struct Air {
    temp: f64,
    feels_like: f64,
    humidity: f64,
}

#[derive(Debug, Deserialize, Serialize)]
struct Wind {
    speed: f64,
}

impl Report {
    /// The report in a sentence or two.
    pub(crate) fn write(&self, units: Units) -> String {
        let place = match &self.sys.country {
            Some(country) => format!("{}, {country}", self.name),
            None => self.name.clone(),
        };
        let sky: Vec<&str> = self.weather.iter().map(|sky| sky.description.as_str()).collect();
        let sky = match sky.is_empty() {
            true => String::new(),
            false => format!("{}, ", sky.join(" and ")),
        };
        let degrees = units.of_temperature();
        let (temp, feels_like) = (round(self.main.temp), round(self.main.feels_like));
        let mut text = format!("{place}: {sky}{temp} {degrees}");
        if temp != feels_like {
            text.push_str(&format!(" (feels like {feels_like} {degrees})"));
        }
        text.push_str(&format!(", humidity {} %", round(self.main.humidity)));
        if let Some(wind) = &self.wind {
            text.push_str(&format!(", wind {:.1} {}", wind.speed, units.of_speed()));
        }
        text + "."
    }
}

/// A number without decimals, and zero without a sign.
fn round(value: f64) -> String {
    let rounded = format!("{value:.0}");
    if rounded == "-0" { "0".to_owned() } else { rounded }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{
        "coord": {"lon": 15.45, "lat": 47.07},
        "weather": [{"id": 500, "main": "Rain", "description": "light rain", "icon": "10d"},
                    {"id": 701, "main": "Mist", "description": "mist", "icon": "50d"}],
        "main": {"temp": 3.6, "feels_like": -0.4, "temp_min": 2, "temp_max": 5, "pressure": 1012, "humidity": 93},
        "visibility": 4000, "wind": {"speed": 2.57, "deg": 80}, "sys": {"country": "AT", "sunrise": 1},
        "name": "Graz", "cod": 200
    }"#;

    #[test]
    fn a_report_is_a_sentence_in_the_units_that_were_asked_for() {
        let report: Report = serde_json::from_str(ANSWER).unwrap();
        assert_eq!(
            report.write(Units::Metric),
            "Graz, AT: light rain and mist, 4 °C (feels like 0 °C), humidity 93 %, wind 2.6 m/s."
        );
        assert!(report.write(Units::Imperial).ends_with("wind 2.6 mph."));
    }

    #[test]
    fn what_is_missing_is_left_out() {
        let bare = r#"{"name": "Sea", "main": {"temp": 10, "feels_like": 10.2, "humidity": 50}}"#;
        let report: Report = serde_json::from_str(bare).unwrap();
        assert_eq!(report.write(Units::Imperial), "Sea: 10 °F, humidity 50 %.");
    }

    #[test]
    fn units_have_the_names_of_the_service() {
        for units in [Units::Metric, Units::Imperial] {
            let read: Units = serde_json::from_str(&format!("{:?}", units.name())).unwrap();
            assert_eq!(read, units);
        }
    }
}
