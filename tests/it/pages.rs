//! The pages in a real browser and over plain HTTP: the whole story of an application, and what keeps strangers out.

use std::time::{Duration, Instant};

use thirtyfour::prelude::*;

use crate::support::browser::Browser;
use crate::support::process::{Server, sojourn};

/// How long a mail may take until the page shows it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The demo on a free port, as a newcomer starts it.
fn demo(folder: &tempfile::TempDir) -> Server {
    let mut command = sojourn(folder.path(), &[("SOJOURN_LOG__FILTER", "error")]);
    let file = folder.path().join("alliance.db");
    command.args(["demo", "--bind", "127.0.0.1:0", "--database"]).arg(file);
    Server::start(command)
}

/// Becomes somebody by one click on the page of log-ins.
async fn sign_in(browser: &Browser, email: &str) {
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    browser.go("/login").await;
    browser.press(&format!("form:has(input[name=email][value='{email}']) button")).await;
    assert_eq!(browser.path().await, "/", "{email} is signed in: {}", browser.text().await);
}

/// Reads the newest mail to an address whose subject holds the reference, once it is delivered.
async fn newest_mail(browser: &Browser, reference: &str, to: &str, before: &[String]) -> (String, String) {
    let until = Instant::now() + PATIENCE;
    loop {
        browser.go(&format!("/mails?q={reference}")).await;
        for mail in browser.driver.find_all(By::Css("ul.mails li")).await.expect("mails") {
            let link = mail.find(By::Css("a")).await.expect("a link");
            let href = link.attr("href").await.expect("read").expect("an address");
            let text = mail.text().await.expect("text");
            if text.contains(to) && !before.contains(&href) {
                let subject = link.text().await.expect("text");
                browser.follow(&link).await;
                return (href, subject);
            }
        }
        assert!(Instant::now() < until, "a mail to {to} about {reference}");
    }
}

#[tokio::test]
async fn a_newcomer_walks_an_application_through_the_browser_and_reads_every_mail() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = demo(&folder);
    let browser = Browser::open(&server.address).await;
    let (student, home, host) =
        ("student1@lindenau.example", "coordinator@lindenau.example", "coordinator@haifeng.example");

    sign_in(&browser, student).await;
    browser.press(".case h3 a").await;
    let case = browser.path().await;
    let reference = browser.find("h1 .ref").await.text().await.expect("text");

    let mut read = Vec::new();
    for (who, event, told) in [
        (student, "submit", home),
        (home, "find_eligible", student),
        (home, "allocate", student),
        (student, "accept_offer", home),
        (home, "nominate", host),
        (host, "acknowledge", student),
        (host, "approve", student),
        (student, "confirm", host),
    ] {
        sign_in(&browser, who).await;
        browser.act(&case, event).await;
        let (mail, subject) = newest_mail(&browser, &reference, told, &read).await;
        assert!(subject.contains(&reference), "{subject}");
        assert_eq!(browser.count("iframe.mail").await, 1);
        assert!(
            browser.find("pre.mail").await.text().await.expect("text").contains(&case),
            "it leads to the case"
        );
        browser.audit().await;
        read.push(mail);
    }
    browser.go(&case).await;
    assert_eq!(
        browser.count(".steps > li").await,
        10,
        "one step each, after the opening, and the readiness that follows"
    );
    assert_eq!(browser.console().await, Vec::<serde_json::Value>::new());
    browser.close().await;
}

#[tokio::test]
async fn every_page_is_sound_at_every_width_and_in_both_languages() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = demo(&folder);
    let browser = Browser::open(&server.address).await;

    for path in ["/login", "/forgotten-password", "/invitation?token=x", "/calls", "/programmes", "/mails"] {
        browser.go(path).await;
        browser.audit().await;
    }
    for who in [
        "student1@haifeng.example",
        "coordinator@karoo.example",
        "secretariat@alliance.example",
        "internships@pohjola.example",
        "head@lindenau.example",
    ] {
        sign_in(&browser, who).await;
        for path in ["/", "/cases", "/cases?waiting_for_me=true&phase=stay&q=zzz", "/calls", "/programmes"] {
            browser.go(path).await;
            browser.audit().await;
            first_of_list(&browser).await;
        }
        browser.go("/account/data").await;
        browser.audit().await;
        browser.go("/calendar").await;
        browser.audit().await;
        browser.press("main button.main").await;
        assert_eq!(browser.count("#secret").await, 1, "{}", browser.text().await);
        browser.audit().await;
        if who.starts_with("secretariat") || who.starts_with("coordinator") {
            written_agreements(&browser).await;
        }
        if who.starts_with("secretariat") {
            browser.go("/notifications").await;
            browser.audit().await;
        }
    }
    sign_in(&browser, "student1@karoo.example").await;
    browser.press("a[href$='/apply']").await;
    browser.audit().await;
    browser.press(".languages button[value='zh-Hant']").await;
    assert_eq!(browser.find("html").await.attr("lang").await.expect("read").as_deref(), Some("zh-Hant"));
    for path in ["/", "/calls"] {
        browser.go(path).await;
        browser.audit().await;
        first_of_list(&browser).await;
    }
    assert_eq!(browser.console().await, Vec::<serde_json::Value>::new());
    browser.close().await;
}

#[tokio::test]
async fn a_student_starts_an_application_changes_its_draft_and_is_told_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = demo(&folder);
    let browser = Browser::open(&server.address).await;

    browser.go("/login?next=%2Fcases").await;
    // Of another account: whoever has guessed wrong waits for a second.
    browser.fill("#email", "student2@karoo.example").await;
    browser.fill("#password", "not this one either").await;
    browser.press("form:has(#password) button.main").await;
    assert!(browser.find(".summary").await.text().await.expect("text").contains("do not fit"));
    assert_eq!(
        browser.find("#email").await.value().await.expect("read").as_deref(),
        Some("student2@karoo.example")
    );
    browser.audit().await;
    browser.fill("#email", "student1@karoo.example").await;
    browser.fill("#password", "sojourn for everybody").await;
    browser.press("form:has(#password) button.main").await;
    assert_eq!(browser.path().await, "/cases", "on to where one wanted to go");

    browser.go("/").await;
    browser.press("a[href$='/apply'][aria-label*='Exchanges']").await;
    for choice in ["#choice-1", "#choice-3"] {
        browser.toggle(&format!("{choice} option:nth-child(2)")).await;
    }
    browser.press("main form button.main").await;
    assert_eq!(browser.count(".summary").await, 1, "the same choice twice: {}", browser.text().await);
    browser.audit().await;
    browser.toggle("#choice-3 option:nth-child(4)").await;
    browser.toggle("#bell").await;
    browser.press("main form button.main").await;
    let draft = browser.path().await;
    assert!(draft.starts_with("/cases/") && draft.ends_with("?done=opened"), "{draft}");
    assert_eq!(browser.find("#choice-2").await.value().await.expect("read"), {
        let third = browser.find("#choice-3 option:nth-child(4)").await;
        third.value().await.expect("read")
    });
    browser.toggle("#choice-2 option:nth-child(1)").await;
    browser.press("section:has(#draft) form .buttons button").await;
    assert_eq!(browser.count("p.done").await, 1, "{}", browser.text().await);
    assert_eq!(browser.find("#choice-2").await.value().await.expect("read").as_deref(), Some(""));
    assert!(browser.find("#bell").await.is_selected().await.expect("read"));
    let console = browser.console().await;
    assert!(
        console.iter().all(|line| line["message"].as_str().is_some_and(|said| said.contains("status of 4"))),
        "{console:?}"
    );
    browser.close().await;
}

/// The forms of agreements, their places, and lists of partners.
async fn written_agreements(browser: &Browser) {
    for path in ["/agreements/new", "/place-lists"] {
        browser.go(path).await;
        browser.audit().await;
    }
    browser.go("/agreements").await;
    browser.audit().await;
    browser.press(".cases .case h2 a").await;
    browser.audit().await;
    let agreement = browser.path().await;
    browser.go(&format!("{agreement}/lines")).await;
    browser.audit().await;
    browser.go(&agreement).await;
    browser.press("#lines ~ .scroll td a").await;
    browser.audit().await;
}

/// Opens the first thing that a list leads to.
async fn first_of_list(browser: &Browser) {
    if browser.count(".cases .case :is(h2, h3) a").await > 0 {
        browser.press(".cases .case :is(h2, h3) a").await;
        browser.audit().await;
    }
}
