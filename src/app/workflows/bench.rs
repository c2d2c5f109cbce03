//! What those who write workflows work with: what the checker says of a text, its picture, and who wrote what.

use serde::Serialize;
use sojourn_engine::definition::diagram::View;
use sojourn_engine::definition::{Definition, MachineIx};
use sojourn_engine::ids::PersonId;

use super::CheckView;
use crate::access::{Caller, Policy};
use crate::app::{App, Error, Result, demand};
use crate::store::dossiers;

/// A text that is not stored, looked at.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewView {
    /// What it calls itself, where it can be read.
    pub id: Option<String>,
    /// What the loader and the checker say.
    pub check: CheckView,
    /// Its main machine as SVG in the reader's language, where it can be read.
    pub picture: Option<String>,
}

/// Looks at a definition that is being written; nothing is stored.
///
/// # Errors
/// [`Error::Forbidden`] for anybody but the secretariat and the chair.
pub async fn preview(app: &App, caller: &Caller, source: String) -> Result<PreviewView> {
    demand(Policy::SecretariatOrChair, caller)?;
    let check = app.definitions.check(source.clone()).await?.into();
    let language = caller.language.clone();
    let draw = move || {
        let definition = Definition::parse(&source).ok()?;
        let view = View { language: &language, ..View::default() };
        Some((definition.id.clone(), definition.svg(MachineIx::MAIN, &view)))
    };
    let drawn = tokio::task::spawn_blocking(draw).await.map_err(|fault| Error::Internal(Box::new(fault)))?;
    let (id, picture) = drawn.unzip();
    Ok(PreviewView { id, check, picture })
}

/// Names of those who posted and approved versions; for the secretariat and the chair.
///
/// # Errors
/// [`Error::Forbidden`] for anybody else.
pub async fn authors(app: &App, caller: &Caller, of: &[PersonId]) -> Result<Vec<(PersonId, String)>> {
    demand(Policy::SecretariatOrChair, caller)?;
    Ok(dossiers::names(app.store.read(), of).await?)
}
