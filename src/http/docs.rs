//! Pages about the API: the OpenAPI document, its browser, and one page for each type of problem.

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use rust_embed::Embed;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use super::extract::Id;
use super::problem::Problem;
use crate::app::Error;

#[derive(Embed)]
#[folder = "templates/problems"]
struct ProblemPages;

/// Routes of the pages; the browser and all it loads come from the binary.
pub fn routes<S: Clone + Send + Sync + 'static>(document: &OpenApi) -> Router<S> {
    let json = serde_json::to_string(document).unwrap_or_default();
    let browser = SwaggerUi::new("/api/docs").config(utoipa_swagger_ui::Config::from("/api/openapi.json"));
    let document = move || async move {
        ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
    };
    Router::new()
        .route("/api/openapi.json", get(document))
        .route("/problems/{slug}", get(get_problem))
        .merge(browser)
}

async fn get_problem(Id(slug): Id<String>) -> Result<Response, Problem> {
    let page = ProblemPages::get(&format!("{slug}.md")).ok_or(Error::NotFound)?;
    let text = String::from_utf8_lossy(&page.data).into_owned();
    let mut body = String::new();
    pulldown_cmark::html::push_html(&mut body, pulldown_cmark::Parser::new(&text));
    let title = text.lines().next().unwrap_or_default().trim_start_matches("# ");
    Ok(Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><main>\n{body}</main></body>\n</html>\n"
    ))
    .into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::problem::Kind;

    #[test]
    fn every_type_of_problem_has_a_page_and_every_page_a_type() {
        let types: BTreeSet<String> = Kind::ALL.iter().map(|kind| format!("{}.md", kind.slug())).collect();
        let pages: BTreeSet<String> = ProblemPages::iter().map(|page| page.to_string()).collect();
        assert_eq!(types, pages);
    }
}
