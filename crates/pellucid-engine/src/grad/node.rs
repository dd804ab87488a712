//! What made a tensor, and from what.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pellucid_graph::TensorType;

use super::Stretch;
use crate::{Error, Tensor};

/// Which result of which node a tensor is.
#[derive(Clone)]
pub(crate) struct Track {
    pub node: Arc<Node>,
    pub output: usize,
}

/// A step of the computation that gradients flow back through.
pub(crate) struct Node {
    /// Nodes are numbered as they are made, so that what a node is made from has smaller numbers.
    pub id: u64,
    /// Types of its results.
    pub types: Vec<TensorType>,
    /// What made the tensors it was made from; none for those that are not tracked.
    pub inputs: Vec<Option<Track>>,
    pub rule: Box<dyn Rule>,
}

/// From the gradients of a node's results to those of its inputs.
pub(crate) trait Rule: Send + Sync {
    /// What it is a derivative of, for messages.
    fn name(&self) -> &str;

    /// One gradient for each input; none where nothing flows. At least one of `grads` is there.
    ///
    /// # Errors
    /// [`Code::NoGradient`](pellucid_graph::Code::NoGradient) where it cannot be had.
    fn pull(&self, at: At<'_>, grads: &[Option<Stretch>]) -> Result<Vec<Option<Stretch>>, Error>;
}

/// Where a rule is asked.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    /// The rule's own node.
    pub node: &'a Arc<Node>,
    /// The gradients are to be tracked themselves.
    pub higher: bool,
}

impl Node {
    /// A node of its own number.
    pub fn new(types: Vec<TensorType>, inputs: Vec<Option<Track>>, rule: Box<dyn Rule>) -> Arc<Node> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Arc::new(Node { id: NEXT.fetch_add(1, Ordering::Relaxed), types, inputs, rule })
    }
}

impl Drop for Node {
    /// Lets go of the nodes before it one by one: a chain of them may be longer than the stack is deep.
    fn drop(&mut self) {
        let mut left: Vec<Arc<Node>> = self.inputs.drain(..).flatten().map(|t| t.node).collect();
        while let Some(node) = left.pop() {
            if let Some(mut node) = Arc::into_inner(node) {
                left.extend(node.inputs.drain(..).flatten().map(|t| t.node));
            }
        }
    }
}

impl fmt::Debug for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}.{}", self.node.rule.name(), self.node.id, self.output)
    }
}

impl Tensor {
    /// This tensor, made from `inputs` by something whose derivative `rule` gives; untracked if they are.
    pub(crate) fn tracked<R: Rule + 'static>(self, inputs: &[&Tensor], rule: impl FnOnce() -> R) -> Tensor {
        if !inputs.iter().any(|x| x.is_tracked()) || self.is_meta() {
            return self;
        }
        let inputs = inputs.iter().map(|x| x.track().cloned()).collect();
        let node = Node::new(vec![self.ty()], inputs, Box::new(rule()));
        self.with_track(Some(Track { node, output: 0 }))
    }
}
