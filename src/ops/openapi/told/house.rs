//! What is told of the house as a whole.

use super::super::shapes::Document;
use super::Told;
use crate::error::ErrorId;
use crate::ops::alarms::Alarms;
use crate::ops::audit::AuditShown;
use crate::ops::ledger::Sheet;
use crate::ops::page::Page;
use crate::ops::rates::Shown as Rates;

const HOUSE: &str = "House";
const DASHBOARD: &str = "Dashboard";
const THIS: &str = "This document";

pub(crate) fn alive() -> Told {
    Told::open(HOUSE, "The process answers").says(&["text/plain"], "It does.")
}

pub(crate) fn ready() -> Told {
    Told::open(HOUSE, "The store takes changes and the accounts are restored")
        .more("Says `recovering` while the store opens, and how much space is taken from 80 % on.")
        .says(&["text/plain"], "It can do its work.")
        .may(&[ErrorId::NotReady, ErrorId::StoreClosed, ErrorId::StoreFull])
}

pub(crate) fn metrics() -> Told {
    Told::open(HOUSE, "Figures for Prometheus")
        .says(&["text/plain"], "Prometheus text.")
        .may(&[ErrorId::NotReady, ErrorId::Internal])
}

pub(crate) fn alarms() -> Told {
    Told::inspect(HOUSE, "What somebody should do something about now").answers::<Alarms>(200, "All alarms.")
}

pub(crate) fn ledger() -> Told {
    Told::inspect(HOUSE, "Where everything went: the sums, and whether they balance")
        .answers::<Sheet>(200, "All figures from one committed state.")
}

pub(crate) fn audit() -> Told {
    Told::inspect(HOUSE, "Who changed what").ordered("oldest").answers::<Page<AuditShown>>(200, "A part of the list.")
}

pub(crate) fn document() -> Told {
    Told::open(THIS, "OpenAPI 3.1, made from the code").answers::<Document>(200, "The document.")
}

pub(crate) fn docs() -> Told {
    Told::open(THIS, "The same as a page for people").says(&["text/html"], "A page that needs nothing from elsewhere.")
}

pub(crate) fn style() -> Told {
    Told::open(THIS, "How that page looks").says(&["text/css"], "A stylesheet.")
}

pub(crate) fn front() -> Told {
    Told::open(DASHBOARD, "The dashboard")
        .says(&["text/html"], "A page; it asks for a key before it shows anything.")
        .kept()
}

pub(crate) fn asset() -> Told {
    Told::open(DASHBOARD, "A file of the dashboard")
        .says(&["text/javascript", "text/css", "text/html", "image/svg+xml"], "A script, a style, a page or a picture.")
        .kept()
}

pub(crate) fn rates() -> Told {
    Told::inspect(HOUSE, "How much came and went of late")
        .more("Counted in steps of ten seconds since this process began, an hour at most; of accounts the busiest.")
        .between("minutes", "How far back; an hour, where nothing is said.", 1..=60)
        .answers::<Rates>(200, "Series of figures, the oldest first.")
}
