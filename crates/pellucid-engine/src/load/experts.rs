//! The matrices of many experts in one tensor, each as a tensor of its own: a part of the bytes.
//!
//! Hubs hold one tensor for each matrix of each expert, and so transformers writes them again. Files may also hold
//! what transformers 5 has in memory: `experts.gate_up_proj` of shape `[n, 2 * f, d]` and `experts.down_proj` of
//! shape `[n, d, f]`.

use super::weights::{Entry, Files};

/// More experts than any model has; a file that claims more is not split.
const MOST_EXPERTS: usize = 1 << 14;

/// Names the matrices of experts in `files` as hubs do for models of this type.
pub(crate) fn split(files: &mut Files, model_type: &str) {
    let is_mixtral = model_type == "mixtral";
    let [gate, up, down] =
        if is_mixtral { ["w1", "w3", "w2"] } else { ["gate_proj", "up_proj", "down_proj"] };
    for (ending, of_each) in [("gate_up_proj", &[gate, up][..]), ("down_proj", &[down])] {
        let ending = format!(".experts.{ending}");
        let fused: Vec<String> =
            files.entries.keys().filter(|name| name.ends_with(&ending)).cloned().collect();
        for name in fused {
            let Some(parts) = files.entries.get(&name).and_then(|entry| matrices(entry, of_each.len()))
            else {
                continue;
            };
            files.entries.remove(&name);
            let block = name.strip_suffix(&ending).unwrap_or(&name);
            let to = match block.strip_suffix("mlp") {
                Some(layer) if is_mixtral => format!("{layer}block_sparse_moe"),
                _ => block.to_owned(),
            };
            if let Some(router) = files.entries.remove(&format!("{block}.gate.weight")) {
                files.entries.insert(format!("{to}.gate.weight"), router);
            }
            for (i, part) in parts.into_iter().enumerate() {
                let (expert, matrix) = (i / of_each.len(), of_each[i % of_each.len()]);
                files.entries.insert(format!("{to}.experts.{expert}.{matrix}.weight"), part);
            }
        }
    }
}

/// The matrices in a tensor `[n, of_each * f, d]`, those of the first expert first; none if it has another shape.
/// // of_each * n of [f, d]
pub(crate) fn matrices(entry: &Entry, of_each: usize) -> Option<Vec<Entry>> {
    let [n, rows, d] = entry.shape[..] else { return None };
    if n == 0 || n > MOST_EXPERTS || rows == 0 || d == 0 || rows % of_each != 0 {
        return None;
    }
    let (count, f) = (n * of_each, rows / of_each);
    let size = entry.bytes.len() / count;
    let part = |i: usize| {
        let from = entry.bytes.start + i * size;
        Entry { file: entry.file, bytes: from..from + size, shape: vec![f, d], stored: entry.stored }
    };
    Some((0..count).map(part).collect())
}
