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
    match refusal {
        Refusal::NotFromHere { event, state, allowed_from } if allowed_from.is_empty() => {
            format!(
                "`{event}` does not leave `{state}`, and has no other state to leave: read the case again."
            )
        }
        Refusal::NotFromHere { event, state, allowed_from } => {
            format!("`{event}` does not leave `{state}`; it leaves {}.", listed(allowed_from))
        }
        Refusal::NotYours { needs } => format!("This is for {} to do.", listed(needs)),
        Refusal::SamePerson { as_event: Some(event) } => {
            format!("You carried out `{event}` in this case: somebody else in the same role may do this.")
        }
        Refusal::SamePerson { as_event: None } => {
            "You are the applicant: somebody else in this role may do this.".to_owned()
        }
        Refusal::Unmet { rules } => {
            rules.iter().map(|rule| rule.message.get(language)).collect::<Vec<_>>().join(" ")
        }
        Refusal::Missing { documents } => format!("Upload {}, then try again.", listed(documents)),
        Refusal::TooLate { closed_at, rule } => format!("{} ({closed_at:?})", rule.message.get(language)),
        Refusal::NoPlace { account, code, free } => no_place(account, *code, *free),
        Refusal::ReasonNeeded { codes } => {
            format!("Give a reason with a text of your own and one of the codes {}.", listed(codes))
        }
        Refusal::InputInvalid { .. } => "Mend the fields named in `errors`, then send it again.".to_owned(),
    }
}

fn no_place(account: &str, code: NoPlace, free: i64) -> String {
    match code {
        NoPlace::NoAgreement => {
            format!("No line of places covers this home, host, period, level and field (`{account}`).")
        }
        NoPlace::Full => format!("Not enough places are left of `{account}`: {free}."),
        NoPlace::Waiters => {
            format!("Others wait for the places of `{account}`: they go to the first on the list.")
        }
        NoPlace::WrongStatus => {
            format!("The place of `{account}` is not in the status this step starts from.")
        }
    }
}

fn listed(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
