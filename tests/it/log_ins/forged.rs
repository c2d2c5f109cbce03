//! What comes back from a provider and is not believed.

use reqwest::header::COOKIE;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Stage, assert_nobody, somebody};
use crate::support::actor::send;
use crate::support::answer::Answer;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::visitor::Visitor;

/// The same address with a parameter otherwise.
fn with(location: &str, name: &str, value: &str) -> String {
    let mut url = url::Url::parse(location).expect("an address");
    let pairs: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(known, _)| known != name).collect();
    url.query_pairs_mut().clear().extend_pairs(pairs).append_pair(name, value);
    url.to_string()
}

fn parameter(path: &str, name: &str) -> String {
    let url = url::Url::parse(&format!("http://here{path}")).expect("an address");
    url.query_pairs().find(|(known, _)| known == name).expect("a parameter").1.into_owned()
}

/// Starts, and gives where to, with the cookie that the browser is to keep.
async fn started(stage: &Stage) -> (String, String) {
    let answer =
        Visitor::new(&stage.app.address).get(&format!("/api/v1/auth/oidc/{}/start", id(&stage.alpha))).await;
    let mut cookies = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text"));
    let away = cookies.find(|cookie| cookie.starts_with("sojourn-away=")).expect("a cookie");
    assert!(away.contains("HttpOnly") && away.contains("SameSite=Lax"), "{away}");
    let cookie = away.split(';').next().expect("its value").to_owned();
    (answer.header("location").to_owned(), cookie)
}

async fn back(stage: &Stage, path: &str, cookie: &str) -> Answer {
    let request =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let request = request.get(format!("{}{path}", stage.app.address)).header("Accept", "text/html");
    send(request.header(COOKIE, cookie)).await
}

#[rstest]
#[tokio::test]
async fn what_belongs_to_another_log_in_is_not_believed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let stage = Stage::of(db).await;
    stage.set(&json!({ "registers": true })).await;
    stage.provider.person(&somebody("f1", "ana@alpha.example", true)).await;
    let provider = &stage.provider;

    let (location, cookie) = started(&stage).await;
    for (name, want) in
        [("code_challenge_method", "S256"), ("response_type", "code"), ("client_id", "sojourn")]
    {
        assert!(location.contains(&format!("{name}={want}")), "{location}");
    }
    let path = provider.log_in(&location).await;
    // State.
    for state in ["", "x", &parameter(&path, "state")[1..]] {
        let forged = with(&format!("http://here{path}"), "state", state);
        assert_nobody(
            &back(&stage, forged.trim_start_matches("http://here"), &cookie).await,
            401,
            "another browser",
        );
    }
    // A browser that never asked, and one that keeps something else.
    assert_nobody(&back(&stage, &path, "sojourn-away=x").await, 401, "another browser");
    let (_, of_another) = started(&stage).await;
    assert_nobody(&back(&stage, &path, &of_another).await, 401, "another browser");
    // Somebody else's code in one's own log-in (PKCE).
    let (own, own_cookie) = started(&stage).await;
    let own_path = provider.log_in(&own).await;
    let injected = with(&format!("http://here{own_path}"), "code", &parameter(&path, "code"));
    let injected = injected.trim_start_matches("http://here");
    assert_nobody(&back(&stage, injected, &own_cookie).await, 401, "let nobody in");
}

#[rstest]
#[tokio::test]
async fn what_was_changed_on_its_way_or_comes_twice_or_late_is_not_believed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let stage = Stage::of(db).await;
    stage.set(&json!({ "registers": true })).await;
    stage.provider.person(&somebody("f1", "ana@alpha.example", true)).await;
    let provider = &stage.provider;
    // Another issuer's answer.
    let (location, cookie) = started(&stage).await;
    let path = provider.log_in(&location).await;
    let mixed = with(&format!("http://here{path}"), "iss", "https://evil.example");
    assert_nobody(
        &back(&stage, mixed.trim_start_matches("http://here"), &cookie).await,
        401,
        "let nobody in",
    );
    // Nonce and challenge that we did not send.
    for (name, value) in [("nonce", "of-another-log-in"), ("code_challenge", &"A".repeat(43))] {
        let (location, cookie) = started(&stage).await;
        let path = provider.log_in(&with(&location, name, value)).await;
        assert_nobody(&back(&stage, &path, &cookie).await, 401, "let nobody in");
    }
    // A code twice.
    let (location, cookie) = started(&stage).await;
    let path = provider.log_in(&location).await;
    assert_eq!(back(&stage, &path, &cookie).await.status, 303);
    assert_nobody(&back(&stage, &path, &cookie).await, 401, "let nobody in");
    // Too late.
    let (location, cookie) = started(&stage).await;
    let path = provider.log_in(&location).await;
    stage.app.advance(chrono::TimeDelta::minutes(10));
    assert_nobody(&back(&stage, &path, &cookie).await, 401, "took too long");
    // Another institution's callback.
    let beta =
        stage.app.member(&stage.app.sign_in(super::SECRETARIAT).await, "Beta", "FR", "Europe/Paris").await;
    let elsewhere = path.replace(id(&stage.alpha), id(&beta));
    assert_eq!(back(&stage, &elsewhere, &cookie).await.status, 404);
}

#[rstest]
#[tokio::test]
async fn a_token_that_does_not_hold_is_not_believed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let stage = Stage::of(db).await;
    let liar = format!("{}/liar", stage.provider.address);
    stage.set(&json!({ "registers": true, "issuer": liar })).await;
    stage.provider.person(&somebody("x", "lia@alpha.example", true)).await;
    let arrive = async |lies: &Value| {
        stage.provider.lies(lies).await;
        // What the provider says of itself is remembered for a while.
        stage.app.advance(chrono::TimeDelta::seconds(1));
        stage.arrive(&Visitor::new(&stage.app.address)).await
    };
    let now = stage.app.clock.now().timestamp();
    let mut tried = 0;
    for lies in [
        json!({ "claims": { "aud": "another" } }),
        json!({ "claims": { "aud": ["sojourn", "another"] } }),
        json!({ "claims": { "aud": ["sojourn"], "azp": "another" } }),
        json!({ "claims": { "iss": stage.provider.address } }),
        json!({ "claims": { "iss": "https://evil.example" } }),
        json!({ "claims": { "nonce": "another" } }),
        json!({ "claims": { "nonce": null } }),
        json!({ "claims": { "exp": now - 60 } }),
        json!({ "claims": { "exp": 1 } }),
        json!({ "claims": { "iat": now + 3600, "exp": now + 7200 } }),
        json!({ "claims": { "sub": null } }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
        json!({ "seal": "none" }),
        json!({ "seal": "HS256", "secret": super::SECRET }),
        json!({ "seal": "HS256", "secret": "" }),
        json!({ "seal": "foreign" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "token_endpoint": "http://10.0.0.1/token" }),
        json!({ "token_endpoint": "http://idp.uni.example/token" }),
    ] {
        assert_nobody(&arrive(&lies).await, 401, "let nobody in");
        tried += 1;
    }
    assert!(tried >= 19);
    assert!(stage.identities().await.is_empty());
    // The same without a lie is believed.
    assert_eq!(arrive(&json!({})).await.status, 303);
    assert_eq!(stage.identities().await.len(), 1);
}

#[tokio::test]
async fn a_provider_that_says_too_much_or_sends_elsewhere_is_not_asked_further() {
    let stage = Stage::of(Db::Sqlite).await;
    let liar = format!("{}/liar", stage.provider.address);
    for lies in
        [json!({ "huge": true }), json!({ "elsewhere": true }), json!({ "issuer": "https://evil.example" })]
    {
        stage.provider.lies(&lies).await;
        stage.set(&json!({ "issuer": liar })).await;
        let start = format!("/api/v1/auth/oidc/{}/start", id(&stage.alpha));
        let answer = Visitor::new(&stage.app.address).get(&start).await;
        assert_nobody(&answer, 503, "does not answer just now");
    }
}
