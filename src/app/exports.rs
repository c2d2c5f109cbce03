//! Everything that is kept about somebody, as one archive: JSON, and the files they see.
//!
//! The archive is made as the person themselves sees their cases, whoever asks for it, and sent while it is made.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde_json::{Value, json};
use sojourn_engine::ids::{CaseId, DocumentId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use super::audit::Deeds;
use super::documents::DocumentView;
use super::personal_data::disposable;
use super::{App, Asked, Error, Page, Result};
use super::{
    absences, allocations, applications, consents, documents, history, messages, people, personal_data,
    registrations,
};
use crate::access::Caller;
use crate::store::exports as store;

/// Items asked for at a time.
const AT_A_TIME: u64 = 200;
/// Pieces that wait for a slow reader.
const AHEAD: usize = 4;
/// Bytes of a piece.
const PIECE: usize = 64 * 1024;

/// An archive as it is made.
pub type Archive = BoxStream<'static, io::Result<Bytes>>;

/// A file of the archive.
struct File {
    case: CaseId,
    id: DocumentId,
    name: String,
}

/// The archive of somebody, and its name.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn export(app: &Arc<App>, caller: &Caller, person: PersonId) -> Result<(String, Archive)> {
    disposable(app.store.read(), caller, person).await?;
    if caller.person != person {
        let (at, tx) = (app.clock.moment(), app.store.begin().await?);
        Deeds::new(Deed::Read, Matter::Person, person).note(&tx, &at, caller).await?;
        tx.commit().await?;
    }
    let themselves = Caller { language: caller.language.clone(), ..app.person_as_caller(person).await? };
    let (data, files) = gather(app, &themselves).await?;
    let name = format!("sojourn-{person}-{}.zip", app.clock.now().format("%Y-%m-%d"));
    let (sender, receiver) = mpsc::channel(AHEAD);
    let (app, handle) = (Arc::clone(app), Handle::current());
    tokio::task::spawn_blocking(move || {
        let pipe = Pipe(sender.clone());
        if let Err(fault) = write(&app, &handle, &themselves, &data, &files, pipe) {
            // Nobody may listen any more.
            let _ = sender.blocking_send(Err(fault));
        }
    });
    let pieces =
        futures_util::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    Ok((name, pieces.boxed()))
}

/// Asks page after page, for `Asked` by a name.
macro_rules! all {
    ($asked:ident => $page:expr) => {{
        let (mut items, mut $asked) = (Vec::new(), Asked { limit: AT_A_TIME, cursor: None });
        loop {
            let Page { items: some, next } = $page.await?;
            items.extend(some);
            $asked.cursor = next;
            if $asked.cursor.is_none() {
                break items;
            }
        }
    }};
}

async fn gather(app: &App, caller: &Caller) -> Result<(Value, Vec<File>)> {
    let (conn, person) = (app.store.read(), caller.person);
    let (mut cases, mut files) = (Vec::new(), Vec::new());
    for (case, reference) in store::applications(conn, person).await? {
        let papers = all!(asked => documents::list(app, caller, case, &asked));
        let kept = papers.iter().filter(|paper| paper.emptied_at.is_none());
        files.extend(kept.map(|paper| File { case, id: paper.id, name: path(&reference, paper) }));
        let view = applications::read(app, caller, case).await?;
        cases.push(json!({
            "allocations": allocations::explanations(app, caller, view.call.id, case).await?,
            "application": view,
            "messages": all!(asked => messages::list(app, caller, case, &asked)),
            "history": all!(asked => history::list(app, caller, case, &asked)),
            "documents": papers,
        }));
    }
    let data = json!({
        "made_at": app.clock.now(),
        "person": people::get(app, caller, person).await?,
        "registrations": all!(asked => registrations::list(app, caller, person, &asked)),
        "applications": cases,
        "absences": all!(asked => absences::list(app, caller, person, &asked)),
        "consents": consents::list(app, caller, person).await?,
        "more": store::rest(conn, person, app.clock.now()).await?,
        "what_this_is": personal_data::list(&caller.language),
    });
    Ok((data, files))
}

/// Where a file lies in the archive.
fn path(reference: &str, paper: &DocumentView) -> String {
    let folder = if paper.message.is_some() { "messages" } else { "documents" };
    format!("{folder}/{reference}/{}-{}-{}", paper.slot, paper.version, paper.file_name)
}

/// Hands bytes over to whoever reads the archive.
struct Pipe(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write(
    app: &App,
    handle: &Handle,
    caller: &Caller,
    data: &Value,
    files: &[File],
    pipe: Pipe,
) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(BufWriter::with_capacity(PIECE, pipe));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("data.json", options).map_err(io::Error::other)?;
    serde_json::to_writer_pretty(&mut zip, data)?;
    for file in files {
        zip.start_file(file.name.as_str(), options).map_err(io::Error::other)?;
        copy(app, handle, caller, file, &mut zip)?;
    }
    zip.finish().map_err(io::Error::other)?.flush()
}

fn copy<W: Write>(
    app: &App,
    handle: &Handle,
    caller: &Caller,
    file: &File,
    zip: &mut ZipWriter<StreamWriter<W>>,
) -> io::Result<()> {
    let opened = handle.block_on(documents::open(app, caller, file.case, file.id));
    let mut content = match opened {
        Ok(content) => content.stream,
        // Removed while the archive was made.
        Err(Error::NotFound) => return Ok(()),
        Err(fault) => return Err(io::Error::other(fault)),
    };
    while let Some(piece) = handle.block_on(content.next()) {
        zip.write_all(&piece?)?;
    }
    Ok(())
}
