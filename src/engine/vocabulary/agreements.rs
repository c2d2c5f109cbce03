//! Words about agreements.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnknownWord;

words! {
    /// How far an agreement has come, as the state of its case says.
    AgreementStatus ("status of an agreement") {
        /// Being written by one side.
        Draft = "draft",
        /// One side has agreed.
        Proposed = "proposed",
        /// Both sides have agreed; its places count between its dates.
        Agreed = "agreed",
        /// Over: its time has run out, or one side has given notice.
        Ended = "ended",
        /// Given up before both sides had agreed.
        Dropped = "dropped",
    }

    /// What an event does to the terms of an agreement.
    Terms ("effect on terms") {
        /// Its input is proposed as an amendment.
        Propose = "propose",
        /// The amendment that was proposed takes effect; the terms before it are kept.
        Settle = "settle",
        /// The amendment that was proposed is dropped.
        Drop = "drop",
        /// Terms and lines are copied into an agreement for the time after, as a draft.
        Renew = "renew",
    }
}
