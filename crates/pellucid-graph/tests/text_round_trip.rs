//! The text form reads back what it prints.

mod fixture;

use expect_test::expect;
use fixture::index;
use pellucid_graph::{
    Arg, Constant, DType, IndexItem, Invoke, Kind, Limits, Op, Part, Prompt, Site, Statement, TensorType,
    Trace, ValueId, text,
};

/// Without places, which the text form does not print.
fn bare(mut trace: Trace) -> Trace {
    trace.invokes.iter_mut().for_each(|i| i.at = None);
    trace.statements.iter_mut().for_each(|s| s.at = None);
    trace
}

fn round_trips(trace: &Trace) {
    let printed = text::print(trace);
    let back = text::parse(&printed, "a.trace", &Limits::default());
    let back = back.unwrap_or_else(|d| panic!("{d}\n{printed}"));
    assert_eq!(text::print(&back), printed);
    assert_eq!(format!("{:?}", bare(back)), format!("{:?}", bare(trace.clone())), "{printed}");
}

fn of(kinds: Vec<Kind>) -> Trace {
    let statements = kinds.into_iter().map(|kind| Statement { kind, at: None }).collect();
    Trace { statements, ..Trace::default() }
}

fn applied(name: &str, args: Vec<Arg>) -> Kind {
    let op = Op::find(name).expect("a row of the table");
    Kind::Op { op, args: op.def().bind(args, vec![]).expect("binds") }
}

#[test]
fn every_statement() {
    let (v, site) = (ValueId(0), Site::parse("layers.0.self_attn.pattern@3").expect("a site"));
    let module = "layers.0".to_owned();
    let mut trace = of(vec![
        Kind::Read { invoke: 0, site: site.clone() },
        Kind::Constant { index: 0 },
        Kind::Apply { module: module.clone(), input: v },
        Kind::Apply { module: String::new(), input: v },
        applied("topk", vec![Arg::Value(v), Arg::Int(2), Arg::Int(0), Arg::Bool(false), Arg::Bool(true)]),
        Kind::Write { invoke: 1, site, value: ValueId(5) },
        Kind::Skip { invoke: 0, module, step: 3, value: v },
        Kind::Import { trace: 3, name: "\"é".into(), ty: TensorType::new(DType::F16, [2, 9]).opened(1) },
        Kind::Save { name: "with \"quotes\", \\ and # and é\n".into(), value: v },
        Kind::Log { parts: vec![Part::Text("at \"#\"".into()), Part::Value(v), Part::Value(v)] },
        Kind::Log { parts: vec![] },
        Kind::Stop,
    ]);
    trace.model = Some("a \"model\" # not a comment".into());
    trace.constants.push(Constant::f32([2], &[1.0, -0.5]));
    let prompt = |text: &str| Prompt { text: Some(text.into()), ids: None };
    let both = Prompt { text: Some("日本 \u{2028}\u{85}\u{0}\u{1F600}".into()), ids: Some(vec![1, 2]) };
    for prompts in [vec![prompt("a, \"b\"]")], vec![both, prompt(""), Prompt::ids([7, 8])], vec![]] {
        trace.invokes.push(Invoke { prompts, at: None });
    }
    round_trips(&trace);
}

#[test]
fn every_argument() {
    let v = |n| Arg::Value(ValueId(n));
    let mut kinds = vec![Kind::Read { invoke: 0, site: Site::parse("output").expect("a site") }];
    kinds.push(Kind::Constant { index: 0 });
    let floats = [0.1, -0.0, 1.0, 1e300, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e16];
    kinds.extend(floats.map(|x| applied("add", vec![v(0), Arg::Float(x)])));
    kinds.extend([i64::MIN, -1, 0, i64::MAX].map(|n| applied("mul", vec![Arg::Int(n), v(0)])));
    kinds.push(applied("where", vec![v(0), Arg::Bool(true), Arg::Bool(false)]));
    kinds.push(applied("sum", vec![v(0), Arg::None, Arg::Bool(true)]));
    kinds.push(applied("sum", vec![v(0), Arg::Ints(vec![]), Arg::Bool(false)]));
    kinds.push(applied("sum", vec![v(0), Arg::Ints(vec![0, -1]), Arg::Bool(false)]));
    kinds.push(applied("clamp", vec![v(0), Arg::None, Arg::Float(2.0)]));
    kinds.push(applied("norm", vec![v(0), Arg::Float(f64::INFINITY), Arg::Int(1), Arg::Bool(false)]));
    kinds.push(applied("cat", vec![Arg::Values(vec![ValueId(0), ValueId(1)]), Arg::Int(1)]));
    kinds.push(applied("cat", vec![Arg::Values(vec![]), Arg::Int(0)]));
    kinds.extend(["none", "tanh"].map(|w| applied("gelu", vec![v(0), Arg::Word(w.into())])));
    kinds.push(applied("gelu", vec![v(0), Arg::None]));
    kinds.extend(DType::ALL.map(|d| applied("to", vec![v(0), Arg::DType(d)])));
    kinds.push(applied("full_like", vec![v(0), Arg::Int(1), Arg::DType(DType::Bf16)]));
    let items =
        [vec![], index("1, -1, ..., new, :, 1:, :-1, ::2, 1:5:2"), vec![IndexItem::Value(ValueId(1))]];
    kinds.extend(items.into_iter().map(|i| applied("index", vec![v(0), Arg::Index(i)])));
    kinds.push(applied("layer_norm", vec![v(0), Arg::Ints(vec![8]), Arg::None, v(1), Arg::Float(1e-6)]));
    let mut trace = of(kinds);
    trace.constants.push(Constant::i64([1], &[3]));
    round_trips(&trace);
}

#[test]
fn every_element_type() {
    let mut trace = Trace::default();
    for (i, dtype) in DType::ALL.into_iter().enumerate() {
        let ones = |bytes: [u8; 8]| bytes[..dtype.size()].to_vec();
        let mut data = [ones([1, 0, 0, 0, 0, 0, 0, 0]), ones([0; 8])].concat();
        data.extend(if dtype == DType::Bool {
            vec![1]
        } else {
            ones([0x55, 0x3c, 0x12, 0x3d, 0, 7, 8, 0xbf])
        });
        trace.constants.push(Constant { ty: TensorType::new(dtype, [3, 1]), data: data.into() });
        trace.statements.push(Statement { kind: Kind::Constant { index: i }, at: None });
    }
    let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, f32::MIN_POSITIVE, 1e-45, f32::MAX];
    trace.constants.push(Constant::f32([7], &wild));
    trace.constants.push(Constant::f32([0, 4], &[]));
    trace.constants.push(Constant::f32([], &[0.1]));
    trace.statements.extend((8..11).map(|index| Statement { kind: Kind::Constant { index }, at: None }));
    round_trips(&trace);
}

#[test]
fn comments_blanks_and_names_are_free() {
    let loose = "# a comment\n\n  pellucid   1  # version\nmodel \"tiny\"\n invoke 0 \"a # b\"ids[1 , 2]# why\n\
        \t%7=read 0 layers.0.output\n%3 , %4=topk %7 k=2 largest = true\nsave \"x\" %4 # y";
    let trace = text::parse(loose, "a.trace", &Limits::default()).unwrap_or_else(|d| panic!("{d}"));
    expect![[r#"
        pellucid 2
        model "tiny"
        invoke 0 "a # b" ids [1, 2]
        %0 = read 0 layers.0.output
        %1, %2 = topk %0 2
        save "x" %2
    "#]]
    .assert_eq(&text::print(&trace));
}
