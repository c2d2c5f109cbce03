//! The likeliest meaning of a misspelt name.

/// Finds the candidate that fewest edits turn `wanted` into; `None` when all are too far to be meant.
///
/// One letter in three may differ. Of equally near ones the first is taken.
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (wanted.chars().count() / 3).max(1);
    let near = |candidate: &&'a str| candidate.len().abs_diff(wanted.len()) <= 4 * allowed;
    candidates
        .into_iter()
        .filter(near)
        .map(|candidate| (distance(wanted, candidate), candidate))
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Counts insertions, deletions and replacements of characters (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_meant() {
        let names = ["call.closes_at", "call.opens_at", "main"];
        assert_eq!(nearest("call.close_at", names), Some("call.closes_at"));
        assert_eq!(nearest("maim", ["name", "main", "mail"]), Some("main"));
        assert_eq!(nearest("student.credits", names), None);
        assert_eq!(nearest("x", []), None);
    }

    #[test]
    fn distances_count_single_edits() {
        for (a, b, edits) in [("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("家鄉", "家", 1)] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }
}
