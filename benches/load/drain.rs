//! Mails that leave: a process over a full outbox, beside a bare loop of lettre with as many connections to the same server.
//!
//! The server is the one of the tests (Debian's aiosmtpd), which is the slowest of all that take part.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lettre::address::Envelope;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::outbox;
use tokio::net::TcpStream;

use crate::field::{Field, STUDENT};
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::pattern::{NUMBER, copies, copy_in_sql, id_in_sql};
use crate::support::process::Server;
use crate::support::smtp::SmtpServer;
use crate::told::median;
use crate::{Scale, usage};

/// Connections of either.
const CONNECTIONS: usize = 4;
/// How often it is looked whether all have left.
const LOOKS: Duration = Duration::from_millis(20);
/// How long one outbox may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Empties as many outboxes as there are rounds, each of its own copies of one notice.
pub async fn mails(kind: Db, scale: Scale) {
    let mut field = Field::of(kind).await;
    let many = (scale.cases / 50).max(100);
    let rounds = scale.rounds as u64;
    let at_work = field.season.with_part("--http");
    field.until(&at_work, "acknowledge").await;
    drop(at_work);
    field.spread(0..rounds * many).await;
    let (smtp, sender) = sender(&field);
    let mut before = queued(&field).await;
    drained(&field, Instant::now()).await;
    before = before.saturating_sub(queued(&field).await);
    assert!(before > 0, "the steps so far are told, and so the server is ready");
    let usual = smtp.mailbox(STUDENT).pop().expect("a mail to the student").raw;
    let (mut ours, mut alone, mut cores) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let busy = usage::on_core(sender.id());
        let began = Instant::now();
        queue(&field, round * many..(round + 1) * many).await;
        drained(&field, began).await;
        ours.push(many as f64 / began.elapsed().as_secs_f64());
        cores.push((usage::on_core(sender.id()) - busy) * 1e6 / many as f64);
        alone.push(bare(&smtp, usual.as_bytes(), many).await);
    }
    let put_off = outbox::Entity::find().filter(outbox::Column::Status.ne(NoticeStatus::Sent));
    assert_eq!(put_off.count(&field.conn).await.expect("counted"), 0, "all were taken at once");
    measured(
        &format!("Mails delivered by a process, {kind:?}"),
        rounds * many,
        "",
        format!(
            "{:.0} a second over {CONNECTIONS} connections, from the moment they are queued; a bare loop of lettre {:.0}; ratio {:.2}; \
             {:.0} µs of a core a mail, {:.0} MiB of heap; none put off",
            median(ours.iter().copied()),
            median(alone.iter().copied()),
            median(ours.iter().zip(&alone).map(|(ours, alone)| ours / alone)),
            median(cores),
            usage::heap(sender.id()),
        ),
    );
}

/// A server for mails, and a process that hands them over to it.
fn sender(field: &Field) -> (SmtpServer, Server) {
    let smtp = SmtpServer::start();
    let mut command = field.season.command();
    command.env("SOJOURN_MAIL__SMTP", format!("smtp://{}?tls=none", smtp.address));
    command.env("SOJOURN_MAIL__CONNECTIONS", CONNECTIONS.to_string());
    command.env("SOJOURN_WATCH__BIND", "127.0.0.1:0").args(["serve", "--worker"]);
    let server = Server::start(command);
    (smtp, server)
}

/// Queues the last notice of the application that was copied once more, for each of these copies.
async fn queue(field: &Field, numbers: std::ops::Range<u64>) {
    let backend = field.conn.get_database_backend();
    let of_case = outbox::Entity::find().filter(outbox::Column::CaseId.eq(field.id));
    let newest = of_case.order_by_desc(outbox::Column::Number).one(&field.conn).await;
    let newest = newest.expect("read").expect("a notice");
    let literal = |sql: &str| Some(sql.to_owned());
    let anew = [
        (outbox::Column::Id, Some(copy_in_sql(backend, newest.id.into(), NUMBER))),
        (outbox::Column::CaseId, Some(copy_in_sql(backend, field.id.into(), NUMBER))),
        (outbox::Column::Status, literal("'queued'")),
        (outbox::Column::Attempts, literal("0")),
        (outbox::Column::NextAttemptAt, literal("p.\"queued_at\"")),
        (outbox::Column::SentAt, literal("NULL")),
    ];
    let like = format!("p.\"id\" = {}", id_in_sql(backend, newest.id.into()));
    copies::<outbox::Entity>(&field.conn, &numbers, &like, &anew).await;
}

async fn queued(field: &Field) -> u64 {
    let queued = outbox::Entity::find().filter(outbox::Column::Status.eq(NoticeStatus::Queued));
    queued.count(&field.conn).await.expect("counted")
}

/// Looks until nothing is queued any more.
async fn drained(field: &Field, began: Instant) {
    let mut ticks = tokio::time::interval(LOOKS);
    loop {
        ticks.tick().await;
        let left = queued(field).await;
        if left == 0 {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{left} mails are still queued");
    }
}

/// One mail again and again over lines that send each packet at once, every line busy all the time; how many a second.
async fn bare(smtp: &SmtpServer, mail: &[u8], many: u64) -> f64 {
    let address = |text: &str| text.parse().expect("an address");
    let envelope = Envelope::new(Some(address("sojourn@alliance.example")), vec![address(STUDENT)]);
    let (envelope, left) =
        (envelope.expect("an envelope"), AtomicUsize::new(usize::try_from(many).expect("few")));
    let began = Instant::now();
    let lane = async || {
        let line = TcpStream::connect(smtp.address).await.expect("the server listens");
        line.set_nodelay(true).expect("set");
        let hello = ClientId::Domain("alliance.example".to_owned());
        let connection = AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello).await;
        let mut connection = connection.expect("the server greets");
        let one_less = |left: usize| left.checked_sub(1);
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            connection.send(&envelope, mail).await.expect("taken");
        }
    };
    tokio::join!(lane(), lane(), lane(), lane());
    many as f64 / began.elapsed().as_secs_f64()
}
