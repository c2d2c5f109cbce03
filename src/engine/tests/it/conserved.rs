//! Places are conserved: each small definition breaks the rule in one way, with the shortest events that show it.

use sojourn_engine::definition::{Definition, Rule};

use crate::check::{breaks, places};
use crate::sketch::Sketch;

#[test]
fn w05_a_place_is_held_only_where_none_is() {
    let sketch = places().step("again", &["offered"], "@same", "effects = [{ hold = 'seat' }]");
    breaks(
        &sketch,
        Rule::W05,
        "`hold` of `seat` starts from no place, and its place is held here",
        &["offer", "again"],
    );
}

#[test]
fn w05_used_and_held_places_go_back_by_different_words() {
    let release = places().step("leave", &["placed"], "stopped", "effects = [{ release = 'seat' }]");
    breaks(&release, Rule::W05, "use `return` to give a used place back", &["offer", "take", "leave"]);
    let returned = places().step("leave", &["offered"], "stopped", "effects = [{ return = 'seat' }]");
    breaks(&returned, Rule::W05, "use `release` to give a held place back", &["offer", "leave"]);
    let used = places().step("skip", &["draft"], "placed", "effects = [{ use = 'seat' }]");
    breaks(
        &used,
        Rule::W05,
        "`use` of `seat` starts from a held place, and its place is not held here",
        &["skip"],
    );
}

#[test]
fn w05_a_status_that_depends_on_the_way_is_shown_by_both_ways() {
    let sketch = places().step("skip", &["draft"], "placed", "").step(
        "leave",
        &["placed"],
        "stopped",
        "effects = [{ free = 'seat' }]",
    );
    let findings = sketch.check();
    let two_ways = findings.iter().find(|finding| finding.message.starts_with("in `placed`")).unwrap();
    assert!(two_ways.message.contains("is not held after skip, but used here"), "{two_ways}");
    assert_eq!(two_ways.counter_example, ["offer", "take"]);
}

#[test]
fn w05_a_choice_is_left_with_no_place_held() {
    let sketch =
        places().step("again", &["offered"], "draft", "choose = 'none'\neffects = [{ release = 'seat' }]");
    breaks(&sketch, Rule::W05, "the place of `seat` is held here", &["offer", "again"]);
    let before =
        places().state("back", "").step("drop", &["offered"], "back", "effects = [{ release = 'seat' }]");
    assert_eq!(before.step("again", &["back"], "draft", "choose = 'none'").check(), []);
}

#[test]
fn w05_an_effect_with_a_condition_goes_both_ways() {
    let sketch =
        |effect: &str| places().step("tire", &["offered"], "draft", &format!("effects = [{effect}]"));
    assert_eq!(sketch("{ release = 'seat' }").check(), []);
    let findings = sketch("{ release = 'seat', when = 'call.eligible' }").check();
    assert!(findings.iter().all(|finding| finding.rule == Rule::W05), "{findings:#?}");
    let two_ways = findings.iter().find(|finding| finding.message.starts_with("in `draft`")).unwrap();
    assert_eq!(two_ways.counter_example, ["offer", "tire"]);
}

#[test]
fn w05_equal_conditions_of_one_transition_fall_the_same_way() {
    let effects = "effects = [
        { hold = 'seat', when = 'call.eligible' },
        { use = 'seat', when = 'call.eligible' },
        { return = 'seat', when = 'call.eligible' },
    ]";
    assert_eq!(places().step("flash", &["draft"], "@same", effects).check(), []);
}

#[test]
fn w05_a_failure_gives_its_place_back_or_says_that_it_is_forfeit() {
    let held = places().step("drop", &["offered"], "stopped", "");
    breaks(&held, Rule::W05, "`stopped` ends with the place of `seat` still held", &["offer", "drop"]);
    let used = places().step("drop", &["placed"], "stopped", "");
    breaks(&used, Rule::W05, "`stopped` ends with the place of `seat` used", &["offer", "take", "drop"]);
    let forfeit =
        |effect: &str| places().step("drop", &["placed"], "stopped", &format!("effects = [{effect}]"));
    assert_eq!(forfeit("{ keep = 'seat' }").check(), []);
    assert_eq!(forfeit("{ keep = 'seat', when = 'call.eligible', otherwise = 'return' }").check(), []);
}

#[test]
fn w05_a_success_has_used_its_place_or_given_it_back() {
    let never = places().step("jump", &["draft"], "done", "");
    breaks(&never, Rule::W05, "`done` is a success that never used a place", &["jump"]);
    let held = places().step("jump", &["offered"], "done", "");
    breaks(&held, Rule::W05, "`done` is a success with the place of `seat` only held", &["offer", "jump"]);
    let back = places().step("jump", &["placed"], "done", "");
    let back = back.state("late", "").step("give", &["placed"], "late", "effects = [{ return = 'seat' }]");
    assert_eq!(
        back.step("end", &["late"], "done", "").check().iter().filter(|f| f.rule == Rule::W05).count(),
        0
    );
}

#[test]
fn w05_an_account_that_is_off_asks_for_nothing() {
    let optional = |effects: &str| {
        Sketch::new()
            .account("seat", "enabled = 'host.tracks_places'")
            .state("draft", "")
            .state("done", "kind = 'success'")
            .step("go", &["draft"], "done", effects)
    };
    assert_eq!(optional("effects = [{ hold = 'seat' }, { use = 'seat' }]").check(), []);
    breaks(&optional("effects = [{ hold = 'seat' }]"), Rule::W05, "only held", &["go"]);
}

#[test]
fn w05_the_extra_term_is_a_line_of_its_own_kind() {
    let faults = Definition::parse(&places().account("extra", "line = 'host, next term'").source());
    assert!(faults.unwrap_err()[0].message.contains("each also with \", extra term\" behind it"));
}

/// Places of which a case may take another one in the host's next term.
fn longer() -> Sketch {
    places()
        .account("extra", "line = 'host, extra term'")
        .state("asked", "")
        .state("longer", "")
        .step("ask", &["placed"], "asked", "effects = [{ hold = 'extra' }]")
        .step("refuse", &["asked"], "placed", "effects = [{ release = 'extra' }]")
        .step("extend", &["asked"], "longer", "effects = [{ use = 'extra' }]")
        .step("shorten", &["longer"], "placed", "effects = [{ return = 'extra' }]")
}

#[test]
fn w05_an_extra_term_may_have_been_taken_or_not() {
    let back = longer().state("back", "").step("end", &["back"], "done", "");
    assert_eq!(back.step("leave", &["placed", "longer"], "back", "").check(), []);
}

#[test]
fn w05_an_extra_term_is_never_left_held() {
    let success = longer().step("finish", &["asked"], "done", "");
    breaks(&success, Rule::W05, "`extra` only held", &["offer", "take", "ask", "finish"]);
    let back = longer().state("back", "").step("end", &["back"], "done", "");
    let open = back.step("leave", &["placed", "asked", "longer"], "back", "");
    let findings = open.check();
    assert!(findings.iter().any(|finding| finding.message.starts_with("in `back` the place of `extra`")));
}
