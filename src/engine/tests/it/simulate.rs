//! What a changed definition would have made of what happened.

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::Definition;
use sojourn_engine::guard::Value;
use sojourn_engine::ids::{CaseId, PersonId, PlaceLineId, WorkflowVersionId};
use sojourn_engine::machine::Calendars;
use sojourn_engine::simulate::{Attempted, Kind, Past, Posted, Recorded, Report, Simulation, Written};
use sojourn_engine::vocabulary::PostingKind;
use uuid::Uuid;

use crate::sketch::Sketch;

const MESSAGES: &str = "[messages]\nno.en = 'No.'\n";

/// The student sends; the office takes or turns down; a join sorts out.
fn sketch() -> Sketch {
    Sketch::new()
        .state("draft", "")
        .state("sent", "")
        .state("taken", "")
        .state("done", "kind = 'success'")
        .state("away", "kind = 'failure'")
        .account("seat", "")
        .step("send", &["draft"], "sent", "require = [{ that = 'application.complete', else = 'no' }]")
        .step("take", &["sent"], "taken", "by = ['office']\neffects = [{ hold = 'seat' }]")
        .step("turn_down", &["sent"], "away", "by = ['office']")
        .step("finish", &["taken"], "done", "effects = [{ use = 'seat' }]")
        .with(MESSAGES)
}

/// The sketch with lines of its file replaced.
fn changed(from: &str, to: &str) -> Definition {
    let source = sketch().source();
    assert!(source.contains(from), "{source}");
    Definition::parse(&source.replace(from, to)).unwrap_or_else(|found| panic!("{found:#?}"))
}

fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

fn at(hours: i64) -> DateTime<Utc> {
    "2027-01-04T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours)
}

fn calendars() -> Calendars {
    let utc = || Calendar::plain(chrono_tz::UTC);
    Calendars { home: utc(), host: utc(), alliance: utc() }
}

const STUDENT: u128 = 7;

fn step(
    number: i32,
    event: &'static str,
    states: (&'static str, &'static str),
    role: &'static str,
) -> Recorded<'static> {
    let actor = match role {
        "student" => Some(id(STUDENT)),
        "system" => None,
        _ => Some(id::<PersonId>(8)),
    };
    Recorded {
        number,
        machine: "main",
        at: at(24 * i64::from(number)),
        version: id(1),
        event,
        from: Some(states.0).filter(|from| !from.is_empty()),
        to: states.1,
        role,
        actor,
        imported: false,
        facts: "{}",
        written: Written::Nothing,
    }
}

fn life() -> Vec<Recorded<'static>> {
    vec![
        step(1, "create", ("", "draft"), "student"),
        Recorded {
            facts: r#"{"application.complete":true}"#,
            ..step(2, "send", ("draft", "sent"), "student")
        },
        step(3, "take", ("sent", "taken"), "office"),
        step(4, "finish", ("taken", "done"), "student"),
    ]
}

fn postings() -> Vec<Posted<'static>> {
    let posted = |number, kind| Posted {
        line: id(3),
        account: "seat",
        number,
        at: at(24 * i64::from(number)),
        kind,
        amount: 1,
    };
    vec![posted(3, PostingKind::Hold), posted(4, PostingKind::Use)]
}

/// What becomes of one life under a definition.
struct Trial {
    steps: Vec<Recorded<'static>>,
    refused: Vec<Attempted<'static>>,
    frozen: Vec<(&'static str, Option<Value>)>,
    postings: Vec<Posted<'static>>,
}

impl Trial {
    fn new() -> Self {
        Self { steps: life(), refused: Vec::new(), frozen: Vec::new(), postings: postings() }
    }

    fn past<'a>(&'a self, case: u128, calendars: &'a Calendars) -> Past<'a> {
        Past {
            case: id::<CaseId>(case),
            applicant: id(STUDENT),
            steps: &self.steps,
            refused: &self.refused,
            frozen: &self.frozen,
            calendars,
            overrides: &[],
            postings: &self.postings,
        }
    }

    fn under(&self, definition: &Definition) -> Report {
        let (old, calendars) = (sketch().parse(), calendars());
        let mut simulation = Simulation::new(definition, [(id::<WorkflowVersionId>(1), &old)]);
        simulation.case(&self.past(1, &calendars));
        simulation.report()
    }
}

/// Kind, state, event and what differs, of the one difference.
fn difference(report: &Report) -> (Kind, &str, &str, &str, i32) {
    let [one] = &report.differences[..] else { panic!("one difference: {report:#?}") };
    assert_eq!((report.diverged, report.unchanged, report.unknown), (1, 0, 0), "{report:#?}");
    (one.kind, &one.state, &one.event, &one.what, one.first[0].step)
}

#[test]
fn a_definition_that_did_not_change_changes_nothing() {
    let report = Trial::new().under(&sketch().parse());
    assert_eq!((report.cases, report.steps, report.unchanged), (1, 4, 1));
    assert_eq!(report, Report { cases: 1, steps: 4, unchanged: 1, ..Report::default() });
}

#[test]
fn a_rule_is_asked_on_the_facts_of_its_step() {
    let stricter = changed("application.complete", "application.choices >= 2");
    let unknown = Trial::new().under(&stricter);
    assert_eq!((unknown.unknown, unknown.diverged), (1, 0), "nobody recorded the number of choices");
    assert_eq!(unknown.questions[0].fact, "`application.choices`");

    let mut known = Trial::new();
    known.steps[1].facts = r#"{"application.complete":true,"application.choices":1}"#;
    let report = known.under(&stricter);
    let (kind, state, event, what, number) = difference(&report);
    assert_eq!((kind, state, event, number), (Kind::Refused, "draft", "send", 2));
    assert_eq!(what, "`no` does not hold");
    known.steps[1].facts = r#"{"application.choices":2}"#;
    assert_eq!(known.under(&stricter).unchanged, 1);
    known.steps[1].facts = r#"{"application.choices":null}"#;
    assert_eq!(difference(&known.under(&stricter)).0, Kind::Refused, "recorded as absent");
}

#[test]
fn whoever_acted_counts_in_the_role_they_acted_in() {
    let other = changed("to = 'away'\nby = ['office']", "to = 'away'\nby = ['student']");
    assert_eq!(Trial::new().under(&other).unchanged, 1, "nobody was turned down");
    let other = changed("to = 'taken'\nby = ['office']", "to = 'taken'\nby = ['student']");
    assert_eq!(
        difference(&Trial::new().under(&other)),
        (Kind::Refused, "sent", "take", "it is for `student`", 3)
    );
}

#[test]
fn a_deadline_that_would_have_ended_before_a_step_ends_the_comparison() {
    let hasty = changed("within = '9 days'", "within = '12 hours'");
    let report = Trial::new().under(&hasty);
    let (kind, state, event, what, number) = difference(&report);
    assert_eq!((kind, state, event, number), (Kind::Lapsed, "draft", "send", 2));
    assert_eq!(what, "deadline `end` would have ended: `stop` is fired");
    let late = changed("within = '9 days'", "within = '20 days'");
    assert_eq!(Trial::new().under(&late).unchanged, 1);
    let mut ended = Trial::new();
    ended.steps.truncate(2);
    ended.steps.push(Recorded { at: at(24 * 12), ..step(3, "stop", ("sent", "stopped"), "system") });
    ended.postings.clear();
    assert_eq!(difference(&ended.under(&late)).0, Kind::NotDue);
}

#[test]
fn a_refused_attempt_may_be_allowed_now() {
    let mut trial = Trial::new();
    trial.refused.push(Attempted {
        machine: "main",
        at: at(30),
        version: id(1),
        event: "send",
        role: Some("student"),
        actor: Some(id(STUDENT)),
        facts: r#"{"application.complete":false}"#,
        code: "unmet",
        rules: &["no"],
    });
    assert_eq!(trial.under(&sketch().parse()).unchanged, 1, "refused still");
    let lenient = changed("require = [{ that = 'application.complete', else = 'no' }]", "");
    let lenient_report = trial.under(&lenient);
    assert_eq!((lenient_report.attempts, lenient_report.steps), (1, 1), "followed no further");
    assert_eq!(difference(&lenient_report).0, Kind::Allowed);
    let other = changed("application.complete", "application.choices >= 1");
    assert_eq!(trial.under(&other).unknown, 1, "neither the attempt nor the step tell");
}

#[test]
fn other_places_and_lines_that_would_have_been_short_are_told() {
    let early = changed(
        "require = [{ that = 'application.complete', else = 'no' }]",
        "require = [{ that = 'application.complete', else = 'no' }]\neffects = [{ hold = 'seat' }]",
    );
    let source = sketch().source().replace("effects = [{ hold = 'seat' }]", "");
    let without = Definition::parse(&source).unwrap();
    assert_eq!(
        difference(&Trial::new().under(&without)),
        (Kind::Places, "sent", "take", "nothing, where it was hold `seat`", 3)
    );
    let report = Trial::new().under(&early);
    assert_eq!(difference(&report), (Kind::Places, "draft", "send", "hold `seat`, where it was nothing", 2));

    let (old, calendars) = (sketch().parse(), calendars());
    let trial = Trial::new();
    let mut simulation = Simulation::new(&early, [(id::<WorkflowVersionId>(1), &old)]);
    simulation.case(&trial.past(1, &calendars));
    let line: PlaceLineId = id(3);
    assert_eq!(simulation.lines(), [line]);
    simulation.beside(line, at(24 * 2 + 12), PostingKind::Capacity, 1);
    let overdrawn = simulation.report().overdrawn;
    assert_eq!(overdrawn.len(), 1, "held a day before there was a place");
    assert_eq!((overdrawn[0].line, overdrawn[0].short, overdrawn[0].at), (line, 1, at(48)));
}

#[test]
fn mails_that_would_have_gone_are_counted() {
    let source = sketch().with("[notices]\nhello = { action = false }\n").source();
    let (before, taken) = source.split_once("to = 'taken'\nby = ['office']").unwrap();
    let hello = taken.replacen("notify = [", "notify = [{ notice = 'hello', to = ['student'] }, ", 1);
    let source = format!("{before}to = 'taken'\nby = ['office']{hello}");
    let report = Trial::new().under(&Definition::parse(&source).unwrap());
    assert_eq!((report.unchanged, report.mails.len()), (1, 1));
    assert_eq!(
        (report.mails[0].notice.as_str(), report.mails[0].more, report.mails[0].fewer),
        ("hello", 1, 0)
    );
}

#[test]
fn what_stands_frozen_answers_after_it_was_frozen() {
    let freezing = |source: String| source.replace("to = 'sent'\n", "to = 'sent'\nfreezes = true\n");
    let old = Definition::parse(&freezing(sketch().source())).unwrap();
    let only = |level: &str| {
        let rule = format!("require = [{{ that = 'student.level == {level}', else = 'no' }}]");
        let source = freezing(sketch().source());
        Definition::parse(&source.replace("to = 'taken'\n", &format!("to = 'taken'\n{rule}\n"))).unwrap()
    };
    let calendars = calendars();
    let trial = Trial { frozen: vec![("student.level", Some(Value::Int(6)))], ..Trial::new() };
    let under = |definition: &Definition| {
        let mut simulation = Simulation::new(definition, [(id::<WorkflowVersionId>(1), &old)]);
        simulation.case(&trial.past(1, &calendars));
        simulation.report()
    };
    assert_eq!(difference(&under(&only("7"))).0, Kind::Refused);
    assert_eq!(under(&only("6")).unchanged, 1);
}

#[test]
fn the_report_is_the_same_in_whatever_order_cases_come() {
    let (old, stricter, calendars) =
        (sketch().parse(), changed("within = '9 days'", "within = '12 hours'"), calendars());
    let trial = Trial::new();
    let told = |order: &mut dyn Iterator<Item = u128>| {
        let mut simulation = Simulation::new(&stricter, [(id::<WorkflowVersionId>(1), &old)]);
        for case in order {
            simulation.case(&trial.past(case, &calendars));
        }
        let report = simulation.report();
        (report.to_string(), serde_json::to_string(&report).unwrap())
    };
    assert_eq!(told(&mut (1..=20)), told(&mut (1..=20).rev()));
    assert!(told(&mut (1..=20)).0.contains("20 × lapsed before: `send` in `draft`"));
}
