//! Alerts, their rehearsal, the runbook and the kinds of alarm name one another, all of them and nothing else.

use super::{headings, is_metric, metrics_in, read};
use std::collections::BTreeSet;
use wharf::ops::alarms::KINDS;

/// One rule of alerts.yml.
struct Alert {
    name: String,
    expression: String,
    rule: String,
}

fn alerts() -> Vec<Alert> {
    let text = read("deploy/alerts.yml");
    let rules = text.split("      - alert: ").skip(1);
    let alerts = rules.map(|rule| {
        let name = rule.lines().next().expect("a rule has a name").to_owned();
        let expression = rule.lines().find_map(|line| line.trim_start().strip_prefix("expr: "));
        let expression = expression.unwrap_or_else(|| panic!("{name} has no expr on one line")).to_owned();
        Alert { name, expression, rule: rule.to_owned() }
    });
    alerts.collect()
}

#[test]
fn every_alert_has_a_severity_words_and_a_place_in_the_runbook() {
    for Alert { name, rule, .. } in alerts() {
        let severities = ["critical", "warning"].map(|severity| format!("labels: {{ severity: {severity} }}"));
        assert!(severities.iter().any(|severity| rule.contains(severity)), "{name} has no severity of ours");
        for annotation in ["summary: '", "description: '"] {
            assert!(rule.contains(annotation), "{name} has no {annotation}");
        }
        let place = format!("runbook_url: RUNBOOK.md#{}\n", name.to_lowercase());
        assert!(rule.contains(&place), "{name} should have {place}");
    }
}

#[test]
fn every_alert_stands_in_the_runbook_and_nothing_else_does() {
    let runbook = read("deploy/RUNBOOK.md");
    let chapters = runbook.lines().filter(|line| line.starts_with("## Alerts: "));
    let told: BTreeSet<&str> = chapters.flat_map(|chapter| headings(&runbook, chapter, "### ")).collect();
    let alerts = alerts();
    let named: BTreeSet<&str> = alerts.iter().map(|alert| &*alert.name).collect();
    assert_eq!(told, named);
    for Alert { name, rule, .. } in &alerts {
        let text = section(&runbook, name);
        let severity = if rule.contains("severity: critical") { "*Critical.*" } else { "*Warning.*" };
        assert!(text.contains(severity), "the runbook should call {name} {severity}");
        assert!(
            text.contains("\nDo: ") || text.contains("\nLook and do: "),
            "the runbook says nothing to do about {name}"
        );
    }
}

#[test]
fn every_kind_of_alarm_stands_in_the_runbook_with_an_alert_and_nothing_else_does() {
    let runbook = read("deploy/RUNBOOK.md");
    let told: BTreeSet<&str> = headings(&runbook, "\n## Kinds of alarm\n", "### ").into_iter().collect();
    assert_eq!(told, KINDS.into_iter().collect());
    for kind in KINDS {
        let text = section(&runbook, kind);
        let named = alerts().into_iter().any(|alert| text.contains(&format!("[{}](#", alert.name)));
        assert!(named, "the runbook names no alert for the alarm {kind}");
    }
}

#[test]
fn every_alert_is_rehearsed_once_firing_and_once_silent() {
    let rehearsal = read("deploy/alerts_test.yml");
    for Alert { name, .. } in alerts() {
        assert!(rehearsal.contains(&format!("- alertname: {name}\n")), "{name} never fires in alerts_test.yml");
        let silent = rehearsal
            .lines()
            .any(|line| line.contains(&format!("alertname: {name}, ")) && line.ends_with("exp_alerts: [] }"));
        assert!(silent, "{name} is never silent in alerts_test.yml");
    }
}

#[test]
fn alerts_look_at_metrics_and_alarms_that_exist() {
    for Alert { name, expression, .. } in alerts() {
        let unknown: Vec<_> = metrics_in(&expression).filter(|metric| !is_metric(metric)).collect();
        assert!(unknown.is_empty(), "{name} looks at {unknown:?}");
        for kinds in expression.split("what=").skip(1) {
            let kinds = kinds.trim_start_matches(['~', '"']).split('"').next().unwrap_or_default();
            kinds.split('|').for_each(|kind| assert!(KINDS.contains(&kind), "{name} looks for the alarm {kind}"));
        }
    }
}

/// What the runbook says under a heading.
fn section<'t>(runbook: &'t str, heading: &str) -> &'t str {
    let (_, text) = runbook.split_once(&format!("\n### {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    text.split("\n#").next().expect("a split has a first part")
}
