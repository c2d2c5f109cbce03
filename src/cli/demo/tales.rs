//! What happens in the demo's other programmes, told as the stories are. Those who wait for a place come last in their season, so
//! that nobody after them is refused one.

/// Season and tale.
pub const TALES: &[(&str, &str)] = &[
    ("staff open", "create-8"),
    ("staff open", "create-10 submit-4"),
    ("staff soon", "create-70 submit-60 recommend-55 approve-50 send_to_host-6"),
    ("staff soon", "create-70 submit-60 recommend-55 approve-50 send_to_host-45 request_info-4"),
    ("staff soon", "create-69 submit-59 recommend-54 approve-49 send_to_host-44 invite-5"),
    (
        "staff soon",
        "create-68 submit-58 recommend-53 approve-48 send_to_host-43 invite-30 accept_invitation-25 \
         sign:staff_member-20",
    ),
    (
        "staff soon",
        "create-67 submit-57 recommend-52 approve-47 send_to_host-42 invite-30 accept_invitation-25 \
         sign:staff_member-20 sign:home_coordinator-19 sign:host_coordinator-18 pay_advance-4",
    ),
    ("staff soon", "create-66 submit-56 recommend-51 not_approve-46"),
    (
        "staff past",
        "create-300 submit-290 recommend-286 approve-280 send_to_host-275 invite-260 accept_invitation-255 \
         sign:staff_member-250 sign:home_coordinator-249 sign:host_coordinator-248 pay_advance-220 arrive-200 \
         certify-193 report-180 recognise-170",
    ),
    (
        "staff past",
        "create-300 submit-290 recommend-286 approve-280 send_to_host-275 invite-260 accept_invitation-255 \
         sign:staff_member-250 sign:home_coordinator-249 sign:host_coordinator-248 pay_advance-220 arrive-200 \
         certify-193 report-180 recognise-170 settle_grant-160",
    ),
    (
        "conference past",
        "create-240 submit-230 admit-225 report_payment-215 confirm_payment-214 check_in-120 certify-117 \
         give_feedback-110",
    ),
    (
        "conference past",
        "create-240 submit-229 admit-224 ask_visa_letter-223 send_visa_letter-220 waive_fee-219 report_no_show-116",
    ),
    ("conference soon", "create-9 submit-2"),
    ("conference soon", "create-20 submit-14 admit-5"),
    ("conference soon", "create-40 submit-35 admit-30 ask_visa_letter-29 report_payment-2"),
    ("conference soon", "create-50 submit-45 admit-40 report_payment-30 confirm_payment-28"),
    ("conference soon", "create-50 submit-44 admit-39 report_payment-31 confirm_payment-29 withdraw-4"),
    ("conference soon", "create-48 submit-43 turn_down-40"),
    ("conference soon", "create-18 submit-13 waitlist-9"),
    ("conference soon", "create-17 submit-12 waitlist-8 !promote-1"),
    (
        "training past",
        "create-490 submit-475 shortlist-468 put_forward-455 offer-430 accept_place-425 agree_plan:mentor-400 \
         agree_plan:participant-399 begin-330 log_module-250 hand_in_project-110 pass_training-95 \
         issue_certificate-80 recognise-70",
    ),
    (
        "training past",
        "create-490 submit-474 shortlist-467 put_forward-454 offer-429 accept_place-424 agree_plan:mentor-399 \
         agree_plan:participant-398 begin-330 hand_in_project-108 ask_revision-99 hand_in_project-90 fail-85",
    ),
    (
        "training now",
        "create-250 submit-236 shortlist-230 put_forward-215 offer-195 accept_place-190 agree_plan:mentor-150 \
         agree_plan:participant-149 begin-60 log_module-40",
    ),
    (
        "training now",
        "create-250 submit-235 shortlist-229 put_forward-214 offer-194 accept_place-189 agree_plan:mentor-148 \
         agree_plan:participant-147 begin-60 suspend-5",
    ),
    ("training soon", "create-110 submit-95 shortlist-88 put_forward-9"),
    ("training soon", "create-110 submit-95 shortlist-88 put_forward-75 invite_interview-3"),
    (
        "training soon",
        "create-109 submit-94 shortlist-87 put_forward-74 offer-60 accept_place-55 agree_plan:mentor-5",
    ),
    ("training soon", "create-108 submit-93 shortlist-86 not_put_forward-80"),
    ("training soon", "create-107 submit-92 shortlist-85 put_forward-72 reserve-50"),
    (
        "research past",
        "create-410 submit-385 commit-380 find_eligible-372 review:science_reviewer-362 \
         review:feasibility_reviewer-358 fund-345 confirm_consortium:investigator-342 \
         confirm_consortium:research_office-341 confirm_consortium:coordinating_head-340 pay_first-320 start-270 \
         hand_in_interim-200 accept_interim-190 hand_in_final-95 accept_final-80",
    ),
    (
        "research past",
        "create-409 submit-384 commit-379 find_eligible-371 review:science_reviewer-361 \
         review:feasibility_reviewer-357 fund-344 confirm_consortium:investigator-341 \
         confirm_consortium:research_office-340 confirm_consortium:coordinating_head-339 pay_first-319 start-270 \
         hand_in_interim-198 accept_interim-189 hand_in_final-20",
    ),
    ("research soon", "create-95 submit-62"),
    ("research soon", "create-95 submit-65 commit-60 find_eligible-50 review:science_reviewer-30"),
    (
        "research soon",
        "create-94 submit-64 commit-59 find_eligible-49 review:science_reviewer-32 review:feasibility_reviewer-9",
    ),
    (
        "research soon",
        "create-93 submit-63 commit-58 find_eligible-48 review:science_reviewer-31 review:feasibility_reviewer-28 \
         not_fund-12",
    ),
    (
        "research soon",
        "create-93 submit-63 commit-58 find_eligible-48 review:science_reviewer-31 review:feasibility_reviewer-28 \
         fund-12 confirm_consortium:investigator-8",
    ),
    (
        "campuses past",
        "create-550 submit-530 select-510 accept_offer-506 send_to_campuses-495 1.approve_stay-480 \
         2.approve_stay-479 3.refuse_stay-478 confirm-470 make_ready-320 1.arrive-300 2.arrive-295 1.depart-182 \
         2.depart-180 1.file_results-170 2.file_results-160 recognise-140 close-130",
    ),
    (
        "campuses now",
        "create-250 submit-230 select-210 accept_offer-206 send_to_campuses-195 1.approve_stay-180 \
         2.approve_stay-179 3.approve_stay-178 confirm-170 make_ready-70",
    ),
    (
        "campuses now",
        "create-250 submit-230 select-210 accept_offer-206 send_to_campuses-195 1.approve_stay-180 \
         2.approve_stay-179 3.approve_stay-178 confirm-170 make_ready-70 1.arrive-50 2.cancel_stay-10",
    ),
    ("campuses soon", "create-70 submit-50"),
    ("campuses soon", "create-70 submit-50 select-38 accept_offer-34 send_to_campuses-28 1.approve_stay-15"),
    (
        "campuses soon",
        "create-69 submit-49 select-38 accept_offer-34 send_to_campuses-28 1.approve_stay-15 2.approve_stay-14 \
         3.refuse_stay-12",
    ),
    (
        "campuses soon",
        "create-68 submit-48 select-37 accept_offer-33 send_to_campuses-27 1.approve_stay-15 2.approve_stay-14 \
         3.approve_stay-13 confirm-6",
    ),
];
