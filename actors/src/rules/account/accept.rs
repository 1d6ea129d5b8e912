//! How an account takes items: duplicates told apart, dialogs met, routes asked, statuses heard. Knows no disk.

use super::scope;
use super::standing::Standing;
use super::{Accept, AccountMachine, Effect, InFlight, Step, wants};
use crate::cloud::item::Item;
use crate::cloud::refusal::Refusal;
use crate::cloud::splice;
use crate::rules::ownership;
use crate::rules::preferences::Word;
use std::sync::Arc;
use wharf_storage::{
    Change, Disposition, Event, EventDialog, EventKind, Kind, Mark, MediaRecord, MessageRecord, Noun, Seen, Tally,
    Write,
};

impl AccountMachine {
    pub(super) fn accept(&mut self, accept: Accept, release: Vec<Write>, effects: &mut Vec<Effect>, now: u64) {
        let forgotten = |dialog: &wharf_storage::Dialog| self.erasing.has_dialog(&self.id, dialog.id);
        for (name, dialog) in accept.dialogs.iter().filter(|(_, dialog)| !forgotten(dialog)) {
            self.dialogs.recall(dialog, name);
        }
        self.recall_messages(accept.messages);
        for said in accept.preferences.into_iter().filter(|said| !self.erasing.names(&self.id, &said.id)) {
            self.preferences.recall(said);
        }
        let adopted = !release.is_empty();
        let mut flight = InFlight::default();
        let mut change = Change { writes: release, ..Change::default() };
        let mut tally = Tally { received: accept.items.len() as i64, ..Tally::default() };
        let mut step = Step::default();
        for (item, copy) in accept.items.into_iter().zip(accept.copies) {
            let from = (&accept.gateway, accept.secret);
            self.take_item(item, copy, from, &mut flight, &mut change, &mut step, &mut tally, now);
        }
        self.join_step(step, &mut flight, &mut change, now);
        if adopted {
            let left = Tally { received: -tally.received, quarantined: -tally.received, ..Tally::default() };
            change.tallies.push((Arc::clone(&accept.gateway), left));
        }
        change.tallies.push((Arc::clone(&self.id), tally));
        self.commit(change, flight, effects);
    }

    #[expect(clippy::too_many_arguments, reason = "one decision about one item; a struct would only rename the list")]
    fn take_item(
        &mut self,
        item: Item,
        copy: Option<Seen>,
        from: (&Arc<str>, u8),
        flight: &mut InFlight,
        change: &mut Change,
        step: &mut Step,
        tally: &mut Tally,
        now: u64,
    ) {
        let key = item.key ^ self.scope;
        if let Some(content) = self.undecided.get(&key).copied().or(copy.map(|seen| seen.content)) {
            tally.duplicate += 1;
            tally.duplicate_differing += i64::from(content != item.content);
            return;
        }
        self.undecided.insert(key, item.content);
        flight.marks.push(key);
        change.marks.push(Mark {
            key,
            stamp: item.stamp,
            seen: Seen { content: item.content, at_s: (now / 1000) as u32 },
        });
        for media in &item.media {
            let (media, account) = (media.clone(), self.record.id.clone());
            change.put(&MediaRecord { media, account, number: item.number.id.clone(), at_ms: now });
        }
        let superseded = item.kind == EventKind::Status && self.take_status(&item, step, now);
        if let Some(number) = item.number.id.as_deref().filter(|_| item.kind == EventKind::Message) {
            self.outbox.heard(number, 1, now);
        }
        let life_before = (item.kind == EventKind::Account).then(|| self.take_life(&item, now));
        let word = Word::of(&item);
        let opens_window = item.opens_window;
        let mut event = self.event(item, from, change, now);
        if opens_window {
            self.window_opens(&event, now);
        }
        if let Some(word) = word {
            self.take_word(word, event.dialog.as_ref(), change);
        }
        if superseded && self.guards_ranks {
            event.wanted_by.push(Event::SUPERSEDED);
        }
        match event.disposition {
            Disposition::Routed => {
                tally.routed += 1;
                self.deliveries.decide(&mut event, wants, tally);
            }
            Disposition::Inactive | Disposition::Test | Disposition::Quarantined => tally.inactive += 1,
        }
        flight.joined.extend(self.dialogs.take_joined().into_iter().map(|joined| (event.seq, joined)));
        let event = Arc::new(event);
        flight.events.push(Arc::clone(&event));
        change.events.push(event);
        if let Some(before) = life_before {
            self.live_on(&before.0, flight, change, now);
            self.hold_as_told(&before.0, before.1, step, now);
        }
    }

    pub(super) fn event(&mut self, mut item: Item, from: (&Arc<str>, u8), change: &mut Change, now: u64) -> Event {
        self.seq += 1;
        let outbound = self.unmark(&mut item);
        if let Some(display) = item.number.id.as_ref().and_then(|id| self.numbers.get(id)) {
            item.number.display = Some(display.clone());
        }
        let dialog = self.dialogs.meet(&item, change, self.last_ticket + 1, now);
        item.number.id = item.number.id.or_else(|| self.number_shown_as(item.number.display.as_deref()?));
        let lane = scope::lane(&item, dialog.as_ref().map(|dialog| dialog.id));
        Event {
            stream: Arc::clone(&self.id),
            seq: self.seq,
            received_at_ms: now,
            kind: item.kind,
            disposition: if self.record.active { Disposition::Routed } else { Disposition::Inactive },
            gateway: Arc::clone(from.0),
            secret: from.1,
            field: item.field,
            claimed: None,
            number: item.number,
            dialog,
            lane,
            message_id: item.message_id,
            outbound,
            wanted_by: Vec::new(),
            body: item.body,
            item: item.item,
        }
    }

    /// The id of the number that Graph shows like this: fields of the account name their number by it alone.
    pub(super) fn number_shown_as(&self, display: &str) -> Option<Box<str>> {
        let digits = ownership::digits(display);
        let mut numbers = self.numbers.iter().filter(|(_, shown)| ownership::digits(shown) == digits);
        numbers.next().filter(|_| !digits.is_empty()).map(|(id, _)| id.clone())
    }

    /// Messages that statuses speak of, as the store has them.
    fn recall_messages(&mut self, messages: Vec<MessageRecord>) {
        for record in messages.into_iter().filter(|record| !self.erasing.has_message(record)) {
            match record.wamid.clone() {
                Some(wamid) if !self.recent.contains(&wamid) => self.recent.put(wamid, record),
                Some(_) => {}
                None => self.given_up.put(record.id.clone(), record),
            }
        }
    }

    /// Our id of the message that a status with our mark is about; the mark makes room for what the application had put
    /// there itself.
    fn unmark(&self, item: &mut Item) -> Option<Box<str>> {
        let id = Box::from(splice::marked_message(item.opaque.as_deref()?)?);
        let by_wamid = item.message_id.as_ref().and_then(|wamid| self.recent.peek(wamid));
        let record = self.outbox.get(&id).or(by_wamid.filter(|record| record.id == id)).or(self.given_up.peek(&id));
        // Sent twice, and this is the try whose answer was lost.
        let record = record.or_else(|| self.recent.find(|record| record.id == id));
        let own = record.and_then(|record| record.opaque.as_deref());
        if let Some((body, range)) = splice::unmarked(&item.body, item.item, own) {
            (item.body, item.item) = (body, range);
        }
        Some(id)
    }

    /// A customer wrote or called: what waits for them begins nothing while their window is open.
    fn window_opens(&mut self, event: &Event, now: u64) {
        let (Some(number), Some(dialog)) = (&event.number.id, &event.dialog) else { return };
        let until_ms = dialog.window_expires_at_ms.unwrap_or(0);
        for id in [&dialog.wa_id, &dialog.user_id].into_iter().flatten() {
            self.outbox.window_opens(number, id, until_ms, now);
        }
    }

    /// A customer said something about marketing: it counts for every id of theirs that we know.
    fn take_word(&mut self, mut word: Word, dialog: Option<&EventDialog>, change: &mut Change) {
        let ids = dialog.into_iter().flat_map(|dialog| [&dialog.wa_id, &dialog.user_id]).flatten();
        word.ids.extend(ids.cloned());
        self.preferences.hear(word, change);
    }

    /// Hears a status of a message; says whether a later one was heard before.
    fn take_status(&mut self, item: &Item, step: &mut Step, now: u64) -> bool {
        let (Some(wamid), Some(status)) = (&item.message_id, &item.status) else { return false };
        if let Some(id) = item.opaque.as_deref().and_then(splice::marked_message) {
            if self.outbox.get(id).is_some() {
                self.outbox.adopt(id, wamid, step, now);
                self.remember_taken(step, now);
            } else if let Some(record) = self.given_up.get_mut(id) {
                // It was sent after all. Without its bytes no redrive can send it once more.
                record.wamid = Some(wamid.clone());
                step.change.remove(Kind::Body, record.key());
            }
        }
        if let (Some(record), Some(refusal)) = (self.recent.peek(wamid), refused(item)) {
            self.outbox.learn(record, refusal.code, refusal.verdict(), step, now);
        }
        let heard = self.guards_ranks && self.ranks.hear(item);
        match self.recent.get_mut(wamid) {
            Some(record) => {
                let mut standing = Standing::of(record.state);
                let is_behind = standing.is_beyond(item);
                if standing.hear(status, item) {
                    standing.show(record, now);
                    step.change.put(record);
                }
                heard || is_behind
            }
            None => {
                let mut standing = self.early.pop(wamid).unwrap_or_default();
                standing.hear(status, item);
                self.early.put(wamid.clone(), standing);
                heard
            }
        }
    }
}

/// Why Meta says that a message failed, where a status says so.
fn refused(item: &Item) -> Option<Refusal> {
    let failed = item.status.as_deref() == Some("failed");
    failed.then(|| Refusal::of_status(&bytes::Bytes::copy_from_slice(item.bytes())))?
}
