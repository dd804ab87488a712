//! The tensors of a file under their Hugging Face names, with what is undone to each.
//!
//! llama.cpp keeps a matrix of all experts of a layer in one tensor; each expert's is a part of its bytes.

use std::collections::BTreeMap;

use super::blocks::Restore;
use super::header::{Header, TensorInfo};
use super::names::{self, Table};
use super::ropes;
use crate::load::LoadError;
use crate::load::experts::matrices;
use crate::load::weights::{Entry, Stored};

/// All parameters. Errors: [`LoadError::UnknownModelType`]; [`LoadError::BadGguf`] for a tensor that the architecture
/// does not have.
pub(crate) fn of(header: &Header<'_>) -> Result<BTreeMap<String, Entry>, LoadError> {
    let naming = Naming { header, table: names::table(header)? };
    let mut entries = BTreeMap::new();
    for info in header.tensors.iter().filter(|info| !ropes::NAMES.contains(&info.name)) {
        for (name, entry) in naming.named(info)? {
            if entries.insert(name, entry).is_some() {
                return Err(header.bad(format!("tensor `{}` is there twice", info.name)));
            }
        }
    }
    Ok(entries)
}

struct Naming<'h, 'a> {
    header: &'h Header<'a>,
    table: &'static Table,
}

impl Naming<'_, '_> {
    /// What a tensor of the file is called, or its parts are.
    fn named(&self, info: &TensorInfo<'_>) -> Result<Vec<(String, Entry)>, LoadError> {
        let unknown =
            || self.header.bad(format!("tensor `{}` is not one of `{}`", info.name, self.table.arch));
        let (path, ending) = info.name.rsplit_once('.').ok_or_else(unknown)?;
        if !matches!(ending, "weight" | "bias") {
            return Err(unknown());
        }
        if let Some(parts) = self.experts(path, ending, info)? {
            return Ok(parts);
        }
        let (name, part) = self.table.translate(path).ok_or_else(unknown)?;
        let restore = self.restore(part, ending, info)?;
        Ok(vec![(format!("{name}.{ending}"), entry(info, restore))])
    }

    /// The matrices of experts: `ffn_up_exps` of all of them, or as old files have it, `ffn_up.7` of one.
    fn experts(
        &self,
        path: &str,
        ending: &str,
        info: &TensorInfo<'_>,
    ) -> Result<Option<Vec<(String, Entry)>>, LoadError> {
        let (Some((layer, part)), Some((experts, [gate, up, down]))) =
            (self.table.in_layer(path), self.table.experts)
        else {
            return Ok(None);
        };
        let named = |expert: usize, matrix: &str| format!("{layer}.{experts}.{expert}.{matrix}.{ending}");
        let whole = entry(info, Restore::AsIs);
        if let Some((kind, expert)) = part.split_once('.') {
            let kinds = [("ffn_gate", gate), ("ffn_up", up), ("ffn_down", down)];
            let matrix = kinds.into_iter().find(|(theirs, _)| *theirs == kind).map(|(_, ours)| ours);
            let found = matrix.zip(expert.parse().ok());
            return Ok(found.map(|(matrix, expert)| vec![(named(expert, matrix), whole)]));
        }
        let of_each: &[&str] = match part {
            "ffn_gate_exps" => &[gate],
            "ffn_up_exps" => &[up],
            "ffn_down_exps" => &[down],
            "ffn_gate_up_exps" => &[gate, up],
            _ => return Ok(None),
        };
        let parts = matrices(&whole, of_each.len()).ok_or_else(|| {
            self.header.bad(format!("tensor `{}` {:?} is no matrix for each expert", info.name, info.shape))
        })?;
        let all = parts
            .into_iter()
            .enumerate()
            .map(|(i, part)| (named(i / of_each.len(), of_each[i % of_each.len()]), part));
        Ok(Some(all.collect()))
    }

    fn restore(&self, part: &str, ending: &str, info: &TensorInfo<'_>) -> Result<Restore, LoadError> {
        match (self.table.arch, part) {
            ("llama", "attn_q") => self.rows("head_count", info, 2, Restore::Heads),
            ("llama", "attn_k") => match self.header.opt_count("llama.attention.head_count_kv")? {
                Some(_) => self.rows("head_count_kv", info, 2, Restore::Heads),
                None => self.rows("head_count", info, 2, Restore::Heads),
            },
            ("gptneox", "attn_qkv") => self.rows("head_count", info, 3, Restore::Qkv),
            ("gemma2" | "gemma3", part) if part.ends_with("norm") => Ok(Restore::MinusOne),
            ("gpt2", "attn_qkv" | "attn_output" | "ffn_up" | "ffn_down") if ending == "weight" => {
                match info.shape.len() {
                    2 => Ok(Restore::Transposed),
                    n => Err(self.header.bad(format!("tensor `{}` has {n} axes, expected 2", info.name))),
                }
            }
            _ => Ok(Restore::AsIs),
        }
    }

    /// A restoration of rows that so many heads share, each head a multiple of `times`.
    fn rows(
        &self,
        key: &str,
        info: &TensorInfo<'_>,
        times: usize,
        restore: fn(usize) -> Restore,
    ) -> Result<Restore, LoadError> {
        let key = format!("{}.attention.{key}", self.table.arch);
        let (n_heads, rows) = (self.header.count(&key)? as usize, info.shape[0]);
        if n_heads == 0 || !rows.is_multiple_of(times * n_heads) {
            let why = format!(
                "tensor `{}` has {rows} rows, which {n_heads} heads (`{key}`) cannot share",
                info.name
            );
            return Err(self.header.bad(why));
        }
        Ok(restore(n_heads))
    }
}

fn entry(info: &TensorInfo<'_>, restore: Restore) -> Entry {
    Entry {
        file: 0,
        bytes: info.bytes.clone(),
        shape: restore.shape(&info.shape),
        stored: Stored::Gguf(info.block, restore),
    }
}
