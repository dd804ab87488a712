//! Requests and redirects.
//!
//! Redirects are followed here and not by the HTTP library: the token goes to the hub's own origin only,
//! and an encrypted connection is never left for a plain one.

use std::time::Duration;

use ureq::http::Response;
use ureq::{Agent, Body};

use crate::error::HubError;
use crate::settings::Settings;
use crate::url::{origin, redirected};

const MOST_REDIRECTS: usize = 8;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Nothing for so long is a broken connection.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to one hub, and to where it redirects.
pub struct Transport<'a> {
    agent: Agent,
    settings: &'a Settings,
    origin: String,
}

/// Which redirects are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    All,
    /// Only those within the hub.
    Own,
}

/// Why a request brought nothing.
pub enum Failure {
    /// It may succeed when tried again.
    Broken(String),
    /// It will not.
    Refused(HubError),
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Failure {
        Failure::Refused(error)
    }
}

/// What a request brought.
pub type Tried<T> = Result<T, Failure>;

impl<'a> Transport<'a> {
    pub fn new(settings: &'a Settings) -> Result<Transport<'a>, HubError> {
        let endpoint = &settings.endpoint;
        let origin = origin(endpoint).ok_or_else(|| HubError::BadEndpoint { endpoint: endpoint.clone() })?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(SILENCE_TIMEOUT))
            .timeout_per_read(Some(SILENCE_TIMEOUT))
            .user_agent(concat!("pellucid/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Transport { agent: config.into(), settings, origin })
    }

    /// Sends a request, and again to where the answer redirects.
    pub fn send(
        &self,
        method: &str,
        url: &str,
        range: Option<&str>,
        how: Redirects,
    ) -> Tried<Response<Body>> {
        let mut url = url.to_owned();
        for _ in 0..MOST_REDIRECTS {
            let answer = self.request(method, &url, range)?;
            let Some(location) = header(&answer, "location").filter(|_| answer.status().is_redirection())
            else {
                return Ok(answer);
            };
            let bad = |why| HubError::BadAnswer { url: url.clone(), why };
            let next =
                redirected(&url, location).ok_or_else(|| bad(format!("it redirects to `{location}`")))?;
            if how == Redirects::Own && !self.is_own(&next) {
                return Ok(answer);
            }
            if url.starts_with("https:") && !next.starts_with("https:") {
                return Err(bad("it redirects to a connection without encryption".to_owned()).into());
            }
            url = next;
        }
        Err(HubError::BadAnswer { url, why: "too many redirects".to_owned() }.into())
    }

    fn request(&self, method: &str, url: &str, range: Option<&str>) -> Tried<Response<Body>> {
        let mut request = match method {
            "HEAD" => self.agent.head(url),
            _ => self.agent.get(url),
        };
        request = request.header("Accept-Encoding", "identity"); // sizes and ranges are the file's own
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        if let Some(token) = self.settings.token.as_ref().filter(|_| self.is_own(url)) {
            request = request.header("Authorization", format!("Bearer {}", token.secret()));
        }
        request.call().map_err(|error| match error {
            ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
                HubError::BadAnswer { url: url.to_owned(), why: error.to_string() }.into()
            }
            other => Failure::Broken(other.to_string()),
        })
    }

    fn is_own(&self, url: &str) -> bool {
        origin(url).as_ref() == Some(&self.origin)
    }
}

/// A header of an answer, if it is text.
pub fn header<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}
