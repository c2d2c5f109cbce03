//! The whole service in this process: a database of its own, a clock that stands until it is moved, and HTTP on a free port.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use sojourn::access::token::Keys;
use sojourn::app::due::Acts;
use sojourn::app::people::{self, NewPerson, NewRole};
use sojourn::app::{App, Definitions};
use sojourn::clock::Clock;
use sojourn::config::Config;
use sojourn::http::{self, AppState};
use sojourn::store::identities;
use sojourn::store::sessions::{self, RefreshToken, Session};
use sojourn::store::{Options, Store};
use sojourn_engine::ids::{PersonId, SessionId};
use sojourn_engine::vocabulary::{Duty, TokenKind};
use sojourn_entities::{email_change, one_time_token, person};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::actor::{Actor, Signed};
use super::database::{Db, TestDatabase};
use super::logs;
use super::visitor::Visitor;

/// What everybody's password is.
pub const PASSWORD: &str = "a long way from home";

/// The address of the first person of the secretariat.
pub const SECRETARIAT: &str = "sol@alliance.example";

/// A running service; it ends when dropped.
#[derive(Debug)]
pub struct TestApp {
    pub app: Arc<App>,
    pub clock: Clock,
    /// As in `http://127.0.0.1:PORT`.
    pub address: String,
    pub database: TestDatabase,
    keys: Arc<Keys>,
    statements: Arc<Mutex<Vec<String>>>,
    _stop: oneshot::Sender<()>,
}

/// When every test begins.
pub fn dawn() -> DateTime<Utc> {
    "2026-09-01T08:00:00Z".parse().expect("an instant")
}

impl TestApp {
    /// A service on an empty database of that kind.
    pub async fn spawn(kind: Db) -> Self {
        Self::with(kind, "").await
    }

    /// The same with settings of its own, as TOML.
    pub async fn with(kind: Db, settings: &str) -> Self {
        logs::keep();
        logs::plant(PASSWORD);
        let database = TestDatabase::migrated(kind).await;
        let config = Config::parse(settings).expect("the settings are right");
        let mut config = config;
        config.files.dir = database.folder.path().join("files");
        let clock = Clock::fixed(dawn(), 7);
        let key_file = Some(database.folder.path().join("keys.toml"));
        let auth = sojourn::config::Auth { key_file, ..config.auth.clone() };
        let config = Config { auth, ..config }.with_keys(|| clock.moment().random()).expect("keys are made");
        let mut store = Store::open(&database.url, &Options::default()).await.expect("the database opens");
        let statements = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&statements);
        store.observe(move |sql| heard.lock().expect("nobody panicked").push(sql.to_owned()));
        Definitions::ship(&store, &clock.moment()).await.expect("the definitions are sound");
        let app = Arc::new(App::new(store, clock.clone(), &config).expect("files have a place"));
        let state = AppState::new(Arc::clone(&app), &config.auth).expect("keys are there");
        let keys = Arc::clone(&state.keys);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        let stopped = async move {
            stopped.await.ok();
        };
        let router = sojourn::cli::router(&state, &config, None).expect("the pages are sound");
        tokio::spawn(http::serve(listener, router, None, stopped));
        Self { app, clock, address, database, keys, statements, _stop: stop }
    }

    /// Somebody who has not signed in.
    pub fn stranger(&self) -> Actor {
        Actor::stranger(&self.address)
    }

    /// Every statement since this was asked last; beginning and committing are none.
    pub fn statements(&self) -> Vec<String> {
        std::mem::take(&mut *self.statements.lock().expect("nobody panicked"))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: TimeDelta) {
        self.clock.advance(by);
    }

    /// Acts on clocks as a worker does, until nothing is due; says what was done.
    pub async fn act_on_clocks(&self) -> Vec<Acts> {
        let mut done = Vec::new();
        loop {
            let at = self.clock.moment();
            let acts = self.app.act_on_clocks(&at, at.id(), 100).await.expect("the database answers");
            assert_eq!(acts.failed, 0, "{acts:?}");
            if acts.claimed == 0 {
                return done;
            }
            done.push(acts);
        }
    }

    /// Offers places that have become free until no line is marked any more; says how many were offered.
    pub async fn offer_places(&self) -> usize {
        let mut offered = 0;
        loop {
            let at = self.clock.moment();
            let offers = self.app.offer_places(&at, at.id(), 100).await.expect("the database answers");
            assert_eq!(offers.failed, 0, "{offers:?}");
            if offers.claimed == 0 {
                return offered;
            }
            offered += offers.offered;
        }
    }

    /// The first person of the secretariat, appointed at the command line and signed in.
    pub async fn secretariat(&self) -> Actor {
        self.appoint().await;
        self.accept(SECRETARIAT).await
    }

    /// Appoints the first person of the secretariat at the command line.
    pub async fn appoint(&self) {
        let role = NewRole {
            duty: Duty::Secretariat,
            institution: None,
            unit: None,
            from_on: self.clock.now().date_naive(),
            until_on: None,
        };
        let new = NewPerson {
            given_name: "Sol".to_owned(),
            family_name: "Ek".to_owned(),
            email: SECRETARIAT.to_owned(),
            roles: vec![role],
            ..NewPerson::default()
        };
        people::appoint(&self.app, &new).await.expect("appointed");
    }

    /// The person with an address, in a session that no move of the clock ends.
    pub async fn acting(&self, email: &str) -> Actor {
        let (person, session) = self.session(email, TimeDelta::days(3650)).await;
        let (keys, clock) = (Arc::clone(&self.keys), self.clock.clone());
        self.stranger().in_session(Signed { keys, clock, person, session })
    }

    /// The person with an address at a browser, for so long.
    pub async fn browsing(&self, email: &str, lasts: TimeDelta) -> Visitor {
        Visitor::with_pass(&self.address, &self.pass(email, lasts).await)
    }

    /// What the browser of somebody keeps who has signed in.
    pub async fn pass(&self, email: &str, lasts: TimeDelta) -> String {
        let (person, session) = self.session(email, lasts).await;
        self.app.links.pass(session, person)
    }

    async fn session(&self, email: &str, lasts: TimeDelta) -> (PersonId, SessionId) {
        let at = self.clock.moment();
        let (person, expires_at) = (self.person(email).await, at.now + lasts);
        let session = Session {
            id: at.id(),
            person_id: person,
            created_at: at.now,
            expires_at,
            revoked_at: None,
            used_at: None,
            agent: String::new(),
            network: String::new(),
        };
        let token = RefreshToken {
            token_hash: at.random::<32>().to_vec(),
            session_id: session.id,
            issued_at: at.now,
            expires_at,
            rotated_at: None,
            successor_hash: None,
        };
        let id = session.id;
        let tx = self.app.store.begin().await.expect("a transaction");
        sessions::open(&tx, session, token).await.expect("a session");
        tx.commit().await.expect("committed");
        (person, id)
    }

    /// Invites a person through the API, accepts as them and signs in.
    pub async fn invited(&self, by: &Actor, person: &Value) -> Actor {
        by.post("/people", person).await.ok();
        self.accept(person["email"].as_str().expect("an address")).await
    }

    /// Follows the invitation of an address and signs in.
    pub async fn accept(&self, email: &str) -> Actor {
        let body = json!({ "token": self.link(email, TokenKind::Invitation).await, "password": PASSWORD });
        self.stranger().post("/auth/invitations/accept", &body).await.ok();
        self.sign_in(email).await
    }

    /// Signs in with everybody's password.
    pub async fn sign_in(&self, email: &str) -> Actor {
        Actor::signed_in(&self.address, email, PASSWORD).await
    }

    /// The token of the newest link sent to an address, as its mail would carry it.
    pub async fn link(&self, email: &str, kind: TokenKind) -> String {
        let connection = self.database.connect().await;
        let to = self.person(email).await;
        let newest = one_time_token::Entity::find()
            .filter(one_time_token::Column::PersonId.eq(to))
            .filter(one_time_token::Column::Kind.eq(kind))
            .order_by_desc(one_time_token::Column::Id);
        let row = newest.one(&connection).await.expect("the table is read").expect("a link was sent");
        let token = self.app.links.token(row.id, kind);
        logs::plant(&token);
        token
    }

    /// The token of the link for another address that somebody with this one has asked for.
    pub async fn email_link(&self, email: &str, kind: TokenKind) -> String {
        let connection = self.database.connect().await;
        let of = email_change::Column::PersonId.eq(self.person(email).await);
        let row = email_change::Entity::find().filter(of).one(&connection).await;
        self.app.links.token(row.expect("the table is read").expect("a change was asked for").id, kind)
    }

    /// A log-in at the provider of an institution that is somebody's; gives its id.
    pub async fn identity(&self, email: &str, institution: &Value) -> String {
        let at = self.clock.moment();
        let of = institution["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let row = identities::Identity {
            id: at.id(),
            person_id: self.person(email).await,
            institution_id: of,
            issuer: "https://login.example".to_owned(),
            subject: email.to_owned(),
            created_at: at.now,
        };
        let id = row.id;
        let tx = self.app.store.begin().await.expect("a transaction");
        identities::add(&tx, row).await.expect("linked");
        tx.commit().await.expect("committed");
        id.to_string()
    }

    /// The id of the person with an address.
    pub async fn person(&self, email: &str) -> PersonId {
        let connection = self.database.connect().await;
        let found = person::Entity::find().filter(person::Column::Email.eq(email)).one(&connection).await;
        found.expect("the table is read").expect("there is such a person").id
    }

    /// A member that the secretariat enters, by the part of its names that differs.
    pub async fn member(&self, secretariat: &Actor, name: &str, country: &str, zone: &str) -> Value {
        let body = json!({ "kind": "member", "name": format!("University of {name}"), "country": country, "zone": zone });
        secretariat.post("/institutions", &body).await.ok()
    }

    /// A person with a duty at an institution, signed in; the address is `DUTY@NAME.example`.
    pub async fn holder(&self, by: &Actor, duty: &str, institution: &Value) -> Actor {
        let name = institution["name"].as_str().and_then(|name| name.split(' ').next_back()).expect("a name");
        let since = (self.clock.now() - TimeDelta::days(243)).date_naive();
        let role = json!({ "duty": duty, "institution": institution["id"], "from_on": since });
        let email = format!("{duty}@{}.example", name.to_lowercase());
        let body = json!({ "given_name": duty, "family_name": name, "email": email, "roles": [role] });
        self.invited(by, &body).await
    }

    /// A student of an institution, signed in; the address is `NAME@student.example`.
    pub async fn student(&self, by: &Actor, name: &str, institution: &Value) -> Actor {
        let registration = json!({
            "institution": institution["id"], "level": "first", "field": "0613", "year": 2, "credits": 60,
            "languages": ["en:B2"],
        });
        let email = format!("{}@student.example", name.to_lowercase());
        let body = json!({ "given_name": name, "family_name": "Student", "email": email, "registrations": [registration] });
        self.invited(by, &body).await
    }
}
