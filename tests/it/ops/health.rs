//! `/healthz` and `/readyz`, and who may see them and `/metrics`.

use crate::harness::http;
use crate::harness::stage::Stage;

#[actix_web::test]
async fn health_and_readiness_need_no_key() {
    let stage = Stage::new().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(http::get(&format!("{}{path}", stage.ops), &[]).await.status, 200, "{path}");
    }
    for path in ["/healthz", "/readyz", "/metrics", "/api/accounts"] {
        assert_eq!(
            http::get(&format!("{}{path}", stage.public), &[]).await.status,
            404,
            "{path} is not for the public"
        );
    }
    stage.end().await;
}
