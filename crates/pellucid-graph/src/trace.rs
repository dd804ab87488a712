//! A trace as it was written: invokes and statements in order, nothing inferred, nothing verified.
//!
//! A statement that makes values numbers them: the first makes value 0, `topk` makes two in a row.
//! [`check`](crate::check()) turns a trace into a [`CheckedTrace`](crate::CheckedTrace).

use serde::{Deserialize, Serialize};

use crate::op::Arg;
use crate::{DType, Function, Loc, Op, Sampling, Site, TensorType, Use};

/// Index of an invoke in [`Trace::invokes`].
pub type InvokeId = usize;

/// Number of a value: how many were made before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ValueId(pub u32);

impl ValueId {
    /// The number as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl std::fmt::Display for ValueId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// One experiment: prompts, and what to read, compute, write and save around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Name of the model it was recorded for, if it says so.
    pub model: Option<String>,
    /// How prompts are continued; without it each runs through the model once.
    pub generation: Option<Sampling>,
    /// The inputs, rows of one pass in this order.
    pub invokes: Vec<Invoke>,
    /// Tensors that came with the trace.
    pub constants: Vec<Constant>,
    /// Sub-graphs that statements run; each uses only those before it.
    pub functions: Vec<Function>,
    /// What to do, as written.
    pub statements: Vec<Statement>,
}

/// One input of a trace: one or more prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invoke {
    /// The prompts.
    pub prompts: Vec<Prompt>,
    /// Where the user wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Loc>,
}

/// One row of an invoke.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Prompt {
    /// The text, if it was given as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Token ids; `None` until the text is tokenized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<u32>>,
}

impl Prompt {
    /// A prompt of token ids.
    pub fn ids(ids: impl Into<Vec<u32>>) -> Prompt {
        Prompt { text: None, ids: Some(ids.into()) }
    }

    /// A prompt of text, to be tokenized before the trace is checked.
    pub fn text(text: impl Into<String>) -> Prompt {
        Prompt { text: Some(text.into()), ids: None }
    }
}

/// A tensor that comes with the trace, row-major and little-endian.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Dtype and shape.
    pub ty: TensorType,
    /// `ty.bytes()` bytes.
    pub data: std::sync::Arc<[u8]>,
}

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Statement {
    /// What it does.
    #[serde(flatten)]
    pub kind: Kind,
    /// Where the user wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Loc>,
}

/// What a statement does: make values, or have an effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "do", rename_all = "lowercase")]
pub enum Kind {
    /// The model's own value at a site, for one invoke, before this trace writes there.
    Read {
        /// Whose rows.
        invoke: InvokeId,
        /// Where.
        site: Site,
    },
    /// A tensor of [`Trace::constants`].
    Constant {
        /// Index of the constant.
        index: usize,
    },
    /// What an earlier trace of the same session has saved.
    Import {
        /// Which trace, counted from the session's first.
        trace: usize,
        /// What it was saved as.
        name: String,
        /// Its type there.
        ty: TensorType,
    },
    /// Weights of the model, as they are before an edit writes them.
    Parameter {
        /// Hugging Face's name: `model.layers.0.mlp.down_proj.weight`.
        path: String,
    },
    /// An operation of the table.
    Op {
        /// Which.
        op: Op,
        /// One argument for each parameter of the table's row.
        args: Vec<Arg>,
    },
    /// A module of the model applied to a value, outside the model's own pass.
    Apply {
        /// Path of the module.
        module: String,
        /// What to call it with.
        input: ValueId,
    },
    /// A function run on values.
    Call {
        /// Which, on what.
        run: Use,
        /// How many values it gives.
        results: usize,
    },
    /// One of two functions, as a value says; the other does not run.
    Cond {
        /// A bool of one element.
        pred: ValueId,
        /// Runs where `pred` holds.
        then: Use,
        /// Runs where it does not; gives values of the same types.
        otherwise: Use,
        /// How many values each gives.
        results: usize,
    },
    /// A function run on its own results for as long as another says so.
    Loop {
        /// Gives a bool of one element for the values carried: whether to go on.
        test: Use,
        /// Gives the values carried to the next step, of the same types.
        body: Use,
        /// What is carried into the first step; the statement makes as many values.
        carried: Vec<ValueId>,
        /// Most steps: a loop that would go on longer is an error.
        most: u64,
    },
    /// Gradients flow back from these values; the value that it makes stands for this backward pass.
    Backward {
        /// Floating; of one element each unless `seeds` says what their gradients are.
        outputs: Vec<ValueId>,
        /// None, or a gradient for each output, of its shape.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seeds: Vec<ValueId>,
        /// Whether gradients of the gradients will be asked for.
        #[serde(default, skip_serializing_if = "is_false")]
        create_graph: bool,
    },
    /// What arrives at a value in a backward pass, before this trace changes it. `f32` for half types.
    Gradient {
        /// Which.
        pass: ValueId,
        /// Of what.
        of: ValueId,
    },
    /// What goes on from a value, further back, becomes this.
    #[serde(rename = "set_gradient")]
    SetGradient {
        /// In which backward pass.
        pass: ValueId,
        /// Of what.
        of: ValueId,
        /// Of exactly the gradient's shape and dtype.
        value: ValueId,
    },
    /// The site's value becomes this one.
    Write {
        /// Whose rows.
        invoke: InvokeId,
        /// Where.
        site: Site,
        /// Of exactly the site's shape and dtype.
        value: ValueId,
    },
    /// The module does not run; its output is this value.
    Skip {
        /// Whose rows.
        invoke: InvokeId,
        /// Path of the module.
        module: String,
        /// In which forward pass of a generation.
        #[serde(default, skip_serializing_if = "is_first")]
        step: u32,
        /// Of exactly the output's shape and dtype.
        value: ValueId,
    },
    /// Weights become this value; only an edit of a model may say so.
    #[serde(rename = "set")]
    SetParameter {
        /// Hugging Face's name.
        path: String,
        /// Of exactly their shape and dtype.
        value: ValueId,
    },
    /// The value is a result of the trace.
    Save {
        /// Under this name.
        name: String,
        /// What to keep.
        value: ValueId,
    },
    /// Says something as soon as it is known, while the trace runs.
    Log {
        /// What is said, one after the other.
        parts: Vec<Part>,
    },
    /// Nothing after the sites mentioned so far is wanted.
    Stop,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_first(step: &u32) -> bool {
    *step == 0
}

/// A part of what is logged: words, or a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Part<V = ValueId> {
    /// Text, known when the trace was written.
    Text(String),
    /// A value.
    Value(V),
}

impl<V> Part<V> {
    /// The same part with its value replaced by what `f` makes of it.
    ///
    /// # Errors
    /// Whatever `f` returns.
    pub fn try_map<W, E>(&self, f: impl FnOnce(&V) -> Result<W, E>) -> Result<Part<W>, E> {
        Ok(match self {
            Part::Text(text) => Part::Text(text.clone()),
            Part::Value(v) => Part::Value(f(v)?),
        })
    }

    /// The value, if it is one.
    pub fn value(&self) -> Option<&V> {
        match self {
            Part::Text(_) => None,
            Part::Value(v) => Some(v),
        }
    }
}

impl Kind {
    /// How many values the statement makes.
    pub fn n_values(&self) -> usize {
        match self {
            Kind::Read { .. } | Kind::Constant { .. } | Kind::Import { .. } => 1,
            Kind::Parameter { .. } | Kind::Apply { .. } => 1,
            Kind::Backward { .. } | Kind::Gradient { .. } => 1,
            Kind::Op { op, .. } => op.def().results.len(),
            Kind::Call { results, .. } | Kind::Cond { results, .. } => *results,
            Kind::Loop { carried, .. } => carried.len(),
            _ => 0,
        }
    }

    /// Calls `f` with every value the statement uses.
    pub fn for_each_input(&self, mut f: impl FnMut(ValueId)) {
        if let Kind::Cond { pred, .. } = self {
            f(*pred);
        }
        self.uses().flat_map(|u| &u.args).for_each(|v| f(*v));
        match self {
            Kind::Op { args, .. } => args.iter().for_each(|a| a.for_each_value(&mut f)),
            Kind::Apply { input: value, .. }
            | Kind::Write { value, .. }
            | Kind::Skip { value, .. }
            | Kind::SetParameter { value, .. }
            | Kind::Save { value, .. } => f(*value),
            Kind::Loop { carried, .. } => carried.iter().for_each(|v| f(*v)),
            Kind::Backward { outputs, seeds, .. } => outputs.iter().chain(seeds).for_each(|v| f(*v)),
            Kind::Gradient { pass, of } => [*pass, *of].into_iter().for_each(f),
            Kind::SetGradient { pass, of, value } => [*pass, *of, *value].into_iter().for_each(f),
            Kind::Log { parts } => parts.iter().filter_map(Part::value).for_each(|v| f(*v)),
            Kind::Call { .. } | Kind::Cond { .. } => {}
            Kind::Read { .. } | Kind::Constant { .. } | Kind::Import { .. } => {}
            Kind::Parameter { .. } | Kind::Stop => {}
        }
    }
}

impl Trace {
    /// Gives every text prompt its token ids.
    ///
    /// # Errors
    /// Whatever `tokenize` returns.
    pub fn tokenize<E>(&mut self, mut tokenize: impl FnMut(&str) -> Result<Vec<u32>, E>) -> Result<(), E> {
        for prompt in self.invokes.iter_mut().flat_map(|i| &mut i.prompts) {
            if let (None, Some(text)) = (&prompt.ids, &prompt.text) {
                prompt.ids = Some(tokenize(text)?);
            }
        }
        Ok(())
    }

    /// Whether it is an edit: what is done for any prompt, written down for an invoke without one.
    pub fn is_edit(&self) -> bool {
        matches!(self.invokes.as_slice(), [invoke] if invoke.prompts.is_empty())
    }

    /// How many statements there are, those of the functions included.
    pub fn n_statements(&self) -> usize {
        self.statements.len() + self.functions.iter().map(|f| f.body.len()).sum::<usize>()
    }

    /// How many values there are, those of the functions and their parameters included.
    pub fn n_values(&self) -> usize {
        let made = |s: &Statement| s.kind.n_values();
        let inside = self.functions.iter().flat_map(|f| f.body.iter().map(made).chain([f.params.len()]));
        self.statements.iter().map(made).chain(inside).fold(0, usize::saturating_add)
    }

    /// For each statement the number of its first value.
    pub fn first_values(&self) -> Vec<ValueId> {
        let mut next = 0u32;
        let number = |s: &Statement| {
            let first = ValueId(next);
            next += s.kind.n_values() as u32;
            first
        };
        self.statements.iter().map(number).collect()
    }
}

impl Constant {
    /// A constant of 32-bit floats.
    pub fn f32(shape: impl Into<Vec<usize>>, data: &[f32]) -> Constant {
        let bytes: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
        Constant { ty: TensorType::new(DType::F32, shape), data: bytes.into() }
    }

    /// A constant of 64-bit integers.
    pub fn i64(shape: impl Into<Vec<usize>>, data: &[i64]) -> Constant {
        let bytes: Vec<u8> = data.iter().flat_map(|x| x.to_le_bytes()).collect();
        Constant { ty: TensorType::new(DType::I64, shape), data: bytes.into() }
    }
}
