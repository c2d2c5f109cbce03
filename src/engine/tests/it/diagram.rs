//! Pictures of a definition: nothing is left out, nothing of a text becomes markup, and the same input gives the same bytes.

use proptest::prelude::*;
use roxmltree::{Document, Node};
use sojourn_engine::definition::diagram::{Extent, Taken, View};
use sojourn_engine::definition::{Definition, MachineIx, StateIx, Target};

use crate::sketch::Sketch;

const EXCHANGE: &str = include_str!("../../../../templates/workflows/exchange.toml");

const TRACKS: &str = include_str!("../data/tracks.toml");

/// What lies in the folder of shipped definitions, and one made for tests.
fn shipped() -> Vec<Definition> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/workflows");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.ends_with(".toml") && !name.ends_with(".scenarios.toml")
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

/// Where the origin of an element lies in the picture.
fn origin(node: Node<'_, '_>) -> (i32, i32) {
    node.ancestors().filter_map(|around| around.attribute("transform")).fold((0, 0), |(x, y), moved| {
        let at = moved.trim_start_matches("translate(").trim_end_matches(')');
        let (right, down) = at.split_once(' ').unwrap();
        (x + right.parse::<i32>().unwrap(), y + down.parse::<i32>().unwrap())
    })
}

/// The size of a text, from the style sheet of its picture.
fn size(text: Node<'_, '_>) -> i32 {
    let document = text.document();
    let style = document.descendants().find(|node| node.has_tag_name("style")).unwrap().text().unwrap();
    let of = |selector: &str| -> Option<i32> {
        let rule = style.lines().find(|line| line.starts_with(&format!(".diagram {selector} {{")))?;
        rule.split_once("font-size: ")?.1.split_once("px")?.0.parse().ok()
    };
    let classes = text.attribute("class").unwrap().split(' ');
    classes.filter_map(|class| of(&format!(".{class}"))).min().or_else(|| of("text")).unwrap()
}

fn elements<'a>(document: &'a Document<'_>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.tag_name().name() == name)
}

/// All words of the picture: where their letters are, and of the card they stand in.
fn labels<'a>(document: &'a Document<'_>) -> Vec<(Frame, Node<'a, 'a>)> {
    let framed = |text: Node<'a, 'a>| {
        let ((x, y), size) = (origin(text), size(text));
        let (x, y, long) = (x + number(text, "x"), y + number(text, "y"), number(text, "textLength"));
        let left = if text.attribute("class").unwrap().ends_with(" end") { x - long } else { x };
        ([left, y - size * 3 / 4, left + long, y + size / 5], text)
    };
    elements(document, "text").map(framed).collect()
}

/// Clocks, persons, ticks and crosses.
fn marks(document: &Document<'_>) -> Vec<Frame> {
    let moved = |node: &Node<'_, '_>| {
        matches!(node.attribute("class"), Some("clock" | "person" | "end")) && node.has_attribute("transform")
    };
    let around = |node| {
        let (x, y) = origin(node);
        [x - 5, y - 5, x + 5, y + 5]
    };
    document.descendants().filter(moved).map(around).collect()
}

fn chips(document: &Document<'_>) -> Vec<Frame> {
    let framed = |chip: Node<'_, '_>| {
        let (x, y) = origin(chip);
        let (x, y) = (x + number(chip, "x"), y + number(chip, "y"));
        [x, y, x + number(chip, "width"), y + number(chip, "height")]
    };
    with_class(document, "chip").into_iter().map(framed).collect()
}

fn within(inner: &Frame, outer: &Frame) -> bool {
    inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3]
}

/// No frame of one kind lies on another.
#[track_caller]
fn assert_apart(frames: &[Frame], what: &str, svg: &str) {
    for (at, frame) in frames.iter().enumerate() {
        let other = frames[at + 1..].iter().find(|other| touch(frame, other));
        assert_eq!(other, None, "{what} {frame:?}: {svg}");
    }
}

/// Nothing lies on a card, on words or on a mark, and everything within the picture.
#[track_caller]
fn assert_clear(svg: &str) {
    let document = Document::parse(svg).unwrap();
    let root = document.root_element();
    let paper = [0, 0, number(root, "width"), number(root, "height")];
    let (cards, stretches, labels) = (frames(&document), stretches(&document), labels(&document));
    let thick: Vec<Frame> =
        stretches.iter().map(|line| [line[0] - 1, line[1] - 1, line[2] + 1, line[3] + 1]).collect();
    let words: Vec<Frame> = labels.iter().map(|(frame, _)| *frame).collect();
    let marks = marks(&document);
    assert!(
        cards.iter().chain(&stretches).chain(&words).chain(&marks).all(|frame| within(frame, &paper)),
        "{svg}"
    );
    assert_apart(&cards, "card", svg);
    assert_apart(&chips(&document), "note", svg);
    assert_apart(&[&words[..], &marks[..]].concat(), "label", svg);
    for card in &cards {
        let inner = [card[0] + 1, card[1] + 1, card[2] - 1, card[3] - 1];
        assert_eq!(thick.iter().find(|line| touch(&inner, line)), None, "{card:?} is crossed: {svg}");
    }
    for (frame, text) in labels {
        assert_eq!(thick.iter().find(|line| touch(&frame, line)), None, "{text:?} is crossed: {svg}");
        let own = text.ancestors().find(|node| node.has_attribute("data-state"));
        let badge = text.attribute("class") == Some("now");
        let inside = |card: Node<'_, '_>| {
            let ((x, y), rect) = (origin(card), card.first_element_child().unwrap());
            within(&frame, &[x, y, x + number(rect, "width"), y + number(rect, "height")])
        };
        assert!(own.is_none_or(|card| badge || inside(card)), "{text:?} leaves its card: {svg}");
    }
}

#[test]
fn nothing_of_a_shipped_definition_lies_on_anything_else() {
    for definition in shipped() {
        for language in &definition.languages {
            let pictures = pictures(&definition, language);
            assert!(
                stretches(&Document::parse(&pictures[0]).unwrap()).len()
                    > definition.states_of(MachineIx::MAIN).count()
            );
            pictures.iter().for_each(|svg| assert_clear(svg));
        }
    }
}

#[test]
fn every_picture_of_a_shipped_definition_is_legible_on_a4() {
    // The sheet without margins of 10 mm.
    const SHEET: (f64, f64) = (277.0, 190.0);
    const POINT: f64 = 25.4 / 72.0;
    for definition in shipped() {
        for language in &definition.languages {
            for svg in pictures(&definition, language) {
                let document = Document::parse(&svg).unwrap();
                let root = document.root_element();
                let (width, height) = (f64::from(number(root, "width")), f64::from(number(root, "height")));
                let fitted = |across: f64, down: f64| (across / width).min(down / height);
                let unit = fitted(SHEET.0, SHEET.1).max(fitted(SHEET.1, SHEET.0));
                let smallest = elements(&document, "text").map(size).min().unwrap();
                let points = f64::from(smallest) * unit / POINT;
                let title = text_of(elements(&document, "title").next().unwrap());
                assert!(points >= 6.5, "{title} in {language}: {points:.1} pt on {width} x {height}");
            }
        }
    }
}

/// A colour of the picture in one of the two themes.
fn colour(style: &str, dark: bool, name: &str) -> [f64; 3] {
    let (light, after) = style.split_once("@media").unwrap();
    let theme = if dark { after } else { light };
    let (_, value) = theme.split_once(&format!("--{name}: var(--diagram-{name}, #")).unwrap();
    let part = |at: usize| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
    [part(0), part(2), part(4)]
}

/// Relative luminance as WCAG 2 defines it.
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
}

#[test]
fn words_stand_out_from_what_they_stand_on_in_both_themes() {
    let svg = picture(&Definition::parse(TRACKS).unwrap());
    for dark in [false, true] {
        for (words, grounds) in [
            ("ink", &["paper", "card", "chip", "present"][..]),
            ("muted", &["paper", "card", "present"]),
            ("road", &["paper", "card", "present"]),
            ("taken", &["paper", "card", "chip", "present"]),
        ] {
            for ground in grounds {
                let of = |name| luminance(colour(&svg, dark, name)) + 0.05;
                let contrast = of(words).max(of(ground)) / of(words).min(of(ground));
                assert!(contrast >= 4.5, "{words} on {ground}, dark: {dark}: {contrast:.2}");
            }
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
        let svg = picture(&definition);
        assert_clear(&svg);
        prop_assert_eq!(frames(&Document::parse(&svg).unwrap()).len(), states.len());
        prop_assert!(definition.mermaid(&view("en")).lines().count() > states.len());
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
