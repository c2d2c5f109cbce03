//! One application on its way, moved through the API by those who may.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use sojourn::app::transition::fire_as_system;
use sojourn_engine::vocabulary::Via;

use super::actor::Actor;
use super::answer::Answer;
use super::cast::Cast;
use super::rounds::Round;

/// Clocks that may run out before the one that a walk is about.
const MOST_CLOCKS: usize = 12;

/// An application and its student.
#[derive(Debug)]
pub struct Walk<'a> {
    pub cast: &'a Cast,
    pub student: Actor,
    /// As the student saw it last.
    pub case: Value,
    /// Parts that act in roles of another name.
    parts: BTreeMap<String, &'static str>,
}

impl<'a> Walk<'a> {
    /// Opens an application for every offering of the round, in its order.
    pub async fn open(cast: &'a Cast, round: &Round, student: &Actor) -> Self {
        Self::open_with(cast, round, student, &json!({})).await
    }

    /// The same with more in the body.
    pub async fn open_with(cast: &'a Cast, round: &Round, student: &Actor, change: &Value) -> Self {
        let choices: Vec<&Value> = round.offerings.iter().map(|offering| &offering["id"]).collect();
        let body = json!({ "call_id": round.call["id"], "choices": choices });
        let case = student.post("/applications", &super::cast::merged(body, change)).await.ok();
        Self { cast, student: student.clone(), case, parts: round.parts.clone() }
    }

    /// The address of the case.
    pub fn path(&self) -> String {
        format!("/applications/{}", self.case["id"].as_str().expect("an id"))
    }

    /// Whoever holds a role in the case now.
    pub fn holder(&self, role: &str) -> &Actor {
        let at_second = self.case["host"]["id"] == self.cast.at("Sigma")["id"];
        match self.parts.get(role).copied().unwrap_or(role) {
            "student" => &self.student,
            "host_coordinator" | "host_head" if at_second => self.cast.who("second_coordinator"),
            // Duties that nobody has fall to the head; a coordinator of another member gives references.
            "grants" if self.cast.has("home_grants") => self.cast.who("home_grants"),
            "grants" | "safety" => self.cast.who("home_head"),
            "host_academic" if !self.cast.has("host_academic") => self.cast.who("host_head"),
            "referee" => self.cast.who("other_coordinator"),
            part => self.cast.who(part),
        }
    }

    /// The case as somebody sees it.
    pub async fn seen_by(&self, role: &str) -> Value {
        self.holder(role).get(&self.path()).await.ok()
    }

    /// Fires an event with what its offer asks for, a minute later.
    pub async fn act(&mut self, role: &str, event: &str) -> Value {
        self.act_with(role, event, &json!({})).await
    }

    /// The same with data of one's own beside what must be there.
    pub async fn act_with(&mut self, role: &str, event: &str, data: &Value) -> Value {
        self.act_on(None, role, event, data).await
    }

    /// The same for an instance of a track, by the track's name and its key.
    pub async fn act_on(
        &mut self,
        track: Option<(&str, &str)>,
        role: &str,
        event: &str,
        data: &Value,
    ) -> Value {
        let (seen, body) = self.asked(track, role, event, data).await;
        self.cast.app.advance(TimeDelta::minutes(1));
        let part = track.map_or_else(String::new, |(track, key)| format!("/tracks/{track}/{key}"));
        let answer = self.holder(role).fire_at(&seen, &part, &body).await.ok();
        self.look().await;
        answer
    }

    /// The case as whoever holds a role sees it, and a body that fires an event with what its offer asks for.
    pub async fn asked(
        &self,
        track: Option<(&str, &str)>,
        role: &str,
        event: &str,
        data: &Value,
    ) -> (Value, Value) {
        let seen = self.seen_by(role).await;
        let offer = offer_of(&seen, track, event);
        assert_eq!(offer["legal"], true, "{event} by {role} in {}: {offer}", seen["state"]);
        let mut body =
            json!({ "event": event, "data": super::cast::merged(sample(&offer["input"], &seen), data) });
        if let Some(code) = offer["reasons"][0]["code"].as_str() {
            body["reason"] = json!({ "code": code, "text": "As talked over." });
        }
        (seen, body)
    }

    /// Fires an event of one stay with what its offer asks for, a minute later, as whoever holds the role at its host.
    pub async fn act_at(&mut self, stay: usize, role: &str, event: &str) {
        let host = self.case["choices"][stay - 1]["host"]["id"] == self.cast.at("Sigma")["id"];
        let actor = match role {
            "host_coordinator" if host => self.cast.who("second_coordinator"),
            role => self.holder(role),
        };
        let seen = actor.get(&self.path()).await.ok();
        let key = stay.to_string();
        let mut offers = seen["offers"].as_array().expect("offers").iter();
        let offer = offers.find(|offer| offer["event"] == event && offer["key"] == key.as_str());
        let offer = offer.unwrap_or_else(|| panic!("{event} is not offered at stay {stay}: {seen}"));
        assert_eq!(offer["legal"], true, "{event} by {role} at stay {stay}: {offer}");
        let mut body = json!({ "event": event, "data": sample(&offer["input"], &seen) });
        if let Some(code) = offer["reasons"][0]["code"].as_str() {
            body["reason"] = json!({ "code": code, "text": "As talked over." });
        }
        self.cast.app.advance(TimeDelta::minutes(1));
        actor.fire_at(&seen, &format!("/tracks/stay/{stay}"), &body).await.ok();
        self.look().await;
    }

    /// Fires an event as written, a minute later, whatever comes of it.
    pub async fn attempt(&self, role: &str, body: &Value) -> Answer {
        self.cast.app.advance(TimeDelta::minutes(1));
        let version = self.student.get(&self.path()).await.ok()["version"].clone();
        let case = json!({ "id": self.case["id"], "version": version });
        self.holder(role).fire_as(&case, body).await
    }

    /// Moves the clock to the first end of a clock of the case.
    pub fn until_due(&self) {
        let due: DateTime<Utc> =
            self.case["due_at"].as_str().and_then(|at| at.parse().ok()).expect("a clock runs");
        self.cast.app.clock.set(due.max(self.cast.app.clock.now()));
    }

    /// Fires an event as the system at the instant there is.
    pub async fn system(&mut self, event: &str, data: &Value) {
        self.system_on(None, event, data).await;
    }

    /// The same for an instance of a track.
    pub async fn system_on(&mut self, track: Option<(&str, &str)>, event: &str, data: &Value) {
        self.cast.app.advance(TimeDelta::minutes(1));
        let at = self.cast.app.clock.moment();
        let id = self.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let data: Map<String, Value> = data.as_object().expect("an object").clone();
        let track = track.map(|(track, key)| (track.to_owned(), key.to_owned()));
        let fired = fire_as_system(&self.cast.app.app, &at, Via::Clock, id, (track, event), &data).await;
        fired.unwrap_or_else(|error| panic!("{event} in {}: {error}", self.case["state"]));
        self.look().await;
    }

    /// Lets clocks run out, one after the other, until the end of one has fired the event.
    pub async fn expire(&mut self, event: &str) {
        let steps = self.history().await.len();
        for _ in 0..MOST_CLOCKS {
            let before = self.cast.app.clock.now();
            self.until_due();
            if self.cast.app.clock.now() == before {
                // One that nobody has acted by runs on, and another may end later.
                self.cast.app.advance(TimeDelta::days(7));
            }
            self.cast.app.act_on_clocks().await;
            self.look().await;
            let mut since = self.history().await.into_iter().skip(steps);
            if since.any(|step| step["event"] == event && step["via"] == "clock") {
                return;
            }
        }
        panic!("{event} was not fired in {}", self.case["state"]);
    }

    /// The id of the choice with that rank.
    pub fn choice(&self, rank: usize) -> &Value {
        &self.case["choices"][rank - 1]["id"]
    }

    /// The case as the student sees it now.
    pub async fn look(&mut self) {
        self.case = self.student.get(&self.path()).await.ok();
    }

    /// Every step, as the secretariat reads it.
    pub async fn history(&self) -> Vec<Value> {
        let page = self.cast.who("secretariat").get(&format!("{}/history?limit=200", self.path())).await.ok();
        assert_eq!(page["next"], Value::Null);
        page["items"].as_array().expect("steps").clone()
    }

    /// What a line has: held and used.
    pub async fn taken(&self, line: &Value) -> (i64, i64) {
        let path = format!("/place-lines/{}", line["id"].as_str().expect("an id"));
        let line = self.cast.who("secretariat").get(&path).await.ok();
        (line["held"].as_i64().expect("a number"), line["used"].as_i64().expect("a number"))
    }
}

/// The offer of an event in a view.
#[track_caller]
pub fn offer<'v>(view: &'v Value, event: &str) -> &'v Value {
    offer_of(view, None, event)
}

/// The offer of an event of the main machine, or of an instance of a track.
#[track_caller]
pub fn offer_of<'v>(view: &'v Value, track: Option<(&str, &str)>, event: &str) -> &'v Value {
    let its = |offer: &&Value| {
        let here = track
            .map_or((&Value::Null, &Value::Null) == (&offer["track"], &offer["key"]), |(name, key)| {
                offer["track"] == name && offer["key"] == key
            });
        here && offer["event"] == event
    };
    let mut offers = view["offers"].as_array().expect("offers").iter();
    offers.find(its).unwrap_or_else(|| panic!("{track:?} {event} is not offered: {view}"))
}

/// Input that fits an offer's schema: what must be there, nothing more.
fn sample(schema: &Value, view: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let field = |field: &str| {
        let value = match field {
            "email" => json!(super::cast::address("other_coordinator")),
            _ => of_kind(&schema["properties"][field], view),
        };
        (field.to_owned(), value)
    };
    required.map(field).collect::<Map<_, _>>().into()
}

fn of_kind(kind: &Value, view: &Value) -> Value {
    if kind["x-is"] == "choice" {
        return view["choices"][0]["id"].clone();
    }
    if kind["format"] == "date" {
        return json!("2027-12-15");
    }
    match kind["type"].as_str() {
        Some("boolean") => json!(true),
        Some("integer") => kind["minimum"].clone(),
        Some("number") => json!(1),
        _ => json!("As talked over."),
    }
}
