//! What the audit tells of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::UnknownWord;

words! {
    /// What somebody did outside the steps of cases.
    Deed ("deed") {
        /// Entered something new.
        Create = "create",
        /// Changed something.
        Change = "change",
        /// Ended it or took it back.
        End = "end",
        /// Took a whole file in.
        Import = "import",
        /// Put a version of a workflow into force.
        Approve = "approve",
        /// Read what it holds.
        Read = "read",
        /// Sent it once more.
        Resend = "resend",
    }

    /// What a deed was done to.
    Matter ("kind of thing") {
        /// An institution.
        Institution = "institution",
        /// A unit of an institution.
        Unit = "unit",
        /// A term of the annual chair.
        ChairTerm = "chair_term",
        /// A person.
        Person = "person",
        /// A duty of a person.
        Role = "role",
        /// A registration at a home institution.
        Registration = "registration",
        /// Somebody's standing in for somebody else.
        Absence = "absence",
        /// An agreement.
        Agreement = "agreement",
        /// A statement of a balance.
        BalanceStatement = "balance_statement",
        /// A line of places.
        PlaceLine = "place_line",
        /// A term of an institution's calendar.
        Period = "period",
        /// A programme.
        Programme = "programme",
        /// A programme in a period.
        Offering = "offering",
        /// A call for applications.
        Call = "call",
        /// A run of an allocation.
        Allocation = "allocation",
        /// An application, beside the steps of its case.
        Application = "application",
        /// A version of a workflow.
        WorkflowVersion = "workflow_version",
        /// A notice.
        Notice = "notice",
        /// A version of a document.
        Document = "document",
        /// A file that was imported.
        ImportFile = "import_file",
    }
}
