//! A process that stands still for longer than its claims hold, while another one takes them over, and then goes on.

use std::time::{Duration, Instant};

use super::{BREATH, CONNECTIONS, STUDENTS, begin, kept, queue, serve, unsettled};
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::season::Season;
use crate::support::smtp::SmtpServer;

/// Mails that wait, more than one process delivers before it is stopped.
const MAILS: u64 = 150;
/// Longest time until everything is delivered.
const PATIENCE: Duration = Duration::from_mins(1);

fn signal(process: u32, name: &str) {
    let sent = std::process::Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(sent.expect("kill runs").success(), "SIG{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_frozen_process_had_claimed_is_taken_over_and_not_done_again_when_it_goes_on() {
    let season = Season::open(Db::Postgres, STUDENTS, 1).await;
    let smtp = SmtpServer::start();
    let database = season.database.connect().await;
    begin(&season).await;
    let queued = queue(&season, &database, MAILS).await;

    let frozen = serve(&season, &smtp);
    smtp.next_line(PATIENCE).expect("it delivers");
    signal(frozen.id(), "STOP");
    assert!(unsettled(&database).await > 0, "mails were on their way");
    let began = Instant::now();
    let other = serve(&season, &smtp);
    while unsettled(&database).await > 0 {
        smtp.next_line(BREATH);
        assert!(began.elapsed() < PATIENCE, "mails wait, and nothing happens");
    }
    let took = began.elapsed();
    signal(frozen.id(), "CONT");
    // What it had begun comes to an end, and it answers again.
    let alive = reqwest::get(format!("{}/readyz", frozen.address)).await.expect("it answers");
    assert_eq!(alive.status(), 200);
    for process in [frozen, other] {
        assert!(process.stop().0.success(), "it ends in order");
    }

    let mails = kept(&season, &smtp);
    assert!(queued.iter().all(|id| mails.contains_key(&id.to_string())), "none is lost");
    let repeated: usize = mails.values().map(|mails| mails.len() - 1).sum();
    assert!(repeated as u64 <= CONNECTIONS, "only what was being handed over: {repeated}");
    measured(
        "A process that stands still for longer than its claims",
        MAILS,
        "",
        format!("everything is delivered after {:.1} s, {repeated} mails twice", took.as_secs_f64()),
    );
}
