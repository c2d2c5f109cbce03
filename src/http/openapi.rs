//! The OpenAPI 3.1 document: its head, and what every operation has in common.

use utoipa::IntoParams;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Info, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, Schema,
};

use super::problem::Kind;
use crate::access::Policy;

/// Name of the one security scheme.
pub const BEARER: &str = "bearer";
const PROBLEM: &str = "Problem";

/// Header of every request that creates or fires.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header that an extractor reads")]
pub struct IdempotencyHeader {
    /// 1 to 255 visible ASCII characters; a repeat with the same key and body gets the first answer again.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    idempotency_key: String,
}

/// Header of every change of an existing row.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header that an extractor reads")]
pub struct IfMatchHeader {
    /// The `ETag` of the version that was read.
    #[param(rename = "If-Match", example = "\"7\"")]
    if_match: String,
}

/// The document before any operation.
pub fn head() -> OpenApi {
    let info = Info::builder().title("Sojourn").version(env!("CARGO_PKG_VERSION")).description(Some(
        "Student exchanges and internships of an alliance of universities. Errors are problem documents (RFC 9457) \
         whose `type` leads to a page. Changes of a row want its `ETag` as `If-Match`; a POST that creates or fires \
         wants an `Idempotency-Key`.",
    ));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = ComponentsBuilder::new()
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .schema(PROBLEM, problem())
        .build();
    OpenApiBuilder::new().info(info.build()).components(Some(components)).build()
}

fn problem() -> Schema {
    let text = |about: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(about)).build();
    let error = ObjectBuilder::new()
        .property("pointer", text("JSON pointer into the request body."))
        .property("detail", text("What is wrong and how to mend it."));
    let errors = error.to_array_builder().description(Some("Wrong fields, with status 422."));
    let refusal = ObjectBuilder::new().description(Some("Why the workflow says no, by `code`."));
    let status = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer));
    ObjectBuilder::new()
        .description(Some("What went wrong and what to do now (RFC 9457)."))
        .property("type", text("Address of a page about this kind of problem."))
        .required("type")
        .property("title", text("What it is called."))
        .required("title")
        .property("status", status)
        .required("status")
        .property("detail", text("What to do now."))
        .required("detail")
        .property("instance", text("Id of the request, as the log knows it."))
        .required("instance")
        .property("errors", errors)
        .property("refusal", refusal)
        .into()
}

/// The operations of a path.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let methods = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    methods.into_iter().flatten()
}

/// Names of the query parameters an operation reads.
pub fn query_parameters(operation: &Operation) -> impl Iterator<Item = String> {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    parameters.iter().filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
        RefOr::T(_) | RefOr::Ref(_) => None,
    })
}

/// Adds the problems an operation can answer with, as follows from what it reads and who may reach it.
pub fn declare_problems(operation: &mut Operation, policy: Policy) {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let named = |name: &str| {
        parameters.iter().any(|parameter| match parameter {
            RefOr::T(parameter) => parameter.name == name,
            RefOr::Ref(_) => false,
        })
    };
    let placed = |place: &ParameterIn| {
        parameters
            .iter()
            .any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.parameter_in == *place))
    };
    let mut kinds = vec![Kind::Internal, Kind::Unavailable, Kind::Malformed];
    if policy != Policy::Anyone {
        kinds.extend([Kind::Unauthenticated, Kind::Forbidden]);
    }
    if placed(&ParameterIn::Path) {
        kinds.push(Kind::NotFound);
    }
    if named("If-Match") {
        kinds.extend([Kind::Stale, Kind::PreconditionRequired, Kind::Conflict]);
    }
    if named("Idempotency-Key") {
        kinds.push(Kind::Conflict);
    }
    if named("cursor") || named("at") {
        kinds.push(Kind::Invalid);
    }
    if operation.request_body.is_some() {
        kinds.extend([Kind::TooLarge, Kind::UnsupportedMediaType, Kind::Invalid]);
    }
    for kind in kinds {
        let status = kind.status().as_u16().to_string();
        operation.responses.responses.entry(status).or_insert_with(|| response(kind).into());
    }
}

fn response(kind: Kind) -> utoipa::openapi::Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM))).build();
    ResponseBuilder::new().description(kind.title()).content("application/problem+json", content).build()
}
