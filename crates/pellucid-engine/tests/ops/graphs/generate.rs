//! A graph from a seed: what a user might record, step by step, keeping only what the recorder accepts
//! and the elements allow.

use pellucid_engine::Model;
use pellucid_engine::ops::{cast, eval};
use pellucid_engine::tensor::Tensor;
use pellucid_graph::op::{Call, Memory, OPS, ParamKind};
use pellucid_graph::{
    Arg, Constant, DType, Handle, IndexItem, Limits, Op, OpDef, Prompt, Recorder, Site, TensorType, ValueId,
    text,
};

use super::draw::Stream;
use super::{IDS, SITE, steps};
use crate::types::Draw;

/// Largest number of elements that a step may make: the embedding has as many.
const NUMEL: usize = 96;
/// Largest number of elements of all that a graph saves.
const SAVED: usize = 60;

/// A tensor of the graph as a step finds it.
#[derive(Clone)]
pub struct Item {
    pub handle: Handle,
    pub tensor: Tensor,
    /// Items with one storage are views of each other; nothing may write to `None`.
    pub storage: Option<usize>,
}

/// What an argument stands for: a tensor there is, or a constant to be.
#[derive(Clone)]
pub enum Given {
    Item(Item),
    Fresh(Tensor),
}

/// A function that can be called again.
pub struct Known {
    pub function: pellucid_graph::FunctionId,
    pub params: Vec<TensorType>,
}

pub struct World<'a> {
    pub recorder: Recorder,
    pub stream: Stream,
    read: &'a Tensor,
    /// Elements of every value outside functions, as far as statements have been computed.
    values: Vec<Tensor>,
    computed: usize,
    /// Tensors to choose from, outside functions and in each that is being recorded.
    pub frames: Vec<Vec<Item>>,
    pub functions: Vec<Known>,
    storages: usize,
}

/// The text form of a seed's graph; none if a statement cannot be computed.
pub fn graph(model: &Model, read: &Tensor, seed: u64) -> Option<String> {
    let mut recorder = Recorder::new(model.spec().clone(), Limits::default());
    recorder.invoke(vec![Prompt::ids(IDS)], None).unwrap();
    let mut world = World {
        recorder,
        stream: Stream::new(seed),
        read,
        values: Vec::new(),
        computed: 0,
        frames: vec![Vec::new()],
        functions: Vec::new(),
        storages: 0,
    };
    world.begin()?;
    for _ in 0..4 + world.stream.below(24) {
        world.step()?;
    }
    world.save()?;
    let mut trace = world.recorder.finish();
    trace.model = None;
    Some(text::print(&trace))
}

impl World<'_> {
    fn begin(&mut self) -> Option<()> {
        if self.stream.one_in(2) {
            let handle = self.recorder.read(0, Site::parse(SITE).unwrap(), None).unwrap();
            self.add(handle, self.read.clone());
        }
        for _ in 0..2 + self.stream.below(2) {
            let shape: &[usize] =
                [&[2, 3][..], &[3], &[2, 2, 3], &[3, 3], &[], &[2, 1], &[0, 3]][self.stream.below(7)];
            let dtype =
                [DType::F32, DType::F32, DType::F64, DType::I64, DType::Bf16, DType::F16, DType::Bool]
                    [self.stream.below(7)];
            let elements: Vec<f64> =
                (0..shape.iter().product()).map(|_| self.stream.below(48) as f64 / 8.0 - 3.0).collect();
            let t = cast(&Tensor::new(elements, shape), dtype);
            let handle = self.constant(&t);
            self.add(handle, t);
        }
        self.compute()
    }

    pub fn step(&mut self) -> Option<()> {
        for _ in 0..40 {
            let done = match self.stream.below(14) {
                0 if self.frames.len() < 3 => self.flow(),
                1 | 2 => self.write(),
                _ => self.operation(),
            };
            self.compute()?;
            if done.is_some() {
                break;
            }
        }
        Some(())
    }

    /// Computes what was recorded outside functions since.
    pub fn compute(&mut self) -> Option<()> {
        let trace = self.recorder.trace();
        for statement in &trace.statements[self.computed..] {
            let made = steps::made(trace, &statement.kind, &self.values, self.read, &mut Vec::new()).ok()?;
            self.values.extend(made);
        }
        self.computed = trace.statements.len();
        Some(())
    }

    fn operation(&mut self) -> Option<()> {
        let def = &OPS[self.stream.below(OPS.len())];
        // What is drawn from a seed has no equal numbers in PyTorch.
        if def.params.iter().any(|p| p.name == "seed") {
            return None;
        }
        let base = if self.stream.one_in(4) { None } else { self.choose() };
        let (args, given) = self.arguments(def, base, false);
        let mut of_tensors = false;
        args.iter().for_each(|a| a.for_each_value(&mut |_| of_tensors = true));
        let takes_tensors = def
            .params
            .iter()
            .any(|p| matches!(p.kind, ParamKind::Tensor | ParamKind::Operand | ParamKind::Tensors));
        if takes_tensors && !of_tensors {
            return None; // numbers alone, which Python adds up by itself
        }
        let made = self.apply(def.name, args, given)?;
        self.frames.last_mut().unwrap().extend(made);
        Some(())
    }

    /// Arguments for a row: drawn as `types.rs` draws them, with tensors that are there put in.
    /// With `first` the base is the first argument.
    pub fn arguments(
        &mut self,
        def: &'static OpDef,
        base: Option<Item>,
        first: bool,
    ) -> (Vec<Arg>, Vec<Given>) {
        let bytes = self.stream.bytes(600);
        let mut made: Vec<Tensor> = base.iter().map(|b| b.tensor.clone()).collect();
        let mut draw = Draw(bytes.iter());
        let mut args: Vec<Arg> = (0..def.params.len()).map(|i| draw.arg(def, i, &mut made)).collect();
        for arg in &mut args {
            *arg = self.stream.gentle_number(arg.clone());
        }
        if let (Some(arg @ Arg::Value(_)), true) = (args.first_mut(), base.is_some())
            && (first || !self.stream.one_in(4))
        {
            *arg = Arg::Value(ValueId(0));
        }
        let given = made.iter().enumerate().map(|(i, t)| match &base {
            Some(base) if i == 0 => Given::Item(base.clone()),
            _ => self.like(t, base.as_ref()),
        });
        let given = given.collect();
        (args, given)
    }

    /// A tensor of this type, or one like it: mostly one that is there, if there is one.
    fn like(&mut self, t: &Tensor, base: Option<&Item>) -> Given {
        let exactly = self.stream.one_in(2);
        let kind = |t: &Tensor| t.dtype().category();
        let fits = |i: &&Item| {
            i.tensor.ty() == t.ty() || !exactly && i.tensor.shape() == t.shape() && kind(&i.tensor) == kind(t)
        };
        let alike: Vec<Item> = self.frames.last().unwrap().iter().filter(fits).cloned().collect();
        if !alike.is_empty() && !self.stream.one_in(4) {
            let i = self.stream.late(alike.len());
            if let Some(item) = self.look(alike[i].clone()) {
                return Given::Item(item);
            }
        }
        match base {
            Some(base) if base.tensor.ty() == t.ty() && self.stream.one_in(3) => Given::Item(base.clone()),
            _ => Given::Fresh(self.stream.gentle(t)),
        }
    }

    /// Records an operation whose arguments name what is given, if its elements are worth having.
    pub fn apply(&mut self, name: &str, args: Vec<Arg>, given: Vec<Given>) -> Option<Vec<Item>> {
        let op = Op::find(name).unwrap();
        let results = self.results(op, &args, &given)?;
        let handles: Vec<Option<Handle>> = self.handles(&args, &given);
        let base = match args.first() {
            Some(Arg::Value(v)) => handles[v.index()],
            _ => None,
        };
        let copies = args.iter().any(|a| matches!(a, Arg::Index(items) if items.iter().any(is_tensor)));
        let storage = match (op.def().memory, args.first()) {
            (Memory::Shares, Some(Arg::Value(v))) if !copies => given[v.index()].storage(),
            _ => None,
        };
        let storage = storage.unwrap_or_else(|| Some(self.storage()));
        let args = self.recorded(&args, &handles)?;
        let made = self.recorder.op(op, args, base, None).ok()?;
        let item = |(handle, tensor): (Handle, Tensor)| {
            let ty = self.recorder.type_of(handle);
            assert!(ty.admits(&tensor.ty()), "`{name}` promised {ty}, gave {}", tensor.ty());
            Item { handle, tensor, storage }
        };
        Some(made.into_iter().zip(results).map(item).collect())
    }

    /// What the operation gives, unless that is too large or mostly not finite.
    pub fn results(&mut self, op: Op, args: &[Arg], given: &[Given]) -> Option<Vec<Tensor>> {
        let tensors: Vec<&Tensor> = given.iter().map(Given::tensor).collect();
        let types: Vec<TensorType> = tensors.iter().map(|t| t.ty()).collect();
        let inferred = Call::infer(op.def(), args, &types).ok()?;
        if inferred.iter().any(|t| t.numel().is_none_or(|n| n > NUMEL)) {
            return None;
        }
        let results = eval(op, args, |v| tensors.get(v.index()).copied()).ok()?;
        let bad = results.iter().any(|t| {
            let x = cast(t, DType::F64);
            let n = x.slice::<f64>().iter().filter(|x| x.is_nan() || x.abs() >= 1e30).count();
            n * 3 > t.numel() || (t.numel() == 0 && n == 0)
        });
        (!bad || self.stream.one_in(8)).then_some(results)
    }

    /// The handles of what the arguments name; constants are recorded here.
    pub fn handles(&mut self, args: &[Arg], given: &[Given]) -> Vec<Option<Handle>> {
        let mut used = vec![false; given.len()];
        args.iter().for_each(|a| a.for_each_value(&mut |v| used[v.index()] = true));
        let each = given.iter().zip(used).map(|(g, used)| match g {
            Given::Item(item) => Some(item.handle),
            Given::Fresh(t) => used.then(|| self.constant(t)),
        });
        each.collect()
    }

    /// The arguments with the numbers of values in the graph.
    pub fn recorded(&mut self, args: &[Arg], handles: &[Option<Handle>]) -> Option<Vec<Arg>> {
        let mut value = |v: ValueId| self.recorder.value(handles[v.index()].unwrap(), None);
        args.iter().map(|a| a.try_map_values(&mut value)).collect::<Result<_, _>>().ok()
    }

    fn constant(&mut self, t: &Tensor) -> Handle {
        let constant = Constant { ty: t.ty(), data: t.compact().as_bytes().into() };
        let index = self.recorder.add_constant(constant, None).unwrap();
        self.recorder.constant(index, None).unwrap()
    }

    /// One of the tensors there are, recent ones more often.
    pub fn choose(&mut self) -> Option<Item> {
        let frame = self.frames.last().unwrap();
        if frame.is_empty() {
            return None;
        }
        let item = frame[self.stream.late(frame.len())].clone();
        self.look(item)
    }

    /// The tensor as it is now, after writes to its storage.
    pub fn look(&mut self, mut item: Item) -> Option<Item> {
        if self.frames.len() == 1 {
            let value = self.recorder.value(item.handle, None).ok()?;
            self.compute()?;
            item.tensor = self.values[value.index()].clone();
        }
        Some(item)
    }

    pub fn add(&mut self, handle: Handle, tensor: Tensor) {
        let storage = Some(self.storage());
        self.frames.last_mut().unwrap().push(Item { handle, tensor, storage });
    }

    pub fn storage(&mut self) -> usize {
        self.storages += 1;
        self.storages
    }

    /// Saves a few of the last tensors that are small.
    fn save(&mut self) -> Option<()> {
        let (mut n, mut left) = (0, SAVED);
        let most = 2 + self.stream.below(3);
        for item in self.frames[0].clone().into_iter().rev() {
            let item = self.look(item)?;
            if n < most && item.tensor.numel() <= left && (n == 0 || !self.stream.one_in(3)) {
                self.recorder.save(&n.to_string(), item.handle, None).ok()?;
                left -= item.tensor.numel();
                n += 1;
            }
        }
        (n > 0).then_some(())
    }
}

impl Given {
    /// What a view of it is a view of; nothing for a constant, which has memory of its own.
    fn storage(&self) -> Option<Option<usize>> {
        match self {
            Given::Item(item) => Some(item.storage),
            Given::Fresh(_) => None,
        }
    }

    pub fn tensor(&self) -> &Tensor {
        match self {
            Given::Item(item) => &item.tensor,
            Given::Fresh(t) => t,
        }
    }
}

fn is_tensor(item: &IndexItem) -> bool {
    matches!(item, IndexItem::Value(_))
}
