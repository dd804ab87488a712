//! Writing in place, as a user does: between brackets, over a whole tensor, by the in-place form of an
//! operation; through views too.

use pellucid_engine::ops::cast;
use pellucid_engine::tensor::Tensor;
use pellucid_graph::op::{Call, Memory, OPS, OpDef};
use pellucid_graph::{Arg, Op, ValueId};

use super::generate::{Given, Item, World};

impl World<'_> {
    pub fn write(&mut self) -> Option<()> {
        let target = self.choose()?;
        target.storage?;
        let written = match self.stream.below(3) {
            0 => self.set_item(&target),
            1 => self.assign(&target),
            _ => self.update(&target),
        }?;
        self.written(&target, written);
        Some(())
    }

    fn set_item(&mut self, target: &Item) -> Option<Tensor> {
        let index = Op::find("index").unwrap();
        let (args, mut given) = self.arguments(index.def(), Some(target.clone()), true);
        let place = self.place(index.def(), &args, &given)?;
        let value = self.value(&place, &mut given)?;
        let args = vec![args[0].clone(), args[1].clone(), value];
        let written = self.results(Op::find("set_index").unwrap(), &args, &given)?.swap_remove(0);
        let handles = self.handles(&args, &given);
        let mut args = self.recorded(&args, &handles)?;
        let (value, items) = (args.pop()?, args.pop()?);
        let Arg::Index(items) = items else { return None };
        self.recorder.set_item(target.handle, items, value, None, None).ok()?;
        Some(written)
    }

    /// Zeros of the shape that an index takes.
    fn place(&self, index: &'static OpDef, args: &[Arg], given: &[Given]) -> Option<Tensor> {
        let types: Vec<_> = given.iter().map(|g| g.tensor().ty()).collect();
        let ty = Call::infer(index, args, &types).ok()?.swap_remove(0);
        let bytes = vec![0; ty.bytes().filter(|n| *n < 4096)?];
        Tensor::from_bytes(&ty, &bytes).ok()
    }

    fn assign(&mut self, target: &Item) -> Option<Tensor> {
        let mut given = vec![Given::Item(target.clone())];
        let value = self.value(&target.tensor, &mut given)?;
        let args = vec![Arg::Value(ValueId(0)), value];
        let written = self.results(Op::find("copy_into").unwrap(), &args, &given)?.swap_remove(0);
        let handles = self.handles(&args, &given);
        let value = self.recorded(&args, &handles)?.swap_remove(1);
        self.recorder.assign(target.handle, value, None).ok()?;
        Some(written)
    }

    /// What to write to a place: a number, a tensor that is there, a constant of the place's shape.
    fn value(&mut self, place: &Tensor, given: &mut Vec<Given>) -> Option<Arg> {
        let next = Arg::Value(ValueId(given.len() as u32));
        match self.stream.below(4) {
            0 => return Some(Arg::Int(self.stream.below(4) as i64)),
            1 => return Some(Arg::Float(self.stream.below(9) as f64 / 4.0 - 1.0)),
            2 => given.push(Given::Item(self.choose()?)),
            _ => given.push(Given::Fresh(self.stream.gentle(place))),
        }
        Some(next)
    }

    fn update(&mut self, target: &Item) -> Option<Tensor> {
        let rows: Vec<&'static OpDef> = OPS.iter().filter(|d| d.memory == Memory::Updates).collect();
        let def = rows[self.stream.below(rows.len())];
        if def.params.iter().any(|p| p.name == "seed") {
            return None;
        }
        let (args, given) = self.arguments(def, Some(target.clone()), true);
        if args[0] != Arg::Value(ValueId(0)) {
            return None;
        }
        let made = self.apply(def.name, args, given)?.swap_remove(0);
        let value = self.recorder.value(made.handle, None).ok()?;
        self.recorder.update(target.handle, value, None).ok()?;
        Some(cast(&made.tensor, target.tensor.dtype()))
    }

    /// In functions only the tensor that was written is kept of its storage: what its other views have
    /// now is for the recorder to know.
    fn written(&mut self, target: &Item, tensor: Tensor) {
        if self.frames.len() > 1 {
            let frame = self.frames.last_mut().unwrap();
            frame.retain(|i| i.storage != target.storage);
            frame.push(Item { tensor, ..target.clone() });
        }
    }
}
