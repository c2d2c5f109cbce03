//! Everybody who has a part in a case: a home, two hosts, an employer, a member that is no party, and their people.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sojourn::app::verify::verify;

use super::actor::Actor;
use super::app::{SECRETARIAT, TestApp};
use super::database::Db;
use super::offers::id;
use super::visitor::Visitor;

/// Name of a part, its duty, and the member it belongs to; people of hosts and of the employer read Chinese.
const PARTS: &[(&str, &str, &str)] = &[
    ("home_coordinator", "coordinator", "Alpha"),
    ("home_head", "head", "Alpha"),
    ("home_academic", "academic", "Alpha"),
    ("home_admin", "admin", "Alpha"),
    ("host_coordinator", "coordinator", "Omega"),
    ("host_head", "head", "Omega"),
    ("second_coordinator", "coordinator", "Sigma"),
    ("other_coordinator", "coordinator", "Gamma"),
    ("chair", "head", "Gamma"),
    ("employer", "employer", "Works"),
];

/// Parts that only some programmes have.
const MORE_PARTS: &[(&str, &str, &str)] = &[
    ("home_grants", "grants", "Alpha"),
    ("host_academic", "academic", "Omega"),
    ("host_grants", "grants", "Omega"),
];

/// A service with its people; each acts in a session that no move of the clock ends.
#[derive(Debug)]
pub struct Cast {
    pub app: TestApp,
    /// By the part of the name that differs: Alpha sends, Omega and Sigma receive, Works employs, Gamma looks on.
    institutions: BTreeMap<&'static str, Value>,
    actors: BTreeMap<&'static str, Actor>,
    /// Part by the id of its person.
    parts: BTreeMap<String, &'static str>,
}

impl Cast {
    /// All of them on an empty database.
    pub async fn of(db: Db) -> Self {
        Self::with(db, "").await
    }

    /// The same with settings of their own, as TOML.
    pub async fn with(db: Db, settings: &str) -> Self {
        let app = TestApp::with(db, settings).await;
        app.appoint().await;
        let sol = app.acting(SECRETARIAT).await;
        let mut institutions = BTreeMap::new();
        for (name, country, zone) in [
            ("Alpha", "DE", "Europe/Berlin"),
            ("Gamma", "FR", "Europe/Paris"),
            ("Omega", "TW", "Asia/Taipei"),
            ("Sigma", "JP", "Asia/Tokyo"),
        ] {
            institutions.insert(name, app.member(&sol, name, country, zone).await);
        }
        let employer = json!({ "kind": "employer", "name": "Works", "country": "TW", "zone": "Asia/Taipei" });
        institutions.insert("Works", sol.post("/institutions", &employer).await.ok());
        let mut cast = Self { app, institutions, actors: BTreeMap::new(), parts: BTreeMap::new() };
        cast.parts.insert(cast.app.person(SECRETARIAT).await.to_string(), "secretariat");
        cast.actors.insert("secretariat", sol);
        for (part, duty, member) in PARTS {
            cast.engage(part, duty, member).await;
        }
        let chair = json!({ "institution": cast.at("Gamma")["id"], "person": cast.person("chair"), "from_on": "2026-01-01", "until_on": "2028-12-31" });
        cast.who("secretariat").post("/chair-terms", &chair).await.ok();
        cast
    }

    /// Everybody, those of the other programmes included.
    pub async fn in_full(db: Db) -> Self {
        let mut cast = Self::of(db).await;
        for (part, duty, member) in MORE_PARTS {
            cast.engage(part, duty, member).await;
        }
        cast
    }

    async fn engage(&mut self, part: &'static str, duty: &str, member: &str) {
        let role = json!({ "duty": duty, "institution": self.at(member)["id"], "from_on": "2026-01-01" });
        let language = if ["Omega", "Works"].contains(&member) { "zh-Hant" } else { "en" };
        let email = address(part);
        let body = json!({
            "given_name": part, "family_name": member, "email": email, "language": language, "mails": "at_once", "roles": [role],
        });
        let person = self.who("secretariat").post("/people", &body).await.ok();
        self.parts.insert(id(&person).to_owned(), part);
        self.actors.insert(part, self.app.acting(&email).await);
    }

    /// An institution by the part of its name that differs.
    pub fn at(&self, name: &str) -> &Value {
        self.institutions.get(name).unwrap_or_else(|| panic!("no institution {name}"))
    }

    /// Whether anybody has a part.
    pub fn has(&self, part: &str) -> bool {
        self.actors.contains_key(part)
    }

    /// Whoever has a part.
    pub fn who(&self, part: &str) -> &Actor {
        self.actors.get(part).unwrap_or_else(|| panic!("nobody is {part}"))
    }

    /// The id of whoever has a part.
    pub fn person(&self, part: &str) -> &str {
        let found = self.parts.iter().find(|(_, known)| **known == part);
        found.map_or_else(|| panic!("nobody is {part}"), |(id, _)| id.as_str())
    }

    /// The part of a person; whoever else it is applies.
    pub fn part(&self, person: &str) -> &'static str {
        self.parts.get(person).copied().unwrap_or("student")
    }

    /// Takes the one duty of a part away.
    pub async fn dismiss(&self, part: &str) {
        let path = format!("/people/{}", self.person(part));
        let sol = self.who("secretariat");
        let person = sol.get(&path).await.ok();
        sol.delete(&format!("{path}/roles/{}", id(&person["roles"][0])), &person["version"]).await.ok();
    }

    /// A student of the home, in the second year with 60 credits and English at B2.
    pub async fn student(&self, name: &str) -> Actor {
        self.registered(name, &json!({})).await
    }

    /// The same with a registration that differs.
    pub async fn registered(&self, name: &str, change: &Value) -> Actor {
        let registration = json!({
            "institution": self.at("Alpha")["id"], "level": "first", "field": "0613", "year": 2, "credits": 60,
            "languages": ["en:B2"],
        });
        let body = json!({
            "given_name": name, "family_name": "Student", "email": address(name), "language": "en",
            "registrations": [merged(registration, change)],
        });
        self.who("secretariat").post("/people", &body).await.ok();
        self.app.acting(&address(name)).await
    }

    /// Whoever has a part, signed in to the pages with a password.
    pub async fn visitor(&self, part: &str) -> Visitor {
        let email = address(part);
        self.app.accept(&email).await;
        Visitor::signed_in(&self.app.address, &email).await
    }

    /// Passes when the record explains the present.
    pub async fn verified(&self) {
        let report = verify(&self.app.app, |_| {}).await.expect("verified");
        assert_eq!((report.differences, report.first), (0, Vec::new()));
        assert!(report.cases > 0, "there is something to verify");
    }
}

/// The address of whoever has a part or a name.
pub fn address(part: &str) -> String {
    let plain = part.to_lowercase().replace(|letter: char| !letter.is_ascii(), "-");
    format!("{plain}@people.example")
}

/// An object with the members of another over its own.
pub fn merged(mut body: Value, change: &Value) -> Value {
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    body
}
