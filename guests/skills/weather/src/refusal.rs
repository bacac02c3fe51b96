//! What the service's refusals mean, for somebody who can do something about them.

/// What is said where no key is configured.
pub(crate) const NO_KEY: &str = "no API key is set: get one at openweathermap.org and set it in openclaw.json as plugins.entries.weather.config.apiKey";

/// The meaning of a status, where the service has one.
pub(crate) fn tell_refusal(status: u16, location: &str) -> Option<String> {
    Some(match status {
        401 => "OpenWeatherMap does not accept the API key: set a valid one in openclaw.json as \
            plugins.entries.weather.config.apiKey; a new key may take two hours until it works"
            .to_owned(),
        400 | 404 => format!(
            "OpenWeatherMap knows no place {location:?}; try its English name, or add the country as in \"Graz,AT\""
        ),
        429 => "OpenWeatherMap was asked more often than the API key allows; try again later".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_who_can_mend_it_and_where() {
        let told = |status| tell_refusal(status, "Atlantis").unwrap();
        assert!(told(401).contains("plugins.entries.weather.config.apiKey"));
        assert!(NO_KEY.contains("plugins.entries.weather.config.apiKey"));
        assert!(told(404).contains("\"Atlantis\""));
        assert!(told(429).contains("later"));
        assert_eq!(tell_refusal(200, ""), None);
        assert_eq!(tell_refusal(503, ""), None, "the host tells of these");
    }
}
