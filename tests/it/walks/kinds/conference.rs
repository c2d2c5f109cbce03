//! Walks of a conference.

use super::{NOTHING, Told, USED};

pub const LEGS: &[(&str, &str)] = &[
    ("ADMITTED", "submit admit"),
    ("LISTED", "submit waitlist"),
    ("PAID", "ADMITTED report_payment"),
    ("SEATED", "PAID confirm_payment"),
    ("THERE", "SEATED @2027-02-15 check_in"),
    ("VISA", "ask_visa_letter send_visa_letter"),
];

pub const WALKS: &[Told] = &[
    ("THERE @2027-06-30 certify give_feedback", "closed", USED),
    ("THERE @2027-06-30 certify close", "closed", USED),
    ("THERE leave_early certify !close", "closed", USED),
    ("THERE leave_early close", "closed", USED),
    ("ADMITTED VISA report_payment VISA confirm_payment VISA @2027-07-01 report_no_show", "no_show", USED),
    ("ADMITTED waive_fee withdraw settle_refund", "withdrawn", NOTHING),
    ("PAID waive_fee call_off settle_refund", "called_off", NOTHING),
    ("PAID withdraw settle_refund", "withdrawn", NOTHING),
    ("PAID call_off settle_refund", "called_off", NOTHING),
    ("PAID miss_payment !lapse", "lapsed", NOTHING),
    ("ADMITTED withdraw", "withdrawn", NOTHING),
    ("ADMITTED call_off", "called_off", NOTHING),
    ("!lapse", "lapsed", NOTHING),
    ("withdraw", "withdrawn", NOTHING),
    ("submit return resubmit return !resubmit turn_down", "turned_down", NOTHING),
    ("submit withdraw", "withdrawn", NOTHING),
    ("submit return withdraw", "withdrawn", NOTHING),
    ("submit call_off", "called_off", NOTHING),
    ("submit return call_off", "called_off", NOTHING),
    ("LISTED withdraw", "withdrawn", NOTHING),
    ("LISTED call_off", "called_off", NOTHING),
    ("LISTED !close_list", "turned_down", NOTHING),
    ("LISTED !!promote !pass_on !!promote take_seat withdraw", "withdrawn", NOTHING),
    ("LISTED !!promote decline_seat", "withdrawn", NOTHING),
    ("LISTED !!promote withdraw", "withdrawn", NOTHING),
    ("LISTED !!promote call_off", "called_off", NOTHING),
];
