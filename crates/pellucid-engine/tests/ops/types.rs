//! Walks the table with arguments drawn for every kind of parameter, over all dtypes, empty and 0-d
//! tensors included: whatever the rule accepts, the kernel computes, with exactly the inferred types.

use pellucid_engine::Error;
use pellucid_engine::ops::{cast, eval, has_kernel};
use pellucid_engine::tensor::Tensor;
use pellucid_graph::op::{Call, OPS, ParamKind};
use pellucid_graph::{Arg, Code, DType, IndexItem, Op, OpDef, Slice, TensorType, ValueId};
use proptest::prelude::*;

use crate::fitting::fitting;

/// Draws numbers from the bytes that proptest makes and shrinks; zeros once they are spent.
pub(crate) struct Draw<'a>(pub(crate) std::slice::Iter<'a, u8>);

impl Draw<'_> {
    fn below(&mut self, n: usize) -> usize {
        self.0.next().map_or(0, |b| usize::from(*b) % n)
    }

    fn dim(&mut self) -> i64 {
        self.below(5) as i64 - 2
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Mostly one of the shapes and dtypes drawn before, so that operands often fit.
    fn tensor(&mut self, made: &mut Vec<Tensor>) -> ValueId {
        let ty = match (made.first().map(Tensor::ty), self.below(4)) {
            (Some(first), 0 | 1) => first,
            (Some(first), 2) => TensorType::new(self.pick(&DType::ALL), first.shape),
            _ => {
                let rank = self.below(4);
                let shape: Vec<usize> = (0..rank).map(|_| self.pick(&[2, 3, 1, 0])).collect();
                TensorType::new(self.pick(&DType::ALL), shape)
            }
        };
        let bytes: Vec<u8> = (0..ty.bytes().unwrap()).map(|_| self.below(256) as u8).collect();
        made.push(Tensor::from_bytes(&ty, &bytes).unwrap());
        ValueId(made.len() as u32 - 1)
    }

    fn positions(&mut self, made: &mut Vec<Tensor>) -> ValueId {
        let shape: Vec<usize> = (0..self.below(3)).map(|_| self.pick(&[2, 1, 3, 0])).collect();
        let n = shape.iter().product();
        made.push(Tensor::new((0..n).map(|_| self.below(2) as i64).collect::<Vec<_>>(), shape));
        ValueId(made.len() as u32 - 1)
    }

    fn number(&mut self) -> Arg {
        let float = [0.0, 2.0, -1.0, 0.5, f64::INFINITY, f64::NAN, 1e300];
        match self.below(3) {
            0 => Arg::Int(self.pick(&[0, 1, 2, -1, 3, i64::MAX, i64::MIN])),
            1 => Arg::Float(self.pick(&float)),
            _ => Arg::Bool(self.below(2) == 1),
        }
    }

    fn item(&mut self, made: &mut Vec<Tensor>) -> IndexItem {
        let mut end = || (self.below(2) == 1).then(|| self.pick(&[0, 1, -1, 2, 9, i64::MAX, i64::MIN]));
        let (start, stop) = (end(), end());
        match self.below(6) {
            5 => {
                let skip = self.below(3).min(made[0].shape().len());
                let shape = made[0].shape()[..skip].to_vec();
                let n = shape.iter().product();
                made.push(Tensor::bools((0..n).map(|_| self.below(2) as u8).collect(), shape));
                IndexItem::Value(ValueId(made.len() as u32 - 1))
            }
            0 => IndexItem::Int(self.pick(&[0, -1, 1])),
            1 => IndexItem::Slice(Slice { start, stop, step: self.pick(&[None, Some(2), Some(i64::MAX)]) }),
            2 => IndexItem::New,
            3 => IndexItem::Ellipsis,
            _ => IndexItem::Value(self.positions(made)),
        }
    }

    fn shape(&mut self, first: &[usize]) -> Vec<i64> {
        let skip = self.below(first.len() + 1);
        match self.below(4) {
            0 => first.iter().map(|n| *n as i64).collect(),
            1 => first[skip..].iter().map(|n| *n as i64).collect(),
            2 => vec![-1],
            _ => [2, 3].into_iter().chain(first.iter().map(|n| *n as i64)).collect(),
        }
    }

    fn value(&mut self, ty: TensorType, made: &mut Vec<Tensor>) -> Arg {
        let n: usize = ty.shape.iter().product();
        let elements: Vec<i64> = (0..n).map(|_| self.below(2) as i64).collect();
        made.push(cast(&Tensor::new(elements, ty.shape), ty.dtype));
        Arg::Value(ValueId(made.len() as u32 - 1))
    }

    pub(crate) fn arg(&mut self, def: &OpDef, i: usize, made: &mut Vec<Tensor>) -> Arg {
        let param = &def.params[i];
        if param.kind == ParamKind::Tensor
            && let Some(ty) = fitting(def.name, param.name, made)
            && self.below(3) > 0
        {
            return self.value(ty, made);
        }
        if let (Some(default), 0) = (&param.default, self.below(3)) {
            return default.clone();
        }
        let first = made.first().map(|t| t.shape().to_vec()).unwrap_or_default();
        match param.kind {
            ParamKind::Tensor if param.name == "index" && self.below(4) > 0 => {
                let same = made[0].shape().iter().map(|n| n.min(&2)).copied().collect::<Vec<usize>>();
                let shape = if def.name == "gather" { same } else { vec![self.below(3)] };
                let n = shape.iter().product();
                made.push(Tensor::new((0..n).map(|_| self.below(2) as i64).collect::<Vec<_>>(), shape));
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Tensor if i == 0 && def.name == "multinomial" => {
                let shape = self.pick(&[&[3][..], &[2, 2], &[2, 1], &[0, 2]]);
                let n = shape.iter().product();
                made.push(Tensor::new((0..n).map(|_| 1.0 + self.below(3) as f32).collect::<Vec<_>>(), shape));
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Tensor if i == 0 && def.name == "diagonal_scatter" => {
                let shape = self.pick(&[&[2, 2][..], &[3, 2], &[2, 2, 2]]);
                made.push(Tensor::new(vec![0i64; shape.iter().product()], shape));
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Tensor if param.name == "src" && def.name == "diagonal_scatter" => {
                let shape = [first.get(2..).unwrap_or_default(), &[2]].concat();
                let ty = TensorType::new(self.pick(&DType::ALL), shape);
                made.push(Tensor::from_bytes(&ty, &vec![1; ty.bytes().unwrap()]).unwrap());
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Tensor if i == 0 && matches!(def.name, "bincount" | "one_hot") => {
                let n = self.below(3);
                made.push(Tensor::new((0..n).map(|_| self.below(2) as i64).collect::<Vec<_>>(), [n]));
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Tensor if matches!(param.name, "index" | "indices" | "sorter") => {
                let shape = first.iter().map(|n| n.min(&2)).copied().collect::<Vec<usize>>();
                let n = shape.iter().product();
                made.push(Tensor::new((0..n).map(|_| self.below(2) as i64).collect::<Vec<_>>(), shape));
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Tensor if matches!(param.name, "src" | "source") && self.below(4) > 0 => {
                let shape = match self.below(2) {
                    0 => first,
                    _ => made.last().map(|t| t.shape().to_vec()).unwrap_or_default(),
                };
                let ty = TensorType::new(made[0].dtype(), shape);
                made.push(Tensor::from_bytes(&ty, &vec![1; ty.bytes().unwrap()]).unwrap());
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Tensor if matches!(param.name, "condition" | "mask") => {
                made.push(Tensor::bools(
                    (0..first.iter().product()).map(|_| self.below(2) as u8).collect(),
                    first,
                ));
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Tensor if def.name.ends_with("quantile") && self.below(4) > 0 => {
                let data = [1.0, f32::NAN, -2.0, 0.0].map(|x| if self.below(2) == 0 { x } else { 0.5 });
                made.push(Tensor::new(data.to_vec(), [2, 2]));
                Arg::Value(ValueId(made.len() as u32 - 1))
            }
            ParamKind::Operand if param.name == "q" && self.below(4) > 0 => {
                Arg::Float(self.pick(&[0.0, 0.3, 1.0]))
            }
            ParamKind::Tensor => Arg::Value(self.tensor(made)),
            ParamKind::Operand if self.below(3) == 0 => self.number(),
            ParamKind::Operand => Arg::Value(self.tensor(made)),
            ParamKind::Tensors => Arg::Values((0..1 + self.below(3)).map(|_| self.tensor(made)).collect()),
            ParamKind::Int => Arg::Int(self.pick(&[1, 0, 2, -1, i64::MIN, i64::MAX])),
            ParamKind::Float => Arg::Float(self.pick(&[2.0, 0.0, 1.0, -1.0, f64::INFINITY, f64::NAN])),
            ParamKind::Bool => Arg::Bool(self.below(2) == 1),
            ParamKind::Word(words) => Arg::Word(self.pick(words).into()),
            ParamKind::Text => {
                Arg::Word(self.pick(&["ij,jk", "ii", "i...->...", "...,...", "ij->ji", "", "i->ij"]).into())
            }
            ParamKind::Dim => Arg::Int(self.dim()),
            ParamKind::Dims if def.name == "permute" => Arg::Ints((0..first.len() as i64).rev().collect()),
            ParamKind::Dims if def.name == "linalg_matrix_norm" => Arg::Ints(vec![-1, 0]),
            ParamKind::Dims if self.below(2) == 0 => Arg::Int(self.dim()),
            ParamKind::Dims => Arg::Ints((0..self.below(3)).map(|_| self.dim()).collect()),
            ParamKind::Shape if def.name == "tensordot" => {
                Arg::Ints(vec![1, 0, -1][self.below(2)..][..self.below(3)].to_vec())
            }
            ParamKind::Shape => Arg::Ints(self.shape(&first)),
            ParamKind::DType => Arg::DType(self.pick(&DType::ALL)),
            ParamKind::Index => Arg::Index((0..self.below(4)).map(|_| self.item(made)).collect()),
        }
    }
}

/// What kernels object to after their rule has passed.
fn may_object(op: &str, code: Code) -> bool {
    match code {
        Code::IndexOutOfRange => {
            let positions = ["index", "set_index", "gather", "index_select", "take", "take_along_dim", "put"];
            let writes =
                ["scatter", "scatter_add", "scatter_reduce", "index_add", "index_copy", "index_fill"];
            let counts = ["bincount", "one_hot", "searchsorted"];
            let classes = ["embedding", "nll_loss", "cross_entropy"];
            [&positions[..], &writes, &counts, &classes].concat().contains(&op)
        }
        Code::ShapeMismatch => {
            ["norm", "index_select", "index", "set_index", "masked_scatter", "repeat_interleave"]
                .contains(&op)
        }
        // Singular matrices and elements that are not finite, for one.
        Code::BadArgument if op.starts_with("linalg_") => true,
        Code::BadArgument => [
            "binary_cross_entropy",
            "pow",
            "div",
            "floor_divide",
            "remainder",
            "fmod",
            "quantile",
            "nanquantile",
            "repeat_interleave",
            "histc",
            "bernoulli",
            "multinomial",
            "normal",
        ]
        .contains(&op),
        _ => false,
    }
}

/// One draw of arguments: true when the rule accepted them.
fn check(def: &'static OpDef, bytes: &[u8]) -> bool {
    let (mut draw, mut made) = (Draw(bytes.iter()), Vec::new());
    let args: Vec<Arg> = (0..def.params.len()).map(|i| draw.arg(def, i, &mut made)).collect();
    let types: Vec<TensorType> = made.iter().map(Tensor::ty).collect();
    let inferred = Call::infer(def, &args, &types);
    let small = |ts: &Vec<TensorType>| ts.iter().all(|t| t.numel().is_some_and(|n| n < 1 << 20));
    if inferred.as_ref().is_ok_and(|ts| !small(ts)) {
        return false;
    }
    let op = Op::find(def.name).unwrap();
    let found = eval(op, &args, |v| made.get(v.index()));
    match (inferred, found) {
        (Ok(want), Ok(got)) => {
            let got_types: Vec<TensorType> = got.iter().map(Tensor::ty).collect();
            let admitted = want.len() == got.len() && want.iter().zip(&got_types).all(|(w, g)| w.admits(g));
            assert!(admitted, "{op:?} {args:?} {types:?}: inferred {want:?}, got {got_types:?}");
            for t in got {
                assert_eq!(t.as_bytes().len(), t.ty().bytes().unwrap(), "{op:?} {args:?} {types:?}");
                let truth = t.dtype() != DType::Bool || t.as_bytes().iter().all(|b| *b < 2);
                assert!(truth, "a bool other than 0 and 1: {op:?} {args:?} {types:?}");
            }
            true
        }
        (Err(want), Err(Error::Trace(got))) => {
            assert_eq!(got, want);
            false
        }
        (Ok(_), Err(Error::Trace(got))) => {
            assert!(may_object(def.name, got.code), "{op:?} {args:?} {types:?}: {got}");
            false
        }
        (want, got) => panic!("{op:?} {args:?} {types:?}: inferred {want:?}, got {got:?}"),
    }
}

#[test]
fn every_row_computes_what_it_infers() {
    let mut rare = Vec::new();
    for def in OPS {
        assert!(has_kernel(def.name), "`{}` has no kernel", def.name);
        let accepted = std::cell::Cell::new(0);
        let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) };
        proptest!(config, |(bytes in proptest::collection::vec(any::<u8>(), 0..300))| {
            accepted.set(accepted.get() + usize::from(check(def, &bytes)));
        });
        if accepted.get() < 20 {
            rare.push(format!("`{}`: only {} of 400 draws pass its rule", def.name, accepted.get()));
        }
    }
    assert!(rare.is_empty(), "{}", rare.join("\n"));
}

#[test]
fn meta_tensors_stay_meta() {
    let t = Tensor::meta(DType::F16, [2, 3]);
    let op = Op::find("topk").unwrap();
    let args = op.def().bind(vec![Arg::Value(ValueId(5)), Arg::Int(2)], vec![]).unwrap();
    let out = eval(op, &args, |v| (v == ValueId(5)).then_some(&t)).unwrap();
    assert!(out.iter().all(Tensor::is_meta));
    assert_eq!(out[1].ty(), TensorType::new(DType::I64, [2, 2]));
}
