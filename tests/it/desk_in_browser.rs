//! The desk in a real browser: somebody invited and given a duty, and a workflow written, mended, approved, adopted and tried; with
//! the script of the pages and without it. And every page of the desk, looked at.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use thirtyfour::prelude::*;

use crate::support::browser::Browser;
use crate::support::process::{Server, sojourn};

/// How long the checker may take until the page shows what it says, and how often is looked.
const PATIENCE: Duration = Duration::from_mins(1);
const STEP: Duration = Duration::from_millis(50);

const SECRETARIAT: &str = "secretariat@alliance.example";
const CHAIR: &str = "head@lindenau.example";

/// The demo with a browser.
async fn demo(folder: &tempfile::TempDir, script: bool) -> (Server, Browser) {
    let mut command = sojourn(folder.path(), &[("SOJOURN_LOG__FILTER", "error")]);
    command.args(["demo", "--bind", "127.0.0.1:0", "--database"]).arg(folder.path().join("alliance.db"));
    let server = Server::start(command);
    let browser = Browser::open(&server.address).await;
    if !script {
        let off = json!({ "value": true });
        browser
            .driver
            .cdp()
            .send_raw("Emulation.setScriptExecutionDisabled", off)
            .await
            .expect("scripts end");
    }
    (server, browser)
}

async fn become_one(browser: &Browser, email: &str) {
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    browser.go("/login").await;
    browser.press(&format!("form:has(input[name=email][value='{email}']) button")).await;
}

/// Chooses what a list calls so.
async fn choose(browser: &Browser, list: &str, called: &str) {
    for option in browser.driver.find_all(By::Css(format!("{list} option"))).await.expect("options") {
        if option.prop("text").await.expect("read").as_deref() == Some(called) {
            option.click().await.expect("an option");
            return;
        }
    }
    panic!("{list} has no {called}");
}

#[rstest]
#[tokio::test]
async fn somebody_is_invited_and_granted_a_duty(#[values(true, false)] script: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let (_server, browser) = demo(&folder, script).await;
    become_one(&browser, SECRETARIAT).await;
    browser.press("nav a[href='/desk']").await;
    browser.press("main a[href='/people']").await;
    browser.press("a[href='/people/invite']").await;
    browser.press("#form-desk button.main").await;
    assert_eq!(browser.count(".summary").await, 1, "what is missing is said: {}", browser.text().await);
    browser.fill("#given_name", "Ida").await;
    browser.fill("#family_name", "Lund").await;
    browser.fill("#email", "ida@lindenau.example").await;
    choose(&browser, "#institution", "Universität Lindenau").await;
    choose(&browser, "#duty", "Academic coordinator").await;
    browser.press("#form-desk button.main").await;
    assert!(browser.text().await.contains("ida@lindenau.example"));
    browser.press("button[name=again]").await;
    browser.fill("#family_name", "Berg").await;
    browser.press("#form-desk button.main").await;
    browser.press("button[name=sure]").await;
    assert_eq!(browser.find("h1").await.text().await.expect("text"), "Ida Berg");
    assert_eq!(browser.count("p.done").await, 1);
    browser.press("a[href$='/roles/new']").await;
    choose(&browser, "#duty", "Coordinator").await;
    browser.press("#form-desk button.main").await;
    browser.press("button[name=sure]").await;
    assert_eq!(browser.count("a[href$='/end']").await, 2, "{}", browser.text().await);
    browser.press("a[href$='/end']").await;
    browser.press("button[name=sure]").await;
    assert_eq!(browser.count("p.done").await, 1, "{}", browser.text().await);
    assert_eq!(browser.count("a[href$='/end']").await, 1, "{}", browser.text().await);
    browser.close().await;
}

/// Replaces one text in the editor by another, as somebody who types.
async fn write(browser: &Browser, from: &str, to: &str) {
    let typed = "const text = document.querySelector('#source'); text.value = text.value.replace(arguments[0], arguments[1]); \
                 text.dispatchEvent(new Event('input', { bubbles: true }));";
    browser.driver.execute(typed, vec![json!(from), json!(to)]).await.expect("written");
}

/// Waits until the page shows what a selector names.
async fn shown(browser: &Browser, selector: &str) {
    let found = browser.driver.query(By::Css(selector.to_owned())).wait(PATIENCE, STEP).first().await;
    assert!(found.is_ok(), "{selector}: {}", browser.text().await);
}

#[rstest]
#[tokio::test]
async fn a_workflow_is_written_mended_approved_adopted_and_tried(#[values(true, false)] script: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let (_server, browser) = demo(&folder, script).await;
    become_one(&browser, SECRETARIAT).await;
    browser.go("/workflows/student-exchange").await;
    browser.press("a[href='/workflows/student-exchange/edit']").await;
    write(&browser, "initial = \"draft\"", "initial = \"draught\"").await;
    if script {
        shown(&browser, ".gutter .error").await;
    } else {
        browser.press("button[value=check]").await;
    }
    let line = browser.find(".findings a").await;
    let beside = browser.find(".beside .error").await.text().await.expect("text");
    assert!(beside.contains("draught"), "the finding stands beside its line: {beside}");
    line.click().await.expect("a link");
    if script {
        let focused = browser.driver.active_element().await.expect("an element");
        assert_eq!(
            focused.attr("id").await.expect("read").as_deref(),
            Some("source"),
            "it leads into the text"
        );
    }
    browser.press("button[value=save]").await;
    assert_eq!(browser.count(".summary").await, 1, "it is not saved: {}", browser.path().await);
    if script {
        browser.audit().await;
    }
    write(&browser, "initial = \"draught\"", "initial = \"draft\"").await;
    let within = |days: u8| format!("within = \"{days} working days\"\ncalendar = \"host\"");
    write(&browser, &within(5), &within(6)).await;
    browser.press("button[value=save]").await;
    let version = browser.path().await;
    assert!(version.contains("/versions/2?done=flow_saved"), "{version}: {}", browser.text().await);

    become_one(&browser, CHAIR).await;
    browser.press("nav a[href='/desk']").await;
    browser.press("main a[href='/workflows']").await;
    browser.press("a[href='/workflows/student-exchange/versions/2']").await;
    browser.press("a[href$='/approve']").await;
    browser.press("button[name=sure]").await;
    assert!(browser.path().await.ends_with("?done=flow_in_force"), "{}", browser.text().await);

    become_one(&browser, SECRETARIAT).await;
    browser.go("/workflows/student-exchange/versions/2").await;
    browser.press("a[href$='/adopt']").await;
    let listed = browser.count("input[name=case]").await;
    assert!(listed > 0, "{}", browser.text().await);
    browser.press("main form[method=post] button.main").await;
    browser.press("button[name=sure]").await;
    assert!(browser.text().await.contains(&format!("{listed} of {listed} cases have gone over.")));
    browser.go("/workflows/student-exchange/simulate?version=2&against=1").await;
    browser.press("button[name=run]").await;
    assert!(browser.text().await.contains("Cases looked at"), "{}", browser.text().await);
    if script {
        browser.audit().await;
    }
    browser.close().await;
}

/// Pages that stand for themselves.
async fn alone(browser: &Browser) {
    for path in [
        "/desk",
        "/institutions",
        "/institutions/new",
        "/people",
        "/people/invite",
        "/calls/new",
        "/programmes/new",
        "/waiting",
        "/waiting/alliance/people",
        "/audit",
        "/audit?person=nobody",
        "/chair",
        "/chair/new",
        "/workflows",
        "/workflows/new",
        "/workflows/student-exchange",
        "/workflows/student-exchange/versions/1",
        "/workflows/student-exchange/versions/1/adopt",
    ] {
        browser.go(path).await;
        browser.audit().await;
    }
}

/// Pages of one thing each, with the forms below them.
async fn with_forms(browser: &Browser) {
    for (list, first, pages) in [
        ("/institutions", "tbody th a", &["edit", "log-in", "units/new", "periods/new"][..]),
        (
            "/people?duty=coordinator",
            "tbody th a",
            &["edit", "roles/new", "registrations/new", "absences/new"],
        ),
        ("/calls", ".case h2 a", &["edit", "rules", "publish"]),
        ("/programmes", ".case h2 a", &["edit", "publish", "offerings/new"]),
    ] {
        browser.go(list).await;
        browser.press(first).await;
        let page = browser.path().await;
        browser.audit().await;
        for below in pages {
            browser.go(&format!("{page}/{below}")).await;
            browser.audit().await;
        }
    }
}

#[tokio::test]
async fn every_page_of_the_desk_is_sound_at_every_width_in_both_themes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_server, browser) = demo(&folder, true).await;
    become_one(&browser, SECRETARIAT).await;
    alone(&browser).await;
    with_forms(&browser).await;
    browser.go("/people?duty=coordinator").await;
    browser.press("tbody th a").await;
    browser.press("a[href$='/end']").await;
    browser.audit().await;
    browser.go("/institutions/new").await;
    browser.press("#form-desk button.main").await;
    browser.audit().await;
    browser.press(".languages button[value='zh-Hant']").await;
    for path in
        ["/desk", "/institutions/new", "/waiting", "/workflows/student-exchange/simulate?run=yes", "/chair"]
    {
        browser.go(path).await;
        browser.audit().await;
    }
    let said = browser.console().await;
    // A form that is not taken is answered with 422, which the browser writes down.
    let said: Vec<_> =
        said.iter().filter(|line| !line["message"].to_string().contains("status of 4")).collect();
    assert!(said.is_empty(), "{said:?}");
    browser.close().await;
}
