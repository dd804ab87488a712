//! The seam to the hub: finding a model by name while Python hears how the download goes.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

pub use pellucid_hub::Located;
use pellucid_hub::{Error, Event, Settings, Token};
use pyo3::prelude::*;

use crate::engine;
use crate::errors::Raise;
use crate::signals::telling;

impl<T> Raise<T> for Result<T, Error> {
    fn raise(self, py: Python<'_>) -> PyResult<T> {
        match self {
            Ok(value) => Ok(value),
            Err(Error::Engine(error)) => Err::<T, engine::Error>(error).raise(py),
            Err(Error::Hub(error)) => {
                let help = error.help();
                Err(crate::errors::new(py, error.code(), &error.to_string(), help.as_deref(), None))
            }
        }
    }
}

/// What the environment says, but for what the caller says.
pub fn settings(token: Option<&str>, offline: Option<bool>) -> Settings {
    let environment = Settings::from_env();
    Settings {
        token: token.map_or_else(|| environment.token.clone(), Token::new),
        offline: offline.unwrap_or(environment.offline),
        ..environment
    }
}

/// What `report` is called with: kind of event, file or reason, bytes here, bytes in all.
type Report = (&'static str, String, u64, Option<u64>);

/// Finds a model, downloading it where it has to be. A signal ends the download within a chunk.
pub fn locate(
    py: Python<'_>,
    name: String,
    revision: Option<String>,
    settings: Settings,
    report: &Bound<'_, PyAny>,
) -> PyResult<Located> {
    let (heard, reports) = mpsc::channel();
    let is_ended = Arc::new(AtomicBool::new(false));
    let ended = is_ended.clone();
    let mut watch = move |event: Event<'_>| {
        let _ = reported(event).map(|report| heard.send(report)); // nobody may be left to hear it
        if ended.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let work = move || pellucid_hub::locate(&name, revision.as_deref(), &settings, &mut watch);
    let mut tell =
        |_: Python<'_>| reports.try_iter().try_for_each(|event: Report| report.call1(event).map(drop));
    let located = telling(py, None, &mut tell, work);
    is_ended.store(located.is_err(), Ordering::Relaxed);
    tell(py)?;
    located?.raise(py)
}

fn reported(event: Event<'_>) -> Option<Report> {
    Some(match event {
        Event::Bytes { file, done, total } => ("bytes", file.to_owned(), done, total),
        Event::Waiting { file } => ("waiting", file.to_owned(), 0, None),
        Event::Again { why, .. } => ("again", why.to_owned(), 0, None),
        Event::Unreachable { why, .. } => ("unreachable", why.to_owned(), 0, None),
        _ => return None,
    })
}
