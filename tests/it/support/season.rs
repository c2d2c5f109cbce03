//! A call that is open by the machine's clock, with students to apply: for servers that run as processes of their own.

use std::process::Command;

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use sojourn::clock::Clock;

use super::actor::Actor;
use super::app::TestApp;
use super::database::{Db, TestDatabase};
use super::offers::{Offer, Pair, id};
use super::process::{Server, of_build, previous, sojourn};

/// Slots of the shipped exchange: a case walks without uploads.
const SLOTS: [&str; 4] = ["transcript", "motivation", "language_proof", "transcript_of_records"];

/// An alliance in a database, ready to be served by the binary.
#[derive(Debug)]
pub struct Season {
    pub database: TestDatabase,
    /// Ids of calls that are open and alike.
    pub calls: Vec<String>,
    /// What can be chosen in each, every one with places of its own where there are several.
    pub offerings: Vec<String>,
    /// Addresses of students who may apply to each.
    pub students: Vec<String>,
}

impl Season {
    /// Makes it through the API, as of now.
    pub async fn open(kind: Db, students: usize, calls: usize) -> Self {
        Self::asking(kind, (students, calls, 1), "off").await
    }

    /// One call for one student, who may upload what they like.
    pub async fn open_with_documents(kind: Db) -> Self {
        Self::asking(kind, (1, 1, 1), "optional").await
    }

    /// So many students, calls alike, and programmes that each call opens, each of which counts its own places where there are several;
    /// with documents as asked for.
    pub async fn asking(
        kind: Db,
        (students, calls, programmes): (usize, usize, usize),
        documents: &str,
    ) -> Self {
        let app = TestApp::spawn(kind).await;
        app.clock.set(Clock::system().now());
        let day = |days: i64| (app.clock.now() + TimeDelta::days(days)).date_naive();
        let pair = Pair::of(&app).await;
        let period = period(&pair, day(120), day(270)).await;
        let mut offers = vec![offer(&pair, &period).await];
        for _ in 1..programmes {
            offers.push(offer(&pair, &period).await);
        }
        if programmes > 1 {
            own_places(&pair, &offers).await;
        }
        places(&pair, day(-30), day(900)).await;
        let call = call(&pair, &offers, &day, documents);
        let mut opened = Vec::new();
        for _ in 0..calls {
            let row = pair.hanna.post("/calls", &call).await.ok();
            let path = format!("/calls/{}", id(&row));
            pair.hanna.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
            opened.push(id(&row).to_owned());
        }
        let mut addresses = Vec::new();
        for number in 1..=students {
            app.student(&pair.sol, &format!("anna{number}"), &pair.home).await;
            addresses.push(format!("anna{number}@student.example"));
        }
        app.app.store.clone().close().await.expect("the database closes");
        let offerings = offers.iter().map(|offer| id(&offer.offering).to_owned()).collect();
        Self { database: app.database, calls: opened, offerings, students: addresses }
    }

    /// The settings with which the binary serves it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let at = |name: &str| self.database.folder.path().join(name).display().to_string();
        vec![
            ("SOJOURN_DATABASE__URL", self.database.url.clone()),
            ("SOJOURN_AUTH__KEY_FILE", at("keys.toml")),
            ("SOJOURN_AUTH__ATTEMPTS_PER_ACCOUNT", "10000".to_owned()),
            ("SOJOURN_AUTH__ATTEMPTS_PER_ADDRESS", "10000".to_owned()),
            ("SOJOURN_FILES__DIR", at("files")),
            ("SOJOURN_MAIL__MAILDIR", at("mail")),
            ("SOJOURN_LOG__FILTER", "warn".to_owned()),
        ]
    }

    /// A server of its own over the same database.
    pub fn serve(&self) -> Server {
        let mut command = self.command();
        command.args(["serve", "--bind", "127.0.0.1:0"]);
        Server::start(command)
    }

    /// A server of the version before, where `SOJOURN_PREVIOUS` names its binary; else of this one.
    pub fn serve_previous(&self) -> Server {
        let mut command = self.command();
        if let Some(binary) = previous() {
            command = of_build(binary, self.database.folder.path(), &borrowed(&self.settings()));
        }
        command.args(["serve", "--bind", "127.0.0.1:0"]);
        Server::start(command)
    }

    /// A process of its own over the same database that has one part, and serves numbers besides.
    pub fn with_part(&self, part: &str) -> Server {
        let mut command = self.command();
        command.env("SOJOURN_WATCH__BIND", "127.0.0.1:0").args(["serve", part]);
        if part == "--http" {
            command.args(["--bind", "127.0.0.1:0"]);
        }
        Server::start(command)
    }

    /// The report of `sojourn verify`, without any difference.
    pub fn verified(&self) -> Value {
        let output = self.command().args(["verify", "--json"]).output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(report["differences"], 0, "{report}");
        report
    }

    /// The binary with the settings of the season.
    pub fn command(&self) -> Command {
        sojourn(self.database.folder.path(), &borrowed(&self.settings()))
    }

    /// Opens an application of one student to one call.
    pub async fn apply(&self, by: &Actor, call: usize) -> Value {
        by.post("/applications", &self.application(call)).await.ok()
    }

    /// The body of such an application.
    pub fn application(&self, call: usize) -> Value {
        json!({ "call_id": self.calls[call], "choices": [self.offerings[0]] })
    }
}

fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

async fn period(pair: &Pair, start_on: NaiveDate, end_on: NaiveDate) -> Value {
    let mut period = pair.period();
    period["start_on"] = json!(start_on);
    period["end_on"] = json!(end_on);
    pair.otto.post("/periods", &period).await.ok()
}

async fn offer(pair: &Pair, period: &Value) -> Offer {
    let programme = pair.otto.post("/programmes", &pair.programme()).await.ok();
    let path = format!("/programmes/{}", id(&programme));
    let offering =
        pair.otto.post(&format!("{path}/offerings"), &json!({ "period": period["id"] })).await.ok();
    let programme = pair.otto.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
    Offer { period: period.clone(), programme, offering }
}

async fn own_places(pair: &Pair, offers: &[Offer]) {
    for offer in offers {
        let line = json!({
            "source": "programme", "programme": offer.programme["id"], "unit": "heads", "capacity": 1_000_000,
        });
        pair.otto.post("/place-lines", &line).await.ok();
    }
}

async fn places(pair: &Pair, from: NaiveDate, until: NaiveDate) {
    let body = json!({
        "proposer": pair.home["id"], "partner": pair.host["id"], "valid_from_on": from, "valid_until_on": until,
    });
    let agreement = pair.hanna.post("/agreements", &body).await.ok();
    let path = format!("/agreements/{}", id(&agreement));
    pair.hanna.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    pair.otto.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok();
    let line = json!({
        "source": "agreement", "agreement": agreement["id"], "home": pair.home["id"], "host": pair.host["id"],
        "levels": [], "fields": [], "unit": "heads", "capacity": 5000, "reason": "As agreed.",
    });
    pair.hanna.post("/place-lines", &line).await.ok();
}

fn call(pair: &Pair, offers: &[Offer], day: &impl Fn(i64) -> NaiveDate, documents: &str) -> Value {
    let mut call = pair.call(&offers[0]);
    call["offerings"] = offers.iter().map(|offer| offer.offering["id"].clone()).collect();
    let dates = [("opens_on", -2), ("closes_on", 20), ("results_on", 40), ("nomination_closes_on", 60)];
    for (field, days) in dates {
        call[field] = json!(day(days));
    }
    call["waiting_list"] = json!(true);
    call["documents"] = SLOTS.iter().map(|slot| ((*slot).to_owned(), json!(documents))).collect();
    call
}
