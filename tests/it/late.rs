//! Forms that were opened before a deadline and are sent after it: nothing typed is lost, and the page says what can be done now.

mod elsewhere;

use chrono::TimeDelta;
use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::json;

use crate::support::actor::send;
use crate::support::answer::Answer;
use crate::support::cast::{Cast, address, merged};
use crate::support::database::Db;
use crate::support::html::forms;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

/// How long sessions last here, beyond all deadlines.
const LASTS: TimeDelta = TimeDelta::days(400);
const TYPED: &str = "Typed before the deadline.";
const SCORE: &str = "42.25";
const EMAIL: &str = "late@elsewhere.example";

/// A form as it came with a page, filled in.
struct Before {
    visitor: Visitor,
    action: String,
    multipart: bool,
    fields: Vec<(String, String)>,
}

impl Before {
    /// The form on a page that goes to an address, and says an event where one is named.
    async fn of(cast: &Cast, part: &str, (page, end, event): (&str, &str, &str)) -> Self {
        let visitor = cast.app.browsing(&address(part), LASTS).await;
        let shown = visitor.get(page).await.text();
        Self::on(visitor, &shown, (end, event))
    }

    /// The same on a page that is there already.
    fn on(visitor: Visitor, shown: &str, (end, event): (&str, &str)) -> Self {
        let says = |name: &str, value: &str, form: &crate::support::html::HtmlForm| {
            form.controls.iter().any(|control| control.name == name && control.value == value)
        };
        let form = forms(shown)
            .into_iter()
            .find(|form| form.action.ends_with(end) && (event.is_empty() || says("event", event, form)));
        let form = form.unwrap_or_else(|| panic!("{event} to {end}: {shown}"));
        let mut fields = Vec::new();
        for control in form.controls.iter().filter(|control| control.kind != "submit") {
            let first = || control.options.iter().find(|option| !option.is_empty()).cloned();
            let value = match control.kind.as_str() {
                "checkbox" if !control.required => continue,
                "textarea" => TYPED.to_owned(),
                // Of several choices the first alone.
                "select" if fields.iter().any(|(name, _)| *name == control.name) => String::new(),
                "select" if control.value.is_empty() => first().unwrap_or_default(),
                "number" if control.required => SCORE.to_owned(),
                "email" if control.required => EMAIL.to_owned(),
                _ => control.value.clone(),
            };
            fields.push((control.name.clone(), value));
        }
        fields.push(("sure".to_owned(), "yes".to_owned()));
        Self { visitor, action: form.action, multipart: form.multipart, fields }
    }

    async fn send(&self) -> Answer {
        let request = self.visitor.post(&self.action, &self.visitor.address);
        if !self.multipart {
            return send(request.form(&self.fields)).await;
        }
        let fields = self.fields.iter().filter(|(name, _)| name != "file");
        let form = fields.fold(Form::new(), |form, (name, value)| form.text(name.clone(), value.clone()));
        send(request.multipart(form)).await
    }

    /// It was not taken; what was typed stands there, and what can be done now.
    async fn is_late(&self, now: &str) {
        let answer = self.send().await;
        let page = answer.text();
        assert!([409, 422].contains(&answer.status), "{}: {} {page}", self.action, answer.status);
        assert!(page.contains(now), "{}: what is now? {page}", self.action);
        self.is_kept(&page);
    }

    fn is_kept(&self, page: &str) {
        for typed in [TYPED, SCORE, EMAIL] {
            let wrote = self.fields.iter().any(|(_, value)| value == typed);
            assert!(!wrote || page.contains(typed), "{}: what was typed is lost: {page}", self.action);
        }
    }
}

async fn up_to<'c>(cast: &'c Cast, round: &Round, student: &str, words: &str) -> Walk<'c> {
    let mut walk = Walk::open(cast, round, &cast.student(student).await).await;
    for word in events(words, EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    walk
}

fn page(walk: &Walk<'_>) -> String {
    format!("/cases/{}", id(&walk.case))
}

/// A round whose call asks a question.
async fn asking(cast: &Cast) -> Round {
    let question =
        json!([{ "name": "why", "label": { "en": "Why there?" }, "kind": "text", "required": false }]);
    let mut call = merged(without_documents(), &json!({ "form": question }));
    call["documents"]["transcript"] = json!("optional");
    cast.exchange(9, &call).await
}

#[rstest]
#[tokio::test]
async fn what_was_typed_before_a_call_closed_is_not_lost_after_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = asking(&cast).await;
    cast.student("Late").await;
    let mut walk = up_to(&cast, &round, "Anna", "").await;
    let (apply, case) = (format!("/calls/{}/apply", id(&round.call)), page(&walk));
    let applies = Before::of(&cast, "Late", (&apply, "/apply", "")).await;
    let draft = Before::of(&cast, "Anna", (&case, "/draft", "")).await;
    let submits = Before::of(&cast, "Anna", (&case, "/events", "submit")).await;
    let file = Before::of(&cast, "Anna", (&case, "/documents", "")).await;

    take(&mut walk, "!lapse").await;
    applies.is_late("class=\"summary\"").await;
    let now = "<h2 id=\"now\"><span class=\"state";
    draft.is_late(now).await;
    submits.is_late(now).await;
    let form = file.fields.iter().filter(|(name, _)| name != "file");
    let form = form.fold(Form::new(), |form, (name, value)| form.text(name.clone(), value.clone()));
    let form = form.part("file", Part::text("%PDF-1.7\n%%EOF\n").file_name("a.pdf"));
    let sent = send(file.visitor.post(&file.action, &file.visitor.address).multipart(form)).await;
    assert!(sent.status == 409 && sent.text().contains(now), "{}: {}", sent.status, sent.text());
    cast.verified().await;
}

#[rstest]
#[case("student", "ELIGIBLE allocate", "decline_offer", "!lapse")]
#[case("student", "ELIGIBLE allocate", "accept_offer", "!lapse")]
#[case("home_coordinator", "TAKEN", "nominate", "!miss_nomination")]
#[case("student", "APPROVED", "confirm", "!lapse")]
#[tokio::test]
async fn what_was_typed_before_the_deadline_of_a_step_is_not_lost_after_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[case] part: &str,
    #[case] words: &str,
    #[case] event: &str,
    #[case] end: &str,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = up_to(&cast, &round, "Anna", words).await;
    let part = if part == "student" { "Anna" } else { part };
    let before = Before::of(&cast, part, (&page(&walk), "/events", event)).await;
    take(&mut walk, end).await;
    before.is_late("id=\"now\"").await;
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_step_that_is_late_and_still_possible_is_done_from_the_page_that_comes_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let walk = up_to(&cast, &round, "Anna", "KNOWN").await;
    let before = Before::of(&cast, "host_coordinator", (&page(&walk), "/events", "approve")).await;
    walk.until_due();
    cast.app.advance(TimeDelta::days(1));
    cast.app.act_on_clocks().await;
    before.is_late("id=\"do-approve\"").await;
    let again = Before::of(&cast, "host_coordinator", (&page(&walk), "/events", "approve")).await;
    let done = again.send().await;
    assert_eq!(done.status, 303, "{}", done.text());
    cast.verified().await;
}
