//! Through all four steps on a terminal: what is asked and done when is decided here as a plain function of what is
//! known; the shell below asks and calls.

use super::super::Verdict;
use super::super::ask::Wharf;
use super::super::fault::Fault;
use super::super::out::Out;
use super::given::{Given, Question};
use super::person::Person;
use super::steps;

/// How far the number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not added.
    New,
    /// Added, no code asked for.
    Added,
    /// A code is on its way.
    CodeSent,
    /// The business's.
    Verified,
    /// Everything is done.
    Registered,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Somebody must be asked.
    Ask(Question),
    /// Meta must be called for the step that ends the stage.
    Call,
    /// Nothing.
    Done,
}

impl Stage {
    /// What it needs to know, in the order in which it is asked.
    fn questions(self) -> &'static [Question] {
        match self {
            Self::New => &[Question::CountryCode, Question::PhoneNumber, Question::Name],
            Self::Added => &[Question::Method, Question::Language],
            Self::CodeSent => &[Question::Code],
            Self::Verified => &[Question::Pin, Question::PinAgain],
            Self::Registered => &[],
        }
    }

    /// What comes next.
    fn turn(self, given: &Given) -> Turn {
        match self.questions().iter().find(|question| !given.has(**question)) {
            Some(question) => Turn::Ask(*question),
            None if self == Self::Registered => Turn::Done,
            None => Turn::Call,
        }
    }

    /// The stage after its step was done.
    fn after(self) -> Self {
        match self {
            Self::New => Self::Added,
            Self::Added => Self::CodeSent,
            Self::CodeSent => Self::Verified,
            Self::Verified | Self::Registered => Self::Registered,
        }
    }

    /// How it stands and what it costs, before its questions.
    fn heading(self) -> &'static str {
        match self {
            Self::New => {
                "1 of 4: the number. It must receive SMS or calls, and be in no WhatsApp app: delete its account there first."
            }
            Self::Added => "2 of 4: the code. Meta sends few of them in an hour: have the phone at hand.",
            Self::CodeSent => "3 of 4: verification.",
            Self::Verified => {
                "4 of 4: registration. Meta takes 10 attempts in 72 hours. A new number gets this pin; one that has a pin needs that one."
            }
            Self::Registered => "Done.",
        }
    }
}

/// Where to go on by hand after a step failed.
fn resume(stage: Stage, waba: &str, number: &str) -> String {
    match stage {
        Stage::New => format!("begin anew: wharf numbers add {waba}"),
        Stage::Added => format!("go on with: wharf numbers request-code {number}"),
        Stage::CodeSent => format!("go on with: wharf numbers verify {number}"),
        Stage::Verified | Stage::Registered => format!("go on with: wharf numbers register {number}"),
    }
}

/// Leads through all steps.
pub(super) async fn run(
    waba: &str,
    mut given: Given,
    person: &mut dyn Person,
    wharf: &Wharf,
    out: &mut Out,
) -> Result<Verdict, Fault> {
    let (mut stage, mut number) = (Stage::New, String::new());
    eprintln!("{}", stage.heading());
    loop {
        match stage.turn(&given) {
            Turn::Ask(Question::Code) => stage = code(&mut given, person)?,
            Turn::Ask(question) => person.answer(&mut given, question)?,
            Turn::Call => match call(stage, waba, &mut number, &given, wharf, out).await {
                Ok(()) => {
                    stage = stage.after();
                    eprintln!("\n{}", stage.heading());
                }
                // A wrong code is typed again; everything else needs thought.
                Err(fault @ Fault::Refused(_)) if stage == Stage::CodeSent => {
                    eprintln!("{}", fault.said().unwrap_or_default());
                    given.forget_code();
                }
                Err(fault) => {
                    out.note(&resume(stage, waba, &number));
                    return Err(fault);
                }
            },
            Turn::Done => {
                out.note(steps::AFTERWARDS);
                return Ok(Verdict::Yes);
            }
        }
    }
}

/// Asks for the code; whoever has none gets another one.
fn code(given: &mut Given, person: &mut dyn Person) -> Result<Stage, Fault> {
    let said = person.ask(Question::Code)?;
    if said.trim().is_empty() {
        return Ok(Stage::Added);
    }
    if let Err(why) = given.take(Question::Code, &said) {
        eprintln!("  {why}");
    }
    Ok(Stage::CodeSent)
}

async fn call(
    stage: Stage,
    waba: &str,
    number: &mut String,
    given: &Given,
    wharf: &Wharf,
    out: &mut Out,
) -> Result<(), Fault> {
    match stage {
        Stage::New => *number = steps::add(waba, given, wharf, out).await?,
        Stage::Added => steps::request_code(number, given, wharf, out).await?,
        Stage::CodeSent => steps::verify(number, given, wharf, out).await?,
        Stage::Verified => steps::register(number, given, wharf, out).await?,
        Stage::Registered => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
