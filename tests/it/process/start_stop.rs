//! Starting and stopping, and being told clearly why not.

use super::{config, serve};
use crate::harness::application::{Reply, nobody};
use crate::harness::mail::{letter, text};
use crate::harness::process::{Process, run, wharf};
use crate::harness::stage::Stage;
use std::time::Duration;

#[actix_web::test]
async fn sigterm_ends_what_is_under_way_and_exits_with_success() {
    let mut stage = Stage::engaged().await;
    stage.stop().await;
    let process = serve(&mut stage);
    stage.app.answer(|_| Reply::Slowly(Duration::from_millis(300), 200));
    let messages: Vec<String> = (0..10).map(|nth| text(&format!("wamid.{nth}"), &nth.to_string())).collect();
    stage.take(letter(&stage.line(0, 0), &messages)).await;
    stage.app.until(10).await;
    let status = actix_web::web::block(move || process.terminate()).await.expect("it ends");
    assert_eq!(status.code(), Some(0));
    let process = serve(&mut stage);
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 10).await;
    assert_eq!(ledger["routes"]["main/app"]["pending"], 0);
    assert_eq!(stage.app.deliveries().len(), 10, "nothing is delivered again");
    process.kill();
}

#[actix_web::test]
async fn bad_settings_end_it_with_every_fault_and_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wharf.toml");
    std::fs::write(&path, "[server]\nlisten = \"nowhere\"\nlissten = 1\n[[gateway]]\nuri = \"v25\"\n").expect("a file");
    for command in ["serve", "check"] {
        let output = run(wharf(&[command, "--config", &path.to_string_lossy()]));
        let said = String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned();
        assert_eq!(output.status.code(), Some(1), "{command}: {said}");
        for expected in ["wharf.toml:2:", "wharf.toml:3:", "lissten", "whatsapp_token", "app_secret", "uri"] {
            assert!(said.contains(expected), "{command} does not say {expected}: {said}");
        }
    }
    let missing = run(wharf(&["serve", "--config", "/nowhere/wharf.toml"]));
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nowhere/wharf.toml"));
}

#[actix_web::test]
async fn a_second_process_on_the_same_folder_is_told_so_and_the_first_goes_on() {
    let mut stage = Stage::engaged().await;
    stage.stop().await;
    let process = serve(&mut stage);
    let config = config(&stage);
    let second = actix_web::web::block(move || run(wharf(&["serve", "--config", &config.to_string_lossy()])))
        .await
        .expect("it ends");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("data") && said.contains("use"), "{said}");
    stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await;
    process.kill();
}

#[actix_web::test]
async fn an_address_in_use_is_named_with_its_setting() {
    let mut stage = Stage::new().await;
    stage.stop().await;
    let taken = std::net::TcpListener::bind(nobody()).expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    let text = stage.settings().replacen("listen = \"127.0.0.1:0\"", &format!("listen = \"{address}\""), 1);
    let path = stage.folder.path().join("taken.toml");
    std::fs::write(&path, text).expect("a file");
    let output = actix_web::web::block(move || run(wharf(&["serve", "--config", &path.to_string_lossy()])))
        .await
        .expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&address) && said.contains("server.listen"), "{said}");
}

#[actix_web::test]
async fn no_file_at_all_is_one_gateway_from_variables() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = wharf(&[]);
    command.current_dir(folder.path()).envs([
        ("WHARF_WHATSAPP_TOKEN", "EAAG"),
        ("WHARF_APP_SECRET", "s"),
        ("WHARF_VERIFY_TOKEN", "v"),
        ("WHARF_SERVER__LISTEN", "127.0.0.1:0"),
        ("WHARF_SERVER__OPS_LISTEN", "127.0.0.1:0"),
    ]);
    let process = Process::start(command);
    let shake = format!("{}/whatsapp?hub.mode=subscribe&hub.verify_token=v&hub.challenge=7", process.public);
    let answer = crate::harness::http::get(&shake, &[]).await;
    assert_eq!((answer.status, answer.text()), (200, "7"));
    assert!(folder.path().join("data").is_dir());
    let status = actix_web::web::block(move || process.terminate()).await.expect("it ends");
    assert!(status.success());
}
