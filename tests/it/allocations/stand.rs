//! A call of which every place is asked for, up to a run that is carried out.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, merged};
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::Walk;

/// Students by score; two places at Omega, two at Sigma, and everybody would rather go to Omega.
pub const SCORES: [(&str, f64); 5] =
    [("Anna", 90.0), ("Berta", 80.5), ("Carla", 70.0), ("Dora", 60.25), ("Edda", 50.0)];

/// A closed call with five applications that were found eligible.
#[derive(Debug)]
pub struct Stand<'c> {
    pub cast: &'c Cast,
    pub round: Round,
    pub walks: Vec<Walk<'c>>,
}

impl<'c> Stand<'c> {
    pub async fn of(cast: &'c Cast, change: &Value) -> Self {
        Self::with(cast, change, (2, &SCORES)).await
    }

    /// The same with so many places on each line, and other people.
    pub async fn with(cast: &'c Cast, change: &Value, (places, scores): (i32, &[(&str, f64)])) -> Self {
        let rules = merged(merged(without_documents(), &json!({ "scores": true })), change);
        let round = cast.exchange(places, &rules).await;
        let mut walks = Vec::new();
        for &(name, score) in scores {
            let mut walk = Walk::open(cast, &round, &cast.student(name).await).await;
            walk.act("student", "submit").await;
            scored(&walk, score).await;
            walk.look().await;
            walk.act("home_coordinator", "find_eligible").await;
            walks.push(walk);
        }
        Self { cast, round, walks }
    }

    pub fn close(&self) {
        self.cast.app.advance(TimeDelta::days(31));
    }

    pub fn home(&self) -> &Actor {
        self.cast.who("home_coordinator")
    }

    pub fn path(&self) -> String {
        format!("/calls/{}/allocations", id(&self.round.call))
    }

    pub async fn trial(&self) -> Value {
        self.home().post(&self.path(), &json!({})).await.ok()
    }

    pub fn at(&self, run: &Value) -> String {
        format!("{}/{}", self.path(), id(run))
    }

    pub async fn confirm(&self, by: &Actor, run: &Value) -> Answer {
        let request = by.request(Method::POST, &format!("{}/confirm", self.at(run)));
        let request = request.header("If-Match", etag(&run["version"])).json(&json!({}));
        send(request.header("Idempotency-Key", fresh_key())).await
    }

    /// Posts more or fewer places to a line.
    pub async fn post(&self, line: usize, amount: i32) {
        let path = format!("/place-lines/{}/postings", id(&self.round.lines[line]));
        self.home().post(&path, &json!({ "amount": amount, "reason": "As the host says." })).await.ok();
    }

    /// A trial, confirmed and carried out.
    pub async fn run(&self) -> Value {
        let trial = self.trial().await;
        self.confirm(self.home(), &trial).await.ok();
        self.carry().await;
        self.home().get(&self.at(&trial)).await.ok()
    }

    /// Carries confirmed runs out, as a worker does.
    pub async fn carry(&self) {
        self.cast.app.app.carry_runs_on(|| false).await.expect("carried out");
    }

    pub async fn states(&mut self) -> Vec<String> {
        let mut states = Vec::new();
        for walk in &mut self.walks {
            walk.look().await;
            let seen = walk.seen_by("home_coordinator").await;
            states.push(seen["state"].as_str().expect("a state").to_owned());
        }
        states
    }

    /// Units held and used of the lines to Omega and Sigma.
    pub async fn taken(&self) -> [(i64, i64); 2] {
        [self.walks[0].taken(&self.round.lines[0]).await, self.walks[0].taken(&self.round.lines[1]).await]
    }
}

pub async fn scored(walk: &Walk<'_>, score: f64) {
    scored_by(walk.holder("home_coordinator"), walk, score).await;
}

pub async fn scored_by(home: &Actor, walk: &Walk<'_>, score: f64) {
    let seen = home.get(&walk.path()).await.ok();
    let request = home.request(Method::PUT, &format!("{}/score", walk.path()));
    send(request.header("If-Match", etag(&seen["version"])).json(&json!({ "score": score }))).await.ok();
}

pub async fn in_chinese(by: &Actor, path: &str) -> Value {
    send(by.request(Method::GET, path).header("Accept-Language", "zh-Hant")).await.ok()
}
