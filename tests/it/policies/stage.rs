//! What the table of policies is asked about: two sets of everything, one that concerns most parts and one that does not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::elsewhere::places_of;
use crate::support::actor::Actor;
use crate::support::cast::{Cast, address, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::operations::Operation;
use crate::support::rounds::{Round, documents_at_will};
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Set {
    Ours,
    Theirs,
}

impl Set {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        }
    }
}

/// A day on which nothing of the tests happens.
const FAR: &str = "2031-01-01";

/// Ends of what wants no words.
const EMPTY: [&str; 8] =
    ["/allocations", "/approve", "/call-back", "/confirm", "/log-in", "/resend", "/retry", "/statements"];

pub struct Stage {
    pub cast: Cast,
    people: BTreeMap<&'static str, Actor>,
    /// Ids by what a path calls them: the segment before, for a second id the name of the parameter.
    ids: BTreeMap<(Set, &'static str), Value>,
}

impl Stage {
    pub async fn of(db: Db, settings: &str) -> Self {
        let cast = Cast::with(db, settings).await;
        let (sol, people) = (cast.who("secretariat").clone(), people(&cast).await);
        let mut stage = Self { cast, people, ids: BTreeMap::new() };
        stage.ours(&sol).await;
        stage.theirs(&sol).await;
        stage.share(&sol).await;
        stage
    }

    pub fn actor(&self, part: &str) -> Actor {
        match part {
            "anonymous" => self.cast.app.stranger(),
            part => self.people.get(part).unwrap_or_else(|| self.cast.who(part)).clone(),
        }
    }

    /// The address of an operation about one of the sets.
    pub fn path(&self, operation: &Operation, set: Set) -> String {
        let (mut before, mut path) = ("", Vec::new());
        for part in operation.path.split('/') {
            let Some(name) = part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
                before = part;
                path.push(part.to_owned());
                continue;
            };
            let name = if name == "id" { Self::kind(operation, before) } else { name };
            path.push(self.id(set, name).as_str().expect("text").to_owned());
        }
        let query = match operation.path.as_str() {
            path if path.ends_with("/holidays") || path.ends_with("/scores") => "?dry_run=true".to_owned(),
            path if path.ends_with("/place-lines/import") => {
                format!("?dry_run=true&institution={}", id(self.cast.at("Alpha")))
            }
            _ => String::new(),
        };
        path.join("/") + query.as_str()
    }

    /// What the first id of a path names, where that is not all of its kind.
    fn kind<'n>(operation: &Operation, before: &'n str) -> &'n str {
        let about = |part: &str| operation.path.contains(part);
        match before {
            "people" if about("/absences") || about("/roles") => "staff",
            "programmes" if about("/case") || about("/events") || about("/history") => "vetted",
            "programmes" if about("/offerings") => "offering programme",
            "calls" if about("/allocations") => "run call",
            before => before,
        }
    }

    pub fn id(&self, set: Set, name: &str) -> &Value {
        let found = self.ids.iter().find(|((of, known), _)| (*of, *known) == (set, name));
        found.map_or_else(|| panic!("nothing is called {name}: enter one"), |(_, id)| id)
    }

    /// Which sets a text speaks of.
    pub fn found(&self, text: &str) -> (bool, bool) {
        let speaks = |set: Set| {
            self.ids.iter().any(|((of, name), id)| {
                *of == set
                    && !["key", "kind", "n", "party", "track"].contains(name)
                    && text.contains(id.as_str().unwrap_or("-"))
            })
        };
        (speaks(Set::Ours), speaks(Set::Theirs))
    }

    pub(super) fn enter(&mut self, set: Set, name: &'static str, id: &Value) {
        self.ids.insert((set, name), id.clone());
    }

    /// Anna of Alpha, placed at Omega; an offer of Works.
    async fn ours(&mut self, sol: &Actor) {
        let round = self.cast.exchange(2, &documents_at_will("exchange")).await;
        let anna = self.people["applicant"].clone();
        let mut walk = Walk::open(&self.cast, &round, &anna).await;
        let document = anna.upload(&walk.case, "transcript", "marks.pdf", b"%PDF-1.7\n%%EOF\n").await.ok();
        for word in events("READY", EXCHANGE_LEGS) {
            take(&mut walk, &word).await;
        }
        let case = walk.case["id"].clone();
        let offer = json!({
            "kind": "internship", "host": self.cast.at("Works")["id"], "workflow": "internship", "title": "Bridges",
            "vetted_by": "internship-offer",
        });
        let offer = self.cast.who("employer").post("/programmes", &offer).await.ok();
        let alpha = self.cast.at("Alpha")["id"].clone();
        let line = sol.get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
        self.enter(Set::Ours, "applications", &case);
        self.enter(Set::Ours, "placements", &case);
        self.enter(Set::Ours, "doc_id", &document["id"]);
        self.enter(Set::Ours, "calls", &round.call["id"]);
        self.tried(Set::Ours, (&round.call["id"], &alpha, &case)).await;
        self.enter(Set::Ours, "agreements", &line["agreement"]);
        self.enter(Set::Ours, "place-lines", &line["id"]);
        self.enter(Set::Ours, "vetted", &offer["id"]);
        self.enter(Set::Ours, "programmes", &offer["id"]);
        self.offered(Set::Ours, &round.offerings[0]);
        self.member(sol, Set::Ours, &alpha, ("home_coordinator", "home_head"), "applicant").await;
    }

    /// Theo of Gamma, who has applied to Sigma; an offer of Works that is no longer its: a draft of Sigma.
    async fn theirs(&mut self, sol: &Actor) {
        let gamma = self.cast.at("Gamma")["id"].clone();
        let sigma = self.cast.at("Sigma")["id"].clone();
        let (other, second) = (self.cast.who("other_coordinator"), self.cast.who("second_coordinator"));
        let period = json!({
            "institution": sigma, "academic_year": 2026, "term": "S1", "name": "Autumn", "start_on": "2026-12-01",
            "end_on": "2027-02-10", "twelfths": 6,
        });
        let period = second.post("/periods", &period).await.ok();
        let programme = json!({ "kind": "exchange", "host": sigma, "workflow": "student-exchange", "title": "A term in Tokyo" });
        let open = second.post("/programmes", &programme).await.ok();
        let draft = second.post("/programmes", &programme).await.ok();
        let at = format!("/programmes/{}", id(&open));
        let offering = second.post(&format!("{at}/offerings"), &json!({ "period": period["id"] })).await.ok();
        second.patch(&at, &json!(1), &json!({ "status": "published" })).await.ok();
        let (agreement, line) = places_of(other, &gamma, &sigma).await;
        let call = json!({
            "title": "Tokyo", "homes": [gamma], "offerings": [offering["id"]], "opens_on": "2026-09-01",
            "closes_on": "2026-11-20", "tracks": {},
        });
        let call = merged(call, &documents_at_will("exchange"));
        let hidden = other.post("/calls", &call).await.ok();
        let call = other.post("/calls", &call).await.ok();
        let published = format!("/calls/{}", id(&call));
        let call = other.patch(&published, &json!(1), &json!({ "status": "published" })).await.ok();

        let theo = self.people["foreign"].clone();
        let open = call["id"].clone();
        let round = Round::of(call, vec![offering.clone()], vec![]);
        let walk = Walk::open(&self.cast, &round, &theo).await;
        let document = theo.upload(&walk.case, "transcript", "marks.pdf", b"%PDF-1.7\n%%EOF\n").await.ok();
        let seen = theo.get(&walk.path()).await.ok();
        theo.fire(&seen, "submit", json!({})).await.ok();
        let case = walk.case["id"].clone();
        self.enter(Set::Theirs, "applications", &case);
        self.enter(Set::Theirs, "placements", &case);
        self.enter(Set::Theirs, "doc_id", &document["id"]);
        self.enter(Set::Theirs, "calls", &hidden["id"]);
        self.tried(Set::Theirs, (&open, &gamma, &case)).await;
        self.enter(Set::Theirs, "agreements", &agreement["id"]);
        self.enter(Set::Theirs, "place-lines", &line["id"]);
        let vetted = self.vetted_elsewhere(sol).await;
        self.enter(Set::Theirs, "vetted", &vetted["id"]);
        self.enter(Set::Theirs, "programmes", &draft["id"]);
        self.offered(Set::Theirs, &offering);
        self.member(sol, Set::Theirs, &gamma, ("other_coordinator", "chair"), "foreign").await;
    }

    /// What a member has of its own: a unit, an absence, a role, a registration.
    async fn member(
        &mut self,
        sol: &Actor,
        set: Set,
        member: &Value,
        (staff, deputy): (&str, &str),
        student: &'static str,
    ) {
        let text = member.as_str().expect("an id");
        let unit = sol.post(&format!("/institutions/{text}/units"), &json!({ "name": "Arts" })).await.ok();
        let person = self.cast.person(staff).to_owned();
        let away =
            json!({ "deputy": self.cast.person(deputy), "from_on": "2030-01-01", "until_on": "2030-01-03" });
        let absence = self.cast.who(staff).post(&format!("/people/{person}/absences"), &away).await.ok();
        let role = sol.get(&format!("/people/{person}")).await.ok()["roles"][0]["id"].clone();
        self.own(set, student).await;
        let student = self.cast.app.person(&address(student)).await.to_string();
        let registration =
            sol.get(&format!("/people/{student}/registrations")).await.ok()["items"][0]["id"].clone();
        for name in ["institutions", "waits", "host"] {
            self.enter(set, name, member);
        }
        self.enter(set, "unit_id", &unit["id"]);
        self.enter(set, "staff", &json!(person));
        self.enter(set, "absence_id", &absence["id"]);
        self.enter(set, "role_id", &role);
        self.enter(set, "people", &json!(student));
        self.enter(set, "registration_id", &registration);
        let hold =
            sol.post(&format!("/people/{student}/holds"), &json!({ "reason": "An audit." })).await.ok();
        self.enter(set, "hold_id", &hold["id"]);
    }

    /// What somebody has of their own: a second session, and a log-in elsewhere.
    async fn own(&mut self, set: Set, part: &'static str) {
        let app = &self.cast.app;
        app.acting(&address(part)).await;
        let sessions = self.actor(part).get("/auth/sessions").await.ok();
        let all = sessions["items"].as_array().expect("sessions");
        let other = all.iter().find(|one| one["this"] == false).expect("a second one")["id"].clone();
        let identity = app.identity(&address(part), self.cast.at("Alpha")).await;
        self.enter(set, "sessions", &other);
        self.enter(set, "identities", &json!(identity));
    }

    /// What belongs to nobody, and so to both.
    async fn share(&mut self, sol: &Actor) {
        for (set, by) in [(Set::Ours, "home_coordinator"), (Set::Theirs, "other_coordinator")] {
            let of = self.id(set, "agreements").as_str().expect("text");
            let path = format!("/agreements/{of}/statements");
            let stated = self.cast.who(by).post(&path, &json!({})).await.ok();
            self.enter(set, "statement_id", &stated["id"]);
            self.tried_at_once(set, by).await;
        }
        let workflow = sol.get("/workflows").await.ok()["items"][1]["id"].clone();
        let term = sol.get("/chair-terms").await.ok()["items"][0]["id"].clone();
        let notices = sol.get("/notifications?limit=200").await.ok();
        let notices = notices["items"].as_array().expect("notices").clone();
        for (set, notice) in [(Set::Ours, notices.first()), (Set::Theirs, notices.last())] {
            self.enter(set, "workflows", &workflow);
            self.enter(set, "chair-terms", &term);
            self.enter(set, "notifications", &notice.expect("somebody was told")["id"]);
            let others = ["n 1", "track insurance", "key 1", "kind peers", "party secretariat"];
            for (name, value) in others.into_iter().filter_map(|pair| pair.split_once(' ')) {
                self.enter(set, name, &json!(value));
            }
            self.enter(set, "file", &json!("AAAAAAAAAAAAAAAAAAAAAA.ics"));
        }
    }

    /// A body that is sound in itself, and whose effect changes no right.
    #[expect(clippy::too_many_lines, reason = "a table, one line per operation")]
    pub fn body(&self, operation: &Operation, set: Set, part: &str) -> Option<Value> {
        operation.body.as_ref()?;
        let path = operation.path.trim_start_matches("/api/v1");
        let of = |name: &str| self.id(set, name);
        let title = format!("{part} {path}");
        Some(match (operation.method.as_str(), path) {
            ("POST", "/agreements") => json!({
                "proposer": self.cast.at("Alpha")["id"], "partner": self.cast.at("Omega")["id"],
                "valid_from_on": FAR, "valid_until_on": "2031-12-31",
            }),
            ("POST", "/applications") => json!({ "call_id": of("calls"), "choices": [of("offering_id")] }),
            ("POST", "/applications/events" | "/bulk") => {
                json!({ "event": "find_eligible", "items": [{ "id": of("applications"), "version": 9999 }] })
            }
            ("POST", "/agreements/{id}/events") => json!({ "event": "propose" }),
            ("POST", path) if path.ends_with("/events") => {
                json!({ "event": "suspend", "reason": { "code": "other", "text": "A while." } })
            }
            ("POST", "/auth/email") => {
                json!({ "email": "nobody@nowhere.example", "password": "not the one it is" })
            }
            ("POST", "/auth/email/confirm") => json!({ "token": "none" }),
            ("POST", "/auth/password") => {
                json!({ "present": "not the one it is", "password": "a sentence that is long enough" })
            }
            ("POST", "/auth/second-factor") => json!({ "password": "not the one it is" }),
            ("POST", "/auth/second-factor/confirm") => json!({ "code": "123456" }),
            ("POST", "/auth/second-factor/recovery-codes" | "/auth/second-factor/remove") => {
                json!({ "password": "not the one it is", "code": "123456" })
            }
            ("POST", "/auth/sign-up/confirm") => json!({
                "token": "none", "given_name": "A", "family_name": "B", "level": "first",
                "password": "a sentence that is long enough",
            }),
            ("PUT", path) if path.contains("/nomination-windows/") => json!({ "windows": [] }),
            ("POST", "/auth/token") => json!({ "grant_type": "refresh_token", "refresh_token": "none" }),
            // Without an address, so that nobody's tries are counted.
            ("POST", "/auth/password-reset" | "/auth/sign-up") => json!({ "email": null }),
            ("POST", "/auth/password-reset/confirm" | "/auth/invitations/accept") => {
                json!({ "token": "none", "password": "a sentence that is long enough" })
            }
            ("POST", "/calls") => json!({
                "title": title, "homes": [self.cast.at("Alpha")["id"]], "offerings": [of("offering_id")],
                "opens_on": "2026-09-01", "closes_on": "2026-11-20",
            }),
            ("POST", "/chair-terms") => json!({
                "institution": of("institutions"), "person": of("staff"), "from_on": "2029-01-01", "until_on": "2029-12-31",
            }),
            ("POST", "/institutions") => {
                json!({ "kind": "partner", "name": title, "country": "FR", "zone": "Europe/Paris" })
            }
            ("POST", path) if path.ends_with("/holidays") => {
                json!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n")
            }
            ("POST", path) if path.ends_with("/scores") => json!("score,student_no\n1,none\n"),
            ("PUT", path) if path.ends_with("/score") => json!({ "score": 1 }),
            ("POST", path) if path.ends_with("/messages") => json!({ "text": "Hello." }),
            ("POST", path) if path.ends_with("/units") => json!({ "name": part }),
            ("POST", "/people") => json!({
                "given_name": part, "family_name": "New", "email": format!("{part}.new@nowhere.example"),
                "registrations": [{ "institution": self.cast.at("Alpha")["id"], "level": "first" }],
            }),
            ("POST", "/people/import") => json!("given_name,family_name,email,level,institution\n"),
            ("POST", "/place-lines/import") => json!(format!(
                "partner,direction,places,valid_from_on,valid_until_on\nOmega,out,1,{FAR},2031-12-31\n"
            )),
            ("POST", path) if path.ends_with("/absences") => {
                json!({ "deputy": self.cast.person("home_head"), "from_on": FAR, "until_on": "2031-01-02" })
            }
            ("POST", path) if path.ends_with("/registrations") => {
                json!({ "institution": of("institutions"), "level": "third" })
            }
            ("POST", path) if path.ends_with("/roles") => {
                json!({ "duty": "grants", "institution": of("institutions"), "from_on": FAR })
            }
            ("POST", "/periods") => json!({
                "institution": self.cast.at("Omega")["id"], "academic_year": 2030, "term": "S1", "start_on": "2030-09-01",
                "end_on": "2030-12-31", "twelfths": 6,
            }),
            ("POST", "/place-lines") => json!({
                "source": "pool", "direction": "in", "host": self.cast.at("Omega")["id"], "unit": "heads", "capacity": 1,
            }),
            ("POST", path) if path.ends_with("/postings") => json!({ "amount": 1, "reason": "One more." }),
            ("POST", path) if path.ends_with("/carries") => {
                json!({ "to": of("place-lines"), "amount": 1, "reason": "Left." })
            }
            ("POST", "/programmes") => json!({
                "kind": "exchange", "host": self.cast.at("Omega")["id"], "workflow": "student-exchange", "title": title,
            }),
            ("POST", path) if path.ends_with("/offerings") => json!({ "period": of("periods") }),
            ("POST", path) if path.ends_with("/adopt") => json!({ "version": 1, "dry_run": true }),
            ("POST", path) if path.ends_with("/simulate") => json!({ "version": 1 }),
            ("POST", path) if path.ends_with("/check") || path.ends_with("/versions") => json!("id = 'x'"),
            ("POST" | "PUT", path) if EMPTY.iter().any(|end| path.ends_with(end)) => json!({}),
            ("POST", path) if ["/holds", "/dispute", "/settle"].iter().any(|end| path.ends_with(end)) => {
                json!({ "reason": "A dispute." })
            }
            ("POST", path) if path.ends_with("/erase") => json!({ "confirm": "nobody@nowhere.example" }),
            ("PUT", path) if path.contains("/consents/") => json!({ "text_version": 1 }),
            ("PATCH", _) => json!({}),
            _ => return None,
        })
    }
}

/// Those whom the cast does not have.
async fn people(cast: &Cast) -> BTreeMap<&'static str, Actor> {
    let sol = cast.who("secretariat");
    let mut people = BTreeMap::new();
    people.insert("applicant", cast.student("applicant").await);
    people.insert("fellow", cast.student("fellow").await);
    let gamma = json!({ "institution": cast.at("Gamma")["id"] });
    people.insert("foreign", cast.registered("foreign", &gamma).await);
    let past = json!([{
        "duty": "coordinator", "institution": cast.at("Alpha")["id"], "from_on": "2026-01-01", "until_on": "2026-01-02",
    }]);
    for (part, roles) in [("nobody", json!([])), ("ended", past)] {
        let body =
            json!({ "given_name": part, "family_name": "None", "email": address(part), "roles": roles });
        sol.post("/people", &body).await.ok();
        people.insert(part, cast.app.acting(&address(part)).await);
    }
    people
}
