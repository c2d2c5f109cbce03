//! Who got which choice: everybody, then each home, level and broad field of study; as a table and a picture too.

use serde::Serialize;
use sojourn_engine::allocation::{Fairness, Group};
use sojourn_engine::ids::{AllocationId, CallId, InstitutionId};
use sojourn_engine::vocabulary::{AllocationStatus, Level};
use utoipa::ToSchema;

use super::file::Frozen;
use super::words::Names;
use super::{frozen, store};
use crate::access::Caller;
use crate::app::reports::picture::{self, About, BAR, Bar, Fill};
use crate::app::reports::{Report, table};
use crate::app::{App, Error, Result};

/// Who got which choice of a run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FairnessView {
    /// The run.
    pub run: AllocationId,
    /// 1, 2, 3 … in the call.
    pub number: i32,
    /// How far it has come.
    pub status: AllocationStatus,
    /// SHA-256 of its input with the seed.
    pub digest: String,
    /// Everybody, then each home, level and broad field.
    pub groups: Vec<GroupView>,
}

/// A group in the fairness table.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GroupView {
    /// `all`, `home`, `level` or `field`.
    pub by: &'static str,
    /// Which of them: an id, a level, an ISCED-F code; `null` for all, and for a field that is not stated.
    pub is: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Applications in it.
    pub students: u32,
    /// How many got their choice of rank 1, 2, ….
    pub by_rank: Vec<u32>,
    /// Shares that got that choice or a better one, in thousandths.
    pub within: Vec<u32>,
    /// How many got none.
    pub unplaced: u32,
}

/// Who got which choice of a run of a call that the caller sees.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn fairness(app: &App, caller: &Caller, of: (CallId, AllocationId)) -> Result<FairnessView> {
    let conn = app.store.read();
    let row = store::find(conn, caller, of).await?.ok_or(Error::NotFound)?;
    let run = frozen(conn, row.id).await?;
    let groups = groups(&run, &Names::of(conn, &run.input).await?);
    Ok(FairnessView { run: row.id, number: row.number, status: row.status, digest: row.digest, groups })
}

pub(super) fn groups(run: &Frozen, names: &Names) -> Vec<GroupView> {
    tallied(Fairness::of(&run.input.students, &run.outcome), |home| names.institution(home))
}

/// The groups of a table, with the names of homes.
pub(in crate::app) fn tallied(table: Fairness, name: impl Fn(InstitutionId) -> String) -> Vec<GroupView> {
    let ranks = table.ranks;
    let groups = table.groups.into_iter().map(|tally| {
        let (by, is, name) = match tally.group {
            Group::All => ("all", None, None),
            Group::Home(home) => ("home", Some(home.to_string()), Some(name(home))),
            Group::Level(level) => ("level", Some(level.to_string()), None),
            Group::Field(field) => ("field", field.map(|field| field.to_string()), None),
        };
        GroupView {
            by,
            is,
            name,
            students: tally.students,
            within: (1..=ranks).map(|rank| tally.within(rank)).collect(),
            by_rank: tally.by_rank,
            unplaced: tally.unplaced,
        }
    });
    groups.collect()
}

impl GroupView {
    /// The cells of a table for the choices up to a rank, under [`columns`].
    pub(in crate::app) fn cells(&self, ranks: usize) -> Vec<String> {
        let name = self.name.as_deref().map(table::plain).unwrap_or_default();
        let is = self.is.clone().unwrap_or_default();
        let mut row = vec![self.by.to_owned(), is, name, self.students.to_string()];
        let mut within = 0;
        for rank in 1..=ranks {
            within += self.got(rank);
            row.extend([self.got(rank).to_string(), percent(within, self.students)]);
        }
        row.extend([self.unplaced.to_string(), percent(self.unplaced, self.students)]);
        row
    }

    /// How many got that choice, 1 being the most wanted.
    fn got(&self, rank: usize) -> u32 {
        rank.checked_sub(1).and_then(|at| self.by_rank.get(at)).copied().unwrap_or(0)
    }

    /// How many got that choice or a worse one.
    fn got_from(&self, rank: usize) -> u32 {
        self.by_rank.iter().skip(rank.saturating_sub(1)).sum()
    }
}

/// The columns of a table of groups, for the choices up to a rank.
pub(in crate::app) fn columns(ranks: usize) -> Vec<String> {
    let mut columns: Vec<String> = ["by", "is", "name", "students"].map(str::to_owned).into();
    for rank in 1..=ranks {
        columns.extend([format!("choice_{rank}"), format!("percent_within_{rank}")]);
    }
    columns.extend(["unplaced", "percent_unplaced"].map(str::to_owned));
    columns
}

/// So many of all in percent, with a decimal.
fn percent(some: u32, all: u32) -> String {
    let tenths = (u64::from(some) * 2_000 + u64::from(all)).checked_div(u64::from(all) * 2).unwrap_or(0);
    format!("{}.{}", tenths / 10, tenths % 10)
}

impl Report for FairnessView {
    fn csv(&self) -> Result<String> {
        let ranks = self.groups.first().map_or(0, |all| all.by_rank.len());
        table::csv(columns(ranks), self.groups.iter().map(|group| group.cells(ranks)))
    }

    fn picture(&self, language: &str) -> String {
        let title = words(language).title.replace("{}", &self.number.to_string());
        let named: Vec<(Option<&str>, &GroupView)> = self.groups.iter().map(|group| (None, group)).collect();
        drawn(Told { title: &title, none: words(language).none }, &named, language)
    }
}

/// What a picture of groups says about itself.
#[derive(Clone, Copy)]
pub(in crate::app) struct Told<'t> {
    /// What stands above it.
    pub title: &'t str,
    /// What is said where there is nothing to draw.
    pub none: &'t str,
}

/// Groups as bars below each other, each with a name before its own if wanted.
pub(in crate::app) fn drawn(
    Told { title, none }: Told<'_>,
    groups: &[(Option<&str>, &GroupView)],
    language: &str,
) -> String {
    let words = words(language);
    let bars: Vec<Bar> = groups.iter().map(|(before, group)| bar(*before, group, words)).collect();
    let worst = groups.iter().map(|(_, group)| group.by_rank.len()).max().unwrap_or(0);
    let mut legend = Vec::new();
    for (at, fill) in FILLS.into_iter().enumerate().take(worst) {
        legend.push((fill, words.choices[at]));
    }
    legend.push((Fill::White, words.without));
    picture::draw(About { title, legend: &legend, none, more: words.more }, &bars)
}

fn words(language: &str) -> &'static Words {
    if language.starts_with("zh") { &CHINESE } else { &ENGLISH }
}

/// Fillings of the first choice, the second, the third, and all others together.
const FILLS: [Fill; 4] = [Fill::Dark, Fill::Hatched, Fill::Pale, Fill::Dotted];

/// Words of the picture in one language.
struct Words {
    chinese: bool,
    title: &'static str,
    choices: [&'static str; FILLS.len()],
    without: &'static str,
    all: &'static str,
    field: &'static str,
    no_field: &'static str,
    students: (&'static str, &'static str),
    none: &'static str,
    more: &'static str,
}

const ENGLISH: Words = Words {
    chinese: false,
    title: "Run {}: who got which choice",
    choices: ["first choice", "second choice", "third choice", "a later choice"],
    without: "no place",
    all: "Everybody",
    field: "Field",
    no_field: "Field not stated",
    students: (" (applications: ", ")"),
    none: "No application takes part.",
    more: "{} more groups are in the table.",
};

const CHINESE: Words = Words {
    chinese: true,
    title: "第 {} 次分發：各志願分發情形",
    choices: ["第一志願", "第二志願", "第三志願", "其他志願"],
    without: "未獲名額",
    all: "全部",
    field: "領域",
    no_field: "未填領域",
    students: ("（申請 ", " 件）"),
    none: "沒有申請參加。",
    more: "另有 {} 組，詳見表格。",
};

fn bar(before: Option<&str>, group: &GroupView, words: &Words) -> Bar {
    let (open, close) = words.students;
    let before = before.map(|name| format!("{name} · ")).unwrap_or_default();
    let name = format!("{before}{}{open}{}{close}", named(group, words), group.students);
    let got = [group.got(1), group.got(2), group.got(3), group.got_from(4)];
    let wide = |amount: u32| (i64::from(amount) * BAR).checked_div(i64::from(group.students)).unwrap_or(0);
    let share = |amount: u32| format!("{} %", percent(amount, group.students));
    let shown = got.into_iter().take(group.by_rank.len());
    let mut told: Vec<String> =
        shown.clone().zip(words.choices).map(|(some, choice)| format!("{choice} {}", share(some))).collect();
    told.push(format!("{} {}", words.without, share(group.unplaced)));
    let mut parts: Vec<(Fill, i64)> = FILLS.into_iter().zip(got.map(wide)).collect();
    parts.push((Fill::White, wide(group.unplaced)));
    let numbers: Vec<String> = shown.chain([group.unplaced]).map(share).collect();
    let told = format!("{name}: {}.", told.join(", "));
    Bar { name, parts, numbers: numbers.join(" · "), over: false, told }
}

fn named(group: &GroupView, words: &Words) -> String {
    let level = || group.is.as_deref().and_then(|is| is.parse::<Level>().ok());
    match (group.by, &group.name, &group.is) {
        ("home", Some(name), _) => name.clone(),
        ("level", _, Some(is)) => {
            level().map_or_else(|| is.clone(), |level| picture::level(level, words.chinese).to_owned())
        }
        ("field", _, Some(is)) => format!("{} {is}", words.field),
        ("field", ..) => words.no_field.to_owned(),
        _ => words.all.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(by_rank: &[u32], unplaced: u32) -> FairnessView {
        let students = by_rank.iter().sum::<u32>() + unplaced;
        let group = |by, is: Option<&str>, name: Option<&str>| GroupView {
            by,
            is: is.map(str::to_owned),
            name: name.map(str::to_owned),
            students,
            by_rank: by_rank.to_vec(),
            within: Vec::new(),
            unplaced,
        };
        FairnessView {
            run: AllocationId::from(uuid::Uuid::nil()),
            number: 3,
            status: AllocationStatus::Trial,
            digest: String::new(),
            groups: vec![
                group("all", None, None),
                group("home", Some("x"), Some("=University")),
                group("level", Some("first"), None),
                group("field", None, None),
            ],
        }
    }

    #[test]
    fn a_table_has_a_pair_of_columns_for_each_choice_that_somebody_got() {
        let table = view(&[4, 2], 1).csv().unwrap();
        let mut lines = table.lines();
        let head = "by,is,name,students,choice_1,percent_within_1,choice_2,percent_within_2,unplaced,percent_unplaced";
        assert_eq!(lines.next(), Some(head));
        assert_eq!(lines.next(), Some("all,,,7,4,57.1,2,85.7,1,14.3"));
        assert!(lines.next().unwrap().starts_with("home,x,'=University,7,"));
        assert_eq!(view(&[], 0).csv().unwrap().lines().nth(1), Some("all,,,0,0,0.0"));
    }

    #[test]
    fn a_picture_says_every_share_and_gathers_later_choices() {
        let english = view(&[4, 2, 0, 1, 1], 2).picture("en");
        for part in
            ["Run 3", "Everybody (applications: 10)", "a later choice 20.0 %", "no place 20.0 %", "bachelor"]
        {
            assert!(english.contains(part), "{part}: {english}");
        }
        let chinese = view(&[4], 0).picture("zh-Hant");
        assert!(chinese.contains("第一志願 100.0 %") && !chinese.contains("第二志願"), "{chinese}");
        assert!(view(&[], 0).picture("en").contains("0.0 %"));
    }
}
