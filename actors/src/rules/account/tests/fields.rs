//! Every field that Meta sends, one row each: by what a second copy is known, what it is, and in which lane it goes.

use super::*;
use crate::cloud::webhook::split;
use wharf_storage::Event;

/// In which lane an item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// The dialog's.
    Dialog,
    /// Beside the dialog's: the past.
    Past,
    /// The number's for this field.
    Number,
    /// The account's for this field.
    Account,
}
use Lane::{Account as OfAccount, Dialog as OfDialog, Number as OfNumber, Past};

/// A field with a payload of ours.
struct Row {
    field: &'static str,
    value: &'static str,
    /// Words of the payload that belong to the key: another one there is another item.
    key: &'static [&'static str],
    /// Words that do not: another one there is a duplicate that differs.
    beside: &'static [&'static str],
    kind: EventKind,
    lane: Lane,
}

const fn row(
    field: &'static str,
    value: &'static str,
    key: &'static [&'static str],
    beside: &'static [&'static str],
    kind: EventKind,
    lane: Lane,
) -> Row {
    Row { field, value, key, beside, kind, lane }
}

/// PLATFORM's fields in its order, then what nobody knows. `M` stands for `metadata` of number 9.
#[rustfmt::skip]
const ROWS: [Row; 44] = [
    row("messages", r#"{M,"contacts":[{"wa_id":"111"}],"messages":[{"from":"111","id":"wamid.in","timestamp":"1790000001","type":"text","text":{"body":"ahoy"}}]}"#,
        &["wamid.in"], &["ahoy", "1790000001"], EventKind::Message, OfDialog),
    row("messages", r#"{M,"statuses":[{"id":"wamid.out","status":"delivered","timestamp":"1790000001","recipient_id":"111","pricing":{"category":"utility"}}]}"#,
        &["wamid.out", "delivered", "111"], &["utility", "1790000001"], EventKind::Status, OfDialog),
    row("messages", r#"{M,"statuses":[{"id":"wamid.out","status":"read","timestamp":"1790000001","recipient_id":"crew","recipient_type":"group","recipient_participant_id":"111"}]}"#,
        &["wamid.out", "read", "111"], &["1790000001"], EventKind::Status, OfDialog),
    row("messages", r#"{M,"statuses":[{"id":"wamid.pay","type":"payment","status":"captured","timestamp":"1790000001","recipient_id":"111","payment":{"reference_id":"ref","amount":{"value":4711},"transaction":{"id":"tx","updated_timestamp":1790000002},"refunds":[{"id":"rf"}]}}]}"#,
        &["wamid.pay", "captured", "\"ref\"", "tx", "1790000002", "rf"], &["4711"], EventKind::Status, OfDialog),
    row("messages", r#"{M,"errors":[{"code":131035,"title":"kept elsewhere"}]}"#,
        &["131035", "elsewhere"], &[], EventKind::Error, OfNumber),
    row("smb_message_echoes", r#"{M,"message_echoes":[{"from":"1555","to":"111","to_user_id":"NO.1","id":"wamid.echo","timestamp":"1790000001","type":"text","text":{"body":"typed"}}]}"#,
        &["wamid.echo"], &["typed"], EventKind::Echo, OfDialog),
    row("smb_message_echoes", r#"{M,"message_echoes":[{"from":"1555","to":"111","id":"wamid.edit","timestamp":"1790000001","type":"edit","edit":{"original_message_id":"wamid.echo","message":{"type":"text"}}}]}"#,
        &["wamid.edit"], &["wamid.echo"], EventKind::Echo, OfDialog),
    row("smb_message_echoes", r#"{M,"message_echoes":[{"from":"1555","to":"111","id":"wamid.gone","timestamp":"1790000001","type":"revoke","revoke":{"original_message_id":"wamid.echo"}}]}"#,
        &["wamid.gone"], &["wamid.echo"], EventKind::Echo, OfDialog),
    row("history", r#"{M,"history":[{"metadata":{"phase":1,"chunk_order":7,"progress":55},"threads":[{"id":"111","messages":[{"from":"111","id":"wamid.old","history_context":{"status":"READ"}}]}]}]}"#,
        &["\"phase\":1", "\"chunk_order\":7"], &["55", "wamid.old"], EventKind::History, OfNumber),
    row("history", r#"{M,"history":[{"errors":[{"code":2593109,"message":"not shared"}]}]}"#,
        &["2593109", "shared"], &[], EventKind::History, OfNumber),
    row("history", r#"{M,"messages":[{"from":"111","id":"wamid.pic","timestamp":"1770000001","type":"image","image":{"id":"44"}}]}"#,
        &["wamid.pic"], &["44"], EventKind::History, Past),
    row("smb_app_state_sync", r#"{M,"state_sync":[{"type":"contact","contact":{"full_name":"Ida","first_name":"Ida","phone_number":"111"},"action":"remove","metadata":{"timestamp":"1790000001"}}]}"#,
        &["111", "remove", "1790000001"], &["Ida"], EventKind::Contact, OfNumber),
    row("user_preferences", r#"{M,"contacts":[{"wa_id":"111"}],"user_preferences":[{"wa_id":"111","detail":"enough","category":"marketing_messages","value":"stop","timestamp":1790000001}]}"#,
        &["111", "marketing_messages", "stop", "1790000001"], &["enough"], EventKind::Preference, OfDialog),
    row("calls", r#"{M,"calls":[{"id":"wacid.in","from":"111","to":"1555","event":"connect","direction":"USER_INITIATED","timestamp":"1790000001","session":{"sdp_type":"offer","sdp":"v=0"}}]}"#,
        &["wacid.in", "connect"], &["v=0", "1790000001"], EventKind::Call, OfDialog),
    row("calls", r#"{M,"calls":[{"id":"wacid.in","from":"111","to":"1555","event":"terminate","direction":"USER_INITIATED","status":"COMPLETED","duration":12,"timestamp":"1790000001"}]}"#,
        &["wacid.in", "terminate"], &["COMPLETED", "12"], EventKind::Call, OfDialog),
    row("calls", r#"{M,"statuses":[{"id":"wacid.out","type":"call","status":"RINGING","timestamp":"1790000001","recipient_id":"111"}]}"#,
        &["wacid.out", "RINGING"], &["1790000001"], EventKind::Status, OfDialog),
    row("group_lifecycle_update", r#"{M,"groups":[{"timestamp":"1790000001","group_id":"crew","type":"group_create","request_id":"rq","subject":"deck"}]}"#,
        &["crew", "group_create", "rq", "deck"], &[], EventKind::Group, OfDialog),
    row("group_participants_update", r#"{M,"groups":[{"timestamp":"1790000001","group_id":"crew","type":"group_participants_add","added_participants":[{"wa_id":"111"}]}]}"#,
        &["crew", "group_participants_add", "1790000001", "111"], &[], EventKind::Group, OfDialog),
    row("group_settings_update", r#"{M,"groups":[{"timestamp":"1790000001","group_id":"crew","type":"group_settings_update","request_id":"rq"}]}"#,
        &["crew", "rq"], &[], EventKind::Group, OfDialog),
    row("group_status_update", r#"{M,"groups":[{"timestamp":"1790000001","group_id":"crew","type":"group_suspend"}]}"#,
        &["crew", "group_suspend", "1790000001"], &[], EventKind::Group, OfDialog),
    row("standby", r#"{M,"standby":{"contacts":[{"wa_id":"111"}],"messages":[{"from":"111","id":"wamid.seen","timestamp":"1790000001","text":{"body":"ahoy"}}]}}"#,
        &["wamid.seen"], &["ahoy"], EventKind::Account, OfDialog),
    row("messaging_handovers", r#"{"recipient":{"display_phone_number":"1555","phone_number_id":"9"},"sender":{"phone_number":"111"},"timestamp":"1790000001","control_passed":{"to":"desk"},"metadata":"note"}"#,
        &["111", "1790000001", "control_passed"], &["note"], EventKind::Account, OfDialog),
    row("automatic_events", r#"{M,"automatic_events":[{"id":"wamid.lead","event_name":"LeadSubmitted","timestamp":1790000001,"ctwa_clid":"Af"}]}"#,
        &["wamid.lead", "LeadSubmitted"], &["Af"], EventKind::Automatic, OfNumber),
    row("tracking_events", r#"{M,"events":[{"click":"c1"}]}"#, &["c1"], &[], EventKind::Account, OfNumber),
    row("account_settings_update", r#"{"timestamp":"1790000001","type":"phone_number_settings","phone_number_settings":{"phone_number_id":"9","calling":{"status":"ENABLED"}}}"#,
        &["1790000001", "ENABLED"], &[], EventKind::Account, OfNumber),
    row("phone_number_quality_update", r#"{"display_phone_number":"1555","event":"THROUGHPUT_UPGRADE","current_limit":"TIER_100K"}"#,
        &["THROUGHPUT_UPGRADE", "TIER_100K"], &[], EventKind::Account, OfNumber),
    row("phone_number_name_update", r#"{"display_phone_number":"1555","decision":"APPROVED","requested_verified_name":"Ferry"}"#,
        &["APPROVED", "Ferry"], &[], EventKind::Account, OfNumber),
    row("security", r#"{"display_phone_number":"1555","event":"PIN_CHANGED","requester":"7"}"#, &["PIN_CHANGED", "\"7\""], &[], EventKind::Account, OfNumber),
    row("business_username_update", r#"{"display_phone_number":"+1 555","username":"ferry","status":"approved"}"#, &["ferry", "approved"], &[], EventKind::Account, OfNumber),
    row("account_update", r#"{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"restriction_type":"RESTRICTED_BIZ","expiration":1790000001}]}"#,
        &["ACCOUNT_RESTRICTION", "1790000001"], &[], EventKind::Account, OfAccount),
    row("account_update", r#"{"event":"PARTNER_ADDED","waba_info":{"waba_id":"100","owner_business_id":"70"}}"#, &["PARTNER_ADDED", "70"], &[], EventKind::Account, OfAccount),
    row("account_update", r#"{"event":"PARTNER_REMOVED","phone_number":"1555"}"#, &["PARTNER_REMOVED"], &[], EventKind::Account, OfNumber),
    row("account_review_update", r#"{"decision":"APPROVED"}"#, &["APPROVED"], &[], EventKind::Account, OfAccount),
    row("account_alerts", r#"{"entity_type":"PHONE_NUMBER","entity_id":"9","alert_info":{"alert_severity":"WARNING","alert_type":"OBA"}}"#, &["WARNING", "OBA"], &[], EventKind::Account, OfNumber),
    row("business_capability_update", r#"{"max_daily_conversations_per_business":2000,"max_phone_numbers_per_business":25}"#, &["2000", "25"], &[], EventKind::Account, OfAccount),
    row("message_template_status_update", r#"{"event":"REJECTED","message_template_id":12345678901234567890,"message_template_name":"late","reason":"NONE"}"#,
        &["REJECTED", "12345678901234567890"], &[], EventKind::Account, OfAccount),
    row("message_template_quality_update", r#"{"previous_quality_score":"GREEN","new_quality_score":"RED","message_template_id":1}"#, &["RED"], &[], EventKind::Account, OfAccount),
    row("template_category_update", r#"{"previous_category":"UTILITY","new_category":"MARKETING","message_template_id":1}"#, &["MARKETING"], &[], EventKind::Account, OfAccount),
    row("flows", r#"{"event":"ENDPOINT_ERROR_RATE","flow_id":"55","error_rate":12.5,"errors":[{"error_count":3}]}"#, &["55", "12.5"], &[], EventKind::Account, OfAccount),
    row("message_template_components_update", r#"{"message_template_id":1,"message_template_element":"the ferry is {{1}} late"}"#, &["late"], &[], EventKind::Account, OfAccount),
    row("payment_configuration_update", r#"{"configuration_name":"till","provider_name":"p","status":"ACTIVE"}"#, &["till", "ACTIVE"], &[], EventKind::Account, OfAccount),
    row("partner_solutions", r#"{"event":"SOLUTION_UPDATED","solution_id":"31","solution_status":"ACTIVE"}"#, &["SOLUTION_UPDATED", "31", "ACTIVE"], &[], EventKind::Account, OfAccount),
    row("user_id_update", r#"{M,"user_id_update":[{"wa_id":"111","detail":"moved","user_id":{"previous":"NO.1","current":"NO.2"},"timestamp":"1790000001"}]}"#,
        &["NO.1", "NO.2", "1790000001"], &["moved"], EventKind::UserId, OfDialog),
    row("a_field_of_next_year", r#"{"messages":[{"id":"not cut"},2],"odd":{"deep":[null,1e400]}}"#, &["not cut", "1e400"], &[], EventKind::Account, OfAccount),
];

const METADATA: &str =
    r#""messaging_product":"whatsapp","metadata":{"display_phone_number":"1555","phone_number_id":"9"}"#;

/// The POST of a row; fields of the account and unknown ones come with a time of their entry.
fn post(field: &str, value: &str) -> String {
    let time = if value.contains("{M") { "" } else { r#""time":1790000003,"# };
    let value = value.replacen("{M", &format!("{{{METADATA}"), 1);
    format!(r#"{{"entry":[{{"id":"100",{time}"changes":[{{"field":"{field}","value":{value}}}]}}]}}"#)
}

fn items(post: &str) -> Vec<Item> {
    split(&bytes::Bytes::copy_from_slice(post.as_bytes())).expect("a webhook")
}

/// What `account` makes of `post`: events of Meta's, duplicates, and of these those that differ.
fn take(account: &mut AccountMachine, post: &str) -> (Vec<Arc<Event>>, i64, i64) {
    let (_, change) = kept(account.handle(accept(items(post)), NOW));
    let counted = counted(&change);
    assert_eq!(counted.faults(), Vec::<String>::new());
    let events = change.events.iter().filter(|event| *event.field != *ALARM_FIELD).cloned().collect();
    (events, counted.duplicate, counted.duplicate_differing)
}

/// `word` made another word of the same kind, wherever it stands.
fn altered(post: &str, word: &str) -> String {
    let digit = |c: char| if c == '9' { '8' } else { char::from(c as u8 + 1) };
    let last = word.rfind(|c: char| c.is_ascii_alphanumeric()).expect("a word");
    let letter = word[last..].chars().next().expect("there");
    let other = if letter.is_ascii_digit() { digit(letter) } else { 'Q' };
    assert!(post.contains(word), "{word} is not in {post}");
    post.replace(word, &format!("{}{other}{}", &word[..last], &word[last + 1..]))
}

fn assert_lane(row: &Row, event: &Event) {
    let (field, dialog) = (row.field, event.dialog.as_ref().map(|dialog| dialog.id));
    let of = |number: &str| xxhash_rust::xxh3::xxh3_64(format!("{number}|{field}").as_bytes()) | 1 << 63;
    match row.lane {
        Lane::Dialog => assert_eq!(Some(event.lane), dialog, "{field}"),
        Lane::Past => assert!(dialog.is_some_and(|id| id != event.lane && event.lane != of("9")), "{field}"),
        Lane::Number => {
            assert_eq!((event.lane, dialog, event.number.id.as_deref()), (of("9"), None, Some("9")), "{field}")
        }
        Lane::Account => assert_eq!((event.lane, dialog, event.number.id.as_deref()), (of(""), None, None), "{field}"),
    }
}

#[test]
fn every_field_has_its_kind_its_lane_and_its_key() {
    for row in &ROWS {
        let (post, mut account) = (post(row.field, row.value), active());
        let (events, ..) = take(&mut account, &post);
        assert_eq!((events.len(), events[0].kind, &*events[0].field), (1, row.kind, row.field));
        assert_eq!(events[0].body, post, "nothing of it is lost");
        assert_lane(row, &events[0]);
        assert_eq!(take(&mut account, &post), (Vec::new(), 1, 0), "a copy of {}", row.field);
        for word in row.key {
            let (events, ..) = take(&mut account, &altered(&post, word));
            assert_eq!(events.len(), 1, "{word} belongs to the key of {}", row.field);
        }
        for word in row.beside {
            let taken = take(&mut account, &altered(&post, word));
            assert_eq!(taken, (Vec::new(), 1, 1), "{word} does not belong to the key of {}", row.field);
        }
    }
}

#[test]
fn what_is_known_by_its_bytes_is_another_item_at_another_time_or_in_another_field() {
    let whole = ROWS.iter().filter(|row| row.kind == EventKind::Account && row.beside.is_empty());
    let by_bytes = whole.filter(|row| row.field != "account_settings_update" && !row.value.contains("{M"));
    for Row { field, value, .. } in by_bytes {
        let (first, mut account) = (post(field, value), active());
        let later = first.replace("1790000003", "1790000004");
        let elsewhere = first.replace(field, "another_field");
        for (post, events) in [(&first, 1), (&later, 1), (&elsewhere, 1), (&first, 0)] {
            assert_eq!(take(&mut account, post).0.len(), events, "{field}: {post}");
        }
    }
}

#[test]
fn account_settings_are_the_same_whenever_their_entry_was_written() {
    let settings = ROWS.iter().find(|row| row.field == "account_settings_update").expect("it is there");
    let (post, mut account) = (post(settings.field, settings.value), active());
    assert_eq!(take(&mut account, &post).0.len(), 1);
    assert_eq!(take(&mut account, &post.replace("1790000003", "1790000004")), (Vec::new(), 1, 0));
}

/// Five thousand chunks and media parts of a new number's past, then one word of the customer.
#[test]
fn a_burst_of_history_holds_up_no_live_message() {
    let media: Vec<String> =
        (0..5000).map(|nth| format!(r#"{{"from":"111","id":"wamid.h{nth}","timestamp":"1770000000"}}"#)).collect();
    let past = post("history", &format!(r#"{{M,"messages":[{}]}}"#, media.join(",")));
    let chunk = post(
        "history",
        r#"{M,"history":[{"metadata":{"phase":0,"chunk_order":1}},{"metadata":{"phase":0,"chunk_order":2}}]}"#,
    );
    let contacts: Vec<String> = (0..500)
        .map(|nth| format!(r#"{{"contact":{{"phone_number":"{nth}"}},"action":"add","metadata":{{"timestamp":"1"}}}}"#))
        .collect();
    let book = post("smb_app_state_sync", &format!(r#"{{M,"state_sync":[{}]}}"#, contacts.join(",")));
    let live = post("messages", r#"{M,"messages":[{"from":"111","id":"wamid.live"}]}"#);
    let mut account = active();
    let lanes =
        |events: &[Arc<Event>]| events.iter().map(|event| event.lane).collect::<std::collections::BTreeSet<_>>();
    let bursts: Vec<_> = [&past, &chunk, &book].map(|post| lanes(&take(&mut account, post).0)).into();
    assert!(bursts.iter().all(|lanes| lanes.len() == 1), "in order among themselves");
    let live = lanes(&take(&mut account, &live).0);
    assert!(bursts.iter().all(|lanes| lanes.is_disjoint(&live)));
}
