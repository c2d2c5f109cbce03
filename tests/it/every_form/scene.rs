//! What the forms are about, who sends them, and what each holds as it comes from its page.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use reqwest::multipart::{Form, Part};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::json;
use sojourn_engine::vocabulary::TokenKind;

use super::rows::Row;
use crate::links::{links, referred};
use crate::policies::stage::{Set, Stage};
use crate::support::actor::send;
use crate::support::answer::Answer;
use crate::support::app::{PASSWORD, SECRETARIAT};
use crate::support::cast::address;
use crate::support::database::Db;
use crate::support::html::{Control, forms};
use crate::support::visitor::{Visitor, seal};

/// How long sessions last.
pub const LASTS: TimeDelta = TimeDelta::hours(12);
/// An id of nothing.
const NOTHING: &str = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162";
/// What somebody typed, as it is sent and as a page shows it.
pub const TYPED: (&str, &str) = ("typed <7>", "typed &lt;7&gt;");
/// Attempts that many forms make.
const SETTINGS: &str = "[auth]\nattempts_per_account = 100000\nattempts_per_address = 100000";
/// Fields that every form carries by itself.
pub const CARRIED: [&str; 3] = ["seal", "key", "version"];

/// What is of others, by the names that the rows use.
const THEIRS: [(&str, &str); 4] = [
    ("submitted", "applications"),
    ("written", "agreements"),
    ("stated", "statement_id"),
    ("hidden", "calls"),
];

/// A form as somebody would send it.
#[derive(Debug, Clone)]
pub struct Filled {
    pub row: &'static Row,
    pub path: String,
    pub multipart: bool,
    pub controls: Vec<Control>,
    pub fields: Vec<(String, String)>,
}

pub struct Scene {
    pub stage: Stage,
    ids: BTreeMap<&'static str, String>,
    browsers: BTreeMap<&'static str, (Visitor, String)>,
    tables: DatabaseConnection,
}

impl Scene {
    pub async fn of(db: Db) -> Self {
        let stage = Stage::of(db, SETTINGS).await;
        let tables = stage.cast.app.database.connect().await;
        let mut scene = Self { stage, ids: BTreeMap::new(), browsers: BTreeMap::new(), tables };
        scene.name();
        scene.spare().await;
        scene.draft().await;
        scene.link().await;
        for row in super::rows::rows() {
            scene.meet(row.who).await;
        }
        scene
    }

    /// What the stage has, by the names that the rows use.
    fn name(&mut self) {
        let ours = [
            ("placed", "applications"),
            ("call", "calls"),
            ("run call", "run call"),
            ("run", "aid"),
            ("agreement", "agreements"),
            ("line", "place-lines"),
            ("statement", "statement_id"),
            ("offer", "programmes"),
            ("offering programme", "offering programme"),
            ("programme", "offering programme"),
            ("offering", "offering_id"),
            ("period", "periods"),
            ("institution", "institutions"),
            ("unit", "unit_id"),
            ("staff", "staff"),
            ("role", "role_id"),
            ("absence", "absence_id"),
            ("student", "people"),
            ("registration", "registration_id"),
            ("session", "sessions"),
            ("identity", "identities"),
            ("kind", "kind"),
            ("bulk", "bulk"),
            ("workflow", "workflows"),
            ("term", "chair-terms"),
            ("notice", "notifications"),
        ];
        let named = ours.map(|pair| (Set::Ours, pair)).into_iter();
        for (set, (name, known)) in named.chain(THEIRS.map(|pair| (Set::Theirs, pair))) {
            let id = self.stage.id(set, known).as_str().expect("text").to_owned();
            self.ids.insert(name, id);
        }
        let host = self.stage.cast.at("Omega")["id"].as_str().expect("an id").to_owned();
        let source =
            include_str!("../../../templates/workflows/conference.toml").replacen("conference", "meeting", 1);
        let own = [
            ("report", "waiting".to_owned()),
            ("party", "coordinator".to_owned()),
            ("host", host),
            ("number", "1".to_owned()),
            ("password", PASSWORD.to_owned()),
            ("source", source),
        ];
        self.ids.extend(own);
    }

    /// A draft with a document, and somebody who has none.
    async fn draft(&mut self) {
        let fellow = self.stage.actor("fellow");
        let offering = self.stage.id(Set::Ours, "offering_id").clone();
        let body = json!({ "call_id": self.ids["call"], "choices": [offering] });
        let case = fellow.post("/applications", &body).await.ok();
        let document = fellow.upload(&case, "transcript", "marks.pdf", b"%PDF-1.7\n%%EOF\n").await.ok();
        self.ids.insert("draft", case["id"].as_str().expect("an id").to_owned());
        self.ids.insert("document", document["id"].as_str().expect("an id").to_owned());
        self.stage.cast.student("newcomer").await;
        for part in ["applicant", "newcomer"] {
            self.stage.cast.app.accept(&address(part)).await;
        }
        // A new password has ended the sessions that were there.
        let applicant = self.stage.cast.app.acting(&address("applicant")).await;
        let sessions = applicant.get("/auth/sessions").await.ok();
        let all = sessions["items"].as_array().expect("sessions");
        let other = all.iter().find(|one| one["this"] == false).expect("a second one");
        self.ids.insert("session", other["id"].as_str().expect("an id").to_owned());
    }

    /// Places that nobody has taken in one term, and the same in the term after.
    async fn spare(&mut self) {
        let cast = &self.stage.cast;
        let later = cast.next_term("Omega", cast.who("host_coordinator")).await;
        let mut lines = Vec::new();
        for period in [json!(self.ids["period"]), later["id"].clone()] {
            let line = json!({
                "source": "agreement", "agreement": self.ids["agreement"], "home": cast.at("Alpha")["id"],
                "host": self.ids["host"], "period": period, "levels": ["third"], "unit": "heads", "capacity": 3,
            });
            lines.push(cast.who("home_coordinator").post("/place-lines", &line).await.ok());
        }
        self.ids.insert("spare", lines[0]["id"].as_str().expect("an id").to_owned());
    }

    /// Links that mails carry.
    async fn link(&mut self) {
        let app = &self.stage.cast.app;
        let invitation = app.link(&address("fellow"), TokenKind::Invitation).await;
        let locked_out = address("home_academic");
        app.accept(&locked_out).await;
        app.stranger().post("/auth/password-reset", &json!({ "email": locked_out })).await;
        let reset = app.link(&locked_out, TokenKind::PasswordReset).await;
        let digest = app.app.links.unsubscribe(app.person(&address("fellow")).await);
        let (walk, rae) = referred(&self.stage.cast).await;
        let act = links(&walk, rae).await.pop().expect("a link");
        let last = |path: &str| path.rsplit('/').next().expect("a token").to_owned();
        let (act, digest) = (last(&act), last(&digest));
        self.ids.extend([("invitation", invitation), ("digest", digest), ("act", act), ("reset", reset)]);
    }

    async fn meet(&mut self, who: &'static str) {
        if self.browsers.contains_key(who) {
            return;
        }
        let app = &self.stage.cast.app;
        let (visitor, page) = match who {
            "" => (Visitor::new(&app.address), "/login"),
            "secretariat" => (app.browsing(SECRETARIAT, LASTS).await, "/"),
            part => (app.browsing(&address(part), LASTS).await, "/"),
        };
        let seal = seal(&visitor.get(page).await.text());
        self.browsers.insert(who, (visitor, seal));
    }

    /// A text with what its names stand for; `absent`: with ids of nothing.
    pub fn named(&self, text: &str, absent: bool) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| {
            let absent = absent && !["number", "password", "source"].contains(name);
            text.replace(&format!("{{{name}}}"), if absent { NOTHING } else { id })
        })
    }

    /// The form of a row as its page holds it, filled in soundly as far as the row knows.
    pub async fn form(&self, row: &'static Row) -> Result<Filled, String> {
        let (visitor, seal) = &self.browsers[row.who];
        let path = self.named(row.at, false);
        let mut filled = Filled { row, path, multipart: false, controls: Vec::new(), fields: Vec::new() };
        if !row.page.is_empty() {
            let page = self.named(row.page, false);
            let shown = visitor.get(&page).await;
            let all = forms(&shown.text());
            let here = |action: &str| if action.is_empty() { page.clone() } else { action.to_owned() };
            let form = all.into_iter().find(|form| here(&form.action) == filled.path);
            let none = || format!("{} as {}: no such form on {page}, {}", row.at, row.who, shown.status);
            let form = form.ok_or_else(none)?;
            (filled.multipart, filled.controls) = (form.multipart, form.controls);
        }
        let held = filled.controls.iter().filter(|control| control.kind != "submit");
        filled.fields = held.filter_map(sample).collect();
        for (name, value) in row.fill {
            filled.set(name, &self.named(value, false));
        }
        filled.set("seal", seal);
        if row.page.is_empty() {
            filled.set("key", row.at);
        }
        Ok(filled)
    }

    /// Sends it.
    pub async fn post(&self, form: &Filled) -> Answer {
        let (visitor, _) = &self.browsers[form.row.who];
        let page = format!("{}{}", visitor.address, self.named(form.row.page, false));
        let request = visitor.post(&form.path, &visitor.address).header("Referer", page);
        if !form.multipart {
            return send(request.form(&form.fields)).await;
        }
        let whole = form.fields.iter().fold(Form::new(), |whole, (name, value)| match name.as_str() {
            "file" => whole.part("file", Part::text(value.clone()).file_name("a.pdf")),
            name => whole.text(name.to_owned(), value.clone()),
        });
        send(request.multipart(whole)).await
    }

    /// The same form about what is not there.
    pub fn elsewhere(&self, form: &Filled) -> Filled {
        Filled { path: self.named(form.row.at, true), ..form.clone() }
    }

    /// How many rows each table has, and the sum of their versions.
    pub async fn tables(&self) -> BTreeMap<String, i64> {
        let backend = self.tables.get_database_backend();
        let ask = async |sql: String| {
            self.tables
                .query_all_raw(Statement::from_string(backend, sql))
                .await
                .expect("the tables are read")
        };
        let all = match self.stage.cast.app.database.kind {
            Db::Sqlite => "SELECT name AS name FROM sqlite_master WHERE type = 'table'",
            Db::Postgres => {
                "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'"
            }
        };
        let mut counted = BTreeMap::new();
        for row in ask(all.to_owned()).await {
            let table: String = row.try_get("", "name").expect("a name");
            let rows = ask(format!("SELECT COUNT(*) AS many FROM \"{table}\"")).await;
            if ["locks", "refusals"].contains(&table.as_str()) {
                // What counts attempts and refusals.
                continue;
            }
            counted.insert(table, rows[0].try_get("", "many").expect("a number"));
        }
        counted
    }
}

impl Filled {
    /// Sets a field, once.
    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    /// The same with a field that says something else.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.set(name, value);
        other
    }

    /// The field into which somebody writes freely, where there is one.
    pub fn words(&self) -> Option<&str> {
        let of = |kind: &str| self.controls.iter().find(|control| control.kind == kind);
        of("textarea").or_else(|| of("text")).map(|control| control.name.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }
}

/// What a control sends: what it holds, or something that it takes.
fn sample(control: &Control) -> Option<(String, String)> {
    let value = match control.kind.as_str() {
        "checkbox" | "radio" if !control.checked && !control.required => return None,
        _ if !control.value.is_empty() => &control.value,
        // A list without an empty line holds its first.
        "select" if control.required || control.options.iter().all(|option| !option.is_empty()) => {
            control.options.iter().find(|option| !option.is_empty()).map_or("", |option| option)
        }
        "date" if control.required => "2031-01-02",
        "number" if control.required => {
            if control.low.is_empty() {
                "1"
            } else {
                &control.low
            }
        }
        "email" => "somebody@new.example",
        "password" => "a sentence that is long enough",
        "file" => "%PDF-1.7\n%%EOF\n",
        "text" | "textarea" if control.required => "Some words",
        _ => "",
    };
    Some((control.name.clone(), value.to_owned()))
}
