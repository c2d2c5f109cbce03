//! Bars as SVG, for screens and for print: dark ink on its own white ground, so that a picture reads the same on a light page, on a
//! dark one and on paper. Fillings differ without colour, every number stands in the picture as text, and it loads nothing.

use std::fmt::Write as _;

use sojourn_engine::vocabulary::{Level, Phase};

/// Bars drawn; more are only counted.
pub const MOST: usize = 40;
/// Length of the longest bar.
pub const BAR: i64 = 620;
const WIDTH: i64 = 960;
const ROW: i64 = 44;
const TOP: i64 = 96;
const LEFT: i64 = 16;
const INK: &str = "#1a1a1a";
const OVER: &str = "#9b2226";
/// Letters that fit on a line beside nothing else.
const LETTERS: usize = 118;

/// What a part of a bar is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// Solid, darkest.
    Dark,
    /// Slanted lines.
    Hatched,
    /// Dots.
    Dotted,
    /// A light tint.
    Pale,
    /// Nothing.
    White,
    /// Red: more than there is.
    Over,
}

impl Fill {
    const fn paint(self) -> &'static str {
        match self {
            Self::Dark => "#1d3557",
            Self::Hatched => "url(#hatched)",
            Self::Dotted => "url(#dotted)",
            Self::Pale => "#c9dbe8",
            Self::White => "#ffffff",
            Self::Over => OVER,
        }
    }
}

/// Patterns that the parts of bars are filled with.
const PATTERNS: &str = "<defs><pattern id=\"hatched\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
    patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#ffffff\"/>\
    <rect width=\"3\" height=\"6\" fill=\"#457b9d\"/></pattern>\
    <pattern id=\"dotted\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
    <rect width=\"6\" height=\"6\" fill=\"#ffffff\"/><circle cx=\"3\" cy=\"3\" r=\"1.6\" fill=\"#457b9d\"/></pattern></defs>";

/// What a picture of bars says about itself.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What stands above it.
    pub title: &'a str,
    /// What fillings mean, in the order of the parts of a bar.
    pub legend: &'a [(Fill, &'a str)],
    /// What is said where there is nothing to draw.
    pub none: &'a str,
    /// What is said of bars that are only counted.
    pub more: &'a str,
}

/// A bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// What it is about.
    pub name: String,
    /// Its parts, as long as they are to be drawn.
    pub parts: Vec<(Fill, i64)>,
    /// Its numbers.
    pub numbers: String,
    /// Whether more is taken than there is.
    pub over: bool,
    /// The same as a sentence, for those who do not see it.
    pub told: String,
}

/// Draws bars below each other.
pub fn draw(about: About<'_>, bars: &[Bar]) -> String {
    panels(&[(about, bars)])
}

/// Draws several such pictures below each other, as one with the title of the first.
pub fn panels(all: &[(About<'_>, &[Bar])]) -> String {
    let (mut drawn, mut told, mut height) = (String::new(), Vec::new(), 0);
    for (nth, (about, bars)) in all.iter().enumerate() {
        if nth > 0 {
            told.push(format!("{}:", about.title));
        }
        told.push(described(*about, bars));
        height = panel(&mut drawn, (*about, bars), height);
    }
    let title = all.first().map_or("", |(about, _)| about.title);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"picture-title picture-told\" font-family=\"sans-serif\" font-size=\"14\">\
         <title id=\"picture-title\">{}</title><desc id=\"picture-told\">{}</desc>{PATTERNS}\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>{drawn}</svg>\n",
        escaped(title),
        escaped(&told.join(" "))
    )
}

/// The bars that are drawn, and how many are left.
fn shown(bars: &[Bar]) -> (&[Bar], usize) {
    let shown = &bars[..bars.len().min(MOST)];
    (shown, bars.len() - shown.len())
}

/// The bars as sentences.
fn described(about: About<'_>, bars: &[Bar]) -> String {
    let (shown, _) = shown(bars);
    if shown.is_empty() {
        return about.none.to_owned();
    }
    shown.iter().map(|bar| bar.told.as_str()).collect::<Vec<_>>().join(" ")
}

/// Draws a title, what fillings mean, and bars from a height on; the height below them.
fn panel(svg: &mut String, (about, bars): (About<'_>, &[Bar]), above: i64) -> i64 {
    let (shown, left) = shown(bars);
    let count = i64::try_from(shown.len()).unwrap_or(0);
    let below = above + TOP + ROW * count.max(1) + if left > 0 { 40 } else { 16 };
    text(svg, (LEFT, above + 30), 18, INK, about.title);
    for ((fill, word), at) in about.legend.iter().zip(0..) {
        let x = LEFT + 170 * at;
        rect(svg, (x, above + 48, 18), *fill);
        text(svg, (x + 26, above + 62), 14, INK, word);
    }
    for (bar, at) in shown.iter().zip(0..) {
        draw_bar(svg, bar, above + TOP + ROW * at);
    }
    if shown.is_empty() {
        text(svg, (LEFT, above + TOP + 16), 14, INK, about.none);
    }
    if left > 0 {
        text(svg, (LEFT, below - 12), 14, INK, &about.more.replace("{}", &left.to_string()));
    }
    below
}

fn draw_bar(svg: &mut String, bar: &Bar, y: i64) {
    text(svg, (LEFT, y + 12), 14, INK, &shortened(&bar.name));
    let mut x = LEFT;
    for (fill, width) in bar.parts.iter().filter(|(_, width)| *width > 0) {
        rect(svg, (x, y + 18, *width), *fill);
        x += width;
    }
    text(svg, (x + 8, y + 32), 14, if bar.over { OVER } else { INK }, &bar.numbers);
}

/// As much of a name as fits, a wide letter counted twice; all of it stands in the description.
fn shortened(name: &str) -> String {
    let wide = |letter: char| if letter.is_ascii() { 1 } else { 2 };
    let mut room = LETTERS;
    let fits = name.chars().take_while(|letter| {
        room = room.saturating_sub(wide(*letter));
        room > 0
    });
    let kept: String = fits.collect();
    if kept.len() == name.len() { kept } else { kept + "…" }
}

fn rect(svg: &mut String, (x, y, width): (i64, i64, i64), fill: Fill) {
    let _ = write!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"18\" fill=\"{}\" stroke=\"{INK}\"/>",
        fill.paint()
    );
}

fn text(svg: &mut String, (x, y): (i64, i64), size: i64, fill: &str, text: &str) {
    let text = escaped(text);
    let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\">{text}</text>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A level in a language of pictures.
pub const fn level(level: Level, chinese: bool) -> &'static str {
    match (level, chinese) {
        (Level::Short, false) => "short cycle",
        (Level::First, false) => "bachelor",
        (Level::Second, false) => "master",
        (Level::Third, false) => "doctorate",
        (Level::Short, true) => "短期課程",
        (Level::First, true) => "學士",
        (Level::Second, true) => "碩士",
        (Level::Third, true) => "博士",
    }
}

/// A phase in a language of pictures.
pub const fn phase(phase: Phase, chinese: bool) -> &'static str {
    match (phase, chinese) {
        (Phase::Application, false) => "Application",
        (Phase::Selection, false) => "Selection",
        (Phase::Nomination, false) => "Nomination",
        (Phase::Approval, false) => "Approval",
        (Phase::Placement, false) => "Placement",
        (Phase::Stay, false) => "Stay",
        (Phase::Recognition, false) => "Recognition",
        (Phase::Closed, false) => "Closed",
        (Phase::Application, true) => "申請",
        (Phase::Selection, true) => "甄選",
        (Phase::Nomination, true) => "提名",
        (Phase::Approval, true) => "審核",
        (Phase::Placement, true) => "安置",
        (Phase::Stay, true) => "交換期間",
        (Phase::Recognition, true) => "學分採認",
        (Phase::Closed, true) => "已結案",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_too_long_for_its_line_is_shortened_in_the_picture_alone() {
        let bar = |name: String| Bar {
            told: format!("{name}: 1."),
            name,
            parts: vec![(Fill::Dark, BAR)],
            numbers: "1".to_owned(),
            over: false,
        };
        let about = About { title: "<T>", legend: &[], none: "-", more: "{} more" };
        let long = "甲".repeat(80);
        let svg = draw(about, &[bar(long.clone())]);
        assert!(svg.contains(&format!("{long}: 1.</desc>")) && svg.contains("…</text>"), "{svg}");
        assert!(svg.contains("&lt;T&gt;") && !svg.contains("<T>"));
        assert_eq!(shortened("Omega"), "Omega");
        assert!(draw(about, &vec![bar("A".to_owned()); MOST + 2]).contains("2 more"));
        let both = panels(&[(about, &[bar("A".to_owned())]), (About { title: "Second", ..about }, &[])]);
        assert!(both.contains("A: 1. Second: -</desc>") && both.matches("<title").count() == 1, "{both}");
    }
}
