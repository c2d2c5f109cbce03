//! Walks of a leadership training.

use super::{NOTHING, Told, USED};

pub const LEGS: &[(&str, &str)] = &[
    ("LISTED", "submit shortlist"),
    ("FORWARD", "LISTED put_forward"),
    ("OFFERED", "FORWARD offer"),
    ("TAKEN", "OFFERED accept_place"),
    ("READY", "TAKEN agree_plan:participant agree_plan:mentor"),
    ("TRAINING", "READY @2027-02-15 begin"),
    ("PROJECT", "TRAINING @2027-06-10 hand_in_project"),
    ("PASSED", "PROJECT pass_training"),
    ("REST", "suspend lift"),
];

pub const WALKS: &[Told] = &[
    ("PASSED issue_certificate recognise", "closed", USED),
    ("PASSED issue_certificate !close", "closed", USED),
    (
        "TAKEN REST agree_plan:participant agree_plan:mentor REST @2027-02-15 begin log_module REST @2027-06-10 hand_in_project \
         REST ask_revision REST hand_in_project ask_revision !lapse fail",
        "failed",
        USED,
    ),
    ("TRAINING fail", "failed", USED),
    ("TRAINING leave_training", "left", USED),
    ("PROJECT leave_training", "left", USED),
    ("PROJECT ask_revision leave_training", "left", USED),
    ("TRAINING suspend !call_off", "cancelled", USED),
    ("PROJECT suspend call_off", "cancelled", USED),
    ("PROJECT ask_revision suspend call_off", "cancelled", USED),
    ("TRAINING suspend leave_training", "left", USED),
    ("!lapse", "lapsed", NOTHING),
    ("withdraw", "withdrawn", NOTHING),
    ("submit return resubmit return !resubmit not_put_forward", "not_put_forward", NOTHING),
    ("submit withdraw", "withdrawn", NOTHING),
    ("submit return withdraw", "withdrawn", NOTHING),
    ("LISTED not_put_forward", "not_put_forward", NOTHING),
    ("LISTED withdraw", "withdrawn", NOTHING),
    ("FORWARD withdraw", "withdrawn", NOTHING),
    ("FORWARD invite_interview hold_interview invite_interview !lapse not_choose", "not_chosen", NOTHING),
    ("FORWARD invite_interview withdraw", "withdrawn", NOTHING),
    ("FORWARD reserve withdraw", "withdrawn", NOTHING),
    ("FORWARD reserve !close_list", "not_chosen", NOTHING),
    ("FORWARD reserve !!promote !lapse", "lapsed", NOTHING),
    ("OFFERED decline_place", "declined", NOTHING),
    ("OFFERED withdraw", "withdrawn", NOTHING),
    ("TAKEN withdraw", "withdrawn", NOTHING),
    ("TAKEN cancel", "cancelled", NOTHING),
    ("TAKEN suspend withdraw", "withdrawn", NOTHING),
    ("READY withdraw", "withdrawn", NOTHING),
    ("READY cancel", "cancelled", NOTHING),
    ("READY suspend call_off", "cancelled", NOTHING),
];
