//! Findings for people: in groups, each with a mark and a word, its remedy below it, and the sum at the end. Pure.

use super::super::paper::{Line, Paper, Span, Tone};
use crate::ops::doctor::finding::{Finding, Level, Report};

/// The groups, and which checks are in each. What is in none comes at the end.
const GROUPS: [(&str, &[&str]); 5] = [
    ("This Wharf", &["wharf", "settings", "port", "store", "disk", "graph", "clock", "keys"]),
    ("The way in", &["public_url", "tls", "callback", "handshake", "signature"]),
    ("Meta", &["token", "app"]),
    ("Accounts", &["account"]),
    ("Routes", &["route"]),
];

/// The whole report.
pub(super) fn paper(report: &Report) -> Paper {
    let mut paper = Paper::default();
    for (title, checks) in GROUPS {
        group(&mut paper, title, report, |check| checks.contains(&check));
    }
    group(&mut paper, "Besides", report, |check| !GROUPS.iter().any(|(_, checks)| checks.contains(&check)));
    paper.say(summary(report));
    paper
}

fn group(paper: &mut Paper, title: &str, report: &Report, is_in: impl Fn(&str) -> bool) {
    let findings: Vec<&Finding> = report.findings.iter().filter(|finding| is_in(&finding.check)).collect();
    if findings.is_empty() {
        return;
    }
    paper.line(Line::toned(title, Tone::Strong));
    findings.iter().for_each(|finding| lines(paper, finding));
    paper.gap();
}

fn lines(paper: &mut Paper, finding: &Finding) {
    let Finding { check, subject, level, says, remedy, .. } = finding;
    let subject = if subject.is_empty() { String::new() } else { format!(" {subject}") };
    let verdict = Span::new(format!("{} {:<7}", mark(*level), level.word()), tone(*level));
    paper.line(Line(vec!["  ".into(), verdict, format!("  {check}{subject}: {says}").into()]));
    if let Some(remedy) = remedy {
        paper.say(format!("             -> {remedy}"));
    }
}

fn tone(level: Level) -> Tone {
    match level {
        Level::Skipped => Tone::Quiet,
        Level::Ok => Tone::Good,
        Level::Warn => Tone::Doubtful,
        Level::Fail => Tone::Bad,
    }
}

fn mark(level: Level) -> char {
    match level {
        Level::Skipped => '-',
        Level::Ok => '✓',
        Level::Warn => '!',
        Level::Fail => '✗',
    }
}

fn summary(report: &Report) -> String {
    let count = |level| report.findings.iter().filter(|finding| finding.level == level).count();
    let [ok, warn, fail, skipped] = [Level::Ok, Level::Warn, Level::Fail, Level::Skipped].map(count);
    format!("{ok} ok, {warn} to look at (warn), {fail} broken (fail), {skipped} skipped")
}

#[cfg(test)]
mod tests {
    use super::super::super::paper::Colour;
    use super::*;

    #[test]
    fn every_finding_is_in_a_group_with_its_mark_its_word_and_its_remedy() {
        let report = Report::of(vec![
            Finding::fail("route", "main/bot", "it is gone", "start it"),
            Finding::ok("store", "", "it is open"),
            Finding::warn("token", "main", "it ends", "issue one"),
            Finding::skipped("something", "", "new"),
        ]);
        let expected = "This Wharf\n  ✓ ok       store: it is open\n\nMeta\n  ! warn     token main: it ends\n             \
                        -> issue one\n\nRoutes\n  ✗ fail     route main/bot: it is gone\n             -> start it\n\n\
                        Besides\n  - skipped  something: new\n\n1 ok, 1 to look at (warn), 1 broken (fail), 1 skipped\n";
        assert_eq!(paper(&report).render(Colour::Without), expected);
    }
}
