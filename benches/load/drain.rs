//! Mails that are due at one moment: the worker hands them over, beside a bare loop of lettre with as many connections to the same server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect};
use sojourn::clock::Clock;
use sojourn_engine::ids::NoticeId;
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::outbox;

use crate::field::{Field, STUDENT};
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::pattern::{NUMBER, copies, copy, copy_in_sql, id_in_sql};
use crate::support::process::Server;
use crate::support::smtp::{Mail, SmtpServer};
use crate::told::{latencies, median, percentiles};
use crate::{Scale, usage};

/// Connections of either.
const CONNECTIONS: u32 = 4;

/// Rounds of the worker and of the bare loop in turns.
pub async fn mails(kind: Db, scale: Scale) {
    let field = Field::of(kind).await;
    let (each, rounds) = (scale.cases / 50, scale.rounds as u64);
    let first = outbox::Entity::find().filter(outbox::Column::CaseId.eq(field.id));
    let first = first.one(&field.conn).await.expect("read").expect("the notice of a draft").id;
    spread(&field, first, rounds * each + 1).await;
    field.settle().await;
    let smtp = SmtpServer::start();
    let server = serve(&field, &smtp);
    all_sent(&field, (first, rounds * each), 1).await;
    let mail = smtp.wait_for(STUDENT, 1).swap_remove(0);
    let (mut ours, mut alone, mut late, mut cores) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let before = usage::on_core(server.id());
        let (took, of_round) = all_sent(&field, (first, round * each), each).await;
        cores.push((usage::on_core(server.id()) - before) * 1e6 / each as f64);
        ours.push(each as f64 / took.as_secs_f64());
        late.push(of_round);
        alone.push(bare(&smtp, &mail, each).await);
    }
    measured(
        &format!("Mails that leave, {kind:?}, {CONNECTIONS} connections to the mail server"),
        each,
        "",
        format!(
            "{:.0} a second, on their way for {}; a bare loop of lettre {:.0} a second; ratio {:.2}; server {:.0} µs of a core each, \
             {:.0} MiB of heap",
            median(ours.iter().copied()),
            latencies(&late),
            median(alone.iter().copied()),
            median(ours.iter().zip(&alone).map(|(ours, alone)| ours / alone)),
            median(cores),
            usage::heap(server.id()),
        ),
    );
}

fn serve(field: &Field, smtp: &SmtpServer) -> Server {
    let mut command = field.season.command();
    command.env("SOJOURN_MAIL__SMTP", format!("smtp://{}?tls=none", smtp.address));
    command.env("SOJOURN_MAIL__CONNECTIONS", CONNECTIONS.to_string());
    command.env("SOJOURN_WATCH__BIND", "127.0.0.1:0").args(["serve", "--worker"]);
    Server::start(command)
}

/// Copies of a notice that nobody has sent, and nobody sends yet.
async fn spread(field: &Field, of: NoticeId, many: u64) {
    let backend = field.conn.get_database_backend();
    let none = || Some("NULL".to_owned());
    let anew = [
        (outbox::Column::Id, Some(copy_in_sql(backend, of.into(), NUMBER))),
        (outbox::Column::Status, Some(format!("'{}'", NoticeStatus::Queued.as_str()))),
        (outbox::Column::Attempts, Some("0".to_owned())),
        (outbox::Column::NextAttemptAt, none()),
        (outbox::Column::LeasedUntil, none()),
        (outbox::Column::Lease, none()),
        (outbox::Column::SentAt, none()),
    ];
    let like = format!("p.\"id\" = {}", id_in_sql(backend, of.into()));
    copies::<outbox::Entity>(&field.conn, &(0..many), &like, &anew).await;
}

/// Lets some go and waits until all have left: how long that took, and how long each was on its way.
async fn all_sent(field: &Field, (of, from): (NoticeId, u64), many: u64) -> (Duration, [f64; 3]) {
    let id = |number| NoticeId::from(copy(of.into(), number));
    let which = Condition::all().add(outbox::Column::Id.between(id(from), id(from + many - 1)));
    let due = Clock::system().now();
    let began = Instant::now();
    outbox::Entity::update_many()
        .col_expr(outbox::Column::NextAttemptAt, Expr::value(due))
        .filter(which.clone())
        .exec(&field.conn)
        .await
        .expect("let go");
    let left = outbox::Entity::find().filter(which.clone()).filter(outbox::Column::SentAt.is_null());
    field.none_left(left, "mails wait, and nothing happens").await;
    let took = began.elapsed();
    let sent = outbox::Entity::find().select_only().column(outbox::Column::SentAt).filter(which);
    let sent: Vec<DateTime<Utc>> = sent.into_tuple().all(&field.conn).await.expect("read");
    let late = |at: DateTime<Utc>| (at - due).as_seconds_f64() * 1e3;
    (took, percentiles(sent.into_iter().map(late).collect()))
}

/// The same mail by lettre's own pool, each connection busy all the time; so many a second.
async fn bare(smtp: &SmtpServer, mail: &Mail, many: u64) -> f64 {
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(smtp.address.port())
        .pool_config(PoolConfig::new().max_size(CONNECTIONS))
        .build();
    let from = mail.sender.parse().expect("an address");
    let envelope =
        Envelope::new(Some(from), vec![STUDENT.parse().expect("an address")]).expect("an envelope");
    let many = usize::try_from(many).expect("few");
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (transport, envelope, next) = (transport.clone(), envelope.clone(), Arc::clone(&next));
        let raw = mail.raw.clone();
        lanes.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < many {
                transport.send_raw(&envelope, raw.as_bytes()).await.expect("taken");
            }
        });
    }
    lanes.join_all().await;
    many as f64 / began.elapsed().as_secs_f64()
}
