//! What happens in the demo: each story is one application, told as events with the day, counted from today.
//!
//! `event` is fired by whoever may, `event:role` by that role, `2.event` at the second stay, `!event` by the system. The last two stories of exchanges wait
//! for a place, so that nobody after them is refused one.

/// How many of one university are to be nominated together, at the host that this number picks.
pub const TOGETHER: (usize, usize) = (3, 3);
/// Their season and story; theirs come first, so that places are left for them.
pub const TO_NOMINATE: (&str, &str) =
    ("selection", "create-54 submit-40 find_eligible-16 allocate-14 accept_offer-8");

/// Season and story.
pub const STORIES: &[(&str, &str)] = &[
    ("open", "create-5"),
    ("open", "create-9"),
    ("open", "create-12 submit-3"),
    ("open", "create-12 submit-7"),
    ("open", "create-14 submit-9 take_back-2"),
    ("open", "create-13 withdraw-4"),
    ("selection", "create-60 submit-50"),
    ("selection", "create-60 submit-50 return-4"),
    ("selection", "create-62 submit-48 find_ineligible-20"),
    ("selection", "create-61 submit-47 find_eligible-20"),
    ("selection", "create-59 submit-46 find_eligible-19"),
    ("selection", "create-58 submit-45 find_eligible-18 allocate-3"),
    ("selection", "create-57 submit-44 find_eligible-18 not_select-4"),
    ("selection", "create-57 submit-43 find_eligible-17 allocate-10 decline_offer-8"),
    ("selection", "create-56 submit-42 find_eligible-17 allocate-9 !lapse-1"),
    ("selection", "create-56 submit-42 find_eligible-16 allocate-12 !lapse-5 !lapse-3"),
    ("selection", "create-55 submit-41 find_eligible-16 allocate-12 accept_offer-10"),
    ("selection", "create-55 submit-41 find_eligible-16 allocate-12 accept_offer-9 nominate-4"),
    (
        "selection",
        "create-54 submit-40 find_eligible-16 allocate-14 accept_offer-12 nominate-9 acknowledge-6",
    ),
    (
        "selection",
        "create-54 submit-40 find_eligible-16 allocate-14 accept_offer-12 nominate-9 acknowledge-6 request_info-2",
    ),
    (
        "selection",
        "create-53 submit-39 find_eligible-16 allocate-14 accept_offer-12 nominate-9 acknowledge-6 approve_conditionally-3",
    ),
    (
        "selection",
        "create-53 submit-39 find_eligible-16 allocate-14 accept_offer-12 nominate-9 acknowledge-6 approve-2",
    ),
    (
        "selection",
        "create-52 submit-38 find_eligible-16 allocate-14 accept_offer-12 nominate-9 acknowledge-6 refuse-2",
    ),
    (
        "selection",
        "create-52 submit-38 find_eligible-16 allocate-14 accept_offer-12 nominate-9 acknowledge-6 cancel-1",
    ),
    (
        "selection",
        "create-51 submit-37 find_eligible-16 allocate-14 accept_offer-12 nominate-9 ask_withdrawal-1",
    ),
    (
        "selection",
        "create-51 submit-37 find_eligible-16 allocate-14 accept_offer-12 nominate-9 ask_withdrawal-4 grant_withdrawal-2",
    ),
    ("selection", "create-51 submit-37 find_eligible-16 allocate-14 accept_offer-12 nominate-9 suspend-2"),
    (
        "placed",
        "create-180 submit-170 find_eligible-140 allocate-125 accept_offer-122 nominate-110 acknowledge-105 approve-85 confirm-78",
    ),
    (
        "abroad",
        "create-350 submit-330 find_eligible-300 allocate-285 accept_offer-283 nominate-275 acknowledge-270 approve-250 confirm-240",
    ),
    ("placed", "create-179 submit-169 find_eligible-139 allocate-124 accept_offer-121 !miss_nomination-89"),
    (
        "placed",
        "create-178 submit-168 find_eligible-138 allocate-123 accept_offer-120 !miss_nomination-89 give_up-80",
    ),
    (
        "abroad",
        "create-350 submit-330 find_eligible-300 allocate-285 accept_offer-283 nominate-275 acknowledge-270 approve-250 confirm-240 arrive-58",
    ),
    (
        "abroad",
        "create-350 submit-330 find_eligible-300 allocate-285 accept_offer-283 nominate-275 acknowledge-270 approve-250 confirm-240 arrive-58 ask_extension-3 extend:host_coordinator-1",
    ),
    (
        "abroad",
        "create-349 submit-329 find_eligible-299 allocate-285 accept_offer-283 nominate-275 acknowledge-270 approve-250 confirm-240 report_no_show-40",
    ),
    (
        "abroad",
        "create-348 submit-328 find_eligible-298 allocate-285 accept_offer-283 nominate-275 acknowledge-270 approve-250 confirm-240 arrive-58 end_early-20",
    ),
    (
        "abroad",
        "create-350 submit-330 find_eligible-300 allocate-285 accept_offer-283 nominate-275 acknowledge-270 approve-250 confirm-240 arrive-58 interrupt:student-6",
    ),
    (
        "past",
        "create-546 submit-526 find_eligible-496 allocate-475 accept_offer-473 nominate-465 acknowledge-460 approve-440 confirm-430 arrive-248 depart-49 file_transcript-30 recognise-15 appeal-4",
    ),
    (
        "past",
        "create-550 submit-530 find_eligible-500 allocate-475 accept_offer-473 nominate-465 acknowledge-460 approve-440 confirm-430 arrive-248 depart-49",
    ),
    (
        "past",
        "create-549 submit-529 find_eligible-499 allocate-475 accept_offer-473 nominate-465 acknowledge-460 approve-440 confirm-430 arrive-248 depart-49 file_transcript-30",
    ),
    (
        "past",
        "create-548 submit-528 find_eligible-498 allocate-475 accept_offer-473 nominate-465 acknowledge-460 approve-440 confirm-430 arrive-248 depart-49 file_transcript-30 recognise-15",
    ),
    (
        "past",
        "create-547 submit-527 find_eligible-497 allocate-475 accept_offer-473 nominate-465 acknowledge-460 approve-440 confirm-430 arrive-248 depart-49 file_transcript-40 recognise-25 close-5",
    ),
    ("work open", "create-6"),
    ("work open", "create-12 submit-4"),
    ("work soon", "create-80 submit-70 check_employer-3"),
    ("work soon", "create-80 submit-70 return-3"),
    ("work soon", "create-79 submit-69 not_endorse-50"),
    ("work soon", "create-78 submit-68 endorse-3"),
    ("work soon", "create-77 submit-67 endorse-60 forward-20"),
    ("work soon", "create-77 submit-67 endorse-60 forward-30 invite_interview-6"),
    ("work soon", "create-76 submit-66 endorse-60 forward-30 offer-2"),
    ("work soon", "create-76 submit-66 endorse-60 forward-40 refuse-10"),
    ("work soon", "create-75 submit-65 endorse-62 forward-60 !return_silent-2"),
    ("work soon", "create-75 submit-65 endorse-60 forward-40 offer-20 decline_offer-18"),
    ("work soon", "create-74 submit-64 endorse-60 forward-40 offer-20 !lapse-12"),
    ("work soon", "create-74 submit-64 endorse-60 forward-40 offer-20 accept_offer-15"),
    ("work soon", "create-73 submit-63 endorse-60 forward-40 offer-20 accept_offer-15 sign:student-6"),
    (
        "work soon",
        "create-73 submit-63 endorse-60 forward-40 offer-20 accept_offer-15 sign:student-8 sign:employer-7 sign:home_coordinator-6",
    ),
    (
        "work soon",
        "create-72 submit-62 endorse-60 forward-40 offer-20 accept_offer-15 sign:student-8 sign:employer-7 sign:home_coordinator-6",
    ),
    (
        "work soon",
        "create-72 submit-62 endorse-60 forward-40 offer-20 accept_offer-15 sign:student-8 sign:employer-7 sign:home_coordinator-6 ask_withdrawal-1",
    ),
    (
        "work now",
        "create-190 submit-180 endorse-170 forward-165 offer-140 accept_offer-136 sign:student-110 sign:employer-109 sign:home_coordinator-108 start-40",
    ),
    (
        "work now",
        "create-190 submit-180 endorse-170 forward-165 offer-140 accept_offer-136 sign:student-110 sign:employer-109 sign:home_coordinator-108 start-40 change:student-3",
    ),
    (
        "work now",
        "create-189 submit-179 endorse-170 forward-165 offer-140 accept_offer-136 sign:student-110 sign:employer-109 sign:home_coordinator-108 start-40 stop:student-3",
    ),
    (
        "work now",
        "create-189 submit-179 endorse-170 forward-165 offer-140 accept_offer-136 sign:student-110 sign:employer-109 sign:home_coordinator-108 start-40 stop:student-8 end_early:student-5",
    ),
    (
        "work now",
        "create-189 submit-179 endorse-170 forward-165 offer-140 accept_offer-136 sign:student-110 sign:employer-109 sign:home_coordinator-108 start-40 stop:student-8 replace-5",
    ),
    (
        "work past",
        "create-320 submit-310 endorse-300 forward-295 offer-280 accept_offer-276 sign:student-250 sign:employer-249 sign:home_coordinator-248 start-200 complete-58",
    ),
    (
        "work past",
        "create-320 submit-310 endorse-300 forward-295 offer-280 accept_offer-276 sign:student-250 sign:employer-249 sign:home_coordinator-248 start-200 complete-58 report-40",
    ),
    (
        "work past",
        "create-319 submit-309 endorse-300 forward-295 offer-280 accept_offer-276 sign:student-250 sign:employer-249 sign:home_coordinator-248 start-200 complete-58 report-40 credit-20 close-5",
    ),
    (
        "work past",
        "create-319 submit-309 endorse-300 forward-295 offer-280 accept_offer-276 sign:student-250 sign:employer-249 sign:home_coordinator-248 start-200 complete-58 report-40 not_credit-20",
    ),
    ("selection", "create-50 submit-36 find_eligible-16 waitlist-12"),
    ("selection", "create-50 submit-36 find_eligible-16 waitlist-12 !promote-1"),
];

/// One step of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat<'a> {
    /// The event; `create` opens the application.
    pub event: &'a str,
    /// The stay it belongs to, where it is one of a stay.
    pub stay: Option<&'a str>,
    /// The role that fires it, when the story says so.
    pub role: Option<&'a str>,
    /// Whether the system fires it.
    pub by_system: bool,
    /// Days before today.
    pub days_ago: i64,
}

/// The steps of a story; `None` where one is not written as it should be.
pub fn beats(story: &str) -> Option<Vec<Beat<'_>>> {
    story.split(' ').map(beat).collect()
}

fn beat(text: &str) -> Option<Beat<'_>> {
    let (name, days) = text.rsplit_once('-')?;
    let (name, by_system) = name.strip_prefix('!').map_or((name, false), |name| (name, true));
    let (stay, name) = name.split_once('.').map_or((None, name), |(stay, name)| (Some(stay), name));
    let (event, role) = name.split_once(':').map_or((name, None), |(event, role)| (event, Some(role)));
    Some(Beat { event, stay, role, by_system, days_ago: days.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::super::tales::TALES;
    use super::*;

    #[test]
    fn every_story_can_be_read_and_goes_forward_in_time() {
        for (_, story) in STORIES.iter().chain(TALES) {
            let beats = beats(story).unwrap();
            assert_eq!(beats[0].event, "create", "{story}");
            assert!(beats.is_sorted_by(|one, next| one.days_ago >= next.days_ago), "{story}");
        }
    }
}
