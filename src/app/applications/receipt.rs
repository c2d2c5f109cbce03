//! What the receipt of a list was made from, for whoever wants to make it again.

use sojourn_engine::allocation::{Digest, receipt_lines};

use super::view::ApplicationView;

/// The lines behind the receipt of an application; `None` without one, or where its list has changed since.
pub fn lines(view: &ApplicationView) -> Option<String> {
    let ranked =
        view.choices.iter().map(|choice| Some((u16::try_from(choice.rank?).ok()?, choice.offering_id)));
    let lines = receipt_lines(view.id, view.submitted_at?, &ranked.collect::<Option<Vec<_>>>()?);
    let same =
        view.receipt.as_ref().is_some_and(|receipt| Digest::of(lines.as_bytes()).to_string() == *receipt);
    same.then_some(lines)
}
