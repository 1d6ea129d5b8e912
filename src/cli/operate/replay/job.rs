//! A replay as the API tells of it, and what its progress means: share, rate, what is left. No clock, no bar.

use super::super::paper::Paper;
use super::super::times;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A replay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) route: Option<String>,
    pub(super) state: String,
    pub(super) done: u64,
    pub(super) skipped: u64,
    pub(super) next_seq: u64,
    pub(super) through_seq: u64,
    pub(super) began_at: Option<String>,
    pub(super) ended_at: Option<String>,
}

/// What a dry run counted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counted {
    events: u64,
    bytes: u64,
    routes: BTreeMap<String, u64>,
    first: Option<serde_json::Value>,
    last: Option<serde_json::Value>,
    /// The count ended before the journal did.
    at_least: bool,
}

/// Where a replay stands in what it goes through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Progress {
    /// Places of the journal gone through since it is watched.
    pub(super) position: u64,
    /// All that there were then.
    pub(super) length: u64,
    /// Rate and what is left.
    pub(super) words: String,
}

impl Job {
    /// Whether it has ended.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "done" | "cancelled")
    }

    /// How it stands, in a sentence.
    pub(super) fn sentence(&self) -> String {
        let Self { id, state, done, skipped, .. } = self;
        let skipped = match skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped: of another type, wanted by no route, or still on their way"),
        };
        format!("{id} {state}: {done} delivered again{skipped}")
    }

    /// How far it came since it was seen as `first`, `seconds` ago.
    pub(super) fn progress(&self, first: &Self, seconds: f64) -> Progress {
        let length = (first.through_seq + 1).saturating_sub(first.next_seq);
        let position = match self.is_over() && self.state == "done" {
            true => length,
            false => self.next_seq.saturating_sub(first.next_seq).min(length),
        };
        let done = (self.done + self.skipped).saturating_sub(first.done + first.skipped);
        let rate = if seconds > 0.0 { done as f64 / seconds } else { 0.0 };
        let pace = if seconds > 0.0 { position as f64 / seconds } else { 0.0 };
        let left = match length - position {
            0 => "nothing left".to_owned(),
            left if pace > 0.0 => format!("about {} left", times::length((left as f64 / pace).ceil() as u64)),
            left => format!("{left} places left"),
        };
        Progress { position, length, words: format!("{} delivered, {rate:.0}/s, {left}", self.done) }
    }
}

impl Counted {
    /// What people see of it.
    pub(super) fn paper(&self) -> Paper {
        let mut paper = Paper::default();
        let size = size(self.bytes);
        let least = if self.at_least { "at least " } else { "" };
        paper.say(format!("{least}{} events of {size} would be delivered again", self.events));
        for (route, count) in &self.routes {
            paper.pair("", format!("{count} to {route}"));
        }
        let place = |place: &Option<serde_json::Value>| {
            place.as_ref().filter(|place| !place.is_null()).map(|place| place.to_string().trim_matches('"').to_owned())
        };
        if let (Some(first), Some(last)) = (place(&self.first), place(&self.last)) {
            paper.say(format!("the first is {first}, the last {last}"));
        }
        paper
    }
}

/// Bytes in the largest unit of which there is a whole one.
fn size(bytes: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = units.into_iter().find(|(_, unit)| bytes >= *unit);
    unit.map_or_else(|| format!("{bytes} bytes"), |(name, unit)| format!("{:.1} {name}", bytes as f64 / unit as f64))
}

/// What whoever leaves a running replay should know.
pub(super) fn how_to_go_on(waba: &str, id: &str) -> String {
    format!("{id} goes on by itself: `wharf replay {waba} --watch {id}` watches it, --cancel {id} ends it")
}

#[cfg(test)]
mod tests {
    use super::super::super::paper::Colour;
    use super::*;
    use serde_json::json;

    fn job(state: &str, done: u64, next_seq: u64) -> Job {
        Job { id: "rpl_1".into(), state: state.into(), done, next_seq, through_seq: 1_099, ..Job::default() }
    }

    #[test]
    fn progress_is_by_place_and_the_rest_by_its_pace() {
        let first = job("running", 0, 100);
        let told = first.progress(&first, 0.0);
        assert_eq!((told.position, told.length, &*told.words), (0, 1_000, "0 delivered, 0/s, 1000 places left"));
        let told = job("running", 150, 400).progress(&first, 3.0);
        assert_eq!((told.position, &*told.words), (300, "150 delivered, 50/s, about 7s left"));
        let told = job("done", 500, 1_100).progress(&first, 10.0);
        assert_eq!((told.position, &*told.words), (1_000, "500 delivered, 50/s, nothing left"));
    }

    #[test]
    fn a_replay_of_nothing_is_done_at_once() {
        let empty = Job { next_seq: 1_100, ..job("done", 0, 0) };
        let told = empty.progress(&empty, 0.0);
        assert_eq!((told.position, told.length, &*told.words), (0, 0, "0 delivered, 0/s, nothing left"));
        assert_eq!(
            Job { skipped: 2, ..job("cancelled", 7, 0) }.sentence(),
            "rpl_1 cancelled: 7 delivered again, 2 skipped: of another type, wanted by no route, or still on their way"
        );
    }

    #[test]
    fn a_dry_run_says_how_much_would_go_where() {
        let told = json!({"dry_run": true, "events": 42, "bytes": 4096, "routes": {"support/bot": 42, "support/crm": 3},
            "first": "1022.57", "last": "1022.99"});
        let counted: Counted = serde_json::from_value(told).expect("a count");
        let expected = "\
42 events of 4.0 KiB would be delivered again
              42 to support/bot
              3 to support/crm
the first is 1022.57, the last 1022.99
";
        assert_eq!(counted.paper().render(Colour::Without), expected);
        let part = Counted { at_least: true, ..counted };
        assert!(part.paper().render(Colour::Without).starts_with("at least 42 events"));
        assert_eq!([0, 1023, 194_294, 5 << 30].map(size), ["0 bytes", "1023 bytes", "189.7 KiB", "5.0 GiB"]);
    }
}
