//! The pages of balances, places and statements.

use rstest::rstest;

use serde_json::json;

use super::{agreement, allocated, line_for};
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::visitor::Visitor;

#[rstest]
#[tokio::test]
async fn reports_are_read_and_taken_along_from_their_pages(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let walk = allocated(&cast, &round, "Anna").await;
    for part in ["home_coordinator", "Anna"] {
        cast.app.accept(&address(part)).await;
    }
    let home = Visitor::signed_in(&cast.app.address, &address("home_coordinator")).await;
    for page in ["/balances", "/places", "/places?by=level", "/places?by=pair,period&on=2026-01-01"] {
        let answer = home.get(page).await;
        let text = answer.text();
        assert!(answer.status == 200 && text.contains("<svg") && text.contains("<desc"), "{page}: {text}");
    }
    let text = home.get("/balances").await.text();
    for told in ["All together, by source and academic year", "Taken if all reserved places are", "all years"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
    for (file, kind) in [
        ("/balances/balances.csv", "text/csv; charset=utf-8"),
        ("/balances/balances.svg?on=2026-01-01", "image/svg+xml"),
        ("/places/places.csv?by=level", "text/csv; charset=utf-8"),
        ("/places/places.svg", "image/svg+xml"),
    ] {
        let answer = home.get(file).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, kind), "{file}");
        assert!(answer.header("content-disposition").starts_with("attachment; filename"), "{file}");
    }
    assert_eq!(home.get("/places/places.exe").await.status, 404);
    assert_eq!(home.get("/places?by=host").await.status, 422);
    let student = Visitor::signed_in(&cast.app.address, &address("Anna")).await;
    assert_eq!(student.get("/places").await.status, 403);
    assert_eq!(student.get("/places/places.csv").await.status, 403);
    assert_eq!(Visitor::new(&cast.app.address).get("/places").await.status, 303);
    drop(walk);
}

#[rstest]
#[tokio::test]
async fn a_statement_is_made_confirmed_disputed_and_settled_on_its_pages(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    allocated(&cast, &round, "Anna").await;
    let of = agreement(&cast, &round).await;
    let parts = ["home_coordinator", "host_coordinator", "other_coordinator", "chair", "Anna"];
    for part in parts {
        cast.app.accept(&address(part)).await;
    }
    let [home, host, other, chair, student] = parts.map(address);
    let by = async |email: &str| Visitor::signed_in(&cast.app.address, email).await;
    let (home, host, chair) = (by(&home).await, by(&host).await, by(&chair).await);

    let none = home.submit("/statements", "/statements", &[("agreement", "")]).await;
    assert!(none.status == 422 && none.text().contains("Choose the agreement"), "{}", none.text());
    let never = [("key", "k1"), ("agreement", of.as_str()), ("on", "never")];
    let never = home.submit("/statements", "/statements", &never).await;
    let text = never.text();
    assert!(
        never.status == 422 && text.contains("href=\"#on\"") && text.contains("id=\"on-fault\""),
        "{text}"
    );
    assert!(text.contains("selected") && text.contains("value=\"never\""), "what was typed is kept: {text}");
    let fields = [("key", "k2"), ("agreement", of.as_str()), ("on", "2199-01-01")];
    let ahead = home.submit("/statements", "/statements", &fields).await;
    assert!(ahead.status == 422 && ahead.text().contains("Not yet"), "{}", ahead.text());
    let made = home.submit("/statements", "/statements", &[("key", "k3"), ("agreement", &of)]).await;
    assert_eq!(made.status, 303, "{}", made.text());
    let page = made.header("location").to_owned();
    let text = home.get(&page).await.text();
    assert!(text.contains("To be confirmed") && text.contains("University of Omega"), "{text}");
    assert!(!text.contains("/confirm\"") && !text.contains("/settle\""), "whoever made it waits: {text}");
    assert!(host.get("/statements").await.text().contains("class=\"waits you\""));
    assert!(!home.get("/statements").await.text().contains("class=\"waits you\""));

    let confirm = format!("{page}/confirm");
    let asked = host.submit(&page, &confirm, &[("version", "1")]).await;
    assert!(asked.status == 200 && asked.text().contains("name=\"sure\""), "{}", asked.text());
    let stale = host.submit(&page, &confirm, &[("version", "7"), ("sure", "yes")]).await;
    assert_eq!(stale.status, 409, "{}", stale.text());
    let done = host.submit(&page, &confirm, &[("key", "k4"), ("version", "1"), ("sure", "yes")]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let text = home.get(&page).await.text();
    assert!(text.contains("Confirmed by both sides") && text.contains("confirmed it on"), "{text}");

    let made = host.submit("/statements", "/statements", &[("key", "k5"), ("agreement", &of)]).await;
    let page = made.header("location").to_owned();
    let dispute = format!("{page}/dispute");
    let blank = home.submit(&page, &dispute, &[("version", "1"), ("reason", " ")]).await;
    assert!(blank.status == 422 && blank.text().contains("between 1 and 2000"), "{}", blank.text());
    let reason = "<b>One</b> withdrew.";
    let done = home.submit(&page, &dispute, &[("key", "k6"), ("version", "1"), ("reason", reason)]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let text = chair.get(&page).await.text();
    assert!(text.contains("&lt;b&gt;One&lt;&#x2f;b&gt; withdrew.") && text.contains("/settle\""), "{text}");
    assert!(!host.get(&page).await.text().contains("/settle\""), "a side settles nothing");
    let settled = [("key", "k7"), ("version", "2"), ("reason", "Both count.")];
    assert_eq!(host.submit("/statements", &format!("{page}/settle"), &settled).await.status, 403);
    let done = chair.submit(&page, &format!("{page}/settle"), &settled).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let text = host.get(&page).await.text();
    assert!(text.contains("Both count.") && !text.contains("<textarea"), "{text}");
    let again =
        home.submit("/statements", &dispute, &[("key", "k8"), ("version", "3"), ("reason", "No.")]).await;
    assert!(again.status == 409 && again.text().contains("make another"), "{}", again.text());

    let mails = cast.who("secretariat").get("/notifications?limit=200").await.ok();
    let items = mails["items"].as_array().expect("notices");
    assert!(items.iter().any(|one| one["notice"] == "balance_settled"));
    for stranger in [other, student] {
        let stranger = by(&stranger).await;
        assert_eq!(stranger.get(&page).await.status, 404);
        assert_ne!(
            stranger.submit("/account", &dispute, &[("version", "1"), ("reason", "x")]).await.status,
            303
        );
    }
    assert_eq!(by(&address("Anna")).await.get("/statements").await.status, 404);
    assert_eq!(Visitor::new(&cast.app.address).get(&page).await.status, 303);
}

#[rstest]
#[tokio::test]
async fn places_are_carried_over_on_their_page(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let like = cast.who("secretariat").get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
    let spring = json!({ "id": round.offerings[0]["period"] });
    let autumn = cast.next_term("Omega", cast.who("host_coordinator")).await;
    let (now, then) = (line_for(&cast, &like, &spring, 3).await, line_for(&cast, &like, &autumn, 1).await);
    let [email, stranger] = ["home_coordinator", "other_coordinator"].map(address);
    for email in [&email, &stranger] {
        cast.app.accept(email).await;
    }
    let home = Visitor::signed_in(&cast.app.address, &email).await;
    let hanna = cast.app.acting(&email).await;
    let page = format!("/agreements/{}", agreement(&cast, &round).await);
    let form = |line: &serde_json::Value| format!("{page}/lines/{}/carry", id(line));
    let (from, last) = (form(&now), form(&then));
    let shown = home.get(&page).await.text();
    assert!(shown.contains(&from) && !shown.contains(&form(&like)), "{shown}");
    let shown = home.get(&last).await.text();
    assert!(
        shown.contains("There is nothing to carry them to") && !shown.contains("name=\"amount\""),
        "{shown}"
    );
    let shown = home.get(&from).await.text();
    assert!(shown.contains("2027 Autumn · 1 left") && !shown.contains(id(&like)), "{shown}");

    for (to, amount, reason, told) in [
        ("", "1", "Why.", "To the term: Choose the term"),
        (id(&then), "0", "Why.", "How many: A whole number from 1"),
        (id(&then), "1", "", "Reason: Say why"),
        (id(&then), "4", "Why.", "How many: Only 3 are free"),
        (id(&like), "1", "Why.", "To the term: Is not for a later period"),
    ] {
        let fields = [("to", to), ("amount", amount), ("reason", reason)];
        let answer = home.submit(&from, &from, &fields).await;
        let text = answer.text();
        assert!([409, 422].contains(&answer.status) && text.contains(told), "{told}: {text}");
        assert!(text.contains("class=\"fault\"") && text.contains(&format!("value=\"{amount}\"")), "{text}");
    }
    let fields = [("to", id(&then)), ("amount", "2"), ("reason", "Unused <here>.")];
    let asked = home.submit(&from, &from, &fields).await;
    let text = asked.text();
    assert!(asked.status == 200 && text.contains("2 go from 2026 Spring to 2027 Autumn"), "{text}");
    assert!(text.contains("name=\"sure\"") && text.contains("Unused &lt;here&gt;."), "{text}");
    let left = async |line| hanna.get(&format!("/place-lines/{}", id(line))).await.ok()["free"].clone();
    assert_eq!((left(&now).await, left(&then).await), (json!(3), json!(1)), "a look changes nothing");

    let sure = [&fields[..], &[("sure", "yes"), ("key", "k1")]].concat();
    for _ in 0..2 {
        let done = home.submit(&from, &from, &sure).await;
        assert_eq!(
            (done.status, done.header("location")),
            (303, format!("{page}?done=carried#lines").as_str())
        );
    }
    assert_eq!((left(&now).await, left(&then).await), (json!(1), json!(3)), "a double click carries once");
    let stranger = Visitor::signed_in(&cast.app.address, &stranger).await;
    assert_eq!(stranger.get(&from).await.status, 404);
}
