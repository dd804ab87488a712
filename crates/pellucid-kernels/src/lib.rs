//! Hot CPU kernels with one summation order per row, and their thread pool.
