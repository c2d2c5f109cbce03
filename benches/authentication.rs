//! What it costs to know who sends a request: its token read and verified, its session and duties found, its policy asked.
//!
//! `cargo bench --bench authentication` prints it; the target is 20 µs with what is remembered, on one core.

#![expect(clippy::expect_used, reason = "a bench that cannot begin has to fail")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use chrono::TimeDelta;
use criterion::{Criterion, criterion_group, criterion_main};
use secrecy::SecretString;
use sojourn::access::token::Keys;
use sojourn::access::{Policy, Whence};
use sojourn::app::people::{self, NewPerson, NewRole};
use sojourn::app::{App, passwords, sessions};
use sojourn::clock::Clock;
use sojourn::config::Config;
use sojourn::http::AppState;
use sojourn::store::{Options, Store};
use sojourn_engine::vocabulary::{Duty, TokenKind};

const ADDRESS: &str = "sol@alliance.example";
const PASSWORD: &str = "a long way from home";

async fn instance(folder: &Path) -> (Arc<App>, Arc<Keys>, String) {
    let place = folder.join("sojourn.db");
    let place = place.to_str().expect("a path of text");
    let clock = Clock::fixed("2026-09-01T08:00:00Z".parse().expect("an instant"), 7);
    let config = Config::parse(&format!("[database]\nurl = \"sqlite:{place}\"")).expect("settings");
    let config = config.with_keys(|| clock.moment().random()).expect("keys");
    let store = Store::open(&format!("sqlite:{place}"), &Options::default()).await.expect("a database");
    store.migrate().await.expect("a schema");
    let app = Arc::new(App::new(store, clock, &config).expect("files have a place"));
    let keys = AppState::new(Arc::clone(&app), &config.auth).expect("keys").keys;
    let from_on = app.clock.now().date_naive();
    let role = NewRole { duty: Duty::Secretariat, institution: None, unit: None, from_on, until_on: None };
    let new = NewPerson {
        given_name: "Sol".to_owned(),
        family_name: "Ek".to_owned(),
        email: ADDRESS.to_owned(),
        roles: vec![role],
        ..NewPerson::default()
    };
    let (_, link) = people::appoint(&app, &new).await.expect("appointed");
    let token = link.split_once("token=").expect("a token").1;
    let password = || SecretString::from(PASSWORD);
    passwords::set_password(&app, token, TokenKind::Invitation, password(), None).await.expect("set");
    let from = Whence::new("192.0.2.7".parse().expect("an address"), None);
    let signed_in = sessions::sign_in(&app, ADDRESS, password(), None, &from).await.expect("signed in");
    let signed_in = signed_in.done().expect("no second factor");
    let token = keys.sign(signed_in.person, signed_in.session, &app.clock.moment()).expect("signed");
    app.clock.advance(TimeDelta::seconds(1));
    (app, keys, token)
}

async fn admitted(app: &App, keys: &Keys, token: &str) -> bool {
    let claims = keys.verify(token, app.clock.now()).expect("a token of ours");
    let caller = app.caller(claims.sid, claims.sub).await.expect("a session");
    Policy::Secretariat.admits(Some(&caller))
}

fn authentication(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (app, keys, token) = runtime.block_on(instance(folder.path()));
    assert!(runtime.block_on(admitted(&app, &keys, &token)));
    criterion.bench_function("authentication with session and roles", |bencher| {
        bencher.iter(|| runtime.block_on(admitted(&app, &keys, black_box(&token))));
    });
}

criterion_group!(benches, authentication);
criterion_main!(benches);
