//! How far an allocation has come.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnknownWord;

words! {
    /// How far a run of an allocation has come.
    AllocationStatus ("status of an allocation") {
        /// Tried: nothing has happened by it.
        Trial = "trial",
        /// Its places are held, and its events are being carried out.
        Confirmed = "confirmed",
        /// All its events have been carried out.
        Done = "done",
    }
}
