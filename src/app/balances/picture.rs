//! A balance as a picture: one bar for each way and period, and below them one for what each pair has sent to each other.

use sojourn_engine::vocabulary::{PlaceSource, PlaceUnit};

use super::{BalanceRow, BalanceView, End, PairBalance, Term};
use crate::app::reports::picture::{self, About, BAR, Bar, Fill, MOST};

/// Words of pictures of places in one language.
#[derive(Debug)]
pub struct Words {
    pub chinese: bool,
    pub used: &'static str,
    pub held: &'static str,
    pub free: &'static str,
    pub over: &'static str,
    pub more: &'static str,
    pub none: &'static str,
    title: &'static str,
    pairs: &'static str,
    no_pairs: &'static str,
    all_years: &'static str,
    sent: &'static str,
    sent_held: &'static str,
    back: &'static str,
    back_held: &'static str,
    net: &'static str,
    all: &'static str,
    any: &'static str,
    heads: &'static str,
    twelfths: &'static str,
    agreement: &'static str,
    programme: &'static str,
    nominees: &'static str,
    pool: &'static str,
}

const ENGLISH: Words = Words {
    chinese: false,
    title: "Places by home, host and period, as of {}",
    pairs: "What pairs have sent to each other, by academic year",
    no_pairs: "No pair has places or has sent anybody.",
    all_years: "all years",
    sent: "sent",
    sent_held: "reserved",
    back: "sent back",
    back_held: "reserved back",
    net: "balance {}, with what is reserved {}",
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
    chinese: true,
    title: "依薦送學校、接待學校與期間之名額，統計時間 {}",
    pairs: "各校際互派情形，依學年",
    no_pairs: "尚無校際名額或互派。",
    all_years: "歷年合計",
    sent: "派出",
    sent_held: "派出保留",
    back: "派回",
    back_held: "派回保留",
    net: "差額 {}，含保留 {}",
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

impl Words {
    /// Those of a language.
    pub fn of(language: &str) -> &'static Self {
        if language.starts_with("zh") { &CHINESE } else { &ENGLISH }
    }

    /// What fillings mean.
    pub const fn legend(&self) -> [(Fill, &'static str); 4] {
        [
            (Fill::Dark, self.used),
            (Fill::Hatched, self.held),
            (Fill::White, self.free),
            (Fill::Over, self.over),
        ]
    }

    /// What fillings mean where two send to each other.
    const fn both_ways(&self) -> [(Fill, &'static str); 4] {
        [
            (Fill::Dark, self.sent),
            (Fill::Hatched, self.sent_held),
            (Fill::Pale, self.back),
            (Fill::Dotted, self.back_held),
        ]
    }

    /// Who sends to whom, and when.
    pub fn way(&self, home: Option<&End>, host: Option<&End>, period: Option<&Term>) -> String {
        let name = |end: Option<&End>, else_: &str| end.map_or(else_.to_owned(), |end| end.name.clone());
        let period = period.map(|one| format!(" · {} {}", one.academic_year, one.term)).unwrap_or_default();
        format!("{} → {}{period}", name(home, self.all), name(host, self.any))
    }

    /// What is counted, of which source.
    pub fn counted(&self, source: PlaceSource, unit: PlaceUnit) -> String {
        let source = match source {
            PlaceSource::Agreement => self.agreement,
            PlaceSource::Programme => self.programme,
            PlaceSource::Nominees => self.nominees,
            PlaceSource::Pool => self.pool,
        };
        let unit = match unit {
            PlaceUnit::Heads => self.heads,
            PlaceUnit::Twelfths => self.twelfths,
        };
        format!("{source}, {unit}")
    }
}

pub(super) fn draw(view: &BalanceView, language: &str) -> String {
    let words = Words::of(language);
    let title = words.title.replace("{}", &view.at.format("%Y-%m-%d %H:%M UTC").to_string());
    let shown = view.rows.iter().take(MOST);
    let most = shown.map(|row| row.numbers.capacity.max(row.numbers.forecast)).max().unwrap_or(0).max(1);
    let bars: Vec<Bar> = view.rows.iter().map(|row| bar(row, most, words)).collect();
    let about = About { title: &title, legend: &words.legend(), none: words.none, more: words.more };
    let legend = words.both_ways();
    let between = About { title: words.pairs, legend: &legend, none: words.no_pairs, more: words.more };
    picture::panels(&[(about, &bars), (between, &both_ways(&view.pairs, words))])
}

/// What two have sent to each other, the one's part first.
fn both_ways(pairs: &[PairBalance], words: &Words) -> Vec<Bar> {
    let all = |pair: &PairBalance| pair.there.forecast + pair.back.forecast;
    let most = pairs.iter().take(MOST).map(all).max().unwrap_or(0).max(1);
    pairs.iter().map(|pair| pair_bar(pair, most, words)).collect()
}

fn pair_bar(pair: &PairBalance, most: i64, words: &Words) -> Bar {
    let PairBalance { there, back, .. } = pair;
    let year = pair.academic_year.map_or_else(|| words.all_years.to_owned(), |year| year.to_string());
    let counted = words.counted(pair.source, pair.unit);
    let name = format!("{} ⇄ {} · {year} · {counted}", pair.one.name, pair.other.name);
    let wide = |amount: i64| amount.max(0) * BAR / most;
    let net = words.net.replacen("{}", &format!("{:+}", pair.balance), 1);
    let net = net.replacen("{}", &format!("{:+}", pair.forecast), 1);
    Bar {
        parts: vec![
            (Fill::Dark, wide(there.used)),
            (Fill::Hatched, wide(there.held)),
            (Fill::Pale, wide(back.used)),
            (Fill::Dotted, wide(back.held)),
        ],
        numbers: format!(
            "{} + {} ⇄ {} + {} = {:+} ({:+})",
            there.used, there.held, back.used, back.held, pair.balance, pair.forecast
        ),
        over: false,
        told: format!(
            "{name}: {} {}, {} {}, {} {}, {} {}; {net}.",
            there.used,
            words.sent,
            there.held,
            words.sent_held,
            back.used,
            words.back,
            back.held,
            words.back_held
        ),
        name,
    }
}

fn bar(row: &BalanceRow, most: i64, words: &Words) -> Bar {
    let numbers = &row.numbers;
    let way = words.way(row.home.as_ref(), row.host.as_ref(), row.period.as_ref());
    let name = format!("{way} · {}", words.counted(row.source, row.unit));
    let wide = |amount: i64| amount.max(0) * BAR / most;
    let within = numbers.capacity.max(0);
    let used = numbers.used.min(within);
    let held = numbers.held.min(within - used);
    let over = (numbers.forecast - within).max(0);
    Bar {
        parts: vec![
            (Fill::Dark, wide(used)),
            (Fill::Hatched, wide(held)),
            (Fill::White, wide(within - used - held)),
            (Fill::Over, wide(over)),
        ],
        numbers: format!("{} + {} / {}", numbers.used, numbers.held, numbers.capacity),
        over: over > 0,
        told: format!(
            "{name}: {} {}, {} {}, {} {}.",
            numbers.used,
            words.used,
            numbers.held,
            words.held,
            numbers.free.max(0),
            words.free
        ),
        name,
    }
}
