//! How fast mails are written, on one core, and how fast they leave: the worker over its outbox beside a bare loop of lettre, with as
//! many connections to the same server.
//!
//! `cargo bench --bench mail` prints both; the targets are 5,000 mails a second and 70 % of the bare loop. The server is the one of the
//! tests (Debian's aiosmtpd), which is the slowest of all that take part.

#![expect(clippy::expect_used, reason = "a bench that cannot begin has to fail")]
#![expect(clippy::cast_precision_loss, reason = "paces are told without a fraction")]

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use lettre::address::Envelope;
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::SecretString;
use sojourn::app::definitions::shipped;
use sojourn::app::notices::{Letter, LinkNotice, NoticeFacts};
use sojourn::app::notifications::{self, Filter};
use sojourn::app::people::{self, NewPerson, NewRole};
use sojourn::app::{App, Asked};
use sojourn::clock::Clock;
use sojourn::config::Config;
use sojourn::mail::samples::{Kind, samples};
use sojourn::mail::{Renderer, Sender, Smtp, Transport};
use sojourn::store::outbox::{self, NewNotice};
use sojourn::store::{Options, Store};
use sojourn::worker::Worker;
use sojourn_engine::definition::Definition;
use sojourn_engine::ids::PersonId;
use sojourn_engine::vocabulary::{Duty, NoticeStatus};

/// Mails that leave in one run.
const MAILS: usize = 1_500;
/// Runs of each way, in turns; the medians are compared.
const RUNS: usize = 3;
/// Connections of either.
const CONNECTIONS: usize = 4;
/// How often it is looked whether all have left.
const LOOK: Duration = Duration::from_millis(10);

fn renderer() -> Renderer {
    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    Renderer::open(Sender { from, reply_to: None, host: "alliance.example".to_owned() }, None)
        .expect("the texts are sound")
}

/// The usual letter of every notice, in every language.
fn letters(renderer: &Renderer) -> Vec<Letter> {
    let definitions: Vec<_> =
        shipped().iter().map(|(_, source)| Arc::new(Definition::parse(source).expect("sound"))).collect();
    let usual = samples(&definitions).into_iter().filter(|sample| sample.kind == Kind::Usual);
    let in_each = |sample: sojourn::mail::samples::Sample| {
        renderer.templates().languages().map(move |language| {
            let mut letter = sample.letter.clone();
            language.clone_into(&mut letter.reader.language);
            letter
        })
    };
    usual.flat_map(in_each).collect()
}

fn rendering(criterion: &mut Criterion) {
    let renderer = renderer();
    let letters = letters(&renderer);
    let mut group = criterion.benchmark_group("mail");
    group.throughput(Throughput::Elements(letters.len() as u64)).sample_size(20);
    group.bench_function("all usual samples written", |bencher| {
        bencher.iter(|| {
            for letter in &letters {
                black_box(renderer.render(letter).expect("sound"));
            }
        });
    });
    group.finish();
    let begun = Instant::now();
    for letter in &letters {
        black_box(renderer.render(letter).expect("sound"));
    }
    let pace = letters.len() as f64 / begun.elapsed().as_secs_f64();
    measured("mails written, one core", letters.len(), &format!("{pace:.0} a second"));
}

/// The server of the tests.
struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/smtp_sink.py");
        let mut child = Command::new("/usr/bin/python3")
            .args([script.as_ref(), folder.path().as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("/usr/bin/python3 runs; tests/run installs it");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let first = lines.next().expect("a line").expect("text");
        std::thread::spawn(move || lines.for_each(drop));
        let port = first.strip_prefix("port ").and_then(|port| port.parse().ok()).expect("a port");
        Self { child, port, _folder: folder }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

/// The same mails by lettre's own pool, each connection busy all the time.
async fn bare(server: &Server, mails: Arc<Vec<(Envelope, Vec<u8>)>>) -> f64 {
    let pool = PoolConfig::new().max_size(u32::try_from(CONNECTIONS).expect("few"));
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(server.port)
        .pool_config(pool)
        .build();
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (transport, mails, next) = (transport.clone(), Arc::clone(&mails), Arc::clone(&next));
        lanes.spawn(async move {
            while let Some((envelope, bytes)) = mails.get(next.fetch_add(1, Ordering::Relaxed)) {
                transport.send_raw(envelope, bytes).await.expect("taken");
            }
        });
    }
    lanes.join_all().await;
    MAILS as f64 / begun.elapsed().as_secs_f64()
}

/// An instance with somebody to write to.
async fn instance(folder: &std::path::Path) -> (Arc<App>, PersonId) {
    let place = folder.join("bench.db").display().to_string();
    let config = Config::parse(&format!("[database]\nurl = \"sqlite:{place}\"")).expect("settings");
    let clock = Clock::system();
    let config = config.with_keys(|| clock.moment().random()).expect("keys");
    let store = Store::open(&format!("sqlite:{place}"), &Options::default()).await.expect("a database");
    store.migrate().await.expect("a schema");
    let app = Arc::new(App::new(store, clock, &config).expect("files have a place"));
    let from_on = app.clock.now().date_naive();
    let role = NewRole { duty: Duty::Secretariat, institution: None, unit: None, from_on, until_on: None };
    let new = NewPerson {
        given_name: "Sol".to_owned(),
        family_name: "Ek".to_owned(),
        email: "sol@alliance.example".to_owned(),
        roles: vec![role],
        ..NewPerson::default()
    };
    people::appoint(&app, &new).await.expect("appointed");
    let person = people::named(&app, "sol@alliance.example").await.expect("asked").expect("there");
    (app, person)
}

async fn queue(app: &App, person: PersonId) {
    let at = app.clock.moment();
    let institution = Some("University of North".to_owned());
    let notices = (0..MAILS).map(|_| {
        let link = LinkNotice { token: at.id(), expires_at: at.now, institution: institution.clone() };
        NewNotice {
            id: at.id(),
            notice: "invitation".to_owned(),
            action: true,
            recipient: person,
            language: "en".to_owned(),
            case: None,
            number: None,
            link: None,
            facts: serde_json::to_value(NoticeFacts::Invitation(link)).ok(),
            historic: false,
            at: at.now,
            not_before: None,
            pace: sojourn_engine::pace::Pace::AtOnce,
        }
    });
    let tx = app.store.begin().await.expect("a transaction");
    outbox::add(&tx, notices.collect()).await.expect("queued");
    tx.commit().await.expect("committed");
}

/// The worker over as many notices, until none is queued.
async fn worker(server: &Server) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let (app, person) = instance(folder.path()).await;
    queue(&app, person).await;
    let url = SecretString::from(format!("smtp://127.0.0.1:{}?tls=none", server.port));
    let smtp = Smtp::open(&url, "alliance.example", CONNECTIONS).expect("an address");
    let worker = Worker::new(Arc::clone(&app), renderer(), Transport::Smtp(smtp));
    let begun = Instant::now();
    let delivered = async {
        let asked = Asked { limit: 1, cursor: None };
        let queued = Filter { status: Some(NoticeStatus::Queued), ..Filter::default() };
        while !notifications::list(&app, &asked, &queued).await.expect("asked").items.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
    };
    Box::pin(worker.run(delivered)).await;
    let pace = MAILS as f64 / begun.elapsed().as_secs_f64();
    let sent = Filter { status: Some(NoticeStatus::Deferred), ..Filter::default() };
    let put_off = notifications::list(&app, &Asked { limit: 1, cursor: None }, &sent).await.expect("asked");
    assert!(put_off.items.is_empty(), "{:?}", put_off.items);
    pace
}

fn delivery() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let renderer = renderer();
    let invitation =
        letters(&renderer).into_iter().find(|letter| letter.notice == "invitation").expect("a letter");
    let mail = renderer.render(&invitation).expect("sound");
    let envelope = Envelope::new(Some(mail.from.clone()), vec![mail.to.clone()]).expect("an envelope");
    let mails = Arc::new(vec![(envelope, mail.bytes); MAILS]);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let server = Server::start();
        theirs.push(runtime.block_on(bare(&server, Arc::clone(&mails))));
        let server = Server::start();
        ours.push(runtime.block_on(worker(&server)));
    }
    let median = |paces: &mut Vec<f64>| {
        paces.sort_by(f64::total_cmp);
        paces[RUNS / 2]
    };
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    let share = 100.0 * ours / theirs;
    let result = format!(
        "{ours:.0} a second over {CONNECTIONS} connections, a bare loop of lettre {theirs:.0}: {share:.0} %"
    );
    measured("mails delivered, SQLite", MAILS * RUNS, &result);
}

/// Keeps one line of the table that `tests/long` writes.
fn measured(what: &str, count: usize, result: &str) {
    let line = serde_json::json!({ "what": what, "count": count, "seed": "", "result": result });
    println!("measured: {line}");
    if let Ok(path) = std::env::var("SOJOURN_MEASURED") {
        let mut file =
            std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the file opens");
        writeln!(file, "{line}").expect("the line is written");
    }
}

fn main() {
    // `cargo test` only wants to know that it compiles and begins.
    if std::env::args().any(|argument| argument == "--test")
        || !std::env::args().any(|argument| argument == "--bench")
    {
        let renderer = renderer();
        let letter = letters(&renderer).pop().expect("a letter");
        black_box(renderer.render(&letter).expect("sound"));
        return;
    }
    let mut criterion = Criterion::default().configure_from_args();
    rendering(&mut criterion);
    delivery();
    criterion.final_summary();
}
