//! The guided path, against a fake that keeps what it was told and against a whole gateway.

use super::super::super::ask::Ask;
use super::super::super::reach::{Place, Reach};
use super::*;
use crate::cli::serve;
use crate::config::Settings;
use crate::sandbox::{self, Sandbox, SandboxOptions};
use crate::server::{self, Running};
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::{Value, json};
use std::path::Path;
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

/// Somebody with the phone that gets the simulated Meta's codes, who mistypes the first one.
struct AtThePhone<'s> {
    sandbox: &'s Sandbox,
    script: Script,
    codes: usize,
}

impl Person for AtThePhone<'_> {
    fn ask(&mut self, question: Question) -> Result<String, Fault> {
        if question != Question::Code {
            return self.script.ask(question);
        }
        self.codes += 1;
        let code = self.sandbox.world().codes().into_values().next().expect("a code was sent");
        let other = if code == "000000" { "111111" } else { "000000" };
        Ok(if self.codes == 1 { other.to_owned() } else { code })
    }
}

/// A whole gateway before `sandbox`, with its accounts set up.
async fn gateway(sandbox: &Sandbox, folder: &Path) -> (Running, Wharf) {
    let (graph, data) = (sandbox.graph_url(), folder.join("data"));
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nops_listen = \"127.0.0.1:0\"\nworkers = 1\n[storage]\npath = {data:?}\n\
         [graph]\nbase_url = \"{graph}\"\n[[gateway]]\nuri = \"support\"\nwhatsapp_token = \"{}\"\napp_secret = \"{}\"\n\
         verify_token = \"v\"\nverbs = \"ops\"\n[[key]]\nname = \"ops\"\nsecret = \"a-key-for-the-guided-path\"\n\
         scopes = [\"admin\", \"inspect\", \"send\", \"manage\"]\n",
        sandbox.options().token,
        sandbox.options().app_secret
    );
    let settings = Settings::parse("test", &text, std::iter::empty()).unwrap_or_else(|faults| panic!("{faults}"));
    let storage = settings.storage.clone();
    let running = server::start(&settings, move || serve::open(&storage)).await.expect("a gateway");
    let (ops, public) = (format!("http://{}", running.ops), format!("http://{}", running.public));
    let wharf = Wharf::at(Place { ops, public, key: "a-key-for-the-guided-path".into() });
    let setup = Ask::post("/api/gateways/support/verbs/setup", json!({}));
    wharf.ask(setup).await.unwrap_or_else(|fault| panic!("{fault}"));
    (running, wharf)
}

#[actix_web::test]
async fn a_number_is_led_through_a_whole_gateway_to_the_simulated_meta() {
    let sandbox = sandbox::start(SandboxOptions::default()).await.expect("a sandbox");
    let folder = tempfile::tempdir().expect("a folder");
    let (running, wharf) = gateway(&sandbox, folder.path()).await;
    let waba = sandbox.account_ids()[0].clone();
    let script = Script(vec!["1", "650 555-0100", "Bob", "", "", "000111", "000111"]);
    let mut person = AtThePhone { sandbox: &sandbox, script, codes: 0 };
    let ended = run(&waba, Given::default(), &mut person, &wharf, &mut Out::standard(&Reach::default())).await;
    assert_eq!(ended.unwrap_or_else(|fault| panic!("{fault}")), Verdict::Yes);
    assert_eq!(person.codes, 2, "the wrong code was asked for once more");
    let number = sandbox.world().accounts()[0].numbers.last().expect("a number").clone();
    assert_eq!((number.digits.as_str(), number.name.as_str()), ("16505550100", "Bob"));
    assert!(number.registration.is_done());
    running.stop().await;
    sandbox.stop().await;
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
