//! A refusal of the engine in the reader's language, for problems, offers and pages alike.

use serde_json::{Value, json};
use sojourn_engine::refusal::{NoPlace, Refusal, UnmetRule};

/// The `refusal` member: the engine's own words, the messages of its rules in `language`.
pub fn document(refusal: &Refusal, language: &str) -> Value {
    let mut document = json!(refusal);
    match refusal {
        Refusal::Unmet { rules } => {
            document["rules"] = rules.iter().map(|told| rule(told, language)).collect();
        }
        Refusal::TooLate { rule: told, .. } => document["rule"] = rule(told, language),
        Refusal::NotFromHere { .. }
        | Refusal::NotYours { .. }
        | Refusal::SamePerson { .. }
        | Refusal::Missing { .. }
        | Refusal::NoPlace { .. }
        | Refusal::ReasonNeeded { .. }
        | Refusal::InputInvalid { .. } => {}
    }
    document
}

fn rule(rule: &UnmetRule, language: &str) -> Value {
    let values: serde_json::Map<_, _> =
        rule.values.iter().map(|(path, value)| (path.clone(), json!(value))).collect();
    json!({ "code": rule.code, "message": rule.message.get(language), "values": values })
}

/// What to do now.
pub fn detail(refusal: &Refusal, language: &str) -> String {
    let chinese = language.starts_with("zh");
    let say = |english: String, other: String| if chinese { other } else { english };
    match refusal {
        Refusal::NotFromHere { event, state, allowed_from } if allowed_from.is_empty() => say(
            format!(
                "`{event}` does not leave `{state}`, and has no other state to leave: read the case again."
            ),
            format!("目前狀態 `{state}` 無法執行 `{event}`，也沒有其他狀態可執行：請重新讀取案件。"),
        ),
        Refusal::NotFromHere { event, state, allowed_from } => {
            let from = listed(allowed_from);
            say(
                format!("`{event}` does not leave `{state}`; it leaves {from}."),
                format!("目前狀態 `{state}` 無法執行 `{event}`；可執行的狀態：{from}。"),
            )
        }
        Refusal::NotYours { needs } => say(
            format!("This is for {} to do.", listed(needs)),
            format!("此步驟須由 {} 執行。", listed(needs)),
        ),
        Refusal::SamePerson { as_event: Some(event) } => say(
            format!("You carried out `{event}` in this case: somebody else in the same role may do this."),
            format!("您已在本案執行 `{event}`：此步驟須由同一角色的其他人員執行。"),
        ),
        Refusal::SamePerson { as_event: None } => say(
            "You are the applicant: somebody else in this role may do this.".to_owned(),
            "您是本案申請人：此步驟須由同一角色的其他人員執行。".to_owned(),
        ),
        Refusal::Unmet { rules } => {
            rules.iter().map(|rule| rule.message.get(language)).collect::<Vec<_>>().join(" ")
        }
        Refusal::Missing { documents } => say(
            format!("Upload {}, then try again.", listed(documents)),
            format!("請先上傳 {}，再試一次。", listed(documents)),
        ),
        Refusal::TooLate { closed_at, rule } => format!("{} ({closed_at:?})", rule.message.get(language)),
        Refusal::NoPlace { account, code, free } => {
            let (english, other) = no_place(account, *code, *free);
            say(english, other)
        }
        Refusal::ReasonNeeded { codes } => say(
            format!("Give a reason with a text of your own and one of the codes {}.", listed(codes)),
            format!("請填寫原因說明，並選擇下列代碼之一：{}。", listed(codes)),
        ),
        Refusal::InputInvalid { .. } => say(
            "Mend the fields named in `errors`, then send it again.".to_owned(),
            "請修正 `errors` 所列欄位後重新送出。".to_owned(),
        ),
    }
}

/// In English and in Chinese.
fn no_place(account: &str, code: NoPlace, free: i64) -> (String, String) {
    match code {
        NoPlace::NoAgreement => (
            format!("No line of places covers this home, host, period, level and field (`{account}`)."),
            format!("沒有名額涵蓋此薦送學校、接待學校、期間、學制與領域（`{account}`）。"),
        ),
        NoPlace::Full => (
            format!("Not enough places are left of `{account}`: {free}."),
            format!("`{account}` 名額不足，剩餘 {free}。"),
        ),
        NoPlace::Waiters => (
            format!("Others wait for the places of `{account}`: they go to the first on the list."),
            format!("`{account}` 尚有備取生等候，名額須依備取順序遞補。"),
        ),
        NoPlace::WrongStatus => (
            format!("The place of `{account}` is not in the status this step starts from."),
            format!("`{account}` 的名額狀態不符此步驟的要求。"),
        ),
    }
}

fn listed(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
