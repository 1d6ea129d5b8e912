//! Asking whoever sits at the terminal. Decides nothing about answers.

use super::super::fault::Fault;
use super::given::{Given, Question};
use std::io::{BufRead, Write};

/// Asks once; a wrong answer is said to be one, and the question stays open.
pub(super) fn answer(given: &mut Given, question: Question) -> Result<(), Fault> {
    let said = ask(question)?;
    if let Err(why) = given.take(question, &said) {
        eprintln!("  {why}");
    }
    Ok(())
}

/// One answer, as it was typed.
pub(super) fn ask(question: Question) -> Result<String, Fault> {
    eprint!("{}", question.words());
    std::io::stderr().flush()?;
    if question.is_secret() {
        let said = console::Term::stderr().read_secure_line();
        return said.map_err(|error| Fault::usage(format!("no answer could be read: {error}")));
    }
    let mut said = String::new();
    match std::io::stdin().lock().read_line(&mut said) {
        Ok(0) => Err(Fault::usage("the answers ended before the questions")),
        Ok(_) => Ok(said),
        Err(error) => Err(Fault::usage(format!("no answer could be read: {error}"))),
    }
}
