//! A story's lines: what happened, when, and how long after it began.

use super::super::paper::{Line, Paper, Span, Tone};
use super::super::times;
use jiff::Timestamp;

/// So far do the words stand from the left.
const INDENT: usize = 38;

/// What happened, line by line.
pub(super) struct Story {
    pub(super) paper: Paper,
    began: Option<Timestamp>,
}

impl Story {
    /// A story that began then; its first line says all of it.
    pub(super) fn of(summary: &str, began: Option<&str>) -> Self {
        let mut paper = Paper::default();
        paper.line(Line::toned(summary, Tone::Strong)).gap();
        Self { paper, began: began.and_then(|at| at.parse().ok()) }
    }

    /// A line of its own, with a name that counts.
    pub(super) fn head(&mut self, what: &str, name: &str, rest: Vec<Span>) {
        let head = vec![Span::new(format!("{what} "), Tone::Quiet), Span::new(name, Tone::Strong)];
        self.paper.line(Line(head.into_iter().chain(rest).collect()));
    }

    /// A moment and what happened then.
    pub(super) fn moment(&mut self, at: Option<&str>, what: impl Into<Span>) {
        let after = at.and_then(|at| self.after(at)).unwrap_or_default();
        let when = format!("  {:<24}  {after:>8}  ", at.unwrap_or("-"));
        self.paper.line(Line(vec![Span::new(when, Tone::Quiet), what.into()]));
    }

    /// Something without a moment of its own.
    pub(super) fn remark(&mut self, what: impl Into<Span>) {
        self.paper.line(Line(vec![Span::from(" ".repeat(INDENT)), what.into()]));
    }

    /// How long after the story began; nothing for its beginning.
    fn after(&self, at: &str) -> Option<String> {
        let ms = at.parse::<Timestamp>().ok()?.duration_since(self.began?).as_millis();
        let ms = u64::try_from(ms).ok().filter(|ms| *ms > 0)?;
        Some(match ms {
            0..1_000 => format!("+{ms}ms"),
            1_000..60_000 => format!("+{}.{}s", ms / 1_000, ms % 1_000 / 100),
            60_000.. => format!("+{}", times::length(ms / 1_000)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::paper::Colour;
    use super::*;

    #[test]
    fn a_moment_says_how_long_after_the_beginning_it_was() {
        let mut story = Story::of("It came.", Some("2026-11-29T10:00:00.000Z"));
        let moments = ["10:00:00.000", "10:00:00.008", "10:00:10.506", "10:03:12.000"];
        moments.iter().for_each(|at| story.moment(Some(&format!("2026-11-29T{at}Z")), "it"));
        story.moment(None, "it");
        story.remark("all of it");
        let expected = "\
It came.

  2026-11-29T10:00:00.000Z            it
  2026-11-29T10:00:00.008Z      +8ms  it
  2026-11-29T10:00:10.506Z    +10.5s  it
  2026-11-29T10:03:12.000Z   +3m 12s  it
  -                                   it
                                      all of it
";
        assert_eq!(story.paper.render(Colour::Without), expected);
    }
}
