//! `wharf numbers`: shown with the sandbox as Graph; added with a fake one, which plays the four steps.

use super::operate;
use crate::harness::application::{Application, Reply};
use crate::harness::stage::Stage;
use serde_json::{Value, json};

const NEW: &str = "777000111222333";

/// A stage whose accounts are engaged, with a Graph to which the new number can be added.
async fn adding() -> (Stage, Application, String) {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let graph = Application::start().await;
    let app = stage.sandbox.options().app_id.clone();
    let node = json!({
        "id": line.waba, "name": "Bob's Bikes",
        "subscribed_apps": {"data": [{"whatsapp_business_api_data": {"id": app}}]},
        "phone_numbers": {"data": [
            {"id": line.number, "display_phone_number": line.display, "verified_name": "Bob"},
            {"id": NEW, "display_phone_number": "+1 650-555-0100", "verified_name": "Bob", "status": "PENDING"}]},
    });
    let token = json!({"data": {"app_id": app, "is_valid": true,
        "scopes": ["whatsapp_business_management", "whatsapp_business_messaging"]}});
    let nodes = json!({ line.waba.clone(): node });
    graph.answer(move |call| match call.target.as_str() {
        target if target.contains("/debug_token") => Reply::Json(200, token.to_string()),
        target if target.contains("ids=") => Reply::Json(200, nodes.to_string()),
        target if target.starts_with("POST") && target.contains("/phone_numbers") => {
            Reply::Json(200, json!({"id": NEW}).to_string())
        }
        target if target.contains("/register") && call.json()["pin"] == "000000" => {
            let error =
                json!({"message": "(#133016) Account register deregister rate limit exceeded", "code": 133_016});
            Reply::Json(400, json!({ "error": error }).to_string())
        }
        _ => Reply::Json(200, json!({"success": true}).to_string()),
    });
    stage.plan.graph = Some(graph.url(""));
    stage.restart().await;
    (stage, graph, line.waba)
}

/// What Graph was told at an edge of the new number or the account.
fn told(graph: &Application, edge: &str) -> Value {
    let calls = graph.deliveries().into_iter().filter(|call| call.target.starts_with("POST"));
    let call = calls.filter(|call| call.target.split('?').next().is_some_and(|path| path.ends_with(edge))).last();
    call.unwrap_or_else(|| panic!("Graph was not asked for {edge}")).json()
}

#[actix_web::test]
async fn a_number_is_added_step_by_step() {
    let (stage, graph, waba) = adding().await;
    let add = ["numbers", "add", &waba, "--country-code", "+1", "--phone-number", "650 555-0100", "--name", "Bob"];
    let said = operate(&stage, &add).await.well();
    assert!(said.out.contains(NEW) && said.err.contains(&format!("wharf numbers request-code {NEW}")), "{said:?}");
    let expected = json!({"cc": "1", "phone_number": "6505550100", "verified_name": "Bob"});
    assert_eq!(told(&graph, &format!("/{waba}/phone_numbers")), expected);
    operate(&stage, &["numbers", "request-code", NEW, "--method", "voice", "--language", "de"]).await.well();
    assert_eq!(told(&graph, &format!("/{NEW}/request_code")), json!({"code_method": "VOICE", "language": "de"}));
    operate(&stage, &["numbers", "verify", NEW, "--code", "123-456"]).await.well();
    assert_eq!(told(&graph, &format!("/{NEW}/verify_code")), json!({"code": "123456"}));
    let pin = stage.folder.path().join("pin");
    std::fs::write(&pin, "000111\n").expect("a file");
    let pin = pin.to_string_lossy().into_owned();
    let said = operate(&stage, &["numbers", "register", NEW, "--pin-file", &pin]).await.well();
    assert!(said.err.contains("wharf verb setup"), "{said:?}");
    assert_eq!(told(&graph, &format!("/{NEW}/register")), json!({"messaging_product": "whatsapp", "pin": "000111"}));
    std::fs::write(&pin, "000000\n").expect("a file");
    let said = operate(&stage, &["numbers", "register", NEW, "--pin-file", &pin]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("(133016, 400)") && said.err.contains("10 attempts in 72 h"), "{said:?}");
    stage.end().await;
    graph.stop().await;
}

#[actix_web::test]
async fn without_a_terminal_every_answer_must_be_an_option() {
    let (stage, graph, waba) = adding().await;
    let said = operate(&stage, &["numbers", "add", &waba, "--country-code", "1"]).await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("--phone-number is needed: nobody can be asked here"), "{said:?}");
    let said = operate(&stage, &["numbers", "register", NEW]).await;
    assert!(said.code == 2 && said.err.contains("--pin-file is needed"), "{said:?}");
    assert!(graph.deliveries().iter().all(|call| !call.target.starts_with("POST")), "Meta was not asked");
    stage.end().await;
    graph.stop().await;
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
