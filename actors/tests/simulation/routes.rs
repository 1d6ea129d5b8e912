//! Reloads of the simulated house: routes come, change, go and come back while everything runs, and some go for good.

use crate::house::{Happening, House, Seat};
use std::sync::Arc;
use wharf_actors::account::unfinished_events;
use wharf_actors::gateway::Route;
use wharf_actors::rules::account::Input;
use wharf_actors::rules::deliveries::Ending;
use wharf_storage::Change;

impl House {
    /// Somebody edits the settings and says SIGHUP.
    pub fn reload(&mut self) {
        let mut routes = Vec::new();
        for route in self.all_routes.clone() {
            match self.dice.between(0, 5) {
                0 | 1 => {}
                2 => routes.push(Arc::new(Route { url: format!("{}{}", route.url, self.order), ..(*route).clone() })),
                _ => routes.push(route),
            }
        }
        self.reached.insert("a reload of routes");
        self.take_over(routes);
        if self.dice.one_in(2) {
            self.end_removed();
        }
    }

    /// All routes are back.
    pub fn reload_all(&mut self) {
        self.take_over(self.all_routes.clone());
    }

    fn take_over(&mut self, routes: Vec<Arc<Route>>) {
        self.gateway.routes.set(routes.clone());
        let accounts: Vec<String> = self.actors.keys().cloned().collect();
        for account in accounts.iter().filter(|account| !self.actors[*account].leaving).collect::<Vec<_>>() {
            let input = Input::Routes { routes: routes.clone(), change: Change::default() };
            self.turn(account, input, Vec::new(), 0, false);
        }
        let budget = self.scenario.setting.body_budget();
        self.turn_gate(|machine, now| machine.exchange(&routes, budget, now), Vec::new(), 0);
    }

    /// Somebody ends what the routes left behind that are not there.
    fn end_removed(&mut self) {
        let names: Vec<Arc<str>> = self.all_routes.iter().map(|route| Arc::clone(&route.name)).collect();
        let accounts: Vec<String> = self.actors.keys().cloned().collect();
        for account in accounts {
            let actor = self.actors.get_mut(&account).expect("listed just now");
            if actor.leaving || !names.iter().any(|name| actor.machine.end_route(name)) {
                continue;
            }
            let seat = actor.seat.clone();
            self.reached.insert("a route ended");
            self.turn(&account, Input::Tick, Vec::new(), 0, false);
            self.after(2, Happening::End(seat));
        }
    }

    pub fn end_routes(&mut self, seat: Seat) {
        let account = seat.who.as_deref().expect("an account");
        match self.actors[account].machine.ending() {
            None => {}
            Some(Ending::Later) => self.after(100, Happening::End(seat)),
            Some(Ending::Now { reader, open, after }) => {
                self.soon(5, Happening::GiveUp(seat, reader, open, after));
            }
        }
    }

    pub fn give_up(&mut self, seat: Seat, reader: usize, open: &[u64], after: u64) {
        let account = seat.who.clone().expect("an account");
        let (events, through) = unfinished_events(self.store.as_ref(), &account, open, after).expect("readable");
        let standing = &self.actors[&account].machine.deliveries().readers()[reader];
        if !standing.is_live() && !standing.is_gone() {
            let route = standing.route().name.to_string();
            self.reached.insert("a delivery of an ended route given up");
            self.books.bury(&(account.clone(), route), &events, self.now);
        }
        let reason = "route removed".to_owned();
        self.turn(&account, Input::Bury { reader, events, through, reason }, Vec::new(), 0, false);
        self.after(0, Happening::End(seat));
    }
}
