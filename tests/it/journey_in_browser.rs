//! The whole journey in a real browser, from the catalogue to a confirmed place: student, home, host, student again; with the script and
//! without it, on both databases.

use rstest::rstest;
use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::rounds::without_documents;

const STUDENT: &str = "Anna";
const HOME: &str = "home_coordinator";
const HOST: &str = "host_coordinator";

/// Looks for a programme, and begins an application for it; its address.
async fn begin(browser: &Browser) -> String {
    browser.go("/programmes").await;
    browser.fill("#q", "term away").await;
    browser.press("main form[method=get] button.main").await;
    browser.audit().await;
    browser.press("main .case :is(h2, h3) a").await;
    browser.audit().await;
    browser.press("a[href$='/apply']").await;
    browser.toggle("#choice-1 option:nth-child(2)").await;
    browser.audit().await;
    browser.press("main form button.main").await;
    browser.audit().await;
    let draft = browser.path().await;
    let (case, _) = draft.split_once('?').unwrap_or_else(|| panic!("a draft was opened: {draft}"));
    case.to_owned()
}

#[rstest]
#[tokio::test]
async fn an_application_goes_from_the_catalogue_to_a_confirmed_place(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(true, false)] script: bool,
) {
    let cast = Cast::of(db).await;
    cast.exchange(2, &without_documents()).await;
    cast.student(STUDENT).await;
    for part in [STUDENT, HOME, HOST] {
        cast.app.accept(&address(part)).await;
    }
    let browser = Browser::open(&cast.app.address).await;
    if !script {
        browser.without_script().await;
    }

    browser.sign_in(&address(STUDENT)).await;
    let case = begin(&browser).await;
    for (part, event) in [
        (STUDENT, "submit"),
        (HOME, "find_eligible"),
        (HOME, "allocate"),
        (STUDENT, "accept_offer"),
        (HOME, "nominate"),
        (HOST, "acknowledge"),
        (HOST, "approve"),
        (STUDENT, "confirm"),
    ] {
        browser.sign_in(&address(part)).await;
        browser.act(&case, event).await;
    }

    let path = case.replace("/cases/", "/applications/");
    let seen = cast.who("secretariat").get(&path).await.ok();
    assert!(["confirmed", "ready"].contains(&seen["state"].as_str().expect("a state")), "{seen}");
    assert_eq!(browser.console().await, Vec::<Value>::new());
    browser.close().await;
    cast.verified().await;
}
