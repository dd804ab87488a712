//! The tensor seam: what values are while a trace runs.
//!
//! A tensor is dense, row-major, immutable and cheap to clone; taking rows of the first axis and
//! reshaping share memory. A *meta* tensor has a type and no elements: probe passes run on those.
//! Kernels see plain slices. Devices other than the host will join behind this type.

use std::sync::Arc;

use half::{bf16, f16};
use pellucid_graph::{DType, TensorType};

use crate::Error;
use crate::grad::Track;
use crate::meter::Hold;

/// A dense tensor on the host, or only its type.
#[derive(Clone, Debug)]
pub struct Tensor {
    dtype: DType,
    shape: Vec<usize>,
    offset: usize,
    data: Option<Arc<Held>>,
    /// What made it, where a gradient may be asked for.
    track: Option<Track>,
}

/// Elements, counted in the run that made them.
#[derive(Debug)]
struct Held {
    buffer: Buffer,
    _hold: Hold,
}

impl Held {
    fn new(buffer: Buffer) -> Held {
        let hold = Hold::of(buffer.bytes().len());
        Held { buffer, _hold: hold }
    }
}

/// Elements of one dtype.
#[derive(Clone, Debug)]
pub enum Buffer {
    /// `bool` as 0 and 1, and `u8`.
    U8(Vec<u8>),
    /// `i32`.
    I32(Vec<i32>),
    /// `i64`.
    I64(Vec<i64>),
    /// `f16`.
    F16(Vec<f16>),
    /// `bf16`.
    Bf16(Vec<bf16>),
    /// `f32`.
    F32(Vec<f32>),
    /// `f64`.
    F64(Vec<f64>),
}

/// Rust types that tensors hold.
pub trait Element: Copy + Send + Sync + bytemuck::Pod {
    /// The dtype made from a vector of these.
    const DTYPE: DType;
    /// Wraps a vector.
    fn wrap(data: Vec<Self>) -> Buffer;
    /// The elements, if the buffer is of this type.
    fn slice(buffer: &Buffer) -> Option<&[Self]>;
    /// The elements for writing, if the buffer is of this type.
    fn slice_mut(buffer: &mut Buffer) -> Option<&mut Vec<Self>>;
}

macro_rules! elements {
    ($($ty:ty => $variant:ident $dtype:ident),*) => {$(
        impl Element for $ty {
            const DTYPE: DType = DType::$dtype;
            fn wrap(data: Vec<Self>) -> Buffer { Buffer::$variant(data) }
            fn slice(buffer: &Buffer) -> Option<&[Self]> {
                if let Buffer::$variant(v) = buffer { Some(v) } else { None }
            }
            fn slice_mut(buffer: &mut Buffer) -> Option<&mut Vec<Self>> {
                if let Buffer::$variant(v) = buffer { Some(v) } else { None }
            }
        }
    )*};
}

elements! { u8 => U8 U8, i32 => I32 I32, i64 => I64 I64, f16 => F16 F16, bf16 => Bf16 Bf16, f32 => F32 F32, f64 => F64 F64 }

impl Buffer {
    fn bytes(&self) -> &[u8] {
        match self {
            Buffer::U8(v) => v,
            Buffer::I32(v) => bytemuck::cast_slice(v),
            Buffer::I64(v) => bytemuck::cast_slice(v),
            Buffer::F16(v) => bytemuck::cast_slice(v),
            Buffer::Bf16(v) => bytemuck::cast_slice(v),
            Buffer::F32(v) => bytemuck::cast_slice(v),
            Buffer::F64(v) => bytemuck::cast_slice(v),
        }
    }
}

impl Tensor {
    /// Takes ownership of elements in row-major order; `data.len()` is the product of `shape`.
    pub fn new<T: Element>(data: Vec<T>, shape: impl Into<Vec<usize>>) -> Tensor {
        let shape = shape.into();
        debug_assert_eq!(data.len(), shape.iter().product::<usize>());
        let data = Some(Arc::new(Held::new(T::wrap(data))));
        Tensor { dtype: T::DTYPE, shape, offset: 0, data, track: None }
    }

    /// A tensor of truth values, 0 or 1 each.
    pub fn bools(data: Vec<u8>, shape: impl Into<Vec<usize>>) -> Tensor {
        Tensor { dtype: DType::Bool, ..Tensor::new(data, shape) }
    }

    /// A tensor that has a type and no elements.
    pub fn meta(dtype: DType, shape: impl Into<Vec<usize>>) -> Tensor {
        Tensor { dtype, shape: shape.into(), offset: 0, data: None, track: None }
    }

    /// Copies row-major little-endian bytes.
    ///
    /// # Errors
    /// A number of bytes other than the type's.
    pub fn from_bytes(ty: &TensorType, bytes: &[u8]) -> Result<Tensor, Error> {
        if ty.bytes() != Some(bytes.len()) {
            return Err(Error::internal(format!("{} bytes for a tensor of type {ty}", bytes.len())));
        }
        let shape = ty.shape.clone();
        Ok(match ty.dtype {
            DType::Bool => Tensor::bools(bytes.iter().map(|b| u8::from(*b != 0)).collect(), shape),
            DType::U8 => Tensor::new(bytes.to_vec(), shape),
            DType::I32 => Tensor::new(bytemuck::pod_collect_to_vec::<u8, i32>(bytes), shape),
            DType::I64 => Tensor::new(bytemuck::pod_collect_to_vec::<u8, i64>(bytes), shape),
            DType::F16 => Tensor::new(bytemuck::pod_collect_to_vec::<u8, f16>(bytes), shape),
            DType::Bf16 => Tensor::new(bytemuck::pod_collect_to_vec::<u8, bf16>(bytes), shape),
            DType::F32 => Tensor::new(bytemuck::pod_collect_to_vec::<u8, f32>(bytes), shape),
            DType::F64 => Tensor::new(bytemuck::pod_collect_to_vec::<u8, f64>(bytes), shape),
        })
    }

    /// Element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Dtype and shape.
    pub fn ty(&self) -> TensorType {
        TensorType::new(self.dtype, self.shape.clone())
    }

    /// Number of elements.
    pub fn numel(&self) -> usize {
        self.shape.iter().product()
    }

    /// True when there are no elements, only a type.
    pub fn is_meta(&self) -> bool {
        self.data.is_none()
    }

    /// The elements as bytes, row-major, in the machine's (little-endian) order; empty for a meta tensor.
    pub fn as_bytes(&self) -> &[u8] {
        let size = self.dtype.size();
        match &self.data {
            Some(b) => &b.buffer.bytes()[self.offset * size..(self.offset + self.numel()) * size],
            None => &[],
        }
    }

    /// The elements, for a tensor of `T` (`u8` for bool too).
    ///
    /// # Panics
    /// If the tensor holds another type or is meta: callers have matched on the dtype.
    pub fn slice<T: Element>(&self) -> &[T] {
        let all = self.data.as_deref().and_then(|held| T::slice(&held.buffer));
        match all {
            Some(all) => &all[self.offset..self.offset + self.numel()],
            None => panic!("a {} tensor read as {}", self.dtype, T::DTYPE),
        }
    }

    /// The elements of an f32 tensor.
    pub fn f32s(&self) -> &[f32] {
        self.slice()
    }

    /// The same elements in another shape.
    ///
    /// # Panics
    /// If the number of elements differs.
    pub fn reshaped(mut self, shape: impl Into<Vec<usize>>) -> Tensor {
        let shape = shape.into();
        assert_eq!(self.numel(), shape.iter().product::<usize>(), "{:?} as {shape:?}", self.shape);
        self.shape = shape;
        self
    }

    /// Rows `start..start + n` of the first axis, sharing memory; not tracked.
    pub fn rows(&self, start: usize, n: usize) -> Tensor {
        debug_assert!(start + n <= self.shape[0]);
        let width: usize = self.shape[1..].iter().product();
        let mut shape = self.shape.clone();
        shape[0] = n;
        let data = self.data.clone();
        Tensor { shape, offset: self.offset + start * width, data, dtype: self.dtype, track: None }
    }

    /// True when writing would not copy.
    pub fn is_unique(&self) -> bool {
        let whole = self.data.as_deref().is_some_and(|b| b.buffer.bytes().len() == self.as_bytes().len());
        whole && self.data.as_ref().is_some_and(|d| Arc::strong_count(d) == 1)
    }

    /// The elements for writing; copies them first unless nobody else holds them. Gradients do not see what is
    /// written: whoever tracks a tensor makes a new one.
    ///
    /// # Panics
    /// If the tensor holds another type or is meta.
    pub fn make_mut<T: Element>(&mut self) -> &mut [T] {
        let n = self.numel();
        let whole =
            self.data.as_deref().and_then(|held| T::slice(&held.buffer)).is_some_and(|all| all.len() == n);
        let owned = whole && self.data.as_mut().is_some_and(|d| Arc::get_mut(d).is_some());
        if !owned {
            let copy = self.slice::<T>().to_vec();
            self.data = Some(Arc::new(Held::new(T::wrap(copy))));
            self.offset = 0;
        }
        match self.data.as_mut().and_then(Arc::get_mut).and_then(|held| T::slice_mut(&mut held.buffer)) {
            Some(v) => v,
            None => panic!("a {} tensor written as {}", self.dtype, T::DTYPE),
        }
    }

    /// A copy that owns exactly its elements and is not tracked, so that a small saved slice does not keep a large
    /// tensor alive.
    pub fn compact(&self) -> Tensor {
        let whole = self.data.as_deref().is_some_and(|b| b.buffer.bytes().len() == self.as_bytes().len());
        if whole || self.is_meta() {
            return self.detached();
        }
        match Tensor::from_bytes(&self.ty(), self.as_bytes()) {
            Ok(t) => t,
            Err(_) => self.detached(),
        }
    }

    /// Whether a gradient may be asked for of something that it was made from.
    pub fn is_tracked(&self) -> bool {
        self.track.is_some()
    }

    pub(crate) fn track(&self) -> Option<&Track> {
        self.track.as_ref()
    }

    pub(crate) fn with_track(self, track: Option<Track>) -> Tensor {
        Tensor { track, ..self }
    }

    /// The same elements, as if they had come from nowhere.
    pub fn detached(&self) -> Tensor {
        self.clone().with_track(None)
    }

    /// True when dtype, shape and every bit agree.
    pub fn same_bits(&self, other: &Tensor) -> bool {
        self.dtype == other.dtype && self.shape == other.shape && self.as_bytes() == other.as_bytes()
    }
}
