//! A student in a real browser with its script: a draft that saves itself, an order changed by the keyboard, a check before it is handed
//! over, a file on its way, and words that outlive a lost session.

use std::time::Duration;

use thirtyfour::prelude::*;

use crate::support::browser::Browser;
use crate::support::process::{Server, sojourn};

/// How long saving may take, and how often is looked.
const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(25);

async fn at(browser: &Browser, email: &str) {
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    browser.go("/login").await;
    browser.press(&format!("form:has(input[name=email][value='{email}']) button")).await;
}

/// What is chosen, in its order.
async fn chosen(browser: &Browser) -> Vec<String> {
    let mut chosen = Vec::new();
    for pick in browser.driver.find_all(By::Css("select[name=choice]")).await.expect("choices") {
        chosen.push(pick.value().await.expect("read").unwrap_or_default());
    }
    chosen
}

/// The demo, its student in a browser, and the address of their draft.
async fn student(folder: &tempfile::TempDir) -> (Server, Browser, String) {
    let mut command = sojourn(folder.path(), &[("SOJOURN_LOG__FILTER", "error")]);
    command.args(["demo", "--bind", "127.0.0.1:0", "--database"]).arg(folder.path().join("alliance.db"));
    let server = Server::start(command);
    let browser = Browser::open(&server.address).await;
    at(&browser, "student1@lindenau.example").await;
    browser.press(".case h3 a").await;
    let case = browser.path().await;
    (server, browser, case)
}

#[tokio::test]
async fn a_draft_saves_itself_and_is_ordered_by_keys_and_a_refused_file_says_why_beside_its_field() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_server, browser, case) = student(&folder).await;
    let before = chosen(&browser).await;

    // Two moves, by the keyboard: the page stays, the focus goes along, and the server has the new order.
    let up = browser.find("button[name=move][value='3-up']").await;
    up.send_keys(Key::Enter).await.expect("a key");
    let focused = browser.driver.active_element().await.expect("an element");
    assert_eq!(focused.value().await.expect("read").as_deref(), Some("2-up"));
    focused.send_keys(Key::Enter).await.expect("a key");
    let saved = browser.find(".saved").await;
    saved.wait_until().wait(PATIENCE, STEP).has_text("Saved.").await.expect("it says that it is saved");
    browser.go(&case).await;
    let after = chosen(&browser).await;
    assert_eq!(after[..3], [before[2].clone(), before[0].clone(), before[1].clone()]);
    assert_eq!(browser.count(".summary").await, 0);

    // A file that is refused says so beside its field, and one that is not arrives.
    let paper = folder.path().join("paper.pdf");
    std::fs::write(&paper, "no PDF at all").expect("written");
    let slot = ".slot:first-of-type";
    let pick = browser.find(&format!("{slot} input[type=file]")).await;
    pick.send_keys(paper.to_str().expect("a name")).await.expect("a file");
    browser.toggle(&format!("{slot} form.upload button")).await;
    let fault = browser.driver.query(By::Css(format!("{slot} .fault"))).wait(PATIENCE, STEP).first().await;
    assert!(fault.expect("a fault").text().await.expect("text").contains("neither a PDF"));
    browser.audit().await;
    browser.close().await;
}

#[tokio::test]
async fn a_draft_is_checked_before_it_is_handed_over_and_a_message_outlives_a_lost_session() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_server, browser, case) = student(&folder).await;
    browser.press("#do-submit > p:last-of-type button").await;
    assert_eq!(browser.find("h1").await.text().await.expect("text"), "Check your application");
    browser.audit().await;
    browser.press("main button.main").await;
    assert!(browser.path().await.ends_with("?done=given"), "{}", browser.text().await);
    assert_eq!(browser.count(".panel").await, 1);
    browser.audit().await;
    browser.go(&format!("{case}/road")).await;
    browser.audit().await;

    // What was typed into a message comes back after the session was lost.
    browser.go(&format!("{case}/messages")).await;
    browser.audit().await;
    browser.fill("#text", "May I come in autumn?").await;
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    browser.press("#form-message button.main").await;
    at(&browser, "student1@lindenau.example").await;
    browser.go(&format!("{case}/messages")).await;
    assert_eq!(
        browser.find("#text").await.value().await.expect("read").as_deref(),
        Some("May I come in autumn?")
    );
    browser.press("#form-message button.main").await;
    assert_eq!(browser.count(".message.own").await, 1, "{}", browser.text().await);
    assert_eq!(browser.find("#text").await.value().await.expect("read").as_deref(), Some(""));
    browser.audit().await;
    at(&browser, "coordinator@lindenau.example").await;
    browser.go(&format!("{case}/messages")).await;
    assert!(browser.text().await.contains("May I come in autumn?"));
    browser.audit().await;
    browser.close().await;
}
