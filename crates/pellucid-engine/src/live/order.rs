//! The order rule of live traces: where the pass of the present invoke stands, and what that forbids.

use pellucid_graph::{
    Code, Diagnostic, InvokeId, ModelSpec, Point, Result, Site, ValueId, When, spec::GENERATOR,
};

/// How far a live trace has come.
#[derive(Default)]
pub(super) struct Progress {
    invoke: InvokeId,
    state: State,
    /// Steps, and modules that the present invoke skips in them.
    skipped: Vec<(u32, String)>,
    /// The last site that any invoke has named, and whether nothing after it is wanted.
    mentioned: Option<When>,
    stopped: bool,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    /// No site has been read: the pass has not begun.
    #[default]
    Fresh,
    /// It waits at this site, whose value has been read.
    At(When),
    /// It waits before the first site of a step.
    Before(When),
    /// An error ended it.
    Failed,
    /// Its invoke has ended.
    Ended,
}

impl Progress {
    /// A new invoke, whose pass is at its beginning.
    pub fn begin(&mut self, invoke: InvokeId) {
        self.invoke = invoke;
        self.state = State::Fresh;
        self.skipped.clear();
    }

    pub fn invoke(&self) -> InvokeId {
        self.invoke
    }

    /// The pass waits at a site that it was asked for, or before it.
    pub fn stand(&mut self, when: When, is_at: bool) {
        self.state = if is_at { State::At(when) } else { State::Before(when) };
    }

    /// Whether a step of the present invoke has begun.
    pub fn has_begun(&self, step: usize) -> bool {
        matches!(self.state, State::At(here) | State::Before(here) if here.step >= step)
    }

    /// Whether the pass has not ended.
    pub fn goes_on(&self, verb: &str) -> Result<()> {
        let why = match self.state {
            State::Ended => "has ended",
            State::Failed => "ended with an error",
            _ => return Ok(()),
        };
        Err(Diagnostic::new(Code::LiveOrder, format!("cannot {verb}: the pass {why}")))
    }

    pub fn fail(&mut self) {
        self.state = State::Failed;
    }

    pub fn end(&mut self) {
        self.state = State::Ended;
    }

    pub fn skip(&mut self, step: u32, module: &str) {
        self.skipped.push((step, module.to_owned()));
    }

    /// Notes a site that is read, written or skipped at.
    pub fn mention(&mut self, when: When) {
        if !self.stopped {
            self.mentioned = self.mentioned.max(Some(when));
        }
    }

    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether a site can be read, or else written.
    pub fn permits(
        &self,
        spec: &ModelSpec,
        invoke: InvokeId,
        (site, when): (&Site, When),
        is_read: bool,
    ) -> Result<()> {
        let verb = if is_read { "read" } else { "write" };
        let inside = |(step, module): &&(u32, String)| *step == site.step && is_inside(module, site);
        if let Some((_, module)) = self.skipped.iter().find(inside) {
            let message = format!("`{site}` does not run: this invoke skips `{module}`");
            return Err(Diagnostic::new(Code::SkippedSite, message));
        }
        if self.stopped && is_read && Some(when) > self.mentioned {
            let message = format!("`{site}` is computed after the place where this trace stops");
            return Err(Diagnostic::new(Code::AfterStop, message));
        }
        let live_order =
            |why: String| Diagnostic::new(Code::LiveOrder, format!("cannot {verb} `{site}`: {why}"));
        let order_rule = "leave `live=True` out, where order does not matter";
        match self.state {
            _ if invoke != self.invoke => {
                let why = "the pass of its invoke has ended, and each invoke of a live trace has its own";
                Err(live_order(why.to_owned()).help(format!("do it inside its invoke, or {order_rule}")))
            }
            State::At(here) if when < here || is_read && when == here => {
                let spec = spec.at(here.order);
                let step =
                    if spec.path == GENERATOR && spec.point == "output" { 0 } else { here.step as u32 };
                let here = Site { step, ..Site::new(&spec.path, Point::parse(&spec.point)) };
                let why = format!("the pass stands at `{here}`, and the model computed that before it");
                let help = format!(
                    "a live trace runs as it is written: {verb} `{site}` before reading `{here}`, or {order_rule}"
                );
                Err(live_order(why).help(help))
            }
            State::Before(here) if when < here => {
                let why = format!("the pass has come to step {}", here.step);
                Err(live_order(why).help(format!("{verb} it in its own step, or {order_rule}")))
            }
            _ => self.goes_on(&format!("{verb} `{site}`")),
        }
    }
}

/// Whether a site lies in a module, its own input and output aside.
fn is_inside(module: &str, site: &Site) -> bool {
    let below = match module {
        _ if site.path == GENERATOR => false, // it takes the model's output, whatever stands for it
        "" => !site.path.is_empty(),
        _ => site.path.strip_prefix(module).is_some_and(|rest| rest.starts_with('.')),
    };
    below || site.path == module && matches!(site.point, Point::Tap(_))
}

/// What uses a value that an error kept from being made.
pub(super) fn never_computed(v: ValueId) -> Diagnostic {
    Diagnostic::new(Code::UnknownValue, format!("`{v}` was never computed: its line raised an error"))
}
