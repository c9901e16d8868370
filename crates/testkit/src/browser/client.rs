//! How a browser speaks HTTP: nothing is followed, no proxy is asked.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// A client of these settings.
pub(super) fn client(builder: ClientBuilder) -> Client {
    let client = builder.redirect(Policy::none()).no_proxy().build();
    client.expect("an HTTP client")
}
