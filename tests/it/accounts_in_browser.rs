//! How one signs in, in a real browser: a second factor from its picture to the next log-in, and the log-in at a university.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;

use crate::second_factors::shown;
use crate::support::actor::{etag, send};
use crate::support::app::{PASSWORD, SECRETARIAT, TestApp};
use crate::support::browser::Browser;
use crate::support::database::Db;
use crate::support::offers::id;

async fn log_in(browser: &Browser) {
    browser.go("/login").await;
    browser.fill("#email", SECRETARIAT).await;
    browser.fill("#password", PASSWORD).await;
    browser.press("main button.main").await;
}

#[tokio::test]
async fn a_second_factor_is_set_up_and_asked_for() {
    let app = TestApp::with(Db::Sqlite, "auth.second_factor_for = [\"secretariat\"]").await;
    app.secretariat().await;
    let browser = Browser::open(&app.address).await;
    log_in(&browser).await;
    browser.go("/").await;
    assert_eq!(browser.path().await, "/account/second-factor");
    browser.audit().await;
    browser.fill("#anew-password", PASSWORD).await;
    browser.press("main button.main").await;
    browser.audit().await;
    let script = "return document.querySelector('img.qr').naturalWidth";
    let wide: u32 =
        browser.driver.execute(script, Vec::new()).await.expect("read").convert().expect("a number");
    assert!(wide >= 200, "the picture is shown: {wide}");
    let secret = browser.find("code.secret").await.text().await.expect("text");
    browser.fill("#first-code", "123456").await;
    browser.press("main button.main").await;
    browser.audit().await;
    browser.fill("#first-code", &shown(&app, &secret)).await;
    browser.press("main button.main").await;
    assert_eq!(browser.count("ul.codes li").await, 10);
    browser.audit().await;
    for page in ["/account", "/account/second-factor", "/account/email"] {
        browser.go(page).await;
        browser.audit().await;
    }
    app.advance(TimeDelta::minutes(1));
    browser.driver.delete_all_cookies().await.expect("cookies are deleted");
    log_in(&browser).await;
    browser.audit().await;
    browser.fill("#code", &shown(&app, &secret)).await;
    browser.press("main button.main").await;
    assert_eq!(browser.path().await, "/");
    // A wrong code is answered with 422, which the browser writes down.
    let mut said = browser.console().await;
    said.retain(|line| line["level"] != "DEBUG" && !line["message"].to_string().contains("status of 422"));
    assert_eq!(said, Vec::<serde_json::Value>::new());
    browser.close().await;
}

#[tokio::test]
async fn signing_up_and_the_log_ins_of_universities_are_sound() {
    let app = TestApp::with(Db::Sqlite, "auth.plain_providers = true").await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let path = format!("/institutions/{}/log-in", id(&alpha));
    // Nobody listens there: what is told then is a page as well.
    let settings = json!({ "issuer": "http://127.0.0.1:9", "client_id": "sojourn", "secret": "between the two of us",
        "domains": ["alpha.example"], "signs_up": true });
    send(sol.request(Method::PUT, &path).header("If-Match", etag(&json!(0))).json(&settings)).await.ok();
    let browser = Browser::open(&app.address).await;
    for page in ["/login", "/sign-up", "/sign-up/confirm?token=x", "/email-change?token=x"] {
        browser.go(page).await;
        browser.audit().await;
    }
    browser.go("/sign-up").await;
    browser.fill("#email", "ana@alpha.example").await;
    browser.press("main button.main").await;
    browser.audit().await;
    browser
        .go(&format!("/sign-up/confirm?token={}", crate::sign_ups::link(&app).await.expect("a link")))
        .await;
    browser.audit().await;
    browser.go("/login").await;
    browser.press("a[href*='/auth/oidc/']").await;
    assert!(browser.text().await.contains("does not answer just now"), "{}", browser.text().await);
    browser.audit().await;
    log_in(&browser).await;
    browser.go("/account").await;
    browser.audit().await;
    browser.press(".languages button[value='zh-Hant']").await;
    for page in ["/account", "/account/second-factor", "/account/email"] {
        browser.go(page).await;
        browser.audit().await;
    }
    browser.close().await;
}
