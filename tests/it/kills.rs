//! A server that is killed under load keeps everything it has acknowledged, and nothing happens twice.
//!
//! Students and coordinators walk applications as fast as they are answered, while the process is killed again and again
//! without warning. Whoever gets no answer asks again with the same key, as every client should.

mod failover;
mod rolling;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::{Rng, RngExt};
use reqwest::Client;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::actor::{Actor, etag, fresh_key};
use crate::support::answer::Answer;
use crate::support::app::PASSWORD;
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::offers::id;
use crate::support::process::Server;
use crate::support::season::Season;
use crate::support::seed::{random, seed};

/// Applications that are walked at the same time, each by a student of its own.
const WALKERS: usize = 8;
/// Calls a student applies to, one after the other; more than any run needs.
const CALLS: usize = 60;
/// No answer and no new server for so long: the test hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// What all walkers share.
#[derive(Debug)]
struct Load {
    client: Client,
    /// Where the server listens; `None` while there is none.
    address: watch::Receiver<Option<String>>,
    /// Requests sent so far.
    sent: watch::Sender<u64>,
    /// Requests that were sent and never answered.
    cut_off: AtomicU64,
    /// Those among them that had been done all the same.
    unheard: AtomicU64,
    /// Events that were answered with success.
    acknowledged: AtomicU64,
    /// Requests sent again with their key although they had been answered.
    repeated: AtomicU64,
    /// Whether walkers may begin another step.
    goes_on: watch::Receiver<bool>,
}

/// A request that may be sent again.
#[derive(Debug, Clone)]
struct Request {
    token: String,
    path: String,
    if_match: Option<String>,
    key: String,
    body: Value,
}

impl Load {
    /// Sends until somebody answers. A server that is still ending another attempt is asked again.
    async fn send(&self, request: &Request) -> (Answer, bool) {
        let mut again = false;
        loop {
            let mut address = self.address.clone();
            let known = tokio::time::timeout(PATIENCE, address.wait_for(Option::is_some)).await;
            let here = known.expect("a server comes back").expect("the test goes on").clone();
            self.sent.send_modify(|sent| *sent += 1);
            match self.once(here.as_deref().unwrap_or_default(), request).await {
                Ok(answer) if !is_passing(&answer) => return (answer, again),
                Ok(answer) if answer.status == 429 => {
                    let pause = Duration::from_secs(answer.header("retry-after").parse().expect("seconds"));
                    tokio::time::timeout(pause, address.wait_for(|now| *now != here)).await.map(drop).ok();
                }
                Ok(_) => again = true,
                Err(_) => {
                    again = true;
                    self.cut_off.fetch_add(1, Ordering::Relaxed);
                    let other = tokio::time::timeout(PATIENCE, address.wait_for(|now| *now != here)).await;
                    drop(other.expect("no answer, although no server was killed"));
                    self.look(request).await;
                }
            }
        }
    }

    async fn sign_in(&self, email: &str) -> String {
        let body = json!({ "grant_type": "password", "email": email, "password": PASSWORD });
        let (path, key) = ("/auth/token".to_owned(), String::new());
        let request = Request { token: String::new(), path, if_match: None, key, body };
        self.send(&request).await.0.ok()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Counts an event that was done although nobody heard the answer.
    async fn look(&self, request: &Request) {
        let here = self.address.clone().wait_for(Option::is_some).await.expect("the test goes on").clone();
        let path = request.path.trim_end_matches("/events");
        let address = format!("{}/api/v1{path}", here.unwrap_or_default());
        let Some(read) = &request.if_match else { return };
        // This read may meet the next kill; then the event is not counted.
        if let Ok(case) = self.client.get(address).bearer_auth(&request.token).send().await {
            let now = case.headers().get("ETag").and_then(|value| value.to_str().ok());
            self.unheard.fetch_add(u64::from(now.is_some_and(|now| now != read)), Ordering::Relaxed);
        }
    }

    async fn once(&self, address: &str, request: &Request) -> reqwest::Result<Answer> {
        let mut sending = self.client.post(format!("{address}/api/v1{}", request.path)).json(&request.body);
        if !request.token.is_empty() {
            sending = sending.bearer_auth(&request.token).header("Idempotency-Key", &request.key);
        }
        if let Some(version) = &request.if_match {
            sending = sending.header("If-Match", version);
        }
        let response = sending.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
    }
}

/// Answers that say "not now": a worker of the killed process may still hold its place in PostgreSQL, and log-ins that were cut off
/// are given back a little later.
fn is_passing(answer: &Answer) -> bool {
    answer.status == 503 || ([409, 429].contains(&answer.status) && !answer.header("retry-after").is_empty())
}

/// An event that was answered with success.
#[derive(Debug, PartialEq, Eq)]
struct Acknowledged {
    event: String,
    state: String,
    /// The version the answer told.
    version: i64,
}

/// One student with the applications they open.
struct Walker {
    load: Arc<Load>,
    season: Arc<Season>,
    email: String,
    tokens: BTreeMap<&'static str, String>,
    random: rand::rngs::ChaCha12Rng,
    /// By application, in the order of the answers.
    told: BTreeMap<String, Vec<Acknowledged>>,
    last: Option<(Request, Answer)>,
}

/// Who moves an application on, and by what.
const ROAD: [(&str, &str); 8] = [
    ("student", "submit"),
    ("home", "find_eligible"),
    ("home", "allocate"),
    ("student", "accept_offer"),
    ("home", "nominate"),
    ("host", "acknowledge"),
    ("host", "approve"),
    ("student", "confirm"),
];

/// The coordinators of home and host, who sign in with every walker.
const STAFF: [(&str, &str); 2] =
    [("home", "coordinator@alpha.example"), ("host", "coordinator@omega.example")];

impl Walker {
    async fn walk(mut self) -> BTreeMap<String, Vec<Acknowledged>> {
        for call in 0..CALLS {
            if !self.one(call).await {
                break;
            }
        }
        self.told
    }

    /// Walks one application; `false` when the test is over.
    async fn one(&mut self, call: usize) -> bool {
        let body = self.season.application(call);
        for (role, email) in STAFF {
            let token = self.load.sign_in(email).await;
            self.tokens.insert(role, token);
        }
        let token = self.load.sign_in(&self.email).await;
        self.tokens.insert("student", token);
        let mut case = self.step("student", "create", "/applications".to_owned(), None, body).await;
        for _ in 0..self.random.random_range(0..3) {
            case = self.fire("student", "submit", &case).await;
            case = self.fire("student", "take_back", &case).await;
        }
        for (role, event) in ROAD {
            if !*self.load.goes_on.borrow() {
                return false;
            }
            case = self.fire(role, event, &case).await;
        }
        true
    }

    async fn fire(&mut self, role: &'static str, event: &str, case: &Value) -> Value {
        let data = match event {
            "allocate" => json!({ "choice": case["choices"][0]["id"] }),
            "nominate" | "approve" => json!({ "no_conflict": true }),
            _ => json!({}),
        };
        let path = format!("/applications/{}/events", case["id"].as_str().expect("an id"));
        let body = json!({ "event": event, "data": data });
        self.step(role, event, path, Some(etag(&case["version"])), body).await
    }

    async fn step(
        &mut self,
        role: &'static str,
        event: &str,
        path: String,
        if_match: Option<String>,
        body: Value,
    ) -> Value {
        let token = self.tokens[role].clone();
        let request = Request { token, path, if_match, key: fresh_key(), body };
        let (answer, cut_off) = self.load.send(&request).await;
        let view = answer.ok();
        self.load.acknowledged.fetch_add(1, Ordering::Relaxed);
        self.told.entry(view["id"].as_str().expect("an id").to_owned()).or_default().push(Acknowledged {
            event: event.to_owned(),
            state: view["state"].as_str().expect("a state").to_owned(),
            version: view["version"].as_i64().expect("a version"),
        });
        if cut_off {
            self.ask_again().await;
        }
        self.last = Some((request, answer));
        view
    }

    /// What was answered before the kill is answered after it byte for byte, and done once.
    async fn ask_again(&self) {
        let Some((request, first)) = &self.last else { return };
        let (again, _) = self.load.send(request).await;
        assert_eq!((again.status, again.text()), (first.status, first.text()), "{request:?}");
        assert_eq!(again.header("etag"), first.header("etag"), "{request:?}");
        self.load.repeated.fetch_add(1, Ordering::Relaxed);
    }
}

/// Kills and restarts until there was enough of everything; gives back the last server and the number of kills.
async fn kill_often(
    season: &Season,
    load: &Load,
    address: &watch::Sender<Option<String>>,
    random: &mut impl Rng,
) -> (Server, u64) {
    let mut server = season.serve();
    address.send_replace(Some(server.address.clone()));
    let mut sent = load.sent.subscribe();
    let mut killed = 0;
    let enough = |killed: u64| {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let acknowledged = read(&load.acknowledged) >= count("acknowledged_events");
        // A key is only put to the test where its event was done and the answer lost.
        killed >= count("kills_http") && acknowledged && read(&load.unheard) > 0
    };
    while !enough(killed) {
        let until = *sent.borrow() + random.random_range(WALKERS as u64..64);
        let more = tokio::time::timeout(PATIENCE, sent.wait_for(|sent| *sent >= until)).await;
        drop(more.expect("the walkers go on"));
        for _ in 0..random.random_range(0..500) {
            tokio::task::yield_now().await;
        }
        server.kill();
        killed += 1;
        address.send_replace(None);
        server = season.serve();
        address.send_replace(Some(server.address.clone()));
    }
    (server, killed)
}

/// What each walker was told, by application.
type Walks = JoinSet<BTreeMap<String, Vec<Acknowledged>>>;

/// Lets every student of the season walk.
fn set_out(
    season: &Arc<Season>,
    address: watch::Receiver<Option<String>>,
    goes_on: watch::Receiver<bool>,
    dice: &mut impl Rng,
) -> (Arc<Load>, Walks) {
    let load = Arc::new(Load {
        client: Client::new(),
        address,
        sent: watch::Sender::new(0),
        cut_off: AtomicU64::new(0),
        unheard: AtomicU64::new(0),
        acknowledged: AtomicU64::new(0),
        repeated: AtomicU64::new(0),
        goes_on,
    });
    let mut walks = JoinSet::new();
    for email in &season.students {
        let walker = Walker {
            load: Arc::clone(&load),
            season: Arc::clone(season),
            email: email.clone(),
            tokens: BTreeMap::new(),
            random: random(dice.next_u64()),
            told: BTreeMap::new(),
            last: None,
        };
        walks.spawn(walker.walk());
    }
    (load, walks)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_every_kill_and_nothing_happens_twice(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let seed = seed();
    let mut dice = random(seed);
    let season = Arc::new(Season::open(db, WALKERS, CALLS).await);
    let (address, here) = watch::channel(None);
    let (stop, goes_on) = watch::channel(true);
    let (load, walks) = set_out(&season, here, goes_on, &mut dice);

    let (server, kills) = kill_often(&season, &load, &address, &mut dice).await;
    stop.send_replace(false);
    let told: BTreeMap<String, Vec<Acknowledged>> = walks.join_all().await.into_iter().flatten().collect();

    let acknowledged: usize = told.values().map(Vec::len).sum();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (cut_off, repeated) = (read(&load.cut_off), read(&load.repeated));
    assert!(acknowledged as u64 >= count("acknowledged_events"), "{acknowledged}");
    assert!(cut_off >= kills, "kills hit requests that were under way: {cut_off} in {kills}");
    assert!(repeated > 0, "an answered request was sent again after a kill");
    let unheard = read(&load.unheard);
    assert!(unheard > 0, "an event was done and its answer lost, and its key tried");
    let rows = everything_is_there(&server.address, &told).await;
    drop(server);
    assert_eq!(season.verified()["steps"], rows);
    let result = format!(
        "{acknowledged} events acknowledged, {cut_off} requests cut off ({unheard} of them done), {repeated} repeated: \
         all kept, none twice"
    );
    measured(&format!("SIGKILL under HTTP load, {db:?}"), kills, seed, result);
}

/// The history of each case is what was acknowledged, no step more and none less; how many rows that are in all, with those of
/// agreements.
/// Steps that an event made come by themselves are rows of their own behind it, and its answer tells where they led.
async fn everything_is_there(address: &str, told: &BTreeMap<String, Vec<Acknowledged>>) -> usize {
    let sol = Actor::signed_in(address, "sol@alliance.example", PASSWORD).await;
    let mut rows = 0;
    for (case, told) in told {
        let history = sol.get(&format!("/applications/{case}/history?limit=200")).await.ok();
        let mut steps = history["items"].as_array().expect("items").clone();
        steps.sort_unstable_by_key(|step| step["number"].as_i64());
        let numbers: Vec<i64> = steps.iter().filter_map(|step| step["number"].as_i64()).collect();
        assert!((1..).zip(&numbers).all(|(number, has)| number == *has), "{case}: {numbers:?}");
        let mut recorded: Vec<(&str, &str)> = Vec::new();
        for step in &steps {
            let word = |field: &str| step[field].as_str().expect("a word");
            match recorded.last_mut() {
                Some(caused) if step["role"] == "system" => caused.1 = word("to"),
                _ => recorded.push((word("event"), word("to"))),
            }
        }
        let told: Vec<(&str, &str)> =
            told.iter().map(|step| (step.event.as_str(), step.state.as_str())).collect();
        assert_eq!(recorded, told, "{case}");
        rows += steps.len();
    }
    for agreement in sol.get("/agreements?limit=200").await.ok()["items"].as_array().expect("items") {
        let history = sol.get(&format!("/agreements/{}/history?limit=200", id(agreement))).await.ok();
        rows += history["items"].as_array().expect("items").len();
    }
    rows
}
