//! Payloads of our own wording, for where no corpus is at hand: one of each shape that is cut differently.

use crate::payloads::Payload;

/// The payloads, the first a plain text message.
pub(crate) fn payloads() -> Vec<Payload> {
    let all = [
        ("a text", A_TEXT),
        ("three messages, two statuses and an error in one value", A_BATCH),
        ("two numbers of one account, one customer without a phone number", TWO_NUMBERS),
        ("two accounts, numbers that are JSON numbers, odd spacing", TWO_ACCOUNTS),
        ("Meta's escapes, half an emoji and members nobody knows", ODD_BYTES),
        ("calls, echoes, preferences and a changed user id", OTHER_LISTS),
        ("fields of the account, never cut", ACCOUNT_FIELDS),
        ("a portfolio's entry that names its account inside", A_PORTFOLIO),
        ("a placeholder where the account should be", A_PLACEHOLDER),
        ("the dashboard's test button", A_TEST),
    ];
    all.map(|(name, body)| Payload { name: name.to_owned(), body: body.as_bytes().to_vec() }).into()
}

const A_TEXT: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"710000000000001","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"contacts":[{"profile":{"name":"Ida"},"wa_id":"15550190001"}],"messages":[{"from":"15550190001","id":"wamid.WHARF-text-1","timestamp":"1790000000","type":"text","text":{"body":"Is the ferry on time?"}}]},"field":"messages"}]}]}"#;

const A_BATCH: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"710000000000001","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"contacts":[{"profile":{"name":"Ida"},"wa_id":"15550190001"},{"profile":{"name":"Ole"},"wa_id":"15550190002"}],"messages":[{"from":"15550190001","id":"wamid.WHARF-batch-1","timestamp":"1790000001","type":"text","text":{"body":"one"}},{"from":"15550190002","id":"wamid.WHARF-batch-2","timestamp":"1790000002","type":"image","image":{"id":"730000000000001","mime_type":"image\/jpeg","sha256":"c2Vh"}},{"from":"15550190001","id":"wamid.WHARF-batch-3","timestamp":"1790000003","type":"reaction","reaction":{"message_id":"wamid.WHARF-text-1","emoji":"\ud83d\udc4d"}}],"statuses":[{"id":"wamid.WHARF-out-1","status":"sent","timestamp":"1790000004","recipient_id":"15550190001"},{"id":"wamid.WHARF-out-1","status":"delivered","timestamp":"1790000005","recipient_id":"15550190001"}],"errors":[{"code":131051,"title":"Message type unknown","message":"Message type unknown"}]},"field":"messages"}]}]}"#;

const TWO_NUMBERS: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"710000000000001","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"contacts":[{"profile":{"name":"Ida","username":"ida.at.sea"},"user_id":"NO.5500000000000000001"}],"messages":[{"from_user_id":"NO.5500000000000000001","id":"wamid.WHARF-two-1","timestamp":"1790000010","type":"text","text":{"body":"no number of mine"}}]},"field":"messages"},{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100002","phone_number_id":"720000000000002"},"contacts":[{"profile":{"name":"Ole"},"wa_id":"15550190002"}],"messages":[{"from":"15550190002","id":"wamid.WHARF-two-2","timestamp":"1790000011","type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"yes","title":"Yes"}}}]},"field":"messages"}]}]}"#;

const TWO_ACCOUNTS: &str = r#"{ "object" : "whatsapp_business_account",
  "entry" : [
    { "id" : "710000000000001", "changes" : [ { "field" : "messages", "value" : { "messaging_product" : "whatsapp",
      "metadata" : { "display_phone_number" : "15550100001", "phone_number_id" : "720000000000001" },
      "messages" : [ { "from" : "15550190003", "id" : "wamid.WHARF-wide-1", "timestamp" : 1790000020, "type" : "location",
        "location" : { "latitude" : 59.9130, "longitude" : 1.07522e1 } } ] } } ] },
    { "id" : "710000000000002", "changes" : [ { "field" : "messages", "value" : { "messaging_product" : "whatsapp",
      "metadata" : { "display_phone_number" : "15550100003", "phone_number_id" : "720000000000003" },
      "statuses" : [ { "id" : "wamid.WHARF-wide-2", "status" : "read", "timestamp" : "1790000021", "recipient_id" : "15550190003" } ] } } ] }
  ] }"#;

const ODD_BYTES: &str = r#"{"object":"whatsapp_business_account","era":{"of":"sail"},"entry":[{"id":"710000000000001","time":1790000030,"mood":[1,2.50,null],"changes":[{"note":"beside the value","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"contacts":[{"profile":{"name":"Half \ud83d of one"},"wa_id":"15550190004"}],"tide":"high","messages":[{"from":"15550190004","id":"wamid.WHARF-odd-1","timestamp":"1790000031","type":"hologram","hologram":{"url":"https:\/\/example.com\/a?b=1","depth":1e400,"caf\u00e9":"Sm\u00f8rrebr\u00f8d"}},{"from":"15550190004","id":"wamid.WHARF-odd-2","timestamp":"1790000032","type":"text","text":{"body":"blåbær 🫐"}}]},"field":"messages"}]}]}"#;

const OTHER_LISTS: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"710000000000001","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"contacts":[{"profile":{"name":"Ida"},"wa_id":"15550190001"}],"calls":[{"id":"wacid.WHARF-1","from":"15550190001","to":"15550100001","event":"connect","direction":"USER_INITIATED","timestamp":"1790000040"}]},"field":"calls"},{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"message_echoes":[{"from":"15550100001","to":"15550190001","id":"wamid.WHARF-echo-1","timestamp":"1790000041","type":"text","text":{"body":"typed on the phone"}}]},"field":"smb_message_echoes"},{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"contacts":[{"profile":{"name":"Ida"},"wa_id":"15550190001"}],"user_preferences":[{"wa_id":"15550190001","category":"marketing_messages","value":"stop","detail":"enough","timestamp":1790000042}]},"field":"user_preferences"},{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"user_id_update":[{"wa_id":"15550190001","user_id":{"previous":"NO.1","current":"NO.2"},"timestamp":"1790000043"}]},"field":"user_id_update"}]}]}"#;

const ACCOUNT_FIELDS: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"710000000000002","time":1790000050,"changes":[{"value":{"event":"APPROVED","message_template_id":740000000000001,"message_template_name":"ferry_late","message_template_language":"nb","reason":"NONE"},"field":"message_template_status_update"},{"value":{"decision":"APPROVED"},"field":"account_review_update"},{"value":["of","another","century"],"field":"not_yet_invented"}]}]}"#;

const A_PORTFOLIO: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"750000000000001","time":1790000060,"changes":[{"value":{"event":"PARTNER_ADDED","waba_info":{"waba_id":"710000000000002","owner_business_id":"750000000000001"}},"field":"account_update"}]}]}"#;

const A_PLACEHOLDER: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"<YOUR_ACCOUNT>","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550100001","phone_number_id":"720000000000001"},"messages":[{"from":"15550190001","id":"wamid.WHARF-stray-1","timestamp":"1790000070","type":"text","text":{"body":"whose am I?"}}]},"field":"messages"}]}]}"#;

const A_TEST: &str = r#"{"object":"whatsapp_business_account","entry":[{"id":"0","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"16505551111","phone_number_id":"123456123"},"contacts":[{"profile":{"name":"somebody"},"wa_id":"15550190009"}],"messages":[{"from":"15550190009","id":"wamid.WHARF-test-1","timestamp":"1790000080","type":"text","text":{"body":"pressed a button"}}]}}]}]}"#;
