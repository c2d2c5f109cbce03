//! What other people notice of a flood of wrong log-ins.

use std::net::Ipv4Addr;
use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::support::actor::Actor;
use crate::support::counts::count;
use crate::support::measured::measured;
use crate::support::process::{Server, sojourn};

/// Wrong log-ins a second, and other requests.
const PACES: (u64, u64) = (500, 50);
/// Somebody of the demonstration, and everybody's password there.
const SECRETARIAT: (&str, &str) = ("secretariat@alliance.example", "sojourn for everybody");
/// Addresses that the wrong log-ins come from.
const ADDRESSES: u8 = 100;

/// Requests at a pace, each at its time whatever became of those before; how long each took from when it was due.
async fn paced<F>(a_second: u64, seconds: u64, send: impl Fn(u64) -> F) -> Vec<(Duration, u16)>
where
    F: Future<Output = u16> + Send + 'static,
{
    let mut ticks = interval(Duration::from_micros(1_000_000 / a_second));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut running = JoinSet::new();
    for nth in 0..a_second * seconds {
        let due = ticks.tick().await;
        let sent = send(nth);
        running.spawn(async move {
            let status = sent.await;
            (Instant::now().duration_since(due), status)
        });
    }
    running.join_all().await
}

fn percentile(took: &mut [(Duration, u16)], of_hundred: usize) -> f64 {
    took.sort();
    took[(took.len() * of_hundred / 100).min(took.len() - 1)].0.as_secs_f64() * 1000.0
}

/// Another person's request.
fn other(client: &Client, address: &str, token: &str) -> impl Future<Output = u16> + Send + 'static {
    let request = client.get(format!("{address}/api/v1/auth/me")).bearer_auth(token);
    async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) }
}

/// A wrong log-in from one of many addresses, for one of many accounts.
fn wrong(clients: &[Client], address: &str, nth: u64) -> impl Future<Output = u16> + Send + 'static {
    let email = match nth % 4 {
        0 => SECRETARIAT.0.to_owned(),
        _ => format!("somebody{}@alliance.example", nth % 997),
    };
    let body = json!({ "grant_type": "password", "email": email, "password": "no such password here" });
    let at = usize::try_from(nth).unwrap_or(0) % clients.len();
    let request = clients[at].post(format!("{address}/api/v1/auth/token")).json(&body);
    async move { request.send().await.map_or(0, |answer| answer.status().as_u16()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_wrong_log_ins_leaves_others_their_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = sojourn(folder.path(), &[]);
    command.args(["demo", "--bind", "127.0.0.1:0", "--database", "demo.db"]);
    let server = Server::start(command);
    let (address, seconds) = (server.address.clone(), count("flood_seconds"));
    let credentials = json!({ "grant_type": "password", "email": SECRETARIAT.0, "password": SECRETARIAT.1 });
    let tokens = Actor::stranger(&address).post("/auth/token", &credentials).await.ok();
    let token = tokens["access_token"].as_str().expect("a token").to_owned();
    let client = Client::new();
    let at = |last| Client::builder().local_address(Some(Ipv4Addr::new(127, 0, 1, last).into())).build();
    let clients: Vec<Client> = (1..=ADDRESSES).map(|last| at(last).expect("a client")).collect();

    paced(PACES.1, 1, |_| other(&client, &address, &token)).await;
    let mut calm = paced(PACES.1, seconds, |_| other(&client, &address, &token)).await;
    let (mut beside, flood) = tokio::join!(
        paced(PACES.1, seconds, |_| other(&client, &address, &token)),
        paced(PACES.0, seconds, |nth| wrong(&clients, &address, nth)),
    );

    assert!(calm.iter().chain(&beside).all(|(_, status)| *status == 200), "nobody else is refused");
    assert!(flood.iter().all(|(_, status)| [401, 429].contains(status)), "{flood:?}");
    let looked_at = flood.iter().filter(|(_, status)| *status == 401).count();
    assert!(looked_at > 0);
    let (calm, beside) = (percentile(&mut calm, 99), percentile(&mut beside, 99));
    measured(
        "500 wrong log-ins a second beside 50 other requests a second",
        PACES.0 * seconds,
        "",
        format!("{looked_at} looked at; p99 of the others {beside:.1} ms, calm {calm:.1} ms"),
    );
    // A short run shares the machine with other tests: there only a stop of all others is told.
    let most = if seconds >= 30 { 3.0 * calm } else { 2_000.0 };
    assert!(beside <= most, "{beside} ms beside {calm} ms");
}
