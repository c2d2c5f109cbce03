//! Where a case lands under another version of its definition, and why it may not.

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::adoption::{Adoption, Landed, Obstacle};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, EventIx};
use sojourn_engine::facts::Facts;
use sojourn_engine::machine::{Calendars, Case, Context, Running};
use sojourn_engine::vocabulary::AccountStatus;

use crate::sketch::Sketch;

/// A place is held by `take` and used by `use_it`; `pause` remembers where it was entered from.
fn sketch() -> Sketch {
    Sketch::new()
        .state("draft", "")
        .state("taken", "")
        .state("paused", "remember = true")
        .state("done", "kind = 'success'")
        .account("seat", "")
        .step("take", &["draft"], "taken", "effects = [{ hold = 'seat' }]")
        .step("pause", &["draft", "taken"], "paused", "")
        .step("resume", &["paused"], "@previous", "")
        .step("use_it", &["taken"], "done", "effects = [{ use = 'seat' }]")
}

fn at() -> DateTime<Utc> {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

/// A case that went through these states, with this status of its seat.
fn case(definition: &Definition, states: &[&str], seat: AccountStatus) -> Case {
    let mut case = Case::new(definition, at());
    for pair in states.windows(2) {
        let [from, to] = [pair[0], pair[1]].map(|name| definition.state_named(name).unwrap());
        if definition.states[to.at()].remember {
            case.registers.push((to, from));
        }
        case.state = to;
    }
    case.accounts[0] = seat;
    case
}

fn landing(to: &Sketch, states: &[&str], seat: AccountStatus) -> Result<Case, Vec<Obstacle>> {
    let (from, to) = (sketch().parse(), to.parse());
    Adoption::to(&to).unwrap().land(&from, &case(&from, states, seat))
}

#[test]
fn a_case_keeps_state_origin_and_places_by_name() {
    let to = sketch().state("extra", "").step("detour", &["draft"], "extra", "").step(
        "back",
        &["extra"],
        "draft",
        "",
    );
    let landed = landing(&to, &["draft", "taken", "paused"], AccountStatus::Held).unwrap();
    let there = to.parse();
    let named = |name: &str| there.state_named(name).unwrap();
    assert_eq!((landed.state, landed.origin()), (named("paused"), Some(named("taken"))));
    assert_eq!(landed.accounts, [AccountStatus::Held]);
}

#[test]
fn places_that_no_way_leads_to_are_an_obstacle() {
    let late = Sketch::new()
        .state("draft", "")
        .state("taken", "")
        .state("paused", "remember = true")
        .state("done", "kind = 'success'")
        .account("seat", "")
        .step("take", &["draft"], "taken", "")
        .step("pause", &["draft", "taken"], "paused", "")
        .step("resume", &["paused"], "@previous", "")
        .step("use_it", &["taken"], "done", "effects = [{ hold = 'seat' }, { use = 'seat' }]");
    let unreachable = |state: &str| Err(vec![Obstacle::NotReachable { state: state.to_owned() }]);
    assert_eq!(landing(&late, &["draft", "taken"], AccountStatus::Held), unreachable("taken"));
    assert_eq!(landing(&late, &["draft", "taken", "paused"], AccountStatus::Held), unreachable("paused"));
    assert!(landing(&late, &["draft"], AccountStatus::None).is_ok());
}

#[test]
fn what_the_new_version_has_no_word_for_is_named() {
    let other = Sketch::new()
        .state("draft", "")
        .state("taken", "kind = 'success'")
        .account("seat", "line = 'home pool'")
        .step("take", &["draft"], "taken", "effects = [{ hold = 'seat' }, { use = 'seat' }]");
    let missing = landing(&other, &["draft", "paused"], AccountStatus::None).unwrap_err();
    assert_eq!(missing, [Obstacle::StateMissing { state: "paused".to_owned() }]);
    let all = landing(&other, &["draft", "taken"], AccountStatus::Held).unwrap_err();
    let expected = [
        Obstacle::StateFinal { state: "taken".to_owned() },
        Obstacle::AccountElsewhere { account: "seat".to_owned() },
    ];
    assert_eq!(all, expected);
    let none = Sketch::new().state("draft", "").state("taken", "").step("take", &["draft"], "taken", "");
    let gone = landing(&none, &["draft", "taken"], AccountStatus::Held).unwrap_err();
    assert_eq!(gone, [Obstacle::AccountMissing { account: "seat".to_owned() }]);
}

#[test]
fn an_event_that_has_happened_once_stays_spent() {
    let once = |states: Sketch| {
        states.step("again", &["taken"], "draft", "once = true\neffects = [{ release = 'seat' }]")
    };
    let (from, to) = (once(sketch()).parse(), once(sketch()).parse());
    let mut spent = case(&from, &["draft"], AccountStatus::None);
    let again = from.event_named("again").unwrap();
    spent.acts.push((again, None));
    let landed = Adoption::to(&to).unwrap().land(&from, &spent).unwrap();
    assert_eq!(
        landed.acts.iter().map(|(event, _)| *event).collect::<Vec<EventIx>>(),
        [to.event_named("again").unwrap()]
    );
}

/// The clock of `draft` under a version in which it runs so long, for a case that entered the state nine hours ago.
fn clock(within: &str, running: bool) -> Vec<Landed> {
    let from = sketch().parse();
    let to = Definition::parse(&sketch().source().replace("within = '9 days'", within)).unwrap();
    let adoption = Adoption::to(&to).unwrap();
    let mut before = case(&from, &["draft"], AccountStatus::None);
    let known = from.clock_named(from.initial, "end").unwrap();
    before.clocks.extend(running.then_some(Running::until(known, at() + TimeDelta::days(9))));
    let landed = adoption.land(&from, &before).unwrap();
    let utc = || Calendar::plain(chrono_tz::UTC);
    let calendars = Calendars { home: utc(), host: utc(), alliance: utc() };
    let context = Context {
        now: at() + TimeDelta::hours(9),
        facts: &Facts::default(),
        lines: &[],
        next_lines: &[],
        rivals: &[],
        documents: &[],
        calendars: &calendars,
        stays: 1,
        overrides: &[],
        subject: None,
    };
    let clocks = adoption.clocks(&from, &before, &landed, &context, &Facts::default());
    clocks.into_iter().map(|(_, clock)| clock).collect()
}

#[test]
fn a_deadline_counts_on_from_entry_or_from_now() {
    let due = |landed: &[Landed]| match landed {
        [Landed::Started(start)] => start.due_at - at(),
        other => panic!("one clock that starts: {other:?}"),
    };
    assert!(matches!(clock("within = '9 days'", true)[..], [Landed::Kept(_)]), "the same clock");
    assert_eq!(clock("within = '9 days'", false), [], "one that has ended stays so");
    assert_eq!(
        due(&clock("within = '24 hours'", true)),
        TimeDelta::hours(24),
        "from when the state was entered"
    );
    assert_eq!(due(&clock("within = '8 hours'", true)), TimeDelta::hours(17), "over already: from now");
}
