//! What comes back at the callback, and what the doctor makes of it.

use super::super::finding::Level;
use super::*;

fn answer(status: u16, content_type: &str, body: &str) -> Heard {
    let body = body.to_owned().into();
    Heard::Answer(Answered { status, content_type: content_type.to_owned(), body, ..Answered::default() })
}

fn ours(status: u16, id: &str) -> Heard {
    answer(status, "application/json", &format!("{{\"id\":\"{id}\"}}"))
}

fn silent() -> Heard {
    Heard::Nothing { reason: "connection refused".into() }
}

#[test]
fn a_handshake_is_good_only_where_the_challenge_comes_back_as_it_was() {
    let away = Answered { status: 301, location: Some("https://b.example/x?t=1".into()), ..Answered::default() };
    let html = "text/html; charset=utf-8";
    for (heard, level, said, remedy) in [
        (answer(200, "text/plain", "158"), Level::Ok, "the challenge", ""),
        (answer(200, "text/plain", "158\n"), Level::Fail, "white space", "every byte"),
        (answer(200, "text/plain", "ok"), Level::Fail, "not the challenge", "proxy"),
        (answer(200, html, "<html>Welcome"), Level::Fail, "with a page", "something else"),
        (answer(404, html, "<html>"), Level::Fail, "404, with a page", "does not pass this path"),
        (ours(404, "wharf.path.unknown"), Level::Fail, "no such gateway", "another Wharf"),
        (ours(403, "wharf.handshake.refused"), Level::Fail, "does not know this verify_token", "older settings"),
        (answer(403, html, "<html>"), Level::Fail, "403", "wants a login"),
        (answer(502, html, "<html>"), Level::Fail, "502", "upstream"),
        (Heard::Answer(away), Level::Fail, "301, to https://b.example/x?…", "no redirect"),
        (silent(), Level::Fail, "connection refused", "DNS"),
    ] {
        let found = of_handshake("main", "158", &heard);
        assert_eq!((found.level, found.check.as_str()), (level, "handshake"), "{found:?}");
        assert!(found.says.contains(said), "{found:?}");
        assert!(found.remedy.as_deref().unwrap_or_default().contains(remedy), "{found:?}");
    }
}

#[test]
fn a_signature_is_good_where_the_signed_one_is_taken_and_the_forged_one_is_not() {
    let (taken, forged) = (answer(200, "", ""), ours(401, "wharf.signature.wrong"));
    for (good, bad, level, said) in [
        (taken.clone(), forged.clone(), Level::Ok, "a signed webhook is taken"),
        (taken.clone(), taken.clone(), Level::Fail, "nobody signed was answered 200"),
        (ours(401, "wharf.signature.missing"), forged.clone(), Level::Fail, "lost on the way"),
        (ours(401, "wharf.signature.wrong"), forged.clone(), Level::Fail, "does not fit any more"),
        (ours(403, "wharf.client_certificate.missing"), forged.clone(), Level::Skipped, "client certificate"),
        (ours(503, "wharf.store.closed"), forged.clone(), Level::Fail, "wharf.store.closed"),
        (answer(413, "text/html", ""), forged.clone(), Level::Fail, "413"),
        (silent(), forged, Level::Fail, "connection refused"),
        (taken, silent(), Level::Fail, "connection refused"),
    ] {
        let found = of_signature("main", &good, &bad);
        assert_eq!(found.level, level, "{found:?}");
        assert!(found.says.contains(said), "{found:?}");
        assert_eq!(found.remedy.is_some(), level == Level::Fail, "{found:?}");
    }
}

#[test]
fn a_certificate_is_judged_by_trust_and_by_the_days_it_has_left() {
    let url = "https://wa.example.com";
    let ends = |days: i64| Ok(Touched { certificate_ends_s: Some(1_000_000 + days * DAY_S) });
    let untrusted = Err(Untouched::Tls { host: "wa.example.com".into(), reason: "UnknownIssuer".into() });
    let gone = Err(Untouched::Unconnected { address: "192.0.2.1:443".into(), reason: "refused".into() });
    for (touched, level, said) in [
        (Some(ends(60)), Level::Ok, "60 days"),
        (Some(ends(14)), Level::Ok, "14 days"),
        (Some(ends(13)), Level::Warn, "13 days"),
        (Some(untrusted), Level::Fail, "UnknownIssuer"),
        (Some(gone), Level::Fail, "takes no connection"),
    ] {
        let found = of_tls(url, touched.as_ref(), 1_000_000);
        assert_eq!(found.level, level, "{found:?}");
        assert!(found.says.contains(said), "{found:?}");
    }
    assert_eq!(of_tls("http://127.0.0.1:8080", None, 0).level, Level::Skipped);
    assert_eq!(of_tls("http://wa.example.com", None, 0).level, Level::Fail);
}
