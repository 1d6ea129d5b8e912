//! `wharf numbers`: an account's phone numbers as Meta and Wharf know them, and the four steps that add one: add,
//! request-code, verify, register. All of it goes through Wharf's Cloud-API-compatible side.

mod given;
mod guide;
mod list;
mod person;
mod steps;

use super::Verdict;
use super::ask::Wharf;
use super::fault::Fault;
use super::out::Out;
use clap::{Args, Subcommand};
use given::{Given, Question};
use person::{Person, Terminal};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf numbers 102290129340398
  wharf numbers add 102290129340398            (asks, and goes through all four steps)

The same step by step, for scripts:
  wharf numbers add 102290129340398 --country-code 1 --phone-number 6505550100 --name 'Bob Bikes'
  wharf numbers request-code 106540352242922 --method sms --language en_US
  wharf numbers verify 106540352242922 --code 123456
  wharf numbers register 106540352242922 --pin-file pin
  wharf verb setup --gateway support

Meta takes 10 attempts to register a number in 72 hours, and sends few codes an hour: have the phone at hand. The pin is
the number's two-step verification: a new number gets it, one that has a pin already must be given that one.";

/// What can be chosen.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Options {
    /// An account (its WABA id), whose numbers are shown
    #[arg(required = true)]
    pub waba: Option<String>,
    /// What is done
    #[command(subcommand)]
    pub action: Option<Action>,
}

/// The steps that add a number.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Add a number to an account; on a terminal, go through all four steps
    Add(Add),
    /// Have Meta send a verification code to the number
    RequestCode {
        /// The phone number id
        number: String,
        /// How: sms or voice
        #[arg(long)]
        method: Option<String>,
        /// In which language, such as en_US
        #[arg(long)]
        language: Option<String>,
    },
    /// Tell Meta the code that came
    Verify {
        /// The phone number id
        number: String,
        /// The code
        #[arg(long)]
        code: Option<String>,
    },
    /// Register the number with the Cloud API; from then on it sends and receives
    Register {
        /// The phone number id
        number: String,
        /// A file with the pin of 6 digits; without it, it is asked for
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
    },
}

/// A number that is added.
#[derive(Debug, Args)]
pub struct Add {
    /// An account (its WABA id)
    pub waba: String,
    /// The country's calling code, such as 1 or 49
    #[arg(long)]
    pub country_code: Option<String>,
    /// The number without it
    #[arg(long)]
    pub phone_number: Option<String>,
    /// The display name that customers see
    #[arg(long)]
    pub name: Option<String>,
    /// End after this step on a terminal too
    #[arg(long)]
    pub only: bool,
}

/// Shows numbers or takes a step.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    match (&options.action, &options.waba) {
        (Some(action), _) => act(action, wharf, out).await,
        (None, Some(waba)) => list::run(waba, wharf, out).await,
        (None, None) => Err(Fault::usage("say whose numbers: `wharf numbers WABA`")),
    }
}

async fn act(action: &Action, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let mut given = Given::default();
    match action {
        Action::Add(add) => self::add(add, given, wharf, out).await,
        Action::RequestCode { number, method, language } => {
            take(&mut given, Question::Method, method.as_deref())?;
            take(&mut given, Question::Language, language.as_deref())?;
            ask(&mut given, &[Question::Method, Question::Language])?;
            steps::request_code(number, &given, wharf, out).await?;
            next(out, &format!("next: wharf numbers verify {number}"))
        }
        Action::Verify { number, code } => {
            take(&mut given, Question::Code, code.as_deref())?;
            ask(&mut given, &[Question::Code])?;
            steps::verify(number, &given, wharf, out).await?;
            next(out, &format!("next: wharf numbers register {number}"))
        }
        Action::Register { number, pin_file } => {
            if let Some(path) = pin_file {
                take(&mut given, Question::Pin, Some(&pin(path)?))?;
                given.pin_stands_in_a_file();
            }
            ask(&mut given, &[Question::Pin, Question::PinAgain])?;
            steps::register(number, &given, wharf, out).await?;
            next(out, steps::AFTERWARDS)
        }
    }
}

async fn add(add: &Add, mut given: Given, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    take(&mut given, Question::CountryCode, add.country_code.as_deref())?;
    take(&mut given, Question::PhoneNumber, add.phone_number.as_deref())?;
    take(&mut given, Question::Name, add.name.as_deref())?;
    if !add.only && std::io::stdin().is_terminal() {
        return guide::run(&add.waba, given, &mut Terminal, wharf, out).await;
    }
    ask(&mut given, &[Question::CountryCode, Question::PhoneNumber, Question::Name])?;
    let id = steps::add(&add.waba, &given, wharf, out).await?;
    next(out, &format!("next: wharf numbers request-code {id}"))
}

fn next(out: &Out, words: &str) -> Result<Verdict, Fault> {
    out.note(words);
    Ok(Verdict::Yes)
}

fn take(given: &mut Given, question: Question, said: Option<&str>) -> Result<(), Fault> {
    let Some(said) = said else { return Ok(()) };
    given.take(question, said).map_err(|why| Fault::usage(format!("{}: {why}", question.flag())))
}

/// Asks for what was not said; nobody is asked where no terminal is.
fn ask(given: &mut Given, questions: &[Question]) -> Result<(), Fault> {
    for question in questions {
        while !given.has(*question) {
            if !std::io::stdin().is_terminal() {
                return Err(Fault::usage(format!("{} is needed: nobody can be asked here", question.flag())));
            }
            Terminal.answer(given, *question)?;
        }
    }
    Ok(())
}

fn pin(path: &Path) -> Result<String, Fault> {
    let why = |error| Fault::usage(format!("the pin's file {} cannot be read: {error}", path.display()));
    std::fs::read_to_string(path).map_err(why)
}
