//! Coordinators and hosts in a real browser, with its script and without: the queue, one case after the other, many at once and back,
//! a nomination accepted and one refused.

mod clicks;

use std::time::{Duration, Instant};

use rstest::rstest;
use thirtyfour::prelude::*;

use crate::bulks::accepted;
use crate::support::browser::Browser;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::rounds::without_documents;

/// How long something may take until the page shows it.
const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(25);

const HOME: &str = "home_coordinator";
const HOST: &str = "host_coordinator";

/// A browser on a service whose people can sign in, with its script or without.
async fn browser(cast: &Cast, parts: &[&str], script: bool) -> Browser {
    for part in parts {
        cast.app.accept(&address(part)).await;
    }
    let browser = Browser::open(&cast.app.address).await;
    if !script {
        browser.without_script().await;
    }
    browser
}

async fn text(browser: &Browser, selector: &str) -> String {
    browser.find(selector).await.text().await.expect("text")
}

/// Waits until every case of a bulk has been tried, as its page shows by itself or when it is looked at again.
async fn finished(browser: &Browser) {
    let until = Instant::now() + PATIENCE;
    while browser.count("progress").await > 0 {
        assert!(Instant::now() < until, "{}", browser.text().await);
        browser.go(&browser.path().await).await;
    }
}

#[rstest]
#[tokio::test]
async fn many_are_chosen_in_the_queue_nominated_and_called_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(true, false)] script: bool,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walks = accepted(&cast, &round, &["Anna", "Berta", "Carla"]).await;
    let browser = browser(&cast, &[HOME], script).await;
    browser.sign_in(&address(HOME)).await;
    browser.press("nav a[href='/queue']").await;
    browser.audit().await;
    if script {
        browser.toggle("button[data-ticks]").await;
    } else {
        for tick in browser.driver.find_all(By::Css("input[name=case]")).await.expect("boxes") {
            tick.click().await.expect("a box");
        }
    }
    browser.press("form[action='/bulk/choose'] p.buttons button:not([type=button])").await;
    browser.audit().await;
    if browser.count("button[name=event][value=nominate]").await > 0 {
        browser.press("button[name=event][value=nominate]").await;
        browser.audit().await;
    }
    browser.toggle("#do-nominate-no_conflict").await;
    browser.press("form[action='/bulk/preview'] button.main").await;
    browser.audit().await;
    browser.press("form[action='/bulk'] button.main").await;
    finished(&browser).await;
    assert_eq!(browser.count("tbody .state.success").await, 3, "{}", browser.text().await);
    browser.audit().await;

    let bulk = browser.path().await;
    browser.go("/nominations").await;
    browser.audit().await;
    browser.press(&format!(".note-box a[href='{bulk}']")).await;
    browser.press("form[action$='/call-back'] button").await;
    finished(&browser).await;
    assert_eq!(browser.count("tbody .state.over").await, 3, "{}", browser.text().await);
    browser.audit().await;
    browser.go("/nominations").await;
    assert!(browser.text().await.contains("Nominate 3"), "{}", browser.text().await);
    browser.audit().await;
    for walk in &mut walks {
        walk.look().await;
        assert_eq!(walk.case["state"], "home_accepted");
    }
    assert_eq!(browser.console().await, Vec::<serde_json::Value>::new());
    browser.close().await;
    cast.verified().await;
}

/// Presses a key that leads to another page.
async fn key(browser: &Browser, key: &str) {
    let page = browser.find("html").await;
    browser.find("body").await.send_keys(key).await.expect("a key");
    page.wait_until().wait(PATIENCE, STEP).stale().await.expect("another page");
}

#[tokio::test]
async fn the_queue_is_gone_through_by_keys_until_they_are_turned_off() {
    let cast = Cast::of(Db::Sqlite).await;
    let round = cast.exchange(3, &without_documents()).await;
    accepted(&cast, &round, &["Anna", "Berta"]).await;
    let browser = browser(&cast, &[HOME], true).await;
    browser.sign_in(&address(HOME)).await;
    browser.press("main a[href='/queue/review']").await;
    let first = browser.path().await;
    assert_eq!(text(&browser, "nav.place > p").await, "1 of 2");
    browser.audit().await;
    key(&browser, "j").await;
    assert_eq!(text(&browser, "nav.place > p").await, "2 of 2");
    key(&browser, "k").await;
    assert_eq!(browser.path().await, first);
    browser.toggle("[data-keys] button").await;
    browser.find("body").await.send_keys("j").await.expect("a key");
    assert_eq!(browser.path().await, first, "the keys are off");
    browser.close().await;
}

#[rstest]
#[tokio::test]
async fn a_host_acknowledges_accepts_and_refuses(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(true, false)] script: bool,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walks = accepted(&cast, &round, &["Anna", "Berta"]).await;
    for walk in &mut walks {
        walk.act(HOME, "nominate").await;
    }
    let browser = browser(&cast, &[HOST], script).await;
    browser.sign_in(&address(HOST)).await;
    browser.go("/incoming").await;
    browser.audit().await;
    let told = ("acknowledge", Some("-instructions"));
    for (event, field) in [told, told, ("approve", None), ("refuse", Some("-text"))] {
        let path = format!("/queue/review?asks=event%3A{event}");
        browser.go(&path).await;
        browser.audit().await;
        let form = format!("#do-{event}");
        let closed = format!("details.offer:not([open]):has({form}) > summary");
        if browser.count(&closed).await > 0 {
            browser.toggle(&closed).await;
        }
        for (kind, pick) in [("input[type=checkbox]", ""), ("select[required]", " option:nth-child(2)")] {
            for one in
                browser.driver.find_all(By::Css(format!("{form} {kind}{pick}"))).await.expect("controls")
            {
                one.click().await.expect("a control");
            }
        }
        if let Some(field) = field {
            browser.fill(&format!("{form}{field}"), "Bring your passport.").await;
        }
        browser.press(&format!("{form} > p:last-of-type button")).await;
        if browser.count("input[name=sure]").await > 0 {
            browser.press("main button.main").await;
        }
        assert!(browser.path().await.contains("done="), "{event}: {}", browser.text().await);
    }
    walks[0].look().await;
    walks[1].look().await;
    let states: Vec<&str> = walks.iter().filter_map(|walk| walk.case["state"].as_str()).collect();
    assert!(states.contains(&"host_accepted") && !states.contains(&"acknowledged"), "{states:?}");
    for path in ["/arrivals", "/arrivals?show=here", "/arrivals?show=absent", "/capacity", "/incoming"] {
        browser.go(path).await;
        browser.audit().await;
    }
    browser.close().await;
    cast.verified().await;
}
