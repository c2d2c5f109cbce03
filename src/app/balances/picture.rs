//! A balance as a picture: one bar for each pair and period, for screens and for print.
//!
//! Taken places are dark, reserved ones hatched, free ones white, so that they differ without colour; every number stands in the picture
//! as text, and it loads nothing.

use std::fmt::Write as _;

use sojourn_engine::vocabulary::{PlaceSource, PlaceUnit};

use super::{BalanceRow, BalanceView, End};

/// Bars drawn; more are only counted.
const MOST: usize = 40;
const WIDTH: i64 = 960;
const ROW: i64 = 44;
const TOP: i64 = 96;
const LEFT: i64 = 16;
const BAR: i64 = 620;
/// Dark, mid and line: the same order in grey.
const USED: &str = "#1d3557";
const HELD: &str = "#457b9d";
const INK: &str = "#1a1a1a";
const OVER: &str = "#9b2226";

/// Words of the picture in one language.
struct Words {
    title: &'static str,
    used: &'static str,
    held: &'static str,
    free: &'static str,
    over: &'static str,
    all: &'static str,
    any: &'static str,
    more: &'static str,
    none: &'static str,
    heads: &'static str,
    twelfths: &'static str,
    agreement: &'static str,
    programme: &'static str,
    nominees: &'static str,
    pool: &'static str,
}

const ENGLISH: Words = Words {
    title: "Places by pair and period, as of {}",
    used: "taken",
    held: "reserved",
    free: "unfilled",
    over: "taken beyond what there is",
    all: "all homes",
    any: "any host",
    more: "{} more rows are in the table.",
    none: "No places are agreed.",
    heads: "places",
    twelfths: "twelfths of a year",
    agreement: "agreement",
    programme: "programme",
    nominees: "nominations",
    pool: "pool",
};

const CHINESE: Words = Words {
    title: "各校際與期間名額，統計時間 {}",
    used: "已使用",
    held: "已保留",
    free: "未使用",
    over: "超出名額",
    all: "所有薦送學校",
    any: "任一接待學校",
    more: "另有 {} 列，詳見表格。",
    none: "尚無約定名額。",
    heads: "名額",
    twelfths: "學年十二分之一",
    agreement: "協議",
    programme: "項目",
    nominees: "推薦名額",
    pool: "總額",
};

impl BalanceView {
    /// The picture as SVG, its words in `language`.
    pub fn picture(&self, language: &str) -> String {
        let words = if language.starts_with("zh") { &CHINESE } else { &ENGLISH };
        let shown = &self.rows[..self.rows.len().min(MOST)];
        let count = i64::try_from(shown.len()).unwrap_or(0);
        let height = TOP + ROW * count.max(1) + if self.rows.len() > MOST { 40 } else { 16 };
        let title = words.title.replace("{}", &self.at.format("%Y-%m-%d %H:%M UTC").to_string());
        let told = shown.iter().map(|row| told(row, words)).collect::<Vec<_>>().join(" ");
        let told = if shown.is_empty() { words.none.to_owned() } else { told };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
             role=\"img\" aria-labelledby=\"balance-title balance-told\" font-family=\"sans-serif\" font-size=\"14\">\
             <title id=\"balance-title\">{}</title><desc id=\"balance-told\">{}</desc>\
             <defs><pattern id=\"held\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#ffffff\"/>\
             <rect width=\"3\" height=\"6\" fill=\"{HELD}\"/></pattern></defs>\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>",
            escaped(&title),
            escaped(&told)
        );
        text(&mut svg, (LEFT, 30), 18, INK, &title);
        legend(&mut svg, words);
        let most = shown.iter().map(|row| row.numbers.capacity.max(row.numbers.forecast)).max().unwrap_or(0);
        for (row, at) in shown.iter().zip(0..) {
            bar(&mut svg, row, TOP + ROW * at, most.max(1), words);
        }
        if shown.is_empty() {
            text(&mut svg, (LEFT, TOP + 16), 14, INK, words.none);
        }
        if self.rows.len() > MOST {
            let more = words.more.replace("{}", &(self.rows.len() - MOST).to_string());
            text(&mut svg, (LEFT, height - 12), 14, INK, &more);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

fn legend(svg: &mut String, words: &Words) {
    let kinds = [(USED, words.used), ("url(#held)", words.held), ("#ffffff", words.free), (OVER, words.over)];
    for ((fill, word), at) in kinds.into_iter().zip(0..) {
        let x = LEFT + 170 * at;
        rect(svg, (x, 48, 18), fill);
        text(svg, (x + 26, 62), 14, INK, word);
    }
}

fn bar(svg: &mut String, row: &BalanceRow, y: i64, most: i64, words: &Words) {
    let numbers = &row.numbers;
    let wide = |amount: i64| amount.max(0) * BAR / most;
    text(svg, (LEFT, y + 12), 14, INK, &named(row, words));
    let within = numbers.capacity.max(0);
    let used = numbers.used.min(within);
    let held = numbers.held.min(within - used);
    let over = (numbers.forecast - within).max(0);
    let mut x = LEFT;
    for (amount, fill) in
        [(used, USED), (held, "url(#held)"), (within - used - held, "#ffffff"), (over, OVER)]
    {
        if amount > 0 {
            rect(svg, (x, y + 18, wide(amount)), fill);
            x += wide(amount);
        }
    }
    let numbers = format!("{} + {} / {}", numbers.used, numbers.held, numbers.capacity);
    text(svg, (x + 8, y + 32), 14, if over > 0 { OVER } else { INK }, &numbers);
}

fn named(row: &BalanceRow, words: &Words) -> String {
    let name = |end: &Option<End>, else_: &str| end.as_ref().map_or(else_.to_owned(), |end| end.name.clone());
    let period = row.period.as_ref();
    let period = period.map(|one| format!(" · {} {}", one.academic_year, one.term)).unwrap_or_default();
    let unit = match row.unit {
        PlaceUnit::Heads => words.heads,
        PlaceUnit::Twelfths => words.twelfths,
    };
    let source = match row.source {
        PlaceSource::Agreement => words.agreement,
        PlaceSource::Programme => words.programme,
        PlaceSource::Nominees => words.nominees,
        PlaceSource::Pool => words.pool,
    };
    format!("{} → {}{period} · {source}, {unit}", name(&row.home, words.all), name(&row.host, words.any))
}

fn told(row: &BalanceRow, words: &Words) -> String {
    let numbers = &row.numbers;
    format!(
        "{}: {} {}, {} {}, {} {}.",
        named(row, words),
        numbers.used,
        words.used,
        numbers.held,
        words.held,
        numbers.free.max(0),
        words.free
    )
}

fn rect(svg: &mut String, (x, y, width): (i64, i64, i64), fill: &str) {
    let _ = write!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"18\" fill=\"{fill}\" stroke=\"{INK}\"/>"
    );
}

fn text(svg: &mut String, (x, y): (i64, i64), size: i64, fill: &str, text: &str) {
    let text = escaped(text);
    let _ = write!(svg, "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{fill}\">{text}</text>");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
