//! Walks of a call for joint research proposals.

use super::{NOTHING, Told, USED};

pub const LEGS: &[(&str, &str)] = &[
    ("CHECKED", "submit commit"),
    ("REVIEWED", "CHECKED find_eligible"),
    ("PANEL", "REVIEWED review:science_reviewer review:feasibility_reviewer"),
    ("FUNDED", "PANEL fund"),
    (
        "CONFIRMED",
        "FUNDED confirm_consortium:investigator confirm_consortium:research_office confirm_consortium:coordinating_head",
    ),
    ("AWARDED", "CONFIRMED pay_first"),
    ("RUNNING", "AWARDED @2027-02-15 start"),
    ("HALF", "RUNNING hand_in_interim accept_interim"),
    ("FINAL", "HALF @2027-06-10 hand_in_final"),
    ("REST", "suspend lift"),
];

pub const WALKS: &[Told] = &[
    ("FINAL accept_final", "closed", USED),
    ("FINAL ask_changes hand_in_final ask_changes !lapse accept_final", "closed", USED),
    (
        "CONFIRMED REST pay_first REST @2027-02-15 start REST hand_in_interim ask_changes hand_in_interim accept_interim REST \
         end_early hand_in_final accept_final",
        "closed",
        USED,
    ),
    ("RUNNING end_early close", "closed", USED),
    ("RUNNING hand_in_interim end_early close", "closed", USED),
    ("RUNNING suspend end_early close", "closed", USED),
    ("RUNNING suspend !call_off", "stopped", USED),
    ("HALF suspend end_early close", "closed", USED),
    ("HALF suspend call_off", "stopped", USED),
    ("!lapse", "lapsed", NOTHING),
    ("withdraw", "withdrawn", NOTHING),
    ("submit not_commit", "not_committed", NOTHING),
    ("submit withdraw", "withdrawn", NOTHING),
    ("CHECKED return resubmit return !resubmit find_ineligible", "ineligible", NOTHING),
    ("CHECKED withdraw", "withdrawn", NOTHING),
    ("CHECKED return withdraw", "withdrawn", NOTHING),
    ("REVIEWED withdraw", "withdrawn", NOTHING),
    ("REVIEWED review:science_reviewer close_review @2026-10-16 not_fund", "not_funded", NOTHING),
    ("PANEL withdraw", "withdrawn", NOTHING),
    ("PANEL reserve withdraw", "withdrawn", NOTHING),
    ("PANEL reserve !close_list", "not_funded", NOTHING),
    ("PANEL reserve !!promote !lapse", "lapsed", NOTHING),
    ("FUNDED decline_grant", "declined", NOTHING),
    ("FUNDED withdraw", "withdrawn", NOTHING),
    ("CONFIRMED withdraw", "withdrawn", NOTHING),
    ("CONFIRMED suspend call_off", "stopped", NOTHING),
    ("CONFIRMED suspend withdraw", "withdrawn", NOTHING),
    ("AWARDED withdraw", "withdrawn", NOTHING),
    ("AWARDED suspend call_off", "stopped", NOTHING),
    ("AWARDED suspend withdraw", "withdrawn", NOTHING),
];
