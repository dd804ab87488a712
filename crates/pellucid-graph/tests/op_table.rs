//! Every row of the op table, under arguments of the right kinds and of wrong ones: a type or an
//! error, never a panic, and results that other rows can take.

use pellucid_graph::op::{Call, OPS, ParamKind};
use pellucid_graph::{Arg, DType, IndexItem, OpDef, Slice, TensorType, ValueId};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

const N_VALUES: u32 = 6;

fn ty() -> impl Strategy<Value = TensorType> {
    let odd = prop::sample::select(vec![0usize, 1, 2, 3, 1 << 20, 1 << 31, 1 << 61, isize::MAX as usize]);
    let length = prop_oneof![8 => 1..4usize, 1 => odd];
    let dtype = prop::sample::select(DType::ALL.to_vec());
    let made = (dtype, prop::collection::vec(length, 0..5)).prop_map(|(d, s)| TensorType::new(d, s));
    let odd = made.prop_filter("only what a value can have", TensorType::addressable);
    // Shapes and types that meet often, so that every row accepts some of what it is given.
    let usual = (
        prop::sample::select(vec![DType::F32, DType::I64, DType::Bool]),
        prop::sample::select(vec![vec![], vec![3], vec![2, 3], vec![3, 3], vec![2, 3, 3]]),
    );
    prop_oneof![1 => odd, 2 => usual.prop_map(|(d, s)| TensorType::new(d, s))]
}

fn int() -> impl Strategy<Value = i64> {
    prop_oneof![8 => -4..5i64, 1 => prop::sample::select(vec![i64::MIN, i64::MAX, 1 << 31, -(1 << 62)])]
}

fn value() -> impl Strategy<Value = ValueId> {
    (0..N_VALUES).prop_map(ValueId)
}

fn item() -> impl Strategy<Value = IndexItem> {
    let part = || prop::option::of(int());
    prop_oneof![
        int().prop_map(IndexItem::Int),
        (part(), part(), part()).prop_map(|(start, stop, step)| IndexItem::Slice(Slice {
            start,
            stop,
            step
        })),
        Just(IndexItem::New),
        Just(IndexItem::Ellipsis),
        value().prop_map(IndexItem::Value),
    ]
}

fn number() -> impl Strategy<Value = Arg> {
    prop_oneof![
        int().prop_map(Arg::Int),
        any::<f64>().prop_map(Arg::Float),
        any::<bool>().prop_map(Arg::Bool)
    ]
}

/// An argument of the parameter's kind.
fn right(kind: ParamKind) -> BoxedStrategy<Arg> {
    let ints = || prop::collection::vec(int(), 0..5).prop_map(Arg::Ints);
    match kind {
        ParamKind::Tensor => value().prop_map(Arg::Value).boxed(),
        ParamKind::Operand => prop_oneof![value().prop_map(Arg::Value), number()].boxed(),
        ParamKind::Tensors => prop::collection::vec(value(), 0..4).prop_map(Arg::Values).boxed(),
        ParamKind::Int | ParamKind::Dim => int().prop_map(Arg::Int).boxed(),
        ParamKind::Float => prop_oneof![2 => number(), 1 => Just(Arg::Float(0.0))].boxed(),
        ParamKind::Bool => any::<bool>().prop_map(Arg::Bool).boxed(),
        ParamKind::Word(words) => prop::sample::select(words).prop_map(|w| Arg::Word(w.into())).boxed(),
        ParamKind::Text => {
            let equations = vec!["ij,jk", "ii", "...i->i", "i", "", "i,i,i", "->..->", "ij->jik"];
            prop::sample::select(equations).prop_map(|e| Arg::Word(e.into())).boxed()
        }
        ParamKind::Dims => prop_oneof![int().prop_map(Arg::Int), ints()].boxed(),
        ParamKind::Shape => {
            let usual = prop::sample::select(vec![vec![3], vec![2, 3], vec![3, -1], vec![-1]]);
            prop_oneof![1 => ints(), 2 => usual.prop_map(Arg::Ints)].boxed()
        }
        ParamKind::DType => prop::sample::select(DType::ALL.to_vec()).prop_map(Arg::DType).boxed(),
        ParamKind::Index => prop::collection::vec(item(), 0..5).prop_map(Arg::Index).boxed(),
    }
}

/// Any argument at all, values that do not exist among them.
fn wrong() -> BoxedStrategy<Arg> {
    let kinds = [
        ParamKind::Tensors,
        ParamKind::Operand,
        ParamKind::Dims,
        ParamKind::DType,
        ParamKind::Index,
        ParamKind::Word(&["", "tanh"]),
    ];
    let missing = [Arg::None, Arg::Value(ValueId(N_VALUES)), Arg::Values(vec![ValueId(u32::MAX)])];
    prop::strategy::Union::new(kinds.map(right))
        .boxed()
        .prop_union(prop::sample::select(missing.to_vec()).boxed())
        .boxed()
}

fn argument(kind: ParamKind, default: Option<&Arg>) -> BoxedStrategy<Arg> {
    let usual = default.cloned().map_or(right(kind), |d| Just(d).boxed());
    prop_oneof![6 => right(kind), 3 => usual, 1 => wrong()].boxed()
}

fn arguments(def: &'static OpDef) -> BoxedStrategy<Vec<Arg>> {
    def.params.iter().map(|p| argument(p.kind, p.default.as_ref())).collect::<Vec<_>>().boxed()
}

#[test]
fn every_row_infers_or_refuses() {
    let config = ProptestConfig { cases: 5000, failure_persistence: None, ..ProptestConfig::default() };
    for def in OPS {
        let given = (prop::collection::vec(ty(), N_VALUES as usize), arguments(def));
        let accepted = std::cell::Cell::new(0);
        // Types that are drawn apart seldom fit each other as `index_copy` needs it: then more are drawn.
        for cases in [1500, 30_000] {
            let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let mut runner = TestRunner::new_with_rng(ProptestConfig { cases, ..config.clone() }, rng);
            let found = runner.run(&given, |(types, args)| {
                let Ok(made) = Call::infer(def, &args, &types) else { return Ok(()) };
                accepted.set(accepted.get() + 1);
                prop_assert_eq!(made.len(), def.results.len());
                prop_assert!(made.iter().all(TensorType::addressable), "{:?}", made);
                Ok(())
            });
            found.unwrap_or_else(|e| panic!("`{}`: {e}", def.name));
            if accepted.get() > 5 {
                break;
            }
        }
        assert!(accepted.get() > 5, "`{}` accepted {}", def.name, accepted.get());
    }
}

#[test]
fn arguments_of_a_wrong_kind_are_refused_in_every_place() {
    let types = vec![TensorType::new(DType::F32, [2, 2]); N_VALUES as usize];
    for def in OPS {
        for (i, param) in def.params.iter().enumerate() {
            let mut args = vec![Arg::None; def.params.len()];
            args[i] = match param.kind {
                ParamKind::Word(_) => Arg::Word("no such word".into()),
                _ => Arg::Word("word".into()),
            };
            let found = Call::infer(def, &args, &types);
            assert!(found.is_err(), "`{}` took a word as `{}`", def.name, param.name);
        }
        assert!(Call::infer(def, &[], &types).is_err(), "`{}` needs arguments", def.name);
    }
}

/// What PyTorch gives, written by hand where a rule is easy to get wrong.
#[test]
fn types_as_in_torch() {
    let check = |name: &str, rest: Vec<Arg>, first: TensorType, second: TensorType, expected: &str| {
        let def = pellucid_graph::Op::find(name).expect("a row").def();
        let args = def.bind([vec![Arg::Value(ValueId(0))], rest].concat(), vec![]).expect("binds");
        let made = Call::infer(def, &args, &[first, second]);
        let made = made.map(|ts| ts.iter().map(TensorType::to_string).collect::<Vec<_>>().join(" "));
        assert_eq!(made.unwrap_or_else(|d| d.message), expected, "{name}");
    };
    let t = |dtype, shape: &[usize]| TensorType::new(dtype, shape);
    let (f, i, other) = (t(DType::F32, &[2, 3]), t(DType::I64, &[2, 3]), || vec![Arg::Value(ValueId(1))]);
    let scalar = |dtype| t(dtype, &[]);
    check("add", other(), t(DType::F16, &[2]), scalar(DType::F64), "f16[2]");
    check("add", other(), i.clone(), scalar(DType::F64), "f64[2, 3]");
    check("mul", vec![Arg::Float(0.5)], t(DType::Bf16, &[2]), f.clone(), "bf16[2]");
    check("div", vec![Arg::Int(2)], i.clone(), f.clone(), "f32[2, 3]");
    check("sum", vec![Arg::Int(-1)], i.clone(), f.clone(), "i64[2]");
    check("sum", vec![Arg::None, Arg::Bool(true)], t(DType::F16, &[2, 3]), f.clone(), "f16[1, 1]");
    check("argmax", vec![], f.clone(), f.clone(), "i64[]");
    check("matmul", other(), t(DType::F32, &[3]), t(DType::F32, &[4, 3, 5]), "f32[4, 5]");
    check("topk", vec![Arg::Int(2)], f.clone(), f.clone(), "f32[2, 2] i64[2, 2]");
    check("clamp", vec![Arg::Float(0.5)], i.clone(), f.clone(), "f32[2, 3]");
    check("clamp", other(), i.clone(), scalar(DType::F16), "f16[2, 3]");
    check(
        "clamp",
        other(),
        f.clone(),
        t(DType::F32, &[4]),
        "`clamp`: shapes [2, 3] and [4] do not broadcast",
    );
    check("clamp", other(), f.clone(), t(DType::F64, &[4, 1, 1]), "f64[4, 2, 3]");
    check(
        "full_like",
        other(),
        f.clone(),
        t(DType::F32, &[3]),
        "`full_like`: `value` must be a number or 0-d, got f32[3]",
    );
    let shape = vec![Arg::Ints(vec![-5])];
    check(
        "rms_norm",
        shape,
        t(DType::F32, &[2, 0]),
        f,
        "`rms_norm`: shape [2, 0] does not end with `normalized_shape` [-5]",
    );
}
