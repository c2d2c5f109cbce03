//! How each language orders names and groups numbers, from the data of CLDR: by letters, accents and strokes, not by bytes.

use std::cmp::Ordering;
use std::sync::LazyLock;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed};
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;
use icu_decimal::options::DecimalFormatterOptions;
use icu_locale_core::Locale;
use minijinja::value::Rest;
use minijinja::{Environment, State, Value};

use crate::access::language::LANGUAGES;

static ORDERS: LazyLock<Vec<(&str, CollatorBorrowed<'static>)>> = LazyLock::new(|| {
    let order = |locale: &Locale| Collator::try_new(locale.into(), CollatorOptions::default()).ok();
    of_all(order)
});

thread_local! {
    /// Of each thread, for they are not shared.
    static NUMBERS: Vec<(&'static str, DecimalFormatter)> =
        of_all(|locale| DecimalFormatter::try_new(locale.into(), DecimalFormatterOptions::default()).ok());
}

fn of_all<T>(made: impl Fn(&Locale) -> Option<T>) -> Vec<(&'static str, T)> {
    LANGUAGES.iter().filter_map(|tag| Some((*tag, made(&tag.parse().ok()?)?))).collect()
}

fn of<'a, T>(all: &'a [(&str, T)], language: &str) -> Option<&'a T> {
    all.iter().find(|(tag, _)| *tag == language).map(|(_, known)| known)
}

/// Which of two names comes first for readers of a language; names that it takes for the same by their bytes.
pub fn compare(language: &str, one: &str, other: &str) -> Ordering {
    let order = of(&ORDERS, language);
    order.map_or(Ordering::Equal, |order| order.compare(one, other)).then_with(|| one.cmp(other))
}

/// A number as a language writes it; what is none as it stands.
pub fn number(language: &str, written: &str) -> String {
    let grouped = written.parse::<Decimal>().ok().and_then(|number| {
        NUMBERS.with(|all| of(all, language).map(|known| known.format(&number).to_string()))
    });
    grouped.unwrap_or_else(|| written.to_owned())
}

/// The filters `in_order`, of a list by the names at paths within its items, and `number`, both in the page's language.
pub fn add_filters(engine: &mut Environment<'static>) {
    engine.add_filter("in_order", |state: &State<'_, '_>, list: &Value, paths: Rest<String>| {
        let language = state.lookup("language").unwrap_or_default();
        let keyed = |one: Value| (paths.iter().map(|path| at(&one, path)).collect::<Vec<_>>(), one);
        let mut all: Vec<_> = list.try_iter()?.map(keyed).collect();
        all.sort_by(|(one, _), (other, _)| first(language.as_str().unwrap_or_default(), one, other));
        Ok::<_, minijinja::Error>(all.into_iter().map(|(_, one)| one).collect::<Vec<_>>())
    });
    engine.add_filter("number", |state: &State<'_, '_>, number: &Value| {
        let language = state.lookup("language").unwrap_or_default();
        self::number(language.as_str().unwrap_or_default(), &number.to_string())
    });
}

/// What lies at a dotted path, a number being a place in a list; nothing where there is none.
fn at(of: &Value, path: &str) -> Value {
    path.split('.').filter(|part| !part.is_empty()).fold(of.clone(), |of, part| {
        let found = part.parse().map_or_else(|_| of.get_attr(part), |nth| of.get_item_by_index(nth));
        found.unwrap_or_default()
    })
}

fn first(language: &str, one: &[Value], other: &[Value]) -> Ordering {
    let pairs = one.iter().zip(other).map(|(one, other)| match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => compare(language, one, other),
        _ => one.cmp(other),
    });
    pairs.fold(Ordering::Equal, Ordering::then)
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    const NAMES: [&str; 9] =
        ["Zürich", "臺灣大學", "Österreich", "北京", "Łódź", "山東大學", "Oslo", "Ångström", "amsterdam"];

    fn ordered(language: &str) -> Vec<&'static str> {
        let mut names = NAMES.to_vec();
        names.sort_by(|one, other| compare(language, one, other));
        names
    }

    #[test]
    fn names_stand_by_letters_and_in_chinese_by_strokes() {
        let latin = ["amsterdam", "Ångström", "Łódź", "Oslo", "Österreich", "Zürich"];
        assert_eq!(ordered("en")[..6], latin);
        // As Unicode has them.
        assert_eq!(ordered("en")[6..], ["北京", "山東大學", "臺灣大學"]);
        // Three strokes, five, fourteen; readers of Chinese find them before other scripts.
        assert_eq!(ordered("zh-Hant")[..3], ["山東大學", "北京", "臺灣大學"]);
        assert_eq!(ordered("zh-Hant")[3..], latin);
    }

    #[test]
    fn the_same_names_in_any_order_come_in_one() {
        let mut names = ["a", "A", "á", "a\u{301}", "a"];
        names.sort_by(|one, other| compare("en", one, other));
        let sorted = names;
        names.reverse();
        names.sort_by(|one, other| compare("en", one, other));
        assert_eq!(names, sorted);
    }

    #[test]
    fn numbers_are_grouped_and_what_is_none_stays() {
        for language in LANGUAGES {
            let written =
                ["0", "999", "1000", "-1234567", "12345.5", "–", ""].map(|text| number(language, text));
            assert_eq!(written, ["0", "999", "1,000", "-1,234,567", "12,345.5", "–", ""], "{language}");
        }
    }

    #[test]
    fn a_page_orders_a_list_by_several_names() {
        let mut engine = Environment::new();
        add_filters(&mut engine);
        let items = [("Zürich", 1, "b"), ("Ångström", 2, "b"), ("Zürich", 1, "a"), ("Oslo", 10, "c")];
        let items = items.map(|(name, number, last)| context! { of => context! { name }, number, last });
        let shown = |template: &str| {
            let pairs = [["x", "ö"], ["y", "o"]];
            engine.render_str(template, context! { language => "en", items => items.clone(), pairs })
        };
        let by_name =
            "{% for one in items|in_order('of.name', 'last') %}{{ one.of.name }}{{ one.last }} {% endfor %}";
        assert_eq!(shown(by_name).unwrap(), "Ångströmb Osloc Züricha Zürichb ");
        let by_number =
            "{% for one in items|in_order('number', 'last') %}{{ one.number }}{{ one.last }} {% endfor %}";
        assert_eq!(shown(by_number).unwrap(), "1a 1b 2b 10c ");
        assert_eq!(shown("{% for one in pairs|in_order('1') %}{{ one[0] }}{% endfor %}").unwrap(), "yx");
        assert_eq!(
            shown("{% for one in ['b', 'á', 'a']|in_order('') %}{{ one }}{% endfor %}").unwrap(),
            "aáb"
        );
        let within = "{% macro of(one) %}{{ one|number }}{% endmacro %}{{ of(1234) }} {{ 1234.5|number }}";
        assert_eq!(shown(within).unwrap(), "1,234 1,234.5");
    }
}
