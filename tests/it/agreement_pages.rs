//! The forms of agreements, of their places, and of partner lists.

use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, send};
use crate::support::answer::Answer;
use crate::support::app::SECRETARIAT;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::visitor::{Visitor, hidden, seal};

/// Alpha's coordinator at a browser and at the API, and the secretariat at a browser.
async fn at_browsers(cast: &Cast) -> (Visitor, Actor, Visitor) {
    let email = address("home_coordinator");
    cast.app.accept(&email).await;
    cast.app.accept(SECRETARIAT).await;
    let home = Visitor::signed_in(&cast.app.address, &email).await;
    let sol = Visitor::signed_in(&cast.app.address, SECRETARIAT).await;
    (home, cast.app.acting(&email).await, sol)
}

fn named<'a>(alpha: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("proposer", alpha),
        ("with", "one"),
        ("partner", "University of Omega"),
        ("valid_from_on", "2026-09-01"),
        ("valid_until_on", "2029-08-31"),
        ("fields", "0613, 06"),
        ("levels", "first"),
        ("note", "As <in> 2023."),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    kept.chain(more.iter().copied()).collect()
}

#[rstest]
#[tokio::test]
async fn an_agreement_is_written_and_changed_on_its_pages(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (home, hanna, sol) = at_browsers(&cast).await;
    let alpha = id(cast.at("Alpha")).to_owned();
    let form = "/agreements/new";
    for (change, told) in [
        (&[("partner", "Nowhere")][..], "Nobody is called so"),
        (&[("partner", "")], "Nobody is called so"),
        (&[("partner", "University of Alpha")], "The same as the proposer"),
        (&[("valid_from_on", "soon")], "First day: Give the first day"),
        (&[("valid_until_on", "2026-08-31")], "Before the first day"),
        (&[("fields", "physics")], "ISCED-F 2013 codes"),
        (&[("proposer", "")], "Choose the side"),
        (&[("note", &"x".repeat(5_001))], "At most 5,000 characters"),
    ] {
        let answer = home.submit(form, form, &named(&alpha, change)).await;
        let text = answer.text();
        assert!(answer.status == 422 && text.contains(told), "{told}: {text}");
        let typed = change[0].0 == "note" || text.contains("As &lt;in&gt; 2023.");
        assert!(typed && text.contains("class=\"fault\""), "what was typed stays: {text}");
    }
    let written = home.submit(form, form, &[named(&alpha, &[]), vec![("key", "k2")]].concat()).await;
    assert_eq!(written.status, 303, "{}", written.text());
    let page = written.header("location").trim_end_matches("?done=written").to_owned();
    let text = home.get(written.header("location")).await.text();
    assert!(text.contains("The draft is written") && text.contains("As &lt;in&gt; 2023."), "{text}");

    let edit = format!("{page}/edit");
    let shown = home.get(&edit).await.text();
    assert!(shown.contains("value=\"0613, 06\""), "{shown}");
    let version = hidden(&shown, "version").expect("a version");
    let terms = |until: &'static str| {
        vec![
            ("version", version.as_str()),
            ("valid_from_on", "2026-09-01"),
            ("valid_until_on", until),
            ("note", "Longer."),
        ]
    };
    assert_eq!(home.submit(&edit, &edit, &terms("never")).await.status, 422);
    assert_eq!(home.submit(&edit, &edit, &terms("2030-08-31")).await.status, 303);
    let stale = home.submit(&edit, &edit, &terms("2031-08-31")).await;
    assert!(stale.status == 409 && stale.text().contains("Longer."), "{}", stale.text());
    let read = hanna.get(&page).await.ok();
    assert_eq!((&read["valid_until_on"], &read["fields"]), (&json!("2030-08-31"), &json!([])));

    let all = named(&alpha, &[("with", "all"), ("key", "k3")]);
    let with_all = sol.submit(form, form, &all).await.header("location").to_owned();
    let text = home.get(&with_all).await.text();
    assert!(text.contains("University of Alpha – "), "every member sees it: {text}");
    assert_eq!(Visitor::new(&cast.app.address).get(form).await.status, 303);
}

#[rstest]
#[tokio::test]
async fn places_are_entered_and_posted_on_their_pages(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    cast.exchange(2, &json!({})).await;
    let (home, hanna, _) = at_browsers(&cast).await;
    let agreements = hanna.get("/agreements").await.ok();
    let page = format!("/agreements/{}", id(&agreements["items"][0]));
    let form = format!("{page}/lines");
    let (alpha, omega) = (id(cast.at("Alpha")).to_owned(), id(cast.at("Omega")).to_owned());
    let line = |home: &str, host: &str, capacity: &str| {
        [("home", home), ("host", host), ("capacity", capacity), ("unit", "heads"), ("levels", "second")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let submit = async |form: &str, fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        home.submit(form, form, &fields).await
    };
    for (fields, told) in [
        (line(&alpha, &omega, "-1"), "A whole number from 0"),
        (line(&alpha, &omega, ""), "A whole number from 0"),
        (line(&alpha, &alpha, "3"), "The same as `host`"),
        (line("x", &omega, "3"), "Home: who sends: Choose an institution"),
    ] {
        let answer = submit(&form, &fields).await;
        assert!(answer.status == 422 && answer.text().contains(told), "{told}: {}", answer.text());
    }
    let fields = [&line(&omega, &alpha, "3")[..], &[("key".to_owned(), "k2".to_owned())]].concat();
    for _ in 0..2 {
        assert_eq!(submit(&form, &fields).await.status, 303, "a double click enters them once");
    }
    let lines = hanna.get(&format!("/place-lines?home={omega}&host={alpha}")).await.ok();
    let [line] = lines["items"].as_array().expect("lines").as_slice() else { panic!("one line: {lines}") };
    assert_eq!((&line["capacity"], &line["levels"]), (&json!(3), &json!(["second"])));

    let narrow =
        [("home", &alpha), ("host", &omega), ("capacity", &"4".to_owned()), ("unit", &"heads".to_owned())]
            .map(|(name, value)| (name.to_owned(), value.clone()));
    let with = |field: &str, key: &str| {
        [&narrow[..], &[("fields".to_owned(), field.to_owned()), ("key".to_owned(), key.to_owned())]].concat()
    };
    for (field, key) in [("0613", "k4"), ("0311", "k5")] {
        assert_eq!(submit(&form, &with(field, key)).await.status, 303);
    }
    let text = home.get(&page).await.text();
    for told in [
        ">Information and communication technologies (0613)</td>",
        ">Social sciences, journalism and information (0311)</td>",
        ">Master</td>",
        "data-label=\"Period\"",
    ] {
        assert!(text.contains(told), "lines that differ by level or field look different: {told}: {text}");
    }

    let posting = format!("{form}/{}", id(line));
    for (amount, reason) in [("0", "Why."), ("x", "Why."), ("1", ""), ("-4", "Too many.")] {
        let answer = home.submit(&posting, &posting, &[("amount", amount), ("reason", reason)]).await;
        assert_eq!(answer.status, 422, "{amount} {reason}: {}", answer.text());
    }
    let posted =
        home.submit(&posting, &posting, &[("amount", "-2"), ("reason", "Fewer beds."), ("key", "k3")]).await;
    assert_eq!(posted.status, 303, "{}", posted.text());
    assert_eq!(hanna.get(&format!("/place-lines/{}", id(line))).await.ok()["capacity"], 1);
    let elsewhere = format!("/agreements/{alpha}/lines/{}", id(line));
    assert_eq!(home.get(&elsewhere).await.status, 404);
}

/// Sends the form of lists.
async fn sent(by: &Visitor, fields: &[(&str, &str)], file: Option<&str>) -> Answer {
    let page = by.get("/place-lists").await.text();
    let mut form = Form::new().text("seal", seal(&page));
    for (name, value) in fields {
        form = form.text((*name).to_owned(), (*value).to_owned());
    }
    if let Some(file) = file {
        form = form.part("file", Part::bytes(file.as_bytes().to_vec()).file_name("partners.csv"));
    }
    send(by.post("/place-lists", &by.address).multipart(form)).await
}

#[rstest]
#[tokio::test]
async fn a_partner_list_is_looked_at_before_it_is_taken_over(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (home, hanna, _) = at_browsers(&cast).await;
    let alpha = id(cast.at("Alpha")).to_owned();
    let list = "partner,direction,places,valid_from_on,valid_until_on\n\
                University of Omega,out,3,2026-09-01,2029-08-31\n\
                University of Sigma,in,2,2026-09-01,2029-08-31\n";
    let wrong = list.replace(",3,", ",three,");
    let agreements = async || -> usize {
        let all: Value = hanna.get("/agreements").await.ok();
        all["items"].as_array().expect("agreements").len()
    };

    let none = sent(&home, &[("key", "k1"), ("institution", &alpha)], Some("")).await;
    assert!(none.status == 422 && none.text().contains("Choose a list"), "{}", none.text());
    let unread =
        sent(&home, &[("key", "k2"), ("institution", &alpha)], Some("partner,direction\nOmega,out\n")).await;
    assert!(unread.status == 422 && unread.text().contains("class=\"fault\""), "{}", unread.text());
    let refused = sent(&home, &[("key", "k3"), ("institution", &alpha)], Some(&wrong)).await;
    let text = refused.text();
    assert!(refused.status == 200 && text.contains("Nothing can be taken over yet"), "{text}");
    assert!(!text.contains("value=\"take\""), "there is no button: {text}");
    let seen = sent(&home, &[("key", "k4"), ("institution", &alpha)], Some(list)).await;
    let text = seen.text();
    assert!(
        seen.status == 200 && text.contains("University of Omega") && text.contains("Take it over"),
        "{text}"
    );
    assert_eq!(agreements().await, 0, "nothing is written");

    let kept = hidden(&text, "kept").expect("the list that was seen");
    let take = [("key", "k5"), ("institution", alpha.as_str()), ("step", "take"), ("kept", kept.as_str())];
    for _ in 0..2 {
        let taken = sent(&home, &take, None).await;
        assert!(taken.status == 200 && taken.text().contains("The list is taken over"), "{}", taken.text());
    }
    assert_eq!(agreements().await, 2);
    let again = sent(&home, &[("key", "k6"), ("institution", &alpha)], Some(list)).await;
    assert!(again.text().contains("The list changes nothing"), "{}", again.text());
    let foreign = id(cast.at("Gamma")).to_owned();
    let foreign = sent(&home, &[("key", "k7"), ("institution", &foreign)], Some(list)).await;
    assert_eq!(foreign.status, 403, "{}", foreign.text());
    let large = "x".repeat(2 * 1024 * 1024 + 1);
    let large = sent(&home, &[("key", "k8"), ("institution", &alpha)], Some(&large)).await;
    assert!(large.status == 422 && large.text().contains("too large for this page"), "{}", large.text());
}
