//! The pages of an allocation, in a browser and over plain HTTP.

use rstest::rstest;
use serde_json::json;

use super::stand::scored_by;
use super::{Stand, id};
use crate::support::app::PASSWORD;
use crate::support::browser::Browser;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::visitor::{Visitor, hidden};

async fn log_in(browser: &Browser, email: &str) {
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    browser.go("/login").await;
    browser.fill("input[name=email]", email).await;
    browser.fill("input[name=password]", PASSWORD).await;
    browser.press("main form button").await;
    assert_eq!(browser.path().await, "/", "{}", browser.text().await);
}

#[tokio::test]
async fn a_coordinator_tries_compares_and_confirms_in_the_browser_and_a_student_reads_why() {
    let cast = Cast::of(Db::Sqlite).await;
    let stand = Stand::of(&cast, &json!({ "results_on": "2026-10-01" })).await;
    cast.app.accept(&address("home_coordinator")).await;
    cast.app.accept(&address("Edda")).await;
    stand.close();
    let browser = Browser::open(&cast.app.address).await;
    log_in(&browser, &address("home_coordinator")).await;
    browser.go(&format!("/calls/{}", id(&stand.round.call))).await;
    browser.audit().await;
    browser.press("a[href$='/allocations']").await;
    browser.audit().await;
    browser.press("main form button.main").await;
    browser.audit().await;
    let first = browser.path().await;
    assert!(browser.text().await.contains("4 of 5"), "{}", browser.text().await);

    // Whoever has set a password signs in with it: earlier sessions are over.
    scored_by(&cast.app.sign_in(&address("home_coordinator")).await, &stand.walks[4], 95.0).await;
    browser.press("a[href$='/allocations']").await;
    browser.press("main form button.main").await;
    browser.audit().await;
    let run = browser.path().await;
    assert_ne!(run, first);
    let text = browser.text().await;
    assert!(text.contains("3 applications come out otherwise") && text.contains("a score changed"), "{text}");
    browser.press("#outcomes ~ ul a").await;
    browser.audit().await;
    browser.go("/calls").await;
    browser.go(&run).await;
    browser.press(".languages button[value='zh-Hant']").await;
    browser.go(&run).await;
    assert!(browser.text().await.contains("各志願分發情形"), "{}", browser.text().await);
    browser.audit().await;

    browser.press("section.now button.main").await;
    browser.audit().await;
    browser.press("main button.main").await;
    assert!(browser.text().await.contains("執行中"), "{}", browser.text().await);
    stand.carry().await;
    browser.go(&run).await;
    assert!(browser.text().await.contains("已處理 5／5"), "{}", browser.text().await);
    browser.audit().await;

    log_in(&browser, &address("Edda")).await;
    browser.go(&format!("/cases/{}", id(&stand.walks[4].case))).await;
    browser.audit().await;
    browser.press("a[href*='/explanations/']").await;
    browser.audit().await;
    browser.close().await;
}

#[rstest]
#[tokio::test]
async fn a_page_says_what_has_changed_and_strangers_find_nothing(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({})).await;
    for part in ["home_coordinator", "other_coordinator", "Anna"] {
        cast.app.accept(&address(part)).await;
    }
    let runs = format!("/calls/{}/allocations", id(&stand.round.call));
    let home = Visitor::signed_in(&cast.app.address, &address("home_coordinator")).await;
    let early = home.submit(&runs, &runs, &[]).await;
    assert!(
        early.status == 409 && early.text().contains("Wednesday 30 September 2026, 23:59 ("),
        "{}",
        early.text()
    );
    stand.close();
    let home = Visitor::signed_in(&cast.app.address, &address("home_coordinator")).await;
    let key = hidden(&home.get(&runs).await.text(), "key").expect("a key");
    let tried = home.submit(&runs, &runs, &[("key", &key)]).await;
    assert_eq!(tried.status, 303, "{}", tried.text());
    let run = tried.header("location").to_owned();
    let again = home.submit(&runs, &runs, &[("key", &key)]).await;
    assert_eq!((again.status, again.header("location")), (303, run.as_str()), "two clicks are one trial");
    let confirm = format!("{run}/confirm");
    let asked = home.submit(&run, &confirm, &[("version", "1")]).await;
    assert!(asked.status == 200 && asked.text().contains("Confirm this run?"), "{}", asked.text());
    let coordinator = cast.app.sign_in(&address("home_coordinator")).await;
    scored_by(&coordinator, &stand.walks[4], 99.0).await;
    let refused = home.submit(&run, &confirm, &[("version", "1"), ("sure", "yes")]).await;
    let text = refused.text();
    let of = format!("the score of {} ", stand.walks[4].case["reference"].as_str().expect("a reference"));
    assert!(refused.status == 409 && text.contains(&of) && text.contains("50 → 99"), "{text}");
    let fresh = home.submit(&runs, &runs, &[("key", "k-fresh")]).await.header("location").to_owned();
    let sure = [("version", "1"), ("sure", "yes"), ("key", "k-sure")];
    for _ in 0..2 {
        let confirmed = home.submit(&fresh, &format!("{fresh}/confirm"), &sure).await;
        assert_eq!(confirmed.status, 303, "{}", confirmed.text());
    }

    let explained = format!("{run}/explanations/{}", id(&stand.walks[0].case));
    for stranger in ["other_coordinator", "Anna"] {
        let stranger = Visitor::signed_in(&cast.app.address, &address(stranger)).await;
        assert_eq!(stranger.get(&run).await.status, 404);
        assert_eq!(stranger.get(&explained).await.status, 404);
    }
    assert_eq!(Visitor::new(&cast.app.address).get(&run).await.status, 303);
}
