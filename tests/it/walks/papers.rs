//! Walks of calls that ask for every track: papers beside the main machine.

use super::*;

/// Walks in a call that asks for every track.
pub const EXCHANGE_PAPERS: &[Told] = &[
    (
        "name_referee references/1.refer submit return name_referee references/2.waive_reference resubmit name_referee \
         references/3.open_reference references/3.decline_reference references/3.replace_reference name_referee \
         references/4.refer name_referee references/5.open_reference references/5.refer name_referee \
         !references/6.expire_reference references/6.refer name_referee references/7.open_reference \
         !references/7.expire_reference references/7.record_reference name_referee references/8.record_reference \
         name_referee references/9.open_reference references/9.record_reference name_referee \
         references/10.decline_reference references/10.record_reference name_referee references/11.bounce_reference \
         references/11.record_reference name_referee references/12.replace_reference name_referee \
         references/13.open_reference references/13.replace_reference name_referee references/14.bounce_reference \
         references/14.replace_reference name_referee !references/15.expire_reference references/15.replace_reference \
         name_referee references/16.waive_reference name_referee references/17.open_reference \
         references/17.waive_reference name_referee references/18.decline_reference references/18.waive_reference \
         name_referee references/19.bounce_reference references/19.waive_reference name_referee \
         !references/20.expire_reference references/20.waive_reference withdraw",
        "withdrawn",
        NOTHING,
    ),
    (
        "PLACED learning_agreement/1.sign_agreement learning_agreement/1.decline_agreement \
         learning_agreement/1.redraft_agreement:student learning_agreement/1.sign_agreement \
         learning_agreement/1.sign_agreement:home_academic learning_agreement/1.decline_agreement:host_academic \
         learning_agreement/1.set_aside_agreement learning_agreement/1.redraft_agreement:student \
         learning_agreement/1.set_aside_agreement learning_agreement/1.redraft_agreement:student \
         learning_agreement/1.sign_agreement learning_agreement/1.set_aside_agreement \
         learning_agreement/1.redraft_agreement:student learning_agreement/1.sign_agreement \
         learning_agreement/1.sign_agreement:home_academic learning_agreement/1.set_aside_agreement \
         learning_agreement/1.redraft_agreement:student learning_agreement/1.sign_agreement \
         learning_agreement/1.sign_agreement:home_academic learning_agreement/1.sign_agreement:host_academic \
         learning_agreement/1.amend_agreement:student ^insurance_proof documents/insurance_proof.check_document \
         ^insurance_proof ^insurance_proof documents/insurance_proof.reject_document ^insurance_proof \
         documents/insurance_proof.expire_document:home_coordinator ^insurance_proof \
         documents/insurance_proof.reject_document documents/insurance_proof.check_document \
         documents/insurance_proof.reject_document ^insurance_proof documents/insurance_proof.check_document \
         documents/insurance_proof.expire_document:home_coordinator documents/insurance_proof.check_document \
         ask_withdrawal grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    (
        "PLACED learning_agreement/1.sign_agreement learning_agreement/1.sign_agreement:home_academic \
         learning_agreement/1.sign_agreement:host_academic insurance/1.file_insurance insurance/1.reject_insurance \
         insurance/1.accept_insurance insurance/1.expire_insurance:home_coordinator insurance/1.file_insurance \
         insurance/1.accept_insurance insurance/1.reject_insurance insurance/1.accept_insurance \
         insurance/1.expire_insurance:home_coordinator insurance/1.accept_insurance visa/1.declare_no_visa \
         grant/1.apply_grant grant/1.give_up_grant grant/1.apply_grant grant/1.award_grant:home_head grant/1.give_up_grant \
         grant/1.apply_grant grant/1.refuse_grant insurance/1.expire_insurance:home_coordinator \
         insurance/1.accept_insurance @2027-02-15 arrive learning_agreement/1.amend_agreement:student end_early close",
        "closed",
        USED,
    ),
    (
        "PLACED visa/1.apply_visa visa/1.refuse_visa visa/1.apply_visa visa/1.receive_visa visa/1.expire_visa \
         visa/1.receive_visa grant/1.apply_grant grant/1.award_grant:home_head grant/1.sign_grant grant/1.pay_first \
         grant/1.recalculate_grant grant/1.pay_rest ask_withdrawal grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    (
        "PLACED visa/1.apply_visa visa/1.refuse_visa visa/1.receive_visa grant/1.apply_grant grant/1.award_grant:home_head \
         grant/1.sign_grant grant/1.pay_first grant/1.recalculate_grant grant/1.recover_grant grant/1.settle_grant \
         ask_withdrawal grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    (
        "PLACED visa/1.apply_visa visa/1.refuse_visa visa/1.declare_no_visa grant/1.apply_grant grant/1.award_grant:home_head \
         grant/1.sign_grant grant/1.pay_first grant/1.recalculate_grant grant/1.settle_grant ask_withdrawal \
         grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    (
        "PLACED visa/1.receive_visa grant/1.apply_grant grant/1.award_grant:home_head grant/1.sign_grant grant/1.pay_first \
         grant/1.settle_grant ask_withdrawal grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    (
        "PLACED grant/1.apply_grant grant/1.award_grant:home_head grant/1.sign_grant grant/1.settle_grant ask_withdrawal \
         grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    (
        "PLACED grant/1.apply_grant grant/1.award_grant:home_head grant/1.settle_grant ask_withdrawal grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    ("PLACED grant/1.apply_grant grant/1.settle_grant ask_withdrawal grant_withdrawal", "withdrawn", NOTHING),
    ("PLACED suspend lift cancel withdraw", "withdrawn", NOTHING),
    ("name_referee references/1.refer submit find_ineligible appeal uphold withdraw", "withdrawn", NOTHING),
    ("name_referee references/1.refer submit find_ineligible appeal dismiss", "ineligible", NOTHING),
    ("name_referee references/1.refer submit find_ineligible appeal withdraw", "withdrawn", NOTHING),
    ("REFERRED not_select appeal uphold allocate withdraw", "withdrawn", NOTHING),
    ("REFERRED not_select appeal dismiss", "not_selected", NOTHING),
    ("REFERRED not_select appeal withdraw", "withdrawn", NOTHING),
    (
        "REFERRED allocate accept_offer nominate acknowledge @2026-11-20 refuse appeal uphold ask_withdrawal \
         grant_withdrawal",
        "withdrawn",
        NOTHING,
    ),
    (
        "REFERRED allocate accept_offer nominate acknowledge @2026-11-20 refuse appeal dismiss",
        "not_placed",
        NOTHING,
    ),
    (
        "REFERRED allocate accept_offer nominate acknowledge @2026-11-20 refuse appeal withdraw",
        "withdrawn",
        NOTHING,
    ),
];

/// Walks in a call that asks for every track.
pub const INTERNSHIP_PAPERS: &[Told] = &[
    (
        "OFFERED accept_offer programme_of_work/1.describe_work:employer programme_of_work/1.return_work:home_academic \
         programme_of_work/1.describe_work:employer programme_of_work/1.agree_work:home_academic \
         programme_of_work/1.reopen_work sign:student sign:employer sign:home_coordinator insurance/1.file_insurance \
         insurance/1.reject_insurance insurance/1.accept_insurance insurance/1.expire_insurance:home_coordinator \
         insurance/1.file_insurance insurance/1.accept_insurance insurance/1.reject_insurance \
         insurance/1.accept_insurance insurance/1.expire_insurance:home_coordinator insurance/1.accept_insurance \
         visa/1.apply_visa visa/1.refuse_visa visa/1.apply_visa visa/1.receive_visa visa/1.expire_visa \
         visa/1.receive_visa insurance/1.expire_insurance:home_coordinator insurance/1.accept_insurance @2027-02-15 \
         start incident/1.report_incident incident/1.take_up_incident incident/1.settle_incident \
         incident/1.report_incident incident/1.settle_incident stop end_early close",
        "closed",
        KEPT,
    ),
    ("WORKED STAY cancel", "cancelled", LEFT),
    (
        "WORKED visa/1.apply_visa visa/1.refuse_visa visa/1.receive_visa PAUSE suspend withdraw",
        "withdrawn",
        LEFT,
    ),
    (
        "WORKED visa/1.apply_visa visa/1.refuse_visa visa/1.declare_no_visa !!replace withdraw",
        "withdrawn",
        LEFT,
    ),
    ("WORKED visa/1.declare_no_visa ask_withdrawal grant_withdrawal", "withdrawn", LEFT),
    ("WORKED visa/1.receive_visa suspend cancel", "cancelled", LEFT),
    ("OFFERED accept_offer PAUSE !!replace withdraw", "withdrawn", LEFT),
    ("OFFERED accept_offer withdraw", "withdrawn", LEFT),
    ("OFFERED accept_offer cancel", "cancelled", LEFT),
    ("submit not_endorse appeal uphold withdraw", "withdrawn", LEFT),
    ("submit not_endorse appeal dismiss", "not_endorsed", LEFT),
    ("submit not_endorse appeal withdraw", "withdrawn", LEFT),
    (
        "WORKED insurance/1.accept_insurance visa/1.declare_no_visa @2027-02-15 start @2027-06-28 complete report \
         not_credit appeal uphold credit close",
        "closed",
        KEPT,
    ),
    (
        "WORKED insurance/1.accept_insurance visa/1.declare_no_visa @2027-02-15 start @2027-06-28 complete report \
         not_credit appeal dismiss",
        "not_credited",
        KEPT,
    ),
];
