//! A refusal of the engine in the reader's language, for problems, offers and pages alike.

use chrono::Months;
use serde_json::{Value, json};
use sojourn_engine::definition::Definition;
use sojourn_engine::ids::{CaseId, PlaceLineId};
use sojourn_engine::refusal::{Instead, NoPlace, Refusal, UnmetRule};

use super::scene::Scene;
use super::{App, Result};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::records;

/// How long a refused attempt is kept, in months.
const KEPT: Months = Months::new(24);

impl App {
    /// Removes refused attempts that are older than two years, and says how many.
    pub async fn forget_refusals(&self, at: &Moment) -> Result<u64> {
        let Some(before) = at.now.checked_sub_months(KEPT) else { return Ok(0) };
        let tx = self.store.begin().await?;
        let forgotten = records::forget_refusals(&tx, before).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

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
        | Refusal::SeveralLines { .. }
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
        Refusal::NotFromHere { event, state, allowed_from } => {
            let (english, other) = not_from_here(event, state, allowed_from);
            say(english, other)
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
        Refusal::NoPlace { account, code, free, instead } => {
            let (english, other) = no_place(account, *code, *free);
            let (then, further) = possible(instead);
            say(format!("{english}{then}"), format!("{other}{further}"))
        }
        Refusal::SeveralLines { field, lines } => {
            let (english, other) = several_lines(field, lines);
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
fn not_from_here(event: &str, state: &str, allowed_from: &[String]) -> (String, String) {
    if allowed_from.is_empty() {
        return (
            format!(
                "`{event}` does not leave `{state}`, and has no other state to leave: read the case again."
            ),
            format!("目前狀態 `{state}` 無法執行 `{event}`，也沒有其他狀態可執行：請重新讀取案件。"),
        );
    }
    let from = listed(allowed_from);
    (
        format!("`{event}` does not leave `{state}`; it leaves {from}."),
        format!("目前狀態 `{state}` 無法執行 `{event}`；可執行的狀態：{from}。"),
    )
}

/// In English and in Chinese.
fn several_lines(field: &str, lines: &[PlaceLineId]) -> (String, String) {
    let lines = listed(&lines.iter().map(ToString::to_string).collect::<Vec<_>>());
    (
        format!("Several lines of places cover this choice equally well: name one as `{field}`: {lines}."),
        format!("有多筆名額同樣符合此志願：請以 `{field}` 指定其中之一：{lines}。"),
    )
}

/// In English and in Chinese.
fn no_place(account: &str, code: NoPlace, free: i64) -> (String, String) {
    match code {
        NoPlace::NoAgreement => (
            format!("No line of places covers this home, host, period, level and field (`{account}`)."),
            format!("沒有名額涵蓋此薦送學校、接待學校、期間、學制與領域（`{account}`）。"),
        ),
        NoPlace::NotInForce => (
            format!(
                "The agreement behind the places of `{account}` is not in force when the stay begins: take another choice, or renew \
                 it first."
            ),
            format!("`{account}` 名額所屬協議於交換開始時未生效：請改選其他志願，或先續約。"),
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

/// What is possible instead, in English and in Chinese.
fn possible(instead: &Instead) -> (String, String) {
    let choices: Vec<String> = instead.choices.iter().map(ToString::to_string).collect();
    let others = match &choices[..] {
        [] => (String::new(), String::new()),
        some => {
            let some = listed(some);
            (format!(" Choices with places left: {some}."), format!("尚有名額的志願：{some}。"))
        }
    };
    let list = instead.event.as_ref().map_or_else(Default::default, |event| {
        (
            format!(" `{event}` puts the application on the waiting list."),
            format!("可執行 `{event}` 列入備取名單。"),
        )
    });
    (others.0 + &list.0, others.1 + &list.1)
}

fn listed(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// Why not, in the words of the case's own workflow: for people, who know labels and not names.
pub async fn explain(app: &App, caller: &Caller, case: CaseId, refusal: &Refusal) -> Result<String> {
    let at = app.clock.moment();
    let scene = Scene::look(app, &caller.scope(), case, &at).await?;
    Ok(told(refusal, &scene.definition, &caller.language))
}

/// Why not, with the labels of a definition.
pub fn told(refusal: &Refusal, definition: &Definition, language: &str) -> String {
    let words = Labels { definition, language, chinese: language.starts_with("zh") };
    match refusal {
        Refusal::NotFromHere { event, allowed_from, .. } => words.not_from_here(event, allowed_from),
        Refusal::NotYours { needs } => {
            let roles = words.list(needs, |name| words.role(name));
            words.say(format!("Only for: {roles}."), format!("僅限{roles}辦理。"))
        }
        Refusal::SamePerson { as_event: Some(event) } => {
            let event = words.event(event);
            words.say(
                format!(
                    "You did “{event}” in this case yourself: somebody else in the same role may do this."
                ),
                format!("本案的「{event}」是由您辦理，此步驟須由同一角色的另一人辦理。"),
            )
        }
        Refusal::SamePerson { as_event: None } => words.say(
            "You are the applicant: somebody else in this role may do this.".to_owned(),
            "您是申請人，此步驟須由同一角色的另一人辦理。".to_owned(),
        ),
        Refusal::Unmet { rules } => {
            rules.iter().map(|rule| rule.message.get(language)).collect::<Vec<_>>().join(" ")
        }
        Refusal::TooLate { rule, .. } => rule.message.get(language).to_owned(),
        Refusal::Missing { documents } => {
            let slots = words.list(documents, |name| words.slot(name));
            words.say(format!("Upload first: {slots}."), format!("請先上傳：{slots}。"))
        }
        Refusal::NoPlace { code, free, instead, .. } => {
            words.no_place(*code, *free) + &words.possible(instead)
        }
        Refusal::SeveralLines { .. } => words.say(
            "Several lines of places cover this choice equally well: pick one.".to_owned(),
            "有多筆名額同樣符合此志願，請選擇其中一筆。".to_owned(),
        ),
        Refusal::ReasonNeeded { .. } => words.say(
            "Choose a reason and explain it in your own words.".to_owned(),
            "請選擇原因，並以文字說明。".to_owned(),
        ),
        Refusal::InputInvalid { .. } => words.say(
            "Some fields are not right: mend them below.".to_owned(),
            "部分欄位有誤，請修正。".to_owned(),
        ),
    }
}

struct Labels<'a> {
    definition: &'a Definition,
    language: &'a str,
    chinese: bool,
}

impl Labels<'_> {
    fn say(&self, english: String, chinese: String) -> String {
        if self.chinese { chinese } else { english }
    }

    fn list(&self, names: &[String], label: impl Fn(&str) -> String) -> String {
        let labels: Vec<String> = names.iter().map(|name| label(name)).collect();
        labels.join(if self.chinese { "、" } else { ", " })
    }

    fn role(&self, name: &str) -> String {
        let found = self.definition.role_named(name).map(|ix| &self.definition.roles[ix.at()].label);
        found.map_or(name, |label| label.get(self.language)).to_owned()
    }

    fn event(&self, name: &str) -> String {
        let found = self.definition.event_named(name).map(|ix| &self.definition.events[ix.at()].label);
        found.map_or(name, |label| label.get(self.language)).to_owned()
    }

    fn state(&self, name: &str) -> String {
        let found = self.definition.state_named(name).map(|ix| &self.definition.states[ix.at()].label);
        found.map_or(name, |label| label.get(self.language)).to_owned()
    }

    fn slot(&self, name: &str) -> String {
        let found = self.definition.document_named(name).map(|ix| &self.definition.documents[ix.at()].label);
        found.map_or(name, |label| label.get(self.language)).to_owned()
    }

    fn not_from_here(&self, event: &str, allowed_from: &[String]) -> String {
        let event = self.event(event);
        if allowed_from.is_empty() {
            return self
                .say(format!("“{event}” is not possible any more."), format!("目前已無法執行「{event}」。"));
        }
        let states = self.list(allowed_from, |name| self.state(name));
        self.say(
            format!("“{event}” is only possible in: {states}."),
            format!("「{event}」僅適用於下列狀態：{states}。"),
        )
    }

    fn possible(&self, instead: &Instead) -> String {
        let others = match instead.choices.len() {
            0 => String::new(),
            _ => self.say(" Another choice has places left.".to_owned(), "其他志願尚有名額。".to_owned()),
        };
        let listed = instead.event.as_ref().map(|event| {
            let event = self.event(event);
            self.say(
                format!(" “{event}” puts the application on the waiting list."),
                format!("可執行「{event}」列入備取名單。"),
            )
        });
        others + &listed.unwrap_or_default()
    }

    fn no_place(&self, code: NoPlace, free: i64) -> String {
        match code {
            NoPlace::NoAgreement => self.say(
                "No places are agreed for this home, host, period, level and field.".to_owned(),
                "此薦送學校、接待學校、期間、學制與領域沒有約定名額。".to_owned(),
            ),
            NoPlace::NotInForce => self.say(
                "The agreement on these places is not in force when the stay begins: take another choice, or renew it first."
                    .to_owned(),
                "此名額所屬協議於交換開始時未生效：請改選其他志願，或先續約。".to_owned(),
            ),
            NoPlace::Full => self
                .say(format!("Not enough places are left: {free}."), format!("名額不足，尚餘 {free} 名。")),
            NoPlace::Waiters => self.say(
                "Others wait for these places: they go to the first on the list.".to_owned(),
                "尚有備取學生，名額須依序遞補。".to_owned(),
            ),
            NoPlace::WrongStatus => self.say(
                "The case holds no place that this step could act on.".to_owned(),
                "本案目前沒有可供此步驟處理的名額。".to_owned(),
            ),
        }
    }
}
