//! The statuses of a message on its way: which come, when, and how they look; a plan, no clock.

use std::sync::Arc;
use std::time::Duration;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::item::{Item, Line};
use super::people::Person;
use super::refusal::Refusal;
use super::signing::meta_json;

/// A message whose statuses are wanted.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// Its wamid.
    pub wamid: String,
    /// The number it was sent from.
    pub line: Arc<Line>,
    /// Whom it went to.
    pub person: Person,
    /// What becomes of it.
    pub course: Course,
    /// `biz_opaque_callback_data` of the send, given back in each status.
    pub mark: Option<String>,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// sent, delivered, read; now and then not read.
    Usual,
    /// sent only, as for reactions.
    SentOnly,
    /// sent, delivered, read, played, as for voice notes.
    Played,
    /// failed with this code, and nothing else.
    Failed(u32),
}

/// How statuses come.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Habits {
    /// Share of messages whose statuses come out of order, 0 to 1.
    pub disorder: f64,
    /// Share of messages whose statuses all come at the same moment, 0 to 1.
    pub together: f64,
    /// Share of statuses that come a second time, 0 to 1.
    pub twice: f64,
}

#[derive(Serialize)]
struct Status<'a> {
    id: &'a str,
    status: &'a str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient_user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    biz_opaque_callback_data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pricing: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<Value>,
}

/// The statuses of `message` and how long after `now` each is sent. Their timestamps tell the true order; with a
/// chance they are sent in another, at once, or again.
pub fn plan(message: &Outbound, habits: &Habits, dice: &mut impl Rng, now: u64) -> Vec<(Duration, Item)> {
    let names = names(message.course, dice);
    let mut moments = moments(names.len(), dice);
    let true_moments = moments.clone();
    if dice.random_bool(share(habits.together)) {
        moments.fill(true_moments[0]);
    }
    let stamped = names.iter().zip(true_moments);
    let mut items: Vec<Item> = stamped.map(|(name, at)| item(message, name, now + at.as_secs())).collect();
    if dice.random_bool(share(habits.disorder)) {
        items.shuffle(dice);
    }
    let mut plan: Vec<(Duration, Item)> = moments.into_iter().zip(items).collect();
    plan.extend(again(&plan, habits, dice));
    plan
}

/// Those that come a second time, up to two seconds later.
fn again(plan: &[(Duration, Item)], habits: &Habits, dice: &mut impl Rng) -> Vec<(Duration, Item)> {
    let mut repeated = Vec::new();
    for (at, item) in plan {
        if dice.random_bool(share(habits.twice)) {
            repeated.push((*at + Duration::from_millis(dice.random_range(0..2_000)), item.clone()));
        }
    }
    repeated
}

fn share(wanted: f64) -> f64 {
    if wanted.is_finite() { wanted.clamp(0.0, 1.0) } else { 0.0 }
}

fn names(course: Course, dice: &mut impl Rng) -> Vec<&'static str> {
    match course {
        Course::Usual if dice.random_bool(0.8) => vec!["sent", "delivered", "read"],
        Course::Usual => vec!["sent", "delivered"],
        Course::SentOnly => vec!["sent"],
        Course::Played => vec!["sent", "delivered", "read", "played"],
        Course::Failed(_) => vec!["failed"],
    }
}

/// Moments that ascend: the first after 20 to 120 ms, each following 50 to 800 ms later.
fn moments(count: usize, dice: &mut impl Rng) -> Vec<Duration> {
    let mut at = 0;
    let mut next = |nth: usize| {
        at += if nth == 0 { dice.random_range(20..120) } else { dice.random_range(50..800) };
        Duration::from_millis(at)
    };
    (0..count).map(&mut next).collect()
}

fn item(message: &Outbound, name: &'static str, timestamp: u64) -> Item {
    let status = Status {
        id: &message.wamid,
        status: name,
        timestamp: timestamp.to_string(),
        recipient_id: message.person.wa_id.as_deref(),
        recipient_user_id: message.person.user_id.as_deref(),
        biz_opaque_callback_data: message.mark.as_deref(),
        pricing: pricing(name),
        errors: errors(message.course),
    };
    let contact = (name != "failed").then(|| message.person.contact());
    Item::status(format!("{}:{name}", message.wamid), &message.line, meta_json(&status), contact)
}

fn pricing(name: &str) -> Option<Value> {
    let priced = matches!(name, "sent" | "delivered");
    priced.then(
        || json!({"billable": false, "pricing_model": "PMP", "category": "service", "type": "free_customer_service"}),
    )
}

fn errors(course: Course) -> Option<Value> {
    match course {
        Course::Failed(code) => Some(json!([Refusal::coded(code).in_status()])),
        Course::Usual | Course::SentOnly | Course::Played => None,
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    fn outbound(course: Course) -> Outbound {
        let line = Arc::new(Line::new("1", "2", "1555"));
        Outbound { wamid: "wamid.A=".into(), line, person: Person::nth(1, 1), course, mark: Some("order/7".into()) }
    }

    fn names_in_time(course: Course, disorder: f64, seed: u64) -> Vec<String> {
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(seed);
        let habits = Habits { disorder, ..Habits::default() };
        let mut plan = plan(&outbound(course), &habits, &mut dice, 1_790_000_000);
        plan.sort_by_key(|(after, _)| *after);
        plan.into_iter().map(|(_, item)| item.key.rsplit(':').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn statuses_come_in_order_unless_disorder_is_asked_for() {
        for seed in 0..50 {
            assert!(
                ["sent", "delivered", "read"].starts_with(
                    &names_in_time(Course::Usual, 0.0, seed).iter().map(String::as_str).collect::<Vec<_>>()
                )
            );
        }
        assert!((0..50).any(|seed| names_in_time(Course::Usual, 1.0, seed)[0] != "sent"));
    }

    #[test]
    fn every_status_gives_the_mark_back() {
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(1);
        for (_, item) in plan(&outbound(Course::Played), &Habits::default(), &mut dice, 1_790_000_000) {
            let status: Value = serde_json::from_str(&item.body).expect("JSON");
            assert_eq!(status["biz_opaque_callback_data"], "order/7");
            assert_eq!(status["id"], "wamid.A=");
        }
    }

    #[test]
    fn statuses_come_together_and_twice_when_asked_to() {
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(1);
        let habits = Habits { together: 1.0, twice: 1.0, disorder: 0.0 };
        let plan = plan(&outbound(Course::Played), &habits, &mut dice, 1_790_000_000);
        let (first, again) = plan.split_at(4);
        assert!(first.iter().all(|(at, _)| *at == first[0].0), "all at the same moment");
        let bodies = |some: &[(Duration, Item)]| some.iter().map(|(_, item)| item.body.clone()).collect::<Vec<_>>();
        assert_eq!(bodies(first), bodies(again), "the same to the byte");
    }

    #[test]
    fn a_failed_message_has_its_reason_and_nothing_else() {
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(1);
        let plan = plan(&outbound(Course::Failed(131_047)), &Habits::default(), &mut dice, 1_790_000_000);
        let status: Value = serde_json::from_str(&plan[0].1.body).expect("JSON");
        assert_eq!(
            (plan.len(), &status["status"], &status["errors"][0]["code"]),
            (1, &json!("failed"), &json!(131_047))
        );
        assert!(plan[0].1.contact.is_none());
    }
}
