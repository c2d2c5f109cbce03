//! Room around everything in a picture: nothing lies on anything else, and all of it can be read on a sheet of A4.

use proptest::prelude::*;
use roxmltree::{Document, Node};
use sojourn_engine::definition::diagram::View;
use sojourn_engine::definition::{Definition, MachineIx};

use super::{TRACKS, picture, pictures, shipped, text_of, view, with_class};
use crate::sketch::Sketch;

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
pub fn assert_clear(svg: &str) {
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
            for svg in &pictures {
                assert_clear(svg);
            }
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
        stands in 0..14_usize,
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
        let present = definition.states_of(MachineIx::MAIN).nth(stands % states.len()).map(|(state, _)| state);
        assert_clear(&definition.svg(MachineIx::MAIN, &View { present, ..view("en") }));
        prop_assert_eq!(frames(&Document::parse(&svg).unwrap()).len(), states.len());
        prop_assert!(definition.mermaid(&view("en")).lines().count() > states.len());
    }
}
