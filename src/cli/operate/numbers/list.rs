//! An account's numbers: what Meta says of each now, beside what Wharf does with it.

use super::super::Verdict;
use super::super::account::{self, Account};
use super::super::ask::{Ask, Side, Wharf, piece, query};
use super::super::fault::Fault;
use super::super::out::{Form, Out};
use super::super::paper::{Span, Tone};
use super::super::table::{Table, prose, whole};
use serde::Deserialize;
use serde_json::Value;

/// What Meta is asked of each number.
const FIELDS: &str = "id,display_phone_number,verified_name,name_status,status,code_verification_status,quality_rating,\
                      throughput,platform_type";
/// Meta lists so many at most in one answer.
const MOST: &str = "100";

#[derive(Debug, Deserialize)]
struct Listed {
    data: Vec<Number>,
}

/// A number, as Graph tells of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Number {
    id: String,
    display_phone_number: Option<String>,
    verified_name: Option<String>,
    name_status: Option<String>,
    status: Option<String>,
    code_verification_status: Option<String>,
    quality_rating: Option<String>,
    throughput: Value,
}

/// Shows them.
pub(super) async fn run(waba: &str, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    let pairs = [("fields", Some(FIELDS.to_owned())), ("limit", Some(MOST.to_owned()))];
    let ask = Ask::get(format!("/{}/phone_numbers{}", piece(waba), query(pairs))).at(Side::Public);
    let answer = wharf.ask(ask).await?;
    if out.form == Form::Json {
        return out.raw(&answer.text).map(|()| Verdict::Yes);
    }
    let Listed { data } = answer.read()?;
    if data.is_empty() {
        out.note(&format!("no numbers: wharf numbers add {waba}"));
        return Ok(Verdict::Yes);
    }
    let account = account::read(waba, wharf).await?;
    out.table(&table(&data, &account))?;
    if data.iter().any(|number| !is_known(number, &account)) {
        out.note(&format!(
            "next: wharf verb setup --gateway {} --id {waba}, so that Wharf knows them all",
            account.gateway
        ));
    }
    Ok(Verdict::Yes)
}

fn is_known(number: &Number, account: &Account) -> bool {
    account.snapshot.phone_numbers.iter().any(|known| known.id == number.id)
}

/// One line for each.
fn table(numbers: &[Number], account: &Account) -> Table {
    let mut table = Table::new(&[
        whole("ID"),
        whole("NUMBER"),
        prose("NAME"),
        whole("STATUS"),
        whole("CODE"),
        whole("QUALITY"),
        whole("THROUGHPUT"),
        prose("IN WHARF"),
    ]);
    for number in numbers {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let wharf = match (is_known(number, account), account.sends.get(&number.id)) {
            (false, _) => Span::new("not known", Tone::Doubtful),
            (true, None) => "known".into(),
            (true, Some(sends)) => format!("{}/s at most, {} queued", sends.limit, sends.queued).into(),
        };
        table.row(vec![
            number.id.as_str().into(),
            or_dash(&number.display_phone_number).into(),
            name(number).into(),
            Span::state(or_dash(&number.status)),
            Span::state(or_dash(&number.code_verification_status)),
            Span::state(or_dash(&number.quality_rating)),
            number.throughput["level"].as_str().unwrap_or("-").into(),
            wharf,
        ]);
    }
    table
}

/// The display name, and how Meta decided about it where that is not yes.
fn name(number: &Number) -> String {
    let name = number.verified_name.as_deref().unwrap_or("-");
    match number.name_status.as_deref() {
        None | Some("APPROVED" | "NONE" | "AVAILABLE_WITHOUT_REVIEW") => name.to_owned(),
        Some(status) => format!("{name} ({status})"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::account::{Known, Sends};
    use super::super::super::paper::{Colour, Paper};
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_told_one_a_line_with_what_wharf_knows() {
        let numbers = json!([
            {"id": "1065", "display_phone_number": "+1 555 0100", "verified_name": "Bob", "name_status": "APPROVED",
             "status": "CONNECTED", "code_verification_status": "VERIFIED", "quality_rating": "GREEN",
             "throughput": {"level": "STANDARD"}},
            {"id": "1066", "display_phone_number": "+1 555 0101", "verified_name": "Bob",
             "name_status": "PENDING_REVIEW", "status": "PENDING", "code_verification_status": "NOT_VERIFIED"}]);
        let numbers: Vec<Number> = serde_json::from_value(numbers).expect("numbers");
        let mut account = Account::default();
        account.snapshot.phone_numbers = vec![Known { id: "1065".into(), ..Known::default() }];
        account.sends.insert("1065".into(), Sends { limit: 80, queued: 3, ..Sends::default() });
        let expected = "\
ID    NUMBER       NAME                  STATUS     CODE          QUALITY  THROUGHPUT  IN WHARF
1065  +1 555 0100  Bob                   CONNECTED  VERIFIED      GREEN    STANDARD    80/s at most, 3 queued
1066  +1 555 0101  Bob (PENDING_REVIEW)  PENDING    NOT_VERIFIED  -        -           not known
";
        assert_eq!(Paper(table(&numbers, &account).lines(None)).render(Colour::Without), expected);
    }
}
