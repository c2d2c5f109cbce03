//! How far an allocation has come, and one event fired at many cases.

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

    /// How far one event fired at many cases has come.
    BulkStatus ("status of a bulk") {
        /// Its cases are being moved.
        GoingOn = "going_on",
        /// Each of its cases has been tried.
        Done = "done",
        /// It was called back: its cases are being put back.
        CallingBack = "calling_back",
        /// It was called back, and each of its cases has been looked at.
        CalledBack = "called_back",
    }

    /// What became of one case of a bulk.
    BulkItemStatus ("status of a case of a bulk") {
        /// Not tried yet.
        Waiting = "waiting",
        /// Moved.
        Done = "done",
        /// Its rules refused it, or it had changed.
        Barred = "barred",
        /// Moved, then put back.
        Undone = "undone",
        /// Moved and not put back: it had gone on, or a mail had gone out.
        Kept = "kept",
        /// Called back before it was tried.
        Untried = "untried",
    }
}
