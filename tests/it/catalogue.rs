//! From the catalogue to an application that is handed over: looking, being told before applying, saving, checking.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::Actor;
use crate::support::app::TestApp;
use crate::support::database::Db;
use crate::support::offers::{Pair, id};
use crate::support::visitor::{Visitor, hidden, seal};

const MEI: &str = "mei@student.example";

/// The titles of what a filter finds, by REST and on the page.
async fn found(pair: &Pair, visitor: &Visitor, filter: &str, page: &str) -> Vec<String> {
    let listed = pair.sol.get(&format!("/programmes?{filter}")).await.ok();
    let titles: Vec<String> = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|one| one["title"].as_str().expect("a title").to_owned())
        .collect();
    let shown = visitor.get(&format!("/programmes?{page}")).await.text();
    for title in &titles {
        assert!(shown.contains(title.as_str()), "{page} shows {title}");
    }
    assert_eq!(shown.matches("<li class=\"card case\">").count(), titles.len(), "{page}");
    titles
}

#[rstest]
#[tokio::test]
async fn the_catalogue_is_narrowed_by_what_students_look_for(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let mut other = pair.programme();
    other["title"] = json!("Ein Jahr für die Künste 100%");
    other["fields"] = json!(["0213"]);
    other["levels"] = json!([]);
    other["languages"] = json!(["de:B1"]);
    other["kind"] = json!("conference");
    let other = pair.otto.post("/programmes", &other).await.ok();
    let path = format!("/programmes/{}", id(&other));
    pair.otto.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
    let visitor = Visitor::new(&app.address);
    let (taipei, arts) = (["A term in Taipei"], ["Ein Jahr für die Künste 100%"]);
    for (filter, wanted) in [
        ("country=TW", &["A term in Taipei", "Ein Jahr für die Künste 100%"][..]),
        ("country=JP", &[]),
        ("field=06", &taipei),
        ("field=02", &arts),
        ("level=first", &["A term in Taipei", "Ein Jahr für die Künste 100%"]),
        ("level=third", &arts),
        ("language=en", &taipei),
        ("language=de", &arts),
        ("kind=conference", &arts),
        ("q=taipei", &taipei),
        ("q=OMEGA", &["A term in Taipei", "Ein Jahr für die Künste 100%"]),
        ("q=K%C3%BCnste", &arts),
        ("q=100%25", &arts),
        ("q=_", &[]),
        ("field=06&language=de", &[]),
    ] {
        assert_eq!(found(&pair, &visitor, filter, filter).await, wanted, "{filter}");
    }
    assert_eq!(found(&pair, &visitor, "academic_year=2026&term=S2", "term=2026-S2").await, taipei);
    assert!(found(&pair, &visitor, "academic_year=2027", "term=2027-S2").await.is_empty());
    assert_eq!(visitor.get("/programmes?level=%00&kind=x&term=-&cursor=&q=%00").await.status, 200);

    // A place for the student's own home, and none for others.
    let mei = app.student(&pair.sol, "Mei", &pair.home).await;
    let own = Visitor::signed_in(&app.address, MEI).await;
    assert_eq!(mei.get("/programmes?free=true").await.ok()["items"], json!([]));
    let line = json!({ "source": "programme", "programme": offer.programme["id"], "unit": "heads", "capacity": 1, "reason": "One." });
    pair.otto.post("/place-lines", &line).await.ok();
    assert_eq!(mei.get("/programmes?free=true").await.ok()["items"][0]["id"], offer.programme["id"]);
    assert!(own.get("/programmes?free=true").await.text().contains("A term in Taipei"));
}

/// A call with a question, published and open.
async fn publish(pair: &Pair, mut call: Value) -> Value {
    call["opens_on"] = json!("2026-08-15");
    call["documents"] = json!({ "transcript": "off", "motivation": "optional", "language_proof": "off" });
    call["form"] =
        json!([{ "name": "why", "label": { "en": "Why there?" }, "kind": "text", "required": true }]);
    let call = pair.hanna.post("/calls", &call).await.ok();
    let path = format!("/calls/{}", id(&call));
    pair.hanna.patch(&path, &call["version"], &json!({ "status": "published" })).await.ok();
    call
}

#[rstest]
#[tokio::test]
async fn a_student_is_told_before_applying_whether_a_programme_is_for_them(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let mut call = pair.call(&offer);
    call["eligibility"] = json!("student.year >= 2");
    let call = publish(&pair, call).await;
    let page = format!("/programmes/{}", id(&offer.programme));
    app.student(&pair.sol, "Mei", &pair.home).await;
    let registered = |change: Value| {
        let mut body = json!({ "institution": pair.home["id"], "level": "first", "field": "0613", "year": 2, "languages": ["en:B2"] });
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        body
    };
    for (name, change, can, said) in [
        ("Fit", json!({}), true, &["You can apply now."][..]),
        (
            "Young",
            json!({ "year": 1 }),
            false,
            &["does not let you apply", "<code>student.year &gt;= 2</code>", "Your year of study: 1"],
        ),
        (
            "Artist",
            json!({ "field": "0213" }),
            false,
            &["is not for you", "You stated: Arts and humanities (0213)"],
        ),
        ("Mute", json!({ "languages": [] }), false, &["is not for you", "English B2. You stated: nothing"]),
        (
            "Beginner",
            json!({ "languages": ["en:B1"] }),
            false,
            &["is not for you", "Needed, one of: English B2. You stated: English B1"],
        ),
        (
            "Doctor",
            json!({ "level": "third" }),
            false,
            &["is not for you", "Bachelor, Master. You stated: Doctorate"],
        ),
    ] {
        let email = format!("{}@people.example", name.to_lowercase());
        let body = json!({
            "given_name": name, "family_name": "Student", "email": email, "language": "en", "registrations": [registered(change)],
        });
        pair.sol.post("/people", &body).await.ok();
        app.accept(&email).await;
        let seen = Visitor::signed_in(&app.address, &email).await.get(&page).await.text();
        for said in said {
            assert!(seen.contains(said), "{name}, {said}: {seen}");
        }
        assert_eq!(seen.contains(&format!("/calls/{}/apply", id(&call))), can, "{name}");
    }
    let stranger = Visitor::new(&app.address).get(&page).await.text();
    assert!(!stranger.contains("Is it for you?"), "nobody is told of nobody");
}

/// A draft of the student Mei with two choices and an open question: its id, and what is chosen.
async fn draft(app: &TestApp, pair: &Pair) -> (Actor, String, [String; 2]) {
    let offer = pair.offer().await;
    let second = json!({ "period": offer.period["id"], "start_on": "2027-03-01" });
    let offerings = format!("/programmes/{}/offerings", id(&offer.programme));
    let second = pair.otto.post(&offerings, &second).await.ok();
    let mut call = pair.call(&offer);
    call["offerings"] = json!([offer.offering["id"], second["id"]]);
    let call = publish(pair, call).await;
    let mei = app.student(&pair.sol, "Mei", &pair.home).await;
    let chosen = [id(&offer.offering).to_owned(), id(&second).to_owned()];
    let case = mei.post("/applications", &json!({ "call_id": call["id"], "choices": chosen })).await.ok();
    (mei, id(&case).to_owned(), chosen)
}

#[rstest]
#[tokio::test]
async fn a_draft_saves_itself_for_its_script_and_is_put_in_order_by_buttons(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let (mei, case, [first, second]) = draft(&app, &pair).await;
    let path = format!("/cases/{case}");
    let visitor = Visitor::signed_in(&app.address, MEI).await;
    let page = visitor.get(&path).await.text();
    assert!(page.contains("What is to be done") && page.contains("parts are open"), "{page}");

    let (seal, version) = (seal(&page), hidden(&page, "version").expect("a version"));
    let to = format!("{path}/draft");
    let save = async |version: &str, how: &str, accept: &'static str| {
        let fields = [
            ("seal", seal.as_str()),
            ("key", "k"),
            ("version", version),
            ("choice", &first),
            ("choice", &second),
            ("move", how),
            ("answer.why", "The sea & the <hills>"),
        ];
        let mut request = visitor.post(&to, &app.address).form(&fields).build().expect("a request");
        request.headers_mut().insert("accept", accept.parse().expect("a kind"));
        visitor.execute(request).await
    };
    let saved = save(&version, "", "application/json").await;
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(save(&version, "", "application/json").await.status, 409);
    let now = mei.get(&format!("/applications/{case}")).await.ok();
    assert_eq!(
        (&now["answers"]["why"], &saved.json()["version"]),
        (&json!("The sea & the <hills>"), &now["version"])
    );
    let moved = save(&now["version"].to_string(), "2-up", "text/html").await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (303, format!("{path}?done=draft#choices").as_str())
    );
    let now = mei.get(&format!("/applications/{case}")).await.ok();
    assert_eq!(now["choices"][0]["offering_id"], second.as_str());
}

#[rstest]
#[tokio::test]
async fn everything_is_shown_once_more_before_it_is_handed_over_and_there_is_a_receipt(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let (mei, case, _) = draft(&app, &pair).await;
    let said = json!({ "answers": { "why": "The sea & the <hills>" } });
    let now = mei.patch(&format!("/applications/{case}"), &json!(1), &said).await.ok();
    let (path, version) = (format!("/cases/{case}"), now["version"].to_string());
    let visitor = Visitor::signed_in(&app.address, MEI).await;
    let fields = [("version", version.as_str()), ("event", "submit")];
    let events = format!("{path}/events");
    let check = visitor.submit(&path, &events, &fields).await;
    let text = check.text();
    assert!(check.status == 200 && text.contains("Check your application"), "{text}");
    assert!(text.contains("The sea &amp; the &lt;hills&gt;") && text.contains("#answer-why"), "{text}");
    let sent = visitor.submit(&path, &events, &[&fields[..], &[("sure", "yes")]].concat()).await;
    assert_eq!((sent.status, sent.header("location")), (303, format!("{path}?done=given").as_str()));
    let over = visitor.get(&format!("{path}?done=given")).await.text();
    let receipt = mei.get(&format!("/applications/{case}")).await.ok()["receipt"].clone();
    assert!(over.contains("Your application is handed over"), "{over}");
    assert!(over.contains(receipt.as_str().expect("a receipt")), "{over}");

    let road = visitor.get(&format!("{path}/road")).await;
    assert!(road.status == 200 && road.text().contains("/road.svg"), "{}", road.text());
    let picture = visitor.get(&format!("{path}/road.svg")).await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert!(
        picture.text().starts_with("<svg") && picture.header("content-security-policy").contains("sha256-")
    );
    app.student(&pair.sol, "Ida", &pair.home).await;
    let stranger = Visitor::signed_in(&app.address, "ida@student.example").await;
    for part in ["/road", "/road.svg"] {
        assert_eq!(stranger.get(&format!("{path}{part}")).await.status, 404);
    }
}
