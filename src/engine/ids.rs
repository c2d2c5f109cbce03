//! Every id of the project: one newtype per kind of thing, so that an application can never be mistaken for its applicant.
//!
//! An id is a UUID of version 7: it sorts by the instant it was made at, and only a command's own stream of ids makes one. Secrets
//! (tokens, invitations) are never ids, because an id tells its time. To add one, name it in the list at the end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id: write it as 8-4-4-4-12 hexadecimal digits, as the service gave it")]
pub struct NotAnId {
    /// What was given.
    pub text: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sea-orm", derive(sea_orm::DeriveValueType))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::parse_str(text).map(Self).map_err(|_| NotAnId { text: text.to_owned() })
            }
        }

        // Asked of every primary key; only numbers that a database hands out can do it.
        #[cfg(feature = "sea-orm")]
        impl sea_orm::TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
                Err(sea_orm::DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )*};
}

ids! {
    /// A member, partner or employer.
    InstitutionId,
    /// A faculty or department of an institution.
    UnitId,
    /// A term of the annual chair.
    ChairTermId,
    /// A human, whatever they do.
    PersonId,
    /// A duty that a person holds at an institution for a time.
    RoleId,
    /// A person's being a student, or for staff programmes a staff member, somewhere.
    RegistrationId,
    /// An agreement between two members.
    AgreementId,
    /// A term of one institution's calendar.
    PeriodId,
    /// A programme; an internship offer is one.
    ProgrammeId,
    /// A programme in a period: what can be chosen.
    OfferingId,
    /// A call for applications.
    CallId,
    /// A run of an allocation.
    AllocationId,
    /// One event fired at many cases at once.
    BulkId,
    /// A line of places.
    PlaceLineId,
    /// A message about a case.
    MessageId,
    /// A statement of what two sides owe each other in places.
    BalanceStatementId,
    /// An entry that explains a line of places.
    PostingId,
    /// A case of any subject; an application's id is its case's id.
    CaseId,
    /// A choice of one application.
    ChoiceId,
    /// A clock of one case.
    ClockRowId,
    /// A refused attempt.
    RefusalId,
    /// One version of a document.
    DocumentId,
    /// A notice in the outbox; the headers of its e-mail derive from it.
    NoticeId,
    /// A log-in, with the family of refresh tokens that came from it.
    SessionId,
    /// A one-time link: an invitation, a password reset, or one thing to do in a case.
    TokenId,
    /// A log-in elsewhere that is somebody's.
    IdentityId,
    /// Somebody's standing in for somebody else.
    DelegationId,
    /// A numbered version of a workflow.
    WorkflowVersionId,
    /// A file that was imported.
    ImportFileId,
    /// A worker's claim on rows it works on.
    LeaseId,
    /// Something that somebody agreed to.
    ConsentId,
    /// What keeps somebody's data from being erased.
    LegalHoldId,
    /// The erasure of somebody's data.
    ErasureId,
    /// What somebody did outside the steps of cases.
    AuditEntryId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_and_read_as_the_same_text() {
        let text = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162";
        let id: CaseId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<CaseId>(&format!("\"{text}\"")).unwrap(), id);
    }

    #[test]
    fn text_that_is_no_id_is_refused_by_name() {
        assert_eq!("anna".parse::<PersonId>().unwrap_err(), NotAnId { text: "anna".to_owned() });
    }

    #[test]
    fn ids_sort_by_the_instant_they_were_made_at() {
        let earlier: CaseId = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162".parse().unwrap();
        let later: CaseId = "019a7c3e-5b20-7000-8000-000000000000".parse().unwrap();
        assert!(earlier < later);
    }
}
