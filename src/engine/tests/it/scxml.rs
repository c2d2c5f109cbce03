//! SCXML of a definition: every way an event may go, and nothing of a text as markup.

use roxmltree::{Document, Node};
use sojourn_engine::definition::MachineIx;
use sojourn_engine::definition::diagram::{View, scxml};

use crate::sketch::Sketch;

/// The transitions of a state: event, condition, target.
fn arcs(document: &Document<'_>, state: &str) -> Vec<[String; 3]> {
    let found = document.descendants().find(|node| node.attribute("id") == Some(state)).expect(state);
    let arcs = found.children().filter(|node| node.has_tag_name("transition"));
    let of = |node: Node<'_, '_>, name: &str| node.attribute(name).unwrap_or_default().to_owned();
    arcs.map(|arc| ["event", "cond", "target"].map(|name| of(arc, name))).collect()
}

fn row(cells: [&str; 3]) -> [String; 3] {
    cells.map(str::to_owned)
}

#[test]
fn an_event_names_who_may_fire_it_and_a_condition_its_source() {
    let definition = Sketch::unwatched()
        .with("[messages]\nlow.en = 'Low.'")
        .state("draft", "")
        .state("done", "kind = 'success'")
        .step(
            "end",
            &["draft"],
            "done",
            "by = ['student', 'office']\nrequire = [{ that = 'student.year < 3 && call.eligible', else = 'low' }]",
        )
        .join("leap", &["draft"], "done", "when = 'student.year > 7'")
        .parse();
    let text = definition.scxml(MachineIx::MAIN, &View::default());
    let document = Document::parse(&text).unwrap();
    let expected = [row(["end.student end.office", "c1", "done"]), row(["", "c2", "done"])];
    assert_eq!(arcs(&document, "draft"), expected);
    let said: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name("data"))
        .filter_map(|node| Some((node.attribute("id")?, node.attribute(("urn:sojourn", "that"))?)))
        .collect();
    assert_eq!(said, [("c1", "student.year < 3 && call.eligible"), ("c2", "student.year > 7")]);
    let sources: Vec<&str> = scxml::conditions(&definition, MachineIx::MAIN)
        .iter()
        .map(|condition| condition.guard.source())
        .collect();
    assert_eq!(sources, ["student.year < 3 && call.eligible", "student.year > 7"]);
}

#[test]
fn what_depends_on_where_a_state_was_entered_from_is_said_origin_by_origin() {
    let definition = Sketch::unwatched()
        .state("one", "")
        .state("two", "")
        .state("held", "remember = true")
        .state("done", "kind = 'success'")
        .step("hold", &["one", "two"], "held", "")
        .step("go_on", &["held"], "@previous", "")
        .step("end", &["held"], "done", "came_from = ['two']")
        .step("end", &["one"], "two", "once = true")
        .parse();
    let text = definition.scxml(MachineIx::MAIN, &View::default());
    let document = Document::parse(&text).unwrap();
    let expected = [
        row(["go_on.student", "from_held == 'one'", "one"]),
        row(["go_on.student", "from_held == 'two'", "two"]),
        row(["end.student", "from_held == 'two'", "done"]),
    ];
    assert_eq!(arcs(&document, "held"), expected);
    assert_eq!(arcs(&document, "one")[1], row(["end.student", "once_end == 0", "two"]));
}

#[test]
fn an_end_that_something_may_still_leave_is_no_final_state() {
    let definition = Sketch::unwatched()
        .state("draft", "")
        .state("out", "kind = 'failure'")
        .state("done", "kind = 'success'")
        .step("drop", &["draft"], "out", "")
        .step("back", &["out"], "draft", "")
        .step("end", &["draft"], "done", "")
        .parse();
    let text = definition.scxml(MachineIx::MAIN, &View::default());
    let document = Document::parse(&text).unwrap();
    let tag = |name: &str| {
        document.descendants().find(|node| node.attribute("id") == Some(name)).unwrap().tag_name().name()
    };
    assert_eq!((tag("draft"), tag("out"), tag("done")), ("state", "state", "final"));
}

#[test]
fn no_name_and_no_text_becomes_markup() {
    let definition = Sketch::unwatched().state("a\" b", "").state("7", "kind = 'success'").step(
        "end",
        &["a\" b"],
        "7",
        "",
    );
    let source = definition
        .source()
        .replace("[states.a\" b]", "[states.'a\" b']")
        .replace("'a\" b'\nnow", "'<&\"]]>'\nnow");
    let source =
        source.replace("label.en = 'a\" b'", "label.en = '<&\"]]>'").replace("id = 'sketch'", "id = '<\"'");
    let definition =
        sojourn_engine::definition::Definition::parse(&source).unwrap_or_else(|f| panic!("{source}\n{f:?}"));
    let text = definition.scxml(MachineIx::MAIN, &View::default());
    let document = Document::parse(&text).unwrap();
    assert_eq!(arcs(&document, "n-0"), [row(["end.student", "", "n-1"])]);
    let state = document.descendants().find(|node| node.attribute("id") == Some("n-0")).unwrap();
    assert_eq!(state.attribute(("urn:sojourn", "label")), Some("<&\"]]>"));
}
