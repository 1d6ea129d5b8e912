//! The dashboard for Grafana: it is JSON, its panels are told apart and explained, and its metrics exist.

use super::{is_metric, metrics_in, read};
use serde_json::Value;
use std::collections::BTreeSet;

fn dashboard() -> Value {
    serde_json::from_str(&read("deploy/grafana-dashboard.json")).expect("JSON")
}

fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = dashboard["panels"].as_array().expect("panels");
    top.iter()
        .flat_map(|panel| std::iter::once(panel).chain(panel["panels"].as_array().into_iter().flatten()))
        .collect()
}

#[test]
fn every_panel_has_an_id_of_its_own_and_says_what_it_shows() {
    let dashboard = dashboard();
    let mut ids = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap_or_default();
        assert!(!title.is_empty(), "{panel}");
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{title} has the id of another panel");
        let is_explained = panel["description"].as_str().is_some_and(|text| text.ends_with('.'));
        assert!(panel["type"] == "row" || is_explained, "{title} has no description");
    }
}

#[test]
fn every_metric_of_the_dashboard_exists() {
    let dashboard = dashboard();
    for panel in panels(&dashboard) {
        let targets = panel["targets"].as_array().map_or(&[][..], Vec::as_slice);
        assert!(panel["type"] == "row" || !targets.is_empty(), "{} asks nothing", panel["title"]);
        for target in targets {
            let expression = target["expr"].as_str().expect("an expression");
            let mut names = metrics_in(expression).peekable();
            assert!(names.peek().is_some(), "{expression} names no metric");
            names.for_each(|name| assert!(is_metric(name), "{}: there is no metric {name}", panel["title"]));
        }
    }
}

#[test]
fn no_panel_lies_on_another() {
    let dashboard = dashboard();
    let place = |panel: &Value| ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().expect("a place"));
    let placed: Vec<_> = panels(&dashboard).into_iter().map(|panel| (panel["title"].as_str(), place(panel))).collect();
    for (nth, (title, [x, y, w, h])) in placed.iter().enumerate() {
        assert!(x + w <= 24, "{title:?} is too wide");
        for (other, [ox, oy, ow, oh]) in &placed[nth + 1..] {
            let apart = x + w <= *ox || ox + ow <= *x || y + h <= *oy || oy + oh <= *y;
            assert!(apart, "{title:?} lies on {other:?}");
        }
    }
}
