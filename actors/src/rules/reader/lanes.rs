//! Which open deliveries may start: one at a time in each lane, the most urgent kinds first. One that fails again and
//! again while others get through is parked: it is retried on its own, and its lane goes on without it. What is opened
//! again lines up behind what was there, and yields to what is new.

use super::hold::Held;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use wharf_storage::{Event, EventKind, OpenDelivery, number_tag};

/// The open deliveries of one reader.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    open: BTreeMap<u64, Open>,
    lanes: HashMap<u64, VecDeque<u64>>,
    /// Heads that wait for their time, by when that is.
    later: BTreeSet<(u64, u64)>,
    /// Heads whose time has come, the most urgent first, then by when that was.
    ready: BTreeSet<(u8, u64, u64)>,
    /// Those of them that somebody holds.
    aside: BTreeSet<(u8, u64, u64)>,
    held: Held,
    /// How many were opened again.
    again: usize,
    /// How many are parked, by lane.
    parked: HashMap<u64, usize>,
    under_way: usize,
}

/// A delivery that has not ended.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) lane: u64,
    /// The lane as the event has it: what is kept, because a restart forgets which lanes were joined.
    own_lane: u64,
    pub(super) urgency: u8,
    pub(super) received_at_ms: u64,
    pub(super) attempts: u32,
    pub(super) due_at_ms: u64,
    /// When its last attempt began.
    pub(super) started_ms: u64,
    /// When it first failed; 0 if it never did.
    pub(super) failed_since_ms: u64,
    pub(super) parked: bool,
    /// See [`OpenDelivery::again_after`].
    again_after: u64,
    number: u32,
    /// It is not durable yet: it is not in its lane, and nothing of it starts.
    coming: bool,
    pub(super) under_way: bool,
    pub(super) event: Option<Arc<Event>>,
}

/// What a route gets again goes after all else, like the past.
const YIELDING: u8 = 3;

/// What goes first where a route cannot keep up: 0 before 1. A call rings now, a status can wait, the past has waited.
fn urgency(event: &Event) -> u8 {
    match event.kind {
        EventKind::Status if &*event.field == "calls" => 0,
        EventKind::Call => 0,
        EventKind::Message
        | EventKind::Error
        | EventKind::Echo
        | EventKind::Group
        | EventKind::Preference
        | EventKind::UserId
        | EventKind::Automatic
        | EventKind::Account => 1,
        EventKind::Status => 2,
        EventKind::Contact | EventKind::History => 3,
    }
}

impl Lanes {
    /// Takes a delivery in, to its place in its lane.
    pub(super) fn insert(&mut self, seq: u64, open: Open) {
        self.again += usize::from(open.is_again());
        let is_coming = open.coming;
        self.open.insert(seq, open);
        if !is_coming {
            self.line_up(seq);
        }
    }

    /// A delivery that was opened again is durable.
    pub(super) fn admit(&mut self, seq: u64) {
        if let Some(open) = self.open.get_mut(&seq).filter(|open| open.coming) {
            open.coming = false;
            self.line_up(seq);
        }
    }

    fn line_up(&mut self, seq: u64) {
        let open = &self.open[&seq];
        let (lane, due_at_ms) = (open.lane, open.due_at_ms);
        if open.parked {
            *self.parked.entry(lane).or_default() += 1;
            self.later.insert((due_at_ms, seq));
            return;
        }
        let place = open.place(seq);
        let queue = self.lanes.entry(lane).or_default();
        let goes_before = |other: &u64| self.open[other].under_way || self.open[other].place(*other) < place;
        let at = queue.iter().rposition(goes_before).map_or(0, |ahead| ahead + 1);
        let old_head = queue.front().copied();
        queue.insert(at, seq);
        if at > 0 {
            return self.hurry(seq, at);
        }
        old_head.into_iter().for_each(|head| self.call_off(head));
        self.later.insert((due_at_ms, seq));
    }

    /// What yields and stands right before one that does not is as urgent as that one.
    fn hurry(&mut self, seq: u64, at: usize) {
        let open = &self.open[&seq];
        let (lane, urgency) = (open.lane, open.urgency);
        for index in (0..at).rev() {
            let other = self.lanes[&lane][index];
            let ahead = self.open.get_mut(&other).expect("what is in a lane is open");
            if !ahead.is_again() || ahead.urgency <= urgency {
                return;
            }
            let (was, due_at_ms) = (std::mem::replace(&mut ahead.urgency, urgency), ahead.due_at_ms);
            for heads in [&mut self.ready, &mut self.aside] {
                if heads.remove(&(was, due_at_ms, other)) {
                    heads.insert((urgency, due_at_ms, other));
                }
            }
        }
    }

    /// A head is none any more, or starts.
    fn call_off(&mut self, seq: u64) {
        let open = &self.open[&seq];
        self.later.remove(&(open.due_at_ms, seq));
        self.ready.remove(&(open.urgency, open.due_at_ms, seq));
        self.aside.remove(&(open.urgency, open.due_at_ms, seq));
    }

    /// Nothing that `held` covers starts from now on, and everything else may.
    pub(super) fn hold(&mut self, held: Held) {
        self.held = held;
        self.later.extend(std::mem::take(&mut self.aside).into_iter().map(|(_, due_at_ms, seq)| (due_at_ms, seq)));
    }

    /// Two lanes are one from now on; what is open of both goes in the order in which it was accepted.
    pub(super) fn join(&mut self, from: u64, into: u64) {
        if let Some(parked) = self.parked.remove(&from) {
            *self.parked.entry(into).or_default() += parked;
        }
        let apart = self.open.values_mut().filter(|open| open.lane == from && (open.parked || open.coming));
        apart.for_each(|open| open.lane = into);
        let Some(mut queue) = self.lanes.remove(&from) else { return };
        let other = self.lanes.remove(&into).unwrap_or_default();
        for front in [queue.front(), other.front()].into_iter().flatten() {
            self.call_off(*front);
        }
        for seq in &queue {
            self.open.get_mut(seq).expect("what is in a lane is open").lane = into;
        }
        queue.extend(other);
        queue.make_contiguous().sort_unstable_by_key(|seq| self.open[seq].place(*seq));
        self.lanes.insert(into, queue);
        self.wake(into);
    }

    /// Starts the most urgent delivery that is due.
    pub(super) fn take(&mut self, now: u64) -> Option<u64> {
        while let Some(&(due_at_ms, seq)) = self.later.first()
            && due_at_ms <= now
        {
            self.later.pop_first();
            self.ready.insert((self.open[&seq].urgency, due_at_ms, seq));
        }
        let seq = loop {
            let head = self.ready.pop_first()?;
            match self.held.covers(self.open[&head.2].number) {
                true => self.aside.insert(head),
                false => break head.2,
            };
        };
        let open = self.open.get_mut(&seq).expect("a head is open");
        (open.under_way, open.started_ms) = (true, now);
        self.under_way += 1;
        Some(seq)
    }

    /// A delivery that is under way is not any more; it has not ended. Gives it back for its next time to be set.
    pub(super) fn stop(&mut self, seq: u64) -> Option<&mut Open> {
        let open = self.open.get_mut(&seq).filter(|open| open.under_way)?;
        open.under_way = false;
        self.under_way -= 1;
        Some(open)
    }

    /// A delivery that was stopped waits for its next time.
    pub(super) fn wait(&mut self, seq: u64) {
        let open = &self.open[&seq];
        if open.parked {
            self.later.insert((open.due_at_ms, seq));
        } else {
            self.wake(open.lane);
        }
    }

    /// Lets the lane of a waiting delivery go on without it.
    pub(super) fn park(&mut self, seq: u64) {
        let open = self.open.get_mut(&seq).expect("only an open delivery is parked");
        open.parked = true;
        let (lane, due_at_ms) = (open.lane, open.due_at_ms);
        self.later.insert((due_at_ms, seq));
        *self.parked.entry(lane).or_default() += 1;
        self.leave(seq, lane);
    }

    /// Ends a delivery; the next of its lane may go.
    pub(super) fn end(&mut self, seq: u64) -> Open {
        self.call_off(seq);
        let open = self.open.remove(&seq).expect("only an open delivery ends");
        debug_assert!(!open.under_way, "what is under way is stopped first");
        self.again -= usize::from(open.is_again());
        match self.parked.get_mut(&open.lane).filter(|_| open.parked) {
            Some(1) => drop(self.parked.remove(&open.lane)),
            Some(count) => *count -= 1,
            None if open.coming => {}
            None => self.leave(seq, open.lane),
        }
        open
    }

    /// The endpoint is well again: whoever waits after a failure may go at once.
    pub(super) fn release(&mut self, now: u64) {
        for (_, seq) in std::mem::take(&mut self.later) {
            let open = self.open.get_mut(&seq).expect("a head is open");
            open.due_at_ms = open.due_at_ms.min(now);
            self.later.insert((open.due_at_ms, seq));
        }
    }

    /// Sorts what is open into lanes anew: those of the events, or each its own.
    pub(super) fn relane(&mut self, by_event: bool) {
        let old = std::mem::take(self);
        (self.under_way, self.held) = (old.under_way, old.held);
        for (seq, open) in old.open {
            let lane = if by_event { open.own_lane } else { seq };
            let (due_at_ms, under_way) = (open.due_at_ms, open.under_way);
            self.insert(seq, Open { lane, ..open });
            if under_way {
                self.later.remove(&(due_at_ms, seq));
            }
        }
    }

    /// When something may start next.
    pub(super) fn due_at(&self) -> Option<u64> {
        let ready = self.ready.first().map(|(_, due_at_ms, _)| *due_at_ms);
        let later = self.later.first().map(|(due_at_ms, _)| *due_at_ms);
        [ready, later].into_iter().flatten().min()
    }

    /// Whether a delivery comes after one of its lane that is parked, or is such a one.
    pub(super) fn is_out_of_order(&self, seq: u64) -> bool {
        self.open.get(&seq).is_some_and(|open| self.parked.contains_key(&open.lane))
    }

    /// The delivery that a waiting one is behind in its lane.
    pub(super) fn ahead(&self, seq: u64) -> Option<u64> {
        let open = self.open.get(&seq).filter(|open| !open.parked)?;
        self.lanes.get(&open.lane)?.front().copied().filter(|front| *front != seq)
    }

    pub(super) fn get(&self, seq: u64) -> Option<&Open> {
        self.open.get(&seq)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Open)> {
        self.open.iter().map(|(seq, open)| (*seq, open))
    }

    /// The events in memory.
    pub(super) fn events_mut(&mut self) -> impl Iterator<Item = &mut Arc<Event>> {
        self.open.values_mut().filter_map(|open| open.event.as_mut())
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// How many of them were opened again.
    pub(super) fn again(&self) -> usize {
        self.again
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// How many are next in their lanes, or parked, and not under way.
    pub(super) fn next(&self) -> usize {
        self.ready.len() + self.later.len()
    }

    pub(super) fn parked(&self) -> usize {
        self.parked.values().sum()
    }

    /// A delivery is not in its lane any more; the next one may go.
    fn leave(&mut self, seq: u64, lane: u64) {
        let queue = self.lanes.get_mut(&lane).expect("an open delivery has a lane");
        if queue.front() == Some(&seq) {
            queue.pop_front();
        } else {
            queue.retain(|other| *other != seq);
        }
        if queue.is_empty() {
            self.lanes.remove(&lane);
        } else {
            self.wake(lane);
        }
    }

    /// Lets the head of a lane start when it is due, unless it is under way.
    fn wake(&mut self, lane: u64) {
        let Some(&head) = self.lanes.get(&lane).and_then(VecDeque::front) else { return };
        let open = &self.open[&head];
        if !open.under_way {
            self.ready.remove(&(open.urgency, open.due_at_ms, head));
            self.later.insert((open.due_at_ms, head));
        }
    }
}

impl Open {
    /// A delivery that nobody tried yet.
    pub(super) fn new(event: &Event, lane: u64, kept: Option<Arc<Event>>) -> Self {
        Self {
            lane,
            own_lane: event.lane,
            urgency: urgency(event),
            received_at_ms: event.received_at_ms,
            attempts: 0,
            due_at_ms: 0,
            started_ms: 0,
            failed_since_ms: 0,
            parked: false,
            again_after: 0,
            number: event.number.id.as_deref().map_or(0, number_tag),
            coming: false,
            under_way: false,
            event: kept,
        }
    }

    /// The same, opened again at `now` behind everything up to `after`, once that is durable.
    pub(super) fn again(self, after: u64, now: u64) -> Self {
        Self { urgency: YIELDING, received_at_ms: now, again_after: after, coming: true, ..self }
    }

    /// Whether it was opened again.
    pub(super) fn is_again(&self) -> bool {
        self.again_after > 0
    }

    /// Its place in its lane.
    fn place(&self, seq: u64) -> (u64, u64) {
        if self.is_again() { (self.again_after, seq) } else { (seq, 0) }
    }

    /// One that was kept.
    pub(super) fn restored(kept: OpenDelivery, lane: u64) -> Self {
        Self {
            lane,
            own_lane: kept.lane,
            urgency: kept.urgency,
            received_at_ms: kept.received_at_ms,
            attempts: kept.attempts,
            due_at_ms: kept.due_at_ms,
            started_ms: 0,
            failed_since_ms: kept.failed_since_ms,
            parked: kept.parked,
            again_after: kept.again_after,
            number: kept.number,
            coming: false,
            under_way: false,
            event: None,
        }
    }

    /// As it is kept.
    pub(super) fn kept(&self, seq: u64) -> OpenDelivery {
        OpenDelivery {
            seq,
            lane: self.own_lane,
            urgency: self.urgency,
            received_at_ms: self.received_at_ms,
            attempts: self.attempts,
            due_at_ms: self.due_at_ms,
            failed_since_ms: self.failed_since_ms,
            parked: self.parked,
            again_after: self.again_after,
            number: self.number,
        }
    }
}
