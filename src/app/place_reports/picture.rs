//! Places as a picture: one bar for each row.

use sojourn_engine::vocabulary::PlacesBy;

use super::{PlacesRow, PlacesView};
use crate::app::balances::picture::Words as Common;
use crate::app::reports::picture::{self, About, BAR, Bar, Fill, MOST, level};

/// Words of this picture alone.
struct Words {
    title: &'static str,
    all_levels: &'static str,
    all_fields: &'static str,
    field: &'static str,
    any_period: &'static str,
    of: &'static str,
}

const ENGLISH: Words = Words {
    title: "Places offered, held, used and unfilled, as of {}",
    all_levels: "all levels",
    all_fields: "all fields",
    field: "field",
    any_period: "any period",
    of: "of",
};

const CHINESE: Words = Words {
    title: "提供、保留、使用與未使用名額，統計時間 {}",
    all_levels: "不限學制",
    all_fields: "不限領域",
    field: "領域",
    any_period: "不限期間",
    of: "／",
};

pub(super) fn draw(view: &PlacesView, language: &str) -> String {
    let common = Common::of(language);
    let words = if common.chinese { &CHINESE } else { &ENGLISH };
    let title = words.title.replace("{}", &view.at.format("%Y-%m-%d %H:%M UTC").to_string());
    let long = |row: &PlacesRow| row.numbers.offered.max(0) + row.numbers.beyond;
    let most = view.rows.iter().take(MOST).map(long).max().unwrap_or(0).max(1);
    let bars: Vec<Bar> = view.rows.iter().map(|row| bar(row, &view.by, most, (common, words))).collect();
    let about = About { title: &title, legend: &common.legend(), none: common.none, more: common.more };
    picture::draw(about, &bars)
}

fn bar(row: &PlacesRow, by: &[PlacesBy], most: i64, (common, words): (&Common, &Words)) -> Bar {
    let numbers = &row.numbers;
    let name = named(row, by, (common, words));
    let wide = |amount: i64| amount.max(0) * BAR / most;
    // What is beyond a line was taken of it all the same: it is drawn once, as too much.
    let within = (numbers.used + numbers.held - numbers.beyond).max(0);
    let used = numbers.used.min(within);
    let over =
        if numbers.beyond > 0 { format!(" (+{} {})", numbers.beyond, common.over) } else { String::new() };
    Bar {
        parts: vec![
            (Fill::Dark, wide(used)),
            (Fill::Hatched, wide(within - used)),
            (Fill::White, wide(numbers.unfilled)),
            (Fill::Over, wide(numbers.beyond)),
        ],
        numbers: format!("{} + {} {} {}", numbers.used, numbers.held, words.of, numbers.offered),
        over: numbers.beyond > 0,
        told: format!(
            "{name}: {} {}, {} {}, {} {}{over}.",
            numbers.used, common.used, numbers.held, common.held, numbers.unfilled, common.free
        ),
        name,
    }
}

/// What was asked to be told apart, then what is counted.
fn named(row: &PlacesRow, by: &[PlacesBy], (common, words): (&Common, &Words)) -> String {
    let mut parts = Vec::new();
    let pairs = by.contains(&PlacesBy::Pair);
    if pairs {
        parts.push(common.way(row.home.as_ref(), row.host.as_ref(), None));
    }
    // Beside its pair a bar names only what it is limited to.
    let mut limit =
        |to: Option<String>, any: &str| parts.extend(to.or_else(|| (!pairs).then(|| any.to_owned())));
    if by.contains(&PlacesBy::Period) {
        let period = row.period.as_ref().map(|one| format!("{} {}", one.academic_year, one.term));
        limit(period, words.any_period);
    }
    if by.contains(&PlacesBy::Level) {
        let levels: Vec<&str> = row.levels.iter().map(|one| level(*one, common.chinese)).collect();
        limit((!levels.is_empty()).then(|| levels.join(" + ")), words.all_levels);
    }
    if by.contains(&PlacesBy::Field) {
        let fields = || format!("{} {}", words.field, row.fields.join(" + "));
        limit((!row.fields.is_empty()).then(fields), words.all_fields);
    }
    parts.push(common.counted(row.source, row.unit));
    parts.join(" · ")
}
