//! Server-sent events, read from bytes as they come. Knows no connection and no JSON.

/// The longest line; an event of the journal is a few hundred bytes.
const LONGEST: usize = 1 << 20;

/// One event of the stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fact {
    /// Its kind; empty where the stream named none.
    pub(super) event: String,
    /// What it says; several lines are joined.
    pub(super) data: String,
}

/// A line was longer than any that belongs here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overlong;

/// The stream so far.
#[derive(Debug, Default)]
pub(super) struct Stream {
    line: Vec<u8>,
    after_return: Ended,
    fact: Fact,
    has_data: Ended,
}

/// Whether something just happened.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Ended {
    #[default]
    No,
    Yes,
}

impl Stream {
    /// The events that end within `bytes`.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Fact>, Overlong> {
        let mut facts = Vec::new();
        for byte in bytes {
            match (byte, self.after_return) {
                // The second half of one line's end.
                (b'\n', Ended::Yes) => self.after_return = Ended::No,
                (b'\n' | b'\r', _) => {
                    self.after_return = if *byte == b'\r' { Ended::Yes } else { Ended::No };
                    let line = std::mem::take(&mut self.line);
                    facts.extend(self.take(&String::from_utf8_lossy(&line)));
                }
                (_, _) if self.line.len() >= LONGEST => return Err(Overlong),
                (_, _) => {
                    self.after_return = Ended::No;
                    self.line.push(*byte);
                }
            }
        }
        Ok(facts)
    }

    /// One line; an empty one ends an event.
    fn take(&mut self, line: &str) -> Option<Fact> {
        if line.is_empty() {
            let fact = std::mem::take(&mut self.fact);
            let has_data = std::mem::take(&mut self.has_data);
            return (has_data == Ended::Yes).then_some(fact);
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name.trim_start_matches('\u{feff}') {
            "event" => value.clone_into(&mut self.fact.event),
            "data" => {
                if self.has_data == Ended::Yes {
                    self.fact.data.push('\n');
                }
                self.fact.data.push_str(value);
                self.has_data = Ended::Yes;
            }
            // A comment (a ping is one), an id, or what we do not know.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(event: &str, data: &str) -> Fact {
        Fact { event: event.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_read_wherever_the_bytes_are_cut() {
        let text =
            ": ping\n\nevent: event\nid: 7\ndata: {\"text\":\"grün\"}\n\nevent:delivery\r\ndata:a\r\ndata:  b\r\n\r\n";
        let whole = [fact("event", "{\"text\":\"grün\"}"), fact("delivery", "a\n b")];
        assert_eq!(Stream::default().feed(text.as_bytes()).expect("facts"), whole);
        for cut in 0..text.len() {
            let mut stream = Stream::default();
            let (before, after) = text.as_bytes().split_at(cut);
            let mut facts = stream.feed(before).expect("facts");
            facts.extend(stream.feed(after).expect("facts"));
            assert_eq!(facts, whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_lone_return_ends_a_line_and_what_has_no_data_is_nothing() {
        assert_eq!(Stream::default().feed(b"event: send\rdata: x\r\r").expect("facts"), [fact("send", "x")]);
        assert_eq!(Stream::default().feed(b"event: send\n\nretry: 5\n\ndata\n\n").expect("facts"), [fact("", "")]);
        assert_eq!(Stream::default().feed("\u{feff}data: x\n\n".as_bytes()).expect("facts"), [fact("", "x")]);
    }

    #[test]
    fn an_endless_line_is_not_collected() {
        assert_eq!(Stream::default().feed(&vec![b'x'; LONGEST + 1]), Err(Overlong));
    }
}
