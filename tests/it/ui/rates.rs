//! `/api/rates`: what came of late, for those who may see it.

use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};

fn sum(series: &Value) -> u64 {
    series.as_array().unwrap_or_else(|| panic!("no series: {series}")).iter().filter_map(Value::as_u64).sum()
}

#[actix_web::test]
async fn what_came_is_seen_at_once_and_by_those_whose_it_is() {
    let scopes = "scopes = [\"inspect\"]";
    let mut stage = Stage::engaged().await;
    let [first, second] = [0, 1].map(|nth| stage.line(nth, 0));
    let client = "a-key-for-the-first-account-alone";
    let number = "a-key-for-one-number-alone-000000";
    stage.plan.more = format!(
        "[[key]]\nname = \"client\"\nsecret = \"{client}\"\n{scopes}\naccounts = [\"{}\"]\n\
         [[key]]\nname = \"number\"\nsecret = \"{number}\"\n{scopes}\nnumbers = [\"{}\"]\n",
        first.waba, first.number
    );
    stage.restart().await;
    for (line, ids) in [(&first, vec!["wamid.1", "wamid.2"]), (&second, vec!["wamid.3"])] {
        for id in ids {
            stage.take(letter(line, &[text(id, "491700000")])).await;
        }
    }
    let look = async || {
        let told = stage.look("/api/rates").await.json();
        (sum(&told["series"]["delivered"]) == 3).then_some(told)
    };
    let told = until("three deliveries are counted", look).await;
    assert_eq!((sum(&told["series"]["received"]), &told["step_s"]), (3, &json!(10)));
    for name in ["received", "delivered", "sent", "duplicate", "dead"] {
        let length = told["series"][name].as_array().map(Vec::len);
        assert_eq!(length, told["series"]["received"].as_array().map(Vec::len), "{name}");
    }
    assert_eq!(sum(&told["accounts"][&first.waba]["received"]), 2);
    assert!(told["from"].is_string());
    let theirs = stage.look_with("/api/rates?minutes=1", client).await.json();
    assert_eq!(sum(&theirs["series"]["received"]), 2, "{theirs}");
    assert!(theirs["accounts"][&second.waba].is_null(), "{theirs}");
    assert_eq!(stage.look_with("/api/rates", number).await.status, 403);
    assert_eq!(http::get(&format!("{}/api/rates", stage.ops), &[]).await.status, 401);
    let wrong = http::get(&format!("{}/api/rates", stage.ops), &[("Authorization", &bearer("x"))]).await;
    assert_eq!(wrong.status, 401);
    stage.end().await;
}

#[actix_web::test]
async fn minutes_that_mean_nothing_are_refused() {
    let stage = Stage::new().await;
    for minutes in ["0", "61", "-1", "x", ""] {
        let answer = stage.look(&format!("/api/rates?minutes={minutes}")).await;
        assert_eq!((answer.status, &answer.json()["id"]), (400, &json!("wharf.parameter.bad")), "{minutes}");
    }
    stage.end().await;
}
