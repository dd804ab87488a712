//! The wire form carries a trace unchanged, bit for bit, and says why bytes are not one.

mod fixture;

use expect_test::expect;
use fixture::{at, index, message};
use pellucid_graph::{
    Arg, Constant, DType, IndexItem, Invoke, Kind, Limits, Op, Part, Prompt, Site, Statement, TensorType,
    Trace, ValueId, wire,
};
use proptest::prelude::*;

fn decode(bytes: &[u8]) -> pellucid_graph::Result<Trace> {
    wire::decode(bytes, &Limits::default())
}

fn round_trips(trace: &Trace) {
    let back = decode(&wire::encode(trace).expect("encodes")).unwrap_or_else(|d| panic!("{d}"));
    assert_eq!(&back, trace);
}

fn applied(name: &str, args: Vec<Arg>) -> Statement {
    Statement { kind: Kind::Op { op: Op::find(name).expect("a row of the table"), args }, at: at(3) }
}

#[test]
fn every_statement_and_argument() {
    let (v, site) = (ValueId(0), Site::parse("layers.0.self_attn.pattern@3").expect("a site"));
    let kinds = vec![
        Kind::Read { invoke: 0, site: site.clone() },
        Kind::Constant { index: 0 },
        Kind::Import { trace: 3, name: "\"é".into(), ty: TensorType::new(DType::F16, [2, 9]).opened(1) },
        Kind::Apply { module: String::new(), input: v },
        Kind::Write { invoke: 1, site, value: v },
        Kind::Skip { invoke: 0, module: "layers.0".into(), step: 2, value: v },
        Kind::Save { name: "\"é\u{0}\u{1F600}".into(), value: v },
        Kind::Log { parts: vec![Part::Text("at \"#\"".into()), Part::Value(v), Part::Value(v)] },
        Kind::Log { parts: vec![] },
        Kind::Stop,
    ];
    let statement = |kind| Statement { kind, at: None };
    let mut trace = Trace { model: Some("tiny".into()), ..Trace::default() };
    trace.statements.extend(kinds.into_iter().map(statement));
    let mut items = index("1, -1, ..., new, :, 1:5:2");
    items.push(IndexItem::Value(v));
    let args = [
        Arg::None,
        Arg::Value(ValueId(u32::MAX)),
        Arg::Values(vec![v, v]),
        Arg::Bool(true),
        Arg::Int(i64::MIN),
        Arg::Float(-0.0),
        Arg::Float(f64::INFINITY),
        Arg::Float(f64::NEG_INFINITY),
        Arg::Ints(vec![-1, i64::MAX]),
        Arg::DType(DType::Bf16),
        Arg::Word("tanh".into()),
        Arg::Index(items),
    ];
    trace.statements.extend(args.map(|a| applied("neg", vec![a])));
    for dtype in DType::ALL {
        let data: Vec<u8> = (0..6 * dtype.size()).map(|i| i as u8).collect();
        trace.constants.push(Constant { ty: TensorType::new(dtype, [2, 3]), data: data.into() });
    }
    trace.constants.extend([Constant::f32([0, 5], &[]), Constant::f32([], &[f32::NAN])]);
    trace.constants.extend((0..4).map(|i| Constant::i64([1], &[i]))); // more than ten: names sort as text
    let text = Prompt { text: Some("hi".into()), ids: Some(vec![0, u32::MAX]) };
    trace.invokes.push(Invoke { prompts: vec![text, Prompt::text(""), Prompt::ids([])], at: at(1) });
    round_trips(&trace);
    round_trips(&Trace::default());
}

#[test]
fn nan_stays_nan() {
    let trace = Trace { statements: vec![applied("neg", vec![Arg::Float(f64::NAN)])], ..Trace::default() };
    let back = decode(&wire::encode(&trace).expect("encodes")).expect("decodes");
    let Kind::Op { args, .. } = &back.statements[0].kind else { panic!("{back:?}") };
    assert!(matches!(args[0], Arg::Float(x) if x.is_nan()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn floats_keep_every_bit(x in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
        let arg = Arg::Float(x);
        let trace = Trace { statements: vec![applied("neg", vec![arg])], ..Trace::default() };
        let back = decode(&wire::encode(&trace).expect("encodes")).expect("decodes");
        prop_assert_eq!(back, trace);
    }
}

/// A blob whose metadata holds this as the graph.
fn blob(key: &str, json: &str) -> Vec<u8> {
    let header = serde_json::json!({ "__metadata__": { key: json } }).to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
}

#[test]
fn says_why_bytes_are_not_a_trace() {
    let check = |bytes: &[u8], expected: expect_test::Expect| expected.assert_eq(&message(decode(bytes)));
    let graph = |rest: &str| blob("pellucid.trace", &format!(r#"{{"version":1,{rest}"invokes":[]}}"#));
    check(b"", expect!["not a trace: header too small [bad-wire]"]);
    check(b"not a trace at all", expect!["not a trace: header too large [bad-wire]"]);
    check(&blob("other", "{}"), expect!["not a trace: no `pellucid.trace` in the metadata [bad-wire]"]);
    check(
        &blob("pellucid.trace", "{}"),
        expect!["not a trace: missing field `version` at line 1 column 2 [bad-wire]"],
    );
    check(
        &blob("pellucid.trace", r#"{"version":9,"more":true}"#),
        expect!["the trace is of version 9, this build reads versions 1 to 2 [unsupported-version]"],
    );
    check(
        &graph(r#""constants":1,"statements":[],"#),
        expect!["not a trace: 1 constants expected, 0 tensors found [bad-wire]"],
    );
    check(
        &graph(r#""constants":0,"statements":[],"x":1,"#),
        expect![
            "not a trace: unknown field `x`, expected one of `version`, `model`, `generation`, `constants`, `invokes`, `functions`, `statements` at line 1 column 46 [bad-wire]"
        ],
    );
    check(
        &graph(r#""constants":0,"statements":[{"do":"fly"}],"#),
        expect![
            "not a trace: unknown variant `fly`, expected one of `read`, `constant`, `import`, `parameter`, `op`, `apply`, `call`, `cond`, `loop`, `backward`, `gradient`, `set_gradient`, `write`, `skip`, `set`, `save`, `log`, `stop` at line 1 column 53 [bad-wire]"
        ],
    );
    check(
        &graph(r#""constants":0,"statements":[{"do":"op","op":"eval","args":[]}],"#),
        expect!["not a trace: there is no operation `eval` at line 1 column 74 [bad-wire]"],
    );
    check(
        &graph(r#""constants":0,"statements":[{"do":"read","invoke":0,"site":"a b.output"}],"#),
        expect!["not a trace: `a b.output` is not a site at line 1 column 85 [bad-wire]"],
    );
}

#[test]
fn a_constant_that_does_not_fit_its_type_is_not_sent() {
    let short = Constant { ty: TensorType::new(DType::F32, [2]), data: vec![0; 4].into() };
    let trace = Trace { constants: vec![short], ..Trace::default() };
    expect![
        "not a trace: constant 0: tensor of type F32 and shape (2) can't be created from 4 bytes [bad-wire]"
    ]
    .assert_eq(&message(wire::encode(&trace)));
}
