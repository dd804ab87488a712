//! Observing a model: two passes over meta tensors of different batch sizes say which sites it has,
//! in what order, and how their shapes depend on b and s.

use pellucid_graph::spec::GENERATOR;
use pellucid_graph::{Dim, ModelSpec, ModuleSpec, ParameterSpec, SiteSpec, SpecData};

use crate::batch::Batch;
use crate::parameter::Named;
use crate::pass::{Child, Flow, Halt, Module, Node, Pass, PointId, Seen, WatchSet, Watcher};
use crate::precision::Precision;
use crate::scope::Registered;
use crate::{Cancel, Error, Tensor, vocabulary};
use pellucid_graph::DType;

/// What probing finds.
pub(crate) struct Probed {
    pub spec: ModelSpec,
    /// The module and point of each site, by order.
    pub sites: Vec<(usize, PointId)>,
}

/// Names that a spec carries besides what is observed.
pub(crate) struct Identity {
    pub name: String,
    pub model_type: String,
    pub n_ctx: usize,
    pub vocab_size: usize,
    pub precision: Precision,
    pub causal: bool,
}

/// Runs the two passes and compares them.
pub(crate) fn probe(
    identity: Identity,
    modules: &[Registered],
    named: &[Named],
    root: &Child<dyn Module>,
) -> Result<Probed, Error> {
    // An encoder has no tokens of earlier passes.
    let (few, more) = if identity.causal { (4, 6) } else { (0, 0) };
    let small = observe(modules.len(), root, [2, 3, few])?;
    let large = observe(modules.len(), root, [3, 5, more])?;
    if small.visits.len() != large.visits.len() {
        return Err(Error::internal("the sites of a model depend on its batch"));
    }
    let shown = |dtype| if dtype == DType::F32 { identity.precision.dtype() } else { dtype };
    let mut sites = Vec::new();
    let mut specs = Vec::new();
    for (a, b) in small.visits.iter().zip(&large.visits) {
        if (a.node, a.point) != (b.node, b.point) || a.shape.len() != b.shape.len() {
            return Err(Error::internal("the sites of a model depend on its batch"));
        }
        let shape = a.shape.iter().zip(&b.shape).map(|(x, y)| dim(*x, *y)).collect::<Result<_, _>>()?;
        sites.push((a.node, a.point));
        let path = modules[a.node].node.path.clone();
        specs.push(SiteSpec { path, point: a.point.name().to_owned(), shape, dtype: shown(a.dtype) });
    }
    let module = |m: &Registered| ModuleSpec {
        path: m.node.path.clone(),
        kind: m.kind.to_owned(),
        tokenwise: !small.mixing[m.node.id],
        params: m.cost.params,
        flops_per_token: m.cost.flops_per_token,
        flops_per_pair: m.cost.flops_per_pair,
    };
    let generator = if identity.causal { generator(&identity) } else { Vec::new() };
    let spec = ModelSpec::from(SpecData {
        name: identity.name,
        model_type: identity.model_type,
        n_ctx: identity.n_ctx,
        vocab_size: identity.vocab_size,
        dtype: identity.precision.dtype(),
        modules: modules.iter().map(module).collect(),
        sites: specs,
        generator,
        parameters: parameters(named, identity.precision),
        aliases: Vec::new(),
    });
    let spec = spec.renamed(&vocabulary::renames())?;
    Ok(Probed { spec, sites })
}

/// The sites of a generation, in the order that a step comes to them; the last is there at the end.
fn generator(identity: &Identity) -> Vec<SiteSpec> {
    let site = |point: &str, shape: &[Dim], dtype| SiteSpec {
        path: GENERATOR.to_owned(),
        point: point.to_owned(),
        shape: shape.to_vec(),
        dtype,
    };
    let logits = [Dim::B, Dim::Fixed(identity.vocab_size)];
    vec![
        site(PointId::LOGITS.name(), &logits, identity.precision.dtype()),
        site(PointId::TOKEN.name(), &[Dim::B], DType::I64),
        site(PointId::OUTPUT.name(), &[Dim::B, Dim::All], DType::I64),
    ]
}

fn parameters(named: &[Named], precision: Precision) -> Vec<ParameterSpec> {
    let spec = |(i, own): (usize, &Named)| ParameterSpec {
        path: own.path.clone(),
        shape: own.shape.clone(),
        dtype: precision.dtype(),
        same_as: named[..i].iter().find(|other| own.is(other)).map(|other| other.path.clone()),
    };
    named.iter().enumerate().map(spec).collect()
}

/// An axis of length 2 then 3 is b, of length 3 then 5 is s, of 7 then 11 keys, of one length is fixed.
fn dim(small: usize, large: usize) -> Result<Dim, Error> {
    match (small, large) {
        (2, 3) => Ok(Dim::B),
        (3, 5) => Ok(Dim::S),
        (7, 11) => Ok(Dim::Keys),
        (a, b) if a == b => Ok(Dim::Fixed(a)),
        (a, b) => Err(Error::internal(format!("an axis of length {a}, then {b}"))),
    }
}

struct Visit {
    node: usize,
    point: PointId,
    shape: Vec<usize>,
    dtype: DType,
}

struct Observer {
    visits: Vec<Visit>,
    open: Vec<usize>,
    mixing: Vec<bool>,
}

fn observe(n_modules: usize, root: &Child<dyn Module>, lengths: [usize; 3]) -> Result<Observer, Error> {
    let [b, s, past] = lengths;
    let batch = Batch::with_past(std::iter::repeat_n((s, past), b));
    let (watched, cancel) = (WatchSet::all(n_modules), Cancel::new());
    let mut observer = Observer { visits: Vec::new(), open: Vec::new(), mixing: vec![false; n_modules] };
    let mut pass = Pass::new(&batch, &watched, &cancel).watch(&mut observer);
    match pass.call(root, Tensor::meta(DType::I64, [b * s])) {
        Ok(_) | Err(Halt::Done) => Ok(observer),
        Err(Halt::Error(e)) => Err(e),
    }
}

impl Watcher for Observer {
    fn visit(&mut self, node: &Node, point: PointId, value: &mut Seen<'_>, batch: &Batch) -> Flow<()> {
        let all = 0..batch.sequences().len();
        let shape = batch.dense_shape(&all, value.layout, value.x.shape());
        self.visits.push(Visit { node: node.id, point, shape, dtype: value.x.dtype() });
        Ok(())
    }

    fn enter(&mut self, node: &Node) {
        self.open.push(node.id);
    }

    fn leave(&mut self, _node: &Node) {
        self.open.pop();
    }

    fn mixes(&mut self) {
        for id in &self.open {
            self.mixing[*id] = true;
        }
    }
}
