//! Which lines give places at an instant: those of agreements that both sides have signed and that are not over.
//!
//! What was taken is never lost sight of: a line that gives nothing still counts as far as its places are reserved or taken.

use chrono::{DateTime, NaiveDate, Utc};
use sojourn_engine::vocabulary::AgreementStatus;

use crate::app::agreements::Terms;
use crate::store::agreements::Agreement;
use crate::store::periods::Period;

/// Whether a line gives places at an instant, which is a day in the zone of the alliance; one without an agreement always does.
///
/// One for a period does so where its agreement reaches into that; one for any period until the last day of the agreement, and where
/// that goes on from another not before its first day, so that both never give the same places at once.
pub(super) fn gives(
    agreement: Option<&Agreement>,
    period: Option<&Period>,
    (at, on): (DateTime<Utc>, NaiveDate),
) -> bool {
    let Some(agreement) = agreement else { return true };
    if !is_signed(agreement, at) {
        return false;
    }
    let Terms { valid_from_on: first, valid_until_on: last, .. } = Terms::at(agreement, at);
    let last = agreement.ended_on.map_or(last, |ended| ended.min(last));
    match period {
        Some(period) => first <= period.end_on && period.start_on <= last,
        None => on <= last && (agreement.renews_id.is_none() || first <= on),
    }
}

/// Whether both sides had signed by an instant; a row that does not say when had been from its beginning.
fn is_signed(agreement: &Agreement, at: DateTime<Utc>) -> bool {
    match agreement.status {
        AgreementStatus::Draft | AgreementStatus::Proposed | AgreementStatus::Dropped => false,
        AgreementStatus::Agreed => agreement.agreed_at.unwrap_or(agreement.created_at) <= at,
        AgreementStatus::Ended => agreement.agreed_at.is_some_and(|agreed_at| agreed_at <= at),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId};
    use uuid::Uuid;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn noon(on: NaiveDate) -> DateTime<Utc> {
        on.and_hms_opt(12, 0, 0).unwrap().and_utc()
    }

    /// Signed in June 2026, for the two years from September on.
    fn signed() -> Agreement {
        Agreement {
            id: AgreementId::from(Uuid::from_u128(1)),
            proposer_id: InstitutionId::from(Uuid::from_u128(2)),
            partner_id: None,
            status: AgreementStatus::Agreed,
            valid_from_on: day("2026-09-01"),
            valid_until_on: day("2028-08-31"),
            fields: json!([]),
            levels: json!([]),
            proposed_by: None,
            proposed_at: None,
            agreed_by: None,
            agreed_at: Some(noon(day("2026-06-01"))),
            ended_on: None,
            note: None,
            case_id: None,
            proposed_terms: None,
            past_terms: None,
            nomination_windows: None,
            renews_id: None,
            created_at: noon(day("2026-05-01")),
            version: 1,
        }
    }

    fn term(start_on: &str, end_on: &str) -> Period {
        Period {
            id: PeriodId::from(Uuid::from_u128(3)),
            institution_id: InstitutionId::from(Uuid::from_u128(2)),
            academic_year: 2026,
            term: "S1".to_owned(),
            name: None,
            start_on: day(start_on),
            end_on: day(end_on),
            twelfths: 6,
            created_at: noon(day("2026-05-01")),
            version: 1,
        }
    }

    fn on(agreement: &Agreement, period: Option<&Period>, text: &str) -> bool {
        gives(Some(agreement), period, (noon(day(text)), day(text)))
    }

    #[test]
    fn a_line_gives_from_the_signature_to_the_last_day() {
        let agreement = signed();
        assert!(gives(None, None, (noon(day("2026-01-01")), day("2026-01-01"))));
        assert!(!on(&agreement, None, "2026-05-31") && on(&agreement, None, "2026-06-02"));
        assert!(on(&agreement, None, "2028-08-31") && !on(&agreement, None, "2028-09-01"));
        let renewal = Agreement { renews_id: Some(agreement.id), ..signed() };
        assert!(!on(&renewal, None, "2026-08-31") && on(&renewal, None, "2026-09-01"));
        let ended =
            Agreement { status: AgreementStatus::Ended, ended_on: Some(day("2027-01-31")), ..signed() };
        assert!(on(&ended, None, "2027-01-31") && !on(&ended, None, "2027-02-01"));
        let undated = Agreement { agreed_at: None, ..signed() };
        assert!(!on(&undated, None, "2026-04-30") && on(&undated, None, "2026-05-02"));
    }

    #[test]
    fn a_line_for_a_period_gives_where_its_agreement_reaches_into_it() {
        let agreement = signed();
        let (within, after) = (term("2027-02-01", "2027-06-30"), term("2028-09-01", "2029-01-31"));
        assert!(on(&agreement, Some(&within), "2031-01-01"), "what it gave is not forgotten");
        assert!(!on(&agreement, Some(&after), "2027-01-01"));
        let ended =
            Agreement { status: AgreementStatus::Ended, ended_on: Some(day("2027-01-31")), ..signed() };
        assert!(!on(&ended, Some(&within), "2027-01-01"));
        let past = json!([{
            "valid_from_on": "2026-09-01", "valid_until_on": "2029-08-31", "fields": [], "levels": [],
            "replaced_at": "2027-03-01T12:00:00Z",
        }]);
        let shortened = Agreement { past_terms: Some(past), ..signed() };
        assert!(on(&shortened, Some(&after), "2027-02-28") && !on(&shortened, Some(&after), "2027-03-02"));
    }

    proptest! {
        #[test]
        fn nothing_unsigned_gives(
            status in prop::sample::select(&[AgreementStatus::Draft, AgreementStatus::Proposed, AgreementStatus::Dropped][..]),
            days in -2_000i64..4_000,
            is_dated in any::<bool>(),
        ) {
            let when = day("2026-06-01") + chrono::TimeDelta::days(days);
            let agreement =
                Agreement { status, agreed_at: signed().agreed_at.filter(|_| is_dated), ..signed() };
            let period = term("2027-02-01", "2027-06-30");
            for period in [None, Some(&period)] {
                prop_assert!(!gives(Some(&agreement), period, (noon(when), when)));
            }
        }

        #[test]
        fn an_agreement_and_the_next_never_give_the_same_places_at_once(days in 0i64..3_000) {
            let when = day("2026-06-01") + chrono::TimeDelta::days(days);
            let first = signed();
            let next = Agreement {
                renews_id: Some(first.id),
                valid_from_on: day("2028-09-01"),
                valid_until_on: day("2030-08-31"),
                ..signed()
            };
            let both = [&first, &next].map(|one| gives(Some(one), None, (noon(when), when)));
            prop_assert!(!(both[0] && both[1]));
        }
    }
}
