//! Walks of the internship's main machine.

use super::*;

pub const INTERNSHIPS: &[Told] = &[
    (
        "ACTIVE log_week change agree_change:student agree_change:employer agree_change:home_coordinator change:employer \
         refuse_change change:home_coordinator !refuse_change @2027-06-28 complete report credit close",
        "closed",
        KEPT,
    ),
    ("DONE report credit !close", "closed", KEPT),
    ("DONE report not_credit", "not_credited", KEPT),
    ("DONE @2027-10-01 close", "closed", KEPT),
    ("DONE report @2027-10-01 close", "closed", KEPT),
    ("ACTIVE stop end_early report credit close", "closed", KEPT),
    ("ACTIVE change stop end_early close", "closed", KEPT),
    (
        "submit check_employer check_employer return resubmit return !resubmit not_endorse",
        "not_endorsed",
        LEFT,
    ),
    ("submit check_employer fail_employer", "not_endorsed", LEFT),
    ("!lapse", "lapsed", LEFT),
    ("withdraw", "withdrawn", LEFT),
    ("submit withdraw", "withdrawn", LEFT),
    ("submit return withdraw", "withdrawn", LEFT),
    ("submit check_employer withdraw", "withdrawn", LEFT),
    ("ENDORSED withdraw", "withdrawn", LEFT),
    ("FORWARDED withdraw", "withdrawn", LEFT),
    ("FORWARDED !return_silent", "unanswered", LEFT),
    ("FORWARDED invite_interview withdraw", "withdrawn", LEFT),
    ("FORWARDED invite_interview hold_interview invite_interview !lapse refuse", "employer_refused", LEFT),
    ("OFFERED withdraw", "withdrawn", LEFT),
    ("OFFERED decline_offer", "declined", LEFT),
    ("OFFERED !lapse", "lapsed", LEFT),
    ("OFFERED cancel", "cancelled", LEFT),
    ("DRAWN sign:employer withdraw", "withdrawn", LEFT),
    ("DRAWN cancel", "cancelled", LEFT),
    ("READY cancel", "cancelled", LEFT),
    ("READY STAY ask_withdrawal grant_withdrawal", "withdrawn", LEFT),
    (
        "OFFERED PAUSE accept_offer PAUSE sign:student sign:employer sign:home_coordinator PAUSE @2027-02-15 start PAUSE change STAY PAUSE suspend end_early report credit close",
        "closed",
        KEPT,
    ),
    ("READY suspend withdraw", "withdrawn", LEFT),
    ("READY suspend cancel", "cancelled", LEFT),
    (
        "submit GONE GONE forward GONE forward invite_interview GONE forward offer GONE forward offer accept_offer !!replace replace \
         check_employer !!replace replace return !!replace cancel",
        "cancelled",
        LEFT,
    ),
    ("DRAWN !!replace withdraw", "withdrawn", LEFT),
    ("READY !!replace withdraw", "withdrawn", LEFT),
    ("ACTIVE stop replace replace withdraw", "withdrawn", LEFT),
    ("ACTIVE stop replace end_early credit close", "closed", LEFT),
    ("ACTIVE STAY ask_withdrawal grant_withdrawal", "withdrawn", KEPT),
];
