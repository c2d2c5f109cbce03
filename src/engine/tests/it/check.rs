//! For each rule: a small definition that breaks exactly it, with the shortest events that show it.

use sojourn_engine::definition::check::prove;
use sojourn_engine::definition::{Finding, Rule, Severity};

use crate::sketch::Sketch;

/// The one finding a definition gives.
#[track_caller]
fn only(sketch: &Sketch) -> Finding {
    let findings = sketch.check();
    let [finding] = &findings[..] else { panic!("{findings:#?}\n{}", sketch.source()) };
    assert_eq!(finding.severity, Severity::Error);
    finding.clone()
}

#[track_caller]
pub fn breaks(sketch: &Sketch, rule: Rule, says: &str, shown_by: &[&str]) {
    let finding = only(sketch);
    assert_eq!(finding.rule, rule, "{finding}");
    assert!(finding.message.contains(says), "{finding}");
    assert_eq!(finding.counter_example, shown_by, "{finding}");
}

/// The place of a text in the definition, as findings give it.
fn line_of(sketch: &Sketch, text: &str) -> u32 {
    let at = sketch.source().lines().position(|line| line.contains(text)).unwrap();
    u32::try_from(at).unwrap() + 1
}

fn chain() -> Sketch {
    Sketch::new()
        .state("draft", "")
        .state("sent", "")
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", "")
        .step("finish", &["sent"], "done", "")
}

pub fn places() -> Sketch {
    Sketch::new()
        .account("seat", "")
        .state("draft", "")
        .state("offered", "")
        .state("placed", "")
        .state("done", "kind = 'success'")
        .step("offer", &["draft"], "offered", "effects = [{ hold = 'seat' }]")
        .step("take", &["offered"], "placed", "effects = [{ use = 'seat' }]")
        .step("finish", &["placed"], "done", "")
}

#[test]
fn definitions_without_a_fault_give_no_finding() {
    assert_eq!(chain().check(), []);
    assert_eq!(places().check(), []);
}

#[test]
fn w00_more_switches_than_can_be_tried_are_too_large_to_prove() {
    let mut sketch = Sketch::new().state("draft", "").state("done", "kind = 'success'");
    let mut effects = Vec::new();
    for at in 0..11 {
        sketch = sketch.account(&format!("seat{at}"), "enabled = 'host.tracks_places'");
        effects.push(format!("{{ hold = 'seat{at}' }}, {{ use = 'seat{at}' }}"));
    }
    let sketch = sketch.step("go", &["draft"], "done", &format!("effects = [{}]", effects.join(", ")));
    breaks(&sketch, Rule::W00, "11 accounts have `enabled`", &[]);
}

#[test]
fn w00_effects_with_more_conditions_than_can_be_tried_are_too_large_to_prove() {
    let effects: Vec<_> =
        (0..9).map(|at| format!("{{ free = 'seat', when = 'student.year > {at}' }}")).collect();
    let sketch = places().step("free", &["draft"], "@same", &format!("effects = [{}]", effects.join(", ")));
    breaks(&sketch, Rule::W00, "more than 8 different conditions", &[]);
}

#[test]
fn w01_what_is_declared_must_be_used() {
    let cases = [
        ("[events.idle]\nlabel.en = 'Idle'", "event `idle`", "[events.idle]"),
        ("[roles.dean]\nis = 'home(head)'\nlabel.en = 'Dean'", "role `dean`", "[roles.dean]"),
        ("[notices]\nlost = { action = false }", "notice `lost`", "lost ="),
        ("[reasons.none]\nother = { en = 'Other' }", "list of reasons `none`", "[reasons.none]"),
        ("[messages]\nsilent = { en = 'Silent.' }", "message `silent`", "silent ="),
        ("[documents]\nslip = { label.en = 'Slip' }", "document `slip`", "slip ="),
        ("[accounts.spare]\nline = 'host'", "account `spare`", "[accounts.spare]"),
        ("[sets]\nearly = ['draft']", "set `early`", "early ="),
    ];
    for (section, says, declared) in cases {
        let sketch = chain().with(section);
        let finding = only(&sketch);
        assert_eq!(finding.rule, Rule::W01);
        assert!(finding.message.contains(says), "{finding}");
        assert_eq!(finding.place.line, line_of(&sketch, declared), "{finding}");
    }
}

#[test]
fn w01_a_text_in_a_language_nobody_declared_is_named() {
    let sketch =
        chain().with("[documents]\nslip = { by = ['student'], label = { en = 'Slip', fr = 'Bon' } }");
    breaks(&sketch, Rule::W01, "document `slip` has a text in `fr`", &[]);
}

#[test]
fn w02_a_state_that_nothing_leads_to_is_named() {
    let sketch = chain().state("island", "").step("swim", &["island"], "done", "");
    breaks(&sketch, Rule::W02, "no order of events reaches `island`", &[]);
}

#[test]
fn w02_going_back_without_memory_is_shown_by_the_way_there() {
    let sketch = chain().step("back", &["sent"], "@previous", "");
    breaks(&sketch, Rule::W02, "give it remember = true", &["send", "back"]);
}

#[test]
fn w02_a_case_that_begins_in_a_remembering_state_came_from_nowhere() {
    let sketch = Sketch::new()
        .state("paused", "remember = true")
        .state("done", "kind = 'success'")
        .step("back", &["paused"], "@previous", "")
        .step("finish", &["paused"], "done", "");
    breaks(&sketch, Rule::W02, "enter it by an event first", &["back"]);
}

#[test]
fn w02_came_from_on_a_state_without_memory_can_never_fire() {
    let sketch = chain().step("redo", &["sent"], "draft", "came_from = ['draft']");
    breaks(&sketch, Rule::W02, "`came_from` asks where `sent` was entered from", &[]);
}

#[test]
fn w03a_a_trap_is_shown_by_the_shortest_way_into_it() {
    let sketch = Sketch::unwatched()
        .state("draft", CLOCK)
        .state("sent", CLOCK)
        .state("trap", "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ event = 'turn' }] }]")
        .state("pit", "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ event = 'turn' }] }]")
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", "")
        .step("end", &["draft", "sent"], "done", "by = ['system']")
        .step("fall", &["sent"], "trap", "")
        .step("turn", &["trap"], "pit", "by = ['system']")
        .step("turn", &["pit"], "trap", "by = ['system']");
    breaks(&sketch, Rule::W03, "nothing leads from `trap` to a final state", &["send", "fall"]);
}

#[test]
fn w03a_an_exit_that_was_used_up_is_no_exit() {
    let sketch = Sketch::unwatched()
        .state("draft", "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ event = 'go' }] }]")
        .state("done", "kind = 'success'")
        .step("end", &["draft"], "done", "by = ['system']\nonce = true")
        .state("away", CLOCK)
        .step("go", &["draft"], "away", "by = ['system']")
        .step("end", &["away"], "draft", "by = ['system']");
    breaks(&sketch, Rule::W03, "nothing leads from `away`", &["go"]);
}

#[test]
fn w03b_a_case_may_not_hang_on_people_who_never_act() {
    let sketch = Sketch::unwatched()
        .state("draft", CLOCK)
        .state("sent", "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ event = 'recall' }] }]")
        .state("done", "kind = 'success'")
        .step("end", &["draft"], "sent", "by = ['system']")
        .step("recall", &["sent"], "@same", "by = ['system']")
        .step("finish", &["sent"], "done", "by = ['student', 'office']");
    let finding = only(&sketch);
    assert_eq!(finding.rule, Rule::W03);
    assert!(finding.message.contains("from `draft` the case ends only if people act"), "{finding}");
    assert_eq!(finding.counter_example, [""; 0]);
}

#[test]
fn w03b_the_secretariat_always_has_a_holder_but_not_where_others_must_act_too() {
    let alone = |by: &str| {
        Sketch::unwatched()
            .state(
                "draft",
                "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ escalate = ['secretariat'] }] }]",
            )
            .state("done", "kind = 'success'")
            .step("finish", &["draft"], "done", by)
    };
    assert_eq!(alone("by = ['student', 'secretariat']").check(), []);
    breaks(&alone("by = ['student', 'secretariat']\ncollect = 'all'"), Rule::W03, "only if people act", &[]);
}

#[test]
fn w03b_a_way_out_through_a_suspension_does_not_count() {
    let sketch = |keys: &str| {
        Sketch::unwatched()
            .state("draft", CLOCK)
            .state("pause", &format!("{CLOCK}\n{keys}"))
            .state("done", "kind = 'success'")
            .step("finish", &["draft"], "done", "")
            .step("end", &["draft"], "pause", "by = ['system']")
            .step("end", &["pause"], "done", "by = ['system']")
    };
    assert_eq!(sketch("").check(), []);
    breaks(&sketch("stops_clocks = true"), Rule::W03, "from `draft` the case ends only if people act", &[]);
}

#[test]
fn w03c_every_open_state_is_watched_by_a_clock_that_does_something() {
    let state = |clock: &str| {
        Sketch::unwatched()
            .state("draft", clock)
            .state("done", "kind = 'success'")
            .step("end", &["draft"], "done", "by = ['system', 'student']")
            .step("note", &["draft"], "@same", "by = ['office', 'secretariat', 'system']")
    };
    assert_eq!(state(CLOCK).check(), []);
    let still = "`draft` may stand still for ever";
    breaks(&state(""), Rule::W03, still, &[]);
    let allow = "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ allow = 'end' }] }]";
    breaks(&state(allow), Rule::W03, still, &[]);
    let to_those_who_cannot_leave =
        "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ escalate = ['student', 'secretariat'] }] }]";
    breaks(&state(to_those_who_cannot_leave), Rule::W03, still, &[]);
    let to_those_who_can =
        "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ escalate = ['office', 'secretariat'] }] }]";
    let leave = state(to_those_who_can).step("close", &["draft"], "done", "by = ['secretariat']");
    assert_eq!(leave.check(), []);
}

#[test]
fn w03_a_final_state_has_neither_exits_nor_clocks() {
    let exit = chain().step("reopen", &["done"], "draft", "");
    breaks(&exit, Rule::W03, "`reopen` leaves `done`, which is final", &[]);
    let clock =
        chain().state("lost", &format!("kind = 'failure'\n{CLOCK}")).step("end", &["draft"], "lost", "");
    breaks(&clock, Rule::W03, "`lost` is final, so no clock may run in it", &[]);
}

#[test]
fn w04_an_event_with_two_meanings_in_one_state_is_shown_by_the_way_there() {
    let sketch = chain().step("finish", &["sent"], "draft", "");
    breaks(&sketch, Rule::W04, "`finish` has two transitions from `sent`", &["send", "finish"]);
}

#[test]
fn w04_origins_set_two_transitions_apart_only_when_they_differ() {
    let sketch = |first: &str, second: &str| {
        Sketch::new()
            .state("draft", "")
            .state("sent", "")
            .state("pause", "remember = true")
            .state("done", "kind = 'success'")
            .step("send", &["draft"], "sent", "")
            .step("pause", &["draft", "sent"], "pause", "")
            .step("resume", &["pause"], "@previous", first)
            .step("resume", &["pause"], "done", second)
    };
    assert_eq!(sketch("came_from = ['draft']", "came_from = ['sent']").check(), []);
    let both = sketch("came_from = ['draft', 'sent']", "came_from = ['sent']");
    breaks(&both, Rule::W04, "`resume` has two transitions", &["send", "pause", "resume"]);
}

#[test]
fn w04_joins_that_leave_one_state_are_disjoint_or_in_order() {
    let sketch = |first: &str, second: &str| {
        chain().state("other", "kind = 'success'").join("auto", &["sent"], "done", first).join(
            "also",
            &["sent"],
            "other",
            second,
        )
    };
    let clash = sketch("when = 'student.year > 1'", "when = 'call.eligible'");
    breaks(&clash, Rule::W04, "both leave `sent` with priority 0", &["send", "also"]);
    assert_eq!(
        sketch("when = 'student.year > 1'\npriority = 1", "when = 'call.eligible'\npriority = 2").check(),
        []
    );
    assert_eq!(sketch("when = 'student.year > 1'", "when = '!(student.year > 1)'").check(), []);
}

#[test]
fn w04_joins_that_run_in_a_circle_are_refused() {
    let sketch = chain().join("on", &["draft"], "sent", "when = 'student.year > 1'").join(
        "back",
        &["sent"],
        "draft",
        "when = 'call.eligible'",
    );
    breaks(&sketch, Rule::W04, "in a circle", &["on", "back"]);
}

#[test]
fn w12_a_text_missing_in_one_language_is_named() {
    let sketch = chain().with("[documents]\nslip = { by = ['student'], label = { en = ' ' } }");
    breaks(&sketch, Rule::W12, "document `slip` has no text in `en`", &[]);
    let two = chain().source().replace("languages = ['en']", "languages = ['en', 'zh-Hant']");
    let findings = prove(&two).unwrap_err();
    assert!(findings.iter().all(|finding| finding.rule == Rule::W12), "{findings:#?}");
    let said: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(said.contains(&"`now` of state `sent` has no text in `zh-Hant`: write one"), "{said:#?}");
}

#[test]
fn several_faults_are_reported_at_once_in_the_order_of_the_file() {
    let sketch = chain()
        .state("island", "")
        .step("finish", &["sent"], "draft", "")
        .with("[events.idle]\nlabel.en = 'x'");
    let findings = sketch.check();
    let rules: Vec<Rule> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [Rule::W01, Rule::W02, Rule::W04]);
    assert!(findings.is_sorted_by_key(|finding| finding.place));
}

#[test]
fn only_a_proven_definition_comes_into_use() {
    assert_eq!(prove(&chain().source()).unwrap().id, "sketch");
    assert_eq!(prove(&chain().state("island", "").source()).unwrap_err()[0].rule, Rule::W02);
    assert_eq!(prove("id = ").unwrap_err()[0].rule, Rule::Form);
}

#[test]
fn a_finding_is_printed_with_place_rule_severity_and_the_events_that_show_it() {
    let sketch = chain().step("back", &["sent"], "@previous", "");
    let finding = only(&sketch);
    let at = line_of(&sketch, "event = 'back'") - 1;
    assert_eq!(
        finding.to_string(),
        format!(
            "{at}:1 W02 error: `@previous` leads nowhere from `sent`, which does not know here where it was entered from: \
             give it remember = true (shown by: send → back)"
        )
    );
    let json = serde_json::to_value(&finding).unwrap();
    assert_eq!(json["rule"], "W02");
    assert_eq!(json["place"]["line"], at);
    assert_eq!(json["counter_example"], serde_json::json!(["send", "back"]));
}

const CLOCK: &str = "clocks = [{ id = 'c', within = '1 day', on_expiry = [{ event = 'end' }] }]";
