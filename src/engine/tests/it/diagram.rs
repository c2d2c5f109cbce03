//! Pictures of a definition: nothing is left out, nothing of a text becomes markup, and the same input gives the same bytes.

use proptest::prelude::*;
use roxmltree::{Document, Node};
use sojourn_engine::definition::Definition;
use sojourn_engine::definition::diagram::{Extent, Taken, View};

use crate::sketch::Sketch;

const SHIPPED: [&str; 2] = [
    include_str!("../../../../templates/workflows/exchange.toml"),
    include_str!("../../../../templates/workflows/internship.toml"),
];

const TRACKS: &str = include_str!("../data/tracks.toml");

fn shipped() -> impl Iterator<Item = Definition> {
    SHIPPED.iter().chain([&TRACKS]).map(|source| Definition::parse(source).unwrap())
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

/// The card of each state, with its exits.
fn card<'a>(document: &'a Document<'_>, state: &str) -> Node<'a, 'a> {
    card_in(document, None, state)
}

fn card_in<'a>(document: &'a Document<'_>, track: Option<&str>, state: &str) -> Node<'a, 'a> {
    let here = |node: &Node<'_, '_>| {
        node.ancestors().find_map(|around| around.attribute("data-track")) == track
            && node.attribute("data-state") == Some(state)
    };
    document.descendants().find(here).expect(state)
}

#[test]
fn tracks_stand_below_the_main_machine_and_show_where_their_instances_are() {
    let definition = Definition::parse(TRACKS).unwrap();
    let machine = definition.track_named("learning_agreement").unwrap();
    let draft = definition.state_in(machine, "draft").unwrap();
    let svg = definition.svg(&View { beside: &[draft], ..view("en") });
    let document = Document::parse(&svg).unwrap();
    let present: Vec<_> = with_class(&document, "present");
    assert_eq!(present.len(), 1);
    assert_eq!(present[0].parent().unwrap().attribute("data-track"), Some("learning_agreement"));
    let lowest = |track: bool| {
        let cards = document.descendants().filter(|node| node.has_attribute("data-state"));
        let own = cards.filter(|card| card.parent().unwrap().has_attribute("data-track") == track);
        let top = |card: Node<'_, '_>| -> i32 {
            let moved = card.attribute("transform").unwrap();
            moved.trim_end_matches(')').rsplit(' ').next().unwrap().parse().unwrap()
        };
        own.map(top).collect::<Vec<_>>()
    };
    assert!(lowest(true).iter().min() > lowest(false).iter().max());
    let road = definition.svg(&View { extent: Extent::MainRoad, ..view("en") });
    assert!(!road.contains("data-track"), "the main road is that of the main machine");
    let mermaid = definition.mermaid(&view("en"));
    assert!(mermaid.contains("track_1_draft") && mermaid.contains("subgraph track_1 "), "{mermaid}");
}

#[test]
fn every_state_and_every_event_of_a_shipped_definition_is_drawn_in_each_language() {
    for definition in shipped() {
        for language in &definition.languages {
            let svg = definition.svg(&view(language));
            let document = Document::parse(&svg).unwrap();
            for (at, state) in definition.states.iter().enumerate() {
                let track = definition.track(state.machine).map(|track| track.name.as_str());
                let card = card_in(&document, track, &state.name);
                let text = squeezed(&text_of(card));
                assert!(text.contains(&squeezed(state.label.get(language))), "{text}");
                let leaving = definition.leaving(definition.state_in(state.machine, &state.name).unwrap());
                for (_, transition) in leaving {
                    let event = &definition.events[transition.event.at()];
                    let drawn = card.children().any(|row| {
                        row.attribute("data-events")
                            .is_some_and(|events| events.split(' ').any(|e| e == event.name))
                            && squeezed(&text_of(row)).contains(&squeezed(event.label.get(language)))
                    });
                    assert!(drawn, "{} of {}", event.name, state.name);
                }
                assert_eq!(
                    with_class_in(card, "clock"),
                    usize::from(!definition.states[at].clocks.is_empty())
                );
            }
        }
    }
}

fn with_class_in(node: Node<'_, '_>, class: &str) -> usize {
    node.descendants().filter(|child| child.attribute("class") == Some(class)).count()
}

#[test]
fn a_reader_who_sees_nothing_is_told_every_step() {
    for definition in shipped() {
        let svg = definition.svg(&view("en"));
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!((root.attribute("role"), root.attribute("lang")), (Some("img"), Some("en")));
        let named = |attribute: &str| {
            let id = root.attribute(attribute).unwrap();
            text_of(document.descendants().find(|node| node.attribute("id") == Some(id)).unwrap())
        };
        assert!(named("aria-labelledby").contains(&definition.id));
        let told = named("aria-describedby");
        for label in
            definition.states.iter().map(|s| &s.label).chain(definition.events.iter().map(|e| &e.label))
        {
            assert!(told.contains(label.get("en")), "{} is not told", label.get("en"));
        }
    }
}

/// Left, top, right, bottom.
type Frame = [i32; 4];

fn number(node: Node<'_, '_>, name: &str) -> i32 {
    node.attribute(name).unwrap().parse().unwrap()
}

fn frames(document: &Document<'_>) -> Vec<Frame> {
    let frame = |card: Node<'_, '_>| {
        let at = card.attribute("transform").unwrap().trim_start_matches("translate(");
        let (x, y) = at.trim_end_matches(')').split_once(' ').unwrap();
        let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
        let frame = card.first_element_child().unwrap();
        [x, y, x + number(frame, "width"), y + number(frame, "height")]
    };
    with_class(document, "state").into_iter().map(frame).collect()
}

/// The straight stretches of all arrows.
fn stretches(document: &Document<'_>) -> Vec<Frame> {
    let corners = |line: Node<'_, '_>| -> Vec<(i32, i32)> {
        let path = line.attribute("d").unwrap().trim_start_matches('M').to_owned();
        let corner = |text: &str| text.split_once(' ').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()));
        path.split('L').filter_map(corner).collect()
    };
    let drawn =
        with_class(document, "line").into_iter().filter(|line| !line.attribute("d").unwrap().contains('H'));
    let straight = |line: Node<'_, '_>| -> Vec<Frame> {
        let pair = |pair: &[(i32, i32)]| {
            let ((x, y), (to, down)) = (pair[0], pair[1]);
            [x.min(to), y.min(down), x.max(to), y.max(down)]
        };
        corners(line).windows(2).map(pair).collect()
    };
    drawn.flat_map(straight).collect()
}

fn touch(one: &Frame, other: &Frame) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

/// Nothing lies on a card, and everything within the picture.
#[track_caller]
fn assert_clear(svg: &str) {
    let document = Document::parse(svg).unwrap();
    let (cards, stretches) = (frames(&document), stretches(&document));
    let root = document.root_element();
    let (width, height) = (number(root, "width"), number(root, "height"));
    for (at, card) in cards.iter().enumerate() {
        assert!(card[0] >= 0 && card[1] >= 0 && card[2] <= width && card[3] <= height, "{card:?}: {svg}");
        assert!(!cards[at + 1..].iter().any(|other| touch(card, other)), "{card:?}: {svg}");
        let inner = [card[0] + 1, card[1] + 1, card[2] - 1, card[3] - 1];
        let crossed = stretches
            .iter()
            .find(|stretch| touch(&inner, &[stretch[0], stretch[1] - 1, stretch[2], stretch[3] + 1]));
        assert_eq!(crossed, None, "{card:?} is crossed: {svg}");
    }
    let inside =
        |stretch: &Frame| stretch[0] >= 0 && stretch[1] >= 0 && stretch[2] <= width && stretch[3] <= height;
    assert!(stretches.iter().all(inside), "{svg}");
}

#[test]
fn nothing_of_a_shipped_definition_lies_on_a_card() {
    for definition in shipped() {
        for language in &definition.languages {
            let svg = definition.svg(&view(language));
            assert!(stretches(&Document::parse(&svg).unwrap()).len() > definition.states.len() / 2);
            assert_clear(&svg);
            assert_clear(&definition.svg(&View { extent: Extent::MainRoad, ..view(language) }));
        }
    }
}

const PHASES: [&str; 4] = ["application", "selection", "approval", "closed"];

proptest! {
    #[test]
    fn whatever_leads_where_nothing_lies_on_a_card(
        states in prop::collection::vec((0..4_usize, 0..5_usize), 1..14),
        steps in prop::collection::vec((0..6_usize, 0..14_usize, 0..14_usize), 0..40),
    ) {
        let mut sketch = Sketch::unwatched();
        for (at, (phase, kind)) in states.iter().enumerate() {
            let kind = if at > 0 && *kind == 0 { "kind = 'success'\n" } else { "" };
            sketch = sketch.state(&format!("s{at}"), &format!("{kind}phase = '{}'", PHASES[*phase]));
        }
        let mut drawn = std::collections::BTreeSet::new();
        for (event, from, to) in steps {
            let (from, to) = (from % states.len(), to % states.len());
            let open = from == 0 || states[from].1 != 0;
            if open && drawn.insert((event, from)) {
                sketch = sketch.step(&format!("e{event}"), &[&format!("s{from}")], &format!("s{to}"), "");
            }
        }
        let definition = sketch.parse();
        let svg = definition.svg(&view("en"));
        assert_clear(&svg);
        prop_assert_eq!(frames(&Document::parse(&svg).unwrap()).len(), states.len());
        prop_assert!(definition.mermaid(&view("en")).lines().count() > states.len());
    }
}

#[test]
fn the_main_road_leads_from_the_first_state_to_success_without_needing_a_reason() {
    let definition = Definition::parse(SHIPPED[0]).unwrap();
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
    let svg = sketch.parse().svg(&view("en"));
    let document = Document::parse(&svg).unwrap();
    let rows: Vec<_> =
        card(&document, "draft").children().filter_map(|row| row.attribute("data-events")).collect();
    assert_eq!(rows, ["send post", "leave", "stop"]);
    assert_eq!(with_class(&document, "line").len(), 2 + 2, "two arrows and the two of the legend");
}

#[test]
fn the_case_is_seen_where_it_stands_and_how_it_came_there() {
    let definition = Definition::parse(SHIPPED[0]).unwrap();
    let state = |name| definition.state_named(name).unwrap();
    let step = |from, event, to| Taken {
        from: state(from),
        event: definition.event_named(event).unwrap(),
        to: state(to),
    };
    let taken = [step("draft", "submit", "submitted"), step("submitted", "return", "returned")];
    let svg = definition.svg(&View { present: Some(state("returned")), taken: &taken, ..view("en") });
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
    let plain = definition.svg(&view("en"));
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
        let svg = definition.svg(&view("en"));
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
        let shown: String = label.chars().map(|char| match char {
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            char => char,
        }).collect();
        prop_assert!(squeezed(&text_of(card(&document, "draft"))).contains(&squeezed(&shown)), "{svg}");
        prop_assert_eq!(&svg, &labelled(&label).svg(&view("en")));
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
        assert!(!definition.svg(&view("en")).contains("<script"));
        assert!(!definition.mermaid(&view("en")).contains("\"javascript"));
    }
}
