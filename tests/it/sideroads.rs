//! Side roads of both workflows: who is told what by the step that takes one. Walks are written as in `walks`.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::dawn;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::{Round, without_documents, without_work_documents};
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, INTERNSHIP_LEGS, events, take};

/// The way there, the step, and who gets which notice by it.
type Road = (&'static str, &'static str, &'static [(&'static str, &'static [&'static str])]);

const STUDENT: &[&str] = &["student"];
const HOME: &[&str] = &["home_coordinator"];
const HOST: &[&str] = &["host_coordinator"];
const EMPLOYER: &[&str] = &["employer"];
const BOTH: &[&str] = &["home_coordinator", "student"];
const DECIDERS: &[&str] = &["home_academic", "host_coordinator"];
const SIDES: &[&str] = &["home_coordinator", "host_coordinator", "student"];
const PARTIES: &[&str] = &["employer", "home_coordinator", "student"];

const EXCHANGE: &[Road] = &[
    ("", "!lapse", &[("draft_lapsed", STUDENT)]),
    ("+bell", "!bell", &[("application_received", STUDENT), ("application_to_review", HOME)]),
    ("submit", "take_back", &[("application_taken_back", BOTH)]),
    ("submit", "return", &[("corrections_needed", STUDENT)]),
    ("submit return", "!resubmit", &[("corrections_received", STUDENT), ("application_to_review", HOME)]),
    ("submit", "find_ineligible", &[("found_ineligible", STUDENT)]),
    ("ELIGIBLE", "not_select", &[("not_selected", STUDENT)]),
    ("ELIGIBLE waitlist", "!promote=1", &[("list_place_offered", STUDENT)]),
    ("ELIGIBLE waitlist !promote=1", "!pass_on", &[("list_offer_passed", STUDENT)]),
    ("ELIGIBLE waitlist", "!not_select", &[("not_selected", STUDENT), ("case_ended", HOME)]),
    ("ELIGIBLE allocate", "!lapse", &[("offer_lapsed", STUDENT), ("reinstatement_possible", HOME)]),
    ("ELIGIBLE allocate !lapse", "reinstate", &[("place_reinstated", STUDENT)]),
    ("ELIGIBLE allocate !lapse", "!lapse", &[("offer_expired", STUDENT), ("case_ended", HOME)]),
    ("ELIGIBLE allocate", "decline_offer", &[("offer_declined", STUDENT), ("student_declined", HOME)]),
    (
        "TAKEN",
        "!miss_nomination",
        &[("nomination_missed", BOTH), ("nomination_missed_decide", &["secretariat"])],
    ),
    ("TAKEN !miss_nomination", "give_up", &[("not_placed", STUDENT), ("case_ended", HOME)]),
    ("TAKEN", "withdraw", &[("withdrawal_confirmed", STUDENT), ("student_withdrew", HOME)]),
    ("TAKEN nominate", "amend", &[("nomination_amended", &["host_coordinator", "student"])]),
    ("KNOWN", "request_info", &[("information_requested", STUDENT)]),
    ("KNOWN request_info", "supply_info", &[("information_supplied", HOST)]),
    ("KNOWN request_info", "!lapse", &[("information_missing", STUDENT), ("decision_due", HOST)]),
    (
        "KNOWN",
        "approve_conditionally",
        &[("place_approved_conditionally", STUDENT), ("condition_to_check", HOST), ("host_decided", HOME)],
    ),
    ("KNOWN approve_conditionally", "meet_condition", &[("condition_met", STUDENT), ("host_decided", HOME)]),
    (
        "KNOWN approve_conditionally",
        "!fail_condition",
        &[("condition_failed", STUDENT), ("host_decided", HOME), ("next_choice_offered", STUDENT)],
    ),
    (
        "KNOWN",
        "refuse",
        &[("host_refused", STUDENT), ("host_decided", HOME), ("next_choice_offered", STUDENT)],
    ),
    (
        "KNOWN refuse accept_offer nominate acknowledge",
        "refuse",
        &[("host_refused", STUDENT), ("host_decided", HOME), ("on_waiting_list", STUDENT)],
    ),
    (
        "KNOWN @2026-11-20",
        "refuse",
        &[("host_refused", STUDENT), ("host_decided", HOME), ("not_placed", STUDENT), ("case_ended", HOME)],
    ),
    (
        "TAKEN nominate",
        "cancel",
        &[
            ("cancelled_by_host", STUDENT),
            ("host_decided", &["home_coordinator", "secretariat"]),
            ("next_choice_offered", STUDENT),
        ],
    ),
    (
        "KNOWN @2027-01-12",
        "release_unanswered",
        &[
            ("withdrawal_confirmed", STUDENT),
            ("student_withdrew", &["home_coordinator", "host_coordinator", "secretariat"]),
        ],
    ),
    (
        "APPROVED",
        "decline_place",
        &[("offer_declined", STUDENT), ("student_declined", &["home_coordinator", "host_coordinator"])],
    ),
    ("APPROVED", "!lapse", &[("offer_lapsed", STUDENT), ("reinstatement_possible", HOME)]),
    (
        "APPROVED",
        "ask_withdrawal",
        &[("withdrawal_request_received", STUDENT), ("withdrawal_requested", HOME)],
    ),
    ("APPROVED ask_withdrawal", "refuse_withdrawal", &[("back_on_track", STUDENT)]),
    (
        "TAKEN nominate ask_withdrawal",
        "refuse_withdrawal",
        &[("withdrawal_refused", STUDENT), ("back_on_track", HOST)],
    ),
    (
        "APPROVED ask_withdrawal",
        "grant_withdrawal",
        &[
            ("withdrawal_granted", STUDENT),
            ("student_withdrew", &["home_coordinator", "host_coordinator", "secretariat"]),
        ],
    ),
    (
        "READY @2027-03-03",
        "report_no_show",
        &[("no_show_recorded", STUDENT), ("no_show_reported", &["home_coordinator", "secretariat"])],
    ),
    ("ABROAD", "end_early", &[("stay_ended_early", BOTH), ("transcript_due", HOST)]),
    (
        "ABROAD",
        "ask_extension",
        &[("extension_request_received", STUDENT), ("extension_requested", DECIDERS)],
    ),
    ("ABROAD ask_extension", "extend:home_academic", &[]),
    (
        "ABROAD ask_extension extend:home_academic",
        "extend:host_coordinator",
        &[("extension_granted", STUDENT), ("extension_decided", HOME), ("departure_due", HOST)],
    ),
    (
        "ABROAD ask_extension",
        "refuse_extension",
        &[
            ("extension_refused", STUDENT),
            ("extension_decided", &["home_academic", "home_coordinator"]),
            ("departure_due", HOST),
        ],
    ),
    ("ABROAD ask_extension @2027-07-01", "!lapse", &[("extension_lapsed", STUDENT), ("departure_due", HOST)]),
    ("ABROAD ask_extension", "end_early", &[("stay_ended_early", BOTH), ("transcript_due", HOST)]),
    ("ABROAD ask_extension @2027-06-28", "depart", &[("stay_completed", BOTH), ("transcript_due", HOST)]),
    ("ABROAD", "shorten=2027-05-31", &[("stay_shortened", SIDES)]),
    (
        "LONGER",
        "shorten=2027-06-20",
        &[("stay_shortened", SIDES), ("extra_term_returned", &["home_coordinator", "host_coordinator"])],
    ),
    ("LONGER", "end_early", &[("stay_ended_early", BOTH), ("transcript_due", HOST)]),
];

const INTERNSHIP: &[Road] = &[
    ("submit", "check_employer", &[("employer_check_due", HOME)]),
    ("submit check_employer", "check_employer", &[("application_to_review", HOME)]),
    ("submit check_employer", "fail_employer", &[("not_endorsed", STUDENT)]),
    ("FORWARDED", "invite_interview", &[("interview_invited", STUDENT)]),
    ("FORWARDED invite_interview", "hold_interview", &[("interview_over", STUDENT)]),
    ("FORWARDED invite_interview", "!lapse", &[("interview_over", STUDENT), ("answer_due", EMPLOYER)]),
    ("FORWARDED", "refuse", &[("employer_refused", STUDENT), ("case_ended", HOME)]),
    (
        "FORWARDED",
        "!return_silent",
        &[("employer_silent", STUDENT), ("case_ended", &["employer", "home_coordinator"])],
    ),
    ("OFFERED", "!lapse", &[("offer_expired", STUDENT), ("case_ended", &["employer", "home_coordinator"])]),
    (
        "READY",
        "cancel",
        &[("cancelled_by_employer", STUDENT), ("case_ended", &["employer", "home_coordinator"])],
    ),
    ("DRAWN", "sign:employer", &[]),
    ("ACTIVE", "change:employer", &[("change_proposed", PARTIES)]),
    (
        "ACTIVE change agree_change:student agree_change:employer",
        "agree_change:home_coordinator",
        &[("change_agreed", PARTIES)],
    ),
    ("ACTIVE change", "!refuse_change", &[("change_refused", PARTIES)]),
    (
        "ACTIVE",
        "stop:home_coordinator",
        &[("internship_stopped", &["employer", "student"]), ("stop_to_settle", HOME)],
    ),
    ("ACTIVE stop", "end_early", &[("stay_ended_early", PARTIES), ("report_due", STUDENT)]),
    (
        "ACTIVE ask_withdrawal",
        "grant_withdrawal",
        &[("withdrawal_granted", STUDENT), ("student_withdrew", &["employer", "home_coordinator"])],
    ),
    ("DONE report", "not_credit", &[("not_credited", STUDENT), ("case_ended", HOME)]),
];

/// Every notice of a case: its id, its name and the part of its reader.
async fn notices(walk: &Walk<'_>) -> BTreeSet<(String, String, &'static str)> {
    let path = format!("/notifications?limit=200&case={}", walk.case["id"].as_str().expect("an id"));
    let listed = walk.cast.who("secretariat").get(&path).await.ok();
    let text = |notice: &Value, member: &str| notice[member].as_str().expect("text").to_owned();
    let each = |notice: &Value| {
        (text(notice, "id"), text(notice, "notice"), walk.cast.part(&text(notice, "recipient_id")))
    };
    // Reminders and escalations on the way belong to no step of the road.
    let of_step = |notice: &&Value| !text(notice, "notice").starts_with("deadline_");
    listed["items"].as_array().expect("notices").iter().filter(of_step).map(each).collect()
}

async fn travel(cast: &Cast, round: &Round, legs: &[(&str, &str)], roads: &[Road]) {
    let student = cast.student("Sven").await;
    for (there, step, told) in roads {
        cast.app.clock.set(dawn() + TimeDelta::hours(1));
        let bell = json!({ "submit_at_bell": there.starts_with("+bell") });
        let mut walk = Walk::open_with(cast, round, &student, &bell).await;
        for word in events(there, legs).iter().filter(|word| *word != "+bell") {
            take(&mut walk, word).await;
        }
        let before = notices(&walk).await;
        take(&mut walk, step).await;
        let after = notices(&walk).await;

        let mut sent: Vec<_> =
            after.difference(&before).map(|(_, notice, part)| (notice.as_str(), *part)).collect();
        sent.sort_unstable();
        let mut due: Vec<_> =
            told.iter().flat_map(|(notice, parts)| parts.iter().map(move |part| (*notice, *part))).collect();
        due.sort_unstable();
        assert_eq!(sent, due, "{there} {step}");
        // Whoever still waits for a place would stand before the next.
        if walk.case["state"] == "waitlisted" {
            take(&mut walk, "withdraw").await;
        }
    }
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn each_side_road_of_the_exchange_tells_those_it_concerns(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(100, &without_documents()).await;
    travel(&cast, &round, EXCHANGE_LEGS, EXCHANGE).await;
}

#[rstest]
#[tokio::test]
async fn each_side_road_of_the_internship_tells_those_it_concerns(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.internship(100, &without_work_documents()).await;
    travel(&cast, &round, INTERNSHIP_LEGS, INTERNSHIP).await;
}

#[rstest]
#[tokio::test]
async fn a_refused_place_serves_the_next_choice_on_the_same_line(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let first = cast.exchange(1, &without_documents()).await;
    let offerings = vec![first.offerings[0].clone(), cast.beside(&first).await];
    let call = cast.call(&offerings, &without_documents()).await;
    let round = Round::of(call, offerings, first.lines);
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for (role, event) in [
        ("student", "submit"),
        ("home_coordinator", "find_eligible"),
        ("home_coordinator", "allocate"),
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
        ("host_coordinator", "acknowledge"),
    ] {
        walk.act(role, event).await;
    }
    assert_eq!(walk.taken(&round.lines[0]).await, (1, 0), "the only place of the line");

    let refuse = json!({ "event": "refuse", "reason": { "code": "not_qualified", "text": "Not this one." } });
    walk.attempt("host_coordinator", &refuse).await.ok();
    walk.look().await;

    assert_eq!(walk.case["state"], "allocated");
    assert_eq!(walk.case["choices"][1]["current"], true);
    assert_eq!(walk.taken(&round.lines[0]).await, (1, 0), "given back and held again");
    let steps = walk.history().await;
    let last: Vec<&Value> = steps.iter().rev().take(2).map(|step| &step["event"]).collect();
    assert_eq!(last, ["next_choice", "refuse"]);
    cast.verified().await;
}
