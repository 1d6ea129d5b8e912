//! Lengths of time and of data, as people write them. Knows no setting.

use std::time::Duration;

const TIMES: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 7 * 86_400_000)];

const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads `7d`, `10s`, `500ms` or `1h30m`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total_ms: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, unit, after) = counted(rest)?;
        total_ms = total_ms.checked_add(number.checked_mul(factor(&TIMES, unit)?)?)?;
        rest = after;
    }
    Some(Duration::from_millis(total_ms))
}

/// Reads `256MiB`, `1GB` or `4096B`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (number, unit, rest) = counted(text.trim())?;
    if !rest.is_empty() {
        return None;
    }
    number.checked_mul(factor(&SIZES, unit)?)
}

/// Splits digits, the letters after them (spaces between are allowed) and the rest.
fn counted(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let after = text[digits..].trim_start();
    let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
    Some((text[..digits].parse().ok()?, &after[..letters], after[letters..].trim_start()))
}

fn factor(units: &[(&str, u64)], unit: &str) -> Option<u64> {
    units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

/// Writes a time in the largest unit that leaves no remainder: `7d`, `90s`.
pub fn duration_text(time: Duration) -> String {
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let days_down = TIMES.iter().rev().filter(|(unit, _)| *unit != "w");
    let unit = days_down.into_iter().find(|(_, factor)| ms >= *factor && ms.is_multiple_of(*factor));
    match unit {
        Some((unit, factor)) => format!("{}{unit}", ms / factor),
        None => format!("{ms}ms"),
    }
}

/// Writes a size in the largest binary unit that leaves no remainder: `256MiB`.
pub fn bytes_text(size: u64) -> String {
    let binary = SIZES.iter().rev().filter(|(unit, _)| unit.ends_with("iB"));
    let unit = binary.into_iter().find(|(_, factor)| size >= *factor && size.is_multiple_of(*factor));
    match unit {
        Some((unit, factor)) => format!("{}{unit}", size / factor),
        None => format!("{size}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let cases =
            [("500ms", 500), ("10s", 10_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("2 w", 1_209_600_000)];
        for (text, ms) in cases {
            assert_eq!(duration(text), Some(Duration::from_millis(ms)), "{text}");
        }
        assert_eq!(duration("0s"), Some(Duration::ZERO));
        for text in ["", "7", "d", "-1s", "1.5h", "7 days", "10S", "99999999999999999999s", "9999999999999999999w"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_read_with_decimal_and_binary_units() {
        let cases = [("256MiB", 256 << 20), ("1GB", 1_000_000_000), ("4096B", 4096), ("64 KiB", 65_536)];
        for (text, size) in cases {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "MiB", "1", "1mb", "1.5GB", "1GB2", "99999999999TiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn times_and_sizes_are_written_in_the_unit_that_fits() {
        assert_eq!(duration_text(Duration::from_secs(7 * 86_400)), "7d");
        assert_eq!(duration_text(Duration::from_secs(90)), "90s");
        assert_eq!(duration_text(Duration::ZERO), "0ms");
        assert_eq!(bytes_text(256 << 20), "256MiB");
        assert_eq!(bytes_text(1_000), "1000B");
    }
}
