//! The last day of a call: seven requests of ten read, two change a draft, one moves a case.

use crate::field::{Field, HOST, STUDENT, signed_in};
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::told::{latencies, median};
use crate::{Scale, usage, wrk};

/// Connections that ask.
const CONNECTIONS: u32 = 64;

/// Rounds of mixed traffic.
pub async fn traffic(kind: Db, scale: Scale) {
    let mut field = Field::of(kind).await;
    let server = field.season.serve();
    let many = scale.cases;
    let draft = field.version();
    field.spread(0..many).await;
    field.until(&server, "nominate").await;
    field.spread(many..2 * many).await;
    field.settle().await;
    let (mut rounds, mut cores) = (Vec::new(), Vec::new());
    let mut from = 0;
    for round in 0..scale.rounds {
        let before = usage::on_core(server.id());
        let found = wrk::run(&wrk::Asked {
            address: server.address.clone(),
            script: "mixed.lua",
            with: vec![
                ("HOST", signed_in(&server, HOST).await.token().expect("a token")),
                ("STUDENT", signed_in(&server, STUDENT).await.token().expect("a token")),
                ("PREFIX", field.prefix()),
                ("DRAFT", draft.to_string()),
                ("NOMINATED", field.version().to_string()),
                ("MANY", many.to_string()),
                ("RUN", format!("mixed-{round}-")),
                ("FROM", from.to_string()),
            ],
            connections: CONNECTIONS,
            lasts: scale.lasts,
        });
        from = found.next;
        found.all_succeeded();
        assert!(from < many, "there are too few cases for so fast a machine");
        cores.push((usage::on_core(server.id()) - before) / found.seconds);
        rounds.push(found);
    }
    measured(
        &format!("Deadline day, 70 % reads, 20 % edits, 10 % events, {kind:?}, {CONNECTIONS} connections"),
        rounds.iter().map(|found| found.answers).sum(),
        "",
        format!(
            "{:.0} a second, {}; {:.1} cores and {:.0} MiB of heap for the server, worker and all",
            median(rounds.iter().map(wrk::Found::pace)),
            latencies(&rounds.iter().map(|found| found.latency).collect::<Vec<_>>()),
            median(cores),
            usage::heap(server.id()),
        ),
    );
}
