//! The pages over plain HTTP: cookies, forms of other sites, foreign cases, one-time links, stale and doubled forms.

use rstest::rstest;
use serde_json::{Value, json};
use sojourn_engine::vocabulary::TokenKind;

use crate::support::actor::send;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::database::Db;
use crate::support::offers::{Pair, id};
use crate::support::visitor::{Visitor, hidden, seal};

const SOL: &str = "sol@alliance.example";

/// A service with a secretary.
async fn alliance(db: Db) -> TestApp {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    app
}

#[rstest]
#[tokio::test]
async fn a_session_lives_in_a_cookie_that_scripts_cannot_read_and_ends_with_log_out(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = alliance(db).await;
    let visitor = Visitor::new(&app.address);
    assert_eq!(visitor.get("/").await.header("location"), "/login");
    assert_eq!(visitor.get("/cases?q=x").await.header("location"), "/login?next=%2Fcases%3Fq%3Dx");

    let fields = [("email", SOL), ("password", PASSWORD), ("next", "//elsewhere.example")];
    let signed_in = visitor.submit("/login", "/login", &fields).await;

    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/"), "nobody is led elsewhere");
    let cookies: Vec<&str> =
        signed_in.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text")).collect();
    let pass = cookies.iter().find(|cookie| cookie.starts_with("sojourn=")).expect("a session").to_owned();
    assert!(pass.contains("HttpOnly") && pass.contains("SameSite=Lax") && pass.contains("Path=/"), "{pass}");
    let home = visitor.get("/").await;
    assert!(home.status == 200 && home.text().contains("Sol Ek"), "{}", home.text());
    let policy = home.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");

    let stolen = pass.split(';').next().expect("a cookie").to_owned();
    assert_eq!(visitor.submit("/", "/logout", &[]).await.header("location"), "/login?after=out");
    let again =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let again = send(again.get(format!("{}/", app.address)).header("Cookie", stolen)).await;
    assert_eq!(again.header("location"), "/login", "the session is over, whoever has the cookie");
}

#[tokio::test]
async fn behind_tls_cookies_are_kept_to_this_host() {
    let app = TestApp::with(Db::Sqlite, "[http]\npublic_url = \"https://sojourn.example\"").await;
    app.secretariat().await;
    let visitor = Visitor::new(&app.address);
    let page = visitor.get("/login").await;
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-sojourn-mark=") && cookie.contains("Secure"), "{cookie}");
}

#[rstest]
#[tokio::test]
async fn a_form_of_another_site_or_another_person_does_nothing(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = alliance(db).await;
    let visitor = Visitor::signed_in(&app.address, SOL).await;
    let seal = seal(&visitor.get("/").await.text());
    let foreign = seal_of_stranger(&app).await;

    for (seal, origin) in [
        (seal.as_str(), "https://evil.example"),
        (seal.as_str(), "null"),
        (foreign.as_str(), app.address.as_str()),
        ("", app.address.as_str()),
    ] {
        let answer = send(visitor.form("/logout", origin, &[("seal", seal)])).await;
        assert_eq!(answer.status, 403, "{origin} with {seal}");
    }
    assert_eq!(visitor.get("/").await.status, 200, "still signed in");
}

async fn seal_of_stranger(app: &TestApp) -> String {
    seal(&Visitor::new(&app.address).get("/login").await.text())
}

#[rstest]
#[tokio::test]
async fn what_is_not_there_or_not_ones_own_is_the_same_page(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let (pair, case) = opened(&app).await;
    app.student(&pair.sol, "Stranger", &pair.home).await;
    let stranger = Visitor::signed_in(&app.address, "stranger@student.example").await;

    let foreign = stranger.get(&format!("/cases/{}", id(&case))).await;
    let absent = stranger.get("/cases/019a7c3e-5b1f-7a20-8c44-1d2e3f405162").await;
    let nowhere = stranger.get("/nowhere").await;
    for page in [&foreign, &absent, &nowhere] {
        assert_eq!(page.status, 404);
        assert!(page.header("content-type").starts_with("text/html"), "{}", page.text());
        assert!(page.text().contains("There is nothing here"), "{}", page.text());
    }
    assert_eq!(stranger.get("/notifications").await.status, 403);
    assert_eq!(stranger.get("/mails").await.status, 404, "only the demo shows mails");
    let doubled = stranger.get("/cases?state=a&state=b").await;
    assert!(
        doubled.status == 400 && doubled.text().contains("could not be understood"),
        "{}",
        doubled.text()
    );
    let api = app.stranger().get("/nowhere").await;
    assert_eq!(api.header("content-type"), "application/problem+json", "the API answers programmes");
}

#[tokio::test]
async fn whoever_opens_the_address_of_a_form_is_led_to_the_page_above() {
    let app = alliance(Db::Sqlite).await;
    let visitor = Visitor::signed_in(&app.address, SOL).await;
    let case = "/cases/019a7c3e-5b1f-7a20-8c44-1d2e3f405162";
    for (form, page) in [
        (format!("{case}/events"), case),
        ("/account/sessions/end".to_owned(), "/account/sessions"),
        ("/account/password".to_owned(), "/account"),
        ("/bulk".to_owned(), "/"),
        ("/logout".to_owned(), "/"),
    ] {
        let answer = visitor.get(&form).await;
        assert_eq!((answer.status, answer.header("location")), (303, page), "{form}");
    }
    let ended = Visitor::with_pass(&app.address, "over");
    let page = format!("{}/absence?done=kept", app.address);
    let posted = ended.form("/absence", &app.address, &[("seal", "x")]).header("Referer", page);
    let posted = send(posted).await;
    let link = "href=\"/login?next=&#x2f;absence\"";
    assert!(posted.status == 401 && posted.text().contains(link), "{}: {}", posted.status, posted.text());
}

#[rstest]
#[tokio::test]
async fn a_one_time_link_acts_only_when_its_form_is_sent(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = alliance(db).await;
    let visitor = Visitor::new(&app.address);
    let sent = visitor.submit("/forgotten-password", "/forgotten-password", &[("email", SOL)]).await;
    assert!(sent.status == 200 && sent.text().contains(SOL), "{}", sent.text());
    let token = app.link(SOL, TokenKind::PasswordReset).await;
    let page = format!("/password-reset?token={token}");
    let fresh = "another long way from home";

    for _ in 0..2 {
        assert_eq!(visitor.get(&page).await.status, 200, "opening it twice changes nothing");
    }
    let set = |password: &'static str, repeated: &'static str| {
        let fields =
            [("token", token.clone()), ("password", password.to_owned()), ("repeated", repeated.to_owned())];
        let (visitor, page) = (visitor.clone(), page.clone());
        async move {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            visitor.submit(&page, "/password-reset", &fields).await
        }
    };
    assert_eq!(set(fresh, "something else").await.status, 422);
    assert_eq!(set("short", "short").await.status, 422);
    assert_eq!(set(fresh, fresh).await.header("location"), "/login?after=password");
    assert_eq!(set(fresh, fresh).await.status, 422, "once");
    let wrong = visitor.submit("/login", "/login", &[("email", SOL), ("password", PASSWORD)]).await;
    assert!(wrong.status == 401 && wrong.text().contains("do not fit"), "{}", wrong.text());
    assert!(!wrong.text().contains(PASSWORD), "a password is never shown");
}

#[rstest]
#[tokio::test]
async fn a_doubled_form_acts_once_and_a_stale_one_keeps_what_was_typed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let (_pair, case) = opened(&app).await;
    let path = format!("/cases/{}", id(&case));
    let events = format!("{path}/events");
    let student = Visitor::signed_in(&app.address, "mei@student.example").await;
    let page = student.get(&path).await.text();
    let (seal, version) = (seal(&page), hidden(&page, "version").expect("a version"));
    let fields = [
        ("seal", seal.as_str()),
        ("key", "k-submit"),
        ("version", &version),
        ("event", "submit"),
        ("sure", "yes"),
    ];

    for _ in 0..2 {
        let sent = send(student.form(&events, &app.address, &fields)).await;
        let to = sent.header("location");
        assert!(sent.status == 303 && to.starts_with(&format!("{path}?done=")), "{to}: {}", sent.text());
    }
    let other = [&fields[..1], &[("key", "k-other")], &fields[2..]].concat();
    let stale = send(student.form(&events, &app.address, &other)).await;
    assert!(stale.status == 409 && stale.text().contains("changed meanwhile"), "{}", stale.text());

    let home = Visitor::signed_in(&app.address, "coordinator@alpha.example").await;
    let page = home.get(&path).await.text();
    let text = "Please name the <b>courses</b> you want to take.";
    let typed = [
        ("version", version.as_str()),
        ("event", "return"),
        ("reason.code", "choices"),
        ("reason.text", text),
    ];
    assert_ne!(hidden(&page, "version").expect("a version"), version, "the page has moved on");
    let stale = home.submit(&path, &events, &typed).await;
    assert!(stale.status == 409 && stale.text().contains("&lt;b&gt;courses&lt;"), "{}", stale.text());
    let empty = [("version", hidden(&page, "version").expect("a version")), ("event", "return".to_owned())];
    let empty: Vec<(&str, &str)> = empty.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let unsaid = home.submit(&path, &events, &empty).await;
    assert!(unsaid.status == 422 && unsaid.text().contains("#do-return-code"), "{}", unsaid.text());
}

#[rstest]
#[tokio::test]
async fn a_document_is_uploaded_read_and_taken_out_of_a_draft(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let (_pair, case) = opened(&app).await;
    let path = format!("/cases/{}", id(&case));
    let student = Visitor::signed_in(&app.address, "mei@student.example").await;
    let seal = seal(&student.get(&path).await.text());
    let pdf = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n".to_vec();
    let upload = |seal: &str, content: Vec<u8>| {
        let file = reqwest::multipart::Part::bytes(content).file_name("動機 信.pdf");
        let form = reqwest::multipart::Form::new().text("seal", seal.to_owned()).text("key", "k-1");
        let form = form.text("slot", "motivation").part("file", file);
        send(student.post(&format!("{path}/documents"), &app.address).multipart(form))
    };

    assert_eq!(upload("", pdf.clone()).await.status, 403);
    let wrong = upload(&seal, b"MZ no document".to_vec()).await;
    assert!(wrong.status == 422 && wrong.text().contains("neither a PDF"), "{}", wrong.text());
    for _ in 0..2 {
        assert_eq!(
            upload(&seal, pdf.clone()).await.header("location"),
            format!("{path}?done=document#documents")
        );
    }
    let page = student.get(&path).await.text();
    assert!(
        page.contains("動機 信.pdf") && !page.contains("version 2"),
        "a double click uploads once: {page}"
    );
    let (_, rest) = page.split_once(&format!("{path}/documents/")).expect("a link");
    let document = format!("{path}/documents/{}", rest.split('"').next().expect("an address"));
    let read = student.get(&document).await;
    assert_eq!(
        (read.status, read.body.as_slice(), read.header("content-type")),
        (200, &pdf[..], "application/pdf")
    );
    assert!(read.header("content-disposition").starts_with("attachment;"));
    assert_eq!(Visitor::signed_in(&app.address, SOL).await.get(&document).await.status, 200);
    assert_eq!(Visitor::new(&app.address).get(&document).await.status, 303);
    let gone = student.submit(&path, &format!("{document}/remove"), &[("version", "1")]).await;
    assert_eq!(gone.status, 303, "{}", gone.text());
    assert_eq!(student.get(&document).await.status, 404);
}

/// A draft of the student Mei, with those who will work on it.
async fn opened(app: &TestApp) -> (Pair, Value) {
    let pair = Pair::of(app).await;
    let offer = pair.offer().await;
    let mut call = pair.call(&offer);
    call["opens_on"] = json!("2026-08-15");
    call["documents"] = json!({ "transcript": "off", "motivation": "optional", "language_proof": "off" });
    let call = pair.hanna.post("/calls", &call).await.ok();
    let published = json!({ "status": "published" });
    pair.hanna.patch(&format!("/calls/{}", id(&call)), &call["version"], &published).await.ok();
    let mei = app.student(&pair.sol, "Mei", &pair.home).await;
    let body = json!({ "call_id": call["id"], "choices": [offer.offering["id"]] });
    let case = mei.post("/applications", &body).await.ok();
    (pair, case)
}
