//! Texts of statements that are asked again and again, built once.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::sea_query::SelectStatement;
use sea_orm::{DbBackend, Statement, StatementBuilder, Value, Values};

/// With more values than this a text is built each time: there would be too many of them to keep.
const FEW: usize = 16;

/// A statement whose text depends on nothing but the database and how many values it is asked with.
#[derive(Debug)]
pub(super) struct Text(RwLock<Built>);

/// By whether the database is PostgreSQL, and what a text depends on.
type Built = BTreeMap<(bool, Vec<usize>, String), Arc<str>>;

impl Text {
    /// Nothing is built yet.
    pub const fn new() -> Self {
        Self(RwLock::new(BTreeMap::new()))
    }

    /// The statement with its values, which stand in the order in which `build` binds them; `counts` tells what its text depends on.
    pub fn with(
        &self,
        backend: DbBackend,
        counts: Vec<usize>,
        values: Vec<Value>,
        build: impl FnOnce() -> SelectStatement,
    ) -> Statement {
        self.naming(String::new(), backend, counts, values, build)
    }

    /// The same of a statement in whose text some words stand as well.
    pub fn naming(
        &self,
        words: String,
        backend: DbBackend,
        counts: Vec<usize>,
        values: Vec<Value>,
        build: impl FnOnce() -> SelectStatement,
    ) -> Statement {
        if counts.iter().sum::<usize>() > FEW {
            return StatementBuilder::build(&build(), &backend);
        }
        let key = (backend == DbBackend::Postgres, counts, words);
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let text = match known {
            // While developing, each use is proven to be what would have been built.
            Some(text) if !cfg!(debug_assertions) => text,
            known => {
                let built = StatementBuilder::build(&build(), &backend);
                debug_assert_eq!(built.values.as_ref().map(|bound| &bound.0), Some(&values), "{}", built.sql);
                debug_assert!(known.is_none_or(|text| *text == *built.sql), "{}", built.sql);
                let text: Arc<str> = built.sql.into();
                self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&text));
                text
            }
        };
        Statement { sql: text.to_string(), values: Some(Values(values)), db_backend: backend }
    }
}

/// Ids and the like as what a condition binds that asks for one of them: of none, that one is two.
pub(super) fn values<T: Copy + Into<Value>>(some: &[T]) -> Vec<Value> {
    if some.is_empty() {
        return vec![1.into(), 2.into()];
    }
    some.iter().copied().map(Into::into).collect()
}
