//! What somebody types in a real browser with its script: it is there after the way back and a log-in that ended, and gone once it is sent;
//! a list grows on its page; what was wrong has the focus.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::drafts::{offerings, opened};
use crate::support::actor::Actor;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::browser::Browser;
use crate::support::database::Db;
use crate::support::offers::{Pair, id};

const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(25);
const MEI: &str = "mei@student.example";

/// Mei in a browser, before an open call for six offerings that asks a question of each kind: the address of its page.
async fn mei() -> (TestApp, Browser, String) {
    let app = TestApp::spawn(Db::Sqlite).await;
    let pair = Pair::of(&app).await;
    let asked = |name: &str, kind: &str| json!({ "name": name, "label": { "en": name }, "kind": kind });
    let form = [asked("why", "text"), asked("weeks", "int"), asked("from", "date"), asked("car", "bool")];
    let call = opened(&pair, &offerings(&pair, 6).await, &json!({ "form": form })).await;
    app.student(&pair.sol, "Mei", &pair.home).await;
    let browser = Browser::open(&app.address).await;
    browser.sign_in(MEI).await;
    (app, browser, format!("/calls/{}", id(&call)))
}

async fn value(browser: &Browser, selector: &str) -> String {
    browser.find(selector).await.value().await.expect("read").unwrap_or_default()
}

/// Types into every kind of field, and what they then hold.
async fn typed(browser: &Browser) -> Vec<String> {
    browser.pick(&browser.find("#choice-1").await, 2).await;
    browser.fill("#answer-why", "The sea, and the hills.").await;
    browser.fill("#answer-weeks", "20").await;
    browser.find("#answer-from").await.send_keys("03012027").await.expect("a day");
    browser.pick(&browser.find("#answer-car").await, 1).await;
    browser.find("#bell").await.click().await.expect("a box");
    let held = held(browser).await;
    assert_eq!(held[1..], ["The sea, and the hills.", "20", "2027-03-01", "true", "true"]);
    held
}

async fn held(browser: &Browser) -> Vec<String> {
    let mut held = Vec::new();
    for field in ["#choice-1", "#answer-why", "#answer-weeks", "#answer-from", "#answer-car"] {
        held.push(value(browser, field).await);
    }
    held.push(browser.find("#bell").await.is_selected().await.expect("read").to_string());
    held
}

#[tokio::test]
async fn what_is_typed_is_there_after_the_way_back_and_gone_once_it_is_sent() {
    let (_app, browser, call) = mei().await;
    let apply = format!("{call}/apply");
    browser.go(&apply).await;
    let blank = held(&browser).await;
    let before = typed(&browser).await;
    browser.press("nav.trail a").await;
    assert_eq!(browser.path().await, call);
    browser.driver.back().await.expect("the page before");
    assert_eq!((browser.path().await, held(&browser).await), (apply.clone(), before.clone()));
    // Opened anew as well, until it is sent.
    browser.go(&apply).await;
    assert_eq!(held(&browser).await, before);
    browser.press("main form button.main").await;
    assert!(browser.path().await.ends_with("?done=opened"), "{}", browser.text().await);
    browser.go(&apply).await;
    assert_eq!(held(&browser).await, blank);

    // A password is kept by no page of ours.
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    browser.go("/login").await;
    browser.fill("#password", "not this one either").await;
    browser.press("form:has(#password) a").await;
    let kept = browser.run("return JSON.stringify(sessionStorage);", Vec::new()).await;
    assert!(!kept.to_string().contains("not this one"), "{kept}");
    browser.close().await;
}

#[tokio::test]
async fn what_was_wrong_has_the_focus_and_leads_to_its_field() {
    let (_app, browser, call) = mei().await;
    browser.go(&format!("{call}/apply")).await;
    for choice in ["#choice-1", "#choice-2"] {
        browser.pick(&browser.find(choice).await, 1).await;
    }
    browser.press("main form button.main").await;
    let focused = browser.driver.active_element().await.expect("an element");
    assert_eq!(focused.class_name().await.expect("read").as_deref(), Some("summary"));
    browser.audit().await;
    browser.toggle(".summary a").await;
    let focused = browser.driver.active_element().await.expect("an element");
    assert_eq!(focused.id().await.expect("read").as_deref(), Some("choice-2"));
    assert_eq!(focused.attr("aria-invalid").await.expect("read").as_deref(), Some("true"));
    browser.close().await;
}

/// Waits until a draft says so of its saving.
async fn says(browser: &Browser, text: &str) {
    let until = Instant::now() + PATIENCE;
    while !browser.find(".saved").await.text().await.expect("text").contains(text) {
        assert!(Instant::now() < until, "it says {text}: {}", browser.text().await);
    }
}

/// Waits until a draft is kept so, and gives it.
async fn kept(actor: &Actor, case: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let now = actor.get(&format!("/applications/{}", case.trim_start_matches("/cases/"))).await.ok();
        if is_so(&now) {
            return now;
        }
        assert!(Instant::now() < until, "it is kept: {now}");
    }
}

/// Logs in in the window that the draft opens for it, and comes back.
async fn log_in_beside(browser: &Browser) {
    let here = browser.driver.window().await.expect("a window");
    browser.toggle("a.log-in").await;
    let windows = browser.driver.windows().await.expect("windows");
    let other = windows.into_iter().find(|window| *window != here).expect("another window");
    browser.driver.switch_to_window(other).await.expect("it is there");
    let email = browser.driver.query(By::Css("#email")).wait(PATIENCE, STEP).first().await.expect("a log-in");
    email.send_keys(MEI).await.expect("a field");
    browser.fill("#password", PASSWORD).await;
    browser.press("form:has(#password) button.main").await;
    assert_eq!(browser.path().await, "/signed-in");
    browser.driver.close_window().await.expect("closed");
    browser.driver.switch_to_window(here).await.expect("it is there");
}

/// A draft with one choice, open in the browser: its address.
async fn begun(browser: &Browser, call: &str) -> String {
    browser.go(&format!("{call}/apply")).await;
    browser.pick(&browser.find("#choice-1").await, 1).await;
    browser.press("main form button.main").await;
    let path = browser.path().await;
    let case = path.split('?').next().expect("an address").to_owned();
    browser.go(&case).await;
    case
}

#[tokio::test]
async fn a_list_grows_on_its_page_beyond_the_usual_number() {
    let (app, browser, call) = mei().await;
    let mei = app.sign_in(MEI).await;
    let case = begun(&browser, &call).await;
    for place in 2..=5 {
        browser.pick(&browser.find(&format!("#choice-{place}")).await, place).await;
    }
    browser.toggle("button[name=add]").await;
    let added = browser.driver.active_element().await.expect("an element");
    assert_eq!(added.id().await.expect("read").as_deref(), Some("choice-6"));
    assert_eq!(browser.count("button[name=add]:not([hidden])").await, 0, "there are no more to choose from");
    browser.pick(&added, 6).await;
    browser.audit().await;
    let sixth = added.value().await.expect("read").unwrap_or_default();
    let listed = |now: &Value, nth: usize| now["choices"][nth]["offering_id"] == sixth.as_str();
    kept(&mei, &case, |now| listed(now, 5)).await;
    // It goes up by the buttons of its place.
    browser.toggle("button[name=move][value='6-up']").await;
    kept(&mei, &case, |now| listed(now, 4)).await;
    browser.go(&case).await;
    assert_eq!((value(&browser, "#choice-5").await, browser.count("select[name=choice]").await), (sixth, 6));
    browser.close().await;
}

#[tokio::test]
async fn a_draft_outlives_the_log_in_it_was_begun_in_and_is_handed_over_as_it_saved_itself() {
    let (app, browser, call) = mei().await;
    let mei = app.sign_in(MEI).await;
    let case = begun(&browser, &call).await;
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    browser.fill("#answer-why", "The sea.").await;
    says(&browser, "your log-in has ended").await;
    assert_eq!(browser.count("a.log-in:not([hidden])").await, 1);
    browser.audit().await;
    log_in_beside(&browser).await;
    assert_eq!(value(&browser, "#answer-why").await, "The sea.");
    browser.fill("#answer-why", "The sea, and the hills.").await;
    kept(&mei, &case, |now| now["answers"]["why"] == "The sea, and the hills.").await;
    says(&browser, "Saved.").await;
    assert_eq!(browser.count("a.log-in:not([hidden])").await, 0);
    browser.press("#do-submit > p:last-of-type button").await;
    assert_eq!(browser.find("h1").await.text().await.expect("text"), "Check your application");
    assert!(browser.text().await.contains("The sea, and the hills."));
    browser.close().await;
}
