//! One row for each route of the pages that takes a form: who sends it, where it stands, and what is sound in it.

/// What an empty form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// It is refused on a page that helps.
    Refused,
    /// It says something: nothing has to be filled in.
    Legal,
}

/// What sending the same form twice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twice {
    /// The first is done, the second changes nothing.
    Once,
    /// Each asks, sends a link or makes a secret anew, and both are answered alike.
    Alike,
    /// It needs what this scene does not have: the test of this name sends it twice.
    In(&'static str),
}

/// A list of places, scores, and a file of days off.
const LIST: &str = "partner,direction,places,valid_from_on,valid_until_on\nUniversity of Omega,out,1,2031-01-01,2031-12-31\n";
const SCORES: &str = "application,score\n{placed},71.5\n";
const DAYS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n";

/// A form.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Its address; names in braces are of the scene.
    pub at: &'static str,
    /// Who sends it: a part of the cast, or nobody.
    pub who: &'static str,
    /// The page it stands on; empty: it follows from another form, and `fill` is all of it.
    pub page: &'static str,
    /// Values over those that the page holds.
    pub fill: &'static [(&'static str, &'static str)],
    pub empty: Empty,
    pub twice: Twice,
    /// Whether it ends what others stand on, and so is sent after them.
    pub last: bool,
    /// The status in a session that is over, where that is all that it wants.
    pub over: u16,
    /// The status where its address names nothing.
    pub absent: u16,
    /// Whether a mail program may send it, without a page of ours.
    pub open: bool,
    /// Fields that take whatever comes, and those that are no matter of the form.
    pub lax: &'static [&'static str],
}

const fn row(at: &'static str, who: &'static str, page: &'static str) -> Row {
    Row {
        at,
        who,
        page,
        fill: &[],
        empty: Empty::Refused,
        twice: Twice::Once,
        last: false,
        over: 0,
        absent: 404,
        open: false,
        lax: &[],
    }
}

impl Row {
    const fn fill(self, fill: &'static [(&'static str, &'static str)]) -> Self {
        Self { fill, ..self }
    }

    const fn legal(self) -> Self {
        Self { empty: Empty::Legal, ..self }
    }

    const fn alike(self) -> Self {
        Self { twice: Twice::Alike, ..self }
    }

    const fn twice_in(self, test: &'static str) -> Self {
        Self { twice: Twice::In(test), ..self }
    }

    const fn last(self) -> Self {
        Self { last: true, ..self }
    }

    const fn over(self, over: u16) -> Self {
        Self { over, ..self }
    }

    const fn absent(self, absent: u16) -> Self {
        Self { absent, ..self }
    }

    const fn open(self) -> Self {
        Self { open: true, ..self }
    }

    const fn lax(self, lax: &'static [&'static str]) -> Self {
        Self { lax, ..self }
    }
}

/// Of whoever follows a link or is about to sign in.
const DOORS: &[Row] = &[
    // A link that is none is answered like one that is spent.
    row("/act/{act}/events", "", "/act/{act}")
        .fill(&[("data.no_relative", "true"), ("sure", "yes")])
        .last()
        .absent(409),
    row("/act/{act}/hand-on", "", "/act/{act}")
        .twice_in("whoever_is_the_wrong_person_names_another_who_gets_a_link_of_their_own")
        .absent(409),
    // The same answer whether there was something to send or not.
    row("/act/{act}/renew", "", "").legal().absent(303),
    row("/digest/{digest}", "", "/digest/{digest}").legal().open(),
    row("/logout", "fellow", "/").legal().last().over(303),
    row("/language", "", "/login").fill(&[("language", "en")]).legal().lax(&["language"]),
    row("/theme", "", "/login").fill(&[("theme", "dark")]).legal().lax(&["theme"]),
    row("/forgotten-password", "", "/forgotten-password"),
    row("/invitation", "", "/invitation?token={invitation}").last(),
    row("/password-reset", "", "/password-reset?token={reset}").last(),
    // Too late leads to the log-in.
    row("/login/code", "", "")
        .fill(&[("half", "none"), ("code", "123456")])
        .legal()
        .twice_in("the_pages_lead_through_setting_up_and_logging_in"),
    row("/sign-up", "", "/sign-up").alike(),
    row("/sign-up/confirm", "", "")
        .fill(&[("token", "none"), ("given_name", "A"), ("family_name", "B"), ("level", "first")])
        .twice_in("the_pages_lead_from_the_address_to_the_account"),
    row("/email-change", "", "")
        .fill(&[("token", "none")])
        .twice_in("the_pages_ask_for_an_address_and_a_link_that_is_only_opened_changes_nothing"),
    row("/login", "", "/login")
        .fill(&[("email", "applicant@people.example"), ("password", "{password}")])
        .last()
        .lax(&["next"]),
];

/// What is one's own.
const OWN: &[Row] = &[
    row("/account/second-factor", "applicant", "/account/second-factor")
        .fill(&[("password", "{password}")])
        .alike(),
    row("/account/second-factor/confirm", "applicant", "")
        .fill(&[("code", "123456")])
        .twice_in("the_pages_lead_through_setting_up_and_logging_in"),
    row("/account/second-factor/codes", "applicant", "")
        .fill(&[("password", "x"), ("code", "1")])
        .twice_in("the_pages_lead_through_setting_up_and_logging_in"),
    row("/account/second-factor/remove", "applicant", "")
        .fill(&[("password", "x"), ("code", "1")])
        .twice_in("the_pages_lead_through_setting_up_and_logging_in"),
    row("/account/identities/link/{institution}", "applicant", "")
        .twice_in("whoever_works_for_the_secretariat_too_signs_in_to_both"),
    row("/account/identities/{identity}/remove", "applicant", "/account").legal().absent(303),
    row("/account/email", "applicant", "/account/email").fill(&[("password", "{password}")]).alike(),
    row("/account/password", "applicant", "/account")
        .fill(&[
            ("present", "{password}"),
            ("password", "a sentence of another kind"),
            ("repeated", "a sentence of another kind"),
        ])
        .last(),
    row("/account/sessions/end", "applicant", "/account").legal().last(),
    row("/account/sessions/{session}/end", "applicant", "/account").legal().absent(303),
    row("/account/data/consents/{kind}", "applicant", "/account/data").fill(&[("agree", "yes")]).legal(),
    row("/account/data/erase", "nobody", "/account/data").fill(&[("again", "nobody@people.example")]).last(),
    row("/preferences", "applicant", "/preferences"),
    row("/absence", "home_coordinator", "/absence"),
    row("/absence/{absence}/end", "home_coordinator", "/absence").legal(),
    row("/calendar", "applicant", "/calendar").legal().alike(),
    row("/calendar/end", "applicant", "").legal(),
];

/// Applications, one by one and many at once.
const CASES: &[Row] = &[
    row("/cases/{submitted}/events", "other_coordinator", "/cases/{submitted}"),
    row("/cases/{draft}/draft", "fellow", "/cases/{draft}").legal(),
    row("/cases/{placed}/messages", "home_coordinator", "/cases/{placed}/messages"),
    row("/cases/{submitted}/score", "other_coordinator", "")
        .fill(&[("version", "1"), ("score", "71.5")])
        .twice_in("the_review_goes_on_to_the_next_and_a_return_marks_what_is_wrong"),
    row("/cases/{draft}/documents", "fellow", "/cases/{draft}").fill(&[("file", "%PDF-1.7\n%%EOF\n")]),
    row("/cases/{draft}/documents/{document}/remove", "fellow", "/cases/{draft}").legal(),
    row("/calls/{call}/allocations", "home_coordinator", "/calls/{call}/allocations")
        .twice_in("a_page_says_what_has_changed_and_strangers_find_nothing"),
    row(
        "/calls/{run call}/allocations/{run}/confirm",
        "home_coordinator",
        "/calls/{run call}/allocations/{run}",
    )
    .fill(&[("sure", "yes")])
    .legal()
    .twice_in("a_page_says_what_has_changed_and_strangers_find_nothing"),
    row("/calls/{call}/scores", "home_coordinator", "/calls/{call}/scores").fill(&[("file", SCORES)]).alike(),
    row("/calls/{call}/scores/take", "home_coordinator", "").fill(&[("file", SCORES)]),
    row("/calls/{call}/apply", "newcomer", "/calls/{call}/apply"),
    row("/queue/review/{submitted}/events", "other_coordinator", "/queue/review/{submitted}").last(),
    row("/queue/review/{submitted}/score", "other_coordinator", "")
        .fill(&[("version", "1"), ("score", "71.5")])
        .twice_in("the_review_goes_on_to_the_next_and_a_return_marks_what_is_wrong"),
    row("/bulk/choose", "other_coordinator", "")
        .fill(&[("case", "{submitted}"), ("event", "return")])
        .alike(),
    row("/bulk/preview", "other_coordinator", "")
        .fill(&[
            ("case", "{submitted}"),
            ("event", "return"),
            ("reason.code", "choices"),
            ("reason.text", "More."),
        ])
        .alike(),
    row("/bulk", "other_coordinator", "").fill(&[
        ("item", "{submitted}@99"),
        ("event", "return"),
        ("data", "{}"),
        ("reason.code", "choices"),
        ("reason.text", "More."),
    ]),
    row("/bulk/{bulk}/call-back", "home_coordinator", "/bulk/{bulk}").legal(),
];

/// Agreements, places and balances.
const LEDGER: &[Row] = &[
    row("/agreements/new", "home_coordinator", "/agreements/new").fill(&[
        ("partner", "University of Omega"),
        ("valid_from_on", "2026-09-01"),
        ("valid_until_on", "2029-08-31"),
        ("fields", "0613"),
        ("note", "As in 2023."),
    ]),
    row("/agreements/{written}/edit", "other_coordinator", "/agreements/{written}/edit")
        .fill(&[("fields", "")]),
    row(
        "/agreements/{agreement}/windows/{host}",
        "host_coordinator",
        "/agreements/{agreement}/windows/{host}",
    )
    .fill(&[("windows-0-opens", "02-15"), ("windows-0-closes", "05-15")]),
    row("/agreements/{written}/events", "other_coordinator", "/agreements/{written}"),
    row("/agreements/{agreement}/lines", "home_coordinator", "/agreements/{agreement}/lines"),
    row("/agreements/{agreement}/lines/{line}", "home_coordinator", "/agreements/{agreement}/lines/{line}"),
    row(
        "/agreements/{agreement}/lines/{spare}/carry",
        "home_coordinator",
        "/agreements/{agreement}/lines/{spare}/carry",
    )
    .fill(&[("sure", "yes")]),
    row("/place-lists", "home_coordinator", "/place-lists").fill(&[("file", LIST)]).alike(),
    row("/statements", "home_coordinator", "/statements"),
    row(
        "/agreements/{written}/statements/{stated}/confirm",
        "second_coordinator",
        "/agreements/{written}/statements/{stated}",
    )
    .fill(&[("sure", "yes")])
    .legal(),
    row(
        "/agreements/{agreement}/statements/{statement}/dispute",
        "host_coordinator",
        "/agreements/{agreement}/statements/{statement}",
    ),
    row("/agreements/{agreement}/statements/{statement}/settle", "chair", "")
        .fill(&[("version", "2"), ("reason", "Both are right.")])
        .last(),
];

/// What members offer, and what there is to be told of it.
const OFFERS: &[Row] = &[
    row("/programmes/{offer}/events", "employer", "/programmes/{offer}"),
    row("/programmes/new", "host_coordinator", "/programmes/new").fill(&[("title", "A term in Taipei")]),
    row("/programmes/{programme}/edit", "host_coordinator", "/programmes/{programme}/edit"),
    row("/programmes/{programme}/publish", "host_coordinator", "/programmes/{programme}/publish").legal(),
    row("/programmes/{programme}/offerings/new", "host_coordinator", "/programmes/{programme}/offerings/new"),
    row(
        "/programmes/{offering programme}/offerings/{offering}/edit",
        "host_coordinator",
        "/programmes/{offering programme}/offerings/{offering}/edit",
    )
    // Applicants count on its days; unchanged, it stands already.
    .lax(&["version"])
    .twice_in("a_call_is_written_asked_about_and_published")
    .legal(),
    row("/calls/new", "home_coordinator", "/calls/new").fill(&[("title", "Autumn")]),
    row("/calls/{call}/edit", "home_coordinator", "/calls/{call}/edit"),
    row("/calls/{call}/rules", "home_coordinator", "/calls/{call}/rules").legal().lax(&["tracks"]),
    row("/calls/{hidden}/publish", "other_coordinator", "/calls/{hidden}/publish").legal(),
    row("/notifications/{notice}/retry", "secretariat", "")
        .twice_in("a_notice_that_was_refused_is_tried_again_when_the_secretariat_says_so"),
    row("/notifications/{notice}/resend", "secretariat", "")
        .twice_in("the_secretariat_reads_what_a_mail_says_but_no_link_that_opens_an_account"),
];

/// The desk.
const DESK: &[Row] = &[
    row("/people/{staff}/reachable", "secretariat", "").legal().lax(&["back"]),
    row("/chair/new", "secretariat", "/chair/new").fill(&[
        ("from_on", "2029-01-01"),
        ("until_on", "2029-12-31"),
        ("person", "home_head@people.example"),
        ("sure", "yes"),
    ]),
    // Unchanged, it stands already.
    row("/chair/{term}/edit", "secretariat", "/chair/{term}/edit").lax(&["version"]),
    row("/institutions/new", "secretariat", "/institutions/new").fill(&[
        ("name", "Lyon"),
        ("country", "FR"),
        ("zone", "Europe/Paris"),
    ]),
    row("/institutions/{institution}/edit", "secretariat", "/institutions/{institution}/edit"),
    row("/institutions/{institution}/log-in", "home_head", "/institutions/{institution}/log-in").legal(),
    row("/institutions/{institution}/holidays", "home_admin", "/institutions/{institution}")
        .fill(&[("file", DAYS)])
        .alike(),
    row("/institutions/{institution}/holidays/take", "home_admin", "").fill(&[("file", DAYS)]),
    row("/institutions/{institution}/units/new", "home_admin", "/institutions/{institution}/units/new"),
    row(
        "/institutions/{institution}/units/{unit}/edit",
        "home_admin",
        "/institutions/{institution}/units/{unit}/edit",
    ),
    row("/institutions/{host}/periods/new", "host_coordinator", "/institutions/{host}/periods/new").fill(&[
        ("academic_year", "2030"),
        ("term", "S1"),
        ("start_on", "2030-09-01"),
        ("end_on", "2030-12-31"),
        ("twelfths", "6"),
    ]),
    row(
        "/institutions/{host}/periods/{period}/edit",
        "host_coordinator",
        "/institutions/{host}/periods/{period}/edit",
    ),
    row("/people/invite", "home_admin", "/people/invite").fill(&[
        ("given_name", "Ada"),
        ("family_name", "Lin"),
        ("email", "ada@new.example"),
        ("until_on", ""),
        ("duty", "grants"),
        ("level", ""),
        ("sure", "yes"),
    ]),
    row("/people/{student}/edit", "home_admin", "/people/{student}/edit"),
    row("/people/{staff}/roles/new", "home_admin", "/people/{staff}/roles/new").fill(&[
        ("duty", "grants"),
        ("unit", ""),
        ("sure", "yes"),
        ("until_on", ""),
    ]),
    row("/people/{staff}/roles/{role}/end", "home_admin", "/people/{staff}/roles/{role}/end").legal().last(),
    row("/people/{student}/registrations/new", "home_admin", "/people/{student}/registrations/new").fill(&[
        ("level", "second"),
        ("field", "0613"),
        ("credits", "27.5"),
        ("languages", "en:B2"),
    ]),
    row(
        "/people/{student}/registrations/{registration}/edit",
        "home_admin",
        "/people/{student}/registrations/{registration}/edit",
    ),
    row("/people/{staff}/absences/new", "home_admin", "/people/{staff}/absences/new")
        .fill(&[("from_on", "2032-01-01"), ("until_on", "2032-01-02")]),
    row("/people/{staff}/absences/{absence}/end", "home_admin", "/people/{staff}/absences/{absence}/end")
        .legal(),
    row("/workflows/new", "secretariat", "/workflows/new").fill(&[("do", "save"), ("source", "{source}")]),
    row("/workflows/check", "secretariat", "").fill(&[("source", "id = 'x'")]).legal().alike(),
    row("/workflows/{workflow}/edit", "secretariat", "/workflows/{workflow}/edit")
        .fill(&[("do", "save")])
        // What reads like the newest version is saved already.
        .lax(&["base"])
        .alike(),
    row(
        "/workflows/{workflow}/versions/{number}/approve",
        "chair",
        "/workflows/{workflow}/versions/{number}/approve",
    )
    .fill(&[("sure", "yes")])
    .legal()
    .twice_in("a_text_is_checked_saved_and_approved_by_the_chair"),
    row("/workflows/{workflow}/versions/{number}/adopt", "secretariat", "")
        .twice_in("running_cases_go_over_as_they_were_listed_and_past_ones_are_tried"),
];

/// All of them.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [DOORS, OWN, CASES, LEDGER, OFFERS, DESK].into_iter().flatten()
}
