//! Log-ins at the provider of an institution, against a real one; and what an institution sets about them.

mod forged;

use reqwest::Method;
use rstest::rstest;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use sojourn_entities::{identity, log_in};

use crate::support::actor::{Actor, etag, send};
use crate::support::answer::Answer;
use crate::support::app::{SECRETARIAT, TestApp};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::provider::Provider;
use crate::support::visitor::Visitor;

pub const SECRET: &str = "a secret between the two of us";

/// Alpha with its provider, and people who are known here.
pub struct Stage {
    pub app: TestApp,
    pub provider: Provider,
    pub sol: Actor,
    pub alpha: Value,
}

impl Stage {
    async fn of(db: Db) -> Self {
        let app = TestApp::with(db, "auth.plain_providers = true").await;
        app.appoint().await;
        let sol = app.accept(SECRETARIAT).await;
        let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
        let redirect =
            sol.get(&format!("/institutions/{}/log-in", id(&alpha))).await.ok()["redirect_uri"].clone();
        let provider = Provider::start(redirect.as_str().expect("an address"));
        app.clock.set(provider.now().await);
        let sol = app.sign_in(SECRETARIAT).await;
        Self { app, provider, sol, alpha }
    }

    fn path(&self) -> String {
        format!("/institutions/{}/log-in", id(&self.alpha))
    }

    /// Sets how Alpha's people sign in; `more` goes before the usual.
    async fn set(&self, more: &Value) -> Value {
        let mut body = json!({
            "issuer": self.provider.address, "client_id": "sojourn", "secret": SECRET, "domains": ["alpha.example"],
        });
        for (name, value) in more.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let version = self.sol.get(&self.path()).await.ok()["version"].clone();
        put(&self.sol, &self.path(), &version, &body).await.ok()
    }

    /// Where a browser is sent.
    async fn start(&self, by: &Visitor) -> String {
        let answer = by.get(&format!("/api/v1/auth/oidc/{}/start?next=/calls", id(&self.alpha))).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").to_owned()
    }

    /// The whole way there and back.
    async fn arrive(&self, by: &Visitor) -> Answer {
        let back = self.provider.log_in(&self.start(by).await).await;
        by.get(&back).await
    }

    async fn log_in(&self, person: &Value) -> (Visitor, Answer) {
        self.provider.person(person).await;
        let visitor = Visitor::new(&self.app.address);
        let answer = self.arrive(&visitor).await;
        (visitor, answer)
    }

    async fn identities(&self) -> Vec<identity::Model> {
        identity::Entity::find().all(&self.app.database.connect().await).await.expect("the table")
    }
}

async fn put(by: &Actor, path: &str, version: &Value, body: &Value) -> Answer {
    send(by.request(Method::PUT, path).header("If-Match", etag(version)).json(body)).await
}

fn somebody(sub: &str, email: &str, verified: bool) -> Value {
    json!({ "sub": sub, "email": email, "email_verified": verified, "given_name": "Ana", "family_name": "Lima" })
}

/// Where a page leads to that links a log-in.
fn address(page: &str) -> String {
    let (_, rest) = page.split_once("rel=\"noreferrer\" href=\"").expect("a link");
    rest.split('"').next().expect("its end").replace("&amp;", "&").replace("&#x2f;", "/")
}

fn assert_nobody(answer: &Answer, status: u16, says: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(says), "{}", answer.text());
    let cookies = answer.headers.get_all("set-cookie").iter();
    let signed_in = |cookie: &str| cookie.starts_with("sojourn=");
    assert!(!cookies.map(|cookie| cookie.to_str().expect("text")).any(signed_in), "nobody is signed in");
}

#[rstest]
#[tokio::test]
async fn somebody_known_by_a_listed_and_verified_address_signs_in_and_is_known_by_subject_from_then_on(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let stage = Stage::of(db).await;
    stage.set(&json!({})).await;
    stage.app.holder(&stage.sol, "coordinator", &stage.alpha).await;

    let (visitor, answer) = stage.log_in(&somebody("c1", "Coordinator@Alpha.example", true)).await;

    assert_eq!((answer.status, answer.header("location")), (303, "/calls"), "{}", answer.text());
    assert_eq!(visitor.get("/cases").await.status, 200);
    let told = stage.sol.get("/notifications?limit=1").await.ok()["items"][0]["notice"].clone();
    assert_eq!(told, "log_in_linked");
    // Known by issuer and subject, whatever becomes of the address.
    let (again, answer) = stage.log_in(&somebody("c1", "moved@elsewhere.example", false)).await;
    assert_eq!((answer.status, stage.identities().await.len()), (303, 1));
    assert!(again.get("/account").await.text().contains("coordinator@alpha.example"));
}

#[rstest]
#[tokio::test]
async fn an_address_that_says_too_little_opens_nothing(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let stage = Stage::of(db).await;
    stage.set(&json!({})).await;
    let beta = stage.app.member(&stage.sol, "Beta", "FR", "Europe/Paris").await;
    let registration = json!({ "institution": beta["id"], "level": "first", "field": "0613", "year": 2, "credits": 60, "languages": [] });
    let elsewhere = json!({ "given_name": "Mei", "family_name": "Lin", "email": "mei@alpha.example", "registrations": [registration] });
    stage.app.invited(&stage.sol, &elsewhere).await;
    stage.app.holder(&stage.sol, "coordinator", &stage.alpha).await;

    for (person, says) in [
        (somebody("u1", "coordinator@alpha.example", false), "has checked"),
        (somebody("u2", "coordinator@alpha.example.evil.example", true), "one of its domains"),
        (somebody("u3", "x@beta.example", true), "one of its domains"),
        (somebody("u4", "x@sub.alpha.example", true), "one of its domains"),
        (json!({ "sub": "u5" }), "one of its domains"),
        (somebody("u6", "new@alpha.example", true), "no account of yours"),
        (somebody("u7", "mei@alpha.example", true), "may not open by itself"),
    ] {
        let (visitor, answer) = stage.log_in(&person).await;
        assert_nobody(&answer, 403, says);
        assert_eq!(visitor.get("/cases").await.status, 303, "{person}");
    }
    let (_, answer) = stage.log_in(&json!({ "sub": "u8", "denied": true })).await;
    assert_nobody(&answer, 401, "let nobody in");
    assert!(stage.identities().await.is_empty());
}

#[rstest]
#[tokio::test]
async fn whoever_works_for_the_secretariat_too_signs_in_to_both(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let stage = Stage::of(db).await;
    stage.set(&json!({ "domains": ["alpha.example", "alliance.example"] })).await;
    let me = stage.app.person(SECRETARIAT).await;
    let ida = json!({ "given_name": "Ida", "family_name": "Ek", "email": "ida@alliance.example",
        "roles": [{ "duty": "secretariat", "from_on": "2026-01-01" }] });
    let ida_here = stage.app.invited(&stage.sol, &ida).await;
    let role = json!({ "duty": "head", "institution": stage.alpha["id"], "from_on": "2026-01-01" });
    ida_here.post(&format!("/people/{me}/roles"), &role).await.ok();
    let (_, answer) = stage.log_in(&somebody("s1", SECRETARIAT, true)).await;
    assert_nobody(&answer, 403, "may not open by itself");

    let here = Visitor::signed_in(&stage.app.address, SECRETARIAT).await;
    let link = format!("/account/identities/link/{}", id(&stage.alpha));
    here.submit("/account", &link, &[]).await;
    let sent = here.submit("/account", &link, &[]).await;
    let back = stage.provider.log_in(&address(&sent.text())).await;
    // Another browser cannot bring it back.
    assert_nobody(&Visitor::new(&stage.app.address).get(&back).await, 401, "another browser");
    let linked = here.get(&back).await;
    assert_eq!(
        (linked.status, linked.header("location")),
        (303, "/account?done=linked"),
        "{}",
        linked.text()
    );
    let (visitor, answer) = stage.log_in(&somebody("s1", SECRETARIAT, true)).await;
    assert_eq!(answer.header("location"), "/calls");
    assert_eq!(visitor.get("/notifications").await.status, 200);

    let other = Visitor::signed_in(&stage.app.address, "ida@alliance.example").await;
    let sent = other.submit("/account", &link, &[]).await;
    let back = stage.provider.log_in(&address(&sent.text())).await;
    assert_nobody(&other.get(&back).await, 409, "somebody else");

    let sol = stage.app.sign_in(SECRETARIAT).await;
    let mine = sol.get("/auth/identities").await.ok()["items"].clone();
    assert_eq!(
        (&mine[0]["issuer"], mine.as_array().map(Vec::len)),
        (&json!(stage.provider.address), Some(1))
    );
    let path = format!("/auth/identities/{}", id(&mine[0]));
    send(ida_here.request(Method::DELETE, &path)).await.problem(404);
    send(sol.request(Method::DELETE, &path)).await.ok();
    let (_, answer) = stage.log_in(&somebody("s1", SECRETARIAT, true)).await;
    assert_nobody(&answer, 403, "may not open by itself");
}

#[rstest]
#[tokio::test]
async fn the_first_log_in_registers_where_the_institution_allows_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let stage = Stage::of(db).await;
    stage.set(&json!({ "registers": true })).await;

    let (visitor, answer) = stage.log_in(&somebody("n1", "ana@alpha.example", true)).await;

    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(visitor.get("/account").await.text().contains("ana@alpha.example"));
    let ana = stage.sol.get("/people?email=ana@alpha.example").await.ok()["items"][0].clone();
    assert_eq!((&ana["given_name"], &ana["family_name"]), (&json!("Ana"), &json!("Lima")));
    let registrations = stage.sol.get(&format!("/people/{}/registrations", id(&ana))).await.ok();
    assert_eq!(registrations["items"][0]["institution"], stage.alpha["id"]);
    let (_, unlisted) = stage.log_in(&somebody("n2", "ana@beta.example", true)).await;
    assert_nobody(&unlisted, 403, "one of its domains");
    // Without a password nothing but this log-in opens the account.
    let here = "/account/identities";
    let mine = stage.identities().await.pop().expect("one").id;
    let removed = visitor.submit("/account", &format!("{here}/{mine}/remove"), &[]).await;
    assert_eq!(removed.status, 409, "{}", removed.text());
}

#[rstest]
#[tokio::test]
async fn whoever_has_a_second_factor_gives_its_code_after_the_log_in_elsewhere(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let stage = Stage::of(db).await;
    stage.set(&json!({ "second_factor_for": ["coordinator"] })).await;
    let hanna = stage.app.holder(&stage.sol, "coordinator", &stage.alpha).await;
    hanna.get("/agreements").await.problem(403);
    let (visitor, answer) = stage.log_in(&somebody("c1", "coordinator@alpha.example", true)).await;
    assert_eq!(answer.status, 303);
    assert_eq!(visitor.get("/cases").await.header("location"), "/account/second-factor");
    super::second_factors::set_up(&stage.app, &hanna).await;

    let (visitor, answer) = stage.log_in(&somebody("c1", "coordinator@alpha.example", true)).await;

    assert!(answer.status == 200 && answer.text().contains("name=\"half\""), "{}", answer.text());
    assert_eq!(visitor.get("/cases").await.status, 303, "not signed in yet");
}

/// What no settings hold, each by its name.
fn wrong() -> Vec<(&'static str, Value)> {
    vec![
        ("issuer", json!("http://idp.uni.example")),
        ("issuer", json!("https://10.0.0.1")),
        ("issuer", json!("https://169.254.169.254/latest")),
        ("issuer", json!("https://user:pass@idp.uni.example")),
        ("issuer", json!("https://idp.uni.example?x=y")),
        ("issuer", json!("idp")),
        ("issuer", json!(7)),
        ("client_id", json!(null)),
        ("client_id", json!("")),
        ("domains", json!(["no domain"])),
        ("domains", json!(["@alpha.example"])),
        ("second_factor_for", json!(["king"])),
        ("colour", json!("red")),
    ]
}

#[rstest]
#[tokio::test]
async fn only_the_head_and_the_secretariat_set_it_and_the_secret_is_never_shown(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let stage = Stage::of(db).await;
    let head = stage.app.holder(&stage.sol, "head", &stage.alpha).await;
    let admin = stage.app.holder(&stage.sol, "admin", &stage.alpha).await;
    let path = stage.path();
    let whole = json!({ "issuer": stage.provider.address, "client_id": "sojourn", "secret": SECRET, "domains": ["alpha.example"] });
    admin.get(&path).await.problem(403);
    put(&admin, &path, &json!(0), &whole).await.problem(403);
    stage.app.stranger().get(&path).await.problem(401);
    head.get("/institutions/019a7c3e-5b1f-7a20-8c44-1d2e3f405162/log-in").await.problem(404);

    let set = put(&head, &path, &json!(0), &whole).await.ok();
    assert_eq!((&set["has_secret"], &set["version"]), (&json!(true), &json!(1)));
    put(&head, &path, &json!(0), &whole).await.problem(412);
    let shown = format!("{set} {}", head.get(&path).await.text());
    assert!(!shown.contains(SECRET), "{shown}");
    let rows = log_in::Entity::find().all(&stage.app.database.connect().await).await.expect("the table");
    let kept = rows[0].secret.clone().expect("a secret");
    assert!(!kept.windows(6).any(|window| SECRET.as_bytes().windows(6).any(|part| part == window)));

    for (name, value) in wrong() {
        let mut body = whole.clone();
        body[name] = value.clone();
        put(&head, &path, &json!(1), &body).await.problem(422);
    }
    // A secret is not carried over to another provider.
    let moved =
        json!({ "issuer": "https://idp.uni.example", "client_id": "sojourn", "domains": ["alpha.example"] });
    assert_eq!(put(&head, &path, &json!(1), &moved).await.problem(422)["errors"][0]["pointer"], "/secret");
    let alone = json!({ "registers": true, "domains": ["alpha.example"] });
    put(&head, &path, &json!(1), &alone).await.problem(422);
    let beta = stage.app.member(&stage.sol, "Beta", "FR", "Europe/Paris").await;
    let theirs = format!("/institutions/{}/log-in", id(&beta));
    put(&stage.sol, &theirs, &json!(0), &json!({ "domains": ["Alpha.example"] })).await.problem(422);
    put(&stage.sol, &theirs, &json!(0), &json!({ "domains": ["alpha.example"] })).await.problem(409);
    let listed = stage.app.stranger().get("/auth/oidc").await.ok();
    assert_eq!(listed["items"][0]["name"], "University of Alpha");
    let bare = json!({ "issuer": stage.provider.address, "client_id": "sojourn" });
    assert_eq!(put(&head, &path, &json!(1), &bare).await.ok()["has_secret"], true, "the secret stays");
    put(&head, &path, &json!(2), &json!({})).await.ok();
    assert_eq!(stage.app.stranger().get("/auth/oidc").await.ok()["items"], json!([]));
    let start = format!("/api/v1/auth/oidc/{}/start", id(&stage.alpha));
    assert_eq!(Visitor::new(&stage.app.address).get(&start).await.status, 404);
}
