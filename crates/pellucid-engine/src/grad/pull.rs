//! The walk back from outputs to the values whose gradients are wanted.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use pellucid_graph::DType;

use super::{At, Node, Rule, Stretch};
use crate::{Cancel, Error, Tensor};

/// The same tensor, as one whose gradient can be had.
pub(crate) fn watch(x: Tensor) -> Tensor {
    let (ty, track) = (x.ty(), x.track().cloned());
    let node = Node::new(vec![ty], vec![track], Box::new(Watched));
    x.with_track(Some(super::Track { node, output: 0 }))
}

/// Lets a gradient through as it is.
struct Watched;

impl Rule for Watched {
    fn name(&self) -> &str {
        "a value"
    }

    fn pull(&self, _at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error> {
        Ok(grads.to_vec())
    }
}

/// What is done with the gradient of a watched value when it is known: it may be replaced.
pub(crate) type Pulled<'a> = dyn FnMut(usize, Tensor) -> Result<Tensor, Error> + 'a;

/// Walks from outputs, each with its gradient, to the watched values `targets`, and tells `reached` the gradient of
/// each when it is complete: those made last come first. Gives which were reached.
///
/// # Errors
/// [`Code::NoGradient`](pellucid_graph::Code::NoGradient) where a step on the way has no derivative, what
/// `reached` returns, [`Error::Cancelled`].
pub(crate) fn pull(
    outputs: Vec<(Tensor, Tensor)>,
    targets: &[&Tensor],
    higher: bool,
    cancel: &Cancel,
    reached: &mut Pulled<'_>,
) -> Result<(), Error> {
    let wanted: HashMap<u64, Vec<usize>> =
        targets.iter().enumerate().fold(HashMap::new(), |mut all, (i, t)| {
            all.entry(t.track().map_or(u64::MAX, |t| t.node.id)).or_default().push(i);
            all
        });
    let roots = outputs.iter().filter_map(|(y, _)| y.track().map(|t| t.node.clone())).collect();
    let useful = useful(roots, &wanted);
    let mut waiting: BTreeMap<u64, (Arc<Node>, Vec<Option<Stretch>>)> = BTreeMap::new();
    for (y, grad) in outputs {
        if let Some(track) = y.track() {
            arrive(&mut waiting, &useful, track, Stretch::whole(grad))?;
        }
    }
    while let Some((id, (node, mut grads))) = waiting.pop_last() {
        cancel.check()?;
        if let (Some(targets), Some(slot)) = (wanted.get(&id), grads.first_mut()) {
            let ty = &node.types[0];
            if let Some(grad) = slot.take() {
                let mut grad = grad.spread(&ty.shape, 0.0)?;
                for target in targets {
                    grad = reached(*target, grad)?;
                }
                *slot = Some(Stretch::whole(grad));
            }
        }
        if !node.inputs.iter().flatten().any(|t| useful.contains(&t.node.id)) {
            continue;
        }
        let pulled = node.rule.pull(At { node: &node, higher }, &grads)?;
        for (input, grad) in node.inputs.iter().zip(pulled) {
            if let (Some(track), Some(grad)) = (input, grad) {
                arrive(&mut waiting, &useful, track, grad)?;
            }
        }
    }
    Ok(())
}

/// Adds a gradient to what has arrived at a node.
fn arrive(
    waiting: &mut BTreeMap<u64, (Arc<Node>, Vec<Option<Stretch>>)>,
    useful: &HashSet<u64>,
    track: &super::Track,
    grad: Stretch,
) -> Result<(), Error> {
    let node = &track.node;
    if !useful.contains(&node.id) || !matches!(grad.x.dtype(), DType::F32 | DType::F64) {
        return Ok(());
    }
    let empty = || (node.clone(), vec![None; node.types.len()]);
    let (_, grads) = waiting.entry(node.id).or_insert_with(empty);
    let slot = &mut grads[track.output];
    *slot = Some(match slot.take() {
        Some(before) => before.plus(grad)?,
        None => grad,
    });
    Ok(())
}

/// The nodes that lie between the outputs and what is wanted, both included.
fn useful(roots: Vec<Arc<Node>>, wanted: &HashMap<u64, Vec<usize>>) -> HashSet<u64> {
    // Inputs have smaller numbers: in ascending order a node's inputs are decided before it.
    let mut seen: BTreeMap<u64, Arc<Node>> = BTreeMap::new();
    let mut left = roots;
    while let Some(node) = left.pop() {
        if seen.contains_key(&node.id) {
            continue;
        }
        left.extend(node.inputs.iter().flatten().map(|t| t.node.clone()));
        seen.insert(node.id, node);
    }
    let mut useful = HashSet::new();
    for (id, node) in &seen {
        if wanted.contains_key(id) || node.inputs.iter().flatten().any(|t| useful.contains(&t.node.id)) {
            useful.insert(*id);
        }
    }
    useful
}
