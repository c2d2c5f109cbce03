//! The desk over plain HTTP: institutions and people looked after by forms, and who may see what.

mod calls;
mod flows;
mod overview;
mod studies;

use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::Value;

use crate::support::actor::send;
use crate::support::answer::Answer;
use crate::support::app::SECRETARIAT;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::visitor::{Visitor, hidden, seal};

/// Whoever has a part, at a browser.
pub async fn at_browser(cast: &Cast, part: &str) -> Visitor {
    let email = if part == "secretariat" { SECRETARIAT.to_owned() } else { address(part) };
    cast.app.accept(&email).await;
    Visitor::signed_in(&cast.app.address, &email).await
}

/// Fills in the form of a page, with the version it carries.
pub async fn filled(visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> Answer {
    let page = visitor.get(path).await.text();
    let version = hidden(&page, "version");
    let version = version.iter().map(|version| ("version", version.as_str()));
    let kept: Vec<_> = fields.iter().copied().chain(version.filter(|_| !names(fields, "version"))).collect();
    visitor.submit(path, path, &kept).await
}

fn names(fields: &[(&str, &str)], name: &str) -> bool {
    fields.iter().any(|(known, _)| *known == name)
}

/// The fields with some of them changed; an empty one is left out.
pub fn with<'a>(usual: &[(&'a str, &'a str)], change: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = usual.iter().copied().filter(|(name, _)| !names(change, name));
    kept.chain(change.iter().copied().filter(|(_, value)| !value.is_empty())).collect()
}

/// Where an answer leads, when it worked.
#[track_caller]
pub fn led(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").to_owned()
}

const OULU: [(&str, &str); 8] = [
    ("kind", "member"),
    ("name", "University of Oulu"),
    ("country", "FI"),
    ("zone", "Europe/Helsinki"),
    ("language", "en"),
    ("working_week", "1"),
    ("working_week", "2"),
    ("schac", "oulu.example"),
];

#[rstest]
#[tokio::test]
async fn an_institution_is_entered_found_and_changed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let sol = at_browser(&cast, "secretariat").await;
    let form = "/institutions/new";
    let long = "x".repeat(201);
    for (change, told) in [
        (&[("name", "")][..], "#name\">Name: Fill this in."),
        (&[("name", &long)], "Write at most 200 characters."),
        (&[("zone", "Oulu")], "Write a time zone such as"),
        (&[("country", "Finland")], "Write two capitals"),
        (&[("kind", "guild")], "Choose from the list."),
        (&[("left_on", "2026-01-01")], "say when it joined"),
        (&[("joined_on", "soon")], "Write a day that exists."),
    ] {
        let answer = sol.submit(form, form, &with(&OULU, change)).await;
        let text = answer.text().replace("&#x2f;", "/");
        let told = told.to_lowercase();
        assert!(answer.status == 422 && text.to_lowercase().contains(&told), "{told}: {text}");
        assert!(text.contains("oulu.example"), "what was typed is kept: {text}");
    }
    assert_eq!(sol.submit(form, form, &[]).await.status, 422);
    let first = led(&sol.submit(form, form, &OULU).await);
    assert_eq!(led(&sol.submit(form, form, &OULU).await), first, "a double click enters one");
    let page = first.split('?').next().expect("an address").to_owned();
    assert!(sol.get(&first).await.text().contains("The institution is entered."));

    let edit = format!("{page}/edit");
    let stale = hidden(&sol.get(&edit).await.text(), "version").expect("a version");
    let changed = with(&OULU[1..], &[("name", "Oulu"), ("version", &stale)]);
    led(&sol.submit(&edit, &edit, &changed).await);
    led(&sol.submit(&edit, &edit, &with(&changed, &[("key", "k2")])).await);
    let other = with(&changed, &[("name", "Oulun yliopisto")]);
    let late = sol.submit(&edit, &edit, &other).await;
    assert!(late.status == 409 && late.text().contains("Oulun yliopisto"), "{}", late.text());
    assert!(late.text().contains("Somebody changed this meanwhile"), "{}", late.text());

    let found = sol.get("/institutions?q=oul&kind=member").await.text();
    assert!(found.contains(">Oulu<") && !found.contains("Alpha"), "{found}");
    assert!(sol.get("/institutions?q=oulu.ex").await.text().contains(">Oulu<"));
    assert!(sol.get("/institutions?q=%25").await.text().contains("No institution fits"));
    let home = at_browser(&cast, "home_coordinator").await;
    assert_eq!(home.get(form).await.status, 403);
    assert_eq!(home.get(&edit).await.status, 403);
    assert_eq!(home.get(&page).await.status, 200);
    assert_eq!(home.submit("/institutions", form, &OULU).await.status, 403);
}

#[rstest]
#[tokio::test]
async fn what_belongs_to_an_institution_is_written_by_those_who_look_after_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let page = format!("/institutions/{}", id(cast.at("Alpha")));
    let (admin, hanna) = (at_browser(&cast, "home_admin").await, at_browser(&cast, "home_coordinator").await);
    let head = at_browser(&cast, "home_head").await;

    let units = format!("{page}/units/new");
    let unit = [("name", "Science"), ("code", "SCI")];
    assert_eq!(filled(&admin, &units, &[("name", " ")]).await.status, 422);
    assert_eq!(led(&filled(&admin, &units, &unit).await), format!("{page}?done=unit"));
    assert_eq!(filled(&hanna, &units, &unit).await.status, 403);
    let text = admin.get(&page).await.text();
    let edit = between(&text, "/units/", "/edit").expect("a unit");
    let edit = format!("{page}/units/{edit}/edit");
    led(&filled(&admin, &edit, &[("name", "Natural Science")]).await);
    assert!(admin.get(&page).await.text().contains("Natural Science"));

    let terms = format!("{page}/periods/new");
    let term = [
        ("academic_year", "2027"),
        ("term", "S1"),
        ("start_on", "2027-09-01"),
        ("end_on", "2028-01-31"),
        ("twelfths", "6"),
    ];
    let wrong = filled(&hanna, &terms, &with(&term, &[("end_on", "2027-08-31")])).await;
    assert!(wrong.status == 422 && wrong.text().contains("Before the first day"), "{}", wrong.text());
    let wrong = filled(&hanna, &terms, &with(&term, &[("twelfths", "13")])).await;
    assert!(wrong.text().contains("from 1 to 12"), "{}", wrong.text());
    led(&filled(&hanna, &terms, &term).await);
    let again = filled(&hanna, &terms, &with(&term, &[("twelfths", "5")])).await;
    assert!(
        again.status == 409 && again.text().contains("term in the same academic year"),
        "{}",
        again.text()
    );

    let log_in = format!("{page}/log-in");
    assert_eq!(hanna.get(&log_in).await.status, 403);
    let wrong = filled(&head, &log_in, &[("issuer", "http://x"), ("domains", "alpha.example")]).await;
    assert!(wrong.status == 422 && wrong.text().contains("begins with https:"), "{}", wrong.text());
    let set = [("domains", "alpha.example, alumni.alpha.example"), ("signs_up", "true")];
    led(&filled(&head, &log_in, &set).await);
    assert!(head.get(&page).await.text().contains("alumni.alpha.example"));
}

/// What stands between two texts the first time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

const DAYS: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261003\r\nSUMMARY:Unity <Day>\r\nEND:VEVENT\r\n\
                    BEGIN:VEVENT\r\nDTSTART:20270202T090000Z\r\nSUMMARY:Meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[rstest]
#[tokio::test]
async fn days_off_are_tried_before_they_are_taken_over(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let admin = at_browser(&cast, "home_admin").await;
    let page = format!("/institutions/{}", id(cast.at("Alpha")));
    let seal = seal(&admin.get(&page).await.text());
    let upload = |seal: &str, content: &str| {
        let file = Part::bytes(content.as_bytes().to_vec()).file_name("days.ics");
        let form = Form::new().text("seal", seal.to_owned()).text("key", "k").part("file", file);
        send(admin.post(&format!("{page}/holidays"), &admin.address).multipart(form))
    };
    let held = async || cast.who("secretariat").get(&page).await.ok()["holidays"].clone();

    assert_eq!(upload("", DAYS).await.status, 403);
    let nonsense = upload(&seal, "not a calendar").await;
    assert!(
        nonsense.status == 422 && nonsense.text().contains("This is no iCalendar file"),
        "{}",
        nonsense.text()
    );
    assert_eq!(upload(&seal, "").await.status, 422);
    let tried = upload(&seal, DAYS).await;
    let text = tried.text();
    assert!(
        tried.status == 200 && text.contains("Unity &lt;Day&gt;") && text.contains("time of day"),
        "{text}"
    );
    assert_eq!(held().await, Value::Array(Vec::new()), "nothing is written yet");
    let take = [("seal", seal.as_str()), ("key", "t"), ("file", DAYS)];
    for _ in 0..2 {
        let taken = send(admin.form(&format!("{page}/holidays/take"), &admin.address, &take)).await;
        assert_eq!(led(&taken), format!("{page}?done=days"));
    }
    assert_eq!(held().await, serde_json::json!(["2026-10-03"]));
}

#[rstest]
#[tokio::test]
async fn somebody_is_invited_and_gets_and_loses_a_duty(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let admin = at_browser(&cast, "home_admin").await;
    let alpha = id(cast.at("Alpha")).to_owned();
    let invite = "/people/invite";
    let usual = [
        ("given_name", "Ida"),
        ("family_name", "Lund"),
        ("email", "ida@alpha.example"),
        ("institution", alpha.as_str()),
        ("duty", "academic"),
        ("from_on", "2026-09-01"),
    ];
    for (change, told) in [
        (&[("email", "ida")][..], "Write an e-mail address"),
        (&[("duty", "")], "Say what they will do"),
        (&[("duty", "employer")], "People of an employer"),
        (&[("until_on", "2026-08-01")], "Before the first day"),
        (&[("duty", "secretariat")], "Choose from the list."),
        (&[("given_name", &"x".repeat(101))], "at most 100"),
    ] {
        let sure = with(&usual, &[change, &[("sure", "yes")]].concat());
        let answer = admin.submit(invite, invite, &sure).await;
        let text = answer.text();
        assert!(answer.status == 422 && text.contains(told), "{told}: {} {text}", answer.status);
        assert!(text.contains("Lund"), "what was typed is kept");
    }
    let asked = admin.submit(invite, invite, &usual).await;
    assert!(asked.status == 200 && asked.text().contains("Invite this person?"), "{}", asked.text());
    let back = admin.submit(invite, invite, &with(&usual, &[("again", "yes")])).await;
    assert!(back.text().contains("value=\"ida@alpha.example\""), "{}", back.text());
    let sure = with(&usual, &[("sure", "yes")]);
    let page = led(&admin.submit(invite, invite, &sure).await);
    assert_eq!(led(&admin.submit(invite, invite, &sure).await), page, "a double click invites once");
    let person = page.split('?').next().expect("an address").to_owned();
    let taken = admin.submit(invite, invite, &with(&usual, &[("given_name", "Ada")])).await;
    assert!(taken.status == 409 && taken.text().contains("has this address already"), "{}", taken.text());
    cast.app.link("ida@alpha.example", sojourn_engine::vocabulary::TokenKind::Invitation).await;

    let grant = format!("{person}/roles/new");
    let duty = [("duty", "coordinator"), ("institution", alpha.as_str()), ("from_on", "2026-09-01")];
    assert_eq!(filled(&admin, &grant, &[]).await.status, 422);
    assert!(filled(&admin, &grant, &duty).await.text().contains("They will run exchanges"));
    led(&filled(&admin, &grant, &with(&duty, &[("sure", "yes")])).await);
    let text = admin.get(&person).await.text();
    assert!(text.contains("Coordinator") && text.contains("Academic coordinator"), "{text}");
    let role = between(&text, "/roles/", "/end").expect("a duty that can be ended");
    let end = format!("{person}/roles/{role}/end");
    assert!(admin.get(&end).await.text().contains("End this duty?"));
    led(&filled(&admin, &end, &[("sure", "yes")]).await);
    led(&filled(&admin, &end, &[("sure", "yes"), ("version", "1")]).await);
    led(&filled(
        &admin,
        &format!("{person}/edit"),
        &[
            ("given_name", "Ida"),
            ("family_name", "Berg"),
            ("language", "en"),
            ("mails", "needed"),
            ("birth_year", "1980"),
        ],
    )
    .await);
    assert!(admin.get("/people?q=berg").await.text().contains("Ida Berg"));
    assert!(admin.get("/people?q=ida@alpha").await.text().contains("Ida Berg"));
    assert!(!admin.get("/people?q=nobody").await.text().contains("Ida Berg"));
}

#[rstest]
#[tokio::test]
async fn nobody_reaches_further_by_the_pages_of_people(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (admin, sol) = (at_browser(&cast, "home_admin").await, at_browser(&cast, "secretariat").await);
    let hanna = at_browser(&cast, "home_coordinator").await;
    let omega = format!("/people/{}", cast.person("host_coordinator"));
    assert_eq!(admin.get(&omega).await.status, 404);
    assert_eq!(hanna.get("/people").await.status, 403);
    assert_eq!(hanna.get("/people/invite").await.status, 403);
    assert!(!admin.get("/people").await.text().contains("host_coordinator"));
    let own = format!("/people/{}", cast.person("home_admin"));
    let role =
        [("duty", "head"), ("institution", id(cast.at("Alpha"))), ("from_on", "2026-09-01"), ("sure", "yes")];
    assert_eq!(filled(&admin, &format!("{own}/roles/new"), &role).await.status, 403);
    let text = sol.get(&format!("/people/{}", cast.person("secretariat"))).await.text();
    let last = between(&text, "/roles/", "/end").expect("a duty");
    let end = format!("/people/{}/roles/{last}/end", cast.person("secretariat"));
    let kept = filled(&sol, &end, &[("sure", "yes")]).await;
    assert!(kept.status == 409 && kept.text().contains("This is the last person"), "{}", kept.text());
}

#[rstest]
#[tokio::test]
async fn a_form_of_an_ended_log_in_gives_back_what_was_typed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let sol = at_browser(&cast, "secretariat").await;
    let seal = seal(&sol.get("/institutions/new").await.text());
    led(&sol.submit("/", "/logout", &[]).await);
    let fields =
        [&OULU[..], &[("seal", seal.as_str()), ("key", "k"), ("secret", "hush"), ("name", "Ou<lu")]].concat();
    for seal in ["", seal.as_str()] {
        let fields = with(&fields, &[("seal", seal)]);
        let answer = send(sol.form("/institutions/new", &cast.app.address, &fields)).await;
        let text = answer.text();
        assert!(answer.status == 403 && text.contains("Ou&lt;lu") && text.contains("Europe"), "{text}");
        assert!(!text.contains("hush") && text.contains("/login"), "{text}");
    }
    let elsewhere = send(sol.form("/institutions/new", "https://evil.example", &fields)).await;
    assert!(
        elsewhere.status == 403 && !elsewhere.text().contains("Ou&lt;lu"),
        "another site shows nothing here"
    );
}
