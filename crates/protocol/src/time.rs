//! Points in time as they appear on the wire: RFC 3339, UTC, milliseconds.

use std::fmt;
use std::str::FromStr;

use jiff::fmt::StdFmtWrite;
use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = DateTime))]
pub struct Timestamp(pub i64);

/// RFC 3339 in UTC, with three digits of a second.
const MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Out of range means a year beyond 9999: show the number rather than lie.
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) => MILLISECONDS
                .print_timestamp(&at, StdFmtWrite(f))
                .map_err(|_| fmt::Error),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

/// A text that is no time of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time such as 2026-01-31T09:30:00.000Z")]
pub struct TimestampError(String);

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads what RFC 3339 allows and no more: four digits of a year, `T`, and an offset. What is
    /// finer than a millisecond is cut off.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || TimestampError(text.chars().take(40).collect());
        if !has_shape(text.as_bytes()) {
            return Err(refused());
        }
        let at: jiff::Timestamp = text.parse().map_err(|_| refused())?;
        Ok(Self(at.as_millisecond()))
    }
}

/// Whether a text looks like `2026-01-31T09:30:00.000Z` or `2026-01-31T10:30:00+01:00`; jiff reads
/// other forms of ISO 8601 too.
fn has_shape(text: &[u8]) -> bool {
    let like = |text: &[u8], shape: &[u8]| {
        let pairs = text.iter().zip(shape);
        text.len() == shape.len()
            && pairs.into_iter().all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't'),
                b'+' => matches!(byte, b'+' | b'-'),
                other => byte == other,
            })
    };
    let Some((whole, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let offset = match rest.strip_prefix(b".") {
        Some(rest) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            &rest[digits..]
        }
        None => rest,
    };
    like(whole, b"0000-00-00T00:00:00")
        && (matches!(offset, b"Z" | b"z") || like(offset, b"+00:00"))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_printed_in_utc_with_milliseconds_and_read_back() {
        let at = Timestamp(1_700_000_000_007);
        assert_eq!(at.to_string(), "2023-11-14T22:13:20.007Z");
        assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        assert_eq!(
            "2023-11-14T23:13:20.007+01:00"
                .parse::<Timestamp>()
                .unwrap(),
            at
        );
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn only_rfc_3339_is_read() {
        for good in [
            "2023-11-14T22:13:20Z",
            "2023-11-14t22:13:20z",
            "2023-11-14T22:13:20.000999999Z",
            "2023-11-14T17:43:20-04:30",
        ] {
            assert_eq!(good.parse(), Ok(Timestamp(1_700_000_000_000)), "{good}");
        }
        for bad in [
            "",
            "now",
            "1700000000000",
            "2023-11-14",
            "2023-11-14T22:13Z",
            "2023-11-14T22:13:20",
            "2023-11-14 22:13:20Z",
            "2023-11-14T22:13:20 01:00",
            "2023-11-14T22:13:20+0100",
            "2023-11-14T22:13:20+01",
            "2023-11-14T22:13:20.Z",
            "2023-11-14T22:13:20,5Z",
            "2023-11-14T22:13:20Z[UTC]",
            " 2023-11-14T22:13:20Z",
            "20231114T221320Z",
            "2023-02-29T00:00:00Z",
            "2023-11-14T24:00:00Z",
            "2023-11-14T22:13:20+25:99",
            "-000001-11-14T22:13:20Z",
            "-2023-11-14T22:13:20Z",
            "+012023-11-14T22:13:20Z",
            "10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "２023-11-14T22:13:20Z",
            "2023-11-14T22:13:20Z\0",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
        let long = "9".repeat(1_000).parse::<Timestamp>().unwrap_err();
        assert!(long.to_string().len() < 120, "{long}");
    }
}
