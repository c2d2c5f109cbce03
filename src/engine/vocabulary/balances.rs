//! Words about balances of places.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnknownWord;

words! {
    /// How far a statement of a balance has come.
    StatementStatus ("status of a statement") {
        /// Made by one side, which stands by it.
        Made = "made",
        /// The other side agrees.
        Confirmed = "confirmed",
        /// The other side does not; the chair decides.
        Disputed = "disputed",
        /// The chair has decided.
        Settled = "settled",
    }

    /// What places are told apart by in a report.
    PlacesBy ("way to tell places apart") {
        /// Who sends and who receives.
        Pair = "pair",
        /// The term of the stay.
        Period = "period",
        /// Study cycles they are for.
        Level = "level",
        /// Fields of study they are for.
        Field = "field",
    }
}
