//! One durable event over HTTP: `acknowledge` and `approve` of the shipped exchange, alternately, with everything on.

use std::path::PathBuf;
use std::thread;

use crate::field::{Field, HOST, signed_in};
use crate::support::actor::Actor;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::process::Server;
use crate::told::{latencies, median};
use crate::written::Written;
use crate::{Scale, bare, pgbench, usage, wrk};

/// Connections to the service on PostgreSQL, and on SQLite.
const MANY: [u32; 2] = [16, 64];
const ONE_OR_MANY: [u32; 2] = [1, 64];
/// The ceiling on PostgreSQL.
const PGBENCH: &str = "pgbench with the same rows";

/// Where the copies stand that are moved: of each event as many for the service and for the ceiling.
struct Track {
    /// How many of each.
    many: u64,
    /// The version of a nominated copy.
    version: i64,
    /// The next copy of each event that the service moves.
    next: u64,
    run: u32,
    /// What each event writes.
    written: [Vec<String>; 2],
    /// Where the copies of the ceiling begin, those that were nominated and those that were acknowledged.
    first: [u64; 2],
}

/// One measurement of the service.
struct Ours {
    found: wrk::Found,
    /// Time on a core that an event cost the server, in microseconds.
    core: f64,
}

impl Ours {
    fn pace(&self) -> f64 {
        self.found.pace()
    }
}

impl Track {
    /// Copies and statements of one field.
    async fn of(field: &mut Field, server: &Server, last: &str, many: u64) -> Self {
        let many = many * 3 / 4;
        field.until(server, last).await;
        let version = field.version();
        field.spread(0..2 * many).await;
        let lines = field.lines().await;
        let mut written = [Vec::new(), Vec::new()];
        for (nth, event) in ["acknowledge", "approve"].into_iter().enumerate() {
            let before = field.version();
            field.until(server, event).await;
            let (conn, case) = (&field.conn, field.id);
            let seen = Written { conn, case, version: before, lines: &lines, asked: true };
            written[nth] = seen.statements().await;
            if nth == 0 {
                field.spread(2 * many..4 * many).await;
            }
        }
        field.settle().await;
        Self { many, version, next: 0, run: 0, written, first: [many, 3 * many] }
    }

    /// Lets `wrk` move copies through some processes at once, which share the connections.
    fn round(
        &mut self,
        field: &Field,
        servers: &[(&Server, String)],
        connections: u32,
        scale: Scale,
    ) -> Ours {
        self.run += 1;
        let before: f64 = servers.iter().map(|(server, _)| usage::on_core(server.id())).sum();
        let share = (self.many - self.next) / servers.len() as u64;
        let asked = |(nth, (server, token)): (usize, &(&Server, String))| wrk::Asked {
            address: server.address.clone(),
            script: "event.lua",
            with: vec![
                ("TOKEN", token.clone()),
                ("PREFIX", field.prefix()),
                ("VERSION", self.version.to_string()),
                ("ACKNOWLEDGED", (2 * self.many).to_string()),
                ("RUN", format!("load-{}-{nth}-", self.run)),
                ("FROM", (self.next + nth as u64 * share).to_string()),
            ],
            connections: connections / u32::try_from(servers.len()).expect("few"),
            lasts: scale.lasts,
        };
        let asked: Vec<wrk::Asked> = servers.iter().enumerate().map(asked).collect();
        let found = wrk::run_all(&asked);
        let after: f64 = servers.iter().map(|(server, _)| usage::on_core(server.id())).sum();
        self.next = found.next;
        assert!(self.next < self.many, "there are too few cases for so fast a machine");
        Ours { core: (after - before) * 1e6 / found.answers as f64, found }
    }
}

async fn token(server: &Server) -> String {
    signed_in(server, HOST).await.token().expect("a token")
}

/// The service and pgbench on one database, which move cases in turns.
struct Duel {
    field: Field,
    server: Server,
    track: Track,
    folder: PathBuf,
    scripts: [String; 2],
    /// The next copy of each event that pgbench moves.
    base: u64,
    /// How many it has for one round.
    share: u64,
}

/// What the rounds of both found.
struct Rounds {
    ours: Vec<Ours>,
    /// Pace and latencies of the ceiling.
    alone: Vec<(f64, [f64; 3])>,
}

impl Rounds {
    /// The service's pace beside the ceiling's.
    fn ratio(&self) -> f64 {
        median(self.ours.iter().zip(&self.alone).map(|(ours, (pace, _))| ours.pace() / pace))
    }
}

impl Duel {
    /// Over cases that an event has brought to where `acknowledge` is next, for rounds that are run so many times.
    async fn of(mut field: Field, last: &str, times: u64, scale: Scale) -> Self {
        let server = field.season.with_part("--http");
        let track = Track::of(&mut field, &server, last, scale.cases).await;
        let folder = field.folder("pgbench");
        let scripts = [0, 1].map(|nth| {
            pgbench::transaction(&track.written[nth], track.first[nth], ["acknowledged", "approved"][nth])
        });
        let share = track.many / (times * scale.rounds as u64);
        Self { field, server, track, folder, scripts, base: 0, share }
    }

    async fn rounds(&mut self, connections: u32, scale: Scale) -> Rounds {
        let mut rounds = Rounds { ours: Vec::new(), alone: Vec::new() };
        for _ in 0..scale.rounds {
            let token = token(&self.server).await;
            rounds.ours.push(self.track.round(&self.field, &[(&self.server, token)], connections, scale));
            let each = self.share / u64::from(connections);
            let variables = [("base", self.base), ("each", each), ("acknowledged", 0), ("approved", 0)];
            self.base += self.share;
            let url = &self.field.season.database.url;
            let found =
                pgbench::run(url, &self.folder, &self.scripts, (connections, scale.lasts), &variables);
            rounds.alone.push((found.pace, found.latency));
        }
        rounds
    }
}

/// Rounds for each number of connections; then one process beside two.
pub async fn on_postgres(scale: Scale) {
    let mut duel = Duel::of(Field::of(Db::Postgres).await, "nominate", 2, scale).await;
    for connections in MANY {
        let rounds = duel.rounds(connections, scale).await;
        let what = format!("Durable event over HTTP, PostgreSQL, {connections} connections");
        tell(&what, &rounds, PGBENCH, &duel.server);
    }
    let Duel { field, mut track, server, .. } = duel;
    beside_another(&field, &mut track, server, scale).await;
}

/// Rounds of an event without condition, clock or place, with one notice.
pub async fn lean(scale: Scale) {
    let mut duel = Duel::of(Field::lean(Db::Postgres).await, "submit", 1, scale).await;
    let [connections, _] = MANY;
    let rounds = duel.rounds(connections, scale).await;
    let what = format!("Lean event over HTTP, PostgreSQL, {connections} connections");
    tell(&what, &rounds, PGBENCH, &duel.server);
}

/// Rounds before and after there are ten times as many cases.
pub async fn among_more(scale: Scale) {
    let mut duel = Duel::of(Field::of(Db::Postgres).await, "nominate", 2, scale).await;
    let [connections, _] = MANY;
    let before = duel.rounds(connections, scale).await;
    let (few, many) = (4 * duel.track.many, 10 * scale.cases);
    duel.field.spread(few..many).await;
    duel.field.settle().await;
    let after = duel.rounds(connections, scale).await;
    measured(
        "Durable event over HTTP among more cases, PostgreSQL, 16 connections",
        many,
        "",
        format!(
            "{:.0} a second among {few}, {:.0} among {many}; ratio to pgbench {:.2} and {:.2}, {:.2} times",
            median(before.ours.iter().map(Ours::pace)),
            median(after.ours.iter().map(Ours::pace)),
            before.ratio(),
            after.ratio(),
            after.ratio() / before.ratio(),
        ),
    );
    succeeded(&before.ours);
    succeeded(&after.ours);
}

/// Two processes on one database beside one, with as many connections in all.
async fn beside_another(field: &Field, track: &mut Track, server: Server, scale: Scale) {
    let other = field.season.with_part("--http");
    let [connections, _] = MANY;
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..scale.rounds {
        let (here, there) = (token(&server).await, token(&other).await);
        one.push(track.round(field, &[(&server, here.clone())], connections, scale));
        two.push(track.round(field, &[(&server, here), (&other, there)], connections, scale));
    }
    let each = one.iter().zip(&two).map(|(one, two)| two.pace() / one.pace());
    measured(
        "Two processes on one PostgreSQL beside one",
        two.iter().map(|ours| ours.found.answers).sum(),
        "",
        format!(
            "{:.0} a second by two, {:.0} by one, {connections} connections in all; ratio {:.2}",
            median(two.iter().map(Ours::pace)),
            median(one.iter().map(Ours::pace)),
            median(each)
        ),
    );
    succeeded(&one);
    succeeded(&two);
}

/// Rounds of the service and of a bare loop in turns; then how long reading takes meanwhile.
pub async fn on_sqlite(scale: Scale) {
    let mut field = Field::of(Db::Sqlite).await;
    let server = field.season.with_part("--http");
    let mut track = Track::of(&mut field, &server, "nominate", scale.cases).await;
    let file = PathBuf::from(field.season.database.url.trim_start_matches("sqlite://"));
    let mut next = 0;
    for connections in ONE_OR_MANY {
        let mut rounds = Rounds { ours: Vec::new(), alone: Vec::new() };
        for _ in 0..scale.rounds {
            rounds.ours.push(track.round(&field, &[(&server, token(&server).await)], connections, scale));
            let found = bare::run(&file, &track.written, &track.first, next, scale.lasts);
            next = found.next;
            rounds.alone.push((found.pace, found.latency));
        }
        let what = format!("Durable event over HTTP, SQLite, {connections} connections");
        tell(&what, &rounds, "a bare loop of rusqlite", &server);
    }
    let host = signed_in(&server, HOST).await;
    let calm = reads(&field, &server, &host, scale);
    let busy = thread::scope(|scope| {
        let reading = scope.spawn(|| reads(&field, &server, &host, scale));
        let ours = track.round(&field, &[(&server, host.token().expect("a token"))], 64, scale);
        succeeded(&[ours]);
        reading.join().expect("they read")
    });
    measured(
        "Reading while 64 connections write, SQLite",
        busy.answers,
        "",
        format!(
            "calm {}; meanwhile {}; p99 {:.1} times as long",
            latencies(&[calm.latency]),
            latencies(&[busy.latency]),
            busy.latency[1] / calm.latency[1]
        ),
    );
}

/// One case after the other, on four connections.
fn reads(field: &Field, server: &Server, host: &Actor, scale: Scale) -> wrk::Found {
    let paths: Vec<String> =
        (0..200).map(|nth| format!("/api/v1/applications/{}", field.copy(scale.cases + nth))).collect();
    let found = wrk::run(&wrk::Asked {
        address: server.address.clone(),
        script: "list.lua",
        with: vec![("TOKEN", host.token().expect("a token")), ("PATHS", paths.join(" "))],
        connections: 4,
        lasts: scale.lasts,
    });
    found.all_succeeded();
    found
}

fn tell(what: &str, rounds: &Rounds, ceiling: &str, server: &Server) {
    let Rounds { ours, alone } = rounds;
    let of_ours: Vec<[f64; 3]> = ours.iter().map(|ours| ours.found.latency).collect();
    let of_alone: Vec<[f64; 3]> = alone.iter().map(|(_, latency)| *latency).collect();
    measured(
        what,
        ours.iter().map(|ours| ours.found.answers).sum(),
        "",
        format!(
            "{:.0} a second, {}; {ceiling} {:.0} a second, {}; ratio {:.2}; server {:.0} µs of a core an event, {:.0} MiB of heap",
            median(ours.iter().map(Ours::pace)),
            latencies(&of_ours),
            median(alone.iter().map(|(pace, _)| *pace)),
            latencies(&of_alone),
            rounds.ratio(),
            median(ours.iter().map(|ours| ours.core)),
            usage::heap(server.id()),
        ),
    );
    succeeded(ours);
}

fn succeeded(ours: &[Ours]) {
    for ours in ours {
        ours.found.all_succeeded();
    }
}
