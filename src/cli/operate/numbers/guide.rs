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
mod tests {
    use super::super::super::reach::{Place, Reach};
    use super::*;
    use actix_web::web::{self, Bytes, Data};
    use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
    use serde_json::{Value, json};
    use std::sync::Mutex;

    /// Answers one after the other.
    struct Script(Vec<&'static str>);

    impl Person for Script {
        fn ask(&mut self, _: Question) -> Result<String, Fault> {
            if self.0.is_empty() { Err(Fault::usage("nothing more to say")) } else { Ok(self.0.remove(0).to_owned()) }
        }
    }

    /// A Wharf whose Meta refuses the code 111111 and takes all else; keeps what it was told.
    async fn wharf_of_meta(request: HttpRequest, body: Bytes, told: Data<Mutex<Vec<String>>>) -> HttpResponse {
        let path = request.path();
        if path.starts_with("/api/accounts/") {
            return HttpResponse::Ok().json(json!({"id": "1022", "gateway": "support"}));
        }
        let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
        told.lock().expect("no holder panics").push(format!("{path} {sent}"));
        match (path, sent["code"].as_str()) {
            ("/api/gateways/support/verbs/setup", _) => HttpResponse::Ok().json(json!([])),
            ("/1065/verify_code", Some("111111")) => {
                HttpResponse::BadRequest().json(json!({"error": {"message": "wrong", "code": 136_025}}))
            }
            (_, _) => HttpResponse::Ok().json(json!({"id": "1065", "success": true})),
        }
    }

    #[actix_web::test]
    async fn a_number_is_led_through_all_four_steps_also_with_a_wrong_code() {
        let told = Data::new(Mutex::new(Vec::<String>::new()));
        let shared = told.clone();
        let app = move || App::new().app_data(shared.clone()).default_service(web::to(wharf_of_meta));
        let server = HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        let wharf = Wharf::at(Place { ops: url.clone(), public: url, key: "key".into() });
        let mut script = Script(vec!["1", "6505550100", "Bob", "", "", "111111", "", "222222", "000111", "000111"]);
        let mut out = Out::standard(&Reach::default());
        let ended = run("1022", Given::default(), &mut script, &wharf, &mut out).await;
        assert_eq!(ended.expect("done"), Verdict::Yes);
        let expected = [
            "/1022/phone_numbers {\"cc\":\"1\",\"phone_number\":\"6505550100\",\"verified_name\":\"Bob\"}",
            "/api/gateways/support/verbs/setup {\"ids\":[\"1022\"]}",
            "/1065/request_code {\"code_method\":\"SMS\",\"language\":\"en_US\"}",
            "/1065/verify_code {\"code\":\"111111\"}",
            "/1065/request_code {\"code_method\":\"SMS\",\"language\":\"en_US\"}",
            "/1065/verify_code {\"code\":\"222222\"}",
            "/1065/register {\"messaging_product\":\"whatsapp\",\"pin\":\"000111\"}",
        ];
        assert_eq!(*told.lock().expect("no holder panics"), expected);
    }

    #[test]
    fn each_stage_asks_what_it_lacks_and_then_calls() {
        let (mut stage, mut given, mut asked) = (Stage::New, Given::default(), Vec::new());
        given.take(Question::Name, "Bob").expect("a name that was said as an option");
        loop {
            match stage.turn(&given) {
                Turn::Ask(question) => {
                    let said = if question == Question::CountryCode { "1" } else { "123456" };
                    let said = if matches!(question, Question::Method | Question::Language) { "" } else { said };
                    given.take(question, said).expect("an answer");
                    asked.push(format!("{question:?}"));
                }
                Turn::Call => {
                    asked.push(format!("<{stage:?}>"));
                    stage = stage.after();
                }
                Turn::Done => break,
            }
        }
        let expected = "CountryCode PhoneNumber <New> Method Language <Added> Code <CodeSent> Pin PinAgain <Verified>";
        assert_eq!(asked.join(" "), expected);
    }

    #[test]
    fn a_forgotten_code_is_asked_for_again() {
        let mut given = Given::default();
        given.take(Question::Code, "123456").expect("a code");
        assert_eq!(Stage::CodeSent.turn(&given), Turn::Call);
        given.forget_code();
        assert_eq!(Stage::CodeSent.turn(&given), Turn::Ask(Question::Code));
        assert_eq!(resume(Stage::CodeSent, "1022", "1065"), "go on with: wharf numbers verify 1065");
    }
}
