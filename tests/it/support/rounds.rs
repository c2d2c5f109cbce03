//! Rounds to apply in: what hosts offer, the places there are, and a call of the home that opens it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sojourn::app::definitions::shipped;
use sojourn_engine::definition::{Definition, Resolver};
use sojourn_engine::vocabulary::Duty;

use super::actor::Actor;
use super::cast::{Cast, merged};
use super::offers::id;

/// A call with what it opens and the lines its places come from.
#[derive(Debug)]
pub struct Round {
    pub call: Value,
    /// What can be chosen, in the order applicants choose it.
    pub offerings: Vec<Value>,
    /// Lines: of an exchange the home's at each host and then the first host's own; of an internship the programme's.
    pub lines: Vec<Value>,
    /// Parts that act in roles of another name.
    pub parts: BTreeMap<String, &'static str>,
}

impl Round {
    /// A round in which every role has the name of its part.
    pub fn of(call: Value, offerings: Vec<Value>, lines: Vec<Value>) -> Self {
        Self { call, offerings, lines, parts: BTreeMap::new() }
    }
}

impl Cast {
    /// An exchange to Omega, which counts its own places too, and to Sigma, which does not; so many places on each line. The
    /// call closes at the end of September, hosts take nominations until the middle of November.
    pub async fn exchange(&self, places: i32, change: &Value) -> Round {
        let mut offerings = Vec::new();
        let mut lines = Vec::new();
        for (host, coordinator) in [("Omega", "host_coordinator"), ("Sigma", "second_coordinator")] {
            offerings.push(self.offering(host, self.who(coordinator), "exchange", "student-exchange").await);
            lines.push(self.agreed(host, self.who(coordinator), places).await);
        }
        let own = json!({
            "source": "pool", "direction": "in", "host": self.at("Omega")["id"], "unit": "heads", "capacity": places,
        });
        lines.push(self.who("host_coordinator").post("/place-lines", &own).await.ok());
        self.next_term("Omega", self.who("host_coordinator")).await;
        let call = self.call(&offerings, &merged(without(&EXCHANGE_TRACKS), change)).await;
        Round::of(call, offerings, lines)
    }

    /// An internship at Works with so many places.
    pub async fn internship(&self, places: i32, change: &Value) -> Round {
        let employer = self.who("employer");
        let offering = self.offering("Works", employer, "internship", "internship").await;
        self.internships(offering, places, change).await
    }

    /// The same at a programme of Works that is there already.
    pub async fn internship_at(&self, programme: &Value, places: i32, change: &Value) -> Round {
        let employer = self.who("employer");
        let period = self.spring(&self.at("Works")["id"], employer).await;
        let path = format!("/programmes/{}/offerings", id(programme));
        let offering = employer.post(&path, &json!({ "period": period["id"] })).await.ok();
        self.internships(offering, places, change).await
    }

    async fn internships(&self, offering: Value, places: i32, change: &Value) -> Round {
        let line = json!({
            "source": "programme", "programme": offering["programme"], "unit": "heads", "capacity": places,
        });
        let line = self.who("employer").post("/place-lines", &line).await.ok();
        let change = merged(without(&INTERNSHIP_TRACKS), change);
        let call = self.call(std::slice::from_ref(&offering), &change).await;
        Round::of(call, vec![offering], vec![line])
    }

    /// A programme of Omega with so many places of its own, which follows a shipped definition: `file` is its name.
    pub async fn programme_of(&self, kind: &str, file: &str, places: i32, change: &Value) -> Round {
        let definition = definition(file);
        let by = self.who("host_coordinator");
        let offering = self.offering("Omega", by, kind, &definition.id).await;
        let line = json!({
            "source": "programme", "programme": offering["programme"], "unit": "heads", "capacity": places,
        });
        let line = by.post("/place-lines", &line).await.ok();
        let call = self.call(std::slice::from_ref(&offering), change).await;
        let named = |resolver| part(resolver).unwrap_or("system");
        let parts = definition.roles.iter().map(|role| (role.name.clone(), named(&role.resolver)));
        Round { parts: parts.collect(), ..Round::of(call, vec![offering], vec![line]) }
    }

    async fn offering(&self, host: &str, by: &Actor, kind: &str, workflow: &str) -> Value {
        let host = &self.at(host)["id"];
        let period = self.spring(host, by).await;
        self.programme((host, by), kind, workflow, &period).await
    }

    async fn spring(&self, host: &Value, by: &Actor) -> Value {
        let period = json!({
            "institution": host, "academic_year": 2026, "term": "S2", "name": "Spring", "start_on": "2027-02-15",
            "end_on": "2027-06-30", "twelfths": 6,
        });
        self.term(&period, by).await
    }

    /// A term of an institution's calendar, entered when it is not there yet.
    async fn term(&self, period: &Value, by: &Actor) -> Value {
        let path = format!("/periods?institution={}", period["institution"].as_str().expect("an id"));
        let known = by.get(&path).await.ok();
        let same = |one: &&Value| {
            (&one["academic_year"], &one["term"]) == (&period["academic_year"], &period["term"])
        };
        match known["items"].as_array().expect("periods").iter().find(same) {
            Some(known) => known.clone(),
            None => by.post("/periods", period).await.ok(),
        }
    }

    /// A tour of Omega and Sigma for so many students of Alpha: at both at once, or at Sigma in the term after.
    pub async fn tour(&self, places: i32, in_sequence: bool, change: &Value) -> Round {
        let (kind, definition) = ("multi_campus", definition("multi-campus"));
        let first = self.offering("Omega", self.who("host_coordinator"), kind, &definition.id).await;
        let by = self.who("second_coordinator");
        let second = if in_sequence {
            let period = self.next_term("Sigma", by).await;
            self.programme((&self.at("Sigma")["id"], by), kind, &definition.id, &period).await
        } else {
            self.offering("Sigma", by, kind, &definition.id).await
        };
        let pool = json!({
            "source": "pool", "direction": "out", "home": self.at("Alpha")["id"], "unit": "heads", "capacity": places,
        });
        let line = self.who("home_coordinator").post("/place-lines", &pool).await.ok();
        let offerings = vec![first, second];
        let call = self.call(&offerings, change).await;
        Round::of(call, offerings, vec![line])
    }

    /// The term of a host after the one that is offered.
    pub async fn next_term(&self, host: &str, by: &Actor) -> Value {
        let period = json!({
            "institution": self.at(host)["id"], "academic_year": 2027, "term": "S1", "name": "Autumn",
            "start_on": "2027-09-06", "end_on": "2028-01-14", "twelfths": 6,
        });
        self.term(&period, by).await
    }

    /// A second programme of the exchange's first host in the same period: its places come from the same lines.
    pub async fn beside(&self, round: &Round) -> Value {
        let host = (&self.at("Omega")["id"], self.who("host_coordinator"));
        let period = json!({ "id": round.offerings[0]["period"] });
        self.programme(host, "exchange", "student-exchange", &period).await
    }

    async fn programme(
        &self,
        (host, by): (&Value, &Actor),
        kind: &str,
        workflow: &str,
        period: &Value,
    ) -> Value {
        let programme = json!({
            "kind": kind, "host": host, "workflow": workflow, "title": "A term away", "fields": ["06"],
            "levels": ["first", "second"], "languages": ["en:B2"], "gives_credit": true,
        });
        let programme = by.post("/programmes", &programme).await.ok();
        let path = format!("/programmes/{}", id(&programme));
        let offering = by.post(&format!("{path}/offerings"), &json!({ "period": period["id"] })).await.ok();
        by.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
        offering
    }

    async fn agreed(&self, host: &str, partner: &Actor, places: i32) -> Value {
        let (home, host) = (&self.at("Alpha")["id"], &self.at(host)["id"]);
        let body = json!({
            "proposer": home, "partner": host, "valid_from_on": "2026-09-01", "valid_until_on": "2029-08-31",
        });
        let by = self.who("home_coordinator");
        let agreement = by.post("/agreements", &body).await.ok();
        let path = format!("/agreements/{}", id(&agreement));
        by.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
        partner.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok();
        self.app.act_on_clocks().await;
        let line = json!({
            "source": "agreement", "agreement": agreement["id"], "home": home, "host": host, "unit": "heads",
            "capacity": places,
        });
        by.post("/place-lines", &line).await.ok()
    }

    /// A published call for the offerings.
    pub async fn call(&self, offerings: &[Value], change: &Value) -> Value {
        let ids: Vec<&Value> = offerings.iter().map(|offering| &offering["id"]).collect();
        let body = json!({
            "title": "Spring 2027", "homes": [self.at("Alpha")["id"]], "offerings": ids, "opens_on": "2026-09-01",
            "closes_on": "2026-09-30", "results_on": "2026-10-15", "nomination_closes_on": "2026-11-15",
            "host_decision_on": "2026-12-15", "waiting_list": true, "next_choice_allowed": true,
        });
        let by = self.who("home_coordinator");
        let call = by.post("/calls", &merged(body, change)).await.ok();
        let path = format!("/calls/{}", id(&call));
        by.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok()
    }
}

/// The shipped definition in a file.
pub fn definition(file: &str) -> Definition {
    let source = shipped().into_iter().find(|(name, _)| name == file);
    let (_, source) = source.unwrap_or_else(|| panic!("no definition {file} is shipped"));
    Definition::parse(&source).expect("the definition is sound")
}

/// The part that acts for a resolver at Alpha, which sends, and at Omega.
fn part(resolver: &Resolver) -> Option<&'static str> {
    match resolver {
        Resolver::Applicant => Some("student"),
        Resolver::Secretariat => Some("secretariat"),
        Resolver::Chair => Some("chair"),
        Resolver::Home(Duty::Coordinator) => Some("home_coordinator"),
        Resolver::Home(Duty::Head) => Some("home_head"),
        Resolver::Home(Duty::Academic) => Some("home_academic"),
        Resolver::Home(Duty::Grants) => Some("home_grants"),
        Resolver::Host(Duty::Coordinator) => Some("host_coordinator"),
        Resolver::Host(Duty::Head) => Some("host_head"),
        Resolver::Host(Duty::Academic) => Some("host_academic"),
        Resolver::Host(Duty::Grants) => Some("host_grants"),
        Resolver::Home(_) | Resolver::Host(_) | Resolver::Link(_) | Resolver::System => None,
    }
}

/// Every document of a shipped definition may be supplied, and none has to be.
pub fn documents_at_will(file: &str) -> Value {
    let slots = definition(file).documents.into_iter().map(|slot| (slot.name, json!("optional")));
    json!({ "documents": slots.collect::<Map<String, Value>>() })
}

/// No document of a shipped definition is asked for.
pub fn without_documents_of(file: &str) -> Value {
    let slots: Vec<String> = definition(file).documents.into_iter().map(|slot| slot.name).collect();
    json!({ "documents": off(&slots.iter().map(String::as_str).collect::<Vec<_>>()) })
}

const EXCHANGE_TRACKS: [&str; 6] =
    ["references", "documents", "learning_agreement", "insurance", "visa", "grant"];
const INTERNSHIP_TRACKS: [&str; 4] = ["programme_of_work", "insurance", "visa", "incident"];

/// No track is asked for, unless a test says otherwise.
fn without(tracks: &[&str]) -> Value {
    let off: Map<String, Value> = tracks.iter().map(|track| ((*track).to_owned(), json!(false))).collect();
    json!({ "tracks": off })
}

/// No document is asked for, in either workflow, and no track.
pub fn without_documents() -> Value {
    let slots = ["transcript", "motivation", "language_proof", "transcript_of_records", "insurance_proof"];
    merged(without(&EXCHANGE_TRACKS), &json!({ "documents": off(&slots) }))
}

/// The same for internships.
pub fn without_work_documents() -> Value {
    let slots = ["cv", "motivation", "transcript", "certificate", "internship_report", "insurance_proof"];
    merged(without(&INTERNSHIP_TRACKS), &json!({ "documents": off(&slots) }))
}

fn off(slots: &[&str]) -> Value {
    slots.iter().map(|slot| ((*slot).to_owned(), json!("off"))).collect::<Map<_, _>>().into()
}
