//! When a host takes nominations, as it says it itself: over REST, on its page, and for whoever nominates under agreements with all.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::bulks::accepted;
use crate::support::actor::{Actor, etag, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::{Pair, id};
use crate::support::rounds::without_documents;
use crate::support::visitor::hidden;

async fn put(by: &Actor, (agreement, host): (&str, &Value), version: i64, windows: &Value) -> Answer {
    let path = format!("{agreement}/nomination-windows/{}", id(host));
    let request = by.request(Method::PUT, &path).header("If-Match", etag(&json!(version)));
    send(request.json(&json!({ "windows": windows }))).await
}

/// Host, term, first and last day of each window of an agreement.
fn said(agreement: &Value) -> Value {
    let windows = agreement["nomination_windows"].as_array().expect("windows").iter();
    windows.map(|one| json!([one["host"], one["term"], one["opens"], one["closes"]])).collect()
}

fn winter() -> Value {
    json!({ "term": "winter", "opens": "02-15", "closes": "05-15" })
}

/// An agreement between the two, as a draft.
async fn written(pair: &Pair) -> String {
    let body = json!({
        "proposer": pair.home["id"], "partner": pair.host["id"], "valid_from_on": "2026-09-01",
        "valid_until_on": "2029-08-31",
    });
    format!("/agreements/{}", id(&pair.hanna.post("/agreements", &body).await.ok()))
}

#[rstest]
#[tokio::test]
async fn a_side_says_its_own_windows_and_those_of_nobody_else(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let gamma = app.member(&pair.sol, "Gamma", "FR", "Europe/Paris").await;
    let cleo = app.holder(&pair.sol, "coordinator", &gamma).await;
    let path = written(&pair).await;
    let (alpha, omega) = ((path.as_str(), &pair.home), (path.as_str(), &pair.host));
    let rest = json!({ "closes": "06-15" });

    let first = put(&pair.otto, omega, 1, &json!([winter(), rest])).await;
    assert_eq!(first.header("etag"), "\"2\"");
    let (own, other) = (&pair.host["id"], &pair.home["id"]);
    let expected = json!([[own, "winter", "02-15", "05-15"], [own, null, null, "06-15"]]);
    assert_eq!(said(&first.ok()), expected);
    put(&pair.hanna, omega, 2, &json!([])).await.problem(403);
    put(&cleo, omega, 2, &json!([])).await.problem(404);
    put(&pair.sol, (path.as_str(), &gamma), 2, &json!([])).await.problem(404);
    put(&pair.hanna, alpha, 1, &json!([winter()])).await.problem(412);
    let whole = format!("{path}/nomination-windows/{}", id(&pair.home));
    send(pair.hanna.request(Method::PUT, &whole).json(&json!({ "windows": [] }))).await.problem(428);

    let both = put(&pair.hanna, alpha, 2, &json!([winter()])).await.ok();
    assert_eq!(said(&both).as_array().map(Vec::len), Some(3), "the other side's stay: {both}");
    let changed = json!([{ "term": "winter", "opens": "11-01", "closes": "01-15" }]);
    put(&pair.otto, omega, 3, &changed).await.ok();
    let left = put(&pair.sol, omega, 4, &json!([])).await.ok();
    assert_eq!(said(&left), json!([[other, "winter", "02-15", "05-15"]]));
    put(&pair.hanna, alpha, 5, &json!([])).await.ok();
    assert_eq!(said(&pair.otto.get(&path).await.ok()), json!([]));

    let audited = pair.sol.get("/audit?subject=agreement&limit=200").await.ok();
    let deeds = audited["items"].as_array().expect("entries").iter();
    let changes: Vec<&Value> =
        deeds.filter(|one| one["deed"] == "change").map(|one| &one["changes"]).collect();
    assert_eq!(changes.len(), 5, "{audited}");
    for one in &changes {
        assert!(one["nomination_windows"].is_array() && one.as_object().map(serde_json::Map::len) == Some(1));
    }
    pair.hanna.fire_agreement(&path, 6, &json!({ "event": "withdraw" })).await.ok();
    put(&pair.hanna, alpha, 7, &json!([winter()])).await.problem(409);
}

#[rstest]
#[tokio::test]
async fn a_window_that_cannot_be_is_named(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let path = written(&pair).await;
    let wrong = async |windows: Value| {
        let problem = put(&pair.otto, (path.as_str(), &pair.host), 1, &windows).await.problem(422);
        (problem["errors"][0]["pointer"].clone(), problem["errors"][0]["detail"].clone())
    };
    let day = "no day of the year: write month and day, such as 02-15";

    assert_eq!(wrong(json!([{ "closes": "02-30" }])).await, (json!("/windows/0/closes"), json!(day)));
    assert_eq!(
        wrong(json!([winter(), { "opens": "15.2.", "closes": "05-15" }])).await,
        (json!("/windows/1/opens"), json!(day))
    );
    assert_eq!(
        wrong(json!([winter(), winter()])).await,
        (json!("/windows/1/term"), json!("this term has a window already: say one for each"))
    );
    for (windows, place) in [
        (json!([{ "term": " ", "closes": "05-15" }]), "/windows/0/term"),
        (json!([{ "term": "x".repeat(51), "closes": "05-15" }]), "/windows/0/term"),
        (json!([{ "term": "S1", "opens": "02-15" }]), "/windows/0"),
        (json!([{ "closes": "05-15", "until": "05-15" }]), "/windows/0/until"),
        ((0..21).map(|nth| json!({ "term": nth.to_string(), "closes": "05-15" })).collect(), "/windows"),
    ] {
        assert_eq!(wrong(windows.clone()).await.0, place, "{windows}");
    }
    assert_eq!(said(&pair.otto.get(&path).await.ok()), json!([]));
}

#[rstest]
#[tokio::test]
async fn a_side_says_its_windows_on_the_page_of_the_agreement(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let (alpha, omega) = (id(cast.at("Alpha")).to_owned(), id(cast.at("Omega")).to_owned());
    let page = format!("/agreements/{}", round.lines[0]["agreement"].as_str().expect("an id"));
    let form = format!("{page}/windows/{alpha}");
    let home = cast.visitor("home_coordinator").await;
    let shown = home.get(&page).await.text();
    assert!(shown.contains("Nobody has said when.") && shown.contains(&form), "{shown}");
    assert!(!shown.contains(&format!("windows/{omega}")), "each side says its own: {shown}");
    assert_eq!(home.get(&format!("{page}/windows/{omega}")).await.status, 404);
    let version = async || hidden(&home.get(&form).await.text(), "version").expect("a version");
    let say = async |fields: &[(&str, &str)]| {
        let version = version().await;
        home.submit(&form, &form, &[&[("version", version.as_str())], fields].concat()).await
    };

    for (fields, told) in [
        (&[("windows-0-opens", "<soon>"), ("windows-0-closes", "05-15")][..], "Window 1, From: Write month"),
        (&[("windows-0-opens", "02-15"), ("windows-0-closes", "")], "Window 1, Until: Say until when"),
        (&[("windows-0-term", "autumn"), ("windows-0-closes", "05-15")], "Window 1, Term: Choose a term"),
        (&[("windows-0-closes", "05-15"), ("windows-1-closes", "06-15")], "Window 2, Term: This term has a"),
        (&[], "Window 1, Until: Say until when"),
    ] {
        let answer = say(fields).await;
        let text = answer.text();
        assert!(answer.status == 422 && text.contains(told), "{told}: {text}");
        assert!(
            told.starts_with("Window 1, From") == text.contains("&lt;soon&gt;"),
            "what was typed stays: {text}"
        );
    }
    let two = [
        ("windows-0-term", "winter"),
        ("windows-0-opens", "15.2."),
        ("windows-0-closes", "05-15"),
        ("windows-1-term", ""),
        ("windows-1-opens", ""),
        ("windows-1-closes", ""),
        ("windows-2-term", "summer"),
        ("windows-2-opens", ""),
        ("windows-2-closes", "06-15"),
    ];
    let done = say(&two).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let shown = home.get(done.header("location")).await.text();
    for told in [
        "The nomination windows are saved.",
        "University of Alpha takes nominations for the winter term from 15 February to 15 May.",
        "University of Alpha takes nominations for the summer term until 15 June.",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    let chinese = cast.visitor("host_coordinator").await.get(&page).await.text();
    assert!(
        chinese.contains("University of Alpha 受理冬季學期提名：每年 2 月 15 日 至 5 月 15 日。"),
        "{chinese}"
    );
    assert!(!chinese.contains(&form), "it is Alpha's to say: {chinese}");

    let shown = home.get(&form).await.text();
    assert!(shown.contains("value=\"02-15\"") && shown.contains("windows-1-away"), "{shown}");
    let one = [
        ("windows-0-term", "winter"),
        ("windows-0-opens", "02-15"),
        ("windows-0-closes", "05-15"),
        ("windows-0-away", "true"),
        ("windows-1-term", "summer"),
        ("windows-1-opens", "08-01"),
        ("windows-1-closes", "06-15"),
    ];
    assert_eq!(say(&one).await.status, 303);
    let read = cast.app.acting(&address("home_coordinator")).await.get(&page).await.ok();
    assert_eq!(said(&read), json!([[alpha, "summer", "08-01", "06-15"]]));
    let stale = home.submit(&form, &form, &[("version", "1"), ("windows-0-closes", "05-15")]).await;
    assert!(stale.status == 409 && stale.text().contains("changed this meanwhile"), "{}", stale.text());
}

#[rstest]
#[tokio::test]
async fn a_window_of_an_agreement_with_all_counts_for_each_home_after_those_between_the_two(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    accepted(&cast, &round, &["Anna"]).await;
    let (omega, host) = (cast.who("host_coordinator"), cast.at("Omega"));
    let home = cast.visitor("home_coordinator").await;
    let with_all = json!({
        "proposer": host["id"], "partner": null, "valid_from_on": "2026-09-01", "valid_until_on": "2029-08-31",
    });
    let with_all = format!("/agreements/{}", id(&omega.post("/agreements", &with_all).await.ok()));
    let between = format!("/agreements/{}", round.lines[0]["agreement"].as_str().expect("an id"));
    let say = async |agreement: &str, windows: Value| {
        let version = omega.get(agreement).await.ok()["version"].as_i64().expect("a version");
        put(omega, (agreement, host), version, &windows).await.ok();
        home.get("/nominations").await.text()
    };
    let of =
        |term: &str, opens: &str, closes: &str| json!([{ "term": term, "opens": opens, "closes": closes }]);
    let warns = "University of Omega takes no nominations today.";

    let before = home.get("/nominations").await.text();
    assert!(before.contains("Nominate 1") && !before.contains("nominations are taken"), "{before}");
    let shown = say(&with_all, json!([winter()])).await;
    assert!(shown.contains("15 February to 15 May") && shown.contains(warns), "{shown}");
    let shown = say(&between, of("winter", "03-01", "04-30")).await;
    assert!(shown.contains("1 March to 30 April") && !shown.contains("15 February"), "{shown}");
    let shown = say(&between, of("summer", "08-01", "12-31")).await;
    assert!(shown.contains("1 August to 31 December") && !shown.contains(warns), "{shown}");
    let shown = say(&between, json!([{ "opens": "03-01", "closes": "04-30" }])).await;
    assert!(shown.contains("1 March to 30 April") && !shown.contains("15 February"), "{shown}");
    let shown = say(&between, json!([])).await;
    assert!(shown.contains("15 February to 15 May") && shown.contains(warns), "{shown}");
    omega.fire_agreement(&with_all, 2, &json!({ "event": "withdraw" })).await.ok();
    let after = home.get("/nominations").await.text();
    assert!(!after.contains("nominations are taken"), "{after}");
}
