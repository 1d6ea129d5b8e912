//! Text for people: lines of spans, each with a tone. What comes from outside is made harmless here; colour is only put
//! on at the end, so that widths are those of the words.

use std::fmt::Write;

/// What a span says beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing.
    Plain,
    /// As it should be.
    Good,
    /// Somebody should look.
    Doubtful,
    /// It is wrong.
    Bad,
    /// It matters less.
    Quiet,
    /// It matters more.
    Strong,
}

/// Whether tones become colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// They do: a terminal reads.
    With,
    /// They do not.
    Without,
}

/// Words of one tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// One line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line(pub(super) Vec<Span>);

/// Everything that is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Paper(pub(super) Vec<Line>);

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Doubtful => Some("33"),
            Self::Bad => Some("31"),
            Self::Quiet => Some("2"),
            Self::Strong => Some("1"),
        }
    }

    /// The tone of a state, whatever it is the state of.
    pub(super) fn of(state: &str) -> Self {
        match state {
            "delivered" | "ok" | "active" | "yes" | "accepted" | "sent" | "read" | "played" | "done" | "CONNECTED"
            | "VERIFIED" | "GREEN" | "closed" | "routed" => Self::Good,
            "dead" | "failed" | "banned" | "offboarded" | "open" | "RED" | "BANNED" | "DISCONNECTED" => Self::Bad,
            "waiting" | "parked" | "held" | "unknown" | "inactive" | "no" | "restricted" | "half-open" | "paused"
            | "quarantined" | "YELLOW" | "cancelled" | "expired" | "NOT_VERIFIED" | "EXPIRED" => Self::Doubtful,
            _ => Self::Plain,
        }
    }
}

impl Span {
    /// Words from anywhere: what would steer a terminal is replaced.
    pub(super) fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: harmless(text.as_ref()), tone }
    }

    /// A state, in its tone.
    pub(super) fn state(text: impl AsRef<str>) -> Self {
        let tone = Tone::of(text.as_ref());
        Self::new(text, tone)
    }

    /// How many columns of a terminal it takes.
    pub(super) fn width(&self) -> usize {
        console::measure_text_width(&self.text)
    }
}

impl<T: AsRef<str>> From<T> for Span {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl Line {
    /// A line of plain words.
    pub(super) fn plain(text: impl AsRef<str>) -> Self {
        Self(vec![Span::from(text)])
    }

    /// A line of one tone.
    pub(super) fn toned(text: impl AsRef<str>, tone: Tone) -> Self {
        Self(vec![Span::new(text, tone)])
    }
}

impl Paper {
    /// Adds a line.
    pub(super) fn line(&mut self, line: Line) -> &mut Self {
        self.0.push(line);
        self
    }

    /// Adds plain words as a line.
    pub(super) fn say(&mut self, text: impl AsRef<str>) -> &mut Self {
        self.line(Line::plain(text))
    }

    /// Adds an empty line.
    pub(super) fn gap(&mut self) -> &mut Self {
        self.line(Line::default())
    }

    /// Adds `name   words`, the names in a column of their own.
    pub(super) fn pair(&mut self, name: &str, words: impl Into<Span>) -> &mut Self {
        self.line(Line(vec![Span::new(format!("{name:<14}"), Tone::Quiet), words.into()]))
    }

    /// As text.
    pub(super) fn render(&self, colour: Colour) -> String {
        let mut text = String::new();
        for Line(spans) in &self.0 {
            let begin = text.len();
            for Span { text: words, tone } in spans {
                match (colour, tone.code()) {
                    (Colour::With, Some(code)) if !words.trim().is_empty() => {
                        write!(text, "\u{1b}[{code}m{words}\u{1b}[0m").expect("text takes text");
                    }
                    (Colour::With | Colour::Without, _) => text.push_str(words),
                }
            }
            text.truncate(begin + text[begin..].trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}

/// Without what steers a terminal: a customer's name or an application's answer might.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_reversing(c) { '\u{fffd}' } else { c }).collect()
}

/// Whether a character turns the order of reading around.
fn is_reversing(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_put_on_last_and_only_where_it_is_wanted() {
        let mut paper = Paper::default();
        paper.line(Line(vec![Span::state("dead"), Span::from(" letters ")])).gap().pair("name", "Bob");
        assert_eq!(paper.render(Colour::Without), "dead letters\n\nname          Bob\n");
        assert_eq!(
            paper.render(Colour::With),
            "\u{1b}[31mdead\u{1b}[0m letters\n\n\u{1b}[2mname          \u{1b}[0mBob\n"
        );
    }

    #[test]
    fn what_comes_from_outside_cannot_steer_the_terminal() {
        let mut paper = Paper::default();
        paper.say("a\u{1b}[2Jb\nc\u{9b}d\u{202e}e");
        assert_eq!(paper.render(Colour::With), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e\n");
    }
}
