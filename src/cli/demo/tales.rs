//! What happens in the demo's other programmes, told as the stories are.

/// Season and tale.
pub const TALES: &[(&str, &str)] = &[
    ("staff open", "create-8"),
    ("staff open", "create-10 submit-4"),
    ("staff soon", "create-70 submit-60 recommend-55 approve-50 send_to_host-6"),
    ("staff soon", "create-70 submit-60 recommend-55 approve-50 send_to_host-45 request_info-4"),
    ("staff soon", "create-69 submit-59 recommend-54 approve-49 send_to_host-44 invite-5"),
    (
        "staff soon",
        "create-68 submit-58 recommend-53 approve-48 send_to_host-43 invite-30 accept_invitation-25 sign:staff_member-20",
    ),
    (
        "staff soon",
        "create-67 submit-57 recommend-52 approve-47 send_to_host-42 invite-30 accept_invitation-25 sign:staff_member-20 \
         sign:home_coordinator-19 sign:host_coordinator-18 pay_advance-4",
    ),
    ("staff soon", "create-66 submit-56 recommend-51 not_approve-46"),
    (
        "staff past",
        "create-300 submit-290 recommend-285 approve-280 send_to_host-275 invite-260 accept_invitation-255 \
         sign:staff_member-250 sign:home_coordinator-249 sign:host_coordinator-248 pay_advance-220 arrive-200 certify-193 \
         report-180 recognise-170",
    ),
    (
        "staff past",
        "create-300 submit-290 recommend-285 approve-280 send_to_host-275 invite-260 accept_invitation-255 \
         sign:staff_member-250 sign:home_coordinator-249 sign:host_coordinator-248 pay_advance-220 arrive-200 certify-193 \
         report-180 recognise-170 settle_grant-160",
    ),
];
