//! What a student keeps of the list they submitted.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};

use super::Digest;
use crate::ids::{CaseId, OfferingId};

/// The digest of a submitted list: the SHA-256 of its [lines](receipt_lines).
pub fn receipt(application: CaseId, submitted: DateTime<Utc>, list: &[(u16, OfferingId)]) -> Digest {
    Digest::of(receipt_lines(application, submitted, list).as_bytes())
}

/// What a receipt is made from, for anybody to write down again: `application ID`, `submitted INSTANT` (RFC 3339, UTC, whole
/// seconds), then `RANK OFFERING` for each choice, best first; each line ended by a line feed.
pub fn receipt_lines(application: CaseId, submitted: DateTime<Utc>, list: &[(u16, OfferingId)]) -> String {
    let mut ranked = list.to_vec();
    ranked.sort_unstable();
    let instant = submitted.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut text = format!("application {application}\nsubmitted {instant}\n");
    for (rank, offering) in ranked {
        let _ = writeln!(text, "{rank} {offering}");
    }
    text
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_receipt_is_what_sha256sum_prints_for_the_list() {
        let offering = |number| OfferingId::from(Uuid::from_u128(number));
        let submitted = "2027-01-04T10:00:00.5Z".parse().unwrap();
        let list = [(2, offering(8)), (1, offering(9))];
        let text = "application 00000000-0000-0000-0000-000000000007\n\
                    submitted 2027-01-04T10:00:00Z\n\
                    1 00000000-0000-0000-0000-000000000009\n\
                    2 00000000-0000-0000-0000-000000000008\n";
        let case = CaseId::from(Uuid::from_u128(7));
        assert_eq!(receipt(case, submitted, &list), Digest::of(text.as_bytes()));
        let swapped = [(1, offering(8)), (2, offering(9))];
        assert_ne!(receipt(case, submitted, &list), receipt(case, submitted, &swapped));
    }
}
