//! Second factors: set up with an app, asked for at each log-in, demanded of duties, given up with password and code.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};
use sojourn::access::otp;
use sojourn::app::second_factors;
use sojourn_engine::vocabulary::TokenKind;

use crate::support::actor::{Actor, send};
use crate::support::answer::Answer;
use crate::support::app::{PASSWORD, SECRETARIAT, TestApp};
use crate::support::database::Db;
use crate::support::visitor::{Visitor, hidden, seal};

/// Reads base 32 (RFC 4648 §6).
fn bytes(base32: &str) -> Vec<u8> {
    let five = |letter: char| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).expect("base 32");
    let bits: Vec<bool> =
        base32.chars().flat_map(|letter| (0..5).rev().map(move |at| five(letter) >> at & 1 == 1)).collect();
    bits.chunks_exact(8).map(|eight| eight.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
}

/// What the app of a telephone shows.
pub fn shown(app: &TestApp, secret: &str) -> String {
    otp::code(&bytes(secret), app.clock.now()).expect("a code")
}

fn later(app: &TestApp) {
    app.advance(TimeDelta::seconds(60));
}

/// Sets a second factor up; gives the secret and the recovery codes.
pub async fn set_up(app: &TestApp, by: &Actor) -> (String, Vec<String>) {
    let begun = by.post("/auth/second-factor", &json!({ "password": PASSWORD })).await.ok();
    let secret = begun["secret"].as_str().expect("a secret").to_owned();
    let codes = by.post("/auth/second-factor/confirm", &json!({ "code": shown(app, &secret) })).await.ok();
    let codes = codes["recovery_codes"].as_array().expect("codes").iter();
    (secret, codes.map(|code| code.as_str().expect("a code").to_owned()).collect())
}

async fn log_in(app: &TestApp, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({ "grant_type": "password", "email": SECRETARIAT, "password": password });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    app.stranger().post("/auth/token", &body).await
}

fn kind(answer: &Answer, status: u16) -> Value {
    answer.problem(status)["type"].clone()
}

async fn told(by: &Actor) -> Value {
    by.get("/notifications?limit=1").await.ok()["items"][0]["notice"].clone()
}

#[rstest]
#[tokio::test]
async fn a_log_in_wants_a_code_that_was_not_used_before(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let other = app.sign_in(SECRETARIAT).await;
    let wrong = json!({ "password": "not the one it is" });
    assert_eq!(
        sol.post("/auth/second-factor", &wrong).await.problem(422)["errors"][0]["pointer"],
        "/password"
    );
    later(&app);
    let (secret, codes) = set_up(&app, &sol).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(told(&sol).await, "second_factor_added");
    other.get("/auth/me").await.problem(401);
    let view = sol.get("/auth/second-factor").await.ok();
    assert_eq!((&view["recovery_codes_left"], &view["demanded"]), (&json!(10), &json!(false)));
    assert!(view["confirmed_at"].is_string(), "{view}");

    assert_eq!(kind(&log_in(&app, PASSWORD, None).await, 401), "/problems/second-factor");
    assert_eq!(kind(&log_in(&app, "not the one it is", None).await, 401), "/problems/wrong-credentials");
    later(&app);
    let first = shown(&app, &secret);
    log_in(&app, PASSWORD, Some(&first)).await.ok();
    assert_eq!(kind(&log_in(&app, PASSWORD, Some(&first)).await, 401), "/problems/second-factor", "a replay");
    later(&app);
    log_in(&app, PASSWORD, Some(&shown(&app, &secret))).await.ok();

    later(&app);
    log_in(&app, PASSWORD, Some(&codes[0].to_uppercase())).await.ok();
    assert_eq!(told(&sol).await, "recovery_code_used");
    later(&app);
    assert_eq!(kind(&log_in(&app, PASSWORD, Some(&codes[0])).await, 401), "/problems/second-factor");
    assert_eq!(sol.get("/auth/second-factor").await.ok()["recovery_codes_left"], 9);
    later(&app);
    let both = json!({ "password": PASSWORD, "code": shown(&app, &secret) });
    let fresh = sol.post("/auth/second-factor/recovery-codes", &both).await.ok();
    later(&app);
    assert_eq!(kind(&log_in(&app, PASSWORD, Some(&codes[1])).await, 401), "/problems/second-factor");
    later(&app);
    log_in(&app, PASSWORD, fresh["recovery_codes"][3].as_str()).await.ok();
}

#[rstest]
#[tokio::test]
async fn who_has_lost_telephone_and_codes_begins_anew_with_the_operators_help(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    assert!(second_factors::forget(&app.app, SECRETARIAT).await.is_err(), "there is none");
    set_up(&app, &sol).await;
    second_factors::forget(&app.app, " Sol@alliance.example").await.expect("forgotten");
    sol.get("/auth/me").await.problem(401);
    log_in(&app, PASSWORD, None).await.problem(401);
    let fresh = json!({ "token": app.link(SECRETARIAT, TokenKind::PasswordReset).await, "password": "quite another long one" });
    app.stranger().post("/auth/password-reset/confirm", &fresh).await.ok();
    later(&app);
    log_in(&app, "quite another long one", None).await.ok();
}

#[rstest]
#[tokio::test]
async fn guesses_of_a_code_wait_like_guesses_of_a_password(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let (secret, _) = set_up(&app, &sol).await;
    let (mut looked_at, mut waited) = (0, 0);
    for guess in 0..200 {
        let answer = log_in(&app, PASSWORD, Some(&format!("{guess:06}"))).await;
        match answer.status {
            401 => looked_at += 1,
            429 => waited += 1,
            _ => panic!("{}", answer.text()),
        }
        app.advance(TimeDelta::seconds(if guess % 2 == 0 { 0 } else { 10 }));
    }
    assert!(looked_at <= 25 && waited >= 100, "{looked_at} {waited}");
    app.advance(TimeDelta::hours(24));
    log_in(&app, PASSWORD, Some(&shown(&app, &secret))).await.ok();
}

#[rstest]
#[tokio::test]
async fn beside_a_second_factor_a_password_may_be_short_and_then_it_stays(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let short = "tq7 vxlo";
    let change = async |present: &str, password: &str| {
        later(&app);
        sol.post("/auth/password", &json!({ "present": present, "password": password })).await
    };
    change(PASSWORD, short).await.problem(422);
    let (secret, codes) = set_up(&app, &sol).await;
    change(PASSWORD, short).await.ok();
    later(&app);
    log_in(&app, short, None).await.problem(401);

    let remove = async |password: &str, code: &str| {
        later(&app);
        sol.post("/auth/second-factor/remove", &json!({ "password": password, "code": code })).await
    };
    remove(short, &codes[0]).await.problem(409);
    change(short, PASSWORD).await.ok();
    assert_eq!(remove(PASSWORD, "000000").await.problem(422)["errors"][0]["pointer"], "/code");
    assert_eq!(
        remove("not the one it is", &codes[0]).await.problem(422)["errors"][0]["pointer"],
        "/password"
    );
    later(&app);
    remove(PASSWORD, &codes[0]).await.ok();
    assert_eq!(told(&sol).await, "second_factor_removed");
    later(&app);
    log_in(&app, PASSWORD, None).await.ok();
    log_in(&app, PASSWORD, Some(&shown(&app, &secret))).await.ok();
    sol.post("/auth/second-factor/remove", &json!({ "password": PASSWORD, "code": codes[1] }))
        .await
        .problem(409);
}

#[rstest]
#[tokio::test]
async fn what_was_begun_is_over_after_half_an_hour_and_wants_its_own_code(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let begin = async || {
        let begun = sol.post("/auth/second-factor", &json!({ "password": PASSWORD })).await.ok();
        begun["secret"].as_str().expect("a secret").to_owned()
    };
    let confirm = async |code: &str| sol.post("/auth/second-factor/confirm", &json!({ "code": code })).await;
    confirm("123456").await.problem(422);
    let first = begin().await;
    let second = begin().await;
    confirm(&shown(&app, &first)).await.problem(422);
    app.advance(TimeDelta::minutes(30));
    let late = confirm(&shown(&app, &second)).await;
    // The access token has ended meanwhile.
    late.problem(401);
    let sol = app.sign_in(SECRETARIAT).await;
    let late = json!({ "code": shown(&app, &second) });
    sol.post("/auth/second-factor/confirm", &late).await.problem(422);
    log_in(&app, PASSWORD, None).await.ok();
}

#[rstest]
#[tokio::test]
async fn whoever_holds_what_demands_one_can_do_nothing_before_it_is_set_up(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::with(db, "auth.second_factor_for = [\"coordinator\", \"chair\"]").await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let hanna = app.holder(&sol, "coordinator", &alpha).await;
    let head = app.holder(&sol, "head", &alpha).await;

    for path in ["/people", "/institutions", "/applications", "/agreements", "/workflows"] {
        let problem = hanna.get(path).await.problem(403);
        assert!(problem["detail"].as_str().expect("a sentence").contains("second factor"), "{problem}");
    }
    assert_eq!(hanna.get("/auth/second-factor").await.ok()["demanded"], true);
    hanna.get("/calls").await.ok();
    hanna.get("/auth/me").await.ok();
    head.get("/institutions").await.ok();
    sol.get("/institutions").await.ok();

    set_up(&app, &hanna).await;
    hanna.get("/agreements").await.ok();
    let chair = json!({ "institution": alpha["id"], "person": app.person("head@alpha.example").await,
        "from_on": "2026-09-01", "until_on": "2027-08-31" });
    sol.post("/chair-terms", &chair).await.ok();
    app.advance(TimeDelta::seconds(31));
    head.get("/institutions").await.problem(403);
}

#[rstest]
#[tokio::test]
async fn the_pages_lead_through_setting_up_and_logging_in(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::with(db, "auth.second_factor_for = [\"secretariat\"]").await;
    app.secretariat().await;
    let visitor = Visitor::signed_in(&app.address, SECRETARIAT).await;
    for page in ["/", "/cases", "/notifications"] {
        let mut answer = visitor.get(page).await;
        while answer.status == 303 && answer.header("location") != "/account/second-factor" {
            answer = visitor.get(answer.header("location")).await;
        }
        assert_eq!((answer.status, answer.header("location")), (303, "/account/second-factor"), "{page}");
    }
    let here = "/account/second-factor";
    let wrong = visitor.submit(here, here, &[("password", "not the one it is")]).await;
    assert_eq!(wrong.status, 422);
    later(&app);
    let begun = visitor.submit(here, here, &[("password", PASSWORD)]).await.text();
    let (_, rest) = begun.split_once("<code class=\"secret\">").expect("the secret");
    let secret = rest.split('<').next().expect("its end").replace(' ', "");
    assert!(begun.contains("src=\"data:image&#x2f;svg+xml;base64,"), "{begun}");
    let confirm = "/account/second-factor/confirm";
    assert_eq!(visitor.submit(here, confirm, &[("code", "12345")]).await.status, 422);
    let done = visitor.submit(here, confirm, &[("code", &shown(&app, &secret))]).await;
    assert_eq!((done.status, done.header("cache-control")), (200, "no-store"));
    assert_eq!(done.text().matches("<li><code>").count(), 10);
    let again = visitor.submit(here, confirm, &[("code", &shown(&app, &secret))]).await;
    assert!((400..500).contains(&again.status) && again.text().contains("<h1"), "{}", again.text());
    assert_eq!(visitor.get("/cases").await.status, 200);

    later(&app);
    let renew = "/account/second-factor/codes";
    let fields = [("password", PASSWORD), ("code", &*shown(&app, &secret))];
    let renewed = visitor.submit(here, renew, &fields).await;
    assert_eq!((renewed.status, renewed.text().matches("<li><code>").count()), (200, 10));
    let again = visitor.submit(here, renew, &fields).await;
    assert!((400..500).contains(&again.status) && again.text().contains("<h1"), "{}", again.text());

    later(&app);
    let next = Visitor::new(&app.address);
    let fields = [("email", SECRETARIAT), ("password", PASSWORD), ("next", "/cases")];
    let asked = next.submit("/login", "/login", &fields).await;
    let half = hidden(&asked.text(), "half").expect("half a log-in");
    assert_eq!(next.get("/cases").await.status, 303, "not signed in yet");
    let give = async |code: &str| {
        next.submit("/login", "/login/code", &[("half", &half), ("code", code), ("next", "/cases")]).await
    };
    assert_eq!(give("000000").await.status, 401);
    later(&app);
    let (code, seal) = (shown(&app, &secret), seal(&next.get("/login").await.text()));
    let fields = [("seal", &*seal), ("half", &*half), ("code", &*code), ("next", "/cases")];
    let signed_in = send(next.form("/login/code", &app.address, &fields)).await;
    let again = send(next.form("/login/code", &app.address, &fields)).await;
    assert_eq!((again.status, again.header("location")), (303, "/cases"), "two clicks are one log-in");
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/cases"));
    assert_eq!(next.get("/cases").await.status, 200);
    app.advance(TimeDelta::minutes(5));
    let late = Visitor::new(&app.address);
    let late =
        late.submit("/login", "/login/code", &[("half", &half), ("code", &shown(&app, &secret))]).await;
    assert_eq!(late.header("location"), "/login?after=late");
    let gone = [("password", PASSWORD), ("code", &*shown(&app, &secret))];
    let removed = visitor.submit(here, "/account/second-factor/remove", &gone).await;
    assert_eq!(removed.header("location"), "/account?done=factor_removed");
    let again = visitor.submit(here, "/account/second-factor/remove", &gone).await;
    assert!((400..500).contains(&again.status) && again.text().contains("<h1"), "{}", again.text());
}
