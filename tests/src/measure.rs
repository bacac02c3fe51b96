//! How a bench measures and what it prints.
//!
//! Machines differ and drift, so a figure counts as a ratio to a baseline of the same run: the two take turns,
//! and the median of each is printed with their ratio, one JSON object a line.

use serde::Serialize;

/// How often value and baseline take turns.
const ROUNDS: usize = 11;

/// The medians of two measurements that take turns, after one turn of each that does not count.
pub fn take_turns(mut value: impl FnMut() -> f64, mut baseline: impl FnMut() -> f64) -> (f64, f64) {
    let (mut values, mut baselines) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let pair = (value(), baseline());
        if round > 0 {
            values.push(pair.0);
            baselines.push(pair.1);
        }
    }
    (median(values), median(baselines))
}

/// A line of output.
#[derive(Serialize)]
struct Figure<'a> {
    name: &'a str,
    value: f64,
    unit: &'a str,
    baseline: Option<f64>,
    ratio: Option<f64>,
}

/// Prints a figure beside its baseline.
pub fn report(name: &str, unit: &str, (value, baseline): (f64, f64)) {
    report_beside(name, unit, value, Some(baseline));
}

/// Prints a figure beside its baseline, if there is something to compare with.
pub fn report_beside(name: &str, unit: &str, value: f64, baseline: Option<f64>) {
    let ratio = baseline.map(|baseline| round(value / baseline));
    let figure = Figure {
        name,
        value: round(value),
        unit,
        baseline: baseline.map(round),
        ratio,
    };
    match serde_json::to_string(&figure) {
        Ok(line) => println!("{line}"),
        Err(error) => eprintln!("{name}: {error}"),
    }
}

/// The middle one; 0 of none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// To four significant digits: what is beyond is noise.
fn round(figure: f64) -> f64 {
    if figure == 0.0 || !figure.is_finite() {
        return figure;
    }
    let digits = 10f64.powi(3 - figure.abs().log10().floor() as i32);
    (figure * digits).round() / digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_four_digits() {
        assert_eq!(round(1_234_567.0), 1_235_000.0);
        assert_eq!(round(0.000_123_456), 0.000_123_5);
        assert_eq!(round(0.0), 0.0);
    }

    #[test]
    fn the_median_is_not_moved_by_an_outlier() {
        assert_eq!(median(vec![3.0, 1.0, 1_000_000.0]), 3.0);
    }
}
