//! Every transition of the shipped workflows, walked through the API: where each walk ends, and what it leaves on the lines.
//!
//! A walk is told as events: `event` is fired by the first role that may, `event:role` by that role, `!event` by the system when
//! the case's clock has run out, `!!event` by the system at once, `!promote=2` by the system at once for the choice of that rank, `@day` moves the clock to noon of
//! that day, `track/key.event` moves an instance of a track, `1.event` that of the first stay, by its host unless a role is named, `^slot` uploads a
//! document there, `event=day` gives the new last day of the stay, `+bell` opens the application with submission at the bell. Names in capitals
//! stand for the walk up to a state.

mod internship;
pub mod kinds;
mod papers;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};
use sojourn::app::definitions::shipped;
use sojourn::app::notifications::Outcome;
use sojourn::mail::{Renderer, Sender};
use sojourn_engine::definition::{Definition, Transition};

use internship::INTERNSHIPS;
use papers::{EXCHANGE_PAPERS, INTERNSHIP_PAPERS};

use crate::support::actor::Actor;
use crate::support::app::dawn;
use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::rounds::{
    Round, definition, documents_at_will, without_documents, without_work_documents,
};
use crate::support::walk::{Walk, offer_of};

/// A walk, the state it ends in, and what it adds to each line of its round: held and used.
type Told = (&'static str, &'static str, &'static [(i64, i64)]);

const NOTHING: &[(i64, i64)] = &[(0, 0), (0, 0), (0, 0)];
const TWICE: &[(i64, i64)] = &[(0, 2), (0, 0), (0, 2)];
const USED: &[(i64, i64)] = &[(0, 1), (0, 0), (0, 1)];

/// Names of walks up to a state, for exchanges.
pub const EXCHANGE_LEGS: &[(&str, &str)] = &[
    ("ELIGIBLE", "submit find_eligible"),
    ("TAKEN", "ELIGIBLE allocate accept_offer"),
    ("KNOWN", "TAKEN nominate acknowledge"),
    ("APPROVED", "KNOWN approve"),
    ("READY", "APPROVED confirm"),
    ("ABROAD", "READY @2027-02-15 arrive"),
    ("BACK", "ABROAD @2027-06-28 depart"),
    ("LONGER", "ABROAD ask_extension extend:home_academic extend:host_coordinator"),
    ("AGAIN", "!promote=1 accept_offer nominate"),
    ("STAY", "ask_withdrawal refuse_withdrawal"),
    ("PAUSE", "suspend lift"),
    ("REFERRED", "name_referee references/1.refer submit find_eligible"),
    ("PLACED", "REFERRED allocate accept_offer nominate acknowledge approve confirm"),
];

const EXCHANGES: &[Told] = &[
    ("BACK file_transcript recognise @2027-07-20 close", "closed", USED),
    ("BACK file_transcript recognise appeal uphold recognise !close", "closed", USED),
    ("BACK file_transcript recognise appeal dismiss !close", "closed", USED),
    ("ABROAD end_early file_transcript recognise !close", "closed", USED),
    ("ABROAD end_early close", "closed", USED),
    ("BACK @2027-10-01 close", "closed", USED),
    ("BACK file_transcript @2027-10-01 close", "closed", USED),
    ("LONGER @2027-12-12 depart file_transcript recognise @2028-01-10 close", "closed", TWICE),
    ("LONGER end_early close", "closed", USED),
    ("LONGER @2027-10-01 end_early close", "closed", TWICE),
    ("LONGER shorten=2027-11-30 shorten=2027-06-20 @2027-06-18 depart @2027-10-01 close", "closed", USED),
    (
        "ABROAD shorten=2027-06-15 ask_extension refuse_extension ask_extension @2027-06-16 !lapse depart @2027-10-01 close",
        "closed",
        USED,
    ),
    ("ABROAD ask_extension @2027-06-28 depart @2027-10-01 close", "closed", USED),
    ("ABROAD ask_extension end_early close", "closed", USED),
    ("ABROAD PAUSE interrupt resume suspend end_early close", "closed", USED),
    ("ABROAD interrupt end_early close", "closed", USED),
    ("ABROAD ask_extension PAUSE suspend end_early close", "closed", USED),
    ("LONGER PAUSE suspend end_early close", "closed", USED),
    ("LONGER interrupt resume interrupt end_early close", "closed", USED),
    ("submit take_back submit return resubmit return !resubmit find_ineligible", "ineligible", NOTHING),
    ("+bell !bell withdraw", "withdrawn", NOTHING),
    ("!lapse", "expired", NOTHING),
    ("withdraw", "withdrawn", NOTHING),
    ("submit return withdraw", "withdrawn", NOTHING),
    ("ELIGIBLE withdraw", "withdrawn", NOTHING),
    ("ELIGIBLE not_select", "not_selected", NOTHING),
    ("ELIGIBLE waitlist withdraw", "withdrawn", NOTHING),
    ("ELIGIBLE waitlist !not_select", "not_selected", NOTHING),
    ("ELIGIBLE waitlist !promote=1 withdraw", "withdrawn", NOTHING),
    ("ELIGIBLE waitlist !promote=1 !pass_on !promote=1 decline_offer", "declined", NOTHING),
    ("ELIGIBLE allocate withdraw", "withdrawn", NOTHING),
    ("ELIGIBLE allocate decline_offer", "declined", NOTHING),
    ("ELIGIBLE allocate !lapse reinstate !lapse !lapse", "expired", NOTHING),
    ("TAKEN withdraw", "withdrawn", NOTHING),
    ("TAKEN !miss_nomination withdraw", "withdrawn", NOTHING),
    ("TAKEN !miss_nomination nominate STAY ask_withdrawal grant_withdrawal", "withdrawn", NOTHING),
    ("TAKEN !miss_nomination give_up", "not_placed", NOTHING),
    (
        "ELIGIBLE waitlist AGAIN amend STAY acknowledge amend STAY request_info amend STAY supply_info request_info !lapse \
         approve_conditionally STAY meet_condition STAY !lapse reinstate confirm STAY ask_withdrawal grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    (
        "TAKEN nominate cancel accept_offer nominate acknowledge cancel AGAIN acknowledge request_info cancel AGAIN acknowledge \
         approve_conditionally cancel AGAIN acknowledge approve cancel AGAIN acknowledge approve confirm cancel withdraw",
        "withdrawn",
        NOTHING,
    ),
    ("ELIGIBLE waitlist !promote=1 PAUSE suspend withdraw", "withdrawn", NOTHING),
    ("ELIGIBLE allocate PAUSE suspend cancel withdraw", "withdrawn", NOTHING),
    ("KNOWN suspend cancel withdraw", "withdrawn", NOTHING),
    (
        "TAKEN PAUSE !miss_nomination PAUSE nominate PAUSE acknowledge PAUSE request_info PAUSE supply_info approve_conditionally \
         PAUSE meet_condition PAUSE ask_withdrawal PAUSE refuse_withdrawal confirm PAUSE suspend withdraw",
        "withdrawn",
        NOTHING,
    ),
    ("KNOWN refuse accept_offer nominate acknowledge refuse !not_select", "not_selected", NOTHING),
    ("KNOWN @2026-11-20 refuse", "not_placed", NOTHING),
    ("KNOWN @2026-11-20 cancel", "not_placed", NOTHING),
    ("KNOWN approve_conditionally !fail_condition withdraw", "withdrawn", NOTHING),
    ("TAKEN nominate @2027-01-12 release_unanswered", "withdrawn", NOTHING),
    ("KNOWN @2027-01-12 release_unanswered", "withdrawn", NOTHING),
    ("APPROVED decline_place", "declined", NOTHING),
    ("APPROVED !lapse !lapse", "expired", NOTHING),
    ("READY @2027-03-03 report_no_show", "no_show", &[(0, 1), (0, 0), (0, 0)]),
];

/// Walks in a call that neither moves on to the next choice nor keeps a waiting list.
const EXCHANGES_ALONE: &[Told] = &[
    ("KNOWN cancel withdraw", "withdrawn", NOTHING),
    ("KNOWN cancel !not_select", "not_selected", NOTHING),
    ("KNOWN cancel allocate withdraw", "withdrawn", NOTHING),
    ("KNOWN refuse", "not_placed", NOTHING),
];

/// The same for internships.
pub const INTERNSHIP_LEGS: &[(&str, &str)] = &[
    ("ENDORSED", "submit endorse"),
    ("FORWARDED", "ENDORSED forward"),
    ("OFFERED", "FORWARDED offer"),
    ("DRAWN", "OFFERED accept_offer"),
    ("READY", "DRAWN sign:student sign:employer sign:home_coordinator"),
    ("ACTIVE", "READY @2027-02-15 start"),
    ("DONE", "ACTIVE @2027-06-28 complete"),
    ("STAY", "ask_withdrawal refuse_withdrawal"),
    ("PAUSE", "suspend lift"),
    ("GONE", "!!replace replace endorse"),
    (
        "WORKED",
        "OFFERED accept_offer programme_of_work/1.describe_work:employer programme_of_work/1.agree_work:home_academic \
     sign:student sign:employer sign:home_coordinator",
    ),
];

const LEFT: &[(i64, i64)] = &[(0, 0)];
const KEPT: &[(i64, i64)] = &[(0, 1)];

/// The events of a walk, legs put in for their names.
pub fn events(walk: &str, legs: &[(&str, &str)]) -> Vec<String> {
    let words = walk.split_whitespace();
    let each = |word: &str| match legs.iter().find(|(name, _)| *name == word) {
        Some((_, leg)) => events(leg, legs),
        None => vec![word.to_owned()],
    };
    words.flat_map(each).collect()
}

/// Takes one step of a walk.
pub async fn take(walk: &mut Walk<'_>, word: &str) {
    if let Some(day) = word.strip_prefix('@') {
        let noon = format!("{day}T12:00:00Z").parse().expect("a day");
        walk.cast.app.clock.set(noon);
    } else if let Some(slot) = word.strip_prefix('^') {
        walk.cast.app.advance(TimeDelta::minutes(1));
        walk.student.upload(&walk.case, slot, "a.pdf", b"%PDF-1.7\n%%EOF\n").await.ok();
        walk.look().await;
    } else if let Some(rank) = word.strip_prefix("!promote=") {
        let choice = walk.choice(rank.parse().expect("a rank")).clone();
        walk.system("promote", &json!({ "choice": choice })).await;
    } else if let Some((stay, word)) = word.split_once('.').filter(|(stay, _)| stay.parse::<u16>().is_ok()) {
        let (event, role) = word.split_once(':').unwrap_or((word, "host_coordinator"));
        walk.act_at(stay.parse().expect("the number of a stay"), role, event).await;
    } else if let Some(event) = word.strip_prefix("!!") {
        walk.system(event, &json!({})).await;
    } else if let Some(word) = word.strip_prefix('!') {
        match machine(word) {
            (None, event) => walk.expire(event).await,
            (track, event) => walk.system_on(track, event, &json!({})).await,
        }
    } else {
        let (word, day) = word.split_once('=').map_or((word, None), |(word, day)| (word, Some(day)));
        let (track, word) = machine(word);
        let (event, role) = match word.split_once(':') {
            Some((event, role)) => (event, role.to_owned()),
            None => (word, offer_of(&walk.case, track, word)["by"][0].as_str().expect("a role").to_owned()),
        };
        let data = day.map_or_else(|| json!({}), |day| json!({ "new_last_on": day }));
        walk.act_on(track, &role, event, &data).await;
    }
}

/// The source of a shipped definition by the name of its file.
pub fn source(name: &str) -> String {
    let found = shipped().into_iter().find(|(file, _)| file == name);
    found.unwrap_or_else(|| panic!("no definition {name} is shipped")).1
}

/// The instance a word names, and the rest of it.
fn machine(word: &str) -> (Option<(&str, &str)>, &str) {
    let named = word.split_once('/').and_then(|(track, rest)| Some((track, rest.split_once('.')?)));
    named.map_or((None, word), |(track, (key, event))| (Some((track, key)), event))
}

/// What was walked: track (empty for the main machine), event, state before, and where that state was entered from.
type Steps = BTreeSet<(String, String, String, String)>;

async fn walked(
    (cast, student): (&Cast, &Actor),
    round: &Round,
    legs: &[(&str, &str)],
    told: &[Told],
) -> Steps {
    let mut steps = Steps::new();
    for (story, end, left) in told {
        cast.app.clock.set(dawn() + TimeDelta::hours(1));
        let words = events(story, legs);
        let bell = json!({ "submit_at_bell": words[0] == "+bell" });
        let mut walk = Walk::open_with(cast, round, student, &bell).await;
        let before = numbers(&walk, round).await;
        for word in words.iter().filter(|word| *word != "+bell") {
            take(&mut walk, word).await;
        }
        let after = numbers(&walk, round).await;
        let added: Vec<_> = after.iter().zip(&before).map(|(a, b)| (a.0 - b.0, a.1 - b.1)).collect();
        assert_eq!((walk.case["state"].as_str(), &added[..]), (Some(*end), *left), "{story}");
        steps.extend(origins(&walk.history().await));
    }
    cast.verified().await;
    steps
}

/// Writes every notice that waits in every language there is, and says which there were.
pub async fn written(cast: &Cast) -> BTreeSet<String> {
    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
    let renderer = Renderer::open(sender, None).expect("the texts are sound");
    cast.app.clock.set(dawn() + TimeDelta::days(900));
    let mut written = BTreeSet::new();
    loop {
        let at = cast.app.clock.moment();
        let lease = at.id();
        let claimed = cast.app.app.claim_notices(&at, lease, 500).await.expect("the database answers");
        if claimed.is_empty() {
            return written;
        }
        let sent: Vec<_> = claimed.iter().map(|due| (lease, due.clone(), Outcome::Sent)).collect();
        cast.app.app.settle_notices(&at, &sent).await.expect("the database answers");
        for due in claimed {
            let mut letter = due.letter.expect("somebody to write to");
            for language in renderer.templates().languages() {
                assert!(
                    renderer.templates().has(language, &letter.notice),
                    "{} in {language}",
                    letter.notice
                );
                language.clone_into(&mut letter.reader.language);
                let mail = renderer.render(&letter);
                let mail = mail.unwrap_or_else(|fault| panic!("{} in {language}: {fault}", letter.notice));
                assert!(!mail.subject.is_empty() && !mail.text.is_empty(), "{} in {language}", letter.notice);
            }
            written.insert(letter.notice);
        }
    }
}

/// Notices that a definition declares and no walk has sent.
pub fn untold(source: &str, told: &BTreeSet<String>) -> Vec<String> {
    let definition = Definition::parse(source).expect("sound");
    let names = definition.notices.iter().map(|notice| notice.name.clone());
    names.filter(|name| !told.contains(name)).collect()
}

async fn numbers(walk: &Walk<'_>, round: &Round) -> Vec<(i64, i64)> {
    let mut all = Vec::new();
    for line in &round.lines {
        all.push(walk.taken(line).await);
    }
    all
}

fn origins(history: &[Value]) -> Steps {
    let text = |step: &Value, member: &str| step[member].as_str().unwrap_or_default().to_owned();
    let steps = history.iter().enumerate().map(|(at, step)| {
        let (here, track) = (text(step, "from"), text(step, "track"));
        let mut past = history[..at].iter().rev().filter(|past| text(past, "track") == track);
        let entered = past.find(|past| text(past, "to") == here && text(past, "from") != here);
        (track, text(step, "event"), here, entered.map(|past| text(past, "from")).unwrap_or_default())
    });
    steps.collect()
}

/// Every transition from every state that a case can stand in: a state with a join that always holds is left at once.
fn all(definition: &Definition) -> Vec<(&Transition, String)> {
    let always = |transition: &Transition| transition.join.as_ref().is_some_and(|join| join.when.is_none());
    let passing: BTreeSet<_> =
        definition.transitions.iter().filter(|t| always(t)).flat_map(|t| t.from.iter().copied()).collect();
    let stands = |transition: &Transition, state| transition.join.is_some() || !passing.contains(&state);
    let from = |transition| move |state: &_| (transition, *state);
    let pairs = definition.transitions.iter().flat_map(|t| t.from.iter().map(from(t)));
    pairs
        .filter(|(transition, state)| stands(transition, *state))
        .map(|(transition, state)| (transition, definition.states[state.at()].name.clone()))
        .collect()
}

fn missing(source: &str, steps: &Steps) -> Vec<String> {
    let definition = Definition::parse(source).expect("sound");
    let name = |state: &sojourn_engine::definition::StateIx| definition.states[state.at()].name.clone();
    let mut gaps = Vec::new();
    for (transition, state) in all(&definition) {
        let event = &definition.events[transition.event.at()].name;
        let origins: BTreeSet<String> = transition.came_from.iter().map(name).collect();
        let track = definition.track(transition.machine).map_or("", |track| track.name.as_str());
        let fits = |(machine, fired, from, origin): &(String, String, String, String)| {
            machine == track
                && fired == event
                && *from == state
                && (origins.is_empty() || origins.contains(origin))
        };
        if !steps.iter().any(fits) {
            gaps.push(format!("{track} {event} from {state} {origins:?}"));
        }
    }
    gaps
}

#[rstest]
#[tokio::test]
async fn every_transition_of_the_exchange_is_walked(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::in_full(db).await;
    let round = cast.exchange(200, &without_documents()).await;
    let papers = merged(documents_at_will("exchange"), &asking("exchange"));
    let papers = cast.call(&round.offerings, &papers).await;
    let papers = Round::of(papers, round.offerings.clone(), round.lines.clone());
    let alone = json!({ "waiting_list": false, "next_choice_allowed": false });
    let alone = cast.call(&round.offerings, &merged(without_documents(), &alone)).await;
    let alone = Round::of(alone, round.offerings.clone(), round.lines.clone());

    let wanda = cast.student("Wanda").await;
    let mut steps = walked((&cast, &wanda), &round, EXCHANGE_LEGS, EXCHANGES).await;
    steps.extend(walked((&cast, &wanda), &papers, EXCHANGE_LEGS, EXCHANGE_PAPERS).await);
    steps.extend(walked((&cast, &wanda), &alone, EXCHANGE_LEGS, EXCHANGES_ALONE).await);

    assert_eq!(missing(&source("exchange"), &steps), Vec::<String>::new(), "write a walk for each");
    assert_eq!(
        untold(&source("exchange"), &written(&cast).await),
        Vec::<String>::new(),
        "walk to where each is sent"
    );
}

#[rstest]
#[tokio::test]
async fn every_transition_of_the_internship_is_walked(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.internship(200, &without_work_documents()).await;
    let papers = merged(without_work_documents(), &asking("internship"));
    let papers = cast.call(&round.offerings, &papers).await;
    let papers = Round::of(papers, round.offerings.clone(), round.lines.clone());

    let wanda = cast.student("Wanda").await;
    let mut steps = walked((&cast, &wanda), &round, INTERNSHIP_LEGS, INTERNSHIPS).await;
    steps.extend(walked((&cast, &wanda), &papers, INTERNSHIP_LEGS, INTERNSHIP_PAPERS).await);

    assert_eq!(missing(&source("internship"), &steps), Vec::<String>::new(), "write a walk for each");
    assert_eq!(
        untold(&source("internship"), &written(&cast).await),
        Vec::<String>::new(),
        "walk to where each is sent"
    );
}

/// Every track of a shipped definition is asked for.
fn asking(file: &str) -> Value {
    let tracks = definition(file).tracks.into_iter().map(|track| (track.name, json!(true)));
    json!({ "tracks": tracks.collect::<serde_json::Map<_, _>>() })
}

#[test]
fn a_transition_without_a_walk_is_named() {
    let gaps = missing(&source("internship"), &Steps::new());
    assert!(gaps.iter().any(|gap| gap.starts_with(" sign from agreement")), "{gaps:?}");
}
