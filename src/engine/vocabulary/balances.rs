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
}
