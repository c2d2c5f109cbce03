//! Pictures of a definition: nothing is left out, nothing of a text becomes markup, and the same input gives the same bytes.

use proptest::prelude::*;
use roxmltree::{Document, Node};
use sojourn_engine::definition::diagram::{Extent, Taken, View};
use sojourn_engine::definition::{Definition, MachineIx, StateIx, Target};

use self::room::assert_clear;
use crate::sketch::Sketch;

mod room;

const EXCHANGE: &str = include_str!("../../../../templates/workflows/exchange.toml");

const TRACKS: &str = include_str!("../data/tracks.toml");

/// What lies in the folder of shipped definitions, and one made for tests.
fn shipped() -> Vec<Definition> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/workflows");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        file.extension().is_some_and(|kind| kind == "toml") && !stem.ends_with(".scenarios")
    });
    files.sort();
    assert!(files.len() > 1, "several are shipped");
    let mut shipped: Vec<_> = files
        .iter()
        .map(|file| Definition::parse(&std::fs::read_to_string(file).unwrap()).unwrap())
        .collect();
    shipped.push(Definition::parse(TRACKS).unwrap());
    shipped
}

fn machines(definition: &Definition) -> Vec<MachineIx> {
    std::iter::once(MachineIx::MAIN).chain(definition.machines().map(|(track, _)| track)).collect()
}

/// All pictures of a definition in one language.
fn pictures(definition: &Definition, language: &str) -> Vec<String> {
    let mut pictures: Vec<_> =
        machines(definition).into_iter().map(|machine| definition.svg(machine, &view(language))).collect();
    pictures.push(definition.svg(MachineIx::MAIN, &View { extent: Extent::MainRoad, ..view(language) }));
    pictures
}

/// The picture of the main machine.
fn picture(definition: &Definition) -> String {
    definition.svg(MachineIx::MAIN, &view("en"))
}

fn view(language: &str) -> View<'_> {
    View { language, ..View::default() }
}

fn with_class<'a>(document: &'a Document<'_>, class: &str) -> Vec<Node<'a, 'a>> {
    let has = |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|classes| classes.split(' ').any(|one| one == class))
    };
    document.descendants().filter(has).collect()
}

fn text_of(node: Node<'_, '_>) -> String {
    let pieces: Vec<&str> =
        node.descendants().filter(Node::is_text).filter_map(|text| text.text()).map(str::trim).collect();
    pieces.join(" ")
}

/// Text without what lines are broken at.
fn squeezed(text: &str) -> String {
    text.chars().filter(|char| !char.is_whitespace()).collect()
}

/// The card of a state, with its exits.
fn card<'a>(document: &'a Document<'_>, state: &str) -> Node<'a, 'a> {
    document.descendants().find(|node| node.attribute("data-state") == Some(state)).expect(state)
}

#[test]
fn each_track_is_a_picture_of_its_own_and_shows_where_its_instances_are() {
    let definition = Definition::parse(TRACKS).unwrap();
    let machine = definition.track_named("learning_agreement").unwrap();
    let draft = definition.state_in(machine, "draft").unwrap();
    let svg = definition.svg(machine, &View { beside: &[draft], ..view("en") });
    let document = Document::parse(&svg).unwrap();
    assert_eq!(document.root_element().attribute("data-track"), Some("learning_agreement"));
    let present: Vec<_> = with_class(&document, "present")
        .into_iter()
        .filter_map(|node| node.attribute("data-state"))
        .collect();
    assert_eq!(present, ["draft"]);
    let drawn: Vec<_> = document.descendants().filter_map(|node| node.attribute("data-state")).collect();
    assert_eq!(drawn.len(), definition.states_of(machine).count(), "the states of the track alone");

    let main = definition.svg(MachineIx::MAIN, &View { beside: &[draft], ..view("en") });
    let document = Document::parse(&main).unwrap();
    let label = definition.track(machine).unwrap().label.get("en");
    let named = |node: &Node<'_, '_>| node.tag_name().name() == "text" && text_of(*node).starts_with(label);
    assert!(document.descendants().any(|node| named(&node)), "the main machine names it");
    assert_eq!(with_class(&document, "state").len(), definition.states_of(MachineIx::MAIN).count());
    let mermaid = definition.mermaid(&view("en"));
    assert!(mermaid.contains("track_1_draft") && mermaid.contains("subgraph track_1 "), "{mermaid}");
}

#[test]
fn every_state_and_every_event_of_a_shipped_definition_is_drawn_in_each_language() {
    for definition in shipped() {
        for language in &definition.languages {
            for machine in machines(&definition) {
                let svg = definition.svg(machine, &view(language));
                let document = Document::parse(&svg).unwrap();
                for (at, state) in definition.states_of(machine) {
                    let card = card(&document, &state.name);
                    let text = squeezed(&text_of(card));
                    assert!(text.contains(&squeezed(state.label.get(language))), "{text}");
                    assert_events_drawn(&definition, language, at, card);
                    let clocks = with_class_in(card, "clock");
                    assert_eq!(clocks, usize::from(!state.clocks.is_empty()), "{}", state.name);
                }
            }
        }
    }
}

/// Every event that leaves a state is named in its card; a note says there where it leads, or once for several states.
#[track_caller]
fn assert_events_drawn(definition: &Definition, language: &str, state: StateIx, card: Node<'_, '_>) {
    for (_, transition) in definition.leaving(state) {
        let event = &definition.events[transition.event.at()];
        let said = |row: &Node<'_, '_>| squeezed(&text_of(*row));
        let of = |row: &Node<'_, '_>| {
            row.attribute("data-events").is_some_and(|events| events.split(' ').any(|e| e == event.name))
        };
        let rows: Vec<_> = card.children().filter(of).collect();
        let label = squeezed(event.label.get(language));
        assert!(rows.iter().any(|row| said(row).contains(&label)), "{} is drawn", event.name);
        let Target::State(to) = transition.to else { continue };
        if to == state {
            continue;
        }
        let to = format!("→{}", squeezed(definition.states[to.at()].label.get(language)));
        let led = |row: &Node<'_, '_>| {
            let once = format!("{}{to}", said(row));
            row.attribute("class").is_some_and(|class| !class.contains("note"))
                || said(row).ends_with(&to)
                || card.document().descendants().any(|node| {
                    node.tag_name().name() == "text"
                        && node.parent() == Some(card.document().root_element())
                        && squeezed(&text_of(node)) == once
                })
        };
        assert!(rows.iter().any(led), "it is said where {} leads: {to}", event.name);
    }
}

fn with_class_in(node: Node<'_, '_>, class: &str) -> usize {
    node.descendants().filter(|child| child.attribute("class") == Some(class)).count()
}

#[test]
fn a_reader_who_sees_nothing_is_told_every_step() {
    for definition in shipped() {
        for machine in machines(&definition) {
            let svg = definition.svg(machine, &view("en"));
            let document = Document::parse(&svg).unwrap();
            let root = document.root_element();
            assert_eq!((root.attribute("role"), root.attribute("lang")), (Some("img"), Some("en")));
            let named = |attribute: &str| {
                let id = root.attribute(attribute).unwrap();
                text_of(document.descendants().find(|node| node.attribute("id") == Some(id)).unwrap())
            };
            let track = definition.track(machine).map_or("", |track| track.label.get("en"));
            let (title, told) = (named("aria-labelledby"), named("aria-describedby"));
            assert!(title.contains(&definition.id) && title.contains(track), "{title}");
            for (at, state) in definition.states_of(machine) {
                assert!(told.contains(state.label.get("en")), "{} is not told", state.name);
                for (_, step) in definition.leaving(at) {
                    let event = &definition.events[step.event.at()];
                    assert!(told.contains(event.label.get("en")), "{} is not told", event.name);
                }
            }
            let tracks: Vec<_> = definition.tracks.iter().map(|track| track.label.get("en")).collect();
            assert!(machine != MachineIx::MAIN || tracks.iter().all(|track| told.contains(track)), "{told}");
        }
    }
}

#[test]
fn the_main_road_leads_from_the_first_state_to_success_without_needing_a_reason() {
    let definition = Definition::parse(EXCHANGE).unwrap();
    let whole = definition.mermaid(&view("en"));
    let road: Vec<&str> =
        whole.lines().filter(|line| line.contains(" ==> ") && !line.contains("track_")).collect();
    assert!(
        road.first().unwrap().starts_with("  draft == \"Submit<br>Submit at the closing time\""),
        "{road:?}"
    );
    assert!(road.last().unwrap().ends_with("==> closed"), "{road:?}");
    assert!(!road.iter().any(|line| line.contains("ended_early")), "{road:?}");

    let main = definition.mermaid(&View { extent: Extent::MainRoad, ..view("en") });
    assert!(main.contains("submitted -- \"Return for corrections\" --> returned"), "{main}");
    assert!(!main.contains("withdrawn") && whole.contains("withdrawn"), "{main}");
}

#[test]
fn every_step_stands_in_the_text_for_mermaid() {
    for definition in shipped() {
        let text = definition.mermaid(&view("en"));
        for state in &definition.states {
            let track = definition.track(state.machine).map(|_| format!("track_{}_", state.machine.0));
            let name = format!("{}{}", track.unwrap_or_default(), state.name);
            assert!(text.contains(&format!("    {name}[\"")), "{name}");
        }
        for event in &definition.events {
            assert!(
                text.contains(&event.label.get("en").replace('(', "#40;").replace(')', "#41;")),
                "{}",
                event.name
            );
        }
    }
}

#[test]
fn steps_between_the_same_states_share_an_arrow_and_crowded_exits_are_notes() {
    let sketch = Sketch::new()
        .state("draft", "")
        .state("sent", "")
        .state("left", "kind = 'failure'")
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", "")
        .step("post", &["draft"], "sent", "")
        .step("leave", &["draft", "sent"], "left", "")
        .step("finish", &["sent"], "done", "");
    let svg = picture(&sketch.parse());
    let document = Document::parse(&svg).unwrap();
    let rows: Vec<_> =
        card(&document, "draft").children().filter_map(|row| row.attribute("data-events")).collect();
    assert_eq!(rows, ["send post", "leave", "stop"]);
    assert_eq!(with_class(&document, "line").len(), 2 + 1, "two arrows and that of the legend");
}

#[test]
fn the_case_is_seen_where_it_stands_and_how_it_came_there() {
    let definition = Definition::parse(EXCHANGE).unwrap();
    let state = |name| definition.state_named(name).unwrap();
    let step = |from, event, to| Taken {
        from: state(from),
        event: definition.event_named(event).unwrap(),
        to: state(to),
    };
    let taken = [step("draft", "submit", "submitted"), step("submitted", "return", "returned")];
    let svg = definition
        .svg(MachineIx::MAIN, &View { present: Some(state("returned")), taken: &taken, ..view("en") });
    assert_clear(&svg);
    let document = Document::parse(&svg).unwrap();
    let names = |class| -> Vec<_> {
        with_class(&document, class).into_iter().filter_map(|node| node.attribute("data-state")).collect()
    };
    assert_eq!(names("present"), ["returned"]);
    assert_eq!(names("visited"), ["draft", "submitted", "returned"]);
    let events: Vec<_> =
        with_class(&document, "taken").into_iter().filter_map(|node| node.attribute("data-events")).collect();
    assert_eq!(events, ["submit bell", "return"]);
    assert!(svg.contains("Now: Returned for corrections. "), "the text alternative says it too");
    let plain = picture(&definition);
    assert_eq!(with_class(&Document::parse(&plain).unwrap(), "present").len(), 0);
}

fn labelled(label: &str) -> Definition {
    let text = toml::Value::String(label.to_owned());
    let source = Sketch::new()
        .state("draft", "")
        .state("end", "kind = 'success'")
        .step("send", &["draft"], "end", "")
        .source()
        .replace("label.en = 'draft'", &format!("label.en = {text}"))
        .replace("label.en = 'send'", &format!("label.en = {text}"))
        .replace("label.en = 'Student'", &format!("label.en = {text}"));
    Definition::parse(&source).unwrap_or_else(|findings| panic!("{source}\n{findings:#?}"))
}

proptest! {
    #[test]
    fn whatever_a_label_says_the_picture_is_sound_and_says_it(label in "[^\\s]{1,40}( [^\\s]{1,20})?") {
        let definition = labelled(&label);
        let svg = picture(&definition);
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
        let shown: String = label.chars().map(|char| match char {
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            char => char,
        }).collect();
        prop_assert!(squeezed(&text_of(card(&document, "draft"))).contains(&squeezed(&shown)), "{svg}");
        prop_assert_eq!(&svg, &picture(&labelled(&label)));
        let known = ["svg", "title", "desc", "style", "rect", "text", "g", "path", "circle"];
        prop_assert!(document.descendants().filter(Node::is_element).all(|e| known.contains(&e.tag_name().name())));

        let plain = labelled("x").mermaid(&view("en"));
        let mermaid = definition.mermaid(&view("en"));
        prop_assert_eq!(plain.lines().count(), mermaid.lines().count(), "{}", mermaid);
        prop_assert_eq!(plain.matches('"').count(), mermaid.matches('"').count(), "{}", mermaid);
    }
}

#[test]
fn hostile_labels_stay_text() {
    for label in
        ["</text><script>alert(1)</script>", "]]>&amp;<!--", "\"];click x \"javascript:\"", "\u{202e}\u{0}"]
    {
        let definition = labelled(label);
        assert!(!picture(&definition).contains("<script"));
        assert!(!definition.mermaid(&view("en")).contains("\"javascript"));
    }
}
