//! One test per field of Meta's webhooks: kind, person, and the key by which a second copy is known.

use super::*;

/// Whether two POSTs of one item each carry the same item.
fn same(one: &str, other: &str) -> bool {
    only(one).key == only(other).key
}

/// Changing any of `parts` in `body` makes another item; changing `beside` does not.
fn assert_known_by(body: &str, parts: &[(&str, &str)], beside: &[(&str, &str)]) {
    for (from, to) in parts {
        assert!(body.contains(from), "{from} is not in the body");
        assert!(!same(body, &body.replace(from, to)), "{from} belongs to the key");
    }
    for (from, to) in beside {
        assert!(body.contains(from), "{from} is not in the body");
        assert!(same(body, &body.replace(from, to)), "{from} does not belong to the key");
        assert_ne!(only(body).content, only(body.replace(from, to)).content);
    }
    assert!(!same(body, &body.replace(NUMBER, "777")), "the number belongs to the key");
}

#[test]
fn a_message_is_known_by_number_and_id() {
    let body = number_post(
        "messages",
        r#""contacts":[{"profile":{"name":"Ann"},"wa_id":"16505551234","user_id":"US.1349"}],"messages":[{"from":"16505551234","id":"wamid.A==","timestamp":"1700000001","type":"text","text":{"body":"hi"}}]"#,
    );
    let item = only(&body);
    assert_eq!(
        (item.kind, &*item.field, item.message_id.as_deref()),
        (EventKind::Message, "messages", Some("wamid.A=="))
    );
    assert_eq!(item.number, NumberRef { id: some(NUMBER), display: some("15550783881") });
    assert_eq!(item.customer, person(Some("16505551234"), Some("US.1349")));
    assert_eq!((item.sent_at_s, item.stamp), (Some(1_700_000_001), Stamp::Dated(1_700_000_001)));
    assert_eq!(item.owner.entry_id.as_deref(), Some(WABA));
    assert!(item.opens_window && !item.test && !item.owner.decides_by_content);
    assert_known_by(
        &body,
        &[("wamid.A==", "wamid.B=="), (r#""field":"messages""#, r#""field":"standby""#)],
        &[("hi", "ho"), ("1700000001", "1700000002")],
    );
}

#[test]
fn a_status_is_known_by_message_state_and_recipient() {
    let body = number_post(
        "messages",
        r#""statuses":[{"id":"wamid.S","status":"sent","timestamp":"1700000001","recipient_id":"16505551234","biz_opaque_callback_data":"order \"7\"","pricing":{"billable":true}}]"#,
    );
    let item = only(&body);
    assert_eq!(
        (item.kind, item.status.as_deref(), item.message_id.as_deref()),
        (EventKind::Status, Some("sent"), Some("wamid.S"))
    );
    assert_eq!(item.opaque.as_deref(), Some("order \"7\""));
    assert_eq!(item.customer, person(Some("16505551234"), None));
    assert!(!item.opens_window);
    assert_known_by(
        &body,
        &[("wamid.S", "wamid.T"), (r#""sent""#, r#""read""#), ("16505551234", "16505550000")],
        &[("true", "false")],
    );
}

#[test]
fn a_status_of_a_user_without_a_phone_number_is_known_by_the_user_id() {
    let body = number_post(
        "messages",
        r#""statuses":[{"id":"wamid.S","status":"read","timestamp":"1700000001","recipient_id":"","recipient_user_id":"US.77"}]"#,
    );
    assert_eq!(only(&body).customer, person(None, Some("US.77")));
    assert_known_by(&body, &[("US.77", "US.78")], &[]);
}

#[test]
fn the_members_of_a_group_have_statuses_of_their_own() {
    let body = number_post(
        "messages",
        r#""statuses":[{"id":"wamid.G","status":"read","timestamp":"1","recipient_id":"GROUP","recipient_type":"group","recipient_participant_id":"111"},{"id":"wamid.G","status":"read","timestamp":"1","recipient_id":"GROUP","recipient_type":"group","participant_recipient_id":"222"},{"id":"wamid.G","status":"read","timestamp":"1","recipient_id":"GROUP","recipient_type":"group","recipient_participant_user_id":"US.3"},{"id":"wamid.G","status":"read","timestamp":"1","recipient_id":"GROUP","recipient_type":"group","someone":"444"},{"id":"wamid.G","status":"read","timestamp":"1","recipient_id":"GROUP","recipient_type":"group","someone":"555"}]"#,
    );
    let items = items(&body);
    let keys: BTreeSet<u128> = items.iter().map(|item| item.key).collect();
    assert_eq!(keys.len(), 5);
    assert!(items.iter().all(|item| item.customer.group_id.as_deref() == Some("GROUP")));
    assert_eq!(items[0].customer.wa_id.as_deref(), Some("111"));
    assert_eq!(items[1].customer.wa_id.as_deref(), Some("222"));
    assert_eq!(items[2].customer.user_id.as_deref(), Some("US.3"));
    assert_sound(body.as_bytes(), &items);
}

#[test]
fn a_payment_status_is_known_by_reference_transaction_state_time_and_refunds() {
    let body = number_post(
        "messages",
        r#""statuses":[{"id":"wamid.P","status":"captured","type":"payment","timestamp":"1700000001","recipient_id":"919999","payment":{"reference_id":"ref-1","amount":{"value":21000,"offset":100},"transaction":{"id":"order_a","type":"razorpay","updated_timestamp":1700000009},"refunds":[{"id":"r1"}]}}]"#,
    );
    assert_eq!(only(&body).kind, EventKind::Status);
    assert_eq!(only(body.replace("captured", "failed")).status, None, "a payment that failed is no failed message");
    let parts = [
        ("wamid.P", "wamid.Q"),
        ("captured", "pending"),
        ("ref-1", "ref-2"),
        ("order_a", "order_b"),
        ("1700000009", "1700000010"),
        ("\"r1\"", "\"r2\""),
    ];
    assert_known_by(&body, &parts, &[("21000", "22000")]);
}

#[test]
fn errors_of_a_value_are_known_by_their_bytes_and_for_ten_minutes_only() {
    let error = |code: u32| number_post("messages", &format!(r#""errors":[{{"code":{code},"title":"Too old"}}]"#));
    let item = only(error(131_035));
    assert_eq!((item.kind, item.stamp, item.message_id.as_deref()), (EventKind::Error, Stamp::Brief, None));
    assert!(same(&error(131_035), &error(131_035)));
    assert!(!same(&error(131_035), &error(131_000)));
}

#[test]
fn an_error_with_an_entry_time_is_known_by_it() {
    let at = |time: &str| {
        number_post("messages", r#""errors":[{"code":1}]"#)
            .replace(r#","changes""#, &format!(r#","time":{time},"changes""#))
    };
    assert_eq!(only(at("1739321024")).stamp, Stamp::Dated(1_739_321_024));
    assert!(same(&at("1739321024"), &at("\"1739321024\"")));
    assert!(!same(&at("1739321024"), &at("1739321025")));
}

#[test]
fn an_echo_names_the_customer_it_went_to() {
    let body = number_post(
        "smb_message_echoes",
        r#""message_echoes":[{"from":"15550783881","to":"16505551234","to_user_id":"US.9","id":"wamid.E","timestamp":"1700000001","type":"text","text":{"body":"hi"}}]"#,
    );
    let item = only(&body);
    assert_eq!((item.kind, item.message_id.as_deref(), item.opens_window), (EventKind::Echo, Some("wamid.E"), false));
    assert_eq!(item.customer, person(Some("16505551234"), Some("US.9")));
    assert_known_by(&body, &[("wamid.E", "wamid.F")], &[("\"hi\"", "\"ho\"")]);
}

#[test]
fn a_chunk_of_history_is_one_item_known_by_phase_and_order() {
    let body = number_post(
        "history",
        r#""history":[{"metadata":{"phase":0,"chunk_order":1,"progress":55},"threads":[{"id":"16505551234","messages":[{"from":"16505551234","id":"wamid.1","timestamp":"1738796547","type":"text"},{"from":"15550783881","to":"16505551234","id":"wamid.2"}]}]}]"#,
    );
    let item = only(&body);
    assert_eq!((item.kind, item.stamp, item.opens_window), (EventKind::History, Stamp::Undated, false));
    assert!(item.customer.is_unknown());
    assert_known_by(
        &body,
        &[("\"phase\":0", "\"phase\":1"), ("\"chunk_order\":1", "\"chunk_order\":2")],
        &[("55", "56")],
    );
}

#[test]
fn a_declined_history_is_known_by_its_bytes() {
    let item = only(number_post("history", r#""history":[{"errors":[{"code":2593109}]}]"#));
    assert_eq!((item.kind, item.stamp), (EventKind::History, Stamp::Brief));
}

#[test]
fn media_that_come_after_a_history_are_history_and_open_no_window() {
    let body = number_post(
        "history",
        r#""messages":[{"from":"16505551234","id":"wamid.M","timestamp":"1738796547","type":"image"}]"#,
    );
    let item = only(&body);
    assert_eq!(
        (item.kind, item.opens_window, item.message_id.as_deref()),
        (EventKind::History, false, Some("wamid.M"))
    );
    assert_eq!(item.customer, person(Some("16505551234"), None));
    let own =
        only(body.replace("16505551234", "+1 555 078 3881").replace(r#""id":"wamid"#, r#""to":"999","id":"wamid"#));
    assert_eq!(own.customer, person(Some("999"), None));
    assert_known_by(&body, &[("wamid.M", "wamid.N")], &[("image", "video")]);
}

#[test]
fn a_contact_of_the_business_app_is_known_by_phone_action_and_time() {
    let body = number_post(
        "smb_app_state_sync",
        r#""state_sync":[{"type":"contact","contact":{"full_name":"Pablo","phone_number":"16505551234"},"action":"add","metadata":{"timestamp":"1739321024"}}]"#,
    );
    let item = only(&body);
    assert_eq!((item.kind, item.stamp), (EventKind::Contact, Stamp::Dated(1_739_321_024)));
    assert!(item.customer.is_unknown(), "an address book starts no dialog");
    assert_known_by(
        &body,
        &[("16505551234", "16505551235"), ("add", "remove"), ("1739321024", "1739321025")],
        &[("Pablo", "Pedro")],
    );
}

#[test]
fn a_preference_is_known_by_user_category_value_and_time() {
    let body = number_post(
        "user_preferences",
        r#""user_preferences":[{"wa_id":"16505551234","detail":"stop it","category":"marketing_messages","value":"stop","timestamp":1731705721}]"#,
    );
    let item = only(&body);
    assert_eq!((item.kind, item.stamp), (EventKind::Preference, Stamp::Dated(1_731_705_721)));
    assert_eq!(item.customer, person(Some("16505551234"), None));
    let parts = [
        ("16505551234", "16505551235"),
        ("marketing_messages", "other"),
        ("\"stop\"", "\"resume\""),
        ("1731705721", "1731705722"),
    ];
    assert_known_by(&body, &parts, &[("stop it", "no more")]);
}

#[test]
fn a_call_is_known_by_id_and_event_and_opens_the_window_when_the_user_calls() {
    let body = number_post(
        "calls",
        r#""calls":[{"id":"wacid.x=","from":"16505551234","to":"15550783881","event":"connect","timestamp":"1752583107","direction":"USER_INITIATED","session":{"sdp":"v=0"}}]"#,
    );
    let item = only(&body);
    assert_eq!((item.kind, item.message_id.as_deref(), item.opens_window), (EventKind::Call, Some("wacid.x="), true));
    assert_eq!(item.customer, person(Some("16505551234"), None));
    assert_known_by(&body, &[("wacid.x=", "wacid.y="), ("connect", "terminate")], &[("v=0", "v=1")]);
}

#[test]
fn the_customer_of_a_call_by_the_business_is_the_one_called() {
    let call = |from: &str, to: &str| {
        only(number_post(
            "calls",
            &format!(
                r#""calls":[{{"id":"c","from":"{from}","to":"{to}","event":"connect","direction":"BUSINESS_INITIATED"}}]"#
            ),
        ))
    };
    let item = call("15550783881", "16505551234");
    assert_eq!((item.customer.wa_id.as_deref(), item.opens_window), (Some("16505551234"), false));
    assert_eq!(call("16505551234", "+1 (555) 078-3881").customer.wa_id.as_deref(), Some("16505551234"));
    assert_eq!(call("1", "2").customer.wa_id.as_deref(), Some("2"));
}

#[test]
fn a_call_status_is_known_by_id_and_state() {
    let body = number_post(
        "calls",
        r#""statuses":[{"id":"wacid.z","type":"call","status":"RINGING","timestamp":"1671644824","recipient_id":"16505551234","biz_opaque_callback_data":"x"}]"#,
    );
    let item = only(&body);
    assert_eq!((item.kind, item.status.as_deref(), item.opens_window), (EventKind::Status, None, false));
    assert_eq!(item.customer, person(Some("16505551234"), None));
    let beside = [("1671644824", "1671644825"), ("16505551234", "16505551235")];
    assert_known_by(&body, &[("wacid.z", "wacid.y"), ("RINGING", "ACCEPTED")], &beside);
}

#[test]
fn groups_are_known_by_group_type_request_and_bytes() {
    let fields =
        ["group_lifecycle_update", "group_participants_update", "group_settings_update", "group_status_update"];
    for field in fields {
        let body = number_post(
            field,
            r#""groups":[{"timestamp":"1750269342","group_id":"Y2Fw","type":"group_create","request_id":"R1","subject":"s"}]"#,
        );
        let item = only(&body);
        assert_eq!((item.kind, item.customer.group_id.as_deref()), (EventKind::Group, Some("Y2Fw")));
        let parts = [("Y2Fw", "Y2Fx"), ("group_create", "group_delete"), ("R1", "R2"), ("\"s\"", "\"t\"")];
        assert_known_by(&body, &parts, &[]);
    }
}

#[test]
fn standby_is_a_stream_of_its_own_known_by_what_is_inside() {
    let body = number_post(
        "standby",
        r#""standby":{"contacts":[{"wa_id":"16505551234"}],"messages":[{"from":"16505551234","id":"wamid.A","timestamp":"1700000001","type":"text","text":{"body":"hi"}}]}"#,
    );
    let item = only(&body);
    assert_eq!((item.kind, &*item.field, item.stamp), (EventKind::Account, "standby", Stamp::Dated(1_700_000_001)));
    assert_eq!(item.customer, person(Some("16505551234"), None));
    assert!(!item.opens_window);
    assert_known_by(&body, &[("wamid.A", "wamid.B")], &[("\"hi\"", "\"ho\"")]);
}

#[test]
fn a_handover_finds_its_number_under_recipient() {
    let body = post(
        "messaging_handovers",
        r#"{"messaging_product":"whatsapp","recipient":{"display_phone_number":"15550783881","phone_number_id":"106540352242922"},"sender":{"phone_number":"16505551234","user_id":"US.5"},"timestamp":"1788000000","control_passed":{"to":"ai_agent"},"metadata":"note"}"#,
    );
    let item = only(&body);
    assert_eq!(
        (item.kind, item.number.id.as_deref(), item.stamp),
        (EventKind::Account, Some(NUMBER), Stamp::Dated(1_788_000_000))
    );
    assert_eq!(item.customer, person(Some("16505551234"), Some("US.5")));
    assert_known_by(
        &body,
        &[("16505551234", "16505551235"), ("control_passed", "control_taken"), ("1788000000", "1788000001")],
        &[("note", "nota")],
    );
}

#[test]
fn an_automatic_event_is_known_by_message_and_name() {
    let body = number_post(
        "automatic_events",
        r#""automatic_events":[{"id":"wamid.L","event_name":"LeadSubmitted","timestamp":1749069089,"ctwa_clid":"Af"}]"#,
    );
    let item = only(&body);
    assert_eq!(
        (item.kind, item.message_id.as_deref(), item.sent_at_s),
        (EventKind::Automatic, Some("wamid.L"), Some(1_749_069_089))
    );
    assert_known_by(&body, &[("wamid.L", "wamid.M"), ("LeadSubmitted", "Purchase")], &[("\"Af\"", "\"Ag\"")]);
}

#[test]
fn a_changed_user_id_names_the_old_and_the_new_one() {
    let body = number_post(
        "user_id_update",
        r#""contacts":[{"wa_id":"15557654321"}],"user_id_update":[{"wa_id":"15557654321","detail":"d1","user_id":{"previous":"US.1","current":"US.2"},"timestamp":"1700000003"}]"#,
    );
    let item = only(&body);
    let customer = Customer { previous_user_id: some("US.1"), ..person(Some("15557654321"), Some("US.2")) };
    assert_eq!((item.kind, item.customer), (EventKind::UserId, customer));
    assert_known_by(&body, &[("US.1", "US.0"), ("US.2", "US.3"), ("1700000003", "1700000004")], &[("d1", "d2")]);
}

#[test]
fn account_settings_find_their_number_and_are_known_by_time_and_bytes() {
    let body = post(
        "account_settings_update",
        r#"{"messaging_product":"whatsapp","timestamp":"1671644824","type":"phone_number_settings","phone_number_settings":{"phone_number_id":"106540352242922","calling":{"status":"ENABLED"}}}"#,
    );
    let item = only(&body);
    assert_eq!(
        (item.kind, item.number.id.as_deref(), item.stamp),
        (EventKind::Account, Some(NUMBER), Stamp::Dated(1_671_644_824))
    );
    assert_known_by(&body, &[("1671644824", "1671644825"), ("ENABLED", "DISABLED")], &[]);
}

#[test]
fn number_fields_know_the_display_number_only() {
    for field in ["phone_number_quality_update", "phone_number_name_update", "security", "business_username_update"] {
        let body = timed_post(field, r#"{"display_phone_number":"15550783881","event":"ONBOARDING"}"#);
        let item = only(&body);
        assert_eq!(item.number, NumberRef { id: None, display: some("15550783881") });
        assert_eq!((item.kind, item.stamp), (EventKind::Account, Stamp::Dated(1_739_321_024)));
        assert!(same(&body, &body) && !same(&body, &body.replace("ONBOARDING", "FLAGGED")));
        assert!(!same(&body, &body.replace("1739321024", "1739321025")));
        assert!(!same(&body, &body.replace("15550783881", "15550783882")));
    }
}

#[test]
fn fields_of_the_account_are_one_item_known_by_value_and_entry_time() {
    let fields = [
        "account_update",
        "account_review_update",
        "account_alerts",
        "business_capability_update",
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
        "payment_configuration_update",
        "partner_solutions",
        "flows",
        "tracking_events",
        "a_field_of_next_year",
    ];
    for field in fields {
        let body = timed_post(
            field,
            r#"{"event":"X","message_template_id":12345678901234567890,"errors":[1,2],"messages":[3,4]}"#,
        );
        let item = only(&body);
        assert_eq!((item.kind, &*item.field, item.stamp), (EventKind::Account, field, Stamp::Dated(1_739_321_024)));
        assert_eq!((item.number.clone(), item.customer.is_unknown()), (NumberRef::default(), true));
        assert!(same(&body, &body) && !same(&body, &body.replace("\"X\"", "\"Y\"")));
        assert!(!same(&body, &body.replace("1739321024", "1739321025")));
    }
}

#[test]
fn an_alert_about_a_number_names_it() {
    let number = |kind: &str| {
        only(timed_post("account_alerts", &format!(r#"{{"entity_type":"{kind}","entity_id":"106540352242922"}}"#)))
            .number
            .id
    };
    assert_eq!(number("PHONE_NUMBER"), some(NUMBER));
    assert_eq!(number("BUSINESS"), None);
}

#[test]
fn partner_updates_carry_a_portfolio_and_are_owned_by_content() {
    let partner = only(timed_post(
        "account_update",
        r#"{"event":"PARTNER_ADDED","waba_info":{"waba_id":"495709166956424","owner_business_id":"1"}}"#,
    ));
    assert!(partner.owner.decides_by_content);
    assert_eq!(partner.owner.waba_info.as_deref(), Some("495709166956424"));
    assert!(only(timed_post("partner_solutions", r#"{"event":"SOLUTION_CREATED"}"#)).owner.decides_by_content);
    assert!(!only(timed_post("account_update", r#"{"event":"DISABLED_UPDATE"}"#)).owner.decides_by_content);
    assert!(!only(timed_post("flows", r#"{"waba_info":{"waba_id":"1"}}"#)).owner.decides_by_content);
}

#[test]
fn a_coexistence_update_names_its_number() {
    let item = only(timed_post("account_update", r#"{"event":"PARTNER_REMOVED","phone_number":"15550783881"}"#));
    assert_eq!(item.number.display.as_deref(), Some("15550783881"));
}
