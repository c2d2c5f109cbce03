//! Definitions in memory: a version never changes, so each is read from the store once and kept.
//!
//! The definitions shipped with the binary are the first versions of their workflows. To ship one more: a file in
//! `templates/workflows/`.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use sojourn_engine::definition::{Definition, Finding};
use sojourn_engine::ids::WorkflowVersionId;
use sojourn_engine::vocabulary::VersionStatus;
use tokio::sync::Semaphore;

use super::{Error, Result};
use crate::clock::Moment;
use crate::store::workflows::{self, NewVersion, Version};
use crate::store::{Conn, Store};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/templates/workflows"]
struct Files;

/// What a file beside a definition is called that holds walks to try it with.
const SCENARIOS: &str = ".scenarios.toml";

/// Name and source of every definition shipped with the binary, by the name of its file.
pub fn shipped() -> Vec<(String, String)> {
    let read = |file: std::borrow::Cow<'static, str>| {
        let name = file.strip_suffix(".toml").filter(|_| !file.ends_with(SCENARIOS))?;
        let bytes = Files::get(&file)?.data;
        Some((name.to_owned(), String::from_utf8_lossy(&bytes).into_owned()))
    };
    let mut all: Vec<_> = Files::iter().filter_map(read).collect();
    all.sort();
    all
}

/// Checks that run at the same time.
const CHECKS: usize = 2;
/// So many texts are remembered with what was found, for whoever looks at one again.
const REMEMBERED: usize = 16;

/// A definition that cannot be used although it stands in the store or the binary.
#[derive(Debug, thiserror::Error)]
#[error("the definition {name} is not sound: {}", first(.findings))]
pub struct Unsound {
    /// Which: workflow or version.
    pub name: String,
    /// Every finding.
    pub findings: Vec<Finding>,
}

fn first(findings: &[Finding]) -> String {
    findings.first().map_or_else(String::new, ToString::to_string)
}

/// Hashes of texts, each with what was found in it.
type Checked = VecDeque<(Vec<u8>, Vec<Finding>)>;

/// Every definition read so far; cheap to clone, and clones share what they know.
#[derive(Debug, Clone)]
pub struct Definitions {
    loaded: Arc<RwLock<HashMap<WorkflowVersionId, Arc<Definition>>>>,
    checking: Arc<Semaphore>,
    /// What was found in texts lately, by their hashes, the newest first.
    checked: Arc<Mutex<Checked>>,
}

impl Default for Definitions {
    fn default() -> Self {
        let checking = Arc::new(Semaphore::new(CHECKS));
        Self { loaded: Arc::default(), checking, checked: Arc::default() }
    }
}

impl Definitions {
    /// Everything the loader and the checker say about a source; nothing when it is sound.
    ///
    /// A large definition takes a while: it is worked on beside the threads that serve, a few at a time.
    pub async fn check(&self, source: String) -> Result<Vec<Finding>> {
        let fault = |error: Box<dyn std::error::Error + Send + Sync>| Error::Internal(error);
        let sha256 = Sha256::digest(&source).to_vec();
        if let Some(known) = self.found_in(&sha256) {
            return Ok(known);
        }
        let _permit = self.checking.acquire().await.map_err(|error| fault(error.into()))?;
        let work = move || match Definition::parse(&source) {
            Ok(definition) => definition.check(),
            Err(findings) => findings,
        };
        let found = tokio::task::spawn_blocking(work).await.map_err(|error| fault(error.into()))?;
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.push_front((sha256, found.clone()));
        checked.truncate(REMEMBERED);
        Ok(found)
    }

    fn found_in(&self, sha256: &[u8]) -> Option<Vec<Finding>> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        checked.iter().find(|(known, _)| known == sha256).map(|(_, found)| found.clone())
    }

    /// The definition of a version.
    ///
    /// It was proven when it came into force, so it is only read here: a later, stricter checker never strands running cases.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such version.
    pub async fn get(&self, conn: &impl Conn, id: WorkflowVersionId) -> Result<Arc<Definition>> {
        if let Some(known) = self.loaded.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Ok(Arc::clone(known));
        }
        let source = workflows::source(conn, id).await?.ok_or(Error::NotFound)?;
        let unsound = |findings| Unsound { name: id.to_string(), findings };
        let definition =
            Definition::parse(&source).map_err(|findings| Error::Internal(Box::new(unsound(findings))))?;
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(loaded.entry(id).or_insert_with(|| Arc::new(definition))))
    }

    /// The version new cases of a workflow begin with; `None` when none is in force.
    ///
    /// Asked of the store every time, for another process may have approved one.
    pub async fn current(
        &self,
        conn: &impl Conn,
        workflow: &str,
    ) -> Result<Option<(WorkflowVersionId, Arc<Definition>)>> {
        let Some(id) = workflows::current(conn, workflow).await? else { return Ok(None) };
        Ok(Some((id, self.get(conn, id).await?)))
    }

    /// Every version that cases may follow, of all workflows.
    pub async fn approved(&self, conn: &impl Conn) -> Result<Vec<Arc<Definition>>> {
        let mut all = Vec::new();
        for id in workflows::approved(conn).await? {
            all.push(self.get(conn, id).await?);
        }
        Ok(all)
    }

    /// Brings the definitions shipped with the binary into the store: the first as version 1, a changed one as the next version.
    ///
    /// They are proven by the tests of the binary, not again at every start.
    ///
    /// Where the alliance has put a version of its own in force, a changed one is left as a draft for it to decide on.
    pub async fn ship(store: &Store, at: &Moment) -> Result<()> {
        for (_, source) in shipped() {
            match Self::ship_one(store, at, &source).await {
                // Another process that starts at the same time was faster.
                Ok(()) | Err(Error::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn ship_one(store: &Store, at: &Moment, source: &str) -> Result<()> {
        let unsound = |findings| Error::Internal(Box::new(Unsound { name: "shipped".to_owned(), findings }));
        let definition = Definition::parse(source).map_err(unsound)?;
        let sha256 = Sha256::digest(source).to_vec();
        let tx = store.begin().await?;
        let known = workflows::versions(&tx, &definition.id).await?;
        let shipped = known.iter().find(|version| version.is_shipped());
        if shipped.is_some_and(|version| version.sha256 == sha256) {
            return Ok(());
        }
        let in_force = known.iter().find(|version| version.status == VersionStatus::Approved);
        let takes_over = in_force.is_none_or(Version::is_shipped);
        let version = Version {
            id: at.id(),
            number: known.first().map_or(1, |newest| newest.number + 1),
            workflow: definition.id,
            sha256,
            status: if takes_over { VersionStatus::Approved } else { VersionStatus::Draft },
            drafted_by: None,
            drafted_at: at.now,
            approved_by: None,
            seconded_by: None,
            approved_at: takes_over.then_some(at.now),
        };
        workflows::add(&tx, NewVersion { version, subject: definition.subject, source: source.to_owned() })
            .await?;
        Ok(tx.commit().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::store::Options;

    async fn store(folder: &tempfile::TempDir) -> Store {
        let path = folder.path().join("alliance.db");
        let store = Store::open(path.to_str().unwrap(), &Options::default()).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    #[tokio::test]
    async fn shipped_definitions_are_version_one_however_often_they_are_shipped() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = store(&folder).await;
        let at = Clock::fixed("2026-09-01T00:00:00Z".parse().unwrap(), 7).moment();
        for _ in 0..2 {
            Definitions::ship(&store, &at).await.unwrap();
        }
        let versions = workflows::versions(store.read(), "student-exchange").await.unwrap();
        assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [1]);
        let (id, definition) =
            Definitions::default().current(store.read(), "student-exchange").await.unwrap().unwrap();
        assert_eq!((id, definition.id.as_str()), (versions[0].id, "student-exchange"));
    }

    #[tokio::test]
    async fn a_changed_definition_becomes_the_next_version_and_the_old_one_stays() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = store(&folder).await;
        let at = Clock::fixed("2026-09-01T00:00:00Z".parse().unwrap(), 7).moment();
        Definitions::ship(&store, &at).await.unwrap();
        let shipped = shipped();
        let exchange = shipped.iter().find(|(name, _)| name == "exchange").unwrap();
        let changed = format!("{}\n# changed\n", exchange.1);
        Definitions::ship_one(&store, &at, &changed).await.unwrap();
        let versions = workflows::versions(store.read(), "student-exchange").await.unwrap();
        assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(workflows::current(store.read(), "student-exchange").await.unwrap(), Some(versions[0].id));
        assert_eq!(workflows::source(store.read(), versions[0].id).await.unwrap(), Some(changed));
    }
}
