//! What pages are dressed in: their weight on the line, how long a browser keeps what never changes, themes and looks.

use std::collections::BTreeSet;

use reqwest::{Client, StatusCode};
use rstest::rstest;

use crate::every_form::scene::{LASTS, Scene};
use crate::pictures::places::PLACES;
use crate::support::app::{SECRETARIAT, TestApp};
use crate::support::cast::address;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::visitor::Visitor;

/// Bytes of a first visit, packed, as of any later page.
const FIRST: usize = 100 * 1024;
const LATER: usize = 30 * 1024;

/// An answer as it comes over the line: its status, how it is packed, how long it is kept, and its bytes.
async fn packed(client: &Client, address: &str) -> (u16, bool, String, Vec<u8>) {
    let answer =
        client.get(address).header("Accept", "text/html").header("Accept-Encoding", "gzip").send().await;
    let answer = answer.expect("an answer");
    let header =
        |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (status, gzip, kept) =
        (answer.status().as_u16(), header("content-encoding") == "gzip", header("cache-control"));
    (status, gzip, kept, answer.bytes().await.expect("a body").to_vec())
}

/// What a page is dressed in; its templates escape slashes.
fn assets(page: &str) -> BTreeSet<String> {
    let page = page.replace("&#x2f;", "/");
    let quoted =
        page.split(['"', '#']).filter(|part| part.starts_with("/assets/") || *part == "/favicon.svg");
    quoted.map(str::to_owned).collect()
}

#[rstest]
#[tokio::test]
async fn a_first_visit_is_light_and_every_later_page_lighter(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    let page = Visitor::new(&app.address).get("/login").await.text();
    let named = assets(&page);
    assert!(named.len() >= 4, "style, script, icons and emblem: {named:?}");

    let client = Client::new();
    let mut whole = 0;
    for asset in &named {
        let (status, gzip, kept, bytes) = packed(&client, &format!("{}{asset}", app.address)).await;
        assert_eq!(status, 200, "{asset}");
        if asset.starts_with("/assets/") {
            assert!(gzip && kept.contains("immutable"), "{asset}: {gzip}, {kept}");
        }
        whole += bytes.len();
    }
    let (_, gzip, kept, bytes) = packed(&client, &format!("{}/login", app.address)).await;
    assert!(gzip && kept == "no-store", "{kept}");
    assert!(whole + LATER <= FIRST && bytes.len() <= LATER, "{whole} and {} bytes", bytes.len());
    measured(
        "Style, script and pictures of a first visit, packed",
        named.len() as u64,
        "",
        format!("{whole} bytes"),
    );
    let (status, ..) = packed(&client, &format!("{}/assets/style-0.css", app.address)).await;
    assert_eq!(status, 404);
}

/// Pages of the largest definition there is, beside those of the scene's own.
const OF_THE_EXCHANGE: &[(&str, &str)] = &[
    ("/workflows/student-exchange", "secretariat"),
    ("/workflows/student-exchange/versions/1", "secretariat"),
    ("/workflows/student-exchange/versions/1/text", "secretariat"),
    ("/workflows/student-exchange/edit", "secretariat"),
];

#[tokio::test]
async fn no_page_is_heavier_than_a_bad_line_bears() {
    let scene = Scene::of(Db::Sqlite).await;
    let app = &scene.stage.cast.app;
    let (client, mut heaviest) = (Client::new(), (0, String::new()));
    let mut over = Vec::new();
    let pages = PLACES.iter().filter(|(path, _)| !path.starts_with("/api/"));
    for (path, who) in pages.chain(OF_THE_EXCHANGE) {
        let path = scene.named(path, false);
        let mut asked = client.get(format!("{}{path}", app.address)).header("Accept", "text/html");
        if !who.is_empty() {
            let email = if *who == "secretariat" { SECRETARIAT.to_owned() } else { address(who) };
            asked = asked.header("Cookie", format!("sojourn={}", app.pass(&email, LASTS).await));
        }
        let answer = asked.header("Accept-Encoding", "gzip, deflate, br").send().await.expect("an answer");
        let (status, bytes) = (answer.status(), answer.bytes().await.expect("a body").len());
        assert!(status != StatusCode::NOT_FOUND && !status.is_server_error(), "{path} as {who}: {status}");
        if bytes > LATER {
            over.push(format!("{path} as {who}: {bytes} bytes"));
        }
        heaviest = heaviest.max((bytes, path));
    }
    measured(
        "Pages, packed",
        PLACES.len() as u64,
        "",
        format!("the heaviest, {}: {} bytes", heaviest.1, heaviest.0),
    );
    assert_eq!(over, Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn a_theme_is_kept_for_the_browser_that_chose_it(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    let visitor = Visitor::new(&app.address);
    assert!(visitor.get("/login").await.text().contains("data-theme=\"auto\""));
    let chosen =
        visitor.submit("/login", "/theme", &[("theme", "dark"), ("back", "//elsewhere.example")]).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/"), "nobody is led elsewhere");
    assert!(visitor.get("/login").await.text().contains("data-theme=\"dark\""));
    visitor.submit("/login", "/theme", &[("theme", "\"><script>"), ("back", "/login")]).await;
    assert!(visitor.get("/login").await.text().contains("data-theme=\"auto\""));
}

#[rstest]
#[tokio::test]
async fn people_of_an_institution_see_its_colour_and_others_that_of_the_alliance(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let looks = "[alliance.looks]\nalliance = { colour = \"#17518f\" }\n\"alpha.example\" = { colour = \"#8a1538\" }\n";
    let app = TestApp::with(db, looks).await;
    let sol = app.secretariat().await;
    let body = serde_json::json!({
        "kind": "member", "name": "Alpha", "country": "DE", "zone": "Europe/Berlin", "schac": "alpha.example",
    });
    let alpha = sol.post("/institutions", &body).await.ok();
    app.student(&sol, "Mei", &alpha).await;

    let colour = async |visitor: Visitor| {
        let page = visitor.get("/calls").await.text();
        let look =
            assets(&page).into_iter().find(|asset| asset.starts_with("/assets/look-")).expect("a look");
        visitor.get(&look).await.text()
    };
    assert!(
        colour(Visitor::signed_in(&app.address, "mei@student.example").await)
            .await
            .contains("--main: #8a1538")
    );
    assert!(colour(Visitor::new(&app.address)).await.contains("--main: #17518f"));
}
