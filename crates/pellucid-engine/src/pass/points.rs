//! Points: where in a module a value can be seen, and which of them somebody watches.

/// A point of a module, as an index that hooks compare quickly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointId(pub u8);

/// Names of points by [`PointId`].
pub const POINTS: &[&str] = &[
    "input",
    "output",
    "q",
    "k",
    "v",
    "rot_q",
    "rot_k",
    "scores",
    "pattern",
    "z",
    "pre",
    "post",
    "chosen",
    "weights",
    "expert_output",
    "cached_keys",
    "cached_values",
    "logits",
    "token",
];

macro_rules! points {
    ($($name:ident = $id:literal $doc:literal),*) => {
        impl PointId { $(#[doc = $doc] pub const $name: PointId = PointId($id);)* }
    };
}

points! {
    INPUT = 0 "What a module is called with.",
    OUTPUT = 1 "What a module returns.",
    Q = 2 "Queries before rotation. [b, s, h, k]",
    K = 3 "Keys before rotation. [b, s, h, k] of the key heads",
    V = 4 "Values. [b, s, h, k] of the value heads",
    ROT_Q = 5 "Queries after rotation. [b, s, h, k]",
    ROT_K = 6 "Keys after rotation. [b, s, h, k] of the key heads",
    SCORES = 7 "Scaled and masked products of queries and keys. [b, h, s, s]",
    PATTERN = 8 "Softmax of the scores. [b, h, s, s]",
    Z = 9 "Values mixed by the pattern. [b, s, h, k]",
    PRE = 10 "What the MLP's activation function is applied to. [b, s, f]",
    POST = 11 "What the MLP's last matrix is applied to. [b, s, f]",
    CHOSEN = 12 "Ids of the experts that a token goes to, the likeliest first, i64. [b, s, e]",
    WEIGHTS = 13 "What the chosen experts' outputs are multiplied by. [b, s, e]",
    EXPERT_OUTPUT = 14 "The chosen experts' outputs before they are weighted and added. [b, s, e, d]",
    CACHED_KEYS = 15 "Keys that queries meet, of this step and those before. [b, keys, h, k] of the key heads",
    CACHED_VALUES = 16 "Values that the pattern mixes, likewise. [b, keys, h, k] of the value heads",
    LOGITS = 17 "What a generation chooses its next token from. [b, v]",
    TOKEN = 18 "The token that it has chosen, i64. [b]"
}

impl PointId {
    /// The point's word in paths.
    pub fn name(self) -> &'static str {
        POINTS[self.0 as usize]
    }

    pub(super) fn bit(self) -> u32 {
        1 << self.0
    }

    /// What a dense view holds where a prompt has no token.
    pub(super) fn fill(self) -> f32 {
        if self == PointId::SCORES { f32::NEG_INFINITY } else { 0.0 }
    }
}

/// Which points of which modules are watched: one word of bits for each module.
#[derive(Clone, Debug, Default)]
pub struct WatchSet(pub(super) Vec<u32>);

/// Whether a module may be skipped.
pub(super) const SKIP: u32 = 1 << 31;

impl WatchSet {
    /// Nothing of a model of `n` modules.
    pub fn none(n: usize) -> WatchSet {
        WatchSet(vec![0; n])
    }

    /// Everything.
    pub fn all(n: usize) -> WatchSet {
        WatchSet(vec![!SKIP; n])
    }

    /// Watches a point.
    pub fn add(&mut self, node: usize, point: PointId) {
        self.0[node] |= point.bit();
    }

    /// Asks before the module runs whether it shall.
    pub fn add_skip(&mut self, node: usize) {
        self.0[node] |= SKIP;
    }
}
