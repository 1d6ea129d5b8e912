//! The committer of the simulated house: what waits becomes durable in groups, late, and who waits is told.

use crate::books::{About, Books, keeps_progress};
use crate::house::{Happening, House, Seat, Waiter};
use std::sync::Arc;
use wharf_storage::{Change, Desk, Outcome, Receipt, Store};

impl House {
    pub fn receipt(&mut self, waiter_seat: &Seat, ticket: u64) -> Receipt {
        self.number(Waiter::Ticket(waiter_seat.clone(), ticket))
    }

    pub fn number(&mut self, waiter: Waiter) -> Receipt {
        self.numbers += 1;
        self.waiters.insert(self.numbers, waiter);
        Receipt { desk: Arc::clone(&self.told) as Arc<dyn Desk>, number: self.numbers }
    }

    pub fn commit(&mut self, change: Change, receipts: Vec<Receipt>, about: About) {
        for stream in keeps_progress(&change) {
            *self.books.keeping.entry(stream).or_default() += 1;
        }
        self.commits.push_back((change.clone(), about));
        self.store.commit(change, receipts);
        if !self.settling {
            self.settling = true;
            self.soon(self.scenario.commit_ms, Happening::Settle(self.store_life));
        }
    }

    pub fn settle(&mut self) {
        self.settling = false;
        let group = self.dice.between(1, self.store.waiting().max(1) as u64);
        for _ in 0..group {
            let Some((change, about)) = self.commits.pop_front() else { break };
            assert!(self.store.settle_next(), "the store has what was committed");
            change.events.iter().for_each(|event| self.promises.journalled(event));
            self.books.commit(&change, &about, &self.all_routes, &self.world, self.now);
            self.settled += 1;
            Books::check_ledgers(&self.store);
            if self.settled.is_multiple_of(100) {
                self.books.check_counts(&self.store);
            }
        }
        let told = std::mem::take(&mut *self.told.0.lock().expect("one thread"));
        let mut newest: Vec<(Seat, u64)> = Vec::new();
        for (number, outcome) in told {
            assert_eq!(outcome, Outcome::Durable);
            match self.waiters.remove(&number) {
                Some(Waiter::Post(post)) => self.part_is_durable(post),
                Some(Waiter::Ticket(seat, ticket)) => match newest.iter_mut().find(|(known, _)| *known == seat) {
                    Some((_, settled)) => *settled = ticket,
                    None => newest.push((seat, ticket)),
                },
                None => {}
            }
        }
        // A mailbox keeps the order: what is settled later is heard later.
        newest.into_iter().for_each(|(seat, ticket)| self.after(0, Happening::Settled(seat, ticket)));
        if !self.commits.is_empty() {
            self.settling = true;
            self.soon(self.scenario.commit_ms, Happening::Settle(self.store_life));
        }
    }
}
