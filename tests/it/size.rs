//! Lists among very many applications, and every page of the demo: what a page costs the server does not grow with what is not on it.

use std::ops::Range;
use std::time::{Duration, Instant};

use rstest::rstest;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter};
use sojourn_engine::ids::{CaseId, PersonId};
use sojourn_entities::{history, person};

use crate::support::app::SECRETARIAT;
use crate::support::cast::{Cast, address};
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::pace::alone;
use crate::support::pattern::{Members, NUMBER, Pattern, copies, copy_in_sql, id_in_sql};
use crate::support::process::{Server, sojourn};
use crate::support::rounds::{Round, without_documents};
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;
use crate::surge::p99;

/// People who apply, each about as often as the others.
const PEOPLE: u64 = 1_000;
/// Applications that each home sends and each host gets, however many there are in all: of a million four times what each of two
/// hundred members would have.
const OF_A_MEMBER: u64 = 20_000;
/// Steps in the history of each application.
const STEPS: u64 = 10;
/// The longest that the server may take for 99 of 100 lists among a million applications, and for pages of the demo.
const LISTS: Duration = Duration::from_millis(100);
const PAGES: Duration = Duration::from_millis(50);

/// The way to a place that is accepted.
const ACCEPTED: [(&str, &str); 4] = [
    ("student", "submit"),
    ("home_coordinator", "find_eligible"),
    ("home_coordinator", "allocate"),
    ("student", "accept_offer"),
];

/// Those who look, and what they look at.
const LISTS_OF: &[(&str, &[&str])] = &[
    (
        "home_coordinator",
        &[
            "/queue",
            "/queue?at_risk=true",
            "/queue?overdue=true",
            "/queue?q=S12",
            "/queue?q=Name20",
            "/cases",
            "/cases?waiting_for_me=true",
            "/cases?q=Name20",
            "/cases?phase=application",
            "/cases?phase=selection",
            "/cases?phase=nomination",
            "/cases?phase=stay",
            "/cases?state=submitted",
            "/nominations",
        ],
    ),
    (
        "host_coordinator",
        &[
            "/queue",
            "/cases",
            "/cases?phase=nomination",
            "/cases?phase=application",
            "/incoming",
            "/arrivals",
            "/capacity",
        ],
    ),
    (
        "secretariat",
        &[
            "/queue",
            "/cases",
            "/cases?q=S77",
            "/cases?phase=application",
            "/cases?state=submitted",
            "/waiting",
            "/people?q=Name17",
        ],
    ),
    ("Pat0", &["/", "/cases"]),
];

/// How far applications stand that fill the lists.
const STAND: [&[(&str, &str)]; 3] = [
    &[("student", "submit")],
    &ACCEPTED,
    &[
        ("student", "submit"),
        ("home_coordinator", "find_eligible"),
        ("home_coordinator", "allocate"),
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
    ],
];

/// Copies of a person, each with a name and an address of its own.
async fn people(conn: &DatabaseConnection, like: &str) -> PersonId {
    let of = person::Entity::find().filter(person::Column::Email.eq(like)).one(conn).await.expect("read");
    let of = of.expect("a person").id;
    let backend = conn.get_database_backend();
    let anew = [
        (person::Column::Id, Some(copy_in_sql(backend, of.into(), NUMBER))),
        (person::Column::FamilyName, Some(format!("'Name' || {NUMBER}"))),
        (person::Column::Email, Some(format!("'name' || {NUMBER} || '@many.example'"))),
    ];
    let like = format!("p.\"id\" = {}", id_in_sql(backend, of.into()));
    copies::<person::Entity>(conn, &(0..PEOPLE), &like, &anew).await;
    of
}

/// Steps for each copy, as many as a usual application has; who reads lists does not open them.
async fn steps(conn: &DatabaseConnection, of: CaseId, numbers: &Range<u64>) {
    let backend = conn.get_database_backend();
    let like = format!("p.\"number\" = 1 AND p.\"case_id\" = {}", id_in_sql(backend, of.into()));
    for number in 1..=STEPS {
        let anew = [
            (history::Column::Sequence, None),
            (history::Column::CaseId, Some(copy_in_sql(backend, of.into(), NUMBER))),
            (history::Column::Number, Some(number.to_string())),
        ];
        copies::<history::Entity>(conn, numbers, &like, &anew).await;
    }
}

/// An alliance with very many applications, of which the home and the host of the round have as many as one member may have.
async fn filled(cast: &Cast, round: &Round, many: u64) {
    let conn = cast.app.database.connect().await;
    let each = many / STAND.len() as u64;
    let of = |name: &str| cast.at(name)["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let members = Members { home: of("Alpha"), host: of("Omega"), many: many.div_ceil(OF_A_MEMBER) };
    members.add(&conn).await;
    let mut people = None;
    for (nth, stand) in (0..).zip(STAND) {
        let name = format!("Pat{nth}");
        let mut walk = Walk::open(cast, round, &cast.student(&name).await).await;
        for (role, event) in stand {
            walk.act(role, event).await;
        }
        if people.is_none() {
            people = Some((self::people(&conn, &address(&name)).await, PEOPLE));
        }
        let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let mut pattern = Pattern::of(&conn, id).await;
        pattern.members = Some(members);
        let numbers = nth * each..(nth + 1) * each;
        pattern.spread(&conn, numbers.clone(), people).await;
        steps(&conn, id, &numbers).await;
    }
    conn.execute_unprepared("ANALYZE").await.expect("analysed");
}

/// Reads a page so many times; how long it took, in order of length, with its text.
async fn read(visitor: &Visitor, path: &str, times: u64) -> (Vec<Duration>, String) {
    let mut took = Vec::new();
    let mut text = String::new();
    for _ in 0..times {
        let began = Instant::now();
        let answer = visitor.get(path).await;
        took.push(began.elapsed());
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        text = answer.text();
    }
    took.sort_unstable();
    (took, text)
}

/// Reads each page; the slowest ninety-ninth of a hundred, with its page, and those that took too long.
async fn slowest(visitor: &Visitor, paths: &[&str], most: Duration) -> ((Duration, String), Vec<String>) {
    let times = count("pages_read");
    let mut worst = (Duration::ZERO, String::new());
    let mut over = Vec::new();
    for path in paths {
        read(visitor, path, 1).await;
        let (took, _) = read(visitor, path, times).await;
        let long = p99(&took);
        let told = format!("{path}: median {:?}, p99 {long:?}", took[took.len() / 2]);
        println!("{told}");
        if long > most {
            over.push(told);
        }
        worst = worst.max((long, (*path).to_owned()));
    }
    (worst, over)
}

#[rstest]
#[tokio::test]
async fn more_can_be_nominated_than_at_once_and_the_page_says_so(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(30, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Pat").await).await;
    for (role, event) in ACCEPTED {
        walk.act(role, event).await;
    }
    cast.app.accept(&address("home_coordinator")).await;
    let home = Visitor::signed_in(&cast.app.address, &address("home_coordinator")).await;
    let (_, alone) = read(&home, "/nominations", 1).await;
    assert!(alone.contains("Nominate 1<") && !alone.contains("More than"), "{alone}");

    let conn = cast.app.database.connect().await;
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    Pattern::of(&conn, id).await.spread(&conn, 0..1_100, None).await;
    let (_, page) = read(&home, "/nominations", 1).await;
    assert!(page.contains("More than 1000 applications can be nominated"), "{page}");
    assert!(page.contains("<strong>1,000</strong>") && page.contains("At most 500 are nominated at once"));
    assert_eq!(page.matches("name=\"case\"").count(), 500);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_list_costs_what_is_on_its_page(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let many = count("applications_listed");
    let cast = Cast::of(db).await;
    let round = cast.exchange(30, &without_documents()).await;
    filled(&cast, &round, many).await;

    let mut worst = (Duration::ZERO, String::new());
    let mut over = Vec::new();
    for (who, paths) in LISTS_OF {
        let email = if *who == "secretariat" { SECRETARIAT.to_owned() } else { address(who) };
        cast.app.accept(&email).await;
        let visitor = Visitor::signed_in(&cast.app.address, &email).await;
        let (slow, late) = slowest(&visitor, paths, LISTS).await;
        worst = worst.max((slow.0, format!("{} of {who}", slow.1)));
        over.extend(late);
    }
    let home = Visitor::signed_in(&cast.app.address, &address("home_coordinator")).await;
    let (_, queue) = read(&home, "/queue", 1).await;
    assert_eq!(queue.matches("name=\"case\"").count(), 25, "a page of many");
    measured(
        &format!("Pages of lists among applications with {STEPS} steps each, {db:?}"),
        many,
        "",
        format!("p99 of the slowest, {}: {:.1} ms", worst.1, worst.0.as_secs_f64() * 1e3),
    );
    assert!(over.is_empty() || !alone(), "{over:#?}");
}

/// What is looked at in the demo.
const DEMO: &[(&str, &[&str])] = &[
    ("student1@lindenau.example", &["/", "/cases", "/calls", "/programmes", "/account", "/calendar"]),
    (
        "coordinator@lindenau.example",
        &["/", "/queue", "/cases", "/nominations", "/agreements", "/balances", "/places"],
    ),
    ("coordinator@haifeng.example", &["/", "/queue", "/incoming", "/arrivals", "/capacity"]),
    (
        "secretariat@alliance.example",
        &[
            "/",
            "/cases",
            "/waiting",
            "/notifications",
            "/institutions",
            "/people",
            "/desk",
            "/audit",
            "/calls",
            "/reports/funnel",
            "/reports/waiting",
            "/reports/traffic",
            "/workflows",
            "/workflows/student-exchange",
            "/workflows/student-exchange/versions/1",
            "/workflows/student-exchange/versions/1/text",
            "/workflows/student-exchange/edit",
        ],
    ),
];

/// Pages of the first case in somebody's list, each by what follows its address.
const OF_A_CASE: &[(&str, &str, &[&str])] = &[
    ("student1@lindenau.example", "/cases/{}", &["", "/messages", "/road"]),
    ("coordinator@lindenau.example", "/cases/{}", &["", "/messages", "/road"]),
    ("coordinator@lindenau.example", "/queue/review/{}", &[""]),
    ("coordinator@haifeng.example", "/cases/{}", &["", "/messages"]),
];

#[tokio::test]
async fn pages_of_the_demo_are_there_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = sojourn(folder.path(), &[("SOJOURN_LOG__FILTER", "error")]);
    demo.args(["demo", "--bind", "127.0.0.1:0", "--database"]).arg(folder.path().join("alliance.db"));
    let server = Server::start(demo);
    let mut worst = (Duration::ZERO, String::new());
    let mut over = Vec::new();
    for (email, paths) in DEMO {
        let visitor = Visitor::in_demo(&server.address, email).await;
        let (slow, late) = slowest(&visitor, paths, PAGES).await;
        worst = worst.max(slow);
        over.extend(late);
    }
    for (email, page, parts) in OF_A_CASE {
        let visitor = Visitor::in_demo(&server.address, email).await;
        let (_, list) = read(&visitor, "/cases", 1).await;
        let list = list.replace("&#x2f;", "/");
        let (_, rest) = list.split_once("href=\"/cases/0").expect("a case");
        let case = format!("0{}", rest.split('"').next().unwrap_or_default());
        let paths: Vec<String> =
            parts.iter().map(|part| format!("{}{part}", page.replace("{}", &case))).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let (slow, late) = slowest(&visitor, &paths, PAGES).await;
        worst = worst.max(slow);
        over.extend(late);
    }
    let of_cases: usize = OF_A_CASE.iter().map(|(.., parts)| parts.len()).sum();
    let others: usize = DEMO.iter().map(|(_, paths)| paths.len()).sum();
    measured(
        "Pages of the demo",
        (of_cases + others) as u64,
        "",
        format!("p99 of the slowest, {}: {:.1} ms", worst.1, worst.0.as_secs_f64() * 1e3),
    );
    assert!(over.is_empty() || !alone(), "{over:#?}");
}
