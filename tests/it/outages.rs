//! A server of PostgreSQL that fails in each way it can: the service says so, goes on by itself when it is back, and nothing is half done.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::actor::Actor;
use crate::support::answer::Answer;
use crate::support::app::PASSWORD;
use crate::support::cluster::{Cluster, free_port};
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::process::Server;
use crate::support::season::Season;

/// How long a fault may take until it shows, and the service until it goes on.
const PATIENCE: Duration = Duration::from_secs(30);

/// A season on a cluster of its own, served as somebody who is no superuser.
struct Outage {
    cluster: Cluster,
    season: Season,
    server: Server,
    anna: Actor,
    name: String,
    /// How many calls have been applied to.
    done: usize,
}

impl Outage {
    async fn of() -> Self {
        let mut season = Season::open(Db::Postgres, 1, 6).await;
        let cluster = Cluster::start();
        cluster.take_over(&season.database.url);
        let name = season.database.url.rsplit('/').next().expect("a name").to_owned();
        cluster.ask("postgres", "CREATE ROLE app LOGIN IN ROLE sojourn");
        season.database.url = format!("postgres://app@127.0.0.1:{}/{name}", cluster.port);
        let server = season.serve();
        let anna = Actor::signed_in(&server.address, &season.students[0], PASSWORD).await;
        let mut outage = Self { cluster, season, server, anna, name, done: 0 };
        outage.apply().await.ok();
        outage
    }

    /// Applies to the next call.
    async fn apply(&mut self) -> Answer {
        let answer = self.anna.post("/applications", &self.season.application(self.done)).await;
        if answer.status == 201 {
            self.done += 1;
        }
        answer
    }

    /// Breaks something, looks that it is told, mends it, and measures how long it takes to go on.
    async fn survives(&mut self, what: &str, fault: impl Fn(&Cluster, &str), mend: impl Fn(&Cluster, &str)) {
        fault(&self.cluster, &self.name);
        let told = self.apply().await;
        let problem = told.problem(503);
        assert!(!told.header("retry-after").is_empty(), "{what}: {problem}");
        assert_eq!(problem["detail"], "This cannot be done now: try again soon.", "{what}");
        let alive = reqwest::get(format!("{}/healthz", self.server.address)).await.expect("it lives");
        assert_eq!(alive.status(), 204, "{what}");

        mend(&self.cluster, &self.name);
        let began = Instant::now();
        loop {
            let answer = self.apply().await;
            if answer.status == 201 {
                break;
            }
            answer.problem(503);
            assert!(began.elapsed() < PATIENCE, "{what}: it goes on");
        }
        let ready = reqwest::get(format!("{}/readyz", self.server.address)).await.expect("an answer");
        assert_eq!(ready.status(), 200, "{what}");
        let seconds = began.elapsed().as_secs_f64();
        measured(&format!("PostgreSQL {what}"), 1, "", format!("goes on {seconds:.1} s after it was mended"));
    }
}

fn hang_up(cluster: &Cluster, name: &str) {
    let all = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity";
    cluster.ask("postgres", &format!("{all} WHERE datname = '{name}'"));
}

#[tokio::test]
async fn a_server_that_fails_is_told_of_and_used_again_when_it_is_back() {
    let mut outage = Outage::of().await;

    outage.survives("killed", |cluster, _| cluster.kill(), |cluster, _| cluster.serve()).await;
    let read_only = |cluster: &Cluster, name: &str, on: &str| {
        let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}");
        cluster.ask("postgres", &set);
        hang_up(cluster, name);
    };
    outage
        .survives(
            "read-only",
            |cluster, name| read_only(cluster, name, "on"),
            |cluster, name| read_only(cluster, name, "off"),
        )
        .await;
    let most = |cluster: &Cluster, limit: i32| {
        cluster.ask("postgres", &format!("ALTER ROLE app CONNECTION LIMIT {limit}"));
    };
    outage
        .survives(
            "without a connection to spare",
            |cluster, name| {
                most(cluster, 0);
                hang_up(cluster, name);
            },
            |cluster, _| most(cluster, -1),
        )
        .await;

    let page = outage.anna.get("/applications?limit=50").await.ok();
    assert_eq!(
        page["items"].as_array().map(Vec::len),
        Some(outage.done),
        "what was answered, and nothing else"
    );
    let (status, complaint) = outage.server.stop();
    assert!(status.success() && !complaint.contains("panicked"), "{complaint}");
    outage.season.verified();
}

#[tokio::test]
async fn a_server_that_is_down_at_the_start_is_named() {
    let mut season = Season::open(Db::Postgres, 1, 1).await;
    let cluster = Cluster::start();
    let name = season.database.url.rsplit('/').next().expect("a name").to_owned();
    cluster.kill();
    for hosts in [
        format!("127.0.0.1:{}", cluster.port),
        format!("127.0.0.1:{},localhost:{}", cluster.port, cluster.port),
    ] {
        season.database.url = format!("postgres://sojourn:secret@{hosts}/{name}");
        let output = season.command().arg("serve").output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.trim().lines().count() == 1, "{told}");
        assert!(told.contains("cannot be reached") && !told.contains("secret"), "{told}");
    }
}

#[tokio::test]
async fn a_command_that_the_database_gave_up_for_another_is_done_again() {
    let season = Season::open(Db::Postgres, 1, 1).await;
    let other = season.database.connect().await;
    let run = async |sql: String| {
        let done = sea_orm::ConnectionTrait::execute_unprepared(&other, &sql).await;
        done.unwrap_or_else(|fault| panic!("{sql}: {fault}"));
    };
    // Whoever is to find out waits long enough for the other to be there.
    let name = season.database.url.rsplit('/').next().expect("a name");
    run(format!("ALTER DATABASE {name} SET deadlock_timeout = '4s'")).await;
    let numbers = format!("127.0.0.1:{}", free_port());
    let mut command = season.command();
    command.env("SOJOURN_WATCH__BIND", &numbers).args(["serve", "--bind", "127.0.0.1:0"]);
    let served = Server::start(command);
    let anna = Actor::signed_in(&served.address, &season.students[0], PASSWORD).await;
    let case = season.apply(&anna, 0).await;
    let id = case["id"].as_str().expect("an id").to_owned();

    // It goes for two rows in the other order, and takes its time to find out.
    run("SET deadlock_timeout = '1min'".to_owned()).await;
    run("BEGIN".to_owned()).await;
    run(format!("UPDATE applications SET reference = reference WHERE id = '{id}'")).await;
    let firing = tokio::spawn(async move { anna.fire(&case, "submit", json!({})).await });
    let waits =
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let until = Instant::now() + PATIENCE;
    loop {
        let asked = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, waits);
        if sea_orm::ConnectionTrait::query_one_raw(&other, asked).await.expect("asked").is_some() {
            break;
        }
        assert!(Instant::now() < until, "the command waits for the row");
    }
    run(format!("UPDATE cases SET state = state WHERE id = '{id}'")).await;
    run("COMMIT".to_owned()).await;

    assert_eq!(firing.await.expect("an answer").ok()["phase"], "application");
    let numbers = reqwest::get(format!("http://{numbers}/metrics")).await.expect("numbers");
    let numbers = numbers.text().await.expect("text");
    assert!(numbers.contains("sojourn_commands_repeated_total 1"), "{numbers}");
}

#[tokio::test]
async fn a_back_up_and_the_log_since_give_everything_back() {
    let mut season = Season::open(Db::Postgres, 1, 4).await;
    let cluster = Cluster::archiving();
    cluster.take_over(&season.database.url);
    let name = season.database.url.rsplit('/').next().expect("a name").to_owned();
    let at = |cluster: &Cluster| format!("postgres://sojourn@127.0.0.1:{}/{name}", cluster.port);
    season.database.url = at(&cluster);
    let server = season.serve();
    let anna = Actor::signed_in(&server.address, &season.students[0], PASSWORD).await;
    season.apply(&anna, 0).await;
    let copy = cluster.back_up();
    for call in 1..4 {
        let case = season.apply(&anna, call).await;
        anna.fire(&case, "submit", json!({})).await.ok();
    }
    cluster.keep_log();
    let steps = season.verified()["steps"].clone();
    server.stop();
    cluster.kill();

    copy.restore(&cluster);

    season.database.url = at(&copy);
    assert_eq!(season.verified()["steps"], steps, "with all that was done after the back-up");
    let server = season.serve();
    let anna = Actor::signed_in(&server.address, &season.students[0], PASSWORD).await;
    let page = anna.get("/applications?limit=50").await.ok();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(4));
}
