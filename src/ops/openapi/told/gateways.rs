//! What is told of gateways: who they are to Meta, and whether all is well.

use super::Told;

const GATEWAYS: &str = "Gateways";

pub(crate) fn list() -> Told {
    Told::inspect(GATEWAYS, "The gateways, with their callbacks, routes and tokens")
}

pub(crate) fn register() -> Told {
    Told::admin(GATEWAYS, "Has Meta send the app's webhooks to this gateway")
}

pub(crate) fn signature() -> Told {
    Told::admin(GATEWAYS, "Says which secret signed a webhook, or what spoiled it")
}

pub(crate) fn verb() -> Told {
    Told::inspect(GATEWAYS, "A verb of the callback URL, from here")
}

pub(crate) fn doctor() -> Told {
    Told::inspect(GATEWAYS, "Examines this Wharf and what it depends on")
}
