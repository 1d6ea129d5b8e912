//! What an endpoint is: a line of the URL table. The routes that serve and the document that describes are both made
//! of it.

use super::openapi::told::Told;
use crate::error::{ApiError, ErrorId};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError, Route};

/// One endpoint.
pub struct Endpoint {
    /// Its method.
    pub method: Method,
    /// Its path, with the names of its parameters in braces.
    pub path: &'static str,
    /// What serves it.
    pub(crate) route: fn() -> Route,
    /// What is told of it.
    pub(crate) told: fn() -> Told,
}

/// Writes a table of endpoints, one a line: method, path, handler, and what is told of it. Behind `any` stands a handler
/// that answers wrong methods itself.
macro_rules! endpoints {
    (@route $method:ident any $handler:path) => { || actix_web::web::to($handler) };
    (@route $method:ident $handler:path) => { || actix_web::web::method(actix_web::http::Method::$method).to($handler) };
    ($($method:ident $path:literal ($($handler:tt)+) $told:path;)+) => {
        &[$($crate::ops::table::Endpoint {
            method: actix_web::http::Method::$method,
            path: $path,
            route: $crate::ops::table::endpoints!(@route $method $($handler)+),
            told: $told,
        }),+]
    };
}
pub(crate) use endpoints;

/// Serves every endpoint of `table`; a path that is there answers other methods with the ones it takes.
pub(crate) fn serve(config: &mut ServiceConfig, table: &'static [Endpoint]) {
    for (nth, first) in table.iter().enumerate() {
        if table[..nth].iter().any(|earlier| earlier.path == first.path) {
            continue;
        }
        let here = table.iter().filter(|endpoint| endpoint.path == first.path);
        let resource = here.fold(web::resource(first.path), |resource, endpoint| resource.route((endpoint.route)()));
        let allow: std::rc::Rc<str> = methods(table, first.path).into();
        let refuse = move |request: HttpRequest| {
            let allow = std::rc::Rc::clone(&allow);
            async move { wrong_method(&request, &allow) }
        };
        config.service(resource.default_service(web::to(refuse)));
    }
}

/// The methods that `path` takes, as `Allow` names them.
fn methods(table: &[Endpoint], path: &str) -> String {
    let here = table.iter().filter(|endpoint| endpoint.path == path);
    here.map(|endpoint| endpoint.method.as_str()).collect::<Vec<_>>().join(", ")
}

/// The answer to a method that a path does not take; it takes those that `allow` names.
pub(crate) fn wrong_method(request: &HttpRequest, allow: &str) -> HttpResponse {
    let mut answer = ApiError::naming(ErrorId::MethodWrong, request.method()).error_response();
    let allow = HeaderValue::from_str(allow).expect("names of methods make a header");
    answer.headers_mut().insert(ALLOW, allow);
    answer
}
