//! doorward-vocab
