//! `wharf numbers`: shown, and added in four steps, with the sandbox as Graph.

use super::operate;
use crate::harness::stage::Stage;

/// A stage whose accounts are engaged, and the account that gets a number.
async fn adding() -> (Stage, String) {
    let stage = Stage::engaged().await;
    let waba = stage.line(0, 0).waba;
    (stage, waba)
}

/// The code that Meta sent to the phone.
fn code(stage: &Stage) -> String {
    stage.sandbox.world().codes().into_values().next().expect("a code was sent")
}

#[actix_web::test]
async fn a_number_is_added_step_by_step_until_it_sends() {
    let (stage, waba) = adding().await;
    let add = ["numbers", "add", &waba, "--country-code", "+1", "--phone-number", "650 555-0100", "--name", "Bob"];
    let said = operate(&stage, &add).await.well();
    let id = said.err.trim().strip_prefix("next: wharf numbers request-code ").expect("an id").to_owned();
    assert_eq!(said.out, format!("added: its phone number id is {id}\n"));
    operate(&stage, &["numbers", "request-code", &id, "--method", "voice", "--language", "de"]).await.well();
    let right = code(&stage);
    let wrong = if right == "000000" { "111111" } else { "000000" };
    let said = operate(&stage, &["numbers", "verify", &id, "--code", wrong]).await;
    assert!(said.code == 1 && said.err.contains("(136025, 400)") && said.err.contains("request-code"), "{said:?}");
    operate(&stage, &["numbers", "verify", &id, "--code", &right]).await.well();
    let pin = stage.folder.path().join("pin");
    std::fs::write(&pin, "000111\n").expect("a file");
    let pin = pin.to_string_lossy().into_owned();
    let said = operate(&stage, &["numbers", "register", &id, "--pin-file", &pin]).await.well();
    assert!(said.err.contains("wharf verb setup"), "{said:?}");
    operate(&stage, &["verb", "setup", "--gateway", "main", "--id", &waba]).await.well();
    let shown = operate(&stage, &["numbers", &waba]).await.well();
    let row = shown.out.lines().find(|row| row.starts_with(&id)).expect("its row");
    assert!(row.contains("CONNECTED") && row.contains("VERIFIED") && row.contains("/s at most"), "{row}");
    let body = r#"{"messaging_product":"whatsapp","to":"491700000","type":"text","text":{"body":"x"}}"#;
    let sent = stage.send(&format!("{id}/messages"), body).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    stage.end().await;
}

#[actix_web::test]
async fn a_wrong_pin_and_too_many_of_them_are_told_with_what_to_do() {
    let (stage, _) = adding().await;
    let (id, pin) = (stage.line(0, 0).number, stage.folder.path().join("pin"));
    let path = pin.to_string_lossy().into_owned();
    let register = async |digits: &str| {
        std::fs::write(&pin, digits).expect("a file");
        operate(&stage, &["numbers", "register", &id, "--pin-file", &path]).await
    };
    register("000111").await.well();
    for _ in 0..9 {
        let said = register("222222").await;
        assert!(said.code == 1 && said.err.contains("(133005, 400)"), "{said:?}");
        assert!(said.err.contains("two-step pin already"), "{said:?}");
    }
    let said = register("000111").await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("(133016, 400)") && said.err.contains("10 attempts in 72 h"), "{said:?}");
    stage.end().await;
}

#[actix_web::test]
async fn without_a_terminal_every_answer_must_be_an_option() {
    let (stage, waba) = adding().await;
    let count = || stage.sandbox.world().accounts()[0].numbers.len();
    let before = count();
    let said = operate(&stage, &["numbers", "add", &waba, "--country-code", "1"]).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--phone-number is needed: nobody can be asked here"), "{said:?}");
    let said = operate(&stage, &["numbers", "register", &stage.line(0, 0).number]).await;
    assert!(said.code == 2 && said.err.contains("--pin-file is needed"), "{said:?}");
    assert_eq!(count(), before, "Meta was not asked");
    stage.end().await;
}

#[actix_web::test]
async fn numbers_are_shown_with_what_meta_and_wharf_say() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let said = operate(&stage, &["numbers", &line.waba]).await.well();
    let row = said.out.lines().nth(1).expect("a number");
    assert!(row.starts_with(&line.number), "{row}");
    for words in ["CONNECTED", "VERIFIED", "GREEN", "STANDARD", "80/s at most, 0 queued"] {
        assert!(row.contains(words), "{words} is missing: {row}");
    }
    let told = operate(&stage, &["numbers", &line.waba, "--json"]).await.well().json();
    assert_eq!(told["data"][0]["id"], *line.number);
    stage.end().await;
}
