//! What every request meets whatever it asks: the document, pages of problems, limits.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::app::TestApp;
use crate::support::database::Db;

#[tokio::test]
async fn the_document_names_a_policy_for_every_operation_and_a_problem_for_what_can_go_wrong() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let document = app.stranger().get("/api/openapi.json").await.ok();

    assert!(
        document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")),
        "{}",
        document["openapi"]
    );
    let paths = document["paths"].as_object().expect("paths");
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            let policy = operation["x-policy"].as_str().unwrap_or_default();
            assert_ne!(policy, "", "{method} {path}");
            assert_eq!(operation["security"].is_array(), policy != "anyone", "{method} {path}");
            assert!(operation["responses"]["500"].is_object(), "{method} {path}");
            assert_ne!(operation["summary"].as_str().unwrap_or_default(), "", "{method} {path}");
            let parameters = operation["parameters"].to_string();
            let decides =
                path.starts_with("/api/v1/auth") || path.ends_with("/check") || path.ends_with("/simulate");
            let writes = method == "post" && !decides;
            assert_eq!(parameters.contains("Idempotency-Key"), writes, "{method} {path}");
            // An address for calendars has no version: whichever stands is ended. Nor have consents, and one's sessions and log-ins.
            let bare = path.ends_with("/calendar")
                || path.contains("/consents/")
                || path.starts_with("/api/v1/auth");
            let changes = ["patch", "delete"].contains(&method.as_str()) && !bare;
            assert!(!changes || parameters.contains("If-Match"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_documentation_is_served_from_the_binary_and_asks_nobody_else() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let page = app.stranger().get("/api/docs/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("https://"), "{}", page.text());
    let script = app.stranger().get("/api/docs/swagger-ui-bundle.js").await;
    assert_eq!(script.status, 200);
}

#[tokio::test]
async fn a_problem_leads_to_its_page_and_carries_the_id_of_the_request() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let answer = app.stranger().get("/nowhere").await;
    let problem = answer.problem(404);

    assert_eq!(problem["instance"], answer.header("x-request-id"));
    let page = send(reqwest::Client::new().get(format!(
        "{}{}",
        app.address,
        problem["type"].as_str().expect("a page")
    )))
    .await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text().contains("There is nothing here"), "{}", page.text());
    let wrong = send(app.stranger().request(Method::PUT, "/auth/me")).await;
    wrong.problem(405);
    assert!(wrong.header("allow").contains("GET"), "{}", wrong.header("allow"));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_a_table_may_be_larger() {
    let app = TestApp::with(Db::Sqlite, "[http]\nbody_limit = 2000").await;
    let sol = app.secretariat().await;
    let long = json!({ "kind": "member", "name": "x".repeat(3000), "country": "DE", "zone": "UTC" });
    sol.post("/institutions", &long).await.problem(413);

    let table = format!("email,given_name,family_name,level\n{}", "x,y,z,first\n".repeat(1000));
    let request = sol.request(Method::POST, "/people/import").header("Content-Type", "text/csv");
    let report = send(request.header("Idempotency-Key", "one").body(table)).await.ok();
    assert_eq!(report["refused"].as_array().expect("a list").len(), 1000);
}

#[rstest]
#[tokio::test]
async fn a_service_is_ready_when_its_database_is(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let ask = async |path: &str| send(reqwest::Client::new().get(format!("{}{path}", app.address))).await;

    assert_eq!((ask("/healthz").await.status, ask("/readyz").await.status), (204, 200));
    let newer =
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_contract_all', 0)";
    sea_orm::ConnectionTrait::execute_unprepared(&app.database.connect().await, newer)
        .await
        .expect("written");

    assert_eq!(ask("/healthz").await.status, 204);
    ask("/readyz").await.problem(503);
}

#[tokio::test]
async fn an_answer_tells_a_browser_to_do_nothing_more_with_it() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let answer = app.stranger().get("/auth/me").await;
    for (header, value) in
        [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("cache-control", "no-store")]
    {
        assert_eq!(answer.header(header), value);
    }
}

#[rstest]
#[tokio::test]
async fn a_problem_is_told_in_the_language_that_is_asked_for(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let ada = app.holder(&sol, "coordinator", &alpha).await;
    let post = |by: &Actor, language: &'static str, body: Value| {
        let request = by.request(Method::POST, "/institutions").header("Accept-Language", language);
        send(request.header("Idempotency-Key", fresh_key()).json(&body))
    };
    let wrong = json!({ "kind": "member", "name": " ", "country": "xx", "zone": "Europe/Berlin" });

    let english = post(&sol, "fr, en;q=0.5", wrong.clone()).await.problem(422);
    assert_eq!(
        (&english["title"], &english["errors"][1]["detail"]),
        (&json!("Some fields are not right"), &json!("write something here"))
    );
    let chinese = post(&sol, "zh-TW, en;q=0.5", wrong).await.problem(422);
    assert_eq!(
        (&chinese["title"], &chinese["detail"]),
        (&json!("部分欄位有誤"), &json!("請修正 `errors` 所列欄位後重新送出。"))
    );
    let told =
        [&chinese["errors"][0], &chinese["errors"][1]].map(|error| (&error["pointer"], &error["detail"]));
    assert_eq!(told[0], (&json!("/country"), &json!("不是 ISO 3166-1 alpha-2 代碼：兩個大寫字母，例如 TW")));
    assert_eq!(told[1], (&json!("/name"), &json!("請填寫內容")));

    let body = json!({ "kind": "member", "name": "X", "country": "FR", "zone": "Europe/Paris" });
    let refused = post(&ada, "zh-Hant", body.clone()).await.problem(403);
    assert_eq!(refused["detail"], "此操作須由下列人員執行：秘書處。");
    let unknown = post(&sol, "zh-Hant", json!({ "colour": "red" })).await.problem(422);
    assert!(
        unknown["errors"][0]["detail"].as_str().is_some_and(|text| text.starts_with("沒有欄位 `colour`")),
        "{unknown}"
    );
    assert_eq!(post(&app.stranger(), "zh-Hant", body).await.problem(401)["title"], "尚未登入");
}
