//! Asking whoever sits at the terminal. Decides nothing about answers.

use super::super::fault::Fault;
use super::given::{Given, Question};
use std::io::{BufRead, Write};

/// Somebody who answers.
pub(super) trait Person {
    /// One answer, as it was given.
    fn ask(&mut self, question: Question) -> Result<String, Fault>;

    /// Asks once; a wrong answer is said to be one, and the question stays open.
    fn answer(&mut self, given: &mut Given, question: Question) -> Result<(), Fault> {
        let said = self.ask(question)?;
        if let Err(why) = given.take(question, &said) {
            eprintln!("  {why}");
        }
        Ok(())
    }
}

/// Whoever sits there.
pub(super) struct Terminal;

impl Person for Terminal {
    fn ask(&mut self, question: Question) -> Result<String, Fault> {
        let unread = |error| Fault::usage(format!("no answer could be read: {error}"));
        eprint!("{}", question.words());
        std::io::stderr().flush()?;
        if question.is_secret() {
            return console::Term::stderr().read_secure_line().map_err(unread);
        }
        let mut said = String::new();
        match std::io::stdin().lock().read_line(&mut said).map_err(unread)? {
            0 => Err(Fault::usage("the answers ended before the questions")),
            _ => Ok(said),
        }
    }
}
