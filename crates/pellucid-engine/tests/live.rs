//! Live traces give what recorded ones give, bit for bit, in the order of the model; what is out of
//! order is refused, and a trace that is left in the middle leaves no thread behind.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;

use pellucid_engine::{Cancel, Error, Event, Live, Model, Tensor};
use pellucid_graph::{Arg, Constant, Handle, IndexItem, Limits, Op, Part, Prompt, Recorder, Site, ValueId};
use support::{all_sites, every, run, save, tiny};

/// A recorder and what runs beside it.
struct Session {
    recorder: Recorder,
    live: Live,
}

impl Session {
    fn new(model: &Arc<Model>, prompts: &[&[u32]]) -> Session {
        Session::with(model, prompts, Cancel::new())
    }

    fn with(model: &Arc<Model>, prompts: &[&[u32]], cancel: Cancel) -> Session {
        let recorder = Recorder::new(model.spec().clone(), Limits::default());
        let mut session = Session { recorder, live: Live::new(model.clone(), Limits::default(), cancel) };
        session.invoke(prompts);
        session
    }

    fn invoke(&mut self, prompts: &[&[u32]]) {
        self.recorder.invoke(prompts.iter().map(|ids| Prompt::ids(*ids)).collect(), None).unwrap();
    }

    fn run(&mut self) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        self.live.take(self.recorder.trace());
        self.live.run(&mut |event| events.push(event)).map(|()| events)
    }

    fn value(&mut self, handle: Handle) -> Tensor {
        let v = self.recorder.value(handle, None).unwrap();
        self.run().unwrap();
        self.live.value(v).unwrap().clone()
    }

    fn read(&mut self, invoke: usize, site: &str) -> Result<Tensor, Error> {
        let site = Site::parse(site).unwrap();
        self.live.take(self.recorder.trace());
        if !self.recorder.knows(invoke, &site) {
            self.live.permits(invoke, &site, true)?;
        }
        let handle = self.recorder.read(invoke, site, None).unwrap();
        self.run()?;
        Ok(self.value(handle))
    }

    /// Twice the value, written to the site.
    fn double(&mut self, invoke: usize, site: &str) -> Result<(), Error> {
        let handle = self.recorder.read(invoke, Site::parse(site).unwrap(), None).unwrap();
        double(&mut self.recorder, handle);
        self.run().map(drop)
    }
}

fn double(recorder: &mut Recorder, handle: Handle) {
    let value = recorder.value(handle, None).unwrap();
    let args = vec![Arg::Value(value), Arg::Float(2.0)];
    let twice = recorder.op(Op::find("mul").unwrap(), args, None, None).unwrap()[0];
    let twice = recorder.value(twice, None).unwrap();
    recorder.assign(handle, Arg::Value(twice), None).unwrap();
}

fn model(name: &str) -> Arc<Model> {
    Arc::new(tiny(name))
}

fn same(what: &str, a: &Tensor, b: &Tensor) {
    assert!(a.ty() == b.ty() && a.as_bytes() == b.as_bytes(), "{what}: bits differ");
}

fn message(error: Error) -> String {
    match error {
        Error::Trace(d) => d.to_string(),
        other => panic!("{other}"),
    }
}

const IDS: [&[u32]; 2] = [&[5, 42, 79, 116, 153, 190, 227], &[9, 46, 83]];

#[test]
fn every_site_of_every_model_reads_as_in_a_recorded_trace() {
    for name in every() {
        let model = model(name);
        let sites = all_sites(&model);
        let prompts = IDS.map(<[u32]>::to_vec).to_vec();
        let want = run(&model, &[prompts], |r| sites.iter().for_each(|s| save(r, 0, s)));
        let mut session = Session::new(&model, &IDS);
        for site in &sites {
            let got = session.read(0, site).unwrap();
            same(&format!("{name} {site}"), &got, want.get(&format!("0:{site}")).unwrap());
        }
    }
}

#[test]
fn every_float_site_is_written_as_in_a_recorded_trace() {
    for name in every() {
        let model = model(name);
        let sites: Vec<String> = all_sites(&model);
        let floats = sites.iter().filter(|s| {
            let (_, spec) = model.spec().site(&Site::parse(s).unwrap()).unwrap();
            spec.dtype.is_float()
        });
        for site in floats.step_by(3) {
            let want = run(&model, &[vec![IDS[0].to_vec()]], |r| {
                let handle = r.read(0, Site::parse(site).unwrap(), None).unwrap();
                double(r, handle);
                save(r, 0, "output");
            });
            let mut session = Session::new(&model, &IDS[..1]);
            session.double(0, site).unwrap();
            let got = session.read(0, "output").unwrap();
            same(&format!("{name} {site}"), &got, want.get("0:output").unwrap());
        }
    }
}

#[test]
fn a_write_and_a_skip_wait_until_the_pass_comes() {
    let model = model("llama");
    let (site, module) = ("model.norm.output", "model.layers.1");
    let record = |r: &mut Recorder| {
        let h = r.read(0, Site::parse("model.layers.0.output").unwrap(), None).unwrap();
        r.write(0, Site::parse(site).unwrap(), h, None).unwrap();
        r.skip(0, module, 0, h, None).unwrap();
    };
    let want = run(&model, &[vec![IDS[0].to_vec()]], |r| {
        record(r);
        save(r, 0, "output");
        save(r, 0, site);
    });
    let mut session = Session::new(&model, &IDS[..1]);
    record(&mut session.recorder);
    session.run().unwrap();
    same("written", &session.read(0, site).unwrap(), want.get(&format!("0:{site}")).unwrap());
    same("logits", &session.read(0, "output").unwrap(), want.get("0:output").unwrap());
    let inside = session.read(0, "model.layers.1.mlp.output").unwrap_err();
    expect_test::expect![
        "`model.layers.1.mlp.output` does not run: this invoke skips `model.layers.1` [skipped-site]"
    ]
    .assert_eq(&message(inside));
}

#[test]
fn what_the_pass_has_left_is_refused() {
    let model = model("llama");
    let mut session = Session::new(&model, &IDS[..1]);
    session.read(0, "model.layers.1.output").unwrap();
    expect_test::expect![[r#"
        cannot read `model.layers.0.output`: the pass stands at `model.layers.1.output`, and the model computed that before it [live-order]
          help: a live trace runs as it is written: read `model.layers.0.output` before reading `model.layers.1.output`, or leave `live=True` out, where order does not matter"#]]
    .assert_eq(&message(session.read(0, "model.layers.0.output").unwrap_err()));
    // The same once it has been recorded: it is the run that refuses.
    let unwilling = session.double(0, "model.layers.0.mlp.output").unwrap_err();
    assert!(message(unwilling).contains("live-order"));
    session.read(0, "lm_head.output").unwrap();
    session.invoke(&IDS[1..]);
    session.read(1, "lm_head.output").unwrap();
    expect_test::expect![[r#"
        cannot read `output`: the pass of its invoke has ended, and each invoke of a live trace has its own [live-order]
          help: do it inside its invoke, or leave `live=True` out, where order does not matter"#]]
    .assert_eq(&message(session.read(0, "output").unwrap_err()));
}

#[test]
fn invokes_run_one_after_the_other_and_see_each_others_values() {
    let model = model("gpt2");
    let site = Site::parse("transformer.h.1.output").unwrap();
    let record = |r: &mut Recorder| {
        let clean = r.read(0, site.clone(), None).unwrap();
        r.write(1, site.clone(), clean, None).unwrap();
    };
    let rows = || vec![IDS[0].to_vec()];
    let want = run(&model, &[rows(), rows()], |r| {
        record(r);
        save(r, 1, "output");
    });
    let mut session = Session::new(&model, &IDS[..1]);
    session.read(0, "transformer.h.1.output").unwrap();
    session.invoke(&IDS[..1]);
    record(&mut session.recorder);
    same("patched", &session.read(1, "output").unwrap(), want.get("1:output").unwrap());
}

#[test]
fn a_kept_site_is_read_when_the_pass_has_left_it() {
    let model = model("llama");
    let early = "model.layers.0.output";
    let mut session = Session::new(&model, &IDS[..1]);
    session.live.take(session.recorder.trace());
    session.live.keep(&Site::parse(early).unwrap()).unwrap();
    session.read(0, "output").unwrap();
    let want = run(&model, &[vec![IDS[0].to_vec()]], |r| save(r, 0, early));
    same(early, &session.read(0, early).unwrap(), want.get(&format!("0:{early}")).unwrap());
}

#[test]
fn nothing_later_is_read_after_a_stop() {
    let mut session = Session::new(&model("llama"), &IDS[..1]);
    session.read(0, "model.layers.0.output").unwrap();
    session.recorder.stop(None).unwrap();
    session.run().unwrap();
    let later = session.read(0, "model.layers.1.output").unwrap_err();
    assert!(message(later).contains("after-stop"));
}

#[test]
fn a_log_is_told_when_it_is_written() {
    let mut session = Session::new(&model("llama"), &IDS[..1]);
    let h = session.recorder.read(0, Site::parse("model.layers.0.output").unwrap(), None).unwrap();
    session.recorder.log(&[Part::Text("h".to_owned()), Part::Value(h)], None).unwrap();
    let events = session.run().unwrap();
    let [Event::Log(log)] = events.as_slice() else { panic!("{events:?}") };
    let Part::Value(logged) = &log.parts[1] else { panic!("{log:?}") };
    same("logged", &logged.clone(), &session.value(h));
}

#[test]
fn an_error_of_a_line_is_that_lines_and_the_trace_goes_on() {
    let mut session = Session::new(&model("llama"), &IDS[..1]);
    let h = session.recorder.read(0, Site::parse("model.layers.0.output").unwrap(), None).unwrap();
    let index = session.recorder.add_constant(Constant::i64([1], &[99]), None).unwrap();
    let index = session.recorder.constant(index, None).unwrap();
    let args = [h, index].map(|x| session.recorder.value(x, None).unwrap());
    let args = vec![Arg::Value(args[0]), Arg::Int(1), Arg::Value(args[1])];
    let lost = session.recorder.op(Op::find("index_select").unwrap(), args, None, None).unwrap()[0];
    let error = message(session.run().unwrap_err());
    assert!(error.contains("index-out-of-range"), "{error}");
    double(&mut session.recorder, lost);
    let error = message(session.run().unwrap_err());
    assert!(error.contains("was never computed"), "{error}");
    session.read(0, "output").unwrap();
}

#[test]
fn ids_that_the_model_has_not_are_an_error_at_the_line_that_wrote_them() {
    let mut session = Session::new(&model("llama"), &IDS[..1]);
    let index = session.recorder.add_constant(Constant::i64([1, 7], &[100_000; 7]), None).unwrap();
    let ids = session.recorder.constant(index, None).unwrap();
    let at = Some(pellucid_graph::Loc { file: "run.py".into(), line: 7 });
    session.recorder.write(0, Site::parse("input").unwrap(), ids, at).unwrap();
    let error = message(session.read(0, "output").unwrap_err());
    assert!(error.contains("run.py:7"), "{error}");
    let after = message(session.read(0, "lm_head.output").unwrap_err());
    assert!(after.contains("the pass ended with an error"), "{after}");
}

#[test]
fn values_out_of_reach_are_forgotten_and_the_rest_goes_on() {
    let mut session = Session::new(&model("llama"), &IDS[..1]);
    let h = session.recorder.read(0, Site::parse("model.layers.0.output").unwrap(), None).unwrap();
    let slice = vec![IndexItem::Int(0), IndexItem::Int(-1)];
    let of = |v| vec![Arg::Value(v), Arg::Index(slice.clone())];
    let v = session.recorder.value(h, None).unwrap();
    let view = session.recorder.op(Op::find("index").unwrap(), of(v), Some(h), None).unwrap()[0];
    let before = session.value(view);
    double(&mut session.recorder, h);
    let twice = session.value(h);
    let n = session.live.n_values();
    session.live.retain(&session.recorder.within_reach([view]));
    let left = (0..n).filter(|i| session.live.value(ValueId(*i as u32)).is_some()).count();
    // The view as it was seen last, and what it is a view of.
    assert_eq!(left, 2);
    let after = session.value(view);
    assert_eq!(after.f32s()[0], before.f32s()[0] * 2.0);
    same("stored", &session.value(h), &twice);
}

#[test]
fn a_cancelled_trace_ends() {
    let (model, cancel) = (model("llama"), Cancel::new());
    let mut session = Session::with(&model, &IDS[..1], cancel.clone());
    session.read(0, "model.layers.0.output").unwrap();
    cancel.cancel();
    assert!(matches!(session.double(0, "model.layers.1.output"), Err(Error::Cancelled)));
}

#[test]
fn a_trace_that_is_dropped_anywhere_joins_its_thread() {
    let model = model("llama");
    let weak = {
        let sites = all_sites(&model);
        for site in sites.iter().step_by(5) {
            let mut session = Session::new(&model, &IDS[..1]);
            session.read(0, site).unwrap();
        }
        drop(Session::new(&model, &IDS[..1]));
        Arc::downgrade(&model)
    };
    // Each thread held the model: none is left.
    assert_eq!(weak.strong_count(), 1);
}
