//! Rows of several tables beside each other or below each other in one statement.

use sea_orm::sea_query::{Expr, Nullable, SelectStatement, UnionType, Value};
use sea_orm::{ColumnTrait, EntityTrait, Iden, Iterable};

/// Adds every column of an entity, its name after a prefix, as its model is read with that prefix.
pub(super) fn add<E: EntityTrait>(query: &mut SelectStatement, prefix: &str) {
    for column in E::Column::iter() {
        let name = format!("{prefix}{}", column.unquoted());
        query.expr_as(column.select_as(Expr::col((E::default(), column))), name);
    }
}

/// Nothing, of the type that other rows have in the same column.
pub(super) fn nothing<T: Into<Value> + Nullable>() -> Expr {
    Expr::val(None::<T>)
}

/// Rows below each other: every one of them gives the same columns in the same order. `None` for none.
pub(super) fn all(rows: impl IntoIterator<Item = SelectStatement>) -> Option<SelectStatement> {
    let mut rows = rows.into_iter();
    let mut first = rows.next()?;
    for more in rows {
        first.union(UnionType::All, more);
    }
    Some(first)
}
