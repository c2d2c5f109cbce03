//! The life of a tour of two campuses, one term each.

use super::{Paper, Stage};

pub const PAPERS: &[Paper] = &[
    ("submit", "student", "study_plan"),
    ("submit", "student", "transcript"),
    ("recognise", "student", "campus_transcripts"),
];

pub const LIFE: &[Stage] = &[
    Stage {
        at: "2026-09-10T10:00:00Z",
        by: "student",
        event: "submit",
        state: "submitted",
        waits: &["home_coordinator"],
        lines: &[(0, 0)],
        clocks: &[("review", "2026-10-15T21:59:59Z")],
        told: &[("submission_received", "student"), ("tour_to_review", "home_coordinator")],
    },
    Stage {
        at: "2026-10-05T10:00:00Z",
        by: "home_coordinator",
        event: "select",
        state: "offered",
        waits: &["student"],
        lines: &[(1, 0)],
        clocks: &[("answer", "2026-10-12T21:59:59Z")],
        told: &[("tour_offered", "student")],
    },
    Stage {
        at: "2026-10-07T10:00:00Z",
        by: "student",
        event: "accept_offer",
        state: "to_send",
        waits: &["home_coordinator"],
        lines: &[(1, 0)],
        clocks: &[("send", "2026-11-15T22:59:59Z")],
        told: &[("tour_accepted", "student"), ("tour_to_send", "home_coordinator")],
    },
    Stage {
        at: "2026-10-12T10:00:00Z",
        by: "home_coordinator",
        event: "send_to_campuses",
        state: "with_campuses",
        waits: &["host_coordinator", "host_coordinator"],
        lines: &[(1, 0)],
        clocks: &[
            ("answer", "2026-11-09T15:59:59Z"),
            ("answer", "2026-11-09T15:59:59Z"),
            ("answers", "2026-12-07T23:59:59Z"),
        ],
        told: &[
            ("campus_asked", "host_coordinator"),
            ("campus_asked", "second_coordinator"),
            ("tour_with_campuses", "student"),
        ],
    },
    Stage {
        at: "2026-10-20T02:00:00Z",
        by: "host_coordinator",
        event: "1.approve_stay",
        state: "with_campuses",
        waits: &["host_coordinator", "host_coordinator"],
        lines: &[(1, 0)],
        clocks: &[
            ("answer", "2026-11-09T15:59:59Z"),
            ("answers", "2026-12-07T23:59:59Z"),
            ("arrival", "2027-09-19T16:00:00Z"),
        ],
        told: &[
            ("campus_accepts", "home_coordinator"),
            ("campus_accepts", "student"),
            ("campus_arrival_due", "host_coordinator"),
        ],
    },
    Stage {
        at: "2026-10-28T02:00:00Z",
        by: "host_coordinator",
        event: "2.approve_stay",
        state: "approved",
        waits: &["host_coordinator", "host_coordinator", "student"],
        lines: &[(1, 0)],
        clocks: &[
            ("arrival", "2027-09-19T16:00:00Z"),
            ("arrival", "2027-09-19T15:00:00Z"),
            ("confirm", "2026-11-11T22:59:59Z"),
        ],
        told: &[
            ("campus_accepts", "home_coordinator"),
            ("campus_accepts", "student"),
            ("campus_arrival_due", "second_coordinator"),
            ("tour_approved", "student"),
        ],
    },
    Stage {
        at: "2026-11-02T10:00:00Z",
        by: "student",
        event: "confirm",
        state: "confirmed",
        waits: &["home_coordinator", "host_coordinator", "host_coordinator"],
        lines: &[(0, 1)],
        clocks: &[
            ("arrival", "2027-09-19T16:00:00Z"),
            ("arrival", "2027-09-19T15:00:00Z"),
            ("not_ready", "2027-09-05T16:00:00Z"),
        ],
        told: &[("tour_confirmed", "student"), ("tour_to_prepare", "home_coordinator")],
    },
    Stage {
        at: "2027-01-20T10:00:00Z",
        by: "home_coordinator",
        event: "make_ready",
        state: "ready",
        waits: &["host_coordinator", "host_coordinator"],
        lines: &[(0, 1)],
        clocks: &[
            ("arrival", "2027-09-19T16:00:00Z"),
            ("arrival", "2027-09-19T15:00:00Z"),
            ("arrival", "2027-10-05T16:00:00Z"),
        ],
        told: &[("tour_ready", "student")],
    },
];
