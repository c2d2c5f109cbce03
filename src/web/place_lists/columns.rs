//! What a list calls its columns and words: asked beside what it would change, and put into the map that it is read by.

use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

use super::Sent;
use crate::app::places::import::{self, Map};
use crate::app::{Error, FieldError, Result};
use crate::web::form::Fields;

/// Words asked for at a time.
const WORDS: usize = 200;
/// The field of the form that says where the first column stands; what has none is another form.
const FIRST: &str = "column-partner";

/// A column as the form has it.
#[derive(Debug, Serialize)]
struct Asked {
    name: &'static str,
    /// The heading it stands under; empty: nowhere.
    heading: String,
    /// What holds where the list says nothing.
    given: String,
}

/// The form for a list that was read, with what is known of it; nothing where its header cannot be read.
pub async fn asked(sent: &Sent, report: Option<&Value>) -> Value {
    if sent.list.is_empty() {
        return Value::from(());
    }
    let Ok(headings) = import::headings(sent.list.clone()).await else { return Value::from(()) };
    let map = Map::read(sent.fields.exact("columns").trim()).unwrap_or_default();
    let column = |name| Asked {
        name,
        heading: map.found(name, &headings).unwrap_or_default().to_owned(),
        given: map.given(name).to_owned(),
    };
    let columns: Vec<_> = import::columns().map(column).collect();
    let mut options: Vec<String> = headings.into_iter().filter(|heading| !heading.is_empty()).collect();
    options.dedup();
    let words = report.and_then(|report| report.get_attr("unread").ok()).unwrap_or_default();
    let words: Vec<_> = words.try_iter().into_iter().flatten().take(WORDS).collect();
    context! { columns => Value::from(Serde(&columns)), headings => options, words }
}

/// Puts what the form says into the map that is read: the one it came with, for words that were said before, and all it says.
///
/// # Errors
/// [`Error::Invalid`] where the map that it came with is none, or would become too long.
pub fn said(fields: &mut Fields) -> Result<()> {
    if fields.0.iter().all(|(name, _)| name != FIRST) {
        return Ok(());
    }
    let wrong = |told| Error::Invalid(vec![FieldError::new("/columns", told)]);
    let map = Map::read(fields.exact("columns").trim()).map_err(wrong)?;
    let names: Vec<_> =
        import::columns().map(|name| (name, format!("column-{name}"), format!("given-{name}"))).collect();
    let mut map = map.with(names.iter().map(|(name, at, given)| (*name, fields.get(at), fields.get(given))));
    for at in 1..=WORDS {
        let (of, word) = (fields.get(&format!("of-{at}")), fields.get(&format!("word-{at}")));
        let meaning = fields.get(&format!("means-{at}"));
        if !meaning.is_empty() && import::columns().any(|known| known == of) {
            map.say(of, word, meaning);
        }
    }
    let written = map.written();
    fields.0.retain(|(name, _)| name != "columns");
    fields.0.push(("columns".to_owned(), written));
    Ok(())
}
