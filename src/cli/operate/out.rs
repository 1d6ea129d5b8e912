//! Where answers go: standard output, for people or for programs. Remarks for people go to standard error.

use super::fault::Fault;
use super::paper::{Colour, Paper};
use super::reach::Reach;
use super::table::Table;
use serde::Serialize;
use std::io::{IsTerminal, Write};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// People.
    People,
    /// Programs.
    Json,
}

/// Where answers go.
pub(super) struct Out {
    /// Who reads.
    pub(super) form: Form,
    colour: Colour,
    width: Option<usize>,
    to: Box<dyn Write>,
}

impl Out {
    /// Standard output.
    pub(super) fn standard(reach: &Reach) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|text| !text.is_empty());
        let width = terminal.then(|| usize::from(console::Term::stdout().size().1));
        let form = if reach.json { Form::Json } else { Form::People };
        let colour = if terminal && !plain { Colour::With } else { Colour::Without };
        Self { form, colour, width, to: Box::new(std::io::stdout()) }
    }

    /// Text for people.
    pub(super) fn paper(&mut self, paper: &Paper) -> Result<(), Fault> {
        self.write(&paper.render(self.colour))
    }

    /// A table for people.
    pub(super) fn table(&mut self, table: &Table) -> Result<(), Fault> {
        self.paper(&Paper(table.lines(self.width)))
    }

    /// An answer as it came, on a line of its own.
    pub(super) fn raw(&mut self, json: &str) -> Result<(), Fault> {
        self.write(&format!("{}\n", json.trim_end()))
    }

    /// A document of our own, on one line.
    pub(super) fn json(&mut self, document: &impl Serialize) -> Result<(), Fault> {
        let text = serde_json::to_string(document).expect("what commands put together is JSON");
        self.raw(&text)
    }

    /// A remark, for people only.
    pub(super) fn note(&self, text: &str) {
        match self.form {
            Form::People => eprintln!("{text}"),
            Form::Json => {}
        }
    }

    fn write(&mut self, text: &str) -> Result<(), Fault> {
        self.to.write_all(text.as_bytes())?;
        Ok(self.to.flush()?)
    }
}
