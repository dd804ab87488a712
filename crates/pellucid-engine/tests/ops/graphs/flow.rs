//! Functions, branches and loops: bodies are recorded step by step like everything else.

use pellucid_engine::tensor::Tensor;
use pellucid_graph::{Arg, Body, DType, Handle, Reach, ValueId};

use super::generate::{Given, Item, Known, World};
use super::steps::truth;

impl World<'_> {
    pub fn flow(&mut self) -> Option<()> {
        match self.stream.below(5) {
            0 => self.call_again(),
            1 => self.function(),
            2 => self.branch(),
            _ => self.repeat(),
        }
    }

    /// A function of parameters alone, called at once.
    fn function(&mut self) -> Option<()> {
        let args: Vec<Item> = (0..1 + self.stream.below(2)).map(|_| self.choose()).collect::<Option<_>>()?;
        let types: Vec<_> = args.iter().map(|a| self.recorder.type_of(a.handle).clone()).collect();
        let params = self.recorder.begin_function("made", &types, Reach::Parameters, None).ok()?;
        let item = |(handle, arg): (&Handle, &Item)| Item { handle: *handle, ..around(arg) };
        self.frames.push(params.iter().zip(&args).map(item).collect());
        self.body();
        let results: Option<Vec<Item>> = (0..1 + self.stream.below(2)).map(|_| self.choose()).collect();
        self.frames.pop();
        let Some(results) = results else {
            self.recorder.abandon_function();
            return None;
        };
        let handles: Vec<Handle> = results.iter().map(|r| r.handle).collect();
        let function = self.recorder.end_function(&handles, None).ok()?.function();
        self.functions.push(Known { function, params: types });
        let args: Vec<Handle> = args.iter().map(|a| a.handle).collect();
        let made = self.recorder.call(function, &args, None).ok()?;
        made.into_iter().zip(results).for_each(|(handle, r)| self.add(handle, r.tensor));
        Some(())
    }

    /// A function from before, on other tensors; only outside functions, where what it gives is computed.
    fn call_again(&mut self) -> Option<()> {
        if self.functions.is_empty() || self.frames.len() > 1 {
            return None;
        }
        let i = self.stream.below(self.functions.len());
        let (function, params) = (self.functions[i].function, self.functions[i].params.clone());
        let mut args = Vec::new();
        for ty in &params {
            let fits: Vec<Item> = self.frames[0].clone();
            let fits: Vec<Item> =
                fits.into_iter().filter(|f| self.recorder.type_of(f.handle) == ty).collect();
            let item = fits.get(self.stream.below(fits.len()))?.clone();
            args.push(self.look(item)?.handle);
        }
        let made = self.recorder.call(function, &args, None).ok()?;
        self.compute()?;
        for handle in made {
            self.find(handle)?;
        }
        Some(())
    }

    /// Adds what a statement outside functions made.
    fn find(&mut self, handle: Handle) -> Option<()> {
        let unknown = Item { handle, tensor: Tensor::new(vec![0i64], [1]), storage: None };
        let tensor = self.look(unknown)?.tensor;
        self.add(handle, tensor);
        Some(())
    }

    /// A branch on something that elements decide.
    fn branch(&mut self) -> Option<()> {
        let asked = self.choose()?;
        let first = Arg::Value(ValueId(0));
        let sum = self.apply("sum", vec![first.clone()], vec![Given::Item(asked)])?.swap_remove(0);
        let limit = Arg::Int(self.stream.below(5) as i64 - 2);
        let pred = self.apply("gt", vec![first, limit], vec![Given::Item(sum)])?.swap_remove(0);
        let like = self.choose()?;
        let (then, yes) = self.inner("then", &like)?;
        let (otherwise, no) = self.inner("otherwise", &like)?;
        let made = self.recorder.cond(pred.handle, then, otherwise, None).ok()?[0];
        self.add(made, if truth(&pred.tensor) { yes } else { no });
        Some(())
    }

    /// A function without parameters that gives something of this item's type.
    fn inner(&mut self, name: &str, like: &Item) -> Option<(Body, Tensor)> {
        let mut frame = self.seen()?;
        frame.push(around(like));
        self.recorder.begin_function(name, &[], Reach::Around, None).ok()?;
        self.frames.push(frame);
        let known = self.frames.last().unwrap().len();
        self.body();
        let result = self.result(known, &around(like));
        self.frames.pop();
        let body = self.recorder.end_function(&[result.handle], None).ok()?;
        Some((body, result.tensor))
    }

    /// A loop of a few steps that counts them; in functions at most one, whose result is known.
    fn repeat(&mut self) -> Option<()> {
        let steps = self.stream.below(if self.frames.len() > 1 { 2 } else { 4 });
        let like = self.choose()?;
        let zero = Tensor::new(vec![0i64], []);
        let start =
            self.apply("clone", vec![Arg::Value(ValueId(0))], vec![Given::Fresh(zero)])?.swap_remove(0);
        let types = [self.recorder.type_of(start.handle).clone(), self.recorder.type_of(like.handle).clone()];
        let count = |handle, i: i64| Item { handle, tensor: Tensor::new(vec![i], []), storage: None };
        let first = || Arg::Value(ValueId(0));

        let params = self.recorder.begin_function("test", &types, Reach::Around, None).ok()?;
        self.frames.push(Vec::new());
        let given = vec![Given::Item(count(params[0], 0))];
        let asked = self.apply("lt", vec![first(), Arg::Int(steps as i64)], given);
        self.frames.pop();
        let test = self.end(asked)?;

        let frame = self.seen()?;
        let params = self.recorder.begin_function("body", &types, Reach::Around, None).ok()?;
        self.frames.push(frame);
        let carried = Item { handle: params[1], ..around(&like) };
        self.frames.last_mut().unwrap().push(carried.clone());
        let known = self.frames.last().unwrap().len();
        self.body();
        let next = self.result(known, &carried);
        let more = self.apply(
            "add",
            vec![first(), Arg::Int(1), Arg::Int(1)],
            vec![Given::Item(count(params[0], 0))],
        );
        self.frames.pop();
        let results = more.map(|m| [m, vec![next.clone()]].concat());
        let body = self.end(results)?;

        let most = (steps + self.stream.below(2)) as u64;
        let made = self.recorder.while_loop(test, body, &[start.handle, like.handle], most, None).ok()?;
        self.add(made[0], Tensor::new(vec![steps as i64], []));
        self.add(made[1], if steps == 0 { like.tensor } else { next.tensor });
        Some(())
    }

    fn end(&mut self, results: Option<Vec<Item>>) -> Option<Body> {
        let Some(results) = results else {
            self.recorder.abandon_function();
            return None;
        };
        let handles: Vec<Handle> = results.iter().map(|r| r.handle).collect();
        self.recorder.end_function(&handles, None).ok()
    }

    fn body(&mut self) {
        for _ in 0..1 + self.stream.below(4) {
            self.step();
        }
    }

    /// A few of the tensors around, for a body to use.
    fn seen(&mut self) -> Option<Vec<Item>> {
        (0..1 + self.stream.below(4)).map(|_| self.choose().map(|i| around(&i))).collect()
    }

    /// The last tensor of a body that has the type of this one, or something simple made of it.
    fn result(&mut self, known: usize, like: &Item) -> Item {
        let ty = self.recorder.type_of(like.handle).clone();
        let frame = self.frames.last().unwrap();
        let made = &frame[known.min(frame.len())..];
        if let Some(found) = made.iter().rfind(|i| *self.recorder.type_of(i.handle) == ty) {
            return found.clone();
        }
        let (name, rest) = match ty.dtype {
            DType::Bool => ("logical_not", vec![]),
            _ => ("mul", vec![Arg::Int(2)]),
        };
        let args = [vec![Arg::Value(ValueId(0))], rest].concat();
        self.apply(name, args, vec![Given::Item(like.clone())]).map_or(like.clone(), |mut m| m.swap_remove(0))
    }
}

/// The item inside a function, which cannot write to it.
fn around(item: &Item) -> Item {
    Item { storage: None, ..item.clone() }
}
