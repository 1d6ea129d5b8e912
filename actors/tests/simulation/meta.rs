//! Meta's side of sending: whether it takes a message, refuses it or is not heard of again. Knows no machine.

use crate::dice::Dice;
use crate::scenario::Mood;
use bytes::Bytes;
use wharf_actors::cloud::verdict::{Circumstances, verdict};
use wharf_actors::rules::outbox::{Answer, Tried};

/// Codes of every class, scope and delay that a send may meet, with their HTTP status.
const CODES: [(i64, u16); 22] = [
    (131_000, 500),
    (130_429, 400),
    (130_429, 400),
    (131_056, 400),
    (131_056, 400),
    (131_048, 400),
    (131_053, 400),
    (131_208, 400),
    (131_057, 503),
    (2, 500),
    (4, 400),
    (80_007, 400),
    (190, 401),
    (10, 403),
    (131_031, 403),
    (133_010, 400),
    (132_015, 400),
    (132_001, 404),
    (131_026, 400),
    (131_047, 400),
    (100, 400),
    // Nobody has told of it: a token is suspected.
    (999_999, 401),
];
/// What Meta may say of a message that it had taken.
const LATE_CODES: [u32; 4] = [131_026, 130_429, 131_048, 131_049];

/// How Graph is in some mood.
pub struct Manner {
    pub answers_within_ms: u64,
}

pub fn mood_of(mood: Mood) -> Manner {
    Manner { answers_within_ms: if mood == Mood::Slow { 5_000 } else { 200 } }
}

/// What becomes of a send.
pub struct Fate {
    /// What the house hears.
    pub tried: Tried,
    /// Meta's id where it was taken, heard of or not.
    pub wamid: Option<String>,
    /// With which code its status says that it failed after all.
    pub failed: Option<u32>,
}

#[derive(Default)]
pub struct Meta {
    taken: u64,
    pub submitted: u64,
}

impl Meta {
    /// How a try ends.
    pub fn answer(&mut self, mood: Mood, dice: &mut Dice) -> Fate {
        let fate = match mood {
            Mood::Steady => 0,
            Mood::Slow | Mood::Flaky | Mood::Picky => dice.between(0, 9),
            Mood::Down => dice.pick(&[6, 7, 8, 9]),
        };
        self.taken += 1;
        let wamid = format!("wamid.OUT{}", self.taken);
        let failed = (mood != Mood::Steady && dice.one_in(12)).then(|| dice.pick(&LATE_CODES));
        let (tried, wamid) = match fate {
            0..=5 => {
                let answer = Answer { status: 200, body: Bytes::from_static(b"{}") };
                (Tried::Taken { wamid: wamid.as_str().into(), answer }, Some(wamid))
            }
            6 => (Tried::NotSent { reason: "no connection".into() }, None),
            7 => (refused(dice.pick(&CODES)), None),
            _ => (Tried::Lost { reason: "time-out".into() }, dice.one_in(2).then_some(wamid)),
        };
        Fate { tried, failed: failed.filter(|_| wamid.is_some()), wamid }
    }
}

fn refused((code, status): (i64, u16)) -> Tried {
    let with = Circumstances { http_status: status, is_oauth: status == 401, is_transient: false };
    let answer = Answer { status, body: Bytes::from_static(b"{}") };
    Tried::Refused { code: Some(code), verdict: verdict(Some(code), with), answer }
}
