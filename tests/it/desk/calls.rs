//! Programmes, their offerings, and calls: from the first form to what everybody sees.

use rstest::rstest;

use super::{at_browser, between, filled, led, with};
use crate::support::actor::send;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::visitor::{Visitor, hidden, seal};

fn plain(location: &str) -> String {
    location.split('?').next().expect("an address").to_owned()
}

const TERM: [(&str, &str); 5] = [
    ("academic_year", "2027"),
    ("term", "S1"),
    ("start_on", "2027-09-01"),
    ("end_on", "2028-01-31"),
    ("twelfths", "6"),
];

/// Changes the days of an offering by two clicks.
async fn days_twice(tomo: &Visitor, days: &str) {
    let page_of_days = tomo.get(days).await.text();
    let (seal, version) = (seal(&page_of_days), hidden(&page_of_days, "version").expect("a version"));
    let fields = [
        ("seal", &*seal),
        ("key", "k-days"),
        ("version", &*version),
        ("start_on", "2027-09-06"),
        ("end_on", "2028-01-14"),
    ];
    for _ in 0..2 {
        led(&send(tomo.form(days, &tomo.address, &fields)).await);
    }
}

/// A programme of Sigma's that is offered in a term, and the value of its choice in the form of a call.
async fn offered(cast: &Cast, tomo: &Visitor) -> String {
    let sigma = id(cast.at("Sigma")).to_owned();
    led(&filled(tomo, &format!("/institutions/{sigma}/periods/new"), &TERM).await);
    let form = "/programmes/new";
    let programme = [
        ("kind", "exchange"),
        ("host", sigma.as_str()),
        ("workflow", "student-exchange"),
        ("title", "A term in Taipei"),
        ("levels", "first"),
        ("fields", "0613, 06"),
        ("languages", "en:B2"),
        ("gives_credit", "true"),
    ];
    for (change, told) in [
        (&[("title", "")][..], "Fill this in."),
        (&[("fields", "physics")], "Write codes of ISCED-F 2013"),
        (&[("languages", "en")], "Write language and level"),
        (&[("kind", "internship")], "An employer hosts internships"),
        (&[("host", "nowhere")], "Choose from the list."),
    ] {
        let answer = tomo.submit(form, form, &with(&programme, change)).await;
        assert!(answer.status == 422 && answer.text().contains(told), "{told}: {}", answer.text());
    }
    let page = led(&tomo.submit(form, form, &programme).await);
    assert_eq!(led(&tomo.submit(form, form, &programme).await), page, "once");
    let page = plain(&page);
    let offer = format!("{page}/offerings/new");
    let period =
        between(&tomo.get(&offer).await.text(), "<option value=\"0", "\"").expect("a term").to_owned();
    let period = format!("0{period}");
    let outside = [("period", period.as_str()), ("start_on", "2027-08-01")];
    assert!(filled(tomo, &offer, &outside).await.text().contains("Outside the period"));
    led(&filled(tomo, &offer, &[("period", &period)]).await);
    let days = between(&tomo.get(&page).await.text(), "/offerings/0", "/edit").expect("days").to_owned();
    let days = format!("{page}/offerings/0{days}/edit");
    days_twice(tomo, &days).await;
    led(&filled(tomo, &format!("{page}/edit"), &with(&programme[3..], &[("title", "A year in Taipei")]))
        .await);
    let publish = format!("{page}/publish");
    assert!(tomo.get(&publish).await.text().contains("Publish this programme?"));
    assert!(led(&filled(tomo, &publish, &[("sure", "yes")]).await).ends_with("?done=programme_published"));
    page
}

#[rstest]
#[tokio::test]
async fn a_call_is_written_asked_about_and_published(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (hanna, tomo) =
        (at_browser(&cast, "home_coordinator").await, at_browser(&cast, "second_coordinator").await);
    let programme = offered(&cast, &tomo).await;
    assert_eq!(hanna.get(&format!("{programme}/edit")).await.status, 403);

    let form = "/calls/new";
    let page = hanna.get(form).await.text();
    let offerings = page.split_once("id=\"offerings\"").expect("a field").1;
    let offering = between(offerings, "value=\"", "\"").expect("an offering").to_owned();
    let alpha = id(cast.at("Alpha")).to_owned();
    let call = [
        ("title", "Autumn 2027"),
        ("homes", alpha.as_str()),
        ("offerings", offering.as_str()),
        ("zone", "home"),
        ("opens_on", "2026-09-01"),
        ("closes_on", "2026-10-31"),
        ("closes_time", "18:00"),
        ("grace_minutes", "30"),
        ("eligibility", "student.credits >= 60"),
        ("scores", "true"),
        ("reciprocal", "true"),
    ];
    for (change, told) in [
        (&[("title", "")][..], "Fill this in."),
        (&[("homes", "")], "Fill this in."),
        (&[("closes_on", "2026-08-01")], "Not after the call opens"),
        (&[("grace_minutes", "-1")], "from 0 to 10080"),
        (&[("eligibility", "student.height > 3")], "At character"),
        (&[("closes_time", "late")], "Write a time"),
        (&[("zone", "Berlin")], "Write home, or a time zone"),
        (&[("homes", id(cast.at("Omega")))], "Choose from the list."),
    ] {
        let answer = hanna.submit(form, form, &with(&call, change)).await;
        let text = answer.text();
        assert!(answer.status == 422 && text.contains(told), "{told}: {text}");
        assert!(text.contains(&format!("value=\"{offering}\" checked")), "what was ticked is kept: {text}");
    }
    let page = plain(&led(&hanna.submit(form, form, &call).await));
    assert_eq!(at_browser(&cast, "other_coordinator").await.get(&page).await.status, 404, "a draft");

    let rules = format!("{page}/rules");
    let asked = [
        ("documents.transcript", "off"),
        ("documents.motivation", "optional"),
        ("clocks.submitted.review", "15"),
        ("form.0.name", "weeks"),
        ("form.0.kind", "int"),
        ("form.0.label", "How many weeks?"),
        ("form.0.required", "true"),
    ];
    let wrong = filled(&hanna, &rules, &with(&asked, &[("form.0.name", "Weeks!")])).await;
    assert!(wrong.status == 422 && wrong.text().contains("A letter, then lower case"), "{}", wrong.text());
    let short = filled(&hanna, &rules, &with(&asked, &[("clocks.submitted.review", "9")])).await;
    let told = short.text();
    assert!(
        short.status == 422 && told.contains("from 10 to 40") && told.contains("How many weeks?"),
        "{told}"
    );
    led(&filled(&hanna, &rules, &asked).await);
    let shown = hanna.get(&rules).await.text();
    assert!(shown.contains("How many weeks?") && shown.contains("in working days (usually 10)"), "{shown}");
    let kept = cast.app.acting(&address("home_coordinator")).await.get(&page).await.ok();
    assert_eq!(kept["clocks"], serde_json::json!({ "submitted.review": "15 working days" }));

    let publish = format!("{page}/publish");
    assert!(hanna.get(&publish).await.text().contains("Publish this call?"));
    let sure = filled(&hanna, &publish, &[("sure", "yes")]).await;
    assert!(led(&sure).ends_with("?done=call_published"));
    assert_eq!(
        filled(&hanna, &publish, &[("sure", "yes"), ("version", "2"), ("to", "published")]).await.status,
        303,
        "a double click"
    );
    assert!(Visitor::new(&cast.app.address).get(&page).await.text().contains("Autumn 2027"));

    let edit = format!("{page}/edit");
    let earlier = filled(&hanna, &edit, &with(&call, &[("closes_on", "2026-10-01")])).await;
    assert!(earlier.status == 422 && earlier.text().contains("May only move forward"), "{}", earlier.text());
    led(&filled(&hanna, &edit, &with(&call, &[("closes_on", "2026-11-30")])).await);
    let early = filled(&hanna, &publish, &[("sure", "yes")]).await;
    assert!(early.status == 409 && early.text().contains("Applicants may apply until"), "{}", early.text());
}
