//! Times as tools show them, in the zone that `TZ` names; without one, or with one that is not known, in UTC.

use std::time::SystemTime;

use bashkit::BuiltinContext;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// The zone of a command.
pub(super) fn zone(ctx: &BuiltinContext<'_>) -> Tz {
    let named = ctx.variables.get("TZ").or_else(|| ctx.env.get("TZ"));
    named
        .and_then(|name| name.trim_start_matches(':').parse().ok())
        .unwrap_or(Tz::UTC)
}

/// A time in a zone.
pub(super) fn within(time: SystemTime, zone: Tz) -> DateTime<Tz> {
    DateTime::<Utc>::from(time).with_timezone(&zone)
}

/// With all its digits, as `stat` and `diff` show it.
pub(super) fn full(time: SystemTime, zone: Tz) -> String {
    within(time, zone).format("%Y-%m-%d %H:%M:%S%.9f %z").to_string()
}

/// As `ls -l` shows it: with the year unless it was in the last half of a year.
pub(super) fn listed(time: SystemTime, zone: Tz) -> String {
    let (time, now) = (within(time, zone), Utc::now().with_timezone(&zone));
    let is_recent = time <= now && now - time < TimeDelta::seconds(31_556_952 / 2);
    let form = if is_recent { "%b %e %H:%M" } else { "%b %e  %Y" };
    time.format(form).to_string()
}
