//! What the runner of scenarios says of definitions that do otherwise, and of scenario files that cannot be run.

use sojourn_engine::definition::{Definition, Finding, Rule, Severity, scenarios};

const DESK: &str = include_str!("../data/desk.toml");
const SCENARIOS: &str = include_str!("../data/desk.scenarios.toml");

#[track_caller]
fn changed(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "`{from}` stands once");
    text.replacen(from, to, 1)
}

fn run(source: &str, scenarios: &str) -> Vec<Finding> {
    let definition = Definition::parse(source).unwrap_or_else(|findings| panic!("{findings:#?}"));
    scenarios::run(scenarios, &definition)
}

/// The findings of a definition that was changed, which must stand at the line that holds a text.
#[track_caller]
fn told(from: &str, to: &str, line: &str, says: &str) {
    let findings = run(&changed(DESK, from, to), SCENARIOS);
    let wanted = SCENARIOS.lines().position(|text| text.contains(line)).unwrap() + 1;
    let found = findings.iter().any(|finding| {
        finding.rule == Rule::Scenario
            && finding.severity == Severity::Error
            && finding.place.line as usize == wanted
            && finding.message.contains(says)
    });
    assert!(found, "at line {wanted} nothing says `{says}`: {findings:#?}");
}

#[test]
fn a_definition_that_does_what_is_written_gives_no_finding() {
    assert_eq!(run(DESK, SCENARIOS), []);
}

#[test]
fn an_event_that_somebody_else_may_fire_or_that_leads_elsewhere_is_told() {
    let by = "to = \"sent\"\nby = [\"student\"]";
    let sent = "[situations.draft.may.send]";
    told(by, "to = \"sent\"\nby = [\"student\", \"head\"]", sent, "`head` may `send` as well");
    told(by, "to = \"sent\"\nby = [\"office\"]", sent, "`student` may not `send`: not_yours (needs office)");
    told("to = \"asked\"", "to = \"agreed\"", "may.ask", "`ask` leads to agreed, expected asked");
    let wide = "from = [\"asked\"]\nto = \"agreed\"";
    let wider = "from = [\"asked\", \"sent\"]\nto = \"agreed\"";
    told(wide, wider, "[situations.sent]", "`agree` can happen in `sent` as well");
}

#[test]
fn guards_documents_reasons_and_input_that_are_not_asked_for_are_told() {
    let sent = "[situations.draft.may.send]";
    let guard = ", { that = \"application.complete\", else = \"incomplete\" }]\ndocuments";
    let unguarded =
        changed(DESK, guard, "]\ndocuments").replace("incomplete = { en = \"Something is missing.\" }", "");
    let findings = run(&unguarded, SCENARIOS);
    let said = |text: &str| findings.iter().any(|finding| finding.message.contains(text));
    assert!(said("`send` is to be refused as `incomplete`: it happened"), "{findings:#?}");
    assert!(said("`send` has as guards closed, expected closed, incomplete"), "{findings:#?}");
    told(
        "that = \"application.complete\"",
        "that = \"choices.eligible\"",
        sent,
        "`student` may not `send`: unmet (incomplete)",
    );
    told("documents = [\"transcript\"]\n", "", sent, "`send` goes without the document `transcript`");
    told("note = \"text(200)\"", "note = \"text(200)?\"", sent, "`send` goes without `note`");
    told(
        "more = \"text(200)?\"",
        "more = \"text(200)\"",
        sent,
        "with what it must be given only: input_invalid (more)",
    );
    told("reason = \"refusal\"\n", "", "may.refuse", "`refuse` does not ask for a reason");
}

#[test]
fn other_places_notices_marks_and_clocks_are_told() {
    told("[{ hold = \"seat\" }]", "[]", "may.ask", "`ask` does to places nothing, expected hold seat");
    told(
        "{ notice = \"sent\", to = [\"office\"] }",
        "{ notice = \"sent\", to = [\"head\"] }",
        "[situations.draft.may.send]",
        "`send` tells sent to head, expected sent to office",
    );
    told(
        "freezes = true\n",
        "",
        "[situations.draft.may.send]",
        "`send` has as marks nothing, expected freezes",
    );
    told("collect = \"all\"\n", "", "may.agree", "`agree` is complete with `office`");
    let clock = "clocks.look";
    told(
        "within = \"5 working days\"",
        "within = \"4 working days\"",
        clock,
        "`look` ends at 2027-03-05 15:59:59 UTC",
    );
    told("escalate = [\"head\"]", "escalate = [\"office\"]", clock, "the end of `look` escalates to office");
    told("remind = [\"-2 days\"], ", "", "clocks.end = { ends = 2027-03-31", "`end` reminds at nothing");
    told(", bounds = [\"2 days\", \"9 days\"]", "", clock, "`look` has the bounds nothing");
    told(
        "phase = \"application\"\nwaits_for = \"student\"",
        "phase = \"selection\"\nwaits_for = \"student\"",
        "[situations.draft]",
        "the phase is selection",
    );
    told(
        "waits_for = \"office\"",
        "waits_for = \"head\"",
        "[situations.sent]",
        "the case waits for head, expected office",
    );
}

#[test]
fn separations_joins_and_tracks_that_are_otherwise_are_told() {
    told("second = \"agree\"", "second = \"stop\"", "apart = [", "whoever did `ask` must not `agree`");
    told(
        "track.paper.state == 'signed'",
        "track.paper.state == 'open'",
        "[situations.agreed]",
        "not in `agreed`",
    );
    told(
        "{ free = \"seat\" }",
        "{ release = \"seat\" }",
        "{ do = \"system: stop\", to = \"stopped\"",
        "it does to places release seat, expected free seat",
    );
    told(
        "main == 'agreed'",
        "main == 'asked'",
        "may.ask",
        "`ask` is followed by begin at paper, expected nothing",
    );
}

#[test]
fn what_no_scenario_touches_is_a_warning() {
    let fewer = changed(SCENARIOS, "incomplete = { fails = [{ application.complete = false }] }\n", "");
    let fewer = changed(&fewer, "unmet = [\"closed\", \"incomplete\"]", "unmet = [\"closed\"]");
    let fewer =
        changed(&fewer, "apart = [{ first = \"ask\", second = \"agree\", at = \"asked\" }]", "apart = []");
    let findings = run(DESK, &fewer);
    let warned = |text: &str| {
        let warning = |finding: &&Finding| finding.severity == Severity::Warning;
        findings.iter().filter(warning).any(|finding| finding.message.contains(text))
    };
    assert!(warned("no scenario fails the guard `incomplete`"), "{findings:#?}");
    assert!(warned("no scenario keeps `ask` and `agree` apart"), "{findings:#?}");
    let head = SCENARIOS.split("[situations.draft]").next().unwrap().replace("apart = ", "apart = []\n# ");
    let findings = run(DESK, &head);
    assert!(findings.iter().all(|finding| finding.severity == Severity::Warning), "{findings:#?}");
    assert!(
        findings.iter().any(|finding| finding.message.starts_with("no scenario takes `settle` of line "))
    );
}

#[test]
fn a_scenario_file_with_a_mistake_says_where_and_which() {
    let faults = [
        ("now = 2027-03-01T09:00:00Z", "now = 2027-03-01", "is no instant"),
        ("\"Asia/Taipei\"", "\"Taipei\"", "`Taipei` is no IANA time zone"),
        ("application.complete = true", "application.complet = true", "did you mean `application.complete`?"),
        ("application.complete = true", "application.complete = 1", "must be a condition"),
        ("step = \"student: send\"", "step = \"student send\"", "is no step"),
        ("step = \"student: send\"", "step = \"student: post\"", "the definition has no event `post`"),
        ("step = \"student: send\"", "step = \"pupil: send\"", "the definition has no role `pupil`"),
        ("after = \"draft\"", "after = \"daft\"", "no situation is called `daft`"),
        ("state = \"asked\"", "state = \"sent\"", "the case is in `asked` here, not in `sent`"),
        ("track = \"paper\"", "track = \"papers\"", "the definition has no track `papers`"),
        ("may.ask = ", "may.demand = ", "the definition has no event `demand`"),
        (
            "refused = \"not_yours\"",
            "refused = \"too_late\"",
            "it is refused as not_yours (needs student), not as too_late",
        ),
        ("do = \"expires: end\"", "do = \"expires: ende\"", "no clock `ende` runs here"),
        ("to = \"signed\" }", "to = \"open\" }", "the case is now in signed, expected open"),
        (
            "documents = [\"transcript\"]",
            "documents = [\"diploma\"]",
            "the definition has no document `diploma`",
        ),
        ("waits_for = [\"system\"]", "waits_fro = [\"system\"]", "unknown field `waits_fro`"),
        ("also = [\"late\"]\nclocks.look", "also = [\"soon\"]\nclocks.look", "no group is called `soon`"),
    ];
    for (from, to, says) in faults {
        let wrong = changed(SCENARIOS, from, to);
        let findings = run(DESK, &wrong);
        assert!(findings.iter().any(|finding| finding.message.contains(says)), "{says}: {findings:#?}");
        assert!(findings.iter().all(|finding| finding.place.line > 0), "{findings:#?}");
    }
}

#[test]
fn situations_that_come_after_each_other_in_a_circle_are_not_walked_for_ever() {
    let circle = changed(
        SCENARIOS,
        "after = \"draft\"\nstep = \"student: send\"",
        "after = \"agreed\"\nstep = \"student: send\"",
    );
    let findings = run(DESK, &circle);
    assert!(findings.iter().any(|finding| finding.message.contains("comes after itself")), "{findings:#?}");
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let findings = run(DESK, &"#".repeat((1 << 20) + 1));
    assert!(findings[0].message.contains("at most 1048576 bytes"), "{findings:#?}");
}
